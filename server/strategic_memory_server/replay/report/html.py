"""HTML by hand, well-formed as XML: the few elements that a report is made of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from xml.sax.saxutils import escape

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #1a1a1a; background: #fff; max-width: 960px; margin: 2em auto;
  padding: 0 16px; }
h1 { font-size: 1.6em; margin-bottom: 0; } h2 { font-size: 1.2em; margin: 2em 0 .3em; }
p { margin: .4em 0; max-width: 80ch; overflow-wrap: anywhere; } .quiet { color: #595959; }
.missing { border-left: 4px solid #E69F00; padding: .3em .8em; background: #fdf6e7; }
svg { width: 100%; min-width: 620px; height: auto; display: block; }
svg text { font: 12px system-ui, sans-serif; fill: #444; }
.legend span { display: inline-block; margin-right: 1.2em; white-space: nowrap; }
.legend i { display: inline-block; width: 14px; height: 10px; margin-right: .4em; border: 1px solid #0003; }
.wide { overflow-x: auto; } table { border-collapse: collapse; margin: .5em 0; font-variant-numeric: tabular-nums; }
th, td { padding: 3px 8px; border-bottom: 1px solid #e4e4e4; text-align: right; vertical-align: top; }
th { font-weight: 600; border-bottom-color: #999; } th:first-child, td:first-child { text-align: left; }
td { white-space: nowrap; }
th.words { text-align: left; }
td.words { text-align: left; white-space: normal; min-width: 22ch; max-width: 46ch; overflow-wrap: anywhere; }
td.heat { text-align: center; }
"""


def document(title: str, parts: Iterable[str]) -> str:
    """Return a whole page that needs nothing from outside."""
    return (
        '<!DOCTYPE html>\n<html lang="en" xmlns="http://www.w3.org/1999/xhtml"><head><meta charset="utf-8"/>'
        '<meta name="viewport" content="width=device-width, initial-scale=1"/>'
        f"<title>{escape(title)}</title><style>{escape(_STYLE)}</style></head>\n<body>\n"
        + "\n".join(parts)
        + "\n</body></html>\n"
    )


def heading(written: str) -> str:
    """Return the heading of a section."""
    return f"<h2>{escape(written)}</h2>"


def paragraph(written: str, kind: str = "") -> str:
    """Return a paragraph of plain text; `kind` is quiet or missing."""
    return f'<p class="{kind}">{escape(written)}</p>' if kind else f"<p>{escape(written)}</p>"


def legend(entries: Iterable[tuple[str, str]]) -> str:
    """Return the legend of a plot: names and their colours."""
    return _legend((name, f"background:{colour}") for name, colour in entries)


def line_legend(entries: Iterable[tuple[str, str, str]]) -> str:
    """Return the legend of a plot of lines: names, colours, and dashes as SVG has them, those up to 2 long for dots."""
    return _legend(
        (name, f"height:0;border:0;border-top:3px {_stroke(dash)} {colour};vertical-align:middle;width:24px")
        for name, colour, dash in entries
    )


def _stroke(dash: str) -> str:
    if not dash:
        return "solid"
    return "dotted" if int(dash.split(maxsplit=1)[0]) <= 2 else "dashed"


def _legend(entries: Iterable[tuple[str, str]]) -> str:
    shown = "".join(f'<span><i style="{style}"></i>{escape(name)}</span>' for name, style in entries)
    return f'<p class="legend">{shown}</p>'


def scrollable(drawn: str) -> str:
    """Return a plot that can be moved sideways where the page is narrower than it can be read at."""
    return f'<div class="wide">{drawn}</div>'


def table(headings: Sequence[str], rows: Iterable[Sequence[str]], words: Sequence[int] = ()) -> str:
    """Return a table; columns in `words` hold sentences."""
    head = "".join(
        f'<th class="words">{escape(each)}</th>' if place in words else f"<th>{escape(each)}</th>"
        for place, each in enumerate(headings)
    )
    return f'<div class="wide"><table><tr>{head}</tr>{"".join(_row(row, words) for row in rows)}</table></div>'


def _row(row: Sequence[str], words: Sequence[int]) -> str:
    cells = (
        f'<td class="words">{escape(cell)}</td>' if place in words else f"<td>{escape(cell)}</td>"
        for place, cell in enumerate(row)
    )
    return f"<tr>{''.join(cells)}</tr>"


def heat_table(names: Sequence[str], shares: Sequence[Sequence[float] | None], shown: Sequence[Sequence[str]]) -> str:
    """Return a square table whose cells are the darker the nearer a share is to 1."""
    head = "".join(f"<th>{escape(name)}</th>" for name in names)
    rows = []
    for name, row, written in zip(names, shares, shown, strict=True):
        cells = "".join(_heat_cell(0.0 if row is None else row[place], each) for place, each in enumerate(written))
        rows.append(f"<tr><td>{escape(name)}</td>{cells}</tr>")
    return f'<div class="wide"><table><tr><th>from \\ to</th>{head}</tr>{"".join(rows)}</table></div>'


def _heat_cell(share: float, written: str) -> str:
    # From white to the blue of Okabe and Ito, dark enough for white letters from the middle on.
    red, green, blue = (round(255 + (end - 255) * share) for end in (0, 114, 178))
    ink = "#fff" if share > 0.55 else "#1a1a1a"
    return f'<td class="heat" style="background:rgb({red},{green},{blue});color:{ink}">{escape(written)}</td>'
