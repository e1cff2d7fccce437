"""A page of a site while the site is made: what the overview needs is held, the rest lies in a file."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass, field
from typing import IO, Any

from reconciler import codec
from reconciler.core.inspect.status import ModelStatus
from reconciler.core.site.site import SiteRow


@dataclass(slots=True)
class SitePage:
    """What is known of a model's page. `text`: its status as JSON, read from the file `spilled`; `key`: of all that the
    page depends on; `line`: what the folder's record says of the page that is there."""

    row: SiteRow
    artifact: str | None
    spilled: IO[bytes]
    start: int
    size: int
    key: str = ""
    evaluated: bool = False
    line: dict[str, Any] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """Return the text of the model's status."""
        return os.pread(self.spilled.fileno(), self.size, self.start).decode()

    @property
    def file(self) -> str:
        return f"models/{self.row.model}.html"


def page_of(text: str, spilled: IO[bytes]) -> SitePage:
    """Return the page of a model by the text of its status, which is written to `spilled`."""
    fields = json.loads(text)
    status = codec.from_json(ModelStatus, fields)
    row = SiteRow(
        model=status.model,
        sync=status.sync,
        health=status.health,
        grade=status.grade or "",
        headline=status.headline,
        since=sys.intern(status.since.strftime("%Y-%m-%d")) if status.since is not None else "",
        data_as_of=sys.intern(status.data_as_of or ""),
        reason=sys.intern(status.reason),
        notes=len(status.notes),
        status=status.status,
    )
    body = json.dumps(fields, separators=(",", ":")).encode()
    page = SitePage(row=row, artifact=status.artifact, spilled=spilled, start=spilled.tell(), size=len(body))
    spilled.write(body)
    return page
