"""The confusion matrix as a table that a screen reader reads and an eye sees: cells shaded by their share of a row."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.report.evaluation_page.elements import Html, html, name, paragraph, scrolled, share, text

_HOW = "A row for each actual class, a column for each predicted one."
_NAMED = 8
"""Classes up to which columns bear names; with more they bear the numbers of the rows."""


def matrix(classes: Sequence[str], confusion: Sequence[Sequence[int]]) -> Html:
    """Return the matrix. `confusion`: rows actual, columns predicted, in the order of `classes`."""
    numbered = len(classes) > _NAMED
    heads = "".join(_head(n, each, numbered=numbered) for n, each in enumerate(classes, start=1))
    rows = "".join(
        _row(n, each, counts, numbered=numbered)
        for n, (each, counts) in enumerate(zip(classes, confusion, strict=True), start=1)
    )
    shown = (
        f'<table class="matrix{" many" if numbered else ""}"><caption>Shade: share of the row</caption>'
        f'<thead><tr><th scope="col">actual \\ predicted</th>{heads}<th scope="col" class="r">rows</th>'
        f'<th scope="col" class="r">recall</th></tr></thead><tbody>{rows}</tbody></table>'
    )
    note = paragraph("Columns bear the numbers of the rows.", kind="note") if numbered else Html("")
    return html(paragraph(_HOW), scrolled("Confusion matrix", shown), note)


def _head(n: int, label: str, *, numbered: bool) -> str:
    shown = f'<abbr title="{text(label)}">{n}</abbr>' if numbered else name(label)
    whole = "" if numbered else f' title="{text(label)}"'
    return f'<th scope="col" class="r"{whole}>{shown}</th>'


def _row(n: int, label: str, counts: Sequence[int], *, numbered: bool) -> str:
    total = sum(counts)
    cells = "".join(_cell(count, total, right=position == n) for position, count in enumerate(counts, start=1))
    recall = share(counts[n - 1] / total) if total else "–"
    shown = html(f"<small>{n}</small> ", name(label)) if numbered else name(label)
    return f'<tr><th scope="row">{shown}</th>{cells}<td class="r">{total:,}</td><td class="r">{recall}</td></tr>'


def _cell(count: int, total: int, *, right: bool) -> str:
    kinds = "r hit" if right else "r"
    percent = round(100 * count / total) if total else 0
    shade = f' style="--p:{percent}"' if percent else ""
    return f'<td class="{kinds}"{shade}>{count:,}</td>'
