"""What the pages promise beside their code: JSON keys, problem files, public names, what is made."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest
from pages.page_blocks import DOCS, ROOT, blocks, command_line

import ntk_theory as nt

REFERENCE = DOCS / "reference"
PROBLEM_FILES = (REFERENCE / "problem-files.md").read_text(encoding="utf-8")


def test_json_keys() -> None:
    """Every key of the table is there, and the table leaves out none but the name and the summary."""
    page = (REFERENCE / "json.md").read_text(encoding="utf-8")
    table = page.partition("| key | content |")[2].partition("\n\n")[0]
    listed = {key for row in table.splitlines() if row for key in re.findall(r"`(\w+)`", row.split("|")[1])}
    _, printed = command_line(["classify", "u_t + u*u_x + u_xxx", "--json"])
    answer = json.loads(printed)
    assert set(answer) - listed == {"name", "disagreements"}
    assert listed <= set(answer)


def toml(name: str) -> str:
    return next(b.text for b in blocks(PROBLEM_FILES) if b.text.startswith(f"# file: {name}\n"))


def test_problem_file_in_parts(tmp_path: Path) -> None:
    path = tmp_path / "two.toml"
    path.write_text(toml("two.toml"), encoding="utf-8")
    problem = nt.problem(path)
    assert problem.fields == ("u@upper", "u@lower")
    assert [(g.name, g.parts) for g in problem.groups] == [
        ("flux", ("upper", "lower")), ("upper", ("upper",)), ("lower", ("lower",)),
    ]  # fmt: skip


def test_problem_file(tmp_path: Path) -> None:
    path = tmp_path / "burgers.toml"
    path.write_text(toml("burgers.toml"), encoding="utf-8")
    problem = nt.problem(path)
    assert [(g.name, str(g.kind)) for g in problem.groups] == [
        ("initial", "value"), ("ends", "value"), ("f", "equation"),
    ]  # fmt: skip
    assert nt.classify(problem).paper.case == "A"


def test_problem_with_an_ansatz(tmp_path: Path) -> None:
    path = tmp_path / "heat.toml"
    path.write_text(toml("heat.toml"), encoding="utf-8")
    problem = nt.problem(path)
    assert problem.met_by_construction == ("initial", "ends")
    assert [g.name for g in problem.groups] == ["f"]


def documented() -> set[str]:
    """Names that the reference's directives name."""
    found: set[str] = set()
    for page in REFERENCE.glob("*.md"):
        found |= set(re.findall(r"^\.\. auto\w+:: ([\w.]+)$", page.read_text(encoding="utf-8"), re.MULTILINE))
    return found


def test_the_reference_is_the_public_names() -> None:
    """Nothing public is left out, nothing is documented that is not there."""
    modules = {"training", "errors", "claims"}
    public = {f"ntk_theory.{name}" for name in dir(nt) if name not in modules}
    public |= {f"ntk_theory.training.{name}" for name in dir(nt.training)} - {"ntk_theory.training.train"}
    public |= {
        f"ntk_theory.errors.{name}" for name, value in vars(nt.errors).items()
        if isinstance(value, type) and issubclass(value, nt.NTKTheoryError) and value is not nt.NTKTheoryError
    }  # fmt: skip
    court = {
        "Beyond",
        "Heard",
        "hear",
        "Hearing",
        "known",
        "sources_of",
        "source.Source",
        "source.SourceClaim",
    }
    public |= {f"ntk_theory.claims.{name}" for name in court}
    public.add("ntk_theory.studies.initialisation.evidence.Measured")  # what a claim of one's own is handed
    assert documented() == public


def test_the_public_names_of_the_court_are_its_own() -> None:
    named = {name for name in dir(nt.claims) if name not in {"exhibit", "hearing", "registry", "source"}}
    assert named == {"Beyond", "Heard", "hear", "Hearing", "known", "sources_of"}


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    """What the site's parts put in place of marks."""
    monkeypatch.syspath_prepend(str(DOCS))
    from site_parts import pages  # noqa: PLC0415  found beside the pages

    yield dict(pages.MADE)
    for name in [name for name in sys.modules if name.partition(".")[0] == "site_parts"]:
        del sys.modules[name]


