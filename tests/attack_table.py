"""Attacks on the command line, one a line, and the sandbox in which they are made.

An attack is a command that a careless or hostile user might type, or that meets such a file. It is
withstood where it ends in time, with a code of its class, without a traceback, with nothing on the
terminal that steers it, and with every file that was there before as it was, but for those that it is
asked to write.
"""

# ruff: noqa: E501  a table, one attack after another
from __future__ import annotations

import hashlib
import os
import shutil
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

#: Classes of exit codes: done; bad input; done or bad input; refused as input or for lack of room; 0 to 3.
CODES = {"done": {0}, "bad": {2}, "known": {0, 2}, "refused": {2, 3}, "any": {0, 2, 3}}
SMALL = "--widths 4,8 --seeds 4 --points 2 --workers 1 --s 1/2"
TOWER = "exp(" * 30 + "u" + ")" * 30 + "*" + "log(" * 30 + "u" + ")" * 30
#: Title, name and text with escape, C1, bidirectional and NUL characters, as TOML escapes.
STEERING = r"\u001b[2J\u009b31m\u202e\u0000\u0007"


class Attack(NamedTuple):
    """One line of the table.

    ``command`` is split at blanks, ``«…»`` holds blanks; ``writes`` names the files it may change.
    """

    what: str
    command: str
    codes: str
    writes: tuple[str, ...] = ()
    cheap: bool = True


def _over_inputs() -> Iterator[Attack]:
    for path in ("q.sqlite", "link.sqlite", "hard.sqlite", "./q.sqlite"):
        yield Attack("a report over its store", f"report q.sqlite -o {path}", "bad")
        yield Attack("the same, forced", f"report q.sqlite -o {path} --force", "bad")
    for command in ("kernel", "limit"):
        for path in ("my.toml", "link.toml", "notes.txt", "sub", "missing/K.npz", "K.csv", "K", "K.npz.exe"):
            yield Attack(
                f"{command}: an output that may not be written",
                f"{command} my.toml --points 2 -o {path}",
                "bad",
            )
        yield Attack(
            "a picture over the problem", f"{command} my.toml --points 2 --plot my.toml --force", "bad"
        )
        yield Attack("two outputs in one file", f"{command} my.toml --points 2 --plot a.png -o a.png", "bad")
    for path in ("my.toml", "notes.txt", "q.sqlite", "full.tex", "foreign.npz", "net.npz/x.npz"):
        yield Attack("train over what is not its own", f"train my.toml --steps 1 -o {path}", "bad")
    yield Attack("a foreign page", "report q.sqlite -o foreign.html", "bad")
    yield Attack("a foreign table", "report q.sqlite -o foreign.csv", "bad")
    yield Attack("a page named as LaTeX", "report q.sqlite -o full.tex", "bad")
    yield Attack("a device", "report q.sqlite -o /dev/null", "bad")
    yield Attack("a full device", "report q.sqlite -o /dev/full", "bad")
    yield Attack("a fifo", "report q.sqlite -o pipe.html", "bad")
    yield Attack("a write-protected file", "report q.sqlite -o protected.html", "bad")
    yield Attack("a store over a problem", f"verify my.toml {SMALL} --store my.toml", "refused")
    yield Attack("a store over a text", f"verify my.toml {SMALL} --store notes.txt", "refused")
    yield Attack("a study into another's store", f"verify heat {SMALL} --store q.sqlite", "refused")
    yield Attack("reproduced over its own store", "resume q.sqlite --into q.sqlite", "refused")
    yield Attack("a checkpoint over a text", "train my.toml --steps 1 --checkpoint notes.txt", "bad")
    yield Attack("a page that is its own", "report q.sqlite -o own.html", "done", ("own.html",))


def _texts() -> Iterator[Attack]:
    for text in (
        TOWER, "diff(u^5*sin(u), x, 9)", "diff(atan(u), x, 8)", "u^99999999", "(u+u_x)^400", "u_" + "x" * 500,
        "(" * 5000 + "u" + ")" * 5000, "u" + "+u_x*u" * 4000, "1/(u-u)", "0", "u_x^^2", "u_x = ", "= 0", ";",
        "exp(exp(exp(exp(u_x))))", "D(D(D(D(D(u^7,x),x),x),x),x)", "9" * 5000 + "*u_x", "u_x*1e999999999",
        "2^2^2^2^2^2*u_x", "factorial(99999)*u", "__import__('os').system('touch owned')", "u.__class__",
        "lambda: u", "eval(1)", "u_x\x1b[2J", "u_x\u202e", "ｕ_ｘ", "u_é", "雨", "🙂", "\t\n",
        "--", "-u_x",
        "max(u,0)^50*u_x", "piecewise(" + "1,x>0," * 300 + "1)*u_x", "sum(u)", "Integral(u,x)", "u(x)", "u_x if u else 0",
        "laplacian(" * 40 + "u" + ")" * 40, "grad(u)^60", "abs(" * 200 + "u" + ")" * 200, "u@upper", "nan*u", "oo*u_x",
    ):  # fmt: skip
        yield Attack("a text", f"classify «{text}»", "known")
    for option in (
        "--s nan", "--s 1/0", "--s 1e400", "--s «»", "--s x", "--activation relu^999999999", "--activation «»",
        "--activation exec", "--output-bias maybe", "-p nu", "-p nu=", "-p =1", "-p nu=__import__", "-p nu=1/0",
        "--fields «,,»", "--variables «x,x»", "--fields «u,u»", "--json --latex", "--nope", "--s",
    ):  # fmt: skip
        yield Attack("an option", f"classify kdv {option}", "bad")


