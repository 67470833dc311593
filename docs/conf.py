"""How Sphinx builds the pages: Markdown (MyST), the reference from docstrings, nothing from outside.

python -m sphinx -W --keep-going -b html docs build/site, then python docs/check_site.py build/site.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

from site_parts import docstrings, pages, plots, reach  # noqa: E402  beside this file

from ntk_theory import __version__  # noqa: E402  of this checkout

project = "ntk_theory"
author = copyright = "ntk_theory developers"
version = release = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["try", "site_parts"]
nitpicky = False
myst_enable_extensions = ["deflist", "colon_fence", "attrs_block"]
myst_heading_anchors = 4
suppress_warnings = ["myst.strikethrough"]

napoleon_google_docstring = False
napoleon_use_rtype = False
#: The signature above them has the types.
napoleon_attr_annotations = False
#: Several attributes share a line where they share a meaning.
napoleon_custom_sections = [("Attributes", "params_style")]
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
python_maximum_signature_line_length = 88
add_module_names = False

#: --into stays --into.
smartquotes = False

html_theme = "furo"
html_title = f"ntk_theory {version}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_favicon = "_static/mark.svg"
html_show_sourcelink = False
html_copy_source = False
html_show_sphinx = False
#: Colours with a contrast of 4.5:1 and more against their ground, in light and in dark.
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#12598f", "color-brand-content": "#12598f"},
    "dark_css_variables": {"color-brand-primary": "#7fb8e6", "color-brand-content": "#7fb8e6"},
    "navigation_with_keys": False,
}


def sources() -> str:
    """The mark of everything that pages are made from besides their own text."""
    mark = hashlib.sha256()
    folders = [HERE / "site_parts", HERE.parent / "ntk_theory", HERE.parent / "benchmarks" / "results"]
    for path in sorted(path for folder in folders for path in folder.rglob("*")):
        if path.suffix in {".py", ".pyi", ".toml", ".md", ".json"}:
            mark.update(path.read_bytes())
    return mark.hexdigest()


def setup(app: Any) -> dict[str, bool]:
    """What these pages have beyond Sphinx: generated tables, executed pictures, docstrings made plain."""
    # Sphinx knows which pages were edited, not what others are made from: then all are read again.
    app.add_config_value("made_from", sources(), "env")
    pages.setup(app)
    plots.setup(app)
    docstrings.setup(app)
    reach.setup(app)
    return {"parallel_read_safe": True}
