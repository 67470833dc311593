"""Which mistakes make their kernel out of ours? An exact search over the table, group by group.

A diagonal block M^{gg} is matched with c·(J D)(J D)ᵀ, J the rows of a candidate, D a change of the columns, c
a free factor. What fits every group with one D, and all other blocks with the same rows, explains M; where no
D does, every group is explained by itself.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import permutations, product

import numpy as np

from ntk_theory.arrays import Floats, Ints
from ntk_theory.audit.bench import Bench
from ntk_theory.audit.mistakes import COLUMNS, candidates, term_rows

#: Relative size of rounding in single precision, with what the sums make of it.
SINGLE = 3e-4
#: Groups whose order in their matrix is tried.
MOST_GROUPS = 5
#: Explanations that are told.
MOST_TOLD = 6


@dataclass(frozen=True)
class Mistake:
    """One mistake: its ``code``, where (a group, a block or the kernel), in words."""

    code: str
    where: str
    words: str


@dataclass(frozen=True)
class Explanation:
    """Mistakes that together make their kernel: ``difference`` is what is left, relative.

    ``covers`` are the groups that it explains.
    """

    findings: tuple[Mistake, ...]
    difference: float
    covers: tuple[str, ...]


Change = tuple[str, str, Callable[[Floats], Floats]]


def relative(found: Floats, wanted: Floats) -> float:
    """‖found − wanted‖/‖wanted‖."""
    size = float(np.linalg.norm(wanted))
    return float(np.linalg.norm(found - wanted)) / size if size > 0 else float(np.linalg.norm(found) > 0)


class Search:
    """Explanations of a matrix, the rows in the order of the problem's groups."""

    def __init__(self, bench: Bench, theirs: Floats, tolerance: float) -> None:
        self.bench, self.theirs, self.tolerance = bench, theirs, tolerance
        self.rows = {g.name: list(candidates(bench, g)) for g in bench.problem.groups}
        self.terms = {g.name: term_rows(bench, g) for g in bench.problem.groups}
        self.changes: list[Change] = [("", "", lambda J: J)]
        self.changes += [(m.code, words, f) for m in COLUMNS for words, f in m.make(bench)]

    def explanations(self) -> tuple[Explanation, ...]:
        """The simplest first; none where nothing fits."""
        found = list(self._whole())
        if not found:
            found = [e for words, matrix in self._arranged() for e in self._of(matrix, words)]
        if not found:
            found = list(self._by_group())
        found.sort(
            key=lambda e: (-len(e.covers), len(e.findings), sum(f.code == "factor" for f in e.findings))
        )
        kept = {tuple(e.findings): e for e in reversed(found)}
        return tuple(sorted(kept.values(), key=found.index))[:MOST_TOLD]

    def _whole(self) -> Iterator[Explanation]:
        yield from self._of(self.theirs, ())

    def _of(self, theirs: Floats, before: tuple[Mistake, ...]) -> Iterator[Explanation]:
        """All groups with one change of the columns."""
        names = list(self.bench.spans)
        for code, words, change in self.changes:
            fits = [self._fits(name, change, theirs) for name in names]
            if not all(fits):
                continue
            column = (Mistake(code, "all", words),) if code else ()
            for choice in product(*(own[:3] for own in fits)):
                rows = tuple(Mistake(c, name, w) for name, (c, w, _) in zip(names, choice, strict=True) if c)
                J = np.concatenate([change(j) for _, _, j in choice])
                told = before + column + rows
                made = self._with_factors(J @ J.T, theirs)
                if made is not None:
                    yield Explanation(told + made[0], made[1], tuple(names))
                    break

    def _fits(
        self, name: str, change: Callable[[Floats], Floats], theirs: Floats
    ) -> list[tuple[str, str, Floats]]:
        span, out = self.bench.spans[name], []
        block = theirs[span, span]
        for code, words, J in self.rows[name]:
            K = (changed := change(J)) @ changed.T
            c = _factor(block, K)
            if c and relative(c * K, block) <= self.tolerance:
                out.append((abs(abs(c) - 1) > self.tolerance, code, words, J))
        if not out:
            # Of terms that would do, the one that needs no factor besides is the simplest.
            known = sorted(self._coefficient(name, change, block), key=lambda entry: abs(math.log(entry[0])))
            out = [(True, *entry[1:]) for entry in known]
        return [entry[1:] for entry in sorted(out, key=lambda e: (e[0] + bool(e[1]), bool(e[1])))]

    def _coefficient(
        self, name: str, change: Callable[[Floats], Floats], block: Floats
    ) -> Iterator[tuple[float, str, str, Floats]]:
        """One term with a coefficient that the block itself tells: M = α(A + cB + c²C), solved for α, c.

        (α, code, words, rows) of every term that does.
        """
        whole = self.rows[name][0][2]
        for words, term in self.terms[name]:
            rest, own = change(whole - term), change(term)
            mixed = rest @ own.T
            parts = [rest @ rest.T, mixed + mixed.T, own @ own.T]
            table = np.stack([part.ravel() for part in parts], axis=1)
            (alpha, beta, gamma), *_ = np.linalg.lstsq(table, block.ravel(), rcond=None)
            if alpha <= 0 or abs(alpha * gamma - beta**2) > 1e3 * self.tolerance * abs(alpha * gamma):
                continue
            c = beta / alpha
            made = (J := rest + c * own) @ J.T
            if relative(_factor(block, made) * made, block) <= self.tolerance:
                yield (
                    float(alpha),
                    "operator",
                    f"the term {words} taken {c:.6g} times",
                    whole + (c - 1) * term,
                )

    def _with_factors(self, K: Floats, theirs: Floats) -> tuple[tuple[Mistake, ...], float] | None:
        """The factor of every block that makes K theirs, in words where it is not 1."""
        if relative(K, theirs) <= self.tolerance:
            return (), relative(K, theirs)
        made, factors = np.array(K), {}
        for (g, a), (h, b) in product(self.bench.spans.items(), repeat=2):
            c = _factor(theirs[a, b], K[a, b])
            made[a, b] *= c
            factors[f"{g},{h}"] = c
        if relative(made, theirs) > self.tolerance:
            return None
        same = set(np.round(list(factors.values()), 6))
        if len(same) == 1:
            factors = {"all": next(iter(factors.values()))}
        findings = [
            Mistake("factor", where, f"the factor {self.named(c, where)}")
            for where, c in factors.items()
            if abs(c - 1) > max(self.tolerance, 1e-7) and where.split(",")[0] <= where.split(",")[-1]
        ]
        return tuple(findings), relative(made, theirs)

    def named(self, c: float, where: str) -> str:
        """A factor in words: 1/n, 1/N, 2, …"""
        sizes = {g: s.stop - s.start for g, s in self.bench.spans.items()}
        n, N, P = len(self.theirs), self.bench.network.widths[-1], self.bench.parameters.size
        known = {"1/N (width)": 1 / N, "N (width)": N, "1/n (all points)": 1 / n, "1/P (parameters)": 1 / P}
        known |= {"1/√N": N**-0.5, "1/n²": n**-2.0}
        if where != "all":
            g, h = where.split(",")
            geometric = math.sqrt(sizes[g] * sizes[h])
            own = {"1/n (points of the group)": 1 / geometric, "1/n² (points)": geometric**-2.0}
            own |= {f"1/√n (points of {name})": sizes[name] ** -0.5 for name in (g, h)} if g != h else {}
            known = own | known
        elif len(set(sizes.values())) == 1:
            known["1/n (points of the group)"] = 1 / next(iter(sizes.values()))
        for words, value in known.items():
            if abs(c - value) <= max(self.tolerance, 1e-6) * abs(value):
                return words
        return f"{c:.6g}"

    def _arranged(self) -> Iterator[tuple[tuple[Mistake, ...], Floats]]:
        """Their matrix with blocks transposed back, points or groups put in order."""
        spans, M = self.bench.spans, self.theirs
        names = list(spans)
        for g, h in ((g, h) for i, g in enumerate(names) for h in names[i + 1 :]):
            a, b = spans[g], spans[h]
            if a.stop - a.start == b.stop - b.start:
                turned = np.array(M)
                turned[a, b], turned[b, a] = M[a, b].T, M[b, a].T
                yield (Mistake("transposed", f"{g},{h}", f"the block {g},{h} is transposed"),), turned
        order = np.concatenate([self._order(name) for name in names])
        if (order != np.arange(len(order))).any():
            moved = [n for n in names if (order[spans[n]] != np.arange(len(order))[spans[n]]).any()]
            words = f"the points of {', '.join(moved)} are in another order"
            yield (Mistake("permuted", ", ".join(moved), words),), M[np.ix_(order, order)]
            for turned, words in ((M[order], "rows"), (M[:, order], "columns")):
                yield (Mistake("permuted", ", ".join(moved), f"the points of the {words} alone"),), turned
        for sequence in permutations(names) if len(names) <= MOST_GROUPS else ():
            if list(sequence) == names:
                continue
            at, start = {}, 0
            for name in sequence:
                size = spans[name].stop - spans[name].start
                at[name], start = np.arange(start, start + size), start + size
            whole = np.concatenate([at[name] for name in names])
            words = f"the groups are in the order {', '.join(sequence)}"
            yield (Mistake("permuted", "groups", words),), M[np.ix_(whole, whole)]

    def _order(self, name: str) -> Ints:
        """Which of their rows belongs to each point of ours, by the diagonal (free of any factor)."""
        span = self.bench.spans[name]
        J = self.rows[name][0][2]
        mine, theirs = np.sum(J**2, axis=1), np.diagonal(self.theirs)[span]
        order = np.empty(len(mine), dtype=np.int64)
        order[np.argsort(mine, kind="stable")] = np.argsort(theirs, kind="stable")
        return np.asarray(order + span.start)

    def _by_group(self) -> Iterator[Explanation]:
        """Every diagonal block by itself."""
        for name, span in self.bench.spans.items():
            for code, words, change in self.changes:
                fits = self._fits(name, change, self.theirs)
                if fits and span.stop - span.start > 1:
                    c, w, J = fits[0]
                    K = (changed := change(J)) @ changed.T
                    factor = _factor(self.theirs[span, span], K)
                    told = [(code, words)] * bool(code) + [(c, w)] * bool(c)
                    if abs(factor - 1) > max(self.tolerance, 1e-7):
                        told.append(("factor", f"the factor {self.named(factor, f'{name},{name}')}"))
                    if told:
                        left = relative(factor * K, self.theirs[span, span])
                        yield Explanation(tuple(Mistake(x, name, y) for x, y in told), left, (name,))
                    break


