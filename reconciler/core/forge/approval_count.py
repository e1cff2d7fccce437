"""Decide which reviews of a merged pull request count as approvals, and why each of the others does not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from reconciler.core.forge.pull_request import Approval, PullRequest
from reconciler.core.forge.review import Account, Contributions, Review, Verdict, is_same_login, one_of


class Ancestry(StrEnum):
    """How a commit of the branch and the head of a pull request lie to each other."""

    INSIDE = "inside"  # the commit is the head, or lies behind it
    ABOVE = "above"  # the head lies behind the commit
    APART = "apart"  # neither: the merge wrote new commits, as a squash or a rebase does


def brought_by(
    commit: str,
    parents: tuple[str, ...],
    listed: tuple[PullRequest, ...],
    ancestry: Callable[[PullRequest], Ancestry],
) -> tuple[PullRequest, ...]:
    """Return those of the merged requests `listed` for `commit` whose merge brought it, at most a few per base.

    A forge also lists requests whose head merely became part of the branch. `parents`: of the commit; `listed`: oldest
    first; `ancestry`: of `commit` and a request's head, asked only where it decides.
    """
    brought: list[PullRequest] = []
    for base in dict.fromkeys(request.base for request in listed):
        of_base = [request for request in listed if request.base == base]
        if len(of_base) == 1 and _merges(commit, parents, of_base[0]):
            brought += of_base
            continue
        lies = [(request, ancestry(request)) for request in of_base]
        inside = [request for request, place in lies if place is Ancestry.INSIDE]
        # Who merged the very commit brought it, and the first did. A merge commit that is itself a request's commit was
        # written by a person, and says nothing for the request that it merges.
        brought += [request for request in inside if request.merged_at == inside[0].merged_at] or [
            request
            for request, place in lies
            if _merges(commit, parents, request) or (len(parents) < 2 and place is Ancestry.APART)
        ]
    return tuple(request for request in listed if request in brought)


def _merges(commit: str, parents: tuple[str, ...], request: PullRequest) -> bool:
    """Return whether `commit` merges the request's head, or is what it was squashed to."""
    made = [name for name in (request.commit, request.squashed_as) if name is not None]
    return commit == request.squashed_as or any(parent in made for parent in parents[1:])


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """Whose approval counts. `people`: their logins; `me`: the account of the token, None where the forge does not
    tell; `not_author`: whoever opened the request or contributed to it is no approver."""

    people: frozenset[str]
    me: Account | None
    not_author: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalCount:
    """The approvals that count, sorted by login, and one reason for each review that does not, those of named approvers
    first. `gap`: why no approval can count, however many there are."""

    counted: tuple[Approval, ...]
    refused: tuple[str, ...]
    gap: str | None = None


def count_approvals(
    request: PullRequest, reviews: tuple[Review, ...], contributions: Contributions | None, rules: Rules
) -> ApprovalCount:
    """Return which reviews count. `contributions` is needed where the rules exclude contributors.

    One account counts once, whatever name it had; two logins of one person cannot be told from two people.
    """
    counted: list[Approval] = []
    refused: list[str] = []
    others: list[str] = []
    seen: list[Account] = []
    for review in sorted(reviews, key=lambda review: review.by.login.lower() if review.by else ""):
        reason = next(_objections(request, review, contributions, rules), None)
        if review.by is None or reason is not None:
            named = review.by is not None and _is_named(review.by.login, rules.people)
            (refused if named else others).append(reason or "")
        elif not one_of(review.by, seen):
            seen.append(review.by)
            counted.append(Approval(by=review.by.login, commit=review.commit, when=review.when, account=review.by.id))
    gap = contributions.unexplained(request.commit) if rules.not_author and contributions is not None else None
    return ApprovalCount(counted=tuple(counted), refused=(*refused, *others), gap=gap)


def _is_named(login: str, people: frozenset[str]) -> bool:
    """Return whether a login is one of these."""
    return any(is_same_login(login, name) for name in people)


def _objections(
    request: PullRequest, review: Review, contributions: Contributions | None, rules: Rules
) -> Iterator[str]:
    """Yield why a review does not count, the plainest reason first."""
    person = review.by
    if person is None:
        yield "the approval of an account that was deleted does not count"
        return
    name = person.login
    if review.verdict is Verdict.CHANGES_REQUESTED:
        yield f"{name} asks for changes"
    if review.verdict is Verdict.WITHDRAWN:
        yield f"the approval of {name} was withdrawn"
    if not _is_named(name, rules.people):
        yield f"{name} is none of them"
    if person.bot:
        yield f"the approval of {name}, a program, does not count"
    if rules.me is not None and person.is_same(rules.me):
        yield f"the approval of {name}, who owns the token that is used here, does not count: any job could give it"
    if not review.may_write:
        yield f"{name} may not write to the repository"
    if review.commit is None:
        yield f"{name} approved, and the forge does not tell which commit"
    elif review.commit != request.commit:
        yield f"{name} approved commit {review.commit[:12]}, and {request.commit[:12]} was merged"
    if review.outdated:
        yield f"{name} approved it before it was directed at {request.base}"
    if rules.not_author:
        yield from _own_work(request, person, contributions)


def _own_work(request: PullRequest, person: Account, contributions: Contributions | None) -> Iterator[str]:
    """Yield why an approval would be of one's own work, or cannot be told from one."""
    if person.is_same(Account(login=request.author, id=request.author_id)):
        yield f"the approval of {person.login}, its author, does not count"
    if contributions is None:
        return
    if one_of(person, contributions.pushers()):
        yield f"the approval of {person.login}, who pushed commits of it, does not count"
    if one_of(person, contributions.authors()):
        yield f"the approval of {person.login}, who wrote commits of it, does not count"
    if (gap := contributions.unexplained(request.commit)) is not None:
        yield f"the approval of {person.login} does not count, because {gap}"
