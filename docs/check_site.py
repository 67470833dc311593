"""Is a built site whole? python docs/check_site.py build/site

Every link inside leads to a file and to a place in it, nothing is loaded from elsewhere, every picture has a
text, and the names of the reference are the public names of the package. Outside links are checked for their
form only. The folder ``try`` is a page of its own and may be missing: then links to it are not followed.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

#: Attributes by which a page loads something.
LOADED = {"img": "src", "script": "src", "link": "href", "source": "src", "iframe": "src", "embed": "src"}
#: Links in the head that load nothing.
NOT_LOADED = {"canonical", "next", "prev", "search", "index", "author"}
APART = "try"


class Page(HTMLParser):
    """The places of a page, its links, what it loads, pictures without a text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.places: set[str] = {"", "top"}
        self.links: list[str] = []
        self.loads: list[str] = []
        self.without_text: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what one tag says."""
        found = {name: value or "" for name, value in attrs}
        self.places |= {found[name] for name in ("id", "name") if name in found}
        if tag == "a" and "href" in found:
            self.links.append(found["href"])
        if tag in LOADED and LOADED[tag] in found and not set(found.get("rel", "").split()) & NOT_LOADED:
            self.loads.append(found[LOADED[tag]])
        if tag == "img" and not found.get("alt"):
            self.without_text.append(found.get("src", ""))


def faults(folder: Path) -> Iterator[str]:
    """Everything that is wrong with the site's pages."""
    files = [path for path in sorted(folder.rglob("*.html")) if APART not in path.relative_to(folder).parts]
    pages = {path.resolve(): Page(path.read_text(encoding="utf-8")) for path in files}
    if not pages:
        yield f"{folder} has no pages"
    for path, page in pages.items():
        name = path.relative_to(folder.resolve())
        for address in [*page.links, *page.loads]:
            yield from (f"{name}: {fault}" for fault in _link(address, path, pages, folder))
        for address in page.loads:
            if urlsplit(address).netloc:
                yield f"{name}: loads {address} from elsewhere"
        yield from (f"{name}: the picture {src} has no text" for src in page.without_text)


def _link(address: str, path: Path, pages: dict[Path, Page], folder: Path) -> Iterator[str]:
    parts = urlsplit(address)
    if parts.scheme in {"mailto", "data"}:
        return
    if parts.scheme or parts.netloc:
        if parts.scheme != "https" or "." not in parts.netloc:
            yield f"the address {address} is not well formed"
        return
    target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
    if target.is_relative_to((folder / APART).resolve()):
        if (folder / APART).exists() and not target.exists():
            yield f"{address} leads nowhere"
        return
    if not target.is_file():
        yield f"{address} leads nowhere"
    elif target in pages and unquote(parts.fragment) not in pages[target].places:
        yield f"{address} leads to no place of that page"


def public() -> set[str]:
    """The public names of the package, as the reference has to have them."""
    import ntk_theory as nt  # noqa: PLC0415  the links are checked without it

    errors = {name for name, value in vars(nt.errors).items() if isinstance(value, type)} - {"NTKTheoryError"}
    modules = {"training", "errors", "claims"}
    return (
        {f"ntk_theory.{name}" for name in dir(nt)}
        | {f"ntk_theory.training.{name}" for name in dir(nt.training) if name != "train"}
        | {f"ntk_theory.errors.{name}" for name in errors}
        | {f"ntk_theory.{name}" for name in modules}
    )


def undocumented(folder: Path) -> Iterator[str]:
    """Public names that the built reference lacks, and names that it has and the package has not."""
    from sphinx.util.inventory import InventoryFile  # noqa: PLC0415  of the extra docs

    with (folder / "objects.inv").open("rb") as file:
        inventory = InventoryFile.load(file, "", lambda base, uri: uri)
    names = {name for kind, found in inventory.items() if kind.startswith("py:") for name in found}
    yield from (f"{name} is public and not documented" for name in sorted(public() - names))
    top = {name for name in names if name.count(".") == 1}
    yield from (f"{name} is documented and not public" for name in sorted(top - public()))


def main() -> None:
    """Print every fault; end with 1 if there is one."""
    folder = Path(sys.argv[1])
    found = [*faults(folder), *undocumented(folder)]
    print(*found, sep="\n")
    count = len(list(folder.rglob("*.html")))
    print(
        f"{count} pages, {len(found)} faults" + ("" if (folder / APART).exists() else "; try/ is not there")
    )
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
