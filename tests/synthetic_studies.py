"""Rows of studies whose truth is known: kernels drawn from the limit law, T_N scattered around T^∞.

With G drawn from the law's Gaussian field and z standard normal, one network of width N has S_N = G and
T_N = (1 + z/√N)·T^∞, so that every statement of the finite-ε law is true by construction.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ntk_theory.limit.law import LimitLaw, limit_law
from ntk_theory.model.assembly import fold_kernel, linearise, network_jets, row_kernel
from ntk_theory.model.network import epsilon_of
from ntk_theory.studies.initialisation.blocks import BlockReader
from ntk_theory.studies.initialisation.cells import CellContext
from ntk_theory.studies.question.study import Study


@dataclass
class World:
    """One study with its law; :meth:`data` draws rows."""

    text: str
    output_bias: str = "zero"
    points: int = 4
    seeds: int = 64
    study: Study = field(init=False)
    law: LimitLaw = field(init=False)

    def __post_init__(self):
        self.study = Study.from_problems(
            self.text, points=self.points, seeds=self.seeds, output_bias=self.output_bias
        )
        (case,) = self.study.cases
        self.context = CellContext.of(self.study, case, "tanh")
        self.law = limit_law(case.problem, self.context.network(8), case.points)

    @property
    def label(self):
        return self.study.cases[0].label

    def data(self, seed):
        """Rows of one realisation of the study."""
        rng = np.random.default_rng(seed)
        rows, law, context = self.law.rows, self.law, self.context
        reader = BlockReader(rows.groups, len(law.problem.fields), self.study.seed)
        values: dict[tuple[str, str, str], np.ndarray] = {}

        def put(width_at, key, numbers):
            block = values.setdefault(key, np.full((len(self.study.widths), self.seeds), np.nan))
            block[width_at] = numbers

        for k, width in enumerate(self.study.widths):
            draw_seed = int(rng.integers(2**31))
            G = law.sample_jets(self.seeds, draw_seed)
            c = law._offsets(self.seeds, draw_seed, None)
            scatter = 1 + rng.standard_normal(self.seeds) / np.sqrt(width)
            for a, name in enumerate(context.slot_names):
                for j, w in enumerate(context.probes):
                    put(k, ("", "", f"field:{name}:{j}"), G[a] @ w)
            for name, exact in context.jet_ntk_values(law.jet_ntk).items():
                put(k, ("", "", name), exact * scatter)
            for s in self.study.s:
                epsilon = epsilon_of(width, s)
                weights = linearise(rows, network_jets(rows, G, epsilon, c)).weights
                hidden = fold_kernel(rows, row_kernel(rows, weights, law.jet_ntk, epsilon, 0.0))
                whole = fold_kernel(rows, row_kernel(rows, weights, law.jet_ntk, epsilon, law._bias_rate))
                with_bias = whole - hidden + scatter[:, None, None] * hidden
                for matrix, suffix in ((with_bias, ""), (whole, "_limit")):
                    for pair, quantity, numbers in reader.read(matrix):
                        head, colon, tail = quantity.partition(":")
                        put(k, (pair, str(s), f"{head}{suffix}{colon}{tail}"), numbers)
                for pair in reader.pairs:
                    put(k, (pair, str(s), "identity"), 1e-15)
        return Rows(values, (len(self.study.widths), self.seeds))


@dataclass
class Rows:
    """A store stand-in: (pair, s, quantity) → (widths, seeds)."""

    known: dict
    shape: tuple

    def values(self, case, activation, pair, s, quantity):
        return self.known.get((pair, s, quantity), np.full(self.shape, np.nan))
