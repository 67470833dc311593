"""Studies of kernels at initialisation."""
