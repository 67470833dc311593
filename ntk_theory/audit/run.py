"""``audit``: a model's own kernel, what follows from it, and the mistake in somebody else's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ntk_theory.arrays import Floats, Ints
from ntk_theory.audit.bench import Bench
from ntk_theory.audit.compare import SINGLE, Explanation, Mistake, Search, relative, traces, weights
from ntk_theory.audit.stale import stale
from ntk_theory.empirical.ntk import ntk
from ntk_theory.empirical.spectra import spectra
from ntk_theory.errors import InputError, NTKTheoryError
from ntk_theory.exchange.model import Model
from ntk_theory.exchange.read import as_model
from ntk_theory.limit.law import limit_law
from ntk_theory.model.blocks import UNIONS, Kernel
from ntk_theory.model.handed import number_of
from ntk_theory.model.network import Network
from ntk_theory.model.points import check_points, draw_points
from ntk_theory.shown import Brief, Shown
from ntk_theory.studies.network_rules import classification_of
from ntk_theory.symbolic.problem import Problem
from ntk_theory.symbolic.reading import problem as as_problem

#: Points per group where none are given, and draws of the law.
POINTS, DRAWS = 12, 64


@dataclass(frozen=True)
class Comparison:
    """Their kernel beside ours: ``difference`` relative, where it is largest, and what explains it."""

    agrees: bool
    difference: float
    where: str
    explanations: tuple[Explanation, ...]

    @property
    def sentence(self) -> str:
        """The answer in a line."""
        if self.agrees:
            return f"the kernels agree (relative difference {self.difference:.1e})"
        place = f"relative difference {self.difference:.2g}, largest in {self.where}"
        if not self.explanations:
            return f"different, unexplained: {place}"
        told = " and ".join(f"{f.code} ({f.where}): {f.words}" for f in self.explanations[0].findings)
        return f"different, {place}: {told}"


@dataclass(frozen=True, eq=False, repr=False)
class Audit(Shown):
    """The answer of :func:`audit`: the kernel by the model's own parameters, and what follows.

    Attributes
    ----------
    kernel:
        In the model's own parameterisation.
    model, problem, points:
        What was read, the problem of its network's outputs, the points.
    comparison:
        With their kernel; None without.
    """

    kernel: Kernel
    model: Model
    problem: Problem
    points: Mapping[str, Floats]
    comparison: Comparison | None

    def brief(self) -> Brief:
        """One row per group: trace, largest eigenvalue, stable rate and weight; what another kernel is."""
        weights = self.weights or {}
        rows = [
            (
                name,
                str(part.size),
                f"{part.trace:.4g}",
                f"{part.largest:.4g}",
                f"{self.rates[name]:.2g}" if name in self.rates else "any",
                f"{weights[name]:.3g}" if name in weights else "–",
            )
            for part in spectra(self.kernel)
            for name in [str(part.group or "all")]
        ]
        found = self.comparison
        notes = [found.sentence] if found else []
        notes += (
            [self.law[1]] if "law" in self.__dict__ else []
        )  # it takes seconds, so nobody waits for it here
        net = self.model.network
        title = (
            f"audit of {'-'.join(map(str, net.widths))} {net.activation} on {', '.join(self.kernel.names)}"
        )
        head = ("group", "rows", "trace", "λ max", "largest rate", "weight λ")
        return Brief(title, head, tuple(rows), (*notes, *self.model.notes))

    def to_pandas(self) -> Any:
        """The kernel, rows and columns labelled by (group, number of its point)."""
        return self.kernel.to_pandas()

    @cached_property
    def rates(self) -> dict[str, float]:
        """2/λ_max per group and of the whole, "all": gradient descent on ½ΣR² is stable below."""
        return {str(s.group or "all"): 2 / s.largest for s in spectra(self.kernel) if s.largest > 0}

    @cached_property
    def weights(self) -> dict[str, float] | None:
        """Tr K / tr K_gg per group; None where a trace is 0."""
        try:
            return self.kernel.trace_ratio_weights()
        except InputError:
            return None

    @cached_property
    def law(self) -> tuple[float | None, str]:
        """‖K − E K‖/‖E K‖ against the infinite-width law, in words too; None with the reason."""
        return _law(self.problem, self.model, self.points)

    @cached_property
    def classification(self) -> dict[str, str]:
        """Limit class by block at s = 1/2, for networks made like the model's."""
        answer = classification_of(self.problem, self.model.network)
        return {block: str(answer.regime(block, "1/2").limit) for block in answer.sharp}

    @property
    def findings(self) -> tuple[Mistake, ...]:
        """The mistakes of the simplest explanation."""
        explained = self.comparison.explanations if self.comparison else ()
        return explained[0].findings if explained else ()

    def to_dict(self) -> dict[str, Any]:
        """JSON-like data."""
        compared = self.comparison
        return {
            "groups": {
                str(s.group or "all"): {"size": s.size, "trace": s.trace, "largest_eigenvalue": s.largest}
                for s in spectra(self.kernel)
            },
            "largest_learning_rates": dict(self.rates),
            "trace_ratio_weights": None if self.weights is None else dict(self.weights),
            "law_distance": self.law[0],
            "law": self.law[1],
            "classification": dict(self.classification),
            "comparison": None if compared is None else asdict(compared) | {"sentence": compared.sentence},
            "notes": list(self.model.notes),
        }


