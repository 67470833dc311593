"""Studies: the question, frozen and hashed before the first network is drawn."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import InitVar, dataclass, field, fields
from fractions import Fraction
from functools import cached_property
from types import MappingProxyType
from typing import Any, ClassVar, NamedTuple, Protocol

import numpy as np

from ntk_theory.arrays import Floats
from ntk_theory.errors import InputError
from ntk_theory.model.network import Network
from ntk_theory.setting.activations import Activation
from ntk_theory.setting.features import FeatureMap
from ntk_theory.setting.initialisation import Initialisation
from ntk_theory.setting.output_bias import OutputBias
from ntk_theory.shown import Brief, Shown
from ntk_theory.studies.kinds import DEFAULT, TRAINING, load
from ntk_theory.studies.question.case import Case, ProblemLike, make_cases
from ntk_theory.symbolic.numbers import fraction

#: Changes whenever a quantity of a kind of study is added, or means something else.
QUANTITIES_VERSION = 1
DEFAULT_S = tuple(map(Fraction, ("2/5", "1/2", "5/8", "3/4", "1")))
#: Networks that one study holds at most; their keys are listed before the first is drawn.
MOST_NETWORKS = 10**7
#: Wider networks differ from the limit law by less than one part in 3000; the law speaks for them.
MOST_WIDTH = 10**7
DEFAULT_WIDTHS = tuple(2**k for k in range(6, 15))
CriterionValue = float | int | str


class Cell(NamedTuple):
    """One network: the key under which its numbers are stored."""

    case: str
    activation: str
    width: int
    seed: int


class Settings(Protocol):
    """What a kind of study fixes besides its networks; ``kind`` is the kind's name, and its key in JSON."""

    kind: ClassVar[str]

    def to_dict(self) -> dict[str, Any]:
        """The settings by name, as JSON-like data."""


