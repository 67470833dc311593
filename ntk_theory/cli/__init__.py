"""The command line: arguments → one call → print. No science lives here."""

from ntk_theory.cli.app import main

__all__ = ["main"]
