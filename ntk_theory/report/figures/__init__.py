"""Figures: one module per kind of picture, drawn with matplotlib."""
