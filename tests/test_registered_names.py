"""No function asks for a registered member by a literal of its name; it asks the member for a fact.

The tree is read as syntax. Found are comparisons (``==``, ``!=``, ``in``, ``not in``), ``match`` cases,
keys of literal dictionaries that are looked into, and ``startswith`` and its like, where one side is a
literal of a registered name and the other an expression whose words say that it holds such a name.
Comparing only what is named so keeps ``Limit.ZERO = "zero"`` and Matplotlib's "none" out.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import ntk_theory
from ntk_theory.setting.output_bias import OUTPUT_BIASES
from ntk_theory.training.methods.registry import METHODS

PACKAGE = Path(ntk_theory.__file__).parent


@dataclass(frozen=True)
class Registry:
    """What is registered, where, and the words that a variable holding such a name has in its own name."""

    what: str
    home: str
    names: frozenset[str]
    words: frozenset[str]


#: A new kind of registered thing is one line.
REGISTRIES = (
    Registry(
        "output bias", "setting/output_bias.py", frozenset(OUTPUT_BIASES), frozenset({"bias", "biases"})
    ),
    Registry(
        "method",
        "training/methods/registry.py",
        frozenset(name for one in METHODS.values() for name in (one.facts.name, *one.facts.aliases)),
        frozenset({"method", "methods", "chosen", "name"}),
    ),
)
_TEXT_METHODS = ("startswith", "endswith", "removeprefix", "removesuffix")


def _words(node: ast.expr) -> set[str]:
    """The words of all names in an expression: ``c.output_bias`` has c, output and bias."""
    found = (
        inner.id if isinstance(inner, ast.Name) else inner.attr if isinstance(inner, ast.Attribute) else ""
        for inner in ast.walk(node)
    )
    return {word for name in found for word in name.lower().split("_")}


def _literals(node: ast.AST) -> set[str]:
    return {n.value for n in ast.walk(node) if isinstance(n, ast.Constant) and isinstance(n.value, str)}


def _questions(tree: ast.AST) -> Iterator[tuple[int, set[str], set[str]]]:
    """(line, literals, words) of every place that compares something with a literal text."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            yield node.lineno, set().union(*map(_literals, sides)), set().union(*map(_words, sides))
        elif isinstance(node, ast.Match):
            patterns = set().union(*(_literals(case.pattern) for case in node.cases))
            yield node.lineno, patterns, _words(node.subject)
        elif isinstance(node, ast.Subscript) and isinstance(node.value, ast.Dict):
            keys = set().union(*(_literals(key) for key in node.value.keys if key is not None))
            yield node.lineno, keys, _words(node.slice)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if node.func.attr in _TEXT_METHODS:
                yield node.lineno, set().union(set(), *map(_literals, node.args)), _words(node.func.value)
            elif node.func.attr == "get" and isinstance(node.func.value, ast.Dict):
                keys = set().union(*(_literals(key) for key in node.func.value.keys if key is not None))
                yield node.lineno, keys, set().union(set(), *map(_words, node.args))


def comparisons(source: str, registry: Registry) -> list[tuple[int, str]]:
    """(line, name) of the comparisons with a literal of a registered name in a source text."""
    return [
        (line, name)
        for line, literals, words in _questions(ast.parse(source))
        for name in sorted(literals & registry.names)
        if words & registry.words
    ]


@pytest.mark.parametrize("registry", REGISTRIES, ids=lambda r: r.what)
def test_no_function_outside_the_registry_compares_with_a_registered_name(registry):
    assert (PACKAGE / registry.home).exists()
    found = [
        f"{path.relative_to(PACKAGE)}:{line} compares with {name!r}"
        for path in sorted(PACKAGE.rglob("*.py"))
        if path != PACKAGE / registry.home
        for line, name in comparisons(path.read_text(encoding="utf-8"), registry)
    ]
    assert not found, f"ask the {registry.what} for a fact of {registry.home} instead: {found}"


@pytest.mark.parametrize(
    "source",
    [
        'if network.output_bias == "none": pass',
        'if "normal" != c.bias: pass',
        'x = 0 if bias not in ("zero", "none") else 1',
        'match self.output_bias:\n    case "none": pass',
        'x = {"zero": 0, "normal": 1}[output_bias]',
        'x = {"zero": 0, "normal": 1}.get(output_bias)',
        'x = bias.name.startswith("no") or bias.name.startswith("none")',
        'others = [b for b in biases if str(output_bias) == "zero"]',
    ],
)
def test_a_comparison_is_found_however_it_is_written(source):
    assert comparisons(source, REGISTRIES[0])


@pytest.mark.parametrize(
    "source",
    [
        'limit = Limit("zero")\nif limit == "zero": pass',
        'frame(edgecolor="none")',
        'def classify(output_bias="zero"): pass',
        "if bias == other.bias: pass",
        'if bias == "no such bias": pass',
    ],
)
def test_what_is_no_comparison_with_a_registered_name_is_left_alone(source):
    assert not comparisons(source, REGISTRIES[0])
