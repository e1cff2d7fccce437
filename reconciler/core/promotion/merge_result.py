"""The result of applying merged pull requests: which, what was applied, what was skipped and why."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.core.digest import Digest
from reconciler.core.inspect.status import ModelStatus
from reconciler.core.plan.apply_result import ApplyResult
from reconciler.core.promotion.reviewed_plan import DigestDepth
from reconciler.core.status_codes import ResultStatus, worst_status


@dataclass(frozen=True, slots=True, kw_only=True)
class MergedPullRequest:
    """One change on the protected branch. `request` is None where no pull request introduced it. `depth`: how much of
    the plan its reviewers saw, None where they saw none. `applied` and `status`: results and present state of its
    models. `revert`: the branch that reverts the unfinished ones. `told`: the address of the report on the request."""

    commit: str
    request: int | None
    url: str | None
    depth: DigestDepth | None
    applied: ApplyResult
    status: tuple[ModelStatus, ...]
    plan: Digest
    revert: str | None = None
    told: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeResult:
    """The merged changes, oldest first. `seconds`: the duration of the whole run."""

    environment: str
    revision: str
    merged: tuple[MergedPullRequest, ...]
    seconds: int
    format: int = 1

    @property
    def status(self) -> ResultStatus:
        """Return the worst status of all changes."""
        return worst_status(merged.applied.status for merged in self.merged)
