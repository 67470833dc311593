"""Finite networks: jets, the jet NTK and kernel blocks, and the slow reference."""
