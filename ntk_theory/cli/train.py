"""``ntk-theory train``: a network that solves its problem, and what its kernel did on the way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ntk_theory import report
from ntk_theory.cli.files import CHECKPOINT, NETWORK, claim_pictures, writing
from ntk_theory.cli.method_help import WithMethods
from ntk_theory.cli.network_table import is_given, or_table, trained_network
from ntk_theory.cli.options import (
    Activation,
    Ansatz,
    Features,
    Fields,
    Force,
    Hard,
    Json,
    Measured,
    NetworkFile,
    OutputBias,
    ParameterValues,
    Start,
    Unknowns,
    Variables,
    What,
    data_files,
    pair,
    print_json,
    resolve,
    weights_of,
)
from ntk_theory.cli.train_ending import exit_code, missed, show, write
from ntk_theory.errors import InputError, Interrupted, TrainingError
from ntk_theory.interrupts import unstopped
from ntk_theory.outputs import Outputs
from ntk_theory.visible import say

if TYPE_CHECKING:
    from ntk_theory.advice.preflight import Preflight
    from ntk_theory.model.network import Network
    from ntk_theory.symbolic import Problem
    from ntk_theory.training import Until
    from ntk_theory.training.methods.method import Method, State
    from ntk_theory.training.mirrored_run import Half
    from ntk_theory.training.run import Progress

UNSOLVED = 4
#: The kernel is followed at about so many points.
KERNEL_POINTS = 300
#: The option of a method that ``--rate`` gives.
RATE = "rate"
#: The endings that exit with 0: a run that its user cut short is no failure.
GOOD = ("solved", "unfinished")
#: The options that describe the network.
SHAPE = ("width", "depth", "s", "activation", "output_bias", "features", "init", "network_file", "waves")
#: The weights that make groups of any size alike.
BALANCED = ("scaled", "trace")
#: Its help ends with the methods.
CLASS = WithMethods


def command(
    context: typer.Context,
    what: What,
    method: Annotated[
        str | None, typer.Option("--method", "-m", help="How to train, see below; default gauss-newton.")
    ] = None,
    option: Annotated[
        list[str] | None,
        typer.Option(
            "--option", metavar="NAME=VALUE", help="An option of the method, see below; repeatable."
        ),
    ] = None,
    width: Annotated[
        str | None,
        typer.Option(
            "--width",
            help="Neurons per layer; or one per layer: 16,16. Default: 16; 24 with --time-limit 100 or more "
            "(200 for linear equations).",
            show_default=False,
        ),
    ] = None,
    depth: Annotated[int | None, typer.Option("--depth", help="Hidden layers; default 3.")] = None,
    s: Annotated[str, typer.Option("--s", help="The output's scaling 1/N^s.")] = "1/2",
    activation: Activation = "tanh",
    output_bias: OutputBias = "zero",
    network_file: NetworkFile = None,
    features: Features = None,
    init: Start = None,
    seed: Annotated[int, typer.Option("--seed", help="Root of parameters and points.")] = 0,
    points: Annotated[
        int | None, typer.Option("--points", help="Points per group; default three residuals per parameter.")
    ] = None,
    steps: Annotated[
        int | None, typer.Option("--steps", help="At most so many steps; default by method.")
    ] = None,
    until: Annotated[
        float | None,
        typer.Option("--until", help="End time, of a method that runs in time; default by method."),
    ] = None,
    tolerance: Annotated[
        float | None, typer.Option("--tolerance", help="Relative L² error to reach (if a solution is known).")
    ] = None,
    loss: Annotated[float | None, typer.Option("--loss", help="Loss to reach.")] = None,
    time_limit: Annotated[
        float | None,
        typer.Option(
            "--time-limit",
            metavar="SECONDS",
            help="No step that would end after it; the error estimate comes on top.",
        ),
    ] = None,
    rate: Annotated[
        float | None,
        typer.Option("--rate", help="Learning rate, of a method that has one; default by method."),
    ] = None,
    weights: Annotated[
        str | None,
        typer.Option(
            "--weights",
            help="sum, mean, scaled, trace (NTK trace ratios), or NAME=VALUE,… per group; default by method.",
        ),
    ] = None,
    resample: Annotated[
        int | None,
        typer.Option("--resample", metavar="STEPS", help="New points every so many steps, uniformly."),
    ] = None,
    adaptive: Annotated[
        bool | None,
        typer.Option(
            "--adaptive/--no-adaptive",
            help="New points where residuals are large, if they are larger than at the points in use; "
            "default for gauss-newton.",
        ),
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
    force: Force = False,
    as_json: Json = False,
    parameter: ParameterValues = None,
    fields: Fields = None,
    variables: Variables = None,
    ansatz: Ansatz = None,
    hard: Hard = False,
    unknown: Unknowns = None,
    data: Measured = None,
    waves: Annotated[
        bool | None,
        typer.Option(
            "--waves/--no-waves",
            help="Waves of the equations' own frequencies in the first layer; default where they are many.",
        ),
    ] = None,
    mirror: Annotated[
        bool | None,
        typer.Option(
            "--mirror/--no-mirror",
            help="Train one half of a problem with a mirror symmetry; default for gauss-newton where no "
            "network is described.",
        ),
    ] = None,
    starts: Annotated[
        int,
        typer.Option("--starts", help="At most so many seeds; keep the first that ends solved, or the best."),
    ] = 1,
    windows: Annotated[
        int | None,
        typer.Option(
            "--windows",
            help="Solve in so many windows of time first; default by the rates of nonlinear ODEs, else 1.",
        ),
    ] = None,
    continuation: Annotated[
        list[str] | None,
        typer.Option(
            "--continue",
            metavar="NAME=VALUE",
            help="The value that a coefficient begins with on its way to its own; repeatable, default none.",
        ),
    ] = None,
) -> int:
    """Train a network until it solves the problem; show losses, error, and how far the kernel moved.

    The default method on a small network solves most problems of the zoo within a minute.
    """
    problem = resolve(what, parameter, fields, variables, ansatz, hard, unknown, data)
    kept = _checkpoint(checkpoint, resume)
    outputs = Outputs([what, *data_files(data)], force)
    outputs.claim("--output", output, NETWORK)
    claim_pictures(outputs, "--plot", plot)
    outputs.claim("--checkpoint", kept, CHECKPOINT)
    if tolerance is not None and not _has_known_solution(problem):
        raise InputError(
            f"--tolerance is {tolerance:g}, but {problem.name or what!r} has no known solution; use --loss"
        )
    from ntk_theory.training import Resample, train_from_starts  # noqa: PLC0415  --help stays quick
    from ntk_theory.training.defaults import usual_width  # noqa: PLC0415  as above
    from ntk_theory.training.stopping import TOLERANCE  # noqa: PLC0415  as above
    from ntk_theory.training.train import resolved  # noqa: PLC0415  as above
    from ntk_theory.training.verdict import judge  # noqa: PLC0415  as above
    from ntk_theory.training.window_count import has_windows, leaves_free, told_windows, usual_windows  # noqa: PLC0415  as above

    for name, value in (("--steps", steps), ("--points", points)):
        if value is not None and value < 1:
            raise InputError(f"{name} is {value}; it needs a positive number")
    asked = {"steps": steps, "error": tolerance, "loss": loss, "seconds": time_limit}
    chosen, rules = resolved(
        _method(method, option, rate, until), {name: n for name, n in asked.items() if n is not None}
    )
    options = or_table(
        context,
        problem,
        width=str(usual_width(problem, rules)) if width is None else width,
        depth=depth,
        s=s,
        activation=activation,
        output_bias=output_bias,
        features=features,
        init=init,
    )
    weighting = weights_of(weights)
    fixed = {"windows": windows not in (None, 1), "continuation": bool(continuation)}
    fixed |= {"parameters": network_file is not None, "weights": isinstance(weighting, Mapping)}
    half = _half(context, problem, chosen, mirror, **fixed)
    trained = problem if half is None else half.problem
    network, begin, seen = trained_network(context, trained, network_file, options, waves)
    if starts > 1 and begin is not None:
        raise InputError(f"--starts is {starts} beside a network to go on from; leave out one of them")
    before = _preflight(trained, network, seed) if begin is None else None
    balanced = (weighting or chosen.facts.weights) in BALANCED and chosen.facts.needs_jacobian
    lines = [] if before is None or as_json else [*before.lines(), *(() if balanced else before.because)]
    lines += [] if seen is None or as_json else [seen]
    free = windows is None and begin is None and kept is None and leaves_free(chosen, rules)
    if free and not as_json:
        lines += filter(None, [told_windows(usual_windows(problem, chosen, rules))])
    more = "; windows of time have steps of their own" if free and has_windows(problem) else ""
    lines += [] if as_json else [_latest_end(chosen, rules) + more]
    with _keeping(output), _progress(chosen, rules, quiet=as_json) as progress:
        run = train_from_starts(
            problem,
            network,
            begin,
            starts=starts,
            points=points,
            method=chosen,
            until=rules,
            weights=weighting,
            seed=seed,
            drift=KERNEL_POINTS if drift else False,
            resample=adaptive if resample is None else Resample(resample, seed, adaptive=bool(adaptive)),
            reweigh=reweigh,
            checkpoint=kept,
            every=every,
            progress=None if progress is None else _telling(progress, lines),
            windows=windows,
            mirror=half is not None,
            continuation=dict(pair("--continue", item, "nu=0.1") for item in continuation or []),
        )
    for line in lines:  # no step was taken
        say(line)
    verdict = judge(
        run,
        TOLERANCE if tolerance is None else tolerance,
        asked=any(one is not None for one in (steps, until, time_limit, loss)),
    )
    write(problem, run, output, plot)
    if as_json:
        start = None if before is None else before.to_dict()
        print_json({**report.terminal.run.record(problem, run, verdict), "preflight": start})
    else:
        show(problem, run, verdict, [path for path in (output, plot, kept) if path is not None])
    misses = missed(run, tolerance, loss)
    return exit_code(run, chosen, misses, kept) or (0 if verdict.ending in GOOD else UNSOLVED)


def _half(
    context: typer.Context, problem: Problem, method: Method, asked: bool | None, **others: object
) -> Half | None:
    """As the library's default, that is where nothing is said of the network."""
    from ntk_theory.training.mirrored_run import half_of  # noqa: PLC0415  --help stays quick

    is_free = not problem.network and not any(is_given(context, name) for name in SHAPE)
    return half_of(problem, method, asked, is_free=is_free, **others)


