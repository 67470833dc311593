"""``ntk-theory train``: a network that solves its problem, and what its kernel did on the way."""

from __future__ import annotations

import os
import sys
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ntk_theory.cli.files import SUFFIXES, console
from ntk_theory.cli.options import (
    Activation,
    Fields,
    Json,
    OutputBias,
    ParameterValues,
    Variables,
    What,
    layers,
    print_json,
    resolve,
)
from ntk_theory.errors import InputError, StoreError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ntk_theory.symbolic import Problem
    from ntk_theory.training import Trajectory, Until
    from ntk_theory.training.methods.method import Method
    from ntk_theory.training.run import Progress

INCOMPLETE = 3
#: The kernel is followed at about so many points.
KERNEL_POINTS = 300


def command(
    what: What,
    method: Annotated[
        str, typer.Option("--method", "-m", help="gauss-newton, adam, gradient-descent or flow.")
    ] = "gauss-newton",
    width: Annotated[str, typer.Option("--width", help="Neurons per layer; or one per layer: 20,20.")] = "20",
    depth: Annotated[int | None, typer.Option("--depth", help="Hidden layers; default 3.")] = None,
    s: Annotated[str, typer.Option("--s", help="The output's scaling 1/N^s.")] = "1/2",
    activation: Activation = "tanh",
    output_bias: OutputBias = "zero",
    seed: Annotated[int, typer.Option("--seed", help="Root of parameters and points.")] = 0,
    points: Annotated[
        int | None, typer.Option("--points", help="Points per group; default by the number of variables.")
    ] = None,
    steps: Annotated[int | None, typer.Option("--steps", help="At most so many steps.")] = None,
    until: Annotated[float | None, typer.Option("--until", help="End time of a flow; default 1.")] = None,
    tolerance: Annotated[
        float | None, typer.Option("--tolerance", help="Relative L² error to reach (if a solution is known).")
    ] = None,
    loss: Annotated[float | None, typer.Option("--loss", help="Loss to reach.")] = None,
    time_limit: Annotated[
        float | None, typer.Option("--time-limit", metavar="SECONDS", help="Stop after this wall time.")
    ] = None,
    rate: Annotated[
        float | None, typer.Option("--rate", help="Learning rate of adam or gradient-descent.")
    ] = None,
    weights: Annotated[
        str | None,
        typer.Option("--weights", help="sum, mean, trace (NTK trace ratios), or NAME=VALUE,…  per group."),
    ] = None,
    resample: Annotated[
        int | None, typer.Option("--resample", metavar="STEPS", help="New points every so many steps.")
    ] = None,
    reweigh: Annotated[
        int | None, typer.Option("--reweigh", metavar="STEPS", help="New trace ratios every so many steps.")
    ] = None,
    drift: Annotated[
        bool, typer.Option("--drift/--no-drift", help="Follow the kernel along the way?")
    ] = True,
    checkpoint: Annotated[
        Path | None,
        typer.Option("--checkpoint", help="Keep the run's state here; the same command goes on from it."),
    ] = None,
    resume: Annotated[
        Path | None, typer.Option("--resume", help="The same, from a checkpoint that must exist.")
    ] = None,
    every: Annotated[int, typer.Option("--every", help="Steps from one checkpoint to the next.")] = 100,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="The trained network (.npz).")
    ] = None,
    plot: Annotated[
        Path | None,
        typer.Option("--plot", metavar="DIR|FILE", help="Pictures: a folder, or one .png, .svg or .pdf."),
    ] = None,
    as_json: Json = False,
    parameter: ParameterValues = None,
    fields: Fields = None,
    variables: Variables = None,
) -> int:
    """Train a network until it solves the problem; show losses, error, and how far the kernel moved.

    The default method, Gauss–Newton on a small network, solves most problems of the zoo within a minute.
    """
    problem = resolve(what, parameter, fields, variables)
    kept = _checkpoint(checkpoint, resume)
    _check_places(output, plot, kept)
    if tolerance is not None and problem.solution is None:
        raise InputError(
            f"--tolerance is {tolerance:g}, but {problem.name or what!r} has no known solution; use --loss"
        )
    from ntk_theory.model.points import draw_points  # noqa: PLC0415  --help stays quick
    from ntk_theory.training import Resample, train  # noqa: PLC0415
    from ntk_theory.training.defaults import check_memory, default_network  # noqa: PLC0415

    chosen = _method(method, rate, until)
    rules = _rules(chosen, steps=steps, error=tolerance, loss=loss, seconds=time_limit)
    network = default_network(
        problem, **layers(width, depth), s=s, activation=activation, output_bias=output_bias
    )
    places = sum(_counts(problem, points).values())
    check_memory(network, places, dense=chosen.name == "gauss-newton")
    with _progress(chosen, rules, quiet=as_json) as progress:
        run = train(
            problem,
            network,
            network.init(seed),
            draw_points(problem, _counts(problem, points), seed),
            method=chosen,
            until=rules,
            weights=_weights(weights),
            drift=KERNEL_POINTS if drift else False,
            resample=None if resample is None else Resample(resample, seed),
            reweigh=reweigh,
            checkpoint=kept,
            every=every,
            progress=progress,
        )
    _write(problem, run, output, plot)
    if as_json:
        from ntk_theory.report.terminal.run import record  # noqa: PLC0415

        print_json(record(problem, run))
    else:
        _print(problem, run, [path for path in (output, plot, kept) if path is not None])
    return _code(run, tolerance, loss, kept)


