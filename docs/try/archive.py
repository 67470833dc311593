"""Run by the engine when the page is built: import what answers need, and keep the compiled modules.

Texts of documentation are left out of the libraries (a third of their size), not of the package.
"""

import ast
import io
import sys
import zipfile
from importlib.machinery import SourceFileLoader
from pathlib import Path

SITE, PACKAGE = Path("/site"), "/site/ntk_theory/"
DEFINITIONS = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def to_code(self, data, path, **_options):
    """The code of a module; a documentation text of a library is dropped before it is compiled."""
    tree = ast.parse(data, path)
    if not path.startswith(PACKAGE):
        for node in ast.walk(tree):
            if isinstance(node, DEFINITIONS) and ast.get_docstring(node, clean=False) is not None:
                rest = node.body[1:]
                node.body = rest or [ast.copy_location(ast.Pass(), node.body[0])]
    return compile(tree, path, "exec", dont_inherit=True)


SourceFileLoader.source_to_code = to_code
sys.dont_write_bytecode = False
sys.path.insert(0, str(SITE))

import warm  # noqa: E402, F401  every import that it causes writes a compiled module


def loaded() -> list[str]:
    """The paths of the sources of what was imported."""
    files = (getattr(module, "__file__", None) for module in list(sys.modules.values()))
    return sorted(str(Path(f).relative_to(SITE)) for f in files if f and f.startswith(f"{SITE}/"))


def modules() -> bytes:
    """The compiled modules, each where its source would be."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as zipped:
        for path in sorted(SITE.rglob("__pycache__/*.pyc")):
            name = path.parent.parent.relative_to(SITE) / f"{path.name.partition('.')[0]}.pyc"
            zipped.write(path, str(name))
    return archive.getvalue()
