"""Search: random operators on which the theory might be wrong."""