def audit(
    model: Any,
    problem: Any,
    points: Mapping[str, ArrayLike] | int | None = None,
    their_kernel: Any = None,
    *,
    rtol: float = 1e-8,
    seed: int = 0,
    earlier: Mapping[str, ArrayLike] | None = None,
) -> Audit:
    """A model's kernel by its own parameters, what follows from it, and the mistake in another kernel of it.

    Parameters
    ----------
    model:
        What :func:`ntk_theory.from_torch` or :func:`ntk_theory.from_weights` reads, a Keras model, a
        :class:`Model`, or ``(network, parameters)``.
    problem:
        In the model's outputs: a Problem, or what :func:`ntk_theory.problem` takes.
    points:
        Points by group, or how many to draw (default 12 each).
    their_kernel:
        Square, rows in the order of ``kernel.names``; a mapping from blocks ("f,f") to arrays; one from
        groups to traces; ``{"weights": ...}``, loss weights by group, tr K / tr K_gg; or a
        callable (model, points) that returns such, called with a model of the kind that was handed in, at the
        given numbers and points, at other points, and at fresh random numbers.
    rtol:
        Relative difference up to which kernels agree.
    seed:
        Of points and fresh numbers.
    earlier:
        Points by group that their code may have used in place of ``points``, such as those of its last call:
        an array does not say where it was computed. Besides these the draws of the first seeds are tried, and
        the points of other groups.

    Raises
    ------
    InputError
        The model is not read, or their kernel does not have the shape of ours.
    """
    asked = as_problem(problem)
    read = as_model(model, variables=asked.variables, fields=asked.fields)
    under = read.under(asked).bind()
    given = check_points(under, _kept(under, points)) if isinstance(points, Mapping) else None
    chosen = given or draw_points(under, number_of(under, points, POINTS), seed)
    kernel = ntk(under, read.network, read.parameters, chosen)
    before = None if earlier is None else check_points(under, {**chosen, **_kept(under, earlier)})
    compared = (
        None if their_kernel is None else _compared(read, under, chosen, their_kernel, rtol, seed, before)
    )
    return Audit(kernel, read, under, chosen, compared)


def _kept(problem: Problem, points: Mapping[str, ArrayLike]) -> dict[str, ArrayLike]:
    """Points without those of groups that hold by construction."""
    return {name: array for name, array in points.items() if name not in problem.met_by_construction}


