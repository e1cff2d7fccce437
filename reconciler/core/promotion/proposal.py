"""What a command that proposes a change wrote, and the pull request that it opened."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from reconciler.core.digest import Digest
from reconciler.core.promotion.promotion_summary import PromotionSummary


class OpenedState(StrEnum):
    OPENED = "opened"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    BY_HAND = "by-hand"


@dataclass(frozen=True, slots=True, kw_only=True)
class SupersededPullRequest:
    """An older open request of the same environment and model, closed with a comment that names the newer one."""

    number: int
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedPullRequest:
    """Where a proposal went. `remote`: where its branch was pushed to, None where there is none. `forge`: where a
    request into `base` is open; None (`because` says why) where it is left to be opened by hand, with `title` and
    `body`."""

    state: OpenedState
    because: str
    base: str
    title: str
    remote: str | None = None
    forge: str | None = None
    number: int | None = None
    url: str | None = None
    superseded: tuple[SupersededPullRequest, ...] = ()
    body: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposalResult:
    """What `promote`, `rollback` and `override` wrote: a commit on a branch. `branch` is None when git says so already.
    `served_by`: the journal entry by which it serves at once, for `rollback --now`. `opening` is there when they were
    asked to push and to open a request; `promotion` is what reviewers of a promotion are told."""

    model: str
    environment: str
    artifact: Digest
    branch: str | None
    commit: str | None
    base: str
    files: tuple[str, ...]
    summary: tuple[str, ...]
    served_by: int | None = None
    opening: OpenedPullRequest | None = None
    promotion: PromotionSummary | None = None
    format: int = 1