def _method(name: str, rate: float | None, until: float | None) -> Method:
    from ntk_theory.training import Adam, Flow, GaussNewton, GradientDescent  # noqa: PLC0415

    if rate is not None and name not in ("adam", "gradient-descent"):
        raise InputError(f"--rate is {rate:g}; {name} chooses its own steps, leave it out")
    if until is not None and name != "flow":
        raise InputError(f"--until is {until:g}; {name} has no time, use --steps")
    options = {} if rate is None else {"rate": rate}
    makers: dict[str, Any] = {
        "gauss-newton": GaussNewton,
        "adam": lambda: Adam(**options),
        "gradient-descent": lambda: GradientDescent(**options),
        "flow": lambda: Flow() if until is None else Flow(end=until),
    }
    if name not in makers:
        raise InputError(f"--method is {name!r}; it needs one of {', '.join(makers)}")
    made: Method = makers[name]()
    return made


def _rules(method: Method, **given: Any) -> Until:
    """The method's defaults, replaced by what was asked for."""
    from ntk_theory.training.defaults import default_until  # noqa: PLC0415

    asked = {name: value for name, value in given.items() if value is not None}
    rules = default_until(method.name)
    if "steps" in asked and asked["steps"] < 1:
        raise InputError(f"--steps is {asked['steps']}; it needs a positive number")
    return replace(rules, **asked)


def _counts(problem: Problem, count: int | None) -> dict[str, int]:
    from ntk_theory.training.defaults import default_counts  # noqa: PLC0415

    if count is None:
        return default_counts(problem)
    if count < 1:
        raise InputError(f"--points is {count}; it needs a positive number")
    return {group.name: count for group in problem.groups}


def _weights(text: str | None) -> str | dict[str, float] | None:
    if text is None or "=" not in text:
        return text
    found = {}
    for item in text.split(","):
        name, _, value = item.partition("=")
        try:
            found[name.strip()] = float(value)
        except ValueError:
            raise InputError(
                f"--weights has {item.strip()!r}; it needs NAME=VALUE, such as f=1,b=100"
            ) from None
    return found


def _checkpoint(checkpoint: Path | None, resume: Path | None) -> Path | None:
    if resume is None:
        return checkpoint
    if checkpoint not in (None, resume):
        raise InputError("--checkpoint and --resume name two files; a resumed run goes on in its own")
    if not resume.exists():
        raise InputError(f"--resume is {str(resume)!r}, which does not exist; start with --checkpoint")
    return resume


def _check_places(output: Path | None, plot: Path | None, checkpoint: Path | None) -> None:
    """Before a minute of training, not after it."""
    if plot is not None and plot.suffix and plot.suffix.lower() not in SUFFIXES:
        raise InputError(f"--plot is {str(plot)!r}; it needs a folder, or a file in {', '.join(SUFFIXES)}")
    for option, path in (("--output", output), ("--plot", plot), ("--checkpoint", checkpoint)):
        if path is not None and not (path.parent.is_dir() and os.access(path.parent, os.W_OK)):
            raise InputError(f"{option} is {str(path)!r}, but its folder cannot be written to; name another")
    if output is not None and output.is_dir():
        raise InputError(f"--output is the folder {str(output)!r}; it needs a file, such as network.npz")


def _progress(method: Method, rules: Until, *, quiet: bool) -> AbstractContextManager[Progress | None]:
    if quiet:
        return nullcontext()
    from ntk_theory.cli.progress import shown  # noqa: PLC0415

    end = float(getattr(method, "end", None) or rules.steps or 0)
    return shown(method.name, end)


def _write(problem: Problem, run: Trajectory, output: Path | None, plot: Path | None) -> None:
    try:
        if output is not None:
            run.save(output)
        if plot is not None:
            _draw(problem, run, plot)
    except OSError as cause:
        path = cause.filename or output or plot
        raise StoreError(f"{path} cannot be written ({cause.strerror}); name another file") from None


def _draw(problem: Problem, run: Trajectory, plot: Path) -> None:
    from ntk_theory.report.figures import run as pictures  # noqa: PLC0415
    from ntk_theory.report.terminal.run import heading  # noqa: PLC0415

    title = "\n".join(heading(problem, run))
    if plot.suffix.lower() in SUFFIXES:
        _save(pictures.draw_training(problem, run, title), plot)
        return
    plot.mkdir(exist_ok=True)
    _save(pictures.draw_solution(problem, run, title), plot / "solution.png")
    _save(pictures.draw_losses(run, title), plot / "losses.png")
    _save(pictures.draw_kernel(problem, run, title), plot / "kernel.png")


def _save(figure: Figure, path: Path) -> None:
    figure.savefig(path, dpi=130)


def _print(problem: Problem, run: Trajectory, written: list[Path]) -> None:
    from ntk_theory.report.terminal.run import show  # noqa: PLC0415

    show(problem, run, console())
    if written:
        print("written: " + ", ".join(str(path) for path in written))


def _code(run: Trajectory, tolerance: float | None, loss: float | None, kept: Path | None) -> int:
    """Incomplete where a target was asked for and missed."""
    missed = []
    if tolerance is not None and not (run.error is not None and run.error <= tolerance):
        missed.append(f"the relative error is {run.error:.2g}, not {tolerance:g}")
    if loss is not None and not run.loss <= loss:
        missed.append(f"the loss is {run.loss:.2g}, not {loss:g}")
    if not missed:
        return 0
    state = "" if kept is None else f"; the last state is in {kept}"
    print(
        f"ntk-theory: {' and '.join(missed)}, after {len(run.times) - 1} steps ({run.reason}); "
        f"most of the loss is in group {run.worst_group!r}: raise --steps, --points or --width, "
        f"or try another --seed{state}",
        file=sys.stderr,
    )
    return INCOMPLETE