def _has_known_solution(problem: Problem) -> bool:
    from ntk_theory.training.solution import has_known_solution  # noqa: PLC0415  --help stays quick

    return has_known_solution(problem)


def _preflight(problem: Problem, network: Network, seed: int) -> Preflight | None:
    """Of networks that are cheap to draw; ``recommend`` tells wide ones by the limit law."""
    from ntk_theory.advice.preflight import WIDE, preflight  # noqa: PLC0415  --help stays quick

    return preflight(problem, network, seed) if max(network.widths) < WIDE else None


def _latest_end(method: Method, rules: Until) -> str:
    """By when the run ends, whatever happens; without a limit of time, which option gives one."""
    bounds = [] if rules.steps is None else [f"after {rules.steps} steps"]
    bounds += [] if method.horizon is None else [f"at t = {method.horizon.end:g}"]
    bounds += [] if rules.seconds is None else [f"after {rules.seconds:g} s"]
    option = "; --time-limit SECONDS bounds the time"
    if rules.seconds is not None:
        option = "; that is the time of its steps: compiling and the estimate of the error come on top"
    return f"ends {' or '.join(bounds)} at the latest{option}"


def _telling(progress: Progress, lines: list[str]) -> Progress:
    """With the first step, by when all arguments have been found to fit together, the lines are said."""

    def told(state: State, losses: Mapping[str, float]) -> None:
        while lines:
            say(lines.pop(0))
        progress(state, losses)

    return told


