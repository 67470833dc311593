"""The methods there are, by name: the one table that the command line, ``train`` and the tests read.

A new method is a file beside this one and a line in :data:`METHODS`.
"""

from __future__ import annotations

from collections.abc import Mapping

from ntk_theory.errors import InputError
from ntk_theory.training.methods.adam import Adam
from ntk_theory.training.methods.flow import Flow
from ntk_theory.training.methods.gauss_newton import GaussNewton
from ntk_theory.training.methods.gradient_descent import GradientDescent
from ntk_theory.training.methods.method import Method
from ntk_theory.training.methods.options import options_of, with_options


def table(*methods: type[Method]) -> dict[str, type[Method]]:
    """Name → method; what a method lacks is said when the package is loaded.

    Raises
    ------
    TypeError
        A method without facts, with a part left abstract, an option without help, or a name that is taken.
    """
    found: dict[str, type[Method]] = {}
    taken: dict[str, str] = {}
    for method in methods:
        if not hasattr(method, "facts"):
            raise TypeError(f"the method {method.__name__} has no facts; give it facts = Facts(name=…, …)")
        if left := sorted(getattr(method, "__abstractmethods__", ())):
            raise TypeError(f"the method {method.__name__} lacks {', '.join(left)}")
        names = {one.name for one in options_of(method)}
        facts = method.facts
        if facts.end_option is not None and facts.end_option not in names:
            raise TypeError(f"the method {facts.name} has no option {facts.end_option!r}, its end_option")
        for name in (facts.name, *facts.aliases):
            if name in taken:
                raise TypeError(f"the name {name!r} of {method.__name__} is taken by {taken[name]}")
            taken[name] = method.__name__
        found[facts.name] = method
    return found


#: Name → method, in the order in which they are listed. The first is taken where none is named.
METHODS = table(GaussNewton, Adam, GradientDescent, Flow)
DEFAULT = next(iter(METHODS))


def method_class(name: str, argument: str = "method") -> type[Method]:
    """The method of a name or alias; ``argument`` is what an error calls it.

    >>> method_class("gradient_descent").__name__, method_class("GD").__name__
    ('GradientDescent', 'GradientDescent')
    """
    plain = name.strip().lower().replace("_", "-")
    for method in METHODS.values():
        if plain in (method.facts.name, *method.facts.aliases):
            return method
    raise InputError(f"{argument} is {name[:40]!r}; it needs one of {', '.join(METHODS)}")


def make(name: str, options: Mapping[str, object] | None = None) -> Method:
    """The method of a name with options, given as values or as text.

    >>> make("adam", {"rate": "1e-3"})
    Adam(rate=0.001, beta1=0.9, beta2=0.999, small=1e-08, decay=None)
    """
    return with_options(method_class(name), options or {})
