"""The picture of the main result: ‖K_ff‖ against width for four problems, with the limit law.

    python benchmarks/verify_picture.py [--store four.sqlite] [--output results/verify.svg]

The study is the default one of ``ntk-theory verify`` (widths 64 to 16384, 64 networks each), so it takes some
minutes.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from ntk_theory.report.figures.palette import svg_text
from ntk_theory.report.figures.widths import draw_norms, width_curves
from ntk_theory.studies.initialisation.verify import StudyResult, verify

#: Problem → what its panel is called.
PROBLEMS = {
    "poisson": "Poisson, linear\n[ZY] needs $s\\geq 1/2$. Observed: $s\\geq 1/2$",
    "sine-gordon": "sine-Gordon\n[ZY] needs $s\\geq 1$. Observed: $s>1/2$, constant",
    "kdv": "Korteweg–de Vries\n[ZY] needs $s\\geq 1$. Observed: $s>1/2$, to zero",
    "fractional-reaction": "reaction $|u|^{1/2}$\n[ZY] needs $s\\geq 1$. Observed: never",
}
TITLE = "Does the residual's kernel converge? Networks against the limit law"


def picture(result: StudyResult) -> str:
    """The picture as SVG."""
    groups = {title: width_curves(result, name, "tanh", blocks=("ff",)) for name, title in PROBLEMS.items()}
    return svg_text(draw_norms(groups, TITLE, columns=2))


def main() -> None:
    """Run or resume the study and draw."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--store", type=Path)
    parser.add_argument("--workers", type=int)
    parser.add_argument("--output", type=Path, default=Path(__file__).parent / "results" / "verify.svg")
    arguments = parser.parse_args()
    result = verify(list(PROBLEMS), store=arguments.store, workers=arguments.workers)
    arguments.output.write_text(picture(result), encoding="utf-8")
    print(result)
    print(arguments.output)


if __name__ == "__main__":
    main()
