"""The operations that a model's code may consist of, on the values of :mod:`ntk_theory.exchange.values`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import sympy as sp

from ntk_theory.errors import InputError
from ntk_theory.exchange.model import Affine
from ntk_theory.exchange.values import ACTIVATIONS, ON_COLUMNS, Columns, Hidden, Weight, number
from ntk_theory.symbolic.jets import JetSpace

#: Names of the same operation.
ALIASES = {
    "truediv": "div", "true_divide": "div", "divide": "div", "multiply": "mul", "subtract": "sub",
    "concat": "cat", "concatenate": "cat", "negative": "neg", "absolute": "abs", "pos": "identity",
    "contiguous": "identity", "clone": "identity", "double": "identity", "float": "identity",
    "expit": "sigmoid", "t": "transposed", "numpy_T": "transposed", "__matmul__": "matmul", "mm": "matmul",
    "requires_grad_": "identity", "hstack": "cat", "column_stack": "cat", "swish": "silu",
    "view": "reshape", "swapaxes": "transposed", "transpose": "transposed", "permute": "transposed",
}  # fmt: skip


def refuse(what: str, instead: str) -> InputError:
    """The error that something in a model is not read."""
    return InputError(f"the model has {what}, which is not read; it needs {instead}")


class Operations:
    """What is known while a model is read.

    ``entering`` are the columns of the first layer, ``last`` the stack of layers once it is complete.
    """

    def __init__(self, space: JetSpace) -> None:
        self.space = space
        self.entering: tuple[sp.Expr, ...] = ()
        self.last: Hidden | None = None
        self.outputs: tuple[str, ...] = space.fields
        self.output_symbols: list[sp.Expr] = []
        self.table: dict[str, Callable[..., Any]] = {
            "add": self.add, "sub": self.sub, "mul": self.mul, "div": self.div, "neg": self.neg,
            "pow": self.pow, "cat": self.cat, "stack": self.stack, "linear": self.linear,
            "matmul": self.matmul, "getitem": self.getitem, "getattr": self.getattr,
            "identity": lambda x: x, "transposed": self.transposed,
            "unsqueeze": self.unsqueeze, "squeeze": self.squeeze, "reshape": self.reshape,
        }  # fmt: skip

    def operation(self, name: str, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
        """One call by its name."""
        name = ALIASES.get(name.strip("_") if name.strip("_") in ALIASES else name, name.strip("_"))
        known = {k: v for k, v in kwargs.items() if k not in ("inplace", "dtype", "device")}
        if name == "getitem" and isinstance(args[0], tuple) and isinstance(args[1], int):
            return args[0][args[1]]
        if not any(isinstance(a, Columns | Hidden | Weight) for a in _flat([*args, *known.values()])):
            return self._constant(name, args)
        if name == "gelu" and known.pop("approximate", "none") != "none":
            raise refuse("gelu with approximate='tanh'", "approximate='none'")
        if name in ON_COLUMNS:
            if known or len(args) != 1:
                raise refuse(f"{name} with options", f"plain {name}(z)")
            return self.function(name, args[0])
        if name not in self.table:
            ways = ", ".join(sorted({*self.table, *ON_COLUMNS} - {"identity", "getattr"}))
            raise refuse(f"the operation {name!r}", f"one of {ways}")
        try:
            return self.table[name](*args, **known)
        except TypeError as error:
            raise refuse(f"{name} with other arguments ({error})", f"plain {name}") from None

    def _constant(self, name: str, args: Sequence[Any]) -> Any:
        simple = {"add": np.add, "sub": np.subtract, "mul": np.multiply, "div": np.divide, "pow": np.power}
        if name in simple and len(args) == 2:
            return simple[name](*args)
        if name == "transposed":
            return np.asarray(args[0]).T
        if name in ("sqrt", "neg") and len(args) == 1:
            return np.sqrt(args[0]) if name == "sqrt" else -np.asarray(args[0])
        if name == "identity":
            return args[0]
        if name == "getattr" and args[1] in ("T", "mT"):
            return np.asarray(args[0]).T
        raise refuse(f"the operation {name!r} on constants", "arithmetic of numbers")

    # values of one kind as another

    def columns(self, value: Any) -> Columns:
        """Columns of a value; a stack of layers is complete when it is asked for its columns."""
        if isinstance(value, Columns):
            return value
        if isinstance(value, Hidden):
            return self._of_stack(value)
        if isinstance(value, Weight):
            raise refuse(
                f"the trained parameter {value.name!r} beside the layers", "parameters in affine layers only"
            )
        raise refuse(f"{type(value).__name__} for a tensor", "a tensor made of the inputs")

    def _of_stack(self, value: Hidden) -> Columns:
        function = None
        if not value.is_linear:
            if len(value.layers) < 2:
                raise refuse("outputs that are a hidden layer", "a last affine layer")
            function, after = value.activations[-1], value.after
            value = replace(value, activations=(*value.activations[:-1], ""), after=1.0)
        self.final(value)
        symbols = tuple(self.output_symbols)
        if function is not None:
            symbols = tuple(number(after) * _apply(function, v) for v in symbols)
        return Columns(symbols)

    def final(self, stack: Hidden) -> None:
        """These are all layers; their outputs get names."""
        if self.last is not None:
            if self.last.places != stack.places:
                raise refuse("two networks, or a layer whose values are used twice", "one stack of layers")
            return
        self.last = stack
        count, stem = len(stack.layers[-1].weight), self.space.fields[0]
        self.outputs = (stem,) if count == 1 else tuple(f"{stem}{k + 1}" for k in range(count))
        self.space = JetSpace(self.outputs, self.space.variables)
        self.output_symbols = [self.space.symbol(self.space.value(name)) for name in self.outputs]

    def activation(self, stack: Hidden) -> str:
        """The one activation of all hidden layers."""
        kinds = sorted(set(stack.activations[:-1]))
        if len(kinds) > 1:
            raise refuse(f"the activations {' and '.join(kinds)}", "one activation for all hidden layers")
        return kinds[0] if kinds else "tanh"

    # affine layers

    def linear(self, x: Any, weight: Any, bias: Any = None) -> Any:
        """V h + β."""
        if isinstance(weight, np.ndarray) and isinstance(x, Columns):
            found = self.matmul(x, weight.T)
            return found if bias is None else self.add(found, bias)
        found = self.matmul(x, self.transposed(self._as_weight(weight)))
        return found if bias is None else self.add(found, bias)

    def matmul(self, x: Any, weight: Any) -> Any:
        """H W, H (n, in) and W (in, out)."""
        if isinstance(x, Columns) and isinstance(weight, np.ndarray):
            return Columns(
                tuple(
                    sp.Add(*(e * number(float(c)) for e, c in zip(x.expressions, column, strict=True)))
                    for column in weight.T
                )
            )
        W = self._as_weight(weight)
        V = W.array if W.is_transposed else W.array.T
        name = W.name if W.is_transposed else W.name + "^T"
        if isinstance(x, Columns) and not x.is_flat:
            if V.shape[1] != len(x.expressions):
                raise refuse(
                    f"a first layer of {V.shape[1]} inputs on {len(x.expressions)} columns",
                    f"{len(x.expressions)} inputs (say variables= where the names were guessed)",
                )
            if self.entering:
                raise refuse("two first layers", "one stack of layers")
            self.entering = x.expressions
            return Hidden((Affine(V, None, W.factor, 1.0, W.is_trained, False),), ("",), 1.0, ((name, None),))
        if not isinstance(x, Hidden):
            raise refuse("a layer on a tensor (n,)", "tensors (n, columns)")
        if x.is_linear:
            raise refuse("two affine layers without an activation between", "an activation after each")
        layer = Affine(V, None, W.factor * x.after, 1.0, W.is_trained, False)
        return Hidden((*x.layers, layer), (*x.activations, ""), 1.0, (*x.places, (name, None)))

    def _as_weight(self, value: Any) -> Weight:
        if isinstance(value, Weight) and value.array.ndim == 2:
            return value
        if isinstance(value, np.ndarray) and value.ndim == 2:
            return Weight("", value, False)
        raise refuse("a product of two tensors of the network", "a layer's product with its weights")

    def transposed(self, x: Any, *axes: int) -> Any:
        """Wᵀ."""
        if isinstance(x, Weight) and set(axes) <= {0, 1, -1, -2}:
            return replace(x, is_transposed=not x.is_transposed)
        raise refuse("a transposed tensor of the network", "rows for points and columns for fields")

    def _with_bias(self, x: Hidden, bias: Any) -> Hidden:
        W = bias if isinstance(bias, Weight) else Weight("", np.asarray(bias), False)
        b = np.asarray(W.array).reshape(-1)
        last = x.layers[-1]
        if not x.is_linear or last.bias is not None or len(b) != len(last.weight):
            raise refuse(
                "something added to a hidden layer", "one bias per affine layer (no skip connections)"
            )
        layer = replace(last, bias=b, bias_factor=W.factor, is_bias_trained=W.is_trained)
        place = (x.places[-1][0], W.name or None)
        return replace(x, layers=(*x.layers[:-1], layer), places=(*x.places[:-1], place))

    # arithmetic

    def add(self, a: Any, b: Any, alpha: float = 1) -> Any:
        """A + b."""
        if alpha != 1:
            b = self.mul(b, alpha)
        for x, other in ((a, b), (b, a)):
            is_array = isinstance(other, Weight) or (isinstance(other, np.ndarray) and other.ndim)
            if isinstance(x, Hidden) and is_array and x.layers[-1].bias is None and x.is_linear:
                return self._with_bias(x, other)
            if isinstance(x, Hidden) and isinstance(other, Hidden) and x is not other and not x.is_linear:
                raise refuse("a sum of two hidden layers (a skip connection)", "a plain stack of layers")
        return self._by_columns(a, b, lambda p, q: p + q)

    def sub(self, a: Any, b: Any) -> Any:
        """A − b."""
        return self._by_columns(a, b, lambda p, q: p - q)

    def neg(self, a: Any) -> Any:
        """−a."""
        return self.mul(a, -1)

    def mul(self, a: Any, b: Any) -> Any:
        """a·b; by a number a layer keeps its arrays and gets a factor."""
        for x, c in ((a, b), (b, a)):
            if isinstance(x, Hidden | Weight) and (
                isinstance(c, int | float | np.number) or np.shape(c) == (1,)
            ):
                return self._scaled(x, float(np.asarray(c).reshape(())))
        return self._by_columns(a, b, lambda p, q: p * q)

    def div(self, a: Any, b: Any, rounding_mode: None = None) -> Any:
        """a/b."""
        if isinstance(a, Hidden | Weight) and isinstance(b, int | float | np.number):
            return self._scaled(a, 1 / float(b))
        return self._by_columns(a, b, lambda p, q: p / q)

    def _scaled(self, x: Any, c: float) -> Any:
        if isinstance(x, Weight):
            return replace(x, factor=x.factor * c)
        if not x.is_linear:
            return replace(x, after=x.after * c)
        last = x.layers[-1]
        layer = replace(last, factor=last.factor * c, bias_factor=last.bias_factor * c)
        return replace(x, layers=(*x.layers[:-1], layer))

    def pow(self, a: Any, n: Any) -> Any:
        """a^n; of ReLU an activation."""
        is_whole = isinstance(n, int) and n > 0
        if isinstance(a, Hidden) and a.activations[-1] == "relu" and a.after == 1.0 and is_whole:
            return replace(a, activations=(*a.activations[:-1], f"relu^{n}"))
        return self._by_columns(a, n, lambda p, q: p**q)

    def function(self, name: str, x: Any) -> Any:
        """An activation of a layer, or a function of columns."""
        if isinstance(x, Hidden) and x.is_linear and name in ACTIVATIONS:
            return replace(x, activations=(*x.activations[:-1], name))
        if isinstance(x, Hidden) and not x.is_linear and len(x.layers) < 2:
            raise refuse(f"{name} of an activated layer", f"one of {', '.join(ACTIVATIONS)}, once per layer")
        found = self.columns(x)
        return Columns(tuple(ON_COLUMNS[name](e) for e in found.expressions), found.is_flat)

    def _by_columns(self, a: Any, b: Any, f: Callable[[sp.Expr, sp.Expr], sp.Expr]) -> Columns:
        left, right = (self._spread(v) for v in (a, b))
        tensors = [v for v in (left, right) if isinstance(v, Columns)]
        if len({v.is_flat for v in tensors}) > 1:
            raise refuse(
                "a tensor (n,) combined with one of columns (n, k)", "both of one shape: they give (n, n)"
            )
        width = max(len(v.expressions) for v in tensors)
        p, q = (_wide(v, width) for v in (left, right))
        return Columns(tuple(map(f, p, q)), tensors[0].is_flat)

    def _spread(self, value: Any) -> Columns | tuple[sp.Expr, ...]:
        if isinstance(value, int | float | np.number):
            return (number(value if isinstance(value, int) else float(value)),)
        if isinstance(value, np.ndarray):
            if value.ndim > 2 or (value.ndim == 2 and len(value) != 1):
                raise refuse(f"a constant of shape {value.shape}", "one number per column")
            return tuple(number(float(v)) for v in value.reshape(-1))
        return self.columns(value)

    # columns

    def cat(self, tensors: Sequence[Any], dim: int = 0, axis: int | None = None) -> Columns:
        """Columns side by side."""
        found = [self.columns(t) for t in tensors]
        if (dim if axis is None else axis) not in (1, -1) or any(c.is_flat for c in found):
            raise refuse("tensors joined along the points", "cat(..., dim=1)")
        return Columns(tuple(e for c in found for e in c.expressions))

    def stack(self, tensors: Sequence[Any], dim: int = 0) -> Columns:
        """Tensors (n,) as columns."""
        found = [self.columns(t) for t in tensors]
        if dim not in (1, -1) or not all(c.is_flat for c in found):
            raise refuse("a stack along the points", "stack of tensors (n,) with dim=1")
        return Columns(tuple(e for c in found for e in c.expressions))

    def getitem(self, x: Any, key: Any) -> Any:
        """Columns by number."""
        if isinstance(x, tuple | list):
            return x[key]
        found, keys = self.columns(x), key if isinstance(key, tuple) else (key,)
        if found.is_flat and len(keys) == 2 and keys[0] == slice(None) and keys[1] is None:
            return Columns(found.expressions)
        if len(keys) != 2 or keys[0] not in (slice(None), Ellipsis) or found.is_flat:
            raise refuse(f"the part [{key}] of a tensor", "columns such as x[:, 0:1]")
        at = keys[1]
        if isinstance(at, int):
            return Columns((found.expressions[at],), True)
        if isinstance(at, list):
            return Columns(tuple(found.expressions[k] for k in at))
        return Columns(found.expressions[at])

    def getattr(self, x: Any, name: str) -> Any:
        """Wᵀ as an attribute."""
        if name in ("T", "mT"):
            return self.transposed(x)
        if name == "shape" and isinstance(x, Weight):
            return x.array.shape[::-1] if x.is_transposed else x.array.shape
        raise refuse(f"the attribute {name!r} of a tensor", "arithmetic that does not ask for shapes")

    def unsqueeze(self, x: Any, dim: int) -> Columns:
        """(n,) as (n, 1)."""
        found = self.columns(x)
        if not found.is_flat or dim not in (1, -1):
            raise refuse("unsqueeze of a table", "unsqueeze(-1) of a tensor (n,)")
        return Columns(found.expressions)

    def squeeze(self, x: Any, dim: int = -1) -> Columns:
        """(n, 1) as (n,)."""
        found = self.columns(x)
        if len(found.expressions) != 1 or dim not in (1, -1):
            raise refuse("squeeze of several columns", "squeeze(-1) of a tensor (n, 1)")
        return Columns(found.expressions, True)

    def reshape(self, x: Any, *shape: Any) -> Columns:
        """(−1, k) of k columns."""
        found, sizes = self.columns(x), shape[0] if len(shape) == 1 and isinstance(shape[0], tuple) else shape
        if sizes == (-1, len(found.expressions)):
            return Columns(found.expressions)
        if sizes in ((-1,), -1) and len(found.expressions) == 1:
            return Columns(found.expressions, True)
        raise refuse(f"a tensor of shape {sizes}", "(-1, number of columns)")


def _wide(value: Columns | tuple[sp.Expr, ...], width: int) -> tuple[sp.Expr, ...]:
    own = value.expressions if isinstance(value, Columns) else value
    if len(own) not in (1, width):
        raise refuse(f"{len(own)} columns combined with {width}", "as many, or one")
    return own * width if len(own) == 1 else own


def _apply(name: str, v: sp.Expr) -> sp.Expr:
    stem, mark, power = name.partition("^")
    found = ON_COLUMNS[stem](v)
    return found ** int(power) if mark else found


def _flat(values: Sequence[Any]) -> list[Any]:
    out: list[Any] = []
    for value in values:
        out += _flat(value) if isinstance(value, tuple | list) else [value]
    return out
