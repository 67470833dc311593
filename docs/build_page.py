"""Build the page on which anyone may type a PDE: ``python docs/build_page.py OUT``.

OUT gets static files that any web server can hand out, all that the page needs: itself (``docs/try``), an
interpreter (Pyodide) with the package and what it imports already loaded, the typesetter of formulas
(KaTeX), the zoo. Needs node and npm, and an environment in which the package is installed: the libraries in
the page have the versions of that environment.

What is made is kept in a cache, so that a second build of the same sources takes a second.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "try"
#: Of npm. Pyodide 0.29 is the last whose memory can be made larger than it starts, which loading needs.
NPM = {"pyodide": "0.29.5", "katex": "0.19.1"}
#: For tests of the page, which does not hold it.
NPM_OF_TESTS = {"axe-core": "4.14.1"}
#: Of the environment: what the command line imports to classify, and what that imports.
LIBRARIES = (
    "sympy", "mpmath", "lazy_loader", "rich", "shellingham", "markdown-it-py", "mdurl", "pygments",
    "typing_extensions",
)  # fmt: skip
#: Of PyPI, whatever the environment has: the last parser of options that is Python alone.
PYPI = {"typer": "0.16.1", "click": "8.2.1"}
#: Parts of the libraries that no question can reach.
LEFT_OUT = ("/tests/", "/testing/", "/benchmarks/", "sympy/physics/", "sympy/crypto/", "pygments/lexers/")
ENGINE = ("pyodide.mjs", "pyodide.asm.js", "pyodide.asm.wasm", "python_stdlib.zip")
WRITTEN = ("index.html", "style.css", "page.js", "shown.js", "worker.js", "icon.svg")
#: Seconds that one step may take.
LONGEST_BUILD = 600


def main() -> None:
    """Build the page into the folder that the command line names."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("out", type=Path, help="folder of the page; made, or written over if it is a page")
    parser.add_argument("--cache", type=Path, default=ROOT / ".page-cache", help="default: %(default)s")
    given = parser.parse_args()
    files = build(given.out, given.cache)
    size = sum(path.stat().st_size for path in files)
    print(f"{given.out}: {len(files)} files, {size / 1e6:.1f} MB")


def build(out: Path, cache: Path) -> list[Path]:
    """Build the page; the files that it consists of.

    Raises
    ------
    SystemExit
        ``out`` is a folder of something else, node or npm is missing, or a step fails.
    """
    if out.exists() and any(out.iterdir()) and not (out / "offline.js").exists():
        raise SystemExit(f"{out} holds files that are no page; name a new folder, or delete it")
    shutil.rmtree(out, ignore_errors=True)
    (out / "engine").mkdir(parents=True)
    modules = npm(cache)
    library = dict((*_package_sources(), *_environment_sources(), *_folder_sources(pypi(cache))))
    memory = frozen(cache, modules, library)
    for name in ENGINE:
        shutil.copyfile(modules / "pyodide" / name, out / "engine" / name)
    shutil.copyfile(memory, out / "engine" / "memory.bin")
    lock = json.loads((modules / "pyodide" / "pyodide-lock.json").read_text())
    (out / "engine" / "pyodide-lock.json").write_text(json.dumps({**lock, "packages": {}}))
    loaded = set(json.loads(memory.with_name("loaded.json").read_text()))
    reserve = json.dumps({path: text for path, text in library.items() if path not in loaded})
    (out / "engine" / "reserve.bin").write_bytes(gzip.compress(reserve.encode(), mtime=0))
    katex = modules / "katex" / "dist"
    (out / "katex" / "fonts").mkdir(parents=True)
    for name in ("katex.min.js", "katex.min.css"):
        shutil.copyfile(katex / name, out / "katex" / name)
    for font in sorted((katex / "fonts").glob("*.woff2")):
        shutil.copyfile(font, out / "katex" / "fonts" / font.name)
    (out / "facts.json").write_text(json.dumps(facts(), ensure_ascii=False))
    for name in WRITTEN:
        shutil.copyfile(PAGE / name, out / name)
    (out / "licences.txt").write_text(licences(modules, pypi(cache)))
    return [*_offline(out)]


def _offline(out: Path) -> list[Path]:
    """Write the service worker, which knows every file by name and all of them by one mark."""
    files = sorted(path for path in out.rglob("*") if path.is_file())
    mark = hashlib.sha256()
    for path in files:
        mark.update(str(path.relative_to(out)).encode() + b"\0" + path.read_bytes())
    names = json.dumps([path.relative_to(out).as_posix() for path in files])
    text = (PAGE / "offline.js").read_text()
    text = text.replace('["FILES"]', names).replace('"MARK"', f'"{mark.hexdigest()[:16]}"')
    (out / "offline.js").write_text(text)
    return [*files, out / "offline.js"]


def npm(cache: Path) -> Path:
    """``node_modules`` with the packages of :data:`NPM` and those of tests, fetched if they are not there."""
    folder = cache / "npm"
    wanted = json.dumps({"private": True, "dependencies": NPM | NPM_OF_TESTS})
    done = folder / "done"
    if not done.exists() or done.read_text() != wanted:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        (folder / "package.json").write_text(wanted)
        _run("npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", cwd=folder)
        done.write_text(wanted)
    return folder / "node_modules"


