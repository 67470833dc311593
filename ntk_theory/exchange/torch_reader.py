"""A torch module as network and parameters: its ``forward`` is traced and read operation by operation.

The trace is that of ``torch.fx``: the code runs once on stand-ins for tensors, so that loops and plain Python
resolve themselves, and what depends on the values of points cannot be read. What is not understood is refused
by its name. torch is never imported before a module of it is handed in.
"""

from __future__ import annotations

import copy
import importlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from ntk_theory.arrays import Floats
from ntk_theory.errors import InputError
from ntk_theory.exchange.columns import read_columns
from ntk_theory.exchange.model import Model, build, names_for
from ntk_theory.exchange.operations import Operations, refuse
from ntk_theory.exchange.values import Columns, Hidden, Weight
from ntk_theory.symbolic.jets import JetSpace

#: Modules that are an operation of the table, and what their options must be.
MODULES: dict[str, tuple[str, dict[str, Any]]] = {
    "Tanh": ("tanh", {}),
    "Sigmoid": ("sigmoid", {}),
    "Softplus": ("softplus", {"beta": 1}),
    "SiLU": ("silu", {}),
    "GELU": ("gelu", {"approximate": "none"}),
    "ReLU": ("relu", {}),
    "Mish": ("mish", {}),
}
#: Names of outputs before a transform; the first that the problem leaves free.
OUTPUT_NAMES = ("v", "w", "q", "r", "z")


def is_module(what: Any) -> bool:
    """Is it a ``torch.nn.Module``? Asked without importing torch."""
    return any(
        c.__module__ == "torch.nn.modules.module" and c.__name__ == "Module" for c in type(what).__mro__
    )


def read_module(
    module: Any, variables: Sequence[str] | None = None, fields: Sequence[str] | None = None
) -> Model:
    """The model that a module is; names as in :func:`ntk_theory.exchange.read.from_torch`."""
    graph, defaults = _trace(module)
    inputs = [node for node in graph.nodes if node.op == "placeholder" and node.target not in defaults]
    d = len(variables) if variables is not None else len(inputs)
    if variables is None and len(inputs) == 1:
        d = _first_width(module, graph)
    names, _ = names_for(d, 1, variables, None)
    if not inputs or (len(inputs) > 1 and len(inputs) != d):
        raise InputError(
            f"the module's forward takes {len(inputs)} tensors for the variables {', '.join(names)}; it "
            "needs one of shape (n, d), or one per variable"
        )
    return _Reader(module, graph, names, fields or (), defaults).model(fields)


def _trace(module: Any) -> tuple[Any, dict[str, Any]]:
    fx = importlib.import_module("torch.fx")

    class Tracer(fx.Tracer):  # type: ignore[name-defined, misc]
        def is_leaf_module(self, m: Any, path: str) -> bool:
            return bool(m.__module__.startswith("torch.nn") and type(m).__name__ != "Sequential")

    for name, part in module.named_modules():
        hooks = [h for h in ("_forward_hooks", "_forward_pre_hooks") if getattr(part, h, None)]
        if hooks:
            raise refuse(
                f"a hook of {name or 'the module'} that changes its forward", "a module without hooks"
            )
    try:
        graph = Tracer().trace(module)
    except Exception as error:
        raise refuse(
            f"a forward whose steps depend on values ({type(error).__name__}: {str(error)[:120]})",
            "a forward of affine layers, activations and arithmetic, without branches on tensors",
        ) from error
    defaults = {n.target: n.args[0] for n in graph.nodes if n.op == "placeholder" and n.args}
    return graph, defaults


def _first_width(module: Any, graph: Any) -> int:
    for node in graph.nodes:
        if node.op == "call_module" and type(module.get_submodule(node.target)).__name__ == "Linear":
            return int(module.get_submodule(node.target).in_features)
    raise InputError("the module has no Linear layer from which to see its inputs; say variables=")