@dataclass(frozen=True, eq=False, repr=False)
class Study(Shown):
    """Cases × activations × widths × seeds, every s from the same networks.

    Two studies are equal when their :attr:`digest` is.

    Attributes
    ----------
    cases:
        Problems at their points; :meth:`from_problems` makes them.
    s:
        Output exponents, exact.
    widths, seeds, depth, activations, output_bias:
        The networks: ``seeds`` independent ones per width and activation, all hidden layers as wide.
    seed:
        Root of every random number; the networks of different (width, seed) are independent, those of
        different cases and activations share their normals on purpose.
    neuron_tile, point_tile:
        Fixed here, since the order of additions, hence the last bits, depend on them.
    criterion:
        Numbers and texts by which claims will be judged; part of the hash, so they cannot be chosen
        after the samples were seen.
    version:
        Of the meaning of the stored quantities.
    settings:
        ``None``: kernels at initialisation. Else what another kind of study fixes besides; it names the
        kind, such as :class:`ntk_theory.studies.flow.settings.FlowSettings`, with which every network is
        trained for every s, and its kernel's drift is what the cells hold.
    features, initialisation:
        The networks' feature map and start, as plain data of :mod:`ntk_theory.setting.features` and
        :mod:`ntk_theory.setting.initialisation`; ``None``: those of THEORY §1.
    training:
        An older name of ``settings``; of a study of training they are found under both names.
    """

    cases: tuple[Case, ...]
    s: tuple[Fraction, ...] = DEFAULT_S
    widths: tuple[int, ...] = DEFAULT_WIDTHS
    seeds: int = 64
    depth: int = 1
    activations: tuple[str, ...] = ("tanh",)
    output_bias: str = "zero"
    seed: int = 0
    neuron_tile: int = 2048
    point_tile: int = 64
    criterion: Mapping[str, CriterionValue] = field(default_factory=dict)
    version: int = QUANTITIES_VERSION
    settings: Settings | None = None
    features: Mapping[str, Any] | None = None
    initialisation: str | Mapping[str, Any] | None = None
    training: InitVar[Settings | None] = None

    def brief(self) -> Brief:
        """The networks, and one row per problem."""
        made = ", ".join(f"{what} {how}" for what, how in self.made.items())
        widths = f"{self.widths[0]} to {self.widths[-1]}" if len(self.widths) > 1 else str(self.widths[0])
        title = (
            f"study {self.digest[:12]} of {self.seeds} networks per width {widths}, depth {self.depth}, "
            f"{', '.join(self.activations)}, {made}; s = {', '.join(map(str, self.s))}"
        )
        rows = [
            (case.label, ", ".join(f"{n} {len(at)}" for n, at in case.points.items())) for case in self.cases
        ]
        return Brief(title, ("problem", "points"), tuple(rows))

    def __post_init__(self, training: Settings | None) -> None:
        fix = object.__setattr__
        fix(self, "settings", self.settings or training)
        fix(self, "training", self.settings if self.kind == TRAINING else None)
        fix(self, "cases", tuple(self.cases))
        fix(self, "s", tuple(fraction(s) for s in _several(self.s)))
        fix(self, "widths", tuple(_whole("widths", w, 1) for w in _several(self.widths)))
        fix(self, "activations", tuple(Activation.of(a).name for a in _several(self.activations)))
        for name, least in (("seeds", 1), ("depth", 1), ("seed", 0), ("neuron_tile", 1), ("point_tile", 1)):
            fix(self, name, _whole(name, getattr(self, name), least))
        fix(self, "output_bias", OutputBias.of(self.output_bias).name)
        self._made()
        if max(self.widths, default=0) > MOST_WIDTH:
            raise InputError(
                f"widths has {max(self.widths)}; a study needs widths of at most {MOST_WIDTH}: beyond, "
                "limit_law gives the kernel's distribution at every width"
            )
        _different("cases", [case.label for case in self.cases])
        for name in ("s", "widths", "activations"):
            _different(name, list(getattr(self, name)))
        fix(self, "criterion", MappingProxyType(_plain(self.criterion)))
        networks = len(self.cases) * len(self.activations) * len(self.widths) * self.seeds
        if networks > MOST_NETWORKS:
            raise InputError(
                f"seeds is {self.seeds}, which makes {networks} networks; a study needs at most "
                f"{MOST_NETWORKS}: ask for fewer seeds, or for several studies with another seed each"
            )

    def _made(self) -> None:
        """Bring features and initialisation to one spelling; refuse them where they have no meaning."""
        gamma = None
        for case in self.cases:
            gamma = FeatureMap.of(self.features, case.problem.variables)
        start = Initialisation.of(self.initialisation)
        object.__setattr__(self, "features", None if gamma is None else gamma.to_dict())
        object.__setattr__(self, "initialisation", None if start is None else start.to_data())
        if self.settings is not None and (gamma or start) and not getattr(self.settings, "any_start", False):
            name = "features" if gamma else "initialisation"
            raise InputError(
                f"{name} is {getattr(self, name)!r}, but what a study of the kind {self.kind} tests is "
                f"derived for networks of N(0, 1) weights on plain inputs; leave {name} out"
            )
        unknowns = [name for case in self.cases for name in case.problem.unknowns]
        if self.settings is not None and unknowns:
            raise InputError(
                f"the problem has the unknown {unknowns[0]!r}, but what a study of the kind {self.kind} "
                "tests is derived for kernels without trained coefficients; make it a parameter with a value"
            )

    @classmethod
    def from_problems(
        cls,
        problems: Sequence[ProblemLike] | ProblemLike,
        *,
        points: int = 16,
        sweep: tuple[str, Sequence[Any]] | None = None,
        seed: int = 0,
        **settings: Any,
    ) -> Study:
        """A study of problems at drawn points.

        Parameters
        ----------
        problems:
            Zoo names, expressions, problem files or problems; one or several.
        points:
            Per block: the value groups share them (at least 2 each), every other group has as many.
        sweep:
            (name, values) of a named parameter: one case per problem and value, all at the same points.
        seed:
            Root seed.
        settings:
            The other attributes of a study.

        >>> study = Study.from_problems("u_t + u_x^2 + kappa*u*u_x", sweep=("kappa", ["0", 0.1]), seeds=2)
        >>> [case.parameters for case in study.cases]
        [{'kappa': '0'}, {'kappa': '1/10'}]
        """
        return cls(make_cases(problems, points=points, seed=seed, sweep=sweep), seed=seed, **settings)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Study) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    @property
    def kind(self) -> str:
        """The name of the kind of study, one of :data:`ntk_theory.studies.kinds.KINDS`."""
        return DEFAULT if self.settings is None else self.settings.kind

    @property
    def marks(self) -> dict[str, Any]:
        """How the kind marks itself in JSON: its name and settings; nothing for kernels at initialisation.

        The digests of studies of kernels are older than any other kind.
        """
        return {} if self.settings is None else {self.kind: self.settings.to_dict()}

    def case(self, label: str) -> Case:
        """The case of this label."""
        for case in self.cases:
            if case.label == label:
                return case
        raise InputError(f"the study has no case {label!r}; it has {', '.join(c.label for c in self.cases)}")

    def points(self, case: str | Case) -> Mapping[str, Floats]:
        """The points of a case, group → (n, d)."""
        return (case if isinstance(case, Case) else self.case(case)).points

    def cells(self) -> tuple[Cell, ...]:
        """The keys of all networks, in a fixed order: case, activation, width, seed."""
        return tuple(
            Cell(case.label, activation, width, seed)
            for case in self.cases
            for activation in self.activations
            for width in self.widths
            for seed in range(self.seeds)
        )

    def network(self, case: str | Case, activation: str, width: int, s: Fraction | str = "1/2") -> Network:
        """The network of a cell at one s."""
        problem = (case if isinstance(case, Case) else self.case(case)).problem
        return Network(
            problem.variables,
            problem.fields,
            width=width,
            depth=self.depth,
            s=s,
            activation=activation,
            output_bias=self.output_bias,
            features=self.features,
            initialisation=self.initialisation,
        )

    @property
    def made(self) -> dict[str, str]:
        """How its networks are made besides depth and activation, in words: ``output bias`` → ``zero``."""
        words = {"output bias": self.output_bias}
        if self.features is not None:
            words["features"] = str(FeatureMap.of(self.features, self.cases[0].problem.variables))
        if self.initialisation is not None:
            words["initialisation"] = str(Initialisation.of(self.initialisation))
        return words

    def to_dict(self) -> dict[str, Any]:
        """The whole study as JSON-like data; :meth:`from_dict` reads it."""
        table = {
            "version": self.version,
            "cases": [case.to_dict() for case in self.cases],
            "s": [str(s) for s in self.s],
            "widths": list(self.widths),
            "seeds": self.seeds,
            "depth": self.depth,
            "activations": list(self.activations),
            "output_bias": self.output_bias,
            "seed": self.seed,
            "neuron_tile": self.neuron_tile,
            "point_tile": self.point_tile,
            "criterion": dict(self.criterion),
        }
        # Only where there are any: digests of other studies stay as they are.
        given = {"features": self.features, "initialisation": self.initialisation}
        return table | {key: value for key, value in given.items() if value is not None} | self.marks

    @classmethod
    def from_dict(cls, table: Mapping[str, Any]) -> Study:
        """The study that :meth:`to_dict` wrote.

        Raises
        ------
        InputError
            It is of a kind, or has settings, that this version does not know.
        """
        own = {f.name for f in fields(cls)}
        rest = {name: value for name, value in table.items() if name in own}
        marks = {name: value for name, value in table.items() if name not in own}
        if len(marks) > 1:
            raise InputError(f"the study has the kinds {', '.join(marks)}; it needs one at most")
        for name, settings in marks.items():
            rest["settings"] = settings_of(name, settings)
        return cls(cases=tuple(map(Case.from_dict, rest.pop("cases"))), **rest)

    @property
    def json(self) -> str:
        """:meth:`to_dict` as canonical JSON: sorted keys, no spaces."""
        return canonical(self.to_dict())

    def estimate(self) -> Any:
        """What the study will take, an :class:`~ntk_theory.studies.engine.cost.Estimate`."""
        return load(self.kind).estimate(self)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of :attr:`json`."""
        return hashlib.sha256(self.json.encode()).hexdigest()

    @cached_property
    def samples_digest(self) -> str:
        """SHA-256 of the study without its criterion: what fixes the numbers."""
        table = self.to_dict()
        del table["criterion"]
        return hashlib.sha256(canonical(table).encode()).hexdigest()


def settings_of(kind: str, table: Mapping[str, Any]) -> Settings:
    """The settings of a kind of study, read from JSON-like data.

    Raises
    ------
    InputError
        This version has no such kind, or it has no such settings.
    """
    reader = load(kind).settings
    if reader is None:
        raise InputError(f"the study has settings of {kind!r}, a kind that has none")
    found: Settings = reader.from_dict(table)
    return found


def canonical(table: Any) -> str:
    """JSON with sorted keys and no spaces: one text per content."""
    return json.dumps(table, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def _several(given: Any) -> tuple[Any, ...]:
    if isinstance(given, str) or not isinstance(given, Sequence):
        return (given,)
    return tuple(given)


def _whole(name: str, value: Any, least: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise InputError(f"{name} is {value!r}; it needs a whole number of at least {least}")
    return int(value)


def _different(name: str, values: Sequence[Any]) -> None:
    if not values:
        raise InputError(f"{name} is empty; it needs at least one entry")
    repeated = next((str(v) for v in values if values.count(v) > 1), None)
    if repeated is not None:
        raise InputError(f"{name} has {repeated!r} twice; name each once")


def _plain(criterion: Mapping[str, Any]) -> dict[str, CriterionValue]:
    for key, value in criterion.items():
        fine = isinstance(value, str | int) or (isinstance(value, float) and np.isfinite(value))
        if not isinstance(key, str) or not fine:
            raise InputError(
                f"criterion has {key!r}: {value!r}; it needs texts as names, "
                "finite numbers or texts as values"
            )
    return {key: criterion[key] for key in sorted(criterion)}
