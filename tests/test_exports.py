"""The public face: exactly these names, each documented, none imported before it is asked for."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

import ntk_theory as nt

PACKAGE = Path(nt.__file__).parent


def words(text: str) -> list[str]:
    return text.split()


#: What a user may rely on. A name that comes or goes changes this list and CHANGELOG.md.
PUBLIC = words("""
Audit Certificate Classification Criterion ExtendedSpectrum Finding Group GroupKind InfiniteSolution
InputMap JetSpace Kernel Limit LimitLaw Model NTKTheoryError Network Operator Parameters Prediction
Problem Recommendation Regime Residuals Slot Store Study __version__ audit certify check claim claims
classify contracted_ntk draw_points dual errors estimate extended_spectrum from_keras from_ntk
from_standard from_toml from_torch from_weights from_zhou_yan hessian infinite_jets infinite_solution
jet_ntk jets jets_and_ntk judge limit_law load ntk ntk_for_exponents page parse plot predict problem
recommend record reproduce residuals resume save scaled_jets search spectra to_toml to_torch train
training verify verify_training zoo zoo_names
""")

#: The same for the submodules that are public.
TRAINING = words("""
Adam Assumptions Drift Flow GaussNewton GradientDescent Method Resample Trajectory Until default_network
field_errors load_network method relative_error save_network train train_from_starts
own_features own_windows mirrors halved Mirror Fold StageEnd wave_features Laziness laziness
""")
ERRORS = words("""
BudgetError InputError Interrupted MissingStoreError NTKTheoryError NonFiniteError ParseError ProblemError
RejectedError ResourceError SmoothnessError StoreError TrainingError WorkerError
""")

#: Every package whose names are loaded on first use.
LAZY = sorted(stub.parent for stub in PACKAGE.rglob("__init__.pyi"))


def module_of(folder: Path) -> str:
    return ".".join(folder.relative_to(PACKAGE.parent).parts)


def python(script: str) -> str:
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_the_public_names_are_these():
    assert sorted(nt.__all__) == sorted(PUBLIC)
    assert dir(nt) == sorted(PUBLIC)


def test_the_names_of_public_submodules_are_these():
    assert dir(nt.training) == sorted(TRAINING)
    exceptions = [name for name, value in vars(nt.errors).items() if inspect.isclass(value)]
    assert sorted(exceptions) == sorted(ERRORS)


@pytest.mark.parametrize("folder", LAZY, ids=module_of)
def test_every_lazy_name_exists_and_is_listed(folder):
    package = importlib.import_module(module_of(folder))
    for name in package.__all__:
        assert getattr(package, name) is not None
        assert name in dir(package)


@pytest.mark.parametrize("folder", LAZY, ids=module_of)
def test_a_stub_gives_every_name_as_itself(folder):
    """``import a as b`` would give checkers b and users a; without ``as`` a checker would hide the name."""
    tree = ast.parse((folder / "__init__.pyi").read_text(encoding="utf-8"))
    names = [alias for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names]
    assert names
    assert [alias.name for alias in names if alias.asname != alias.name] == []


def test_every_public_name_has_a_docstring():
    without = [name for name in PUBLIC if name != "__version__" and not inspect.getdoc(getattr(nt, name))]
    without += [name for name in TRAINING if not inspect.getdoc(getattr(nt.training, name))]
    without += [name for name in ERRORS if not inspect.getdoc(getattr(nt.errors, name))]
    assert without == []


def test_a_reader_of_one_docstring_needs_no_other():
    """Every error says when it is raised, and none points to the top of a file that a page does not show."""
    found = [getattr(nt, name) for name in PUBLIC if name != "__version__"]
    found += [getattr(space, name) for space in (nt.training, nt.claims) for name in dir(space)]
    classes = [one for one in found if inspect.isclass(one)]
    found += [member for one in classes for name, member in vars(one).items() if name[0] != "_"]
    texts = [inspect.getdoc(one) or "" for one in found if callable(one) or isinstance(one, property)]
    assert [text for text in texts if "this module" in text] == []
    said = 0
    for text in texts:
        section = text.partition("Raises\n------\n")[2].partition("\n\n")[0]
        lines = [*section.splitlines(), ""] if section else []
        for line, after in pairwise(lines):
            said += line[:1].isalpha()
            assert not line[:1].isalpha() or after.startswith(" "), text
    assert said > 50


FUNCTIONS = {
    f"{space.__name__}.{name}": getattr(space, name)
    for space in (nt, nt.training)
    for name in dir(space)
    if inspect.isfunction(getattr(space, name))
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_argument_of_a_public_function_is_named_in_its_docstring(name):
    text = inspect.getdoc(FUNCTIONS[name]) or ""
    arguments = inspect.signature(FUNCTIONS[name]).parameters
    assert [a for a in arguments if not re.search(rf"(?<!\w){a}(?!\w)", text)] == []


@pytest.mark.parametrize("folder", LAZY, ids=module_of)
def test_no_name_is_hidden_by_a_file(folder):
    """Importing ``room/name.py`` sets ``room.name``; only names made in ``name`` itself are kept from it."""
    tree = ast.parse((folder / "__init__.pyi").read_text(encoding="utf-8"))
    files = {path.stem for path in folder.glob("*.py")} | {
        path.name for path in folder.iterdir() if path.is_dir()
    }
    hidden = [
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module is not None
        for alias in node.names
        if alias.name in files and alias.name != node.module.split(".")[0]
    ]
    assert hidden == []


def test_a_function_survives_the_import_of_a_module_of_its_name():
    script = (
        "import ntk_theory.search.search, ntk_theory.training.train, ntk_theory as nt;"
        "print(callable(nt.search), callable(nt.training.train))"
    )
    assert python(script) == "True True"


def test_an_unknown_name_is_an_attribute_error_that_knows_the_names():
    with pytest.raises(AttributeError, match="no attribute 'nkt'") as caught:
        nt.nkt  # noqa: B018
    assert (caught.value.name, caught.value.obj) == ("nkt", nt)


def test_a_classification_imports_no_numerics():
    script = (
        "import sys, ntk_theory as nt; nt.classify('u_t + u*u_x');"
        "print(sorted({'numpy', 'scipy', 'numba', 'matplotlib'} & set(sys.modules)))"
    )
    assert python(script) == "[]"


def test_the_import_alone_loads_none_of_its_rooms():
    script = "import sys, ntk_theory; print([m for m in sys.modules if m.startswith('ntk_theory.')])"
    assert python(script) == "[]"


def test_the_package_runs_as_a_module():
    done = subprocess.run(
        [sys.executable, "-m", "ntk_theory", "classify", "u_t - u_xx", "--json"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert '"linear": true' in done.stdout
