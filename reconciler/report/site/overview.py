"""The first page of a site, and the lists of all models: sync, health, grade, age and last change of each."""

from __future__ import annotations

import base64
import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

from reconciler.core.names import seen
from reconciler.core.site.site import SiteOverview, SiteRow
from reconciler.core.status_codes import HealthStatus, SyncStatus
from reconciler.report.evaluation_page.elements import (
    DASH,
    Html,
    code,
    facts,
    html,
    items,
    name,
    number,
    paragraph,
    section,
    table,
    text,
)
from reconciler.report.layout.formatting import commit, titled
from reconciler.report.site.layout import main, page

ROWS = 200
"""Models of one list; further ones have pages of their own."""
_MOST_ATTENTION = 100
_SCRIPT = Path(__file__).with_name("search.js").read_text(encoding="utf-8")
_HASH = "'sha256-" + base64.b64encode(hashlib.sha256(_SCRIPT.encode()).digest()).decode() + "'"
_COLUMNS = ("model", "sync", "health", "grade", "data as of", "last change", "figure", "data age")
_SYNC = {SyncStatus.IN_SYNC: "in sync", SyncStatus.OUT_OF_SYNC: "out of sync", SyncStatus.UNKNOWN: "unknown"}


def index(site: SiteOverview) -> bytes:
    """Return the first page: what needs attention, the search, and the first list."""
    title = f"{site.environment}: {len(site.rows):,} models"
    search = (
        '<div id="searching" hidden><label for="search">Find models by name, state or grade</label><br>'
        '<input type="search" id="search" autocomplete="off"><p id="said" role="status"></p><ul id="found"></ul></div>'
    )
    content = main(
        site.environment,
        html(name(titled(site.environment, site.role)), " of ", name(site.project)),
        _summary(site),
        search,
        _attention(site),
        _list(site, 1),
    )
    data = f'<script type="application/json" id="models">{_index(site.rows)}</script>'
    return page(title, content, script=f"{data}<script>{_SCRIPT}</script>\n", script_hash=_HASH)


def lists(site: SiteOverview) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of each further list."""
    for n in range(2, _count(site) + 1):
        content = main(site.environment, html("Models of ", name(site.environment)), _list(site, n, up="../"), up="../")
        yield f"list/{n}.html", page(f"{site.environment}: models, page {n}", content, up="../")


def _index(rows: Sequence[SiteRow]) -> str:
    """Return what the search looks through, which no text within can end."""
    found = [
        [row.model, _SYNC[row.sync], row.health.value.lower(), f"grade {row.grade}" * bool(row.grade)] for row in rows
    ]
    return json.dumps(found, separators=(",", ":")).replace("<", "\\u003c")


def _summary(site: SiteOverview) -> Html:
    health = Counter(row.health for row in site.rows)
    sync = Counter(row.sync for row in site.rows)
    grades = Counter(row.grade for row in site.rows if row.grade)
    shown = [
        (
            "health",
            text(", ".join(f"{health[each]:,} {each.lower()}" for each in HealthStatus if health[each]) or "none"),
        ),
        ("sync", text(", ".join(f"{sync[each]:,} {_SYNC[each]}" for each in SyncStatus if sync[each]) or "none")),
        ("grades", text(", ".join(f"{grades[each]:,} {each}" for each in sorted(grades)) or "none")),
        ("declared", html("at ", code(commit(site.revision))) if site.revision else Html("in the working tree")),
        ("made", Html(f'<time datetime="{site.made}">{site.made.replace("T", " ").removesuffix("Z")} UTC</time>')),
    ]
    return html(facts(shown), items(text(note) for note in site.notes))


def _attention(site: SiteOverview) -> Html:
    rows = sorted((row for row in site.rows if row.needs_attention), key=lambda row: (-row.health.rank, row.model))
    if not rows:
        return section(
            "attention", "Needs attention", paragraph("Nothing: every model is in sync and healthy.", kind="good")
        )
    shown = ((link(row.model), _state(row), text(row.reason)) for row in rows[:_MOST_ATTENTION])
    parts = [table("The gravest first", ("model", "state", "why"), shown, words=3)]
    if len(rows) > _MOST_ATTENTION:
        parts.append(paragraph(f"{len(rows) - _MOST_ATTENTION:,} more: find them by their state.", kind="note"))
    return section("attention", f"Needs attention: {len(rows):,}", *parts)


def _state(row: SiteRow) -> Html:
    return html(_SYNC[row.sync], ", <strong>", text(row.health.lower()), "</strong>")


def _list(site: SiteOverview, n: int, *, up: str = "") -> Html:
    rows = site.rows[(n - 1) * ROWS : n * ROWS]
    if not rows:
        return section("list", "All models", paragraph("No model is declared here."))
    made = date.fromisoformat(site.made[:10])
    caption = f"Models {(n - 1) * ROWS + 1:,} to {(n - 1) * ROWS + len(rows):,} of {len(site.rows):,}"
    shown = table(caption, _COLUMNS, (_cells(row, made, up) for row in rows), words=6)
    return section("list", "All models", shown, _pager(_count(site), n, up))


def _cells(row: SiteRow, made: date, up: str) -> tuple[Html, ...]:
    return (
        link(row.model, up=up),
        Html(_SYNC[row.sync]),
        text(row.health.value.lower()),
        text(row.grade or "–"),
        text(row.data_as_of or "–"),
        text(row.since or "–"),
        _figure(row),
        _age(row.data_as_of, made),
    )


def _figure(row: SiteRow) -> Html:
    """Return the figure with its metric, and of what it and the grade are where the model predicts a transform."""
    if row.headline is None:
        return DASH
    value = html(text(row.figure.replace("_", " ")), " " * bool(row.figure), number(row.headline))
    return html(value, "; it and the grade are of ", name(seen(row.unit))) if row.unit else value


def _age(day: str, made: date) -> Html:
    try:
        days = (made - date.fromisoformat(day)).days
    except ValueError:
        return DASH
    return Html(f"{days:,} d")


def link(model: str, *, up: str = "") -> Html:
    """Return a link to a model's page."""
    return Html(f'<a href="{up}models/{text(model)}.html">{text(model)}</a>')


def _count(site: SiteOverview) -> int:
    return max(1, -(-len(site.rows) // ROWS))


def _pager(count: int, here: int, up: str) -> Html:
    if count == 1:
        return Html("")
    links = []
    for n in range(1, count + 1):
        first = "index.html#list" if n == 1 else f"list/{n}.html"
        links.append(f"<li><strong>{n}</strong></li>" if n == here else f'<li><a href="{up}{first}">{n}</a></li>')
    return Html(f'<nav aria-label="Pages of models"><ul>{"".join(links)}</ul></nav>')
