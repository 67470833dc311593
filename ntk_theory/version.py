"""The version of the installed distribution; a module of its own, because looking it up takes time."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("ntk_theory")
except PackageNotFoundError:  # a source tree that was never installed
    __version__ = "0+unknown"
