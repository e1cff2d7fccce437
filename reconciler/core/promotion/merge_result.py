"""What applying merges came to: which requests, what was carried out, what was left alone and why."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.core.digest import Digest
from reconciler.core.inspect.status import ModelStatus
from reconciler.core.plan.apply_result import ApplyResult
from reconciler.core.promotion.reviewed_plan import DigestDepth
from reconciler.core.status_codes import Exit, worst_exit


@dataclass(frozen=True, slots=True, kw_only=True)
class MergedPullRequest:
    """One change on the protected branch. `request` is None where no pull request brought it. `depth`: how much of the
    plan its reviewers saw, None where they saw none. `applied`: the models that it touches; `status`: how they are now.
    `revert`: the branch that puts back what is not finished. `told`: the address of the report on the request."""

    commit: str
    request: int | None
    url: str | None
    depth: DigestDepth | None
    applied: ApplyResult
    status: tuple[ModelStatus, ...]
    plan: Digest
    revert: str | None = None
    told: str | None = None

    @property
    def exit(self) -> Exit:
        return self.applied.exit


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeResult:
    """Oldest change first. `seconds`: how long all of it took."""

    environment: str
    revision: str
    merged: tuple[MergedPullRequest, ...]
    seconds: int
    format: int = 1

    @property
    def exit(self) -> Exit:
        return worst_exit(one.exit for one in self.merged)
