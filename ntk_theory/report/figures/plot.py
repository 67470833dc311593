"""``nt.plot``: a picture of whatever was found, as a figure of its own or in given axes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ntk_theory.advice.law_table import Prediction
from ntk_theory.empirical.spectra import Spectrum
from ntk_theory.errors import InputError
from ntk_theory.model.blocks import Kernel
from ntk_theory.recipes.reproduction import Reproduction
from ntk_theory.report.figures.kernel import draw_kernel_matrix
from ntk_theory.report.figures.law import WIDTHS, draw_limit_law
from ntk_theory.report.figures.palette import label_axes
from ntk_theory.report.figures.panels import Spectra, chosen, panel_of
from ntk_theory.report.figures.reproduction import draw_reproduction
from ntk_theory.report.figures.run import draw_losses
from ntk_theory.report.figures.widths import draw_width_curves, width_curves
from ntk_theory.studies.judging.result import Result
from ntk_theory.training.trajectory import Trajectory


def plot(
    result: Any,
    case: str | None = None,
    activation: str | None = None,
    *,
    ax: Axes | None = None,
    blocks: Sequence[str] | str | None = None,
) -> Figure:
    """A picture of a result.

    Parameters
    ----------
    result:
        A kernel, its spectra, a limit law or prediction, a classification, a trajectory, a recommendation,
        or what :func:`ntk_theory.verify` returned.
    case, activation:
        Of a study: which problem (its label in ``result.verdicts``) and activation; default: the first.
    ax:
        Axes to draw into: one panel, the most telling one. Default: a figure of its own, with all panels that
        this kind of result has.
    blocks:
        Blocks of the kernel, or groups of a run, that are drawn; one panel then, too. Default: all, of a
        study in given axes the first.

    Returns
    -------
    Figure
        That of ``ax``, or a new one that no global state of matplotlib knows; ``figure.savefig`` writes it.

    Raises
    ------
    InputError
        Nothing draws this object, or it has no such case, activation or block.
    """
    shown = _of_one_case(result, case, activation)
    if isinstance(shown, tuple) and shown and all(isinstance(part, Spectrum) for part in shown):
        shown = Spectra(shown)
    whole = next((draw for kind, draw in _WHOLE if isinstance(shown, kind)), None)
    if ax is None and blocks is None and whole is not None:
        figure = whole(shown)
    else:
        panel = panel_of(shown)
        names = chosen(panel, shown, blocks)
        figure, axes = _axes(ax, len(names))
        panel.draw(axes, shown, names)
    label_axes(figure)
    return figure


def _of_one_case(result: Any, case: str | None, activation: str | None) -> Any:
    if not isinstance(result, Result):
        if case is not None or activation is not None:
            raise InputError(f"case and activation are of a study; this is a {type(result).__name__}")
        return result
    for key, verdicts in result.verdicts.items():
        if case in (None, key[0]) and activation in (None, key[1]):
            return replace(result, verdicts={key: verdicts})
    known = ", ".join(f"{c!r} with {a!r}" for c, a in result.verdicts)
    raise InputError(f"case is {case!r} and activation {activation!r}; the study has {known}")


def _axes(ax: Axes | None, rows: int) -> tuple[Figure, Axes]:
    if ax is None:
        figure = Figure(figsize=(7.2, max(3.6, 1.6 + 0.4 * rows)), dpi=110, facecolor="white")
        figure.set_layout_engine("constrained")
        return figure, figure.subplots()
    if not isinstance(ax, Axes):
        raise InputError(f"ax is a {type(ax).__name__}; it needs axes of matplotlib, such as plt.gca()")
    found = ax.get_figure(root=True)
    assert isinstance(found, Figure)
    return found, ax


def _study(result: Result[Any]) -> Figure:
    (case, activation), *_ = result.verdicts
    if not hasattr(result.evidence[case, activation], "block_names"):
        raise InputError("this study holds no kernels against width; its pictures are on its page (nt.page)")
    curves = width_curves(result, case, activation)
    return draw_width_curves(curves, f"Size and spread against width: {case}, {activation}")


def _prediction(found: Prediction) -> Figure:
    curves = found.blocks if len(found.widths) > 1 else found.reader.read(found.exponents, WIDTHS)
    at = [block for block in found.blocks if block.width == found.widths[-1]]
    return draw_limit_law(curves, at, found.brief().title)


def _kernel(kernel: Kernel) -> Figure:
    return draw_kernel_matrix(kernel, repr(kernel))


#: Kind of result → the figure with all its panels; of the other kinds one panel is all.
_WHOLE: tuple[tuple[type, Callable[[Any], Figure]], ...] = (
    (Kernel, _kernel),
    (Prediction, _prediction),
    (Trajectory, draw_losses),
    (Reproduction, draw_reproduction),
    (Result, _study),
)
