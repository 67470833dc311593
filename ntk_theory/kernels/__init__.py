"""Numba kernels and the integer tables they loop over: arrays only."""