def _factor(theirs: Floats, mine: Floats) -> float:
    size = float(np.sum(mine * mine))
    return float(np.sum(theirs * mine)) / size if size > 0 else 0.0


def traces(bench: Bench, theirs: Mapping[str, float], tolerance: float) -> list[Explanation]:
    """Explanations of one number per group: the trace, or what was taken for it."""
    search = Search(bench, np.zeros((0, 0)), tolerance)
    found = []
    for name, value in theirs.items():
        told = list(_of_trace(search, name, float(value)))
        if not told or told[0]:
            found += [Explanation(tuple(told[0]) if told else (), tolerance, (name,) if told else ())]
    return found


def _of_trace(search: Search, name: str, value: float) -> Iterator[list[Mistake]]:
    for code, words, change in search.changes:
        for c, w, J in search.rows[name]:
            D = change(J)
            told = [Mistake(x, name, y) for x, y in ((code, words), (c, w)) if x]
            for kind, how, number in _numbers(D):
                if abs(number - value) <= search.tolerance * abs(number):
                    yield told + ([Mistake(kind, name, how)] if kind else [])


def _numbers(J: Floats) -> Iterator[tuple[str, str, float]]:
    trace, n = float(np.sum(J * J)), len(J)
    yield "", "", trace
    yield "norm-for-trace", "the gradient's norm √tr K in place of the trace", math.sqrt(trace)
    yield (
        "norm-for-trace",
        "the sum of gradient norms in place of the trace",
        float(np.linalg.norm(J, axis=1).sum()),
    )
    summed = float(np.linalg.norm(J.sum(axis=0)))
    yield "norm-for-trace", "the norm of the summed gradient in place of the trace", summed
    yield "square-of-sum", "the squared norm of the summed gradient in place of the trace", summed**2
    yield "norm-for-trace", "the norm of the mean gradient in place of the trace", summed / n
    yield "square-of-sum", "the squared norm of the mean gradient in place of the trace", (summed / n) ** 2
    yield "mean-for-sum", "the mean of the diagonal in place of its sum", trace / n
    yield "norm-for-trace", "the Frobenius norm of K in place of its trace", float(np.linalg.norm(J @ J.T))
    yield "norm-for-trace", "λ_max in place of the trace", float(np.linalg.norm(J, 2)) ** 2
    yield "factor", "twice the trace", 2 * trace
    yield "factor", "half the trace", trace / 2


