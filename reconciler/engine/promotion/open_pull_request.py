"""Commit a proposal to a branch, push it and open its pull request: one open request per environment and set of models.

An older request of the same kind is closed where the new one proposes all of its models. One that proposes others, too,
stays open: what it says of those would be lost.

Every step is idempotent, so that running again finishes an interrupted run: the commit is the same, the push has
nothing to do, the request is updated, an older one is closed once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias, TypeVar

from reconciler.core.digest import Digest, digest_of_bytes, short
from reconciler.core.forge.project_place import at_place, branch_name
from reconciler.core.forge.pull_request import PullRequest, PullRequestDraft
from reconciler.core.promotion.model_set import in_words, models_of, set_name
from reconciler.core.promotion.promotion_summary import PromotionSummary
from reconciler.core.promotion.proposal import (
    LeftOutModel,
    OpenedPullRequest,
    OpenedState,
    OverlappingPullRequest,
    ProposalResult,
    ProposalSet,
    SupersededPullRequest,
)
from reconciler.core.spec.gates import Verification
from reconciler.engine.load_desired import Checkout
from reconciler.errors import UsageError
from reconciler.ports import Forge, Proposal, Proposer, Remote

Proposed: TypeAlias = ProposalResult | ProposalSet
P = TypeVar("P", ProposalResult, ProposalSet)

LABEL = "reconciler"
SUPERSEDED = "superseded"
_LISTED = 20  # models that a comment names
_TOLD = 200  # models that a commit's message describes: git takes it as one argument


@dataclass(frozen=True, slots=True, kw_only=True)
class PullRequestRoute:
    """The way of a proposal: pushed to `remote`, opened at `forge` into `base`. Each is None where there is none,
    which `because` explains. `body` renders the pull request's text as Markdown."""

    remote: Remote | None
    forge: Forge | None
    because: str
    base: str
    body: Callable[[Proposed], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedProposal:
    """What is to be proposed for one model: the files that pin `artifact`, by path, and what reviewers are told.

    `count`: how often the same pin was proposed before.
    """

    model: str
    artifact: Digest
    files: Mapping[str, str]
    summary: tuple[str, ...]
    verification: Verification | None = None
    promotion: PromotionSummary | None = None
    count: int = 0

    @property
    def version(self) -> str:
        """Return the part of a branch that names what is proposed."""
        return short(self.artifact) + (f"-{self.count}" if self.count else "")


def propose_models(
    checkout: Checkout,
    proposer: Proposer,
    prepared: Sequence[PreparedProposal],
    *,
    verb: str,
    environment: str,
    route: PullRequestRoute | None,
    left_out: tuple[LeftOutModel, ...] = (),
) -> ProposalSet:
    """Commit what is prepared for some models to one branch; with a `route`, push it and open one pull request.

    `left_out` is told in both. Models whose files git has already are no part of the branch. Raises UsageError E801
    where the configuration was read from a work tree.
    """
    if checkout.revision is None:
        raise UsageError(f"{verb} needs a commit, not a work tree", hint="leave out --working-tree", code="E801")
    base = checkout.revision
    prepared = sorted(prepared, key=lambda each: each.model)  # whatever order they were named in, it is one proposal
    changed = {
        each.model: files
        for each in prepared
        if (files := {path: text for path, text in sorted(each.files.items()) if checkout.text(path) != text})
    }
    results = tuple(
        ProposalResult(
            model=each.model,
            environment=environment,
            artifact=each.artifact,
            branch=None,
            commit=None,
            base=base,
            files=tuple(changed.get(each.model, ())),
            summary=each.summary
            if each.model in changed
            else (f"{environment} already declares {short(each.artifact)}",),
            promotion=each.promotion if each.model in changed else None,
        )
        for each in prepared
    )
    written = [file for files in changed.values() for file in files.items()]
    proposed = ProposalSet(
        environment=environment,
        branch=None,
        commit=None,
        base=base,
        files=tuple(path for path, _ in written),
        models=results,
        left_out=left_out,
    )
    if not changed:
        return proposed
    pins = [each for each in prepared if each.model in changed]
    versions = "\n".join(f"{each.model} {each.version}" for each in pins)
    version = pins[0].version if len(pins) == 1 else short(digest_of_bytes(versions.encode()))
    branch = branch_name(verb, environment, proposer.place, set_name(changed), version)
    title = _title(verb, at_place(environment, proposer.place), pins)
    proposal = Proposal(branch=branch, start=base, files=tuple(written), message=_message(title, environment, pins))
    commit = commit_proposal(proposer, proposal, route)
    proposed = replace(
        proposed,
        branch=branch,
        commit=commit,
        models=tuple(
            replace(each, branch=branch, commit=commit) if each.model in changed else each for each in results
        ),
    )
    return proposed if route is None else push_and_open(route, proposed, title=title)


def of_one(proposed: ProposalSet) -> ProposalResult:
    """Return the proposal of the only model of a set."""
    (model,) = proposed.models
    return replace(model, opening=proposed.opening)


def _title(verb: str, where: str, pins: Sequence[PreparedProposal]) -> str:
    models = in_words(each.model for each in pins)
    if verb == "promote":
        title = f"Promote {models} to {where}"
        return f"{title}: {short(pins[0].artifact)}" if len(pins) == 1 else title
    title = f"{verb.capitalize()} {models} in {where}"
    return f"{title} to {short(pins[0].artifact)}" if len(pins) == 1 else title


def _message(title: str, environment: str, pins: Sequence[PreparedProposal]) -> str:
    """Return the message of the commit: what it does to each model, and trailers for programs."""
    lines, trailers = [], [f"Reconciler-Environment: {environment}"]
    for each in pins[:_TOLD]:
        start = "" if len(pins) == 1 else f"{each.model}: "
        lines += [f"{start}{line[:1].upper()}{line[1:]}." for line in each.summary]
        gates = each.verification.gate_set if each.verification else "deployed here before"
        trailers += [
            f"Reconciler-Model: {each.model}",
            f"Reconciler-Artifact: {each.artifact}",
            f"Reconciler-Verification: {gates}",
        ]
    if len(pins) > _TOLD:
        lines.append(f"And {len(pins) - _TOLD} more models.")
    return "\n\n".join([title, "\n".join(lines), "\n".join(trailers)]) + "\n"


def commit_proposal(proposer: Proposer, proposal: Proposal, route: PullRequestRoute | None) -> str:
    """Commit the proposal and return the commit id: that of the remote's branch where it proposes the same already."""
    if route is not None and route.remote is not None:
        route.remote.fetch(proposal.branch)
    return proposer.propose(proposal)


def push_and_open(route: PullRequestRoute, proposed: P, *, title: str) -> P:
    """Push `proposed` and open its pull request; close older open ones of the same kind whose models are among its."""
    branch = proposed.branch or ""
    if route.remote is not None:
        route.remote.push(branch)
    opening = OpenedPullRequest(
        state=OpenedState.BY_HAND,
        because=route.because,
        base=route.base,
        title=title,
        remote=route.remote.url() if route.remote is not None else None,
    )
    body = route.body(proposed)
    if route.forge is None:
        return replace(proposed, opening=replace(opening, body=body))
    folder, _, part = branch.rpartition("/")[0].rpartition("/")
    models = frozenset(proposed.proposed) if isinstance(proposed, ProposalSet) else frozenset([part])
    before = tuple(_beside(route, folder, part, models))
    draft = PullRequestDraft(head=branch, base=route.base, title=title, body=body, labels=(LABEL,))
    pull = route.forge.open(draft)
    others = [(request, covered) for request, covered in before if request.number != pull.number]
    for request, covered in others:
        if covered:
            _supersede(route.forge, request, pull, proposed)
    opening = replace(
        opening,
        state=_state(tuple(request for request, _ in before), draft),
        forge=route.forge.name,
        number=pull.number,
        url=pull.url,
        superseded=tuple(
            SupersededPullRequest(number=request.number, url=request.url) for request, covered in others if covered
        ),
        overlapping=tuple(
            OverlappingPullRequest(number=request.number, url=request.url) for request, covered in others if not covered
        ),
    )
    return replace(proposed, opening=opening)


def _beside(
    route: PullRequestRoute, folder: str, part: str, models: frozenset[str]
) -> Iterator[tuple[PullRequest, bool]]:
    """Yield the open requests into the same branch that share some of `models`, and whether these are all of theirs.

    `folder`, `part`: of the branch of a proposal of these models; the part is what names them.
    """
    for request in route.forge.opened(f"{folder}/") if route.forge is not None else ():
        above, _, theirs = request.head.rpartition("/")[0].rpartition("/")
        if above != folder or request.base != route.base:
            continue
        known = models if theirs == part else models_of(theirs, request.body)
        if known is not None and known & models:
            yield request, known <= models


def _state(before: tuple[PullRequest, ...], draft: PullRequestDraft) -> OpenedState:
    existing = next(
        (pull_request for pull_request in before if (pull_request.head, pull_request.base) == (draft.head, draft.base)),
        None,
    )
    if existing is None:
        return OpenedState.OPENED
    same = (existing.title, existing.body.rstrip()) == (draft.title, draft.body.rstrip())
    return OpenedState.UNCHANGED if same else OpenedState.UPDATED


def _supersede(forge: Forge, older: PullRequest, newer: PullRequest, proposed: Proposed) -> None:
    """Comment on the older request, then close it: one closed without a comment would not be looked at again."""
    models = proposed.models if isinstance(proposed, ProposalSet) else (proposed,)
    listed = ", ".join(
        f"`{short(each.artifact)}` for `{each.model}`" for each in models[:_LISTED] if each.branch is not None
    )
    more = f" and {len(models) - _LISTED} more" if len(models) > _LISTED else ""
    body = (
        f"Superseded by {newer.url}, which proposes {listed}{more} in `{proposed.environment}`. Closed without merging."
    )
    forge.comment(older.number, SUPERSEDED, body)
    forge.close(older.number)
