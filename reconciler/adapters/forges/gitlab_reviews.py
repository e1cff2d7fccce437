"""Reviews of a GitLab merge request, and who wrote and pushed its commits, as GitLab tells them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from gitlab.exceptions import GitlabError

from reconciler.core.forge.approval_count import Ancestry
from reconciler.core.forge.pull_request import PullRequest
from reconciler.core.forge.review import Account, Contributions, Push, RequestCommit, Review, Verdict

GHOST = "ghost"  # GitLab's own account in place of those that were deleted
MOST_PUSHES = 5_000  # of a project in the days that are looked through
DAYS_BEFORE = 90  # that a request was opened: an older push is not looked for
MOST_NAMED = 20  # e-mail addresses of co-authors that are looked up
_CO_AUTHOR = re.compile(r"^co-authored-by:[^<\n]*<([^<>\s]+)>[ \t]*$", re.IGNORECASE | re.MULTILINE)
_NO_REPLY = re.compile(r"(?:[0-9]+-)?([A-Za-z0-9_.-]+)@users\.noreply\..+")
# REST tells e-mail addresses only, and GitLab alone knows whose they are.
_PEOPLE = """
query($project: ID!, $number: String!, $after: String) {
  project(fullPath: $project) {
    mergeRequest(iid: $number) {
      committers(first: 100) { nodes { id username } pageInfo { hasNextPage } }
      commits(first: 100, after: $after) {
        nodes { sha author { id username } }
        pageInfo { hasNextPage endCursor }
      }
    }
  }
}
"""


def reviews(request: Any, is_bot: Callable[[int], bool]) -> tuple[Review, ...]:
    """Return who approved, and who asks for changes.

    GitLab tells when somebody approved, and when its head changed, but not which head was approved. An approval in the
    very moment of a push is bound to neither. `is_bot`: of a user's number.
    """
    given = request.approvals.get().approved_by
    heads = _heads(request) if any(approval.get("approved_at") for approval in given) else []
    last: dict[str, Review] = {}
    for approval in given:
        when = _time(approval["approved_at"]) if approval.get("approved_at") else None
        by = account(approval["user"])
        if by is not None:
            by = replace(by, bot=is_bot(approval["user"]["id"]))
        last[by.id or "" if by else f"deleted: {len(last)}"] = Review(
            by=by,
            verdict=Verdict.APPROVED,
            commit=_head_at(when, heads),
            when=when,
            # A later version of the same head is one with another target branch.
            outdated=when is not None and any(when <= since for since, _ in heads),
            may_write=approval["user"].get("state", "active") == "active",
        )
    for user in _who_ask_for_changes(request):
        by = account(user)
        if by is not None:
            last[by.id or ""] = Review(by=by, verdict=Verdict.CHANGES_REQUESTED)
    return tuple(sorted(last.values(), key=lambda review: review.by.login if review.by else ""))


def _who_ask_for_changes(request: Any) -> list[Mapping[str, Any]]:
    reviewers = request.reviewer_details.list(get_all=True)
    return [reviewer.user for reviewer in reviewers if reviewer.state == "requested_changes"]


def account(user: Mapping[str, Any]) -> Account | None:
    """Return the account of a user; None where it was deleted."""
    return None if user["username"] == GHOST else Account(login=str(user["username"]), id=str(user["id"]))


def _heads(request: Any) -> list[tuple[datetime, str]]:
    """Return (time, commit) of all heads that this request has had, newest first."""
    return sorted(
        ((_time(diff.created_at), str(diff.head_commit_sha)) for diff in request.diffs.list(get_all=True)), reverse=True
    )


def _head_at(when: datetime | None, heads: list[tuple[datetime, str]]) -> str | None:
    """Return the head at a time; None where it changed in that very moment, or nothing is known."""
    if when is None or any(since == when for since, _ in heads):
        return None
    return next((commit for since, commit in heads if since < when), None)


def ancestry(project: Any, commit: str, request: PullRequest) -> Ancestry:
    """Return how a commit of the base branch and a request's head lie to each other."""
    if commit == request.commit:
        return Ancestry.INSIDE
    try:
        shared = project.repository_merge_base([request.commit, commit])["id"]
    except GitlabError as error:
        if error.response_code == 404:  # they share nothing
            return Ancestry.APART
        raise
    return {commit: Ancestry.INSIDE, request.commit: Ancestry.ABOVE}.get(str(shared), Ancestry.APART)