def _method(name: str | None, given: list[str] | None, rate: float | None, until: float | None) -> Method:
    """The method with its options; ``--rate`` and ``--until`` are short for two of them."""
    from ntk_theory.training.methods.options import options_of  # noqa: PLC0415  --help stays quick
    from ntk_theory.training.methods.registry import DEFAULT, method, method_class  # noqa: PLC0415  as above

    kind = method_class(name or DEFAULT, "--method")
    options: dict[str, object] = dict(pair("--option", item, "rate=1e-3") for item in given or [])
    if until is not None:
        if kind.facts.end_option is None:
            raise InputError(f"--until is {until:g}; {kind.facts.name} has no time, use --steps")
        options[kind.facts.end_option] = until
    if rate is not None:
        if RATE not in {one.name for one in options_of(kind)}:
            raise InputError(f"--rate is {rate:g}; {kind.facts.name} chooses its own steps, leave it out")
        options[RATE] = rate
    return method(kind.facts.name, **options)


def _checkpoint(checkpoint: Path | None, resume: Path | None) -> Path | None:
    if resume is None:
        return checkpoint
    if checkpoint not in (None, resume):
        raise InputError("--checkpoint and --resume name two files; a resumed run goes on in its own")
    if not resume.exists():
        raise InputError(f"--resume is {str(resume)!r}, which does not exist; start with --checkpoint")
    return resume


def _progress(method: Method, rules: Until, *, quiet: bool) -> AbstractContextManager[Progress | None]:
    if quiet:
        return nullcontext()
    from ntk_theory.cli.progress import shown  # noqa: PLC0415  loads rich

    end = rules.steps or 0 if method.horizon is None else method.horizon.end
    return shown(method.name, float(end))


@contextmanager
def _keeping(output: Path | None) -> Iterator[None]:
    """A run that is stopped, or fails, leaves the network of its last whole step in the asked file."""
    try:
        yield
    except (Interrupted, TrainingError) as stop:
        run: Any = stop.trajectory
        kept = "nothing was written"
        if output is not None and run is not None:
            with unstopped(), writing(output):
                run.save(output)
            kept = f"the network of its last whole step is in {output}"
        raise type(stop)(f"{stop}; {kept}", run) from stop