def test_every_mark_is_known_and_used(made: dict[str, object]) -> None:
    used = {
        name
        for page in DOCS.rglob("*.md")
        for name in re.findall(r"^<!-- made: ([\w-]+) -->$", page.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert used == set(made)


@pytest.mark.parametrize(
    "name", ["kernels", "training", "solved", "limits", "machines", "verdicts", "commands", "claims"]
)
def test_a_made_part_has_its_rows(made: dict[str, object], name: str) -> None:
    text = made[name]()
    assert text.count("\n| ") + text.count("\n### ") >= 4, text[:300]


def test_the_training_table_is_the_benchmark_s(made: dict[str, object]) -> None:
    """Errors and problems in the table are those of the committed results."""
    rows = [line.split("|") for line in made["training"]().splitlines() if line.startswith("| [")]
    shown = {re.findall(r"\[([\w-]+)\]", row[1])[0]: row[3].split()[0] for row in rows}
    results = json.loads((ROOT / "benchmarks" / "results" / "train_zoo.json").read_text(encoding="utf-8"))
    assert shown == {name: f"{found['error']:.1e}" for name, found in results["results"].items()}


def test_the_verdicts_are_those_of_sources_and_claims_that_are_there() -> None:
    """A claim that comes or goes makes the committed hearing stale: run benchmarks/hear_claims.py."""
    rows = json.loads((ROOT / "benchmarks" / "results" / "claims.json").read_text(encoding="utf-8"))[
        "results"
    ]["rows"]
    heard = {(row["source"], row["claim"]) for row in rows}
    assert heard == {(s.key, claim.code) for s in nt.claims.known().values() for claim in s.claims}


def test_what_scrolls_and_what_heads_is_reached(made: dict[str, object]) -> None:
    """Headings have a level, boxes that scroll have the focus; a page that has both stays as it is."""
    from site_parts.reach import reachable  # noqa: PLC0415  as above

    page = '<p role="heading">A</p><pre>x</pre><div class="table-wrapper docutils"></div>'
    mended = reachable(page)
    assert mended.count('tabindex="0"') == 2
    assert 'aria-level="2"' in mended
    assert reachable(mended) == mended


def test_what_the_theme_leaves_unnamed_is_named(made: dict[str, object]) -> None:
    """Landmarks of one kind have names, a list of parameters defines nothing, a page has a heading."""
    from site_parts.reach import reachable  # noqa: PLC0415  as above

    asides = reachable('<aside class="sidebar-drawer"></aside><aside class="toc-drawer"></aside>')
    assert len(set(re.findall('aria-label="([^"]+)"', asides))) == 2
    line = '<dd><em class="sig-param">{}</em>,</dd>\n'
    signature = reachable(f"<dt>f(\n<dl>\n{line.format('x')}{line.format('y')}</dl>\n)</dt>")
    assert "<dl>" not in signature
    assert "<dd>" not in signature
    assert re.findall('sig-param">(.)<', signature) == ["x", "y"]
    terms = '<dl class="field-list">\n<dt>a</dt>\n<dd><p>b</p></dd>\n</dl>'
    assert reachable(terms) == terms
    assert "<h1>Search</h1>" in reachable('<div id="search-results"></div>')
    picture = reachable('<p><img alt="a curve" src="_images/x.svg" /></p>')
    assert (
        picture
        == '<p><a href="_images/x.svg" class="whole"><img alt="a curve" src="_images/x.svg" /></a></p>'
    )
    assert reachable(picture) == picture
    assert (
        reachable("<p><a><strong>InputError</strong></a> -- </p>")
        == "<p><a><strong>InputError</strong></a></p>"
    )
    assert 'class="number">1e-05</span>' in reachable("<td><p>1e-05</p></td>")
    assert 'zero, <span class="number">N^(1-2s)</span>' in reachable("<td><p>zero, N^(1-2s)</p></td>")
    assert '"pre number">--time-limit<' in reachable('<code><span class="pre">--time-limit</span></code>')
    assert reachable("<pre>x\n\n</pre>") == '<pre tabindex="0">x\n</pre>'


def test_signatures_and_norms_are_read_as_they_are_meant(made: dict[str, object]) -> None:
    from site_parts.docstrings import signature  # noqa: PLC0415  as above

    shown = "(a: ~typing.Any = <factory>, b=<function Source.<lambda>>, c: int = 1)"
    given, _ = signature(None, "class", "", None, None, shown, None)
    assert given == "(a: ~typing.Any = ..., b=..., c: int = 1)"
    assert not re.findall(r"(?<!\\)_∞", made["theory"]())
    array = (
        "(x: ~numpy._typing._array_like._Buffer | ~numpy._typing._nested_sequence._NestedSequence[bool] | "
        "~numpy._typing._nested_sequence._NestedSequence[complex | bytes | str] | int = POINTS, e=EXPONENTS)"
    )
    given, _ = signature(None, "function", "", nt.predict, None, array, None)
    assert given == "(x: ~numpy.typing.ArrayLike | int = 8, e=('2/5', '1/2', '3/4'))"


def test_what_is_public_is_linked_by_its_public_name(made: dict[str, object]) -> None:
    from site_parts.docstrings import plain  # noqa: PLC0415  as above

    lines = [
        "As :func:`ntk_theory.limit.law.limit_law`, :func:`own_features` and",
        ":mod:`ntk_theory.limit`.",
    ]
    plain(None, "function", "", None, None, lines)
    assert lines == [
        "As :func:`~ntk_theory.limit_law`, :func:`~ntk_theory.training.own_features` and",
        ":mod:`ntk_theory.limit`.",
    ]


def test_the_zoo_knows_which_systems_are_linear(made: dict[str, object]) -> None:
    told = dict(re.findall(r"^\| \[([\w-]+)\].* \| (linear|nonlinear) \|$", made["zoo"](), re.MULTILINE))
    assert len(told) == len(nt.zoo_names())
    linear = {name for name in told if all(g.legs[0].is_linear for g in nt.zoo(name).equations)}
    assert {name for name, word in told.items() if word == "linear"} == linear
    assert {"heat", "elasticity-2d", "maxwell-1d", "stokes", "schroedinger", "two-material"} < linear


def test_no_column_of_a_table_is_without_a_name(made: dict[str, object]) -> None:
    pages = [page.read_text(encoding="utf-8") for page in DOCS.rglob("*.md")]
    for text in [*pages, *(one() for name, one in made.items() if name not in {"json-keys", "zoo"})]:
        for head in re.findall(r"^(\|.*\|)\n\| *-", text, re.MULTILINE):
            assert all(column.strip() for column in head.strip("|").split("|")), head
