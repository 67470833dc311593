"""The output bias c of THEORY §1: how it starts, and whether it is trained.

Everything that theory, limit law, networks, texts and the command line must know of an output bias
stands in one line of :data:`OUTPUT_BIASES`; they ask the value, never its name.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from ntk_theory.errors import InputError


@dataclass(frozen=True)
class OutputBias:
    """How every output bias c^i starts, and whether it learns.

    Attributes
    ----------
    name:
        What users write, and what every document and store records.
    start:
        The constant at which every c^i starts; ``None``: independent N(0, 1).
    is_trained:
        Is c a parameter? Then the kernel has the part Σ_i F^g_{i0} F^h_{i0}. A c that is not trained
        must be 0: any other constant belongs into the operator, F(u + c).
    """

    name: str
    start: Fraction | None = Fraction(0)
    is_trained: bool = True

    def __post_init__(self) -> None:
        if not self.is_trained and self.start != 0:
            raise InputError(
                f"output bias {self.name!r} starts at {self.start or 'random'} and is not trained; one that "
                "is not trained must start at 0 (write a fixed c into the operator instead, u + c for u)"
            )

    @property
    def is_random(self) -> bool:
        """Does c differ from network to network?"""
        return self.start is None

    @property
    def description(self) -> str:
        """How it starts and whether it is trained, in a few words."""
        if not self.is_trained:
            return "no output bias"
        return f"starts {'N(0,1)' if self.start is None else f'at {self.start}'}, trained"

    @staticmethod
    def of(name: str | OutputBias) -> OutputBias:
        """The output bias called ``name``.

        Raises
        ------
        InputError
            ``name`` is not in :data:`OUTPUT_BIASES`.

        >>> OutputBias.of("normal").is_random, OutputBias.of("none").is_trained
        (True, False)
        """
        if isinstance(name, OutputBias):
            name = name.name
        if not isinstance(name, str) or name not in OUTPUT_BIASES:
            raise InputError(f"output_bias is {name!r}; it needs one of {', '.join(OUTPUT_BIASES)}")
        return OUTPUT_BIASES[name]


def table(*biases: OutputBias) -> dict[str, OutputBias]:
    """Name → output bias; two that cannot be told apart are refused when the package is loaded.

    Raises
    ------
    TypeError
        A name that is taken, or another name for what there is: a start that was forgotten looks so.
    """
    found: dict[str, OutputBias] = {}
    for bias in biases:
        if bias.name in found:
            raise TypeError(f"the name {bias.name!r} of an output bias is taken")
        for other in found.values():
            if (bias.start, bias.is_trained) == (other.start, other.is_trained):
                raise TypeError(
                    f"the output bias {bias.name!r} {bias.description}, as {other.name!r} does; "
                    "give it a start of its own"
                )
        found[bias.name] = bias
    return found


#: No output bias at all: c = 0, and it stays.
ABSENT = OutputBias("none", is_trained=False)
#: Name → output bias. A new one is one line here.
OUTPUT_BIASES = table(
    OutputBias("zero"),
    OutputBias("normal", start=None),
    ABSENT,
)
