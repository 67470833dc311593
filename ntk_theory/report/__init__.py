"""Figures and tables made from results; drawing only, no science."""
