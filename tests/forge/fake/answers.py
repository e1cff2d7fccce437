"""A request as an API sees it, and what it answers."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.forge.fake.repository import Owner


@dataclass(slots=True, kw_only=True)
class Asked:
    method: str
    path: str
    query: dict[str, str]
    body: Any
    owner: Owner
    root: str
    """Scheme, host and port of this server."""


@dataclass(slots=True, kw_only=True)
class Answer:
    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)


Handler = Callable[..., Answer]
Routes = list[tuple[str, re.Pattern[str], Handler]]


def route(method: str, form: str, handler: Handler) -> tuple[str, re.Pattern[str], Handler]:
    """`{name}` stands for one part of a path, `{name:number}` for digits."""
    pattern = re.sub(r"\{(\w+):number\}", r"(?P<\1>[0-9]+)", form)
    return method, re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", pattern)), handler


def handled(routes: Routes, asked: Asked, missing: Answer) -> Answer:
    for method, pattern, handler in routes:
        found = pattern.fullmatch(asked.path)
        if method == asked.method and found is not None:
            return handler(asked, **{k: int(v) if v.isdecimal() else v for k, v in found.groupdict().items()})
    return missing


def paged(asked: Asked, items: list[Any], prefix: str) -> Answer:
    """One page, and where the next one is (RFC 8288), as both forges tell it."""
    size, page = min(int(asked.query.get("per_page", "30")), 100), int(asked.query.get("page", "1"))
    shown = items[(page - 1) * size : page * size]
    headers = {}
    if page * size < len(items):
        query = "&".join(f"{k}={v}" for k, v in {**asked.query, "page": str(page + 1)}.items())
        headers["Link"] = f'<{asked.root}{prefix}{asked.path}?{query}>; rel="next"'
    return Answer(body=shown, headers=headers)
