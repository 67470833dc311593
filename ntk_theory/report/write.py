"""From a store to its page, for every kind of study."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ntk_theory.errors import InputError, StoreError
from ntk_theory.outputs import GENERATOR, Format, Outputs, write_text
from ntk_theory.report.kinds import report_of
from ntk_theory.report.page.provenance import Provenance
from ntk_theory.studies.engine.store import Store, opened
from ntk_theory.studies.judging.judge import judge
from ntk_theory.studies.judging.own_claims import Claims

#: A page; its head names this package.
PAGE = Format("a page", (".html", ".htm"), (f'name="generator" content="{GENERATOR}"'.encode(),))


def page(
    store: Store | str | Path,
    output: str | Path = "report.html",
    *,
    only: Sequence[str] = (),
    force: bool = False,
    claims: Claims = (),
) -> Path:
    """Write a study as one self-contained HTML page: verdicts, tables, figures, criterion, how to reproduce.

    Parameters
    ----------
    store:
        Of any kind of study, open or as a path; it is only read.
    output:
        The page, which appears whole or not at all.
    only:
        Problems (or labels) to which the page is restricted; default: all.
    force:
        Replace ``output`` also where it is no page of this package; the store itself is never replaced.
    claims:
        Your own or the path of their file, judged beside the others; see
        :func:`ntk_theory.studies.judging.own_claims.claim`.

    Returns
    -------
    Path
        The file that was written.

    Raises
    ------
    InputError
        ``only`` names a problem that the store does not have; ``output`` may not be written.
    StoreError
        The store cannot be read, or the page cannot be written.
    """
    with opened(store) as found:
        _check(found, only)
        Outputs([found.path], force).claim("output", Path(output), PAGE)
        provenance = Provenance(found.environments(), found.fingerprint())
        html = report_of(found.study).page(judge(found, claims=claims), provenance, only=only)
    try:
        write_text(output, html)
    except OSError as cause:
        raise StoreError(f"{output} cannot be written ({cause.strerror}); name another file") from None
    return Path(output)


def _check(store: Store, only: Sequence[str]) -> None:
    if isinstance(only, str):
        raise InputError(f"only is {only!r}; it needs a list of problems, such as [{only!r}]")
    labels = [case.label for case in store.study.cases]
    for name in only:
        if name not in {known for label in labels for known in (label, label.rpartition(" [")[0])}:
            raise InputError(f"only is {name!r}; the store has {', '.join(labels)}")
