"""A study of training as one self-contained HTML page: no script, no font, no picture from anywhere else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ntk_theory.report.drifts import TrainingAnswer, footer, head, measured, training_answers
from ntk_theory.report.figures.drift import draw_drifts
from ntk_theory.report.figures.palette import data_uri
from ntk_theory.report.page.initialisation import derivation
from ntk_theory.report.page.markup import Markup, definitions, details, document, table, tag, void
from ntk_theory.report.page.plain import claim_row
from ntk_theory.report.page.provenance import Provenance
from ntk_theory.report.page.reproduce import resume_command
from ntk_theory.report.rows import SIGNS
from ntk_theory.report.words import problem_title
from ntk_theory.studies.flow.cells import flow_settings
from ntk_theory.studies.flow.verify import TrainingResult
from ntk_theory.theory.classification import classify


def training_page(result: TrainingResult, provenance: Provenance, *, only: Sequence[str] = ()) -> str:
    """The whole page. ``only`` names problems (or labels) to which the answers are restricted."""
    every = [
        a
        for a in training_answers([result])
        if not only or a.label in only or a.label.partition(" [")[0] in only
    ]
    names = list(dict.fromkeys(problem_title(result.study.case(a.label).problem) for a in every))
    body = [
        tag("h1", f"Training: {', '.join(names)}"),
        tag(
            "p", "Does the neural tangent kernel stay where it started, as the width N grows?", class_="soft"
        ),
        *([] if result.is_complete else [tag("p", _incomplete(result), class_="pill refuted")]),
        *(piece for answer in every for piece in _answer(answer)),
        *(tag("p", line, class_="soft") for line in footer(result)),
        *_settings(result, provenance),
    ]
    return document(f"Study of training: {', '.join(names)}", body)


def _incomplete(result: TrainingResult) -> str:
    missing = len(result.study.cells()) - result.data.computed
    return f"Incomplete: {missing} networks are not trained, {len(result.data.failures())} flows failed."


def _answer(answer: TrainingAnswer) -> Iterator[Markup]:
    yield tag("h2", answer.title)
    yield table(head(answer), measured(answer))
    figure = draw_drifts(answer)
    if figure is not None:
        alt = f"Absolute and relative drift of the kernel of {answer.label} against width, by s."
        yield tag(
            "figure",
            [
                void("img", src=data_uri(figure), alt=alt),
                tag(
                    "figcaption",
                    "Each dot a network, lines their medians; dashed, the limiting dynamics for s > 1/2.",
                ),
            ],
        )
    refuted_by = answer.result.refuted_by
    rows = [claim_row(claim, refuted_by.get(claim.code, "")) for claim in answer.claims]
    yield table(["claim", "outcome", "evidence"], rows, "told")
    verdicts = [
        [v.claim, "" if v.s is None else str(v.s), f"{SIGNS[v.outcome]} {v.outcome}", v.reason]
        for v in answer.verdicts
    ]
    yield details(
        "Every verdict with its reason", table(["claim", "s", "outcome", "reason"], verdicts, "told")
    )
    study = answer.result.study
    initial = classify(
        study.case(answer.label).problem,
        output_bias=study.output_bias,
        activation=answer.activation,
        depth=study.depth,
    )
    yield details("Derivation of the limits at the start of training, rule by rule", derivation(initial))


def _settings(result: TrainingResult, provenance: Provenance) -> Iterator[Markup]:
    study = result.study
    yield tag("h2", "Settings and how to reproduce")
    pairs = {**flow_settings(study).to_dict(), "seeds": study.seeds, "depth": study.depth}
    pairs |= {"output bias": study.output_bias, "root seed": study.seed, **study.criterion}
    yield definitions((name, str(value)) for name, value in pairs.items())
    yield tag("p", ["The same numbers again: ", tag("code", resume_command(result.path))])
    yield tag("p", f"Study {study.digest}; rows {provenance.fingerprint}.", class_="soft")
    for environment in provenance.environments[-1:]:
        yield details("Made with", definitions((name, str(value)) for name, value in environment.items()))