def _files() -> Iterator[Attack]:
    for path in (
        "pipe.toml", "/dev/zero", "/dev/stdin", "/dev/tty", "sub", "sub.toml", "large.toml", "binary.toml", "bom.toml",
        "loop.toml", "unknown.toml", "types.toml", "empty.toml", "unreadable.toml", "steering.toml", "deep.toml",
        "many.toml", "names.toml", "q.sqlite", "net.npz", "/etc/passwd", "missing.toml", "latin.toml", "interval.toml",
    ):  # fmt: skip
        yield Attack(f"the problem {path}", f"classify {path}", "any" if path == "steering.toml" else "known")
    for path in (
        "pipe.sqlite",
        "sub",
        "text.sqlite",
        "/dev/zero",
        "net.npz",
        "missing.sqlite",
        "empty.sqlite",
    ):
        yield Attack("no store", f"report {path} -o r.html", "refused")
        yield Attack("no store to resume", f"resume {path}", "refused")
    for path in (
        "bomb.npz",
        "huge.npz",
        "pickle.npz",
        "text.npz",
        "cut.npz",
        "pipe.npz",
        "/dev/zero",
        "nan.npz",
    ):
        yield Attack("no checkpoint", f"train my.toml --steps 1 --resume {path}", "refused")
    yield Attack("a title that steers", "recommend steering.toml --width 4 --points 2", "done")
    yield Attack("a title that steers, as JSON", "classify steering.toml --json", "done")
    yield Attack(
        "a title as a formula", "kernel steering.toml --width 4 --points 2 --plot k.svg", "done", cheap=False
    )


def _sizes() -> Iterator[Attack]:
    for arguments in (
        f"verify heat --seeds {10**12}", "verify heat --seeds 0", "verify heat --seeds -5", "verify heat --widths 0",
        f"verify heat --widths {10**8} --seeds 4", f"verify heat --points {10**9}", "verify heat --workers 0",
        "verify heat --depth 999999", "verify heat --s «»", f"verify heat --s {'1/2,' * 5000}1", "verify heat --widths 8",
        f"kernel heat --width {10**8}", f"kernel heat --points {10**9}", "kernel heat --width 9999999 --depth 3",
        "kernel heat --depth 100000000", "kernel heat --memory-limit 0", "kernel heat --memory-limit nan",
        "kernel heat --memory-limit 1e-9", "kernel heat --seed -1", f"kernel heat --seed {10**40}",
        f"limit heat --points {10**9}", f"limit heat --draws {10**12}", "limit heat --rtol 0", "limit heat --rtol nan",
        "limit heat --depth 99999999", "limit heat --width 0", "limit heat --time-limit -1",
        f"train heat --points {10**9}", "train heat --width 9999999 --depth 3", f"train heat --steps -{10**9}",
        "train heat --rate nan --method adam", "train heat --method nope", "train heat --option x=1", "train heat --loss nan",
        "train heat --until inf --method flow", "train heat --tolerance -1", "train heat --resample 0",
        f"recommend heat --points {10**9}", f"recommend heat --width {10**12}", "recommend heat --depth -1",
        "recommend heat --goal fame", "search --budget -1", f"search --budget {10**12} --seconds 0.5", "search --seconds nan",
        f"search --seed {10**40} --budget 0", "zoo nope", "zoo ../../etc/passwd", "zoo --toml", "nope", "--nope", "verify",
        "verify heat --clock never", "verify heat --kind nope", "verify heat --cluster nope --workers 1",
        "verify heat --sweep kappa=1,2", "report q.sqlite --only nope -o r.html", "limit heat --draws 0",
    ):  # fmt: skip
        yield Attack("a size or value", arguments, "any")


def attacks() -> list[Attack]:
    """The whole table."""
    return [*_over_inputs(), *_texts(), *_files(), *_sizes()]


