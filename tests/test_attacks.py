"""Cheap attacks of the table, within one process; ``benchmarks/attacks.py`` makes all, each in its own."""

from __future__ import annotations

from pathlib import Path

import attack_table as table
import pytest

from ntk_theory.cli.app import run

#: Attacks that cost this process nothing but reading: no networks, no standard input, no terminal.
HERE = [
    attack
    for attack in table.attacks()
    if attack.cheap and attack.command.split()[0] in {"classify", "report", "resume", "zoo", "nope", "--nope"}
    and "/dev/std" not in attack.command and "/dev/tty" not in attack.command
]  # fmt: skip
#: Every so many of them is made here.
STEP = 3


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("store") / "q.sqlite"
    table.make_store(path)
    return path


def test_the_table_is_long_and_says_each_thing_once() -> None:
    commands = [attack.command for attack in table.attacks()]
    assert len(commands) >= 120
    assert len(set(commands)) == len(commands)
    assert {attack.codes for attack in table.attacks()} <= set(table.CODES)
    assert {name for attack in HERE for name in attack.writes}  # one that writes: the check could fail


@pytest.mark.parametrize(
    "attack", [*HERE[::STEP], *(a for a in HERE if a.writes)], ids=lambda a: ascii(a.command[:50])
)
def test_an_attack_is_withstood(
    attack: table.Attack,
    store: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    folder = tmp_path / "sandbox"
    table.sandbox(folder, store)
    monkeypatch.chdir(folder)
    before = table.contents(folder)
    code = run(table.words(attack.command))
    output = "".join(capfd.readouterr())
    assert table.faults(attack, code, output, before, table.contents(folder)) == []


def test_what_goes_wrong_is_seen(store: Path, tmp_path: Path) -> None:
    """Negative control."""
    folder = tmp_path / "sandbox"
    table.sandbox(folder, store)
    before = table.contents(folder)
    (folder / "my.toml").write_text("lost")
    (folder / "notes.txt").unlink()
    (folder / "owned").touch()
    attack = table.Attack("a control", "classify my.toml", "bad")
    wrong = table.faults(attack, 1, "Traceback \x1b[2J", before, table.contents(folder))
    assert wrong == [
        "code 1", "traceback", "steers the terminal", "altered my.toml, notes.txt", "ran a text",
    ]  # fmt: skip
