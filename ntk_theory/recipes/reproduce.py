"""``reproduce``: known figures, made again."""

from __future__ import annotations

from collections.abc import Callable

from ntk_theory.errors import InputError
from ntk_theory.recipes.bonfanti import bonfanti
from ntk_theory.recipes.reproduction import Reproduction
from ntk_theory.recipes.wang import wang

#: Name → recipe.
RECIPES: dict[str, Callable[[], Reproduction]] = {"wang": wang, "bonfanti": bonfanti}


def reproduce(name: str) -> Reproduction:
    """Figures that others have published, made again with this package, in seconds.

    Parameters
    ----------
    name:
        ``wang`` (Poisson: kernel against width, spectrum, constancy in training; arXiv:2007.14527) or
        ``bonfanti`` (heat and Burgers: a kernel that stays random and moves; arXiv:2402.03864).

    Returns
    -------
    Reproduction
        Charts, drawn by :func:`ntk_theory.plot`, and what they say in numbers.

    Raises
    ------
    InputError
        There is no such recipe.
    """
    if name not in RECIPES:
        raise InputError(f"name is {name!r}; it needs one of {', '.join(RECIPES)}")
    return RECIPES[name]()
