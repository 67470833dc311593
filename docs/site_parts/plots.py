"""The directive ``plot``: code, and the figure that it makes while the page is built.

    ```{plot} name
    :alt: What one sees.
    import ntk_theory as nt
    figure = nt.plot(nt.classify("kdv"))
    ```

The code must leave the variable ``figure``. A figure whose code and package did not change is kept from the
last build. What the code raises ends the build.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

import ntk_theory

PACKAGE = Path(ntk_theory.__file__).parent


def fingerprint(code: str) -> str:
    """Of the code and of all files of the package."""
    found = hashlib.sha256(code.encode())
    for path in sorted(PACKAGE.rglob("*.py")):
        found.update(path.read_bytes())
    return found.hexdigest()[:16]


def drawn(code: str, name: str) -> str:
    """The SVG that the code's ``figure`` is; run in an empty folder."""
    from ntk_theory.report.figures.palette import svg_text  # noqa: PLC0415  matplotlib, only where it is drawn

    here, space = Path.cwd(), {"__name__": name}
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            exec(compile(code, f"<figure {name}>", "exec"), space)
        finally:
            os.chdir(here)
    return svg_text(space["figure"])


class Plot(SphinxDirective):
    """Code with its figure."""

    has_content = True
    required_arguments = 1
    option_spec = {"alt": lambda text: text, "caption": lambda text: text or ""}  # noqa: RUF012  as docutils has it

    def run(self) -> list[nodes.Node]:
        """The figure above, the code below."""
        name, code = self.arguments[0], "\n".join(self.content) + "\n"
        folder = Path(self.env.app.doctreedir) / "figures"
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{name}-{fingerprint(code)}.svg"
        if not path.exists():
            path.write_text(drawn(code, name), encoding="utf-8")
        target = Path(self.env.srcdir) / "figures"
        target.mkdir(exist_ok=True)
        (target / f"{name}.svg").write_bytes(path.read_bytes())
        image = nodes.image(uri=f"/figures/{name}.svg", alt=self.options["alt"])
        figure = nodes.figure("", image, ids=[f"figure-{name}"])
        if caption := self.options.get("caption"):
            figure += nodes.caption("", caption)
        shown = code.rstrip("\n")
        block = nodes.literal_block(shown, shown, language="python")  # where they differ nothing is coloured
        return [figure, block]


def setup(app: Any) -> None:
    """The directive."""
    app.add_directive("plot", Plot)
