"""The methods there are, by name: the one table that the command line, ``train`` and the tests read.

A new method is a file beside this one and a line in :data:`METHODS`.
"""

from __future__ import annotations

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
    for one in methods:
        if not hasattr(one, "facts"):
            raise TypeError(f"the method {one.__name__} has no facts; give it facts = Facts(name=…, …)")
        if left := sorted(getattr(one, "__abstractmethods__", ())):
            raise TypeError(f"the method {one.__name__} lacks {', '.join(left)}")
        options = {made.name for made in options_of(one)}
        facts = one.facts
        if facts.end_option is not None and facts.end_option not in options:
            raise TypeError(f"the method {facts.name} has no option {facts.end_option!r}, its end_option")
        for name in (facts.name, *facts.aliases):
            if name in taken:
                raise TypeError(f"the name {name!r} of {one.__name__} is taken by {taken[name]}")
            taken[name] = one.__name__
        found[facts.name] = one
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
    for one in METHODS.values():
        if plain in (one.facts.name, *one.facts.aliases):
            return one
    raise InputError(f"{argument} is {name[:40]!r}; it needs one of {', '.join(METHODS)}")


def method(name: str, /, **options: object) -> Method:
    """The method of a name or alias with options, given as values or as text.

    Raises
    ------
    InputError
        No method of this name, an option that it does not have, or a value that the option does not take.

    >>> method("adam", rate="1e-3")
    Adam(rate=0.001, beta1=0.9, beta2=0.999, small=1e-08, decay=None)
    """
    return with_options(method_class(name), options)