def _law(problem: Problem, model: Model, points: Mapping[str, Floats]) -> tuple[float | None, str]:
    """The distance from the law of weights of these variances, all in the parameterisation of THEORY §1."""
    theta = model.parameters
    sizes = [float(np.sqrt(np.mean(block**2))) for block in theta.blocks()]
    depth, own = len(model.network.widths), model.network
    start = {
        "sigma_w": sizes[0 : 2 * depth : 2],
        "sigma_b": sizes[1 : 2 * depth : 2],
        "sigma_a": sizes[2 * depth],
    }
    try:
        alike = Network(
            own.variables, own.fields, own.widths, s=own.exponent, activation=own.activation,
            output_bias=own.output_bias, input_map=own.input_map, features=own.features, initialisation=start,
        )  # fmt: skip
        bare = type(theta)(theta.hidden, theta.readout, theta.output_bias, None, theta.s)
        K = ntk(problem, alike, bare, points).matrix
        law = limit_law(problem, alike, points, rtol=1e-5).at(own.widths[-1], own.exponent)
        mean = law.sample(DRAWS, 0).matrix.mean(axis=0)
    except NTKTheoryError as error:
        return None, f"no law: {error}"
    distance = relative(K, mean)
    return distance, (
        f"the kernel is {distance:.2g} (relative) from the mean of {DRAWS} draws of its infinite-width law "
        f"at N = {own.widths[-1]}, for weights of the measured variances"
    )


def _compared(
    model: Model,
    problem: Problem,
    points: Mapping[str, Floats],
    theirs: Any,
    rtol: float,
    seed: int,
    earlier: Mapping[str, Floats] | None,
) -> Comparison:
    if not callable(theirs):
        return _one(
            Bench(problem, model.network, model.parameters, dict(points)), theirs, rtol, earlier, True
        )
    fresh = model.drawn(seed)
    other = {name: 0.9 * array + 0.07 for name, array in points.items()}
    cases = ((model, points), (model, other), (fresh, other))
    # Copies: nothing that their code writes into may change what it is compared with.
    answers = [theirs(m.made(), {k: v.copy() for k, v in p.items()}) for m, p in cases]
    benches = [Bench(problem, m.network, m.parameters, dict(p)) for m, p in cases]
    for number, code, words in (
        (1, "stale-points", "the points of the first call in place of those given"),
        (2, "other-parameters", "the parameters of the first call in place of those given"),
    ):
        if _same(answers[number], answers[number - 1], rtol):
            first = _one(benches[0], answers[0], rtol)
            finding = Mistake(code, "all", words)
            more = first.explanations[0].findings if first.explanations else ()
            real = _one(benches[number], answers[number], rtol)
            told = Explanation((finding, *more), real.difference, tuple(benches[0].spans))
            return Comparison(False, max(first.difference, real.difference), real.where, (told,))
    # At random numbers, where nothing is hidden by a zero; a search takes long, so only one is made.
    last = _one(benches[2], answers[2], rtol)
    return last if last.explanations or (first := _one(benches[0], answers[0], rtol)).agrees else first


def _same(a: Any, b: Any, rtol: float) -> bool:
    if isinstance(a, Mapping) and set(a) == {"weights"}:
        return _same(a["weights"], b["weights"], rtol)
    if isinstance(a, Mapping):
        return all(relative(np.asarray(a[k]), np.asarray(b[k])) <= rtol for k in a)
    return relative(np.asarray(a), np.asarray(b)) <= rtol


def _one(
    bench: Bench,
    theirs: Any,
    rtol: float,
    earlier: Mapping[str, Floats] | None = None,
    stands_still: bool = False,
) -> Comparison:
    """One kernel or a set of traces at one set of numbers and points; other points for what stands still."""
    kernel = ntk(bench.problem, bench.network, bench.parameters, bench.points)
    if isinstance(theirs, Mapping) and set(theirs) == {"weights"}:
        return _weights(bench, kernel, theirs["weights"], rtol)
    if isinstance(theirs, Mapping) and all(np.ndim(v) == 0 for v in theirs.values()):
        return _traces(bench, kernel, theirs, rtol)
    matrix, is_single = _matrix(kernel, theirs)
    difference = relative(matrix, kernel.matrix)
    if difference <= rtol:
        return Comparison(True, difference, "", ())
    where = _place(kernel, matrix)
    if is_single and difference <= SINGLE:
        told = Explanation(
            (Mistake("float32", "all", "computed in single precision"),), difference, kernel.names
        )
        return Comparison(False, difference, where, (told,))
    tolerance = SINGLE if is_single else max(rtol, 1e-9)
    found = Search(bench, matrix, tolerance).explanations()
    if stands_still and not any(len(e.covers) == len(kernel.names) for e in found):
        found = stale(bench, matrix, tolerance, earlier) or found
    return Comparison(False, difference, where, found)


