"""The rules' answer about the networks that one stands for: where predictions and networks meet."""

from __future__ import annotations

from ntk_theory.model.network import Network
from ntk_theory.symbolic.problem import Problem
from ntk_theory.theory import Classification, classify


def classification_of(problem: Problem, network: Network) -> Classification:
    """What :func:`ntk_theory.classify` says of a problem for networks made like this one.

    Its activation, depth, output bias, input map, features and initialisation matter, its width and s do not.
    """
    return classify(
        problem,
        output_bias=network.output_bias,
        activation=network.activation,
        input_map=network.input_map,
        features=network.features,
        initialisation=network.initialisation,
        depth=len(network.widths),
    )
