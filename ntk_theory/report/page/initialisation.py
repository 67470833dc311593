"""A study as one self-contained HTML page: nothing is fetched, and all is there without scripts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ntk_theory.progress import duration
from ntk_theory.report.figures.study import Picture, answer_pictures, map_picture
from ntk_theory.report.page.chart import chart
from ntk_theory.report.page.markup import Markup, definitions, details, document, join, pill, table, tag, void
from ntk_theory.report.page.provenance import Provenance
from ntk_theory.report.page.reproduce import resume_command, verify_command
from ntk_theory.report.rows import (
    SIGNS,
    ClaimSummary,
    SharedReason,
    StudyAnswer,
    agreement,
    answers,
    by_problem,
    varied,
)
from ntk_theory.studies.initialisation.criterion import Criterion
from ntk_theory.studies.initialisation.verify import StudyResult
from ntk_theory.studies.judging.verdict import Outcome
from ntk_theory.studies.question.study import Study
from ntk_theory.symbolic.grammar import render
from ntk_theory.theory import text
from ntk_theory.theory.classification import Classification
from ntk_theory.theory.text import block_label

#: A page with more answers than this has the map, the tables and no further figures.
FIGURES_UP_TO = 8
#: Findings of one claim shown in a line; all of them are in the JSON of ``ntk-theory resume STORE --json``.
SHOWN = 6


def page(result: StudyResult, provenance: Provenance, *, only: Sequence[str] = ()) -> str:
    """The whole page. ``only`` names problems (or labels) to which the answers are restricted."""
    every = tuple(a for a in answers([result]) if not only or a.problem in only or a.label in only)
    with_figures = len(every) <= FIGURES_UP_TO
    body = [
        _head(every, result),
        _overview(every),
        _picture(map_picture(every)),
        *(_problem(name, group, with_figures) for name, group in by_problem(every).items()),
        _left_open(every, result),
        _settings(result.study, every),
        _reproduce(result, provenance),
    ]
    drawn = len(every) <= FIGURES_UP_TO
    return document(f"Kernel study: {', '.join(by_problem(every))}", body, scripted=drawn)


def _head(every: Sequence[StudyAnswer], result: StudyResult) -> Markup:
    study, count = result.study, agreement(every)
    names = [a.classification.problem.title or a.problem for a in every]
    title = ", ".join(dict.fromkeys(names)) if len(set(names)) <= 4 else f"{len(set(names))} problems"
    tiles = [
        _tile(f"{count.agreeing}/{count.decided}", "limits as predicted", "supported"),
        _tile(str(count.decided - count.agreeing), "limits against the prediction", "refuted"),
        _tile(str(count.predicted - count.decided), "limits undecided", "undecided"),
        _tile(
            str(sum(c.outcome is Outcome.REFUTED for a in every for c in a.claims)),
            "claims refuted",
            "refuted",
        ),
    ]
    made = ", ".join(f"{what} {how}" for what, how in study.made.items())
    scale = (
        f"{study.seeds} independent networks at each of the widths {study.widths[0]} to {study.widths[-1]}, "
        f"depth {study.depth}, {', '.join(study.activations)}, {made}; "
        f"s = {', '.join(map(str, study.s))}."
    )
    state = [] if result.is_complete else [tag("p", _incomplete(result), class_="pill refuted")]
    return join(
        [
            tag("h1", title),
            tag("p", "Does the neural tangent kernel converge as the width N grows? " + scale, class_="soft"),
            *state,
            tag("div", tiles, class_="tiles"),
            tag("p", f"{count}.", class_="lead"),
            tag("ul", [tag("li", line) for line in _headlines(every)], class_="plain"),
        ]
    )


def _tile(number: str, words: str, class_: str) -> Markup:
    quiet = "not-applicable" if number == "0" else class_
    return tag("div", [tag("b", number), words], class_=f"tile {quiet}")


def _incomplete(result: StudyResult) -> str:
    missing = len(result.study.cells()) - result.data.computed
    return f"Incomplete: {missing} networks are not computed, {len(result.data.failures())} numbers failed."


def _headlines(every: Sequence[StudyAnswer]) -> Iterator[Markup]:
    """One line for each refuted claim: the news of the page; equal news of many problems in one."""
    news: dict[tuple[str, str], list[tuple[StudyAnswer, ClaimSummary]]] = {}
    for answer in every:
        for claim in answer.claims:
            if claim.outcome is Outcome.REFUTED:
                news.setdefault((claim.statement, claim.source), []).append((answer, claim))
    for (statement, source), found in news.items():
        (answer, claim), others = found[0], len(found) - 1
        where = answer.label + (f" and {others} other{'s' if others > 1 else ''}" if others else "")
        first = claim.digest()[0]
        note = f" {answer.label}: {first}." if others else f" {first}."
        yield join([pill(Outcome.REFUTED), " ", tag("b", where), f": “{statement}” ({source}).", note])


def _overview(every: Sequence[StudyAnswer]) -> Markup:
    codes = list(dict.fromkeys(claim.code for answer in every for claim in answer.claims))
    rows = []
    for answer in every:
        claims = {claim.code: claim for claim in answer.claims}
        cells = [_sign(claims[code]) if code in claims else Markup("") for code in codes]
        rows.append([tag("a", _label(answer, every), href=f"#{_anchor(answer.problem)}"), *cells])
    legend = ", ".join(f"{sign} {outcome}" for outcome, sign in SIGNS.items())
    return join(
        [
            tag("h2", "All claims"),
            tag("p", f"{legend}; a claim on many blocks and s shows its worst.", class_="soft"),
            table(["problem", *(code.replace("-", " ") for code in codes)], rows, "matrix"),
        ]
    )


def _label(answer: StudyAnswer, every: Sequence[StudyAnswer]) -> str:
    group = [other for other in every if other.problem == answer.problem]
    return f"{answer.problem} {answer.described(varied(group))}".strip()


def _sign(claim: ClaimSummary) -> Markup:
    title = f"{claim.statement}: {claim.counted}"
    return pill(claim.outcome, SIGNS[claim.outcome], title=title)


def _anchor(name: str) -> str:
    return "problem-" + "".join(ch if ch.isalnum() else "-" for ch in name)


def _picture(picture: Picture) -> Markup:
    image = void("img", src=picture.uri, alt=picture.alt)
    return tag("figure", [image, tag("figcaption", picture.caption)])


def _problem(name: str, group: Sequence[StudyAnswer], with_figures: bool) -> Markup:
    first, columns = group[0], varied(group)
    problem = first.classification.problem
    parts: list[Markup] = [
        tag("h2", problem.title or name, id=_anchor(name)),
        tag("pre", "\n".join([*text.equations(problem), *_conditions(first)])),
    ]
    if problem.source:
        parts.append(tag("p", problem.source, class_="soft"))
    for answer in group:
        if columns:
            parts.append(tag("h3", answer.described(columns)))
        claims = _claims(answer)
        parts += [tag("h3", "Limits, predicted and observed"), _limits(answer)]
        parts += [tag("h3", "Claims"), claims] if with_figures else [details("Claims", claims)]
        if with_figures:
            parts += [_picture(picture) for picture in answer_pictures(answer)]
            parts.append(chart(answer))
        parts.append(details("Derivation of the prediction, rule by rule", derivation(answer.classification)))
    return join(parts)


def _conditions(answer: StudyAnswer) -> list[str]:
    lines = []
    for group in answer.classification.problem.conditions:
        legs = [render(leg.expression, leg.space) for leg in group.legs]
        kind = str(group.kind) if len(legs) == 1 else "sum over pairs of points"
        lines.append(f"{group.name}: {', '.join(legs)}  ({kind})")
    return lines


def _limits(answer: StudyAnswer) -> Markup:
    exponents = answer.result.study.s
    rows = [[block_label(block), *(_limit(answer, block, s) for s in exponents)] for block in answer.blocks]
    return table(["block", *(f"s = {s}" for s in exponents)], rows, "limits")


def _limit(answer: StudyAnswer, block: str, s: Any) -> Markup:
    cell = answer.limit(block, s)
    words = f"{SIGNS[cell.outcome]} {cell.predicted}"
    if cell.outcome is Outcome.REFUTED:
        words = f"✗ {cell.predicted} predicted, {cell.observed} observed"
    return pill(cell.outcome, words, title=cell.reason)


def _claims(answer: StudyAnswer) -> Markup:
    rows, refuted_by = [], answer.result.refuted_by
    for claim in answer.claims:
        statement = join(
            [claim.statement, void("br"), tag("span", f"{claim.source} · {claim.code}", class_="soft")]
        )
        rows.append(
            [statement, pill(claim.outcome, claim.counted), _evidence(claim), refuted_by.get(claim.code, "")]
        )
    return table(["claim", "outcome", "evidence", "would be refuted by"], rows, "told")


def _evidence(claim: ClaimSummary) -> Markup:
    wanted = [claim.outcome]
    if claim.outcome is Outcome.REFUTED and claim.counts[Outcome.UNDECIDED]:
        wanted.append(Outcome.UNDECIDED)
    found = [finding for outcome in wanted for finding in claim.digest(outcome)]
    items = [tag("li", _finding(f)) for f in found[:SHOWN]]
    if len(found) > SHOWN:
        items.append(tag("li", f"and {len(found) - SHOWN} more", class_="soft"))
    return tag("ul", items, class_="plain") if len(items) > 1 else _finding(found[0])


def _finding(finding: SharedReason) -> Markup:
    where = [tag("b", f"{finding.where}: ")] if finding.where else []
    remedy = [tag("span", f" → {finding.remedy}", class_="remedy")] if finding.remedy else []
    return join([*where, finding.reason, *remedy])


def derivation(classification: Classification) -> Markup:
    """What the paper's criterion says, where the rules disagree, and every step with its source."""
    lines = [*text.paper_lines(classification), *classification.disagreements]
    steps = [
        tag("li", [tag("b", f"{s.title} "), tag("span", s.source, class_="soft"), void("br"),
                   f"{s.answer}: {s.because} ⇒ {s.conclusion}"])
        for s in classification.steps
    ]  # fmt: skip
    return join([*(tag("p", line) for line in lines), tag("ol", steps, class_="steps")])


