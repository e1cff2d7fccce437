"""A page of a site while the site is made: what the overview needs is held, the rest lies in a file."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass, field, replace
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

    def line_told(self) -> bytes:
        """Return what another process needs to know of the page, to `page_told`."""
        return json.dumps({"row": codec.to_json(self.row), "at": [self.artifact, self.start, self.size]}).encode()

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
        since=status.since.strftime("%Y-%m-%d") if status.since is not None else "",
        data_as_of=status.data_as_of or "",
        reason=status.reason,
        notes=len(status.notes),
        figure=status.figure or "",
        unit=status.unit.predicted if status.unit is not None else "",
        status=status.status,
    )
    body = json.dumps(fields, separators=(",", ":")).encode()
    page = SitePage(row=_shared(row), artifact=status.artifact, spilled=spilled, start=spilled.tell(), size=len(body))
    spilled.write(body)
    return page


def page_told(line: bytes, spilled: IO[bytes]) -> SitePage:
    """Return the page that another process told of, which wrote its status to `spilled`."""
    told = json.loads(line)
    artifact, start, size = told["at"]
    row: SiteRow = codec.from_json(SiteRow, told["row"])
    return SitePage(row=_shared(row), artifact=artifact, spilled=spilled, start=start, size=size)


def _shared(row: SiteRow) -> SiteRow:
    """Return the row with texts that many rows have held once for all."""
    return replace(
        row,
        since=sys.intern(row.since),
        data_as_of=sys.intern(row.data_as_of),
        reason=sys.intern(row.reason),
        figure=sys.intern(row.figure),
        unit=sys.intern(row.unit),
    )