def _matrix(kernel: Kernel, theirs: Any) -> tuple[Floats, bool]:
    """Their kernel as one matrix, and whether its numbers are of single precision."""
    n = len(kernel.matrix)
    if isinstance(theirs, Kernel):
        theirs = theirs.matrix
    if isinstance(theirs, Mapping):
        matrix = np.array(kernel.matrix)
        singles = []
        for key, block in theirs.items():
            if key in kernel.names or key in UNIONS:
                g = h = key
            else:
                g, h = kernel.pair(key)
            rows, columns, array = (*_at(kernel, g, h), np.asarray(block))
            if array.shape != (len(rows), len(columns)):
                raise InputError(
                    f"their_kernel[{key!r}] has shape {array.shape}; it needs {(len(rows), len(columns))}"
                )
            matrix[np.ix_(rows, columns)] = array
            if f"{h},{g}" not in theirs and g != h:
                matrix[np.ix_(columns, rows)] = array.T
            singles.append(_is_single(array))
        return matrix, all(singles)
    array = np.asarray(theirs)
    if array.shape != (n, n) or array.dtype.kind not in "fiu":
        raise InputError(
            f"their_kernel has shape {array.shape}; it needs {(n, n)}, groups in the order "
            f"{', '.join(kernel.names)}"
        )
    return array.astype(np.float64), _is_single(array)


def _at(kernel: Kernel, g: str, h: str) -> tuple[Ints, Ints]:
    return kernel.rows(g).astype(np.int64), kernel.rows(h).astype(np.int64)


def _is_single(array: Any) -> bool:
    given = np.asarray(array, dtype=np.float64)
    with np.errstate(over="ignore"):
        return bool(np.array_equal(given, given.astype(np.float32).astype(np.float64)))


def _place(kernel: Kernel, matrix: Floats) -> str:
    """The block with the largest difference in its own units, and its points."""
    worst, place = -1.0, ""
    for i, g in enumerate(kernel.names):
        for h in kernel.names[i:]:
            at = np.ix_(*_at(kernel, g, h))
            delta = np.abs(matrix[at] - kernel.matrix[at])
            size = float(np.linalg.norm(delta)) / max(float(np.linalg.norm(kernel.matrix[at])), 1e-300)
            if size > worst:
                j, k = np.unravel_index(int(delta.argmax()), delta.shape)
                worst, place = size, f"block {g},{h} (points {j} and {k}, {size:.2g} of its norm)"
    return place


def _weights(bench: Bench, kernel: Kernel, theirs: Any, rtol: float) -> Comparison:
    if not isinstance(theirs, Mapping) or set(theirs) != set(kernel.names):
        raise InputError(f"their_kernel['weights'] needs one number for each of {', '.join(kernel.names)}")
    mine = kernel.trace_ratio_weights()
    off = {g: abs(float(v) - mine[g]) / mine[g] for g, v in theirs.items()}
    worst = max(off, key=lambda name: off[name])
    if off[worst] <= rtol:
        return Comparison(True, off[worst], "", ())
    told = weights(bench, theirs, max(rtol, 1e-9))
    return Comparison(False, off[worst], f"the weight of {worst}", tuple(told))


def _traces(bench: Bench, kernel: Kernel, theirs: Mapping[str, Any], rtol: float) -> Comparison:
    unknown = [name for name in theirs if name not in kernel.names]
    if unknown:
        raise InputError(f"their_kernel has {unknown[0]!r}; the groups are {', '.join(kernel.names)}")
    off = {g: abs(float(v) - kernel.trace(g)) / max(kernel.trace(g), 1e-300) for g, v in theirs.items()}
    worst = max(off, key=lambda name: off[name])
    if off[worst] <= rtol:
        return Comparison(True, off[worst], "", ())
    wrong = {g: float(v) for g, v in theirs.items() if off[g] > rtol}
    told = [e for e in traces(bench, wrong, max(rtol, 1e-9)) if e.findings]
    return Comparison(False, off[worst], f"the trace of {worst}", tuple(told))