def pypi(cache: Path) -> Path:
    """A folder with the packages of :data:`PYPI`, fetched if they are not there."""
    folder = cache / "pypi"
    wanted = [f"{name}=={version}" for name, version in PYPI.items()]
    done = folder / "done"
    if not done.exists() or done.read_text() != " ".join(wanted):
        shutil.rmtree(folder, ignore_errors=True)
        pip = ("-m", "pip", "install", "--quiet", "--no-deps", "--no-compile", "--target", str(folder))
        _run(sys.executable, *pip, *wanted, cwd=ROOT)
        done.write_text(" ".join(wanted))
    return folder


def frozen(cache: Path, modules: Path, library: Mapping[str, str]) -> Path:
    """The engine's memory with everything loaded, made by ``freeze.mjs`` unless it was made before."""
    parts = dict(library)
    for name in ("answer.py", "warm.py"):
        parts[name] = (PAGE / name).read_text()
    programs = [(PAGE / name).read_text() for name in ("archive.py", "freeze.mjs")]
    key = hashlib.sha256(json.dumps([NPM, parts, programs], sort_keys=True).encode()).hexdigest()[:16]
    folder = cache / f"memory-{key}"
    memory = folder / "memory.bin"
    if not memory.exists():
        for old in cache.glob("memory-*"):
            shutil.rmtree(old)
        folder.mkdir(parents=True)
        (folder / "node_modules").symlink_to(modules.resolve())
        (folder / "site.json").write_text(json.dumps(parts))
        (folder / "archive.py").write_text(programs[0])
        _run("node", str(PAGE / "freeze.mjs"), str(folder), cwd=folder)
    return memory


def _package_sources() -> Iterator[tuple[str, str]]:
    for path in sorted((ROOT / "ntk_theory").rglob("*")):
        if path.suffix in (".py", ".pyi", ".toml"):
            yield path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")


def _environment_sources() -> Iterator[tuple[str, str]]:
    for library in LIBRARIES:
        for file in metadata.distribution(library).files or []:
            if not file.as_posix().startswith("..") and _is_wanted(file.as_posix()):
                yield file.as_posix(), Path(str(file.locate())).read_text(encoding="utf-8")


def _folder_sources(folder: Path) -> Iterator[tuple[str, str]]:
    for path in sorted(folder.rglob("*.py")):
        name = path.relative_to(folder).as_posix()
        if _is_wanted(name):
            yield name, path.read_text(encoding="utf-8")


def _is_wanted(name: str) -> bool:
    return name.endswith(".py") and not any(part in name for part in LEFT_OUT)


def facts() -> dict[str, object]:
    """What the page's form offers: names, and the problems of the zoo as files."""
    import ntk_theory as nt  # noqa: PLC0415  --help and errors of the folder come without it
    from ntk_theory.setting.activations import ACTIVATIONS  # noqa: PLC0415
    from ntk_theory.setting.initialisation import NAMES  # noqa: PLC0415
    from ntk_theory.setting.output_bias import OUTPUT_BIASES  # noqa: PLC0415

    zoo = ROOT / "ntk_theory" / "symbolic" / "zoo"
    problems = [
        {
            "name": name,
            "title": nt.zoo(name).title,
            "file": (zoo / f"{name}.toml").read_text(encoding="utf-8"),
        }
        for name in nt.zoo_names()
    ]
    return {
        "version": metadata.version("ntk_theory"),
        "output_biases": list(OUTPUT_BIASES),
        "activations": list(ACTIVATIONS),
        "initialisations": list(NAMES),
        "zoo": problems,
    }


def licences(modules: Path, fetched: Path) -> str:
    """The licences of what the page hands out besides the package."""
    found = [metadata.distribution(library) for library in LIBRARIES]
    found += metadata.distributions(path=[str(fetched)])
    texts = []
    for one in found:
        about = one.metadata
        name = about.get("License-Expression") or (about.get("License") or "see the text").splitlines()[0]
        texts.append(f"{about['Name']} {one.version}: {name}")
        texts += [
            Path(str(file.locate())).read_text(encoding="utf-8", errors="replace")
            for file in one.files or []
            if file.name.upper().startswith(("LICENSE", "LICENCE", "COPYING")) and ".dist-info" in str(file)
        ]
    for package, version in NPM.items():
        about_it = json.loads((modules / package / "package.json").read_text())
        texts.append(f"{package} {version}: {about_it.get('license')}")
        texts += [path.read_text() for path in sorted((modules / package).glob("LICENSE*"))]
    return "\n\n".join(texts) + "\n"


def _run(program: str, *arguments: str, cwd: Path) -> None:
    path = shutil.which(program)
    if path is None:
        raise SystemExit(f"{program} is needed to build the page, but was not found; install node and npm")
    done = subprocess.run(
        [path, *arguments], cwd=cwd, capture_output=True, text=True, timeout=LONGEST_BUILD, check=False
    )
    if done.returncode:
        raise SystemExit(f"{program} {arguments[0]} failed:\n{(done.stdout + done.stderr)[-4000:]}")


if __name__ == "__main__":
    sys.exit(main())
