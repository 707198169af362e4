"""One HTML file to hand on: text, tables and figures drawn as SVG from the numbers. No script, no picture from elsewhere.

Every text goes through `escape`: a class may be called `<script>`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Integer
from numpy import ndarray

from lab.core.palette import COLOURS
from lab.figures.yours import N_BINS, most_first, short

WIDTH, BAR, NAMES = 640, 20, 170
PALE, DEEP = (242, 246, 250), (8, 48, 107)  # of a heat map
STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; margin: .5rem 0 1.5rem; }
th, td { text-align: left; padding: .25rem .7rem; border-bottom: 1px solid #8886; overflow-wrap: break-word; max-width: 22rem; vertical-align: top; }
th { font-weight: 600; white-space: nowrap; }
td.n { text-align: right; white-space: nowrap; }
svg { max-width: 100%; height: auto; background: #fff; border-radius: 6px; }
pre { overflow: auto; padding: 1rem; background: #8882; border-radius: 6px; }
.bad, .look, .ok { border-left: 4px solid #009E73; padding-left: .8rem; }
.look { border-color: #E69F00; }
.bad { border-color: #D55E00; }
footer { opacity: .75; font-size: .9rem; }
"""


def page(title: str, parts: Iterable[str]) -> str:
    """A whole document of parts that are HTML already."""
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{escape(title)}</title>'
    policy = "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
    top = f'<!doctype html>\n<html lang="en"><head>{head}{policy}<style>{STYLE}</style></head>\n<body>\n'
    return top + f"<h1>{escape(title)}</h1>\n" + "\n".join(parts) + "\n</body></html>\n"


def heading(text: str) -> str:
    """A section's."""
    return f"<h2>{escape(text)}</h2>"


def paragraph(text: str, kind: str = "") -> str:
    """Plain text. kind: "ok", "look" or "bad" marks a finding."""
    mark = f' class="{kind}"' if kind in ("ok", "look", "bad") else ""
    return f"<p{mark}>{escape(text)}</p>"


def code(text: str) -> str:
    """A script."""
    return f"<pre><code>{escape(text)}</code></pre>"


def table(rows: Sequence[dict[str, Any]], *, limit: int = 1000) -> str:
    """Rows under the names of the first; numbers to the right."""
    if not rows:
        return "<p>None.</p>"
    head = "".join(f'<th scope="col">{escape(str(name))}</th>' for name in rows[0])
    lines = ["".join(_cell(value) for value in row.values()) for row in rows[:limit]]
    body = "".join(f"<tr>{line}</tr>" for line in lines)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _cell(value: Any) -> str:
    number = isinstance(value, (int, float, np.number)) and not isinstance(value, bool)
    text = f"{value:,}" if number else ("" if value is None else str(value))
    kind = ' class="n"' if number else ""
    return f"<td{kind}>{escape(text)}</td>"


def class_bars(counts: Integer[ndarray, " c"], called: Integer[ndarray, " c"], classes: Sequence[str]) -> str:
    """Labels of each class, those called wrong in vermilion, with both numbers."""
    names, groups = most_first(counts, classes)
    most = max(1, int(counts.max()))
    scale = (WIDTH - NAMES - 110) / most
    parts = []
    for i, (name, group) in enumerate(zip(names, groups, strict=True)):
        y, total, bad = 6 + i * (BAR + 6), int(counts[group].sum()), int(called[group].sum())
        wide = min(total, most) * scale
        parts += [
            _text(NAMES - 8, y + 15, short(name), anchor="end"),
            _rect(NAMES, y, wide, BAR, COLOURS[0]),
            _rect(NAMES, y, min(bad * scale, wide), BAR, COLOURS[5]),
            _text(NAMES + wide + 6, y + 15, f"{bad:,} of {total:,}"),
        ]
    words = f"Labels of each class, and how many are called wrong: {int(called.sum()):,} of {int(counts.sum()):,}"
    return _svg(WIDTH, 12 + len(names) * (BAR + 6), parts, words)


def score_bars(score: Float[ndarray, " n"], called: Bool[ndarray, " n"]) -> str:
    """How the scores spread, by root of the count."""
    low, high = float(score.min()), float(score.max())
    edges = np.linspace(low, high if high > low else low + 1, N_BINS + 1)
    all_of, bad = np.histogram(score, edges)[0], np.histogram(score[called], edges)[0]
    height, step = 150, (WIDTH - 40) / N_BINS
    scale = height / np.sqrt(max(1, int(all_of.max())))
    parts = []
    for i in range(N_BINS):
        for count, colour in ((all_of[i], COLOURS[0]), (bad[i], COLOURS[5])):
            tall = float(np.sqrt(count)) * scale
            parts.append(_rect(20 + i * step, 10 + height - tall, step - 1, tall, colour))
    parts += [_text(20, height + 28, f"{low:.2f}"), _text(WIDTH - 20, height + 28, f"{high:.2f}", anchor="end")]
    parts.append(_text(WIDTH / 2, height + 28, "score, low: doubtful", anchor="middle"))
    return _svg(
        WIDTH,
        height + 36,
        parts,
        f"Scores from {low:.2f} to {high:.2f}, bars by the root of the count; those called wrong are vermilion",
    )


def heatmap(T: Float[ndarray, "c c"], classes: Sequence[str], words: str = "Estimated share") -> str:
    """Row = true class, column = given label, cell = percent. words: what a cell is, to start a sentence with."""
    n = len(classes)
    side = max(16, min(56, (WIDTH - NAMES) // n))
    parts = [_text(NAMES + n * side / 2, 14, "given label", anchor="middle")]
    for i in range(n):
        parts.append(_text(NAMES - 8, 26 + i * side + side / 2 + 5, short(classes[i]), anchor="end"))
        parts.append(
            _text(NAMES + i * side + side / 2, 42 + n * side, short(classes[i], max(2, side // 8)), anchor="middle")
        )
        for j in range(n):
            share = float(np.nan_to_num(T[i, j]))
            shade = [round(a + (b - a) * share) for a, b in zip(PALE, DEEP, strict=True)]
            x, y = NAMES + j * side, 24 + i * side
            parts.append(_rect(x, y, side - 1, side - 1, f"rgb({shade[0]},{shade[1]},{shade[2]})"))
            if side >= 28 and share >= 0.005:
                ink = "#fff" if share > 0.5 else "#111"
                parts.append(_text(x + side / 2, y + side / 2 + 4, f"{100 * share:.0f}", anchor="middle", fill=ink))
    return _svg(
        NAMES + n * side + 10,
        54 + n * side,
        parts,
        f"{words} of each true class (row) that is given as each label (column), in percent",
    )


def _svg(width: float, height: float, parts: Sequence[str], words: str) -> str:
    return (
        f'<svg role="img" aria-label="{escape(words)}" viewBox="0 0 {width:g} {height:g}" width="{width:g}" '
        f'font-family="system-ui, sans-serif" font-size="13">' + "".join(parts) + f"</svg><p>{escape(words)}.</p>"
    )


def _rect(x: float, y: float, width: float, height: float, fill: str) -> str:
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(0.0, width):.1f}" height="{max(0.0, height):.1f}" fill="{fill}"/>'
    )


def _text(x: float, y: float, words: str, *, anchor: str = "start", fill: str = "#222") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{fill}">{escape(words)}</text>'
