"""What every page needs for keyboard and screen reader, beyond what its theme writes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

#: What the theme writes → what assistive software needs: a level for headings, focus for what scrolls.
CHANGES = (
    (re.compile(r'role="heading"(?![^>]*aria-level)'), 'role="heading" aria-level="2"'),
    (re.compile(r"<pre(?![^>]*tabindex)"), '<pre tabindex="0"'),
    (re.compile(r'<div class="table-wrapper(?![^>]*tabindex)'), '<div tabindex="0" class="table-wrapper'),
)


def reachable(html: str) -> str:
    """A page with these changes."""
    for pattern, new in CHANGES:
        html = pattern.sub(new, html)
    return html


def finish(app: Any, exception: Exception | None) -> None:
    """Sphinx' event ``build-finished``."""
    if exception is None and app.builder.format == "html":
        for page in Path(app.outdir).rglob("*.html"):
            if "try" not in page.relative_to(app.outdir).parts:
                text = page.read_text(encoding="utf-8")
                page.write_text(reachable(text), encoding="utf-8")


def setup(app: Any) -> None:
    """Mend pages when all are written."""
    app.connect("build-finished", finish)
