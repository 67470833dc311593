"""Running a study: compute the cells that are missing, store each batch as it arrives."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

from ntk_theory.errors import Interrupted, StoreError
from ntk_theory.kernels.jit import compile_kernel
from ntk_theory.progress import Bar, duration
from ntk_theory.studies.engine.cell import CellResult, Context, LawContext, LawResult
from ntk_theory.studies.engine.environment import environment
from ntk_theory.studies.engine.sampling import sampling_of
from ntk_theory.studies.engine.store import Store
from ntk_theory.studies.engine.workers import stream, worker_count
from ntk_theory.studies.question.difference import difference
from ntk_theory.studies.question.study import Cell, Study

#: Seconds of work per task: long against sending one, short against what a kill may lose.
BATCH_SECONDS = 0.4


@dataclass(frozen=True)
class RunSummary:
    """What a run did.

    Attributes
    ----------
    path:
        The store.
    computed, present:
        Cells computed by this run, and found in the store by it.
    failures:
        Failures in the store, of this run and earlier ones.
    """

    path: Path
    computed: int
    present: int
    failures: int
    seconds: float

    def __str__(self) -> str:
        failed = f", {self.failures} failures" if self.failures else ""
        return (
            f"{self.computed} cells computed in {duration(self.seconds)}, {self.present} found{failed}: "
            f"{self.path}"
        )


@dataclass(frozen=True, eq=False)
class Batch:
    """Some cells of one case and activation: (width, seed) each."""

    context: Context
    cells: tuple[tuple[int, int], ...]
    cost: float


def run(
    study: Study,
    store: Store | str | Path | None = None,
    *,
    workers: int | None = None,
    cluster: str | None = None,
    progress: bool = True,
) -> RunSummary:
    """Compute the study's missing cells into its store.

    The rows do not depend on the number of workers, on their order, nor on interruptions: bit-identical on
    one kind of processor with the same library versions, which the store records.

    Parameters
    ----------
    study:
        The question.
    store:
        An open store, a path (resumed if it exists), or ``None`` for the user's data folder.
    workers:
        Local processes; default one per core; 1 computes in this process.
    cluster:
        Address of a Dask scheduler, which computes instead (extra ``cluster``).
    progress:
        Show a bar with the time left, where standard error is a terminal.

    Raises
    ------
    StoreError
        The store belongs to another study, is damaged, or cannot be written.
    WorkerError
        A worker ended, or the cluster cannot be reached.
    Interrupted
        Ctrl-C. In each of these cases completed cells are kept and a second run resumes.
    """
    # A cluster's machines are not this one: their memory is theirs to check.
    count = 1 if cluster else worker_count(workers, sampling_of(study).estimate(study).worker_bytes)
    with ExitStack() as stack:
        if isinstance(store, Store):
            opened = store
            if opened.digest != study.digest:
                told = difference(opened.study.to_dict(), study.to_dict())
                raise StoreError(
                    f"the store {opened.path} holds another study (it has {told}); open the one of this study"
                )
        else:
            opened = stack.enter_context(Store.open_or_create(store, study))
        return _Run(study, opened, count, cluster, progress).run()


@dataclass(frozen=True, eq=False)
class _Run:
    study: Study
    store: Store
    workers: int
    cluster: str | None
    progress: bool

    def run(self) -> RunSummary:
        start, missing, total = time.monotonic(), self.store.missing(), len(self.study.cells())
        present = total - len(missing)
        try:
            if missing:
                self._compute(missing)
        except KeyboardInterrupt:
            done = len(self.store.done())
            raise Interrupted(
                f"interrupted with {done} of {total} cells computed, all of them in {self.store.path}; "
                "run the same study into that store to resume"
            ) from None
        failures = len(self.store.failures())
        return RunSummary(self.store.path, len(missing), present, failures, time.monotonic() - start)

    def _compute(self, missing: Sequence[Cell]) -> None:
        self.store.add_environment(environment(self.workers, self.cluster))
        self._compile()
        laws = self._laws(missing)
        batches = make_batches(self.study, missing, laws)
        bar, done = Bar(sum(b.cost for b in batches), show=self.progress), 0
        with closing(stream(compute_batch, batches, self.workers, self.cluster)) as results:  # type: ignore[type-var]  # a generator
            try:
                for cost, cells in results:
                    self.store.add(cells)
                    done += len(cells)
                    bar.advance(cost, f"{done}/{len(missing)} cells")
            finally:
                bar.close()

    def _compile(self) -> None:
        """Compile each kernel in one of the local processes, side by side, before all of them ask for it.

        From then on it comes from the cache on disk; where it was there before, a process only loads what it
        will need.
        """
        if self.workers > 1:
            names = sampling_of(self.study).kernels(self.study)
            with closing(stream(compile_kernel, names, self.workers)) as results:  # type: ignore[type-var]  # a generator
                for _ in results:
                    pass

    def _laws(self, missing: Sequence[Cell]) -> dict[tuple[str, str], LawResult]:
        """The infinite-width laws that the missing cells need, if their kind needs any.

        They are computed once, then kept in the store.
        """
        of = sampling_of(self.study).law_context
        if of is None:
            return {}
        laws = self.store.laws()
        wanted = [key for key in dict.fromkeys((c.case, c.activation) for c in missing) if key not in laws]
        contexts = [of(self.study, self.study.case(case), name) for case, name in wanted]
        bar = Bar(0.0, show=self.progress)
        if wanted:
            bar.note(f"infinite-width laws: {len(wanted)} to compute")
        with closing(stream(compute_law, contexts, self.workers, self.cluster)) as results:  # type: ignore[type-var]  # a generator
            for law in results:
                self.store.add_law(law)
                laws[law.case, law.activation] = law
        bar.close()
        return laws


def compute_batch(batch: Batch) -> tuple[float, list[CellResult]]:
    """The cost and results of a batch."""
    return batch.cost, [batch.context.compute(width, seed) for width, seed in batch.cells]


def compute_law(context: LawContext) -> LawResult:
    """The infinite-width law that a context's cells need."""
    return context.law()


def make_batches(
    study: Study, missing: Iterable[Cell], laws: dict[tuple[str, str], LawResult]
) -> list[Batch]:
    """Cells grouped to about :data:`BATCH_SECONDS` each, the most expensive cells first.

    How cells are grouped changes no number: each is computed by itself.
    """
    sampling = sampling_of(study)
    groups: dict[tuple[str, str], list[tuple[int, int]]] = {}
    for cell in missing:
        groups.setdefault((cell.case, cell.activation), []).append((cell.width, cell.seed))
    batches: list[Batch] = []
    for (label, activation), cells in groups.items():
        case = study.case(label)
        context = sampling.context(study, case, activation, laws.get((label, activation)))
        seconds = {
            width: sampling.cost(study, case, width).seconds for width in {width for width, _ in cells}
        }
        parts: list[list[tuple[int, int]]] = [[]]
        filled = 0.0
        for width, seed in sorted(cells, key=lambda pair: (-pair[0], pair[1])):
            if parts[-1] and filled + seconds[width] > BATCH_SECONDS:
                parts.append([])
                filled = 0.0
            parts[-1].append((width, seed))
            filled += seconds[width]
        batches += [Batch(context, tuple(part), sum(seconds[w] for w, _ in part)) for part in parts]
    return sorted(batches, key=lambda batch: -max(width for width, _ in batch.cells))
