"""The members of the kinds and the random problems that every run of the tests holds ``classify`` to.

What is listed here is what the rules are known to get wrong; benchmarks/oracle.py shows how.
"""

from collections.abc import Mapping

#: Of the first ten members of each kind.
WRONG_MEMBERS: Mapping[int, tuple[int, ...]] = {6: (2,)}
#: Jumps that are answered.
WRONG_FLUXES: tuple[str, ...] = ("atan(1/y)*u_y",)
#: Of the first forty seeds.
WRONG_SEEDS: tuple[int, ...] = (15, 28)
