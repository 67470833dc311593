"""Structured random texts put to `classify`: each is answered, or refused, within 5 s and 500 MB.

    python benchmarks/random_texts.py SEED COUNT [PROCESSES] [--most TEXTS] [--json results/random_texts.json]

The texts are made to be hard: towers of functions, products of towers, total derivatives of high order of
such things, powers of sums, quotients, pieces, systems of several equations. A process answers at most
``--most`` texts, so that the memory of one is not the memory of many. Every text is answered as the command
line does it: classified, and its summary made. Printed: how many were answered, how many refused (an error of
this package, which names what is wrong), the slowest, the largest memory. Exit code 1 where a text took
longer or more, or ended otherwise. Seconds are the processor's: other work on the machine does not count.
"""

from __future__ import annotations

import argparse
import multiprocessing
import random
import resource
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from environment import write

import ntk_theory as nt

MOST_SECONDS = 5.0
MOST_MEGABYTES = 500.0
#: Seconds of the processor after which a text is given up, so that the others are asked too.
HOPELESS = 30

FUNCTIONS = ("exp", "log", "sin", "cos", "tanh", "abs", "erf", "atan", "sqrt", "sinh", "sign", "cosh")
JETS = ("u", "u_x", "u_t", "u_xx", "u_xt", "u_xxx", "v", "v_x", "u_xxxx")
LEAVES = (*JETS, *JETS, "x", "t", "1", "2", "k")
NUMBERS = ("1", "2", "3", "1/2", "7/3", "100", "1e-6")


@dataclass(frozen=True)
class Answer:
    """What became of one text."""

    text: str
    outcome: str
    seconds: float
    megabytes: float

    @property
    def is_beyond(self) -> bool:
        """Is a bound exceeded, or did it end by an accident?"""
        is_slow = self.seconds > MOST_SECONDS or self.megabytes > MOST_MEGABYTES
        return is_slow or self.outcome not in ("answered", "refused")


def texts(seed: int, count: int) -> Iterator[str]:
    """``count`` texts; the k-th depends on ``seed`` and k only."""
    for k in range(count):
        rng = random.Random(f"{seed}/{k}")
        yield rng.choice(MAKERS)(rng)


def expression(rng: random.Random, depth: int) -> str:
    """A random expression of at most ``depth`` levels."""
    if depth <= 0 or rng.random() < 0.1:
        return rng.choice(LEAVES)
    kind = rng.randrange(7)
    inner = partial(expression, rng, depth - 1)
    match kind:
        case 0:
            return f"({inner()} + {rng.choice(NUMBERS)}*{inner()})"
        case 1:
            return f"{inner()}*{inner()}"
        case 2:
            return f"({inner()} - {inner()})^{rng.randint(2, 4)}"
        case 3:
            return f"{inner()}/(1 + ({inner()})^2)"
        case 4:
            return f"({inner()} + {inner()} + {inner()})"
        case _:
            return f"{rng.choice(FUNCTIONS)}({inner()})"


def tower(rng: random.Random) -> str:
    """Functions of functions."""
    text = rng.choice(("u", "u_x", "u + u_x", "u^2 + 1", "u*u_x", "x*u", "u_xx - u"))
    for _ in range(rng.randint(2, 7)):
        text = f"{rng.choice(FUNCTIONS)}({text}{rng.choice(('', '', ' + 1', ' + u', ' - u_x'))})"
    return text


def towers(rng: random.Random) -> str:
    """Products and quotients of towers."""
    signs = rng.choices(("*", "*", " + ", " - ", "/"), k=3)
    parts = [tower(rng) for _ in range(rng.randint(2, 4))]
    return parts[0] + "".join(f"{sign}{part}" for sign, part in zip(signs, parts[1:], strict=False))


def derivative(rng: random.Random) -> str:
    """Total derivatives of high order."""
    inner = expression(rng, rng.randint(1, 3))
    text = f"diff({inner}, {rng.choice('xt')}, {rng.randint(2, 10)})"
    if rng.random() < 0.3:
        text = f"diff({rng.choice(LEAVES)}*{text}, {rng.choice('xt')}, {rng.randint(1, 3)})"
    return text


def powers(rng: random.Random) -> str:
    """Powers of sums."""
    terms = " + ".join(rng.choice(LEAVES) for _ in range(rng.randint(2, 6)))
    return f"({terms})^{rng.randint(2, 14)} + {expression(rng, 2)}"


def equation(rng: random.Random) -> str:
    """Several of the others together."""
    makers = (tower, derivative, powers, lambda r: expression(r, 4))
    return " + ".join(rng.choice(makers)(rng) for _ in range(rng.randint(1, 3)))


def pieces(rng: random.Random) -> str:
    """Coefficients in pieces of the variables."""
    value = rng.choice(("heaviside(x - 1/2)", "max(x, t, 0)", "piecewise(x^2, x > 0, sin(x))", "min(x^2, 1)"))
    return f"{value}*({expression(rng, 3)}) + {rng.choice(JETS)}"


def system(rng: random.Random) -> str:
    """Several equations."""
    return "; ".join(equation(rng) for _ in range(rng.randint(2, 5)))


def deep(rng: random.Random) -> str:
    """An expression of many levels."""
    return expression(rng, rng.randint(4, 7))


MAKERS = (tower, towers, derivative, powers, equation, pieces, system, deep)


def _give_up(*_: object) -> None:
    raise TimeoutError(f"no answer in {HOPELESS} s")


def answered(text: str) -> Answer:
    """Put one text to `classify`, as the command line does."""
    begin = time.process_time()
    signal.signal(signal.SIGPROF, _give_up)
    signal.setitimer(signal.ITIMER_PROF, HOPELESS)
    try:
        str(nt.classify(text))
        outcome = "answered"
    except nt.NTKTheoryError:
        outcome = "refused"
    except Exception as accident:  # whatever it is, it is what this script looks for
        outcome = f"{type(accident).__name__}: {accident}"[:200]
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Answer(text, outcome, time.process_time() - begin, used)


def ask(wanted: Sequence[str], processes: int, most: int) -> Iterator[Answer]:
    """Answers in order, each process giving at most ``most`` of them."""
    with multiprocessing.get_context("spawn").Pool(processes, maxtasksperchild=most) as pool:
        yield from pool.imap(answered, wanted)


def main() -> int:
    """Ask, print, and say whether all bounds were kept."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("seed", type=int)
    parser.add_argument("count", type=int)
    parser.add_argument("processes", type=int, nargs="?", default=1)
    parser.add_argument("--most", type=int, default=50, help="texts that one process answers")
    parser.add_argument("--show", action="store_true", help="print every text with its seconds")
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    answers = []
    for k, answer in enumerate(ask(list(texts(asked.seed, asked.count)), asked.processes, asked.most)):
        answers.append(answer)
        if asked.show or answer.is_beyond:
            print(
                f"{k} {answer.seconds:.2f} s {answer.megabytes:.0f} MB {answer.outcome}: {answer.text}",
                flush=True,
            )
    beyond = sum(answer.is_beyond for answer in answers)
    refused = sum(answer.outcome == "refused" for answer in answers)
    slowest = max(answers, key=lambda answer: answer.seconds)
    print(f"slowest {slowest.seconds:.2f} s: {slowest.text}")
    print(f"peak {max(answer.megabytes for answer in answers):.0f} MB")
    print(f"{len(answers)} texts, {refused} refused, {beyond} beyond the bounds")
    if asked.json is not None:
        write(asked.json, {"seed": asked.seed, "answers": [asdict(answer) for answer in answers]})
    return 1 if beyond else 0


if __name__ == "__main__":
    sys.exit(main())
