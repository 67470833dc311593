"""How each kind of study is shown, one table line each; a kind without a line is shown plainly.

The plain way needs nothing but verdicts: a table of claims on the terminal, the JSON of every result, a page
of claims, reasons and settings. A kind with more to show names its own functions here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from ntk_theory.studies.judging.result import Result
from ntk_theory.studies.kinds import DEFAULT, TRAINING, WIDTH
from ntk_theory.studies.question.study import Study

if TYPE_CHECKING:
    from rich.console import Console

    from ntk_theory.report.page.provenance import Provenance

#: A function as ``module:name`` below this package, loaded when it is called.
Place = str


@dataclass(frozen=True)
class Report:
    """Where the three ways of showing a kind of study are.

    Attributes
    ----------
    terminal:
        (results, console): prints the tables of some studies that answer one question.
    json:
        (results): the same as JSON-like data.
    document:
        (result, provenance, only=()): one study as a page of HTML.
    """

    terminal: Place = "terminal.plain:show"
    json: Place = "records:plain"
    document: Place = "page.plain:page"

    def show(self, results: Sequence[Result[Any]], console: Console) -> None:
        """Print the tables."""
        _function(self.terminal)(results, console)

    def to_dict(self, results: Sequence[Result[Any]]) -> dict[str, Any]:
        """The studies as JSON-like data."""
        found: dict[str, Any] = _function(self.json)(results)
        return found

    def page(self, result: Result[Any], provenance: Provenance, *, only: Sequence[str] = ()) -> str:
        """The whole page; ``only`` names problems to which it is restricted."""
        return str(_function(self.document)(result, provenance, only=only))


PLAIN = Report()
#: Name of a kind → how it is shown.
REPORTS = {
    DEFAULT: Report("terminal.initialisation:show", "records:initialisation", "page.initialisation:page"),
    TRAINING: Report("terminal.flow:show", "records:training", "page.flow:training_page"),
    WIDTH: Report("terminal.width:show", "records:width", "page.width:page"),
}


def report_of(study: Study) -> Report:
    """How a study is shown."""
    return REPORTS.get(study.kind, PLAIN)


def _function(place: Place) -> Any:
    module, _, name = place.partition(":")
    return getattr(import_module(f"ntk_theory.report.{module}"), name)
