"""Studies of kernels along gradient flow."""