def contributions(
    project: Any, source: Callable[[int], Any], number: int, ask: Callable[[str, Mapping[str, Any]], Any], users: Any
) -> Contributions:
    """Return the commits of a request with the accounts of their authors, and the pushes to its branch.

    `source`: returns the project of a branch by its number; `ask`: answers a GraphQL query; `users`: looks users up.
    """
    request = project.mergerequests.get(number)
    ends = request.diff_refs or {}
    begin, head = ends.get("start_sha"), ends.get("head_sha")
    if begin is None or head is None:
        return Contributions(commits=(), pushes=(), gap="GitLab does not tell where its commits begin and end")
    listed = project.commits.list(ref_name=f"{begin}..{head}", get_all=True)
    authors, gap = _people(number, ask)
    committers = authors.pop("", ())
    names = {email for commit in listed for email in _CO_AUTHOR.findall(commit.message)}
    if len(names) > MOST_NAMED:
        gap = f"it names more than {MOST_NAMED} co-authors"
    named = {email: _account_of(email, users) for email in sorted(names)[:MOST_NAMED]}
    commits = []
    for commit in listed:
        co_authors = [named.get(email) for email in _CO_AUTHOR.findall(commit.message)]
        people = (*authors.get(commit.id, ()), *(person for person in co_authors if person is not None))
        # GitLab tells the committers of the request, but not of which commit.
        people += committers if commit.id == head else ()
        commits.append(RequestCommit(id=commit.id, parents=tuple(commit.parent_ids), people=people))
    pushes, more = _pushes(source(request.source_project_id), request)
    known = {commit.id for commit in commits}
    marked = [
        replace(push, forced=_is_forced(project, push)) if push.after in known and push.before not in known else push
        for push in pushes
    ]
    return Contributions(commits=tuple(commits), pushes=tuple(marked), gap=gap or more)


def _is_forced(project: Any, push: Push) -> bool:
    """Return whether a push replaced commits, which its event does not tell."""
    if push.before is None:
        return False
    try:
        return str(project.repository_merge_base([push.before, push.after])["id"]) != push.before
    except GitlabError as error:
        if error.response_code in (400, 404):  # they share nothing, or what was replaced is gone
            return True
        raise


def _people(
    number: int, ask: Callable[[str, Mapping[str, Any]], Any]
) -> tuple[dict[str, tuple[Account, ...]], str | None]:
    """Return commit -> its author's account, and at "" the committers; and why some may be missing."""
    people: dict[str, tuple[Account, ...]] = {}
    after: str | None = None
    gap = None
    while True:
        answer = ask(_PEOPLE, {"number": str(number), "after": after})
        if answer.get("errors"):
            return people, "this GitLab does not tell whose its commits are"
        request = answer["data"]["project"]["mergeRequest"]
        people[""] = tuple(map(_user, request["committers"]["nodes"]))
        if request["committers"]["pageInfo"]["hasNextPage"]:
            gap = "it has more committers than are read"
        for commit in request["commits"]["nodes"]:
            if commit["author"] is not None:
                people[commit["sha"]] = (_user(commit["author"]),)
        page = request["commits"]["pageInfo"]
        if not page["hasNextPage"]:
            return people, gap
        after = page["endCursor"]


def _user(user: Mapping[str, Any]) -> Account:
    """Return the account of a user as GraphQL describes it: its number is the end of `gid://gitlab/User/25`."""
    return Account(login=str(user["username"]), id=str(user["id"]).rpartition("/")[2])


def _account_of(email: str, users: Any) -> Account | None:
    """Return whose e-mail address it is, as far as GitLab tells: its own form, or one that its owner shows."""
    match = _NO_REPLY.fullmatch(email)
    found = users.list(username=match[1]) if match else users.list(search=email)
    return Account(login=str(found[0].username), id=str(found[0].id)) if len(found) == 1 else None


def _pushes(source: Any, request: Any) -> tuple[tuple[Push, ...], str | None]:
    """Return the pushes to the request's branch, oldest first, and why some may be missing."""
    opened = _time(request.created_at)
    until = _time(request.merged_at) if request.merged_at else opened + timedelta(days=3650)
    days = {
        "after": f"{opened - timedelta(days=DAYS_BEFORE):%Y-%m-%d}",
        "before": f"{until + timedelta(days=2):%Y-%m-%d}",
    }
    pushes: list[Push] = []
    try:
        for n, event in enumerate(source.events.list(action="pushed", iterator=True, **days), 1):
            told = event.push_data
            if told["ref_type"] == "branch" and told["ref"] == request.source_branch and told["commit_to"]:
                by = account(event.author) if event.author else None
                pushes.append(Push(by=by, before=told["commit_from"], after=str(told["commit_to"])))
            if n == MOST_PUSHES:
                return tuple(
                    reversed(pushes)
                ), f"the project has more than {MOST_PUSHES} pushes in the time of the request"
    except GitlabError as error:
        if error.response_code in (403, 404) and request.source_project_id != request.target_project_id:
            return (), f"GitLab does not tell who pushed to {request.source_branch} of the fork"
        raise
    return tuple(reversed(pushes)), None


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
