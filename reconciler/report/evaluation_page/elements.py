"""The elements of a page. What is `Html` is safe to write; a text becomes it by `text`, `name` and `code` alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from html import escape
from typing import NewType

from reconciler.core.digest import Digest, short
from reconciler.core.evaluation.figures import Figure
from reconciler.report.layout.escaping import visible

Html = NewType("Html", str)
DASH = Html("–")


def text(words: str) -> Html:
    """Return words from anywhere as content of an element or of a quoted attribute."""
    return Html(escape(visible(words)))


def name(words: str) -> Html:
    """Return a name from manifests or data: it neither reorders nor overflows what stands beside it."""
    return Html(f"<bdi>{text(words)}</bdi>")


def code(words: str) -> Html:
    """Return a digest, path or command."""
    return Html(f"<code>{text(words)}</code>")


def digest(value: Digest | None) -> Html:
    """Return a digest, short, with all of it where it is pointed at."""
    return Html(f'<code title="{text(value)}">{short(value)}</code>') if value is not None else DASH


def day(when: datetime) -> Html:
    """Return the day and the minute of a moment, as a machine can read them, too."""
    at = when.astimezone(UTC)
    return Html(f'<time datetime="{at:%Y-%m-%dT%H:%M:%SZ}">{at:%Y-%m-%d %H:%M}</time>')


def html(*parts: str) -> Html:
    """Return parts that are HTML already, one after the other."""
    return Html("".join(parts))


def joined(parts: Iterable[Html], separator: str = ", ") -> Html:
    """Return the parts with a separator of ours between them."""
    return Html(separator.join(parts))


def paragraph(*parts: str, kind: str = "") -> Html:
    """Return a paragraph. `kind`: `note`, `good`, `bad`."""
    return Html(f"<p{_class(kind)}>{''.join(parts)}</p>")


def items(rows: Iterable[Html]) -> Html:
    """Return a list; nothing where it is empty."""
    listed = "".join(f"<li>{row}</li>" for row in rows)
    return Html(f"<ul>{listed}</ul>" if listed else "")


def facts(rows: Iterable[tuple[str, Html]]) -> Html:
    """Return facts, each with its label of ours."""
    return Html("<dl>" + "".join(f"<div><dt>{label}</dt><dd>{value}</dd></div>" for label, value in rows) + "</dl>")


def section(identifier: str, title: str, *parts: str) -> Html:
    """Return a section under a title of ours; nothing where it has no content."""
    content = "".join(parts)
    if not content:
        return Html("")
    return Html(
        f'<section id="{identifier}" aria-labelledby="{identifier}-h"><h2 id="{identifier}-h">{title}</h2>'
        f"{content}</section>"
    )


def fold(title: str, *parts: str) -> Html:
    """Return what a reader unfolds; a printer shows it."""
    return Html(f"<details><summary>{title}</summary>{''.join(parts)}</details>")


def table(caption: str, columns: Sequence[str], rows: Iterable[Sequence[Html]], *, words: int = 1) -> Html:
    """Return a table of ours whose first column names its rows, and that scrolls by itself where it is too wide.

    `words`: how many columns hold words; the others are numbers.
    """
    head = "".join(f'<th scope="col"{_class("" if n < words else "r")}>{c}</th>' for n, c in enumerate(columns))
    body = "".join(_row(row, words) for row in rows)
    return scrolled(
        caption, f"<table><caption>{caption}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    )


def _row(row: Sequence[Html], words: int) -> str:
    cells = (f"<td{_class('' if n < words else 'r')}>{cell}</td>" for n, cell in enumerate(row[1:], start=1))
    return f'<tr><th scope="row">{row[0]}</th>{"".join(cells)}</tr>'


def scrolled(label: str, content: str) -> Html:
    """Return content that scrolls by itself, also by keyboard. `label`: of ours, for whoever does not see it."""
    return Html(f'<div class="scroll" role="region" tabindex="0" aria-label="{label}">{content}</div>')


def _class(kind: str) -> str:
    return f' class="{kind}"' if kind else ""


def number(value: float | None) -> str:
    """Return a figure with as many digits as a person reads."""
    if value is None:
        return "–"
    if abs(value) < 0.0005:
        return "0.000"
    return f"{value:,.3f}" if abs(value) < 1000 else f"{value:,.0f}"


def signed(value: float) -> str:
    """Return a difference with its sign; what rounds to nothing has none."""
    shown = number(abs(value))
    return shown if shown == "0.000" else f"{'+' if value > 0 else '−'}{shown}"


def interval(low: float | None, high: float | None) -> str:
    """Return an interval in brackets, or a dash."""
    return f"[{number(low)}, {number(high)}]" if low is not None and high is not None else "–"


def figure(value: Figure | None, told: str | None = None) -> Html:
    """Return a figure with its interval, or why it has none, unless that was `told` already."""
    if value is None:
        return DASH
    if value.value is None:
        return html(DASH, " ", small(value.why or ""))
    if value.interval is None and value.why == told:
        return Html(number(value.value))
    if value.interval is None:
        return html(number(value.value), " ", small(value.why or "no interval"))
    return html(number(value.value), " ", f'<small class="i">{interval(value.low, value.high)}</small>')


def told_once(figures: Iterable[Figure | None]) -> tuple[str | None, Html]:
    """Return the one reason why none of these figures has an interval, with the paragraph that says it."""
    known = [each for each in figures if each is not None]
    reasons = {each.why for each in known}
    if len(known) < 2 or len(reasons) != 1 or any(each.interval is not None for each in known):
        return None, Html("")
    why = known[0].why
    return why, paragraph(text(f"{why}."), kind="note") if why else Html("")


def small(words: str) -> Html:
    """Return words in fine print."""
    return Html(f"<small>{text(words)}</small>")


def share(value: float) -> str:
    """Return a share in per cent."""
    return f"{value:.0%}" if abs(value) >= 0.1 or value == 0 else f"{value:.1%}"
