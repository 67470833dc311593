"""The list of methods at the end of ``train --help``, read from the registry when help is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from typer.core import TyperCommand

if TYPE_CHECKING:
    from ntk_theory.training.methods.method import Method


class WithMethods(TyperCommand):
    """A command whose help ends with the methods and their options; the cold start does not pay for it."""

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        """Write the methods, the default one first."""
        from ntk_theory.training.methods.registry import METHODS  # noqa: PLC0415  loads NumPy

        with formatter.section("Methods (the first is the default), each with what --option takes"):
            for method in METHODS.values():
                formatter.write_dl(_lines(method))
        super().format_epilog(ctx, formatter)


def _lines(method: type[Method]) -> list[tuple[str, str]]:
    from ntk_theory.training.methods.options import options_of  # noqa: PLC0415  loads NumPy

    facts = method.facts
    also = f" Also: {', '.join(facts.aliases)}." if facts.aliases else ""
    own = [
        (f"  {one.name}={'none' if one.default is None else one.default}", one.help)
        for one in options_of(method)
    ]
    return [(facts.name, facts.summary + also), *own]