def _left_open(every: Sequence[StudyAnswer], result: StudyResult) -> Markup:
    rows = [
        [
            answer.label,
            join([claim.statement, " ", tag("span", claim.code, class_="soft")]),
            _finding(finding),
        ]
        for answer in every
        for claim in answer.claims
        for finding in claim.digest(Outcome.UNDECIDED)
    ]
    failures = result.data.failures()
    parts = [tag("h2", "Undecided, and what would decide it")]
    if rows:
        content = table(["problem", "claim", "reason and remedy"], rows, "told")
        parts.append(content if len(rows) <= 40 else details(f"{len(rows)} entries", content))
    else:
        parts.append(tag("p", "Nothing: every claim has a verdict."))
    parts.append(tag("h2", "Failures"))
    if not failures:
        parts.append(tag("p", "None: every number of every network was computed."))
    else:
        shown = [
            [f.cell.case, f.cell.activation, str(f.cell.width), str(f.cell.seed), f.pair, f.s, f.message]
            for f in failures[:200]
        ]
        heads = ["problem", "activation", "width", "seed", "pair", "s", "message"]
        parts += [tag("p", f"{len(failures)} numbers; left out of every statistic."), table(heads, shown)]
    return join(parts)


def criterion_meanings() -> dict[str, str]:
    """What each number of the criterion means."""
    return Criterion.meanings()


