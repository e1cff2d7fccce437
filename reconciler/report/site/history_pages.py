"""The history of an environment, and what each request changed: pages of a site."""

from __future__ import annotations

from reconciler.core.site.site import ModelChange, RequestChanges, SiteOverview
from reconciler.report.evaluation_page.elements import DASH, Html, code, html, joined, name, paragraph, table, text
from reconciler.report.evaluation_page.origin import link as web_link
from reconciler.report.site.layout import main, page
from reconciler.report.site.overview import link

MOST_CHANGES, MOST_REQUESTS = 500, 200


def history(site: SiteOverview) -> bytes:
    """Return the page of the newest journal entries of all models."""
    heads = ("model", "when", "action", "artifact", "request or commit", "who", "why")
    shown = table("Journal entries, the newest first", heads, map(_change, site.history), words=7)
    note = paragraph(
        "The newest of all models; ", code(f"reconciler history {site.environment}"), " lists all.", kind="note"
    )
    body = html(note, shown) if site.history else paragraph("No entry is there.")
    return page(
        f"{site.environment}: history", main(site.environment, html("History of ", name(site.environment)), body)
    )


def requests(site: SiteOverview) -> bytes:
    """Return the page of what each commit, and the request that brought it, changed."""
    heads = ("request or commit", "when", "who", "models")
    shown = table("What each changed, the newest first", heads, map(_request, site.requests), words=4)
    said = paragraph("By the newest entries of each model's journal.", kind="note")
    body = html(said, shown) if site.requests else paragraph("No entry yet names a commit.")
    title = html("What each request changed in ", name(site.environment))
    return page(f"{site.environment}: requests", main(site.environment, title, body))


def _change(change: ModelChange) -> tuple[Html, ...]:
    return (
        link(change.model),
        _when(change.when),
        text(change.action),
        code(change.artifact) if change.artifact else DASH,
        _brought(change.commit, change.request, change.url),
        name(change.who),
        text(change.reason),
    )


def _request(request: RequestChanges) -> tuple[Html, ...]:
    more = f" and {request.count - len(request.models):,} more" if request.count > len(request.models) else ""
    models = html(f"{request.count:,}: ", joined(map(link, request.models)), more)
    return _brought(request.commit, request.request, request.url), _when(request.when), name(request.who), models


def _brought(at: str, request: str, url: str) -> Html:
    shown = [web_link(url, request) if url else text(request)] if request else []
    return html(*shown, " " * bool(shown), code(at) if at else DASH)


def _when(when: str) -> Html:
    return Html(f'<time datetime="{text(when)}">{text(when[:16].replace("T", " "))}</time>')
