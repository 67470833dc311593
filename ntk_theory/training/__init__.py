"""Training on the residuals: losses, gradient flow, drift of the kernel."""
