"""Which kinds and seeds are held against ``classify`` in every run of the tests.

A kind that is missing here is one on which the rules are known to be wrong; benchmarks/oracle.py shows on what.
"""

KINDS_SETTLED: tuple[int, ...] = ()
RANDOM_SEEDS: tuple[int, ...] = ()
