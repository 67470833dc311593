"""What the engine has asked itself when its memory is taken: every module that answers need is loaded."""

import gc
import json

from answer import answer

QUESTIONS = (
    {"text": "kdv", "s": "1/2\n3/4"},
    {"text": "sine-gordon", "output_bias": "normal", "map_inputs": True},
    {"text": "heat", "hard": True, "depth": "1", "features": "x = { periodic = 2 }"},
    {"text": "heat", "init": "pytorch"},
    {"text": "buckley-leverett"},
    {"text": "p-laplacian"},
    {"text": "navier-stokes-2d"},
    {"text": "u_t - k*u_xx", "unknowns": "k = 1"},
    {"text": "u_t - u_xx", "domain": "x = [-1, 1]\nt = [0, 1]", "ansatz": "u = x*(1 - x)*v"},
)
WRONG = (
    {"text": "u_t -"},
    {"text": "u_t + cosinus(u)"},
    {"text": "equations = 1", "is_file": True},
    {"text": ""},
)

for question in QUESTIONS:
    found = json.loads(answer(json.dumps(question)))
    if found.get("code") != 0:
        raise RuntimeError(f"{question}: {found}")
for question in WRONG:
    found = json.loads(answer(json.dumps(question)))
    if found.get("code") != 2:
        raise RuntimeError(f"{question}: {found}")

gc.collect()
gc.freeze()  # what is here stays: no later collection looks at it again