class _Reader(Operations):
    """Walks the graph; every value is a :mod:`ntk_theory.exchange.values` or a Python constant."""

    def __init__(
        self,
        module: Any,
        graph: Any,
        variables: tuple[str, ...],
        fields: Sequence[str],
        defaults: dict[str, Any],
    ) -> None:
        super().__init__(JetSpace((_free(OUTPUT_NAMES, (*variables, *fields)),), variables))
        self.module, self.graph, self.defaults = module, graph, defaults
        self.used: set[str] = set()

    def model(self, fields: Sequence[str] | None) -> Model:
        found = self.walk()
        if isinstance(found, Hidden) and found.is_linear:
            self.final(found)
            transform: tuple[Any, ...] = ()
        else:
            transform = self.columns(found).expressions
            if self.last is None:
                raise refuse("an output that no layer makes", "a last affine layer")
        assert self.last is not None
        stack, count = self.last, len(self.last.layers[-1].weight)
        _, outer = names_for(len(self.space.variables), len(transform) or count, self.space.variables, fields)
        outputs = self.outputs if transform else outer
        if transform and list(transform) == self.output_symbols:
            transform, outputs = (), outer
        inputs = read_columns(self.entering, self.space)
        phi = self.activation(stack)
        return build(
            stack.layers, phi, inputs, self.space.variables, outputs,
            transform=transform, source=f"the torch module {type(self.module).__name__}",
            put=_Putter(self.module, stack.places), is_single=_is_single(self.module), notes=self._notes(),
        )  # fmt: skip

    def walk(self) -> Any:
        known: dict[Any, Any] = {}
        given = [n for n in self.graph.nodes if n.op == "placeholder" and n.target not in self.defaults]
        x = self.space.variable_symbols
        for node in self.graph.nodes:
            args, kwargs = _filled(node.args, known), _filled(dict(node.kwargs), known)
            if node.op == "output":
                return args[0]
            if node.op == "placeholder":
                at = given.index(node) if node in given else None
                if at is None:
                    known[node] = self.defaults[node.target]
                else:
                    known[node] = Columns(tuple(x) if len(given) == 1 else (x[at],))
            elif node.op == "get_attr":
                known[node] = self.attribute(node.target)
            elif node.op == "call_module":
                known[node] = self.call(self.module.get_submodule(node.target), node.target, args)
            else:
                name = node.target if isinstance(node.target, str) else node.target.__name__
                known[node] = self.operation(name, args, kwargs)
        raise refuse("a forward that returns nothing", "one that returns its outputs")

    def attribute(self, name: str) -> Any:
        owner, _, last = name.rpartition(".")
        value = getattr(self.module.get_submodule(owner), last)
        array = _array(value)
        if value.requires_grad or (name in dict(self.module.named_parameters()) and array.ndim):
            return self.weight(name, value)
        return float(array) if array.ndim == 0 else array

    def weight(self, name: str, value: Any) -> Weight:
        if name in self.used:
            raise refuse(f"the parameter {name!r} in two places", "each parameter once (no tied weights)")
        self.used.add(name)
        return Weight(name, _array(value), bool(value.requires_grad))

    def call(self, module: Any, name: str, args: tuple[Any, ...]) -> Any:
        kind = type(module).__name__
        if kind in ("Identity",) or (kind == "Dropout" and (not module.training or module.p == 0)):
            return args[0]
        if kind == "Linear" and set(module._parameters) == {"weight", "bias"}:
            bias = None if module.bias is None else self.weight(f"{name}.bias", module.bias)
            return self.linear(args[0], self.weight(f"{name}.weight", module.weight), bias)
        if kind in MODULES:
            operation, options = MODULES[kind]
            for option, wanted in options.items():
                if getattr(module, option) != wanted:
                    raise refuse(f"{kind}({option}={getattr(module, option)!r})", f"{option}={wanted!r}")
            return self.operation(operation, args[:1], {})
        raise refuse(
            f"the module {name!r}, {kind}",
            f"Linear, Sequential, Identity, {', '.join(MODULES)}, or functions such as torch.sin",
        )

    def _notes(self) -> tuple[str, ...]:
        rest = [n for n, p in self.module.named_parameters() if p.requires_grad and n not in self.used]
        if not rest:
            return ()
        return (f"{', '.join(rest[:3])}: trained, but no part of the network; left out of its kernel",)


class _Putter:
    """A copy of the module with other arrays in the places from which the layers were read."""

    def __init__(self, module: Any, places: tuple[tuple[str, str | None], ...]) -> None:
        self.module, self.places = module, places

    def __call__(self, arrays: Sequence[tuple[Floats, Floats | None]]) -> Any:
        torch: Any = importlib.import_module("torch")
        again = copy.deepcopy(self.module)
        named = dict(again.named_parameters())
        with torch.no_grad():
            for (weight, bias), (V, b) in zip(self.places, arrays, strict=True):
                name, mark, _ = weight.partition("^T")
                for place, array in ((name, V.T if mark else V), (bias, b)):
                    if place is not None and array is not None:
                        named[place].copy_(torch.as_tensor(np.array(array), dtype=named[place].dtype))
        return again


def _filled(value: Any, known: dict[Any, Any]) -> Any:
    """Arguments with values in place of nodes."""
    if isinstance(value, tuple | list):
        return type(value)(_filled(v, known) for v in value)
    if isinstance(value, dict):
        return {k: _filled(v, known) for k, v in value.items()}
    if isinstance(value, slice):
        return slice(*(_filled(v, known) for v in (value.start, value.stop, value.step)))
    return known.get(value, value) if type(value).__name__ == "Node" else value


def _array(tensor: Any) -> Floats:
    return np.array(tensor.detach().cpu().numpy(), dtype=np.float64)


def _is_single(module: Any) -> bool:
    return any(p.dtype.itemsize < 8 for p in module.parameters())


def _free(names: Sequence[str], taken: Sequence[str]) -> str:
    return next(name for name in names if name not in taken)
