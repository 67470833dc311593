"""The atlas of spectra as a figure and as numbers: operator × activation × map of the inputs.

    python benchmarks/spectrum_atlas.py [--points 64] [--output results/spectrum_atlas]

Writes the figure (.svg, .png) and, per curve, how many eigenvalues are above 10^−6 of the largest, the
effective rank, and the share of the 8th (.json).
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from environment import write

from ntk_theory.model.blocks import effective_rank
from ntk_theory.report.figures.palette import svg_text
from ntk_theory.report.figures.spectrum_atlas import atlas_curves, draw_atlas

OUTPUT = Path(__file__).parent / "results" / "spectrum_atlas"


def main() -> None:
    """Compute, draw, write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--points", type=int, default=64)
    parser.add_argument("--output", type=Path, default=OUTPUT)
    asked = parser.parse_args()
    curves = atlas_curves(points=asked.points)
    rows = []
    for curve in curves:
        row = {
            "operator": curve.operator,
            "map": curve.map_name,
            "activation": curve.activation,
            "known": len(curve.shares),
            "above": int(np.sum(curve.shares > 1e-6)),
            "effective_rank": effective_rank(curve.shares),
            "eighth": float(curve.shares[7]) if len(curve.shares) > 7 else None,
        }
        rows.append(row)
        print(
            "{operator:12} {map:26} {activation:9} {above:3} above 1e-6, rank {effective_rank:.3g}".format(
                **row
            )
        )
    write(asked.output.with_suffix(".json"), {"points": asked.points, "curves": rows})
    figure = draw_atlas(curves)
    asked.output.with_suffix(".svg").write_text(svg_text(figure), encoding="utf-8")
    figure.savefig(asked.output.with_suffix(".png"), dpi=110)


if __name__ == "__main__":
    main()
