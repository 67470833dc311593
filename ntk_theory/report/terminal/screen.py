"""The console that every table is printed on: no text steers the terminal, only our own styles do."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console, ConsoleOptions, ConsoleRenderable, RenderHook, RenderResult
from rich.segment import Segment

from ntk_theory.shown import WIDTH
from ntk_theory.visible import visible

#: Columns of the tables where no terminal says how many there are.
PIPED_WIDTH = WIDTH


class _Visible:
    """What something prints as, its texts visible; styles and the console's own controls stay."""

    def __init__(self, inner: ConsoleRenderable) -> None:
        self._inner = inner

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for text, style, control in console.render(self._inner, options):
            yield Segment(text if control else visible(text), style, control)


class _Border(RenderHook):
    def process_renderables(self, renderables: Iterable[ConsoleRenderable]) -> list[ConsoleRenderable]:
        """Wrap what is about to be printed."""
        return [_Visible(each) for each in renderables]


def console(*, width: int | None = None, soft_wrap: bool = False) -> Console:
    """Standard output; ``width`` is that of the tables where it is no terminal."""
    made = Console(highlight=False, soft_wrap=soft_wrap)
    made.push_render_hook(_Border())
    if width is not None and not made.is_terminal:
        made.width = width
    return made
