"""Reviews of a GitHub pull request, and who wrote and pushed its commits, as GitHub tells them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

from github import Github, GithubException
from github.Commit import Commit
from github.PullRequest import PullRequest as Pull
from github.Repository import Repository

from reconciler.core.forge.approval_count import Ancestry
from reconciler.core.forge.pull_request import PullRequest
from reconciler.core.forge.review import Account, Contributions, Push, RequestCommit, Review, Verdict

MOST_PAGES = 50  # of a branch's pushes, a hundred each
LISTED = 250  # commits of one request: GitHub lists no more
GHOST = "ghost"  # GitHub's own account in place of those that were deleted
ZEROS = "0" * 40
_VERDICTS = {
    "APPROVED": Verdict.APPROVED,
    "CHANGES_REQUESTED": Verdict.CHANGES_REQUESTED,
    "DISMISSED": Verdict.WITHDRAWN,
}
_DIRECTED = ("base_ref_changed", "automatic_base_change_succeeded")  # the latter where the base was deleted
_ANCESTRIES = {"identical": Ancestry.INSIDE, "behind": Ancestry.INSIDE, "ahead": Ancestry.ABOVE}
# REST tells no co-authors. A user is null where no account has the commit's e-mail address.
_COMMITS = """
query($owner: String!, $name: String!, $number: Int!, $after: String) {
  repository(owner: $owner, name: $name) {
    pullRequest(number: $number) {
      headRefName
      headRepository { nameWithOwner }
      commits(first: 100, after: $after) {
        totalCount
        pageInfo { hasNextPage endCursor }
        nodes { commit {
          oid
          parents(first: 20) { nodes { oid } }
          authors(first: 100) { totalCount nodes { user { login databaseId } } }
          committer { user { login databaseId } }
        } }
      }
    }
  }
}
"""


def account(user: Any) -> Account | None:
    """Return the account of a user as REST describes it; None where it was deleted."""
    if user is None or user.login == GHOST:
        return None
    return Account(login=user.login, id=str(user.id), bot=user.type != "User")


def reviews(pull: Pull, may_write: Callable[[str], bool]) -> tuple[Review, ...]:
    """Return the last word of each reviewer. `may_write`: anybody may review a public repository."""
    last: dict[str, Review] = {}
    for review in pull.get_reviews():
        verdict = _VERDICTS.get(review.state)  # a comment is no word, and neither is one that was not sent yet
        if verdict is not None:
            by = account(review.user)
            key = (by.id or "") if by is not None else f"deleted: {review.id}"
            last[key] = Review(by=by, verdict=verdict, commit=review.commit_id, when=review.submitted_at)
    given = [by for by, review in last.items() if review.by is not None and review.verdict is Verdict.APPROVED]
    directed = _last_directed(pull) if given else None
    for key in given:
        approval = last[key]
        outdated = directed is not None and (approval.when is None or approval.when <= directed)
        allowed = approval.by is not None and (approval.by.bot or may_write(approval.by.login))
        last[key] = replace(approval, may_write=allowed, outdated=outdated)
    return tuple(sorted(last.values(), key=lambda review: review.by.login if review.by else ""))


def _last_directed(pull: Pull) -> datetime | None:
    """Return when the request got another base branch for the last time, or None."""
    times = [event.created_at for event in pull.get_issue_events() if event.event in _DIRECTED]
    return max(times, default=None)


def ancestry(repository: Repository, commit: str, request: PullRequest) -> Ancestry:
    """Return how a commit of the base branch and a request's head lie to each other."""
    if commit == request.commit:
        return Ancestry.INSIDE
    return _ANCESTRIES.get(repository.compare(request.commit, commit).status, Ancestry.APART)


def parents(commit: Commit) -> tuple[str, ...]:
    """Return the ids of a commit's parents."""
    return tuple(parent.sha for parent in commit.parents)


def contributions(github: Github, project: str, number: int) -> Contributions:
    """Return the commits of a request with the accounts of their authors, and the pushes to its branch."""
    commits: list[RequestCommit] = []
    gap: str | None = None
    after: str | None = None
    while True:
        owner, _, name = project.partition("/")
        wanted = {"owner": owner, "name": name, "number": number, "after": after}
        _, answer = github.requester.graphql_query(_COMMITS, wanted)
        pull = answer["data"]["repository"]["pullRequest"]
        page = pull["commits"]
        for node in page["nodes"]:
            commits.append(_commit(node["commit"]))
            if node["commit"]["authors"]["totalCount"] > 100:
                gap = f"commit {commits[-1].id[:12]} has more authors than are read"
        if not page["pageInfo"]["hasNextPage"]:
            break
        after = page["pageInfo"]["endCursor"]
    if page["totalCount"] != len(commits) or len(commits) >= LISTED:
        gap = f"GitHub lists {LISTED} commits of a request at most, and this one has more"
    origin = pull["headRepository"]
    if origin is None:
        return Contributions(commits=tuple(commits), pushes=(), gap="the repository of its branch was deleted")
    source = str(origin["nameWithOwner"])
    pushes, more = _pushes(github, source, str(pull["headRefName"]), ours=source.lower() == project.lower())
    return Contributions(commits=tuple(commits), pushes=pushes, gap=gap or more)


def _commit(told: Any) -> RequestCommit:
    users = [author["user"] for author in told["authors"]["nodes"]]
    if told["committer"] is not None:
        users.append(told["committer"]["user"])
    people = {str(user["databaseId"]): str(user["login"]) for user in users if user is not None}
    return RequestCommit(
        id=str(told["oid"]),
        parents=tuple(str(parent["oid"]) for parent in told["parents"]["nodes"]),
        people=tuple(Account(login=login, id=number) for number, login in people.items()),
    )


def _pushes(github: Github, project: str, branch: str, *, ours: bool) -> tuple[tuple[Push, ...], str | None]:
    """Return the pushes to a branch, oldest first, and why some may be missing."""
    pushes: list[Push] = []
    try:
        for pages, page in enumerate(_activity(github, project, branch), 1):
            pushes += [_push(activity) for activity in page if activity["activity_type"] != "branch_deletion"]
            if pages == MOST_PAGES:
                return tuple(reversed(pushes)), f"its branch has more pushes than are read ({MOST_PAGES * 100})"
    except GithubException as error:
        if error.status == 404 or (error.status == 403 and not ours and "rate limit" not in str(error.data).lower()):
            return (), f"GitHub does not tell who pushed to {branch} of {project}"
        raise
    return tuple(reversed(pushes)), None


def _activity(github: Github, project: str, branch: str) -> Iterator[list[Any]]:
    """Yield the pages of a branch's activity; PyGithub has no call for it."""
    address: str | None = f"/repos/{project}/activity"
    parameters: dict[str, Any] | None = {"ref": f"refs/heads/{branch}", "per_page": 100}
    while address is not None:
        headers, page = github.requester.requestJsonAndCheck("GET", address, parameters=parameters)
        yield page
        address, parameters = _next(headers.get("link") or ""), None


def _next(link: str) -> str | None:
    """Return the address of the next page (RFC 8288)."""
    for part in link.split(","):
        target, _, relation = part.partition(";")
        if 'rel="next"' in relation:
            return target.strip().strip("<>")
    return None


def _push(activity: Any) -> Push:
    actor = activity["actor"]
    by = None
    if actor is not None and actor["login"] != GHOST:
        by = Account(login=str(actor["login"]), id=str(actor["id"]), bot=actor["type"] != "User")
    before = str(activity["before"])
    forced = activity["activity_type"] == "force_push"
    return Push(by=by, before=None if before == ZEROS else before, after=str(activity["after"]), forced=forced)