def weights(bench: Bench, theirs: Mapping[str, float], tolerance: float) -> list[Explanation]:
    """Explanations of loss weights λ_g = Σ_h q_h/q_g: what was taken for q = tr K_gg; empty if right.

    Raises
    ------
    KeyError
        A group has no weight.
    """
    search = Search(bench, np.zeros((0, 0)), tolerance)
    names, found = list(bench.spans), []
    given = np.array([float(theirs[name]) for name in names])
    for code, words, change in search.changes:
        numbers = [list(_numbers(change(search.rows[name][0][2]))) for name in names]
        for which in zip(*numbers, strict=True):
            q = np.array([number for *_, number in which])
            if not (q > 0).all():
                continue
            for how, wanted in (("", q.sum() / q), ("λ_g = q_g/Σq, upside down", q / q.sum())):
                c = _factor(given, wanted)
                if relative(c * wanted, given) > tolerance:
                    continue
                kind, meant, _ = which[0]
                told = [(code, words)] * bool(code) + [(kind, meant)] * (kind not in ("", "factor"))
                told += [("factor", how)] * bool(how)
                told += [("factor", f"the factor {c:.6g} in all weights")] * (
                    abs(c - 1) > max(tolerance, 1e-7)
                )
                found.append(Explanation(tuple(Mistake(k, "weights", w) for k, w in told), 0.0, tuple(names)))
    found.sort(key=lambda e: len(e.findings))
    return [] if found and not found[0].findings else found[:MOST_TOLD]
