"""What every page of a site has: where it is, and the links to the others."""

from __future__ import annotations

from reconciler.report.evaluation_page.elements import Html, html, name
from reconciler.report.evaluation_page.page import STYLE, document, policy_of

STYLE_FILE = "site.css"
_PAGES = (("index.html", "Models"), ("history.html", "History"), ("requests.html", "Requests"))


def style() -> str:
    """Return the style sheet of the site."""
    return STYLE


def nav(environment: str, *, up: str = "") -> Html:
    """Return the links to the pages of the site. `up`: the way to its folder, such as `../`."""
    links = "".join(f'<li><a href="{up}{file}">{title}</a></li>' for file, title in _PAGES)
    return Html(f'<nav aria-label="Site"><ul><li>{name(environment)}</li>{links}</ul></nav>')


def page(title: str, content: str, *, up: str = "", script: str = "", script_hash: str = "") -> bytes:
    """Return a document of the site. `script`: an element, whose content has this hash."""
    allowed = policy_of(style="'self' file:", script=script_hash)
    sheet = f'<link rel="stylesheet" href="{up}{STYLE_FILE}">'
    return document(title, content, style=sheet, policy=allowed, end=script).encode()


def main(environment: str, title: Html, *parts: str, up: str = "") -> Html:
    """Return a heading and the content of a page."""
    header = f"<header>{nav(environment, up=up)}<h1>{title}</h1></header>"
    return html(header, f'<main id="main">{"".join(parts)}</main>')
