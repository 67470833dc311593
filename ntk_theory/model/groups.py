"""Which of a problem's groups are meant: all, some by name, or all of a kind."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol, TypeVar

from ntk_theory.errors import InputError
from ntk_theory.model.blocks import UNIONS
from ntk_theory.symbolic.problem import GroupKind


class Named(Protocol):
    """A group of whatever stage: as declared, lowered, or as rows of a kernel."""

    @property
    def name(self) -> str:
        """Its name."""
        ...

    @property
    def kind(self) -> GroupKind:
        """What it constrains."""
        ...


AnyGroup = TypeVar("AnyGroup", bound=Named)
Points = TypeVar("Points")


def chosen(groups: Iterable[AnyGroup], names: str | Iterable[str] | None) -> tuple[AnyGroup, ...]:
    """The groups that ``names`` asks for, in their own order; all for ``None``.

    Parameters
    ----------
    groups:
        What there is.
    names:
        Names of groups, or one name. "b" stands for all value groups and "f" for all equations, where no
        group has that name itself.

    Raises
    ------
    InputError
        A name belongs to no group, or there is no name at all.
    """
    every = tuple(groups)
    if names is None:
        return every
    asked = (names,) if isinstance(names, str) else tuple(names)
    wanted: set[str] = set()
    for name in asked:
        members = {group.name for group in every if name == group.name} or _union(every, name)
        if not members:
            raise InputError(f"groups has {name!r}; the problem has {', '.join(g.name for g in every)}")
        wanted |= members
    if not wanted:
        raise InputError(f"groups is empty; name some of {', '.join(g.name for g in every)}, or leave it out")
    return tuple(group for group in every if group.name in wanted)


def spread(groups: Iterable[Named], points: Mapping[str, Points]) -> dict[str, Points]:
    """Points by the groups' own names: what is given for "b" or "f" goes to all value groups or equations."""
    if not isinstance(points, Mapping):
        raise InputError(
            f"points is a {type(points).__name__}; it needs a mapping from groups to arrays, such as "
            "draw_points(problem, 8, 0)"
        )
    every, given = tuple(groups), dict(points)
    for union in UNIONS:
        members = _union(every, union)
        if union in given and members and union not in {group.name for group in every}:
            array = given.pop(union)
            for name in members:
                given.setdefault(name, array)
    return given


def _union(groups: tuple[Named, ...], name: object) -> set[str]:
    """The names of all groups that "b" or "f" stands for."""
    return {
        group.name
        for union, kind in UNIONS.items()
        for group in groups
        if union == name and group.kind is kind
    }
