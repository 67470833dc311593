"""The pages of the site: every code block does what it shows; blocks and addresses are well formed."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from pages.page_blocks import DIRECTIVES, LANGUAGES, PAGES, Reader, blocks, reads

#: Pages with code of their own; the others are checked to have none, so that none is forgotten.
WITH_CODE = [name for name, path in PAGES.items() if any(
    b.language in {"python", "console", "sh"} and not b.why for b in blocks(path.read_text(encoding="utf-8"))
)]  # fmt: skip
#: An address in running text, not in a file that is shown.
ADDRESS = re.compile(r"https?://[^\s)>\"'`]+")


def test_there_are_pages() -> None:
    assert {"README.md", "docs/start.md", "docs/tutorials/practitioner.md"} <= set(WITH_CODE)


@pytest.mark.parametrize("page", WITH_CODE)
def test_code_blocks_do_what_they_show(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reads(page, tmp_path, monkeypatch)


@pytest.mark.parametrize("page", PAGES)
def test_blocks_are_of_a_known_language(page: str) -> None:
    for block in blocks(PAGES[page].read_text(encoding="utf-8")):
        language = block.language.partition(" ")[0]
        assert language in LANGUAGES or DIRECTIVES.match(language), language


@pytest.mark.parametrize("page", PAGES)
def test_outside_addresses_are_well_formed(page: str) -> None:
    """Whether they answer is not asked: the tests reach no network."""
    for address in ADDRESS.findall(PAGES[page].read_text(encoding="utf-8")):
        parts = urlsplit(address.rstrip(".,;:"))
        assert parts.scheme == "https", address
        assert re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)+", parts.netloc), address
        assert "//" not in parts.path, address


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("```python\n>>> 1 + 1\n3\n```\n", "Expected"),
        ("```console\n$ ntk-theory --version\nntk-theory none\n```\n", "but the command prints"),
        ('```sh\nntk-theory classify "u_t +"\n```\n', "ntk-theory classify"),
        ("```python\nassert 1 == 2, 'two'\n```\n", "two"),
    ],
)
def test_a_wrong_block_is_noticed(text: str, message: str) -> None:
    """The controls: every kind of block can fail."""
    with pytest.raises(AssertionError, match=message):
        Reader("control").follow(text)
