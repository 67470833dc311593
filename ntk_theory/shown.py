"""What an object shows of itself: a few lines at a prompt, a table in a notebook, LaTeX in a paper.

An object says it once, as a :class:`Brief`; the media are made from that.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

from ntk_theory.visible import on_one_line, visible

#: Rows and notes at a prompt, columns of a line and characters of a cell there; with them a text has < 2000.
MOST_ROWS, MOST_NOTES, WIDTH, CELL = 9, 5, 110, 44
#: Rows of a table in a notebook.
MOST_HTML_ROWS = 60
#: Characters that LaTeX reads as orders → how it prints them.
_LATEX = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{",
    "}": r"\}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": "$<$", ">": "$>$",
    "≥": r"$\ge$", "≤": r"$\le$", "→": r"$\to$", "∞": r"$\infty$", "·": r"$\cdot$", "×": r"$\times$",
    "±": r"$\pm$", "−": "$-$", "–": "--", "—": "---", "…": r"\dots{}", "‖": r"$\|$", "✓": r"$\checkmark$",
    "²": "$^2$", "³": "$^3$", "½": r"$\frac12$", "∂": r"$\partial$", "∇": r"$\nabla$", "√": r"$\sqrt{}$",
}  # fmt: skip
_GREEK = {
    "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "varepsilon", "η": "eta", "θ": "theta",
    "κ": "kappa", "λ": "lambda", "μ": "mu", "ν": "nu", "π": "pi", "ρ": "rho", "σ": "sigma", "τ": "tau",
    "φ": "varphi", "ψ": "psi", "ω": "omega", "Γ": "Gamma", "Δ": "Delta", "Θ": "Theta", "Λ": "Lambda",
    "Σ": "Sigma", "Φ": "Phi", "Ω": "Omega",
}  # fmt: skip
_LATEX |= {letter: rf"$\{name}$" for letter, name in _GREEK.items()}


@dataclass(frozen=True)
class Brief:
    """A title, a table and notes, as plain texts.

    ``head`` are the columns' names, ``rows`` have one cell for each; a cell may have several lines.
    """

    title: str
    head: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    notes: tuple[str, ...] = ()

    def text(self) -> str:
        """At most a screen: long cells and tables are cut, and the cut is told.

        >>> print(Brief("two blocks", ("block", "limit"), (("ff", "zero"), ("bb", "random"))).text())
        two blocks
          block  limit
          ff     zero
          bb     random
        """
        lines = [_cut(on_one_line(self.title), WIDTH)]
        if self.rows:
            shown = [[_cut(on_one_line(cell), CELL) for cell in row] for row in self.rows[:MOST_ROWS]]
            table = [list(self.head), *shown]
            widths = [max(len(row[k]) for row in table) for k in range(len(self.head))]
            lines += [_cut("  " + "  ".join(map(str.ljust, row, widths)).rstrip(), WIDTH) for row in table]
        if len(self.rows) > MOST_ROWS:
            lines.append(f"  … {len(self.rows) - MOST_ROWS} more rows")
        lines += [_cut(f"  {on_one_line(note)}", WIDTH) for note in self.notes[:MOST_NOTES]]
        return "\n".join(lines)

    def html(self) -> str:
        """A table with its title above and its notes below; every text is escaped."""
        parts = [f"<p><strong>{_html(self.title)}</strong></p>"]
        if self.rows:
            cells = "".join(f'<th scope="col">{_html(name)}</th>' for name in self.head)
            body = "".join(
                f"<tr>{''.join(f'<td>{_html(cell)}</td>' for cell in row)}</tr>"
                for row in self.rows[:MOST_HTML_ROWS]
            )
            parts.append(f"<table><thead><tr>{cells}</tr></thead><tbody>{body}</tbody></table>")
        if len(self.rows) > MOST_HTML_ROWS:
            parts.append(f"<p>… {len(self.rows) - MOST_HTML_ROWS} more rows</p>")
        parts += [f"<p>{_html(note)}</p>" for note in self.notes]
        return f"<div>{''.join(parts)}</div>"

    def latex(self, label: str = "") -> str:
        r"""A table environment of the package ``booktabs``; the title is its caption, ✓ needs ``amssymb``.

        >>> print(Brief("Limits", ("block",), (("K_ff",),)).latex("tab:limits"))
        \begin{table}
          \centering
          \caption{Limits}
          \label{tab:limits}
          \begin{tabular}{l}
            \toprule
            block \\
            \midrule
            K\_ff \\
            \bottomrule
          \end{tabular}
        \end{table}
        """
        return booktabs(self.title, self.head, ([in_latex(cell) for cell in row] for row in self.rows), label)


class Shown:
    """An object that shows itself by its :meth:`brief`."""

    def brief(self) -> Brief:
        """Title, table and notes."""
        raise NotImplementedError

    def __repr__(self) -> str:
        return self.brief().text()

    def _repr_html_(self) -> str:
        return self.brief().html()


def on_a_screen(lines: Iterable[str], most: int = 1900) -> str:
    """The lines, each cut at the width of a screen, as many as ``most`` characters hold; the rest is counted.

    >>> print(on_a_screen(["a" * 5, "b" * 5, "c" * 5], most=12))
    aaaaa
    bbbbb
    … 1 more line
    """
    cut = [_cut(line, WIDTH) for line in lines]
    kept, used = 0, 0
    while kept < len(cut) and used + len(cut[kept]) + 1 <= most:
        used, kept = used + len(cut[kept]) + 1, kept + 1
    left = len(cut) - kept
    told = [f"… {left} more line{'s' if left > 1 else ''}"] if left else []
    return "\n".join([*cut[:kept], *told])


def booktabs(caption: str, head: Sequence[str], rows: Iterable[Sequence[str]], label: str = "") -> str:
    """A LaTeX table; ``rows`` are LaTeX already, ``caption`` and ``head`` are plain texts."""
    lines = [r"\begin{table}", r"  \centering", rf"  \caption{{{in_latex(caption)}}}"]
    lines += [rf"  \label{{{label}}}"] if label else []
    lines += [rf"  \begin{{tabular}}{{{'l' * len(head)}}}", r"    \toprule"]
    lines += [rf"    {' & '.join(map(in_latex, head))} \\", r"    \midrule"]
    lines += [rf"    {' & '.join(row)} \\" for row in rows]
    return "\n".join([*lines, r"    \bottomrule", r"  \end{tabular}", r"\end{table}"])


def in_latex(text: str) -> str:
    r"""A plain text that LaTeX prints as it is.

    >>> in_latex("50 % of K_ff, s ≥ ½")
    '50 \\% of K\\_ff, s $\\ge$ $\\frac12$'
    """
    return "".join(_LATEX.get(ch, ch) for ch in on_one_line(text))


def _html(text: str) -> str:
    return escape(visible(text)).replace("\n", "<br>")


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
