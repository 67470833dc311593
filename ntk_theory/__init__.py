"""ntk_theory."""
