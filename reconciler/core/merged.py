"""What applying a merge came to: which request, what was carried out, what was left alone and why."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.core.condition import Exit
from reconciler.core.result import Applied
from reconciler.core.review import Depth
from reconciler.core.status import EnvironmentStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """`request` is None where no pull request brought the commit. `depth`: how much of the plan its reviewers saw.
    `status`: the touched models as they are now. `revert`: the branch that puts back what is not finished."""

    applied: Applied
    request: int | None
    url: str | None
    depth: Depth | None
    seconds: int
    status: EnvironmentStatus
    revert: str | None = None
    format: int = 1

    @property
    def exit(self) -> Exit:
        return self.applied.exit
