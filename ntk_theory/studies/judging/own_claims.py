"""A claim of the user's own: a function with a decorator, or a Python file that holds some.

    @nt.claim(
        "trace-ff", "tr K_ff keeps its size at s = 1/2",
        source="a conjecture of mine", refuted_by="a settled slope of log tr K_ff that excludes 0",
    )
    def trace_keeps(evidence):
        half = Fraction(1, 2)
        found = evidence.measured.trend("ff", half, "trace", evidence.criterion)
        outcome = "refuted" if found.p_value(0) < 1e-4 else "undecided"
        yield nt.Finding(outcome, f"slope {found.whole.value:.2f}", "ff", half)

    nt.verify("heat", claims=[trace_keeps])    # or claims="mine.py", a file that holds it

The function sees the evidence on one problem with one activation, as every claim does, and draws nothing
of its own. A file is executed: only one that its user names is read.
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from ntk_theory.errors import InputError, NTKTheoryError
from ntk_theory.inputs import reading
from ntk_theory.studies.judging.claim import Claim
from ntk_theory.studies.judging.verdict import Outcome, Reasons, Verdict
from ntk_theory.studies.kinds import DEFAULT, KINDS
from ntk_theory.symbolic.numbers import fraction

#: Bytes that a file of claims may have.
MOST_BYTES = 2**20
_CODE = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*\Z")


class Finding(NamedTuple):
    """What a claim's function found: the outcome, why, and the block and s it speaks of, if any.

    ``outcome`` is ``supported``, ``refuted``, ``undecided`` or ``not applicable``.
    """

    outcome: Outcome | str
    reason: Reasons
    block: str = ""
    s: Fraction | str | float | None = None
    predicted: str = ""
    observed: str = ""


#: What ``claims=`` takes: claims, one claim, or the path of a Python file that holds some.
Claims: TypeAlias = Sequence[Claim[Any]] | Claim[Any] | str | Path

#: What is decorated: from the evidence to one finding, or to several.
Decides = Callable[[Any], Finding | Iterable[Finding]]


@dataclass(frozen=True)
class OwnClaim(Claim[Any]):
    """A claim with the kind of study that it ``needs``."""

    needs: str = DEFAULT


def claim(
    code: str, statement: str, *, refuted_by: str, source: str = "the user's own", needs: str = DEFAULT
) -> Callable[[Decides], OwnClaim]:
    """A decorator: the function becomes a claim for ``verify(claims=[...])``, in a file ``claims="mine.py"``.

    The function gets the evidence, such as a
    :class:`~ntk_theory.studies.initialisation.evidence.ProblemEvidence` with its ``classification``,
    ``blocks``, ``measured`` (see :class:`~ntk_theory.studies.initialisation.evidence.Measured` for the
    quantities that it has) and ``criterion``, and returns or yields :class:`Finding` objects. It must be a
    function of the evidence: the same store is judged again.

    Parameters
    ----------
    code:
        A short name such as ``trace-ff``; no claim of the package has it.
    statement:
        What is claimed, in a sentence.
    refuted_by:
        What would refute it, said before the first network.
    source:
        Who says so.
    needs:
        The kind of study that has the evidence: ``initialisation`` (default) or ``training``.

    Raises
    ------
    InputError
        The code is no such name, a text is empty, or there is no such kind of study.
    """
    if not isinstance(code, str) or not _CODE.match(code) or len(code) > 40:
        raise InputError(
            f"code is {str(code)[:60]!r}; it needs lower-case words and hyphens, such as trace-ff"
        )
    for name, text in (("statement", statement), ("refuted_by", refuted_by), ("source", source)):
        if not isinstance(text, str) or not text.strip():
            raise InputError(f"the claim {code} has an empty {name}; say it in a sentence")
    if needs not in KINDS:
        raise InputError(f"needs is {needs!r}; it needs one of {', '.join(KINDS)}")

    def made(decides: Decides) -> OwnClaim:
        def decide(own: Claim[Any], evidence: Any) -> Iterator[Verdict]:
            try:
                found = decides(evidence)
                is_one = isinstance(found, Finding) or not isinstance(found, Iterable)
                findings = [found] if is_one else list(found)
            except NTKTheoryError:
                raise
            except Exception as cause:
                raise InputError(
                    f"the claim {code} failed: {type(cause).__name__}: {cause}; mend its function and judge "
                    "the store again, all numbers are kept"
                ) from cause
            for finding in findings:
                yield _verdict(own, finding)

        return OwnClaim(code, statement, source, refuted_by, decide, needs)

    return made


def _verdict(own: Claim[Any], finding: object) -> Verdict:
    if not isinstance(finding, Finding):
        raise InputError(
            f"the claim {own.code} found a {type(finding).__name__}; it needs nt.Finding objects"
        )
    try:
        outcome = Outcome(finding.outcome)
    except ValueError:
        known = ", ".join(Outcome)
        raise InputError(
            f"the claim {own.code} has the outcome {finding.outcome!r}; it needs one of {known}"
        ) from None
    s = None if finding.s is None else fraction(finding.s)
    return own.verdict(outcome, finding.reason, finding.block, s, finding.predicted, finding.observed)


def checked(claims: Claims, kind: Any) -> tuple[Claim[Any], ...]:
    """The user's claims, fit to be judged beside those of a kind of study; a file that is named is executed.

    Raises
    ------
    InputError
        One is no claim, needs another kind of study, or has a code that another claim has.
    """
    if isinstance(claims, str | Path):
        claims = from_file(claims)
    mine = (claims,) if isinstance(claims, Claim) else tuple(claims)
    taken = {own.code for own in kind.claims}
    for k, own in enumerate(mine):
        if not isinstance(own, Claim):
            raise InputError(
                f"claims[{k}] is a {type(own).__name__}; it needs a function decorated with nt.claim(...), "
                'or instead of a list the path of a file that holds such functions, as in claims="mine.py"'
            )
        if isinstance(own, OwnClaim) and own.needs != kind.name:
            raise InputError(
                f"the claim {own.code} needs a study of {own.needs}, this one is of {kind.name}; "
                "use verify or verify_training"
            )
        if own.code in taken:
            raise InputError(f"the code {own.code!r} is that of another claim; give yours another")
        taken.add(own.code)
    return mine


def from_file(path: str | Path) -> tuple[OwnClaim, ...]:
    """The claims that a Python file holds, in their order there. The file is executed.

    Raises
    ------
    InputError
        It is no Python file, cannot be read, fails, or holds no claim.
    """
    given = Path(path)
    if given.suffix != ".py":
        raise InputError(f"claims is {str(path)!r}; it needs a Python file (.py) that holds claims")
    try:
        with reading(given, "the file of claims", MOST_BYTES):
            pass
    except OSError as cause:
        raise InputError(f"{given} cannot be read ({cause.strerror or cause}); name another file") from None
    spec = importlib.util.spec_from_file_location(f"ntk_theory_claims_{given.stem}", given)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except NTKTheoryError:
        raise
    except (Exception, SystemExit) as cause:
        raise InputError(f"{given} failed: {type(cause).__name__}: {cause}; mend it") from cause
    found = tuple(thing for thing in vars(module).values() if isinstance(thing, OwnClaim))
    if not found:
        raise InputError(f"{given} holds no claim; decorate a function with nt.claim(...)")
    return tuple(dict.fromkeys(found))