def _settings(study: Study, every: Sequence[StudyAnswer]) -> Markup:
    points = [
        f"{case.label}: " + ", ".join(f"{name} {len(p)}" for name, p in case.points.items())
        for case in study.cases
        if case.label in {answer.label for answer in every}
    ]
    shown = points if len(points) <= FIGURES_UP_TO else [f"{len(points)} problems, as in the store"]
    settings = definitions(
        [
            ("s", ", ".join(map(str, study.s))),
            ("widths", ", ".join(map(str, study.widths))),
            ("networks", f"{study.seeds} per width and activation, seed {study.seed}"),
            ("depth", str(study.depth)),
            ("activation", ", ".join(study.activations)),
            *study.made.items(),
            ("points", "; ".join(shown)),
        ]
    )
    meanings = criterion_meanings()
    rows = [
        [tag("code", name), str(value), meanings.get(name, "")] for name, value in study.criterion.items()
    ]
    frozen = (
        "These numbers turn evidence into verdicts. They are part of the study's digest, written before the "
        "first network was drawn; other numbers make another study."
    )
    return join(
        [
            tag("h2", "Settings"),
            settings,
            tag("h2", "Criterion, frozen before sampling"),
            tag("p", frozen),
            table(["name", "value", "meaning"], rows, "told"),
        ]
    )


def _reproduce(result: StudyResult, provenance: Provenance) -> Markup:
    command = verify_command(result.study)
    parts = [tag("h2", "How to reproduce")]
    if command:
        parts += [tag("p", "This command makes the same study, to the digest:"), tag("pre", command)]
    parts += [
        tag("p", "From the store, which holds the whole question:"),
        tag("pre", resume_command(result.path)),
        definitions(
            [
                ("study", result.study.digest),
                ("numbers", f"{provenance.fingerprint} (equal fingerprints: equal bit for bit)"),
                ("store", str(result.path)),
            ]
        ),
        tag("h2", "Environment"),
    ]
    for number, environment in enumerate(provenance.environments, 1):
        parts += [tag("h3", f"Run {number}"), definitions(_flat(environment))]
    seconds = sum(float(block.seconds[block.seconds > 0].sum()) for block in result.data.blocks.values())
    parts.append(tag("p", f"Processor time of all networks: {duration(seconds)}.", class_="soft"))
    return join(parts)


def _flat(environment: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in environment.items():
        if isinstance(value, Mapping):
            yield name, ", ".join(f"{k} {v}" for k, v in value.items() if v)
        elif isinstance(value, list):
            yield name, "; ".join(" ".join(str(v) for v in entry.values() if v) for entry in value)
        else:
            yield name.replace("_", " "), str(value)
