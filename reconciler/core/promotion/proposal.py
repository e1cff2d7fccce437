"""The result of a command that proposes a change: its commit, and the pull request that it opened."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from reconciler.core.digest import Digest
from reconciler.core.promotion.promotion_summary import PromotionSummary


class OpenedState(StrEnum):
    """How the pull request of a proposal stands after the command."""

    OPENED = "opened"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    BY_HAND = "by-hand"


@dataclass(frozen=True, slots=True, kw_only=True)
class SupersededPullRequest:
    """An older open request of the same environment and models, closed with a comment that names the newer one."""

    number: int
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OverlappingPullRequest:
    """An open request that proposes some of the same models and others, too: it is left open."""

    number: int
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedPullRequest:
    """The pull request of a proposal. `remote`: where its branch was pushed, None where there is no remote. `forge`:
    where the request into `base` is open; None (`because` says why) where somebody opens it by hand, with `title` and
    `body`. `overlapping`: other open requests for some of its models, left open for the sake of the others."""

    state: OpenedState
    because: str
    base: str
    title: str
    remote: str | None = None
    forge: str | None = None
    number: int | None = None
    url: str | None = None
    superseded: tuple[SupersededPullRequest, ...] = ()
    overlapping: tuple[OverlappingPullRequest, ...] = ()
    body: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposalResult:
    """The commit on a branch that `promote`, `rollback`, `adopt` or `override` wrote. `branch` is None where git
    declares the same already. `served_by`: the journal entry that deployed it, for `rollback --now`, and `held`: what
    was rolled back, which no apply deploys while git pins it. `opening` is present with --open; `promotion` are the
    facts for reviewers of a promotion."""

    model: str
    environment: str
    artifact: Digest
    branch: str | None
    commit: str | None
    base: str
    files: tuple[str, ...]
    summary: tuple[str, ...]
    served_by: int | None = None
    held: Digest | None = None
    opening: OpenedPullRequest | None = None
    promotion: PromotionSummary | None = None
    format: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOutModel:
    """A model that was asked for and may not be proposed. `code`: the rule."""

    model: str
    problem: str
    hint: str | None = None
    code: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposalSet:
    """Several models that one command proposes: one branch, one commit, one pull request. `models`: the proposal of
    each, without a branch where git declares the same already. `left_out`: those that may not be proposed, where the
    others are proposed without them."""

    environment: str
    branch: str | None
    commit: str | None
    base: str
    files: tuple[str, ...]
    models: tuple[ProposalResult, ...]
    left_out: tuple[LeftOutModel, ...] = ()
    opening: OpenedPullRequest | None = None
    format: int = 1

    @property
    def proposed(self) -> tuple[str, ...]:
        """Return the names of the models that the branch changes."""
        return tuple(each.model for each in self.models if each.branch is not None)