def words(command: str) -> list[str]:
    """The arguments of a command: blanks separate, but not within «…»."""
    found, inside, word, seen = [], False, "", False
    for ch in command:
        if ch in "«»":
            inside, seen = ch == "«", True
        elif ch == " " and not inside:
            found += [word] if word or seen else []
            word, seen = "", False
        else:
            word += ch
    return [*found, word] if word or seen else found


PROBLEM = 'title = "{title}"\nequations = ["u_t = u_xx"]\n[domain]\nx = [0, 1]\nt = [0, 1]\n'


def sandbox(folder: Path, store: Path) -> None:
    """Fill a new folder; ``store`` is a small study's."""
    folder.mkdir(parents=True)
    shutil.copy(store, folder / "q.sqlite")
    texts = {
        "my.toml": PROBLEM.format(title="mine"), "notes.txt": "my notes", "foreign.html": "<html>mine</html>",
        "foreign.csv": "a,b\n1,2\n", "protected.html": "", "unknown.toml": "equation = 1", "empty.toml": "",
        "types.toml": "equations = 7", "steering.toml": PROBLEM.format(title=STEERING + r"$\\frac{"),
        "deep.toml": "equations = " + "[" * 3000, "unreadable.toml": "equations", "text.sqlite": "no database",
        "empty.sqlite": "", "text.npz": "no archive", "interval.toml": 'equations=["u_x"]\n[domain]\nx=[1,0]\n',
        "many.toml": PROBLEM.format(title="m") + "".join(
            f'[[conditions]]\nname = "c{k}"\nequation = "u = {k}"\n' for k in range(60)
        ),
        "names.toml": f'equations = ["u_t"]\n[parameters]\n"{STEERING}" = 1\n',
        "large.toml": "#" * 300_000, "bom.toml": "\ufeff" + PROBLEM.format(title="b"),
        "full.tex": "a paper", "own.html": "",
    }  # fmt: skip
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "binary.toml").write_bytes(bytes(range(256)) * 20)
    (folder / "latin.toml").write_bytes('title = "Schrödinger"\nequations = ["u_t"]'.encode("latin-1"))
    (folder / "protected.html").chmod(0o444)
    for kind in ("toml", "sqlite", "npz", "html"):
        os.mkfifo(folder / f"pipe.{kind}")
    (folder / "sub").mkdir()
    (folder / "sub.toml").mkdir()
    for name, target in (("link.toml", "my.toml"), ("link.sqlite", "q.sqlite"), ("loop.toml", "loop.toml")):
        (folder / name).symlink_to(target)
    os.link(folder / "q.sqlite", folder / "hard.sqlite")
    _archives(folder)


def _archives(folder: Path) -> None:
    np.savez(folder / "foreign.npz", a=np.zeros(2))
    np.savez(folder / "net.npz", format=np.array("ntk-theory network 1"))
    np.savez(folder / "nan.npz", format=np.array("ntk-theory checkpoint 1"), vector=np.full(3, np.nan))
    np.savez_compressed(folder / "bomb.npz", format=np.array("ntk-theory checkpoint 1"), a=np.zeros(10**6))
    np.savez(folder / "pickle.npz", a=np.array([{}], dtype=object))
    (folder / "cut.npz").write_bytes((folder / "net.npz").read_bytes()[:100])
    with zipfile.ZipFile(folder / "huge.npz", "w") as archive:
        head = b"{'descr': '<f8', 'fortran_order': False, 'shape': (999999999999,), }".ljust(117) + b"\n"
        archive.writestr("a.npy", b"\x93NUMPY\x01\x00" + len(head).to_bytes(2, "little") + head)


def contents(folder: Path) -> dict[str, str]:
    """SHA-256 of every regular file, where a link leads to, the kind of anything else."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if path.is_symlink():
            found[name] = f"link {os.readlink(path)}"
        elif path.is_file():
            found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
        else:
            found[name] = str(path.stat().st_mode)
    return found


def faults(
    attack: Attack, code: int, output: str, before: dict[str, str], after: dict[str, str]
) -> list[str]:
    """What went wrong; nothing where the attack was withstood."""
    wrong = []
    if code not in CODES[attack.codes]:
        wrong.append(f"code {code}")
    if "Traceback" in output:
        wrong.append("traceback")
    if [ch for ch in output if not ch.isprintable() and ch != "\n"]:
        wrong.append("steers the terminal")
    altered = [name for name, was in before.items() if after.get(name) != was and name not in attack.writes]
    if altered:
        wrong.append(f"altered {', '.join(altered)}")
    if "owned" in after:
        wrong.append("ran a text")
    return wrong


def make_store(path: Path) -> None:
    """A small study's store."""
    from ntk_theory.cli.app import run  # noqa: PLC0415  a benchmark's process needs it once

    out = sys.stdout
    with open(os.devnull, "w", encoding="utf-8") as sys.stdout:
        run(["verify", "u_t - u_xx", *SMALL.split(), "--store", str(path)])
    sys.stdout = out
