"""Signals that stop a command: the last whole step is in the asked file, the exit code names the signal."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ntk_theory.cli.app import run
from ntk_theory.interrupts import SIGNALS, Stopped, exit_code, stoppable, unstopped
from ntk_theory.training import load_network

TRAIN = ["train", "heat", "--width", "6", "--depth", "2", "--points", "8", "--method", "adam", "--no-drift"]


#: A program that turns into the one after it, and hears every signal: the tests may have been started in the
#: background or under ``nohup``, whose ignored signals stay ignored in all processes from there on.
HEARING = (
    sys.executable,
    "-c",
    "import os, signal, sys\n"
    f"for number in {[int(number) for number in SIGNALS]}: signal.signal(number, signal.SIG_DFL)\n"
    "os.execv(sys.argv[1], sys.argv[1:])",
)


@contextmanager
def started(
    arguments: list[str], place: Path, before: tuple[str, ...] = HEARING
) -> Iterator[subprocess.Popen[str]]:
    """The command in a process of its own, which ends with the block; ``before`` turns into it."""
    with subprocess.Popen(
        [*before, sys.executable, "-m", "ntk_theory", *arguments],
        cwd=place, env=os.environ, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("number", SIGNALS, ids=lambda n: n.name)
def test_training_that_is_stopped_leaves_its_last_whole_step(number, tmp_path):
    with started([*TRAIN, "--steps", "100000000", "-o", "net.npz"], tmp_path) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if line.startswith("step 64 "):
                break
        process.send_signal(number)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 128 + number
    assert "Traceback" not in err
    (last,) = [line for line in err.splitlines() if line.startswith("ntk-theory:")]
    assert "is in net.npz" in last
    step = int(last.partition("interrupted at step ")[2].partition(";")[0])
    assert step >= 63  # the line of a step is printed before the step is over
    assert os.listdir(tmp_path) == ["net.npz"]
    # The same number of steps without an interruption ends at the same parameters, if they are few enough.
    if step < 100_000:
        assert run([*TRAIN, "--steps", str(step), "-o", str(tmp_path / "again.npz")]) == 0
        found, again = (load_network(tmp_path / name)[1].flatten() for name in ("net.npz", "again.npz"))
        assert found.tolist() == again.tolist()


def test_a_signal_that_is_ignored_stays_so(tmp_path):
    """As under ``nohup``: closing the terminal does not stop the run."""
    # By a shell: a function before the start would fork this process with the threads of other libraries.
    ignoring = ("sh", "-c", 'trap "" HUP; exec "$@"', "sh")
    # Enough points that the run is not overfitted, which would end it with a code of its own.
    run_on = [*TRAIN, "--points", "32", "--steps", "2000", "-o", "net.npz"]
    with started(run_on, tmp_path, ignoring) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if line.startswith("step 64 "):
                break
        process.send_signal(signal.SIGHUP)
        process.communicate(timeout=60)
    assert process.returncode == 0


def test_divergence_leaves_the_last_good_network_too(tmp_path, capsys):
    path = tmp_path / "net.npz"
    arguments = [
        *TRAIN[:8],
        "--method",
        "gradient-descent",
        "--rate",
        "1e6",
        "--steps",
        "20",
        "-o",
        str(path),
    ]
    assert run(arguments) == 3
    assert f"the network of its last whole step is in {path}" in capsys.readouterr().err
    load_network(path)


def test_saving_is_not_cut_short():
    seen = []
    with pytest.raises(Stopped) as caught, stoppable(), unstopped():  # noqa: PT012
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(0.01)
        seen.append("saved")
    assert seen == ["saved"]
    assert caught.value.code == 143
    assert exit_code(caught.value) == 143


def test_handlers_are_as_before_and_other_threads_set_none():
    before = [signal.getsignal(number) for number in SIGNALS]
    with stoppable():
        pass
    assert [signal.getsignal(number) for number in SIGNALS] == before
    done = []

    def elsewhere() -> None:
        with stoppable(), unstopped():
            done.append(True)

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert done == [True]
