"""GitLab by python-gitlab: merge requests, approvals, statuses, notes and issues of one project.

Every call is one or a few requests with a time limit and without retries: the next run finds what a lost answer left
behind. Only texts by this token's owner count as ours.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from typing import Any

import requests
from gitlab.exceptions import GitlabError, GitlabParsingError, RedirectError

from reconciler.adapters.forges import gitlab_reviews
from reconciler.adapters.forges.api_errors import TIMEOUT, ApiErrors
from reconciler.adapters.forges.gitlab_client import BoundedGitlab, words
from reconciler.core.forge.approval_count import brought_by
from reconciler.core.forge.detection import ForgeChoice, Token
from reconciler.core.forge.pull_request import (
    LONGEST_STATUS,
    CommitStatus,
    PullRequest,
    PullRequestDraft,
    PullState,
    StatusState,
    key_of,
    mark,
)
from reconciler.core.forge.review import Contributions, Review
from reconciler.errors import ForgeError

JOB = "CI_JOB_TOKEN"
_STATES = {"opened": PullState.OPEN, "locked": PullState.OPEN, "merged": PullState.MERGED}  # locked: being merged
_TO_STATUS = {StatusState.FAILURE: "failed"}
_FROM_STATUS = {"success": StatusState.SUCCESS, "pending": StatusState.PENDING, "running": StatusState.PENDING}
# A line that starts with a slash is a command to GitLab (/merge, /approve), in the name of our token's owner.
_COMMAND = re.compile(r"^([ \t>]*)/(?=[a-z])", re.MULTILINE)
_ESCAPED = re.compile(r"^([ \t>]*)&#47;(?=[a-z])", re.MULTILINE)
_READS = "scope read_api and at least the role Reporter"
_WRITES = "scope api and at least the role Developer"
_TEAMS = "scope read_api, by a member of the group"


class GitLabForge:
    """Merge requests, approvals, statuses and issues of one GitLab project."""

    name = "GitLab"

    def __init__(self, choice: ForgeChoice, token: Token, *, timeout: int = TIMEOUT) -> None:
        self._me: str | None = None
        self._job = token.name == JOB
        self._path = choice.project
        self._graphql = f"{choice.api.removesuffix('/v4')}/graphql"
        host = choice.api.partition("://")[2].partition("/")[0]
        self._answers = ApiErrors(forge=self.name, host=host, source=token.name, secret=token.secret)
        self._gitlab = BoundedGitlab(
            url=choice.api.removesuffix("/api/v4"),
            timeout=timeout,
            per_page=100,
            user_agent="reconciler",
            **{"job_token" if self._job else "private_token": token.secret},
        )
        self._project = self._gitlab.projects.get(choice.project, lazy=True)

    @contextmanager
    def _calling(self, call: str, right: str | None) -> Iterator[None]:
        self._gitlab.headers_of_last = {}
        try:
            yield
        except RedirectError as error:
            raise self._answers.refusal(301, "", {}, call=call, right=right) from error
        except GitlabParsingError as error:
            raise self._answers.unexpected_answer(call=call) from error
        except GitlabError as error:
            status, needed = error.response_code or 500, right
            if self._job and status in (401, 403, 404):  # GitLab knows it, but it has almost no rights
                status = 403
                needed = f"{right or _READS}, which {JOB} never has: set GITLAB_TOKEN to a project's access token"
            headers = self._gitlab.headers_of_last
            raise self._answers.refusal(status, words(error), headers, call=call, right=needed) from error
        except requests.TooManyRedirects as error:
            raise self._answers.refusal(301, "", {}, call=call, right=right) from error
        except requests.RequestException as error:
            raise self._answers.lost_answer(error, call=call) from error
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise self._answers.unexpected_answer(call=call) from error

    def whoami(self) -> str:
        if self._me is None:
            with self._calling("asking whose token this is", None):
                answer: Any = self._gitlab.http_get("/job" if self._job else "/user")
                self._me = str(answer["user"]["username"] if self._job else answer["username"])
        return self._me

    def open(self, draft: PullRequestDraft) -> PullRequest:
        with self._calling(f"opening a merge request for {draft.head}", _WRITES):
            request = self._standing(draft)
            if request is None:
                content = {
                    "source_branch": draft.head,
                    "target_branch": draft.base,
                    "title": draft.title,
                    "description": _without_commands(draft.body),
                    "labels": ",".join(draft.labels),
                }
                try:
                    return _pull(self._project.mergerequests.create(content))
                except GitlabError as error:  # another run may have been faster
                    request = self._standing(draft) if error.response_code == 409 else None
                    if request is None:
                        raise
            change: dict[str, Any] = {}
            if (request.title, _text(request.description).rstrip()) != (draft.title, draft.body.rstrip()):
                change |= {"title": draft.title, "description": _without_commands(draft.body)}
            if missing := set(draft.labels) - set(request.labels):
                change["add_labels"] = ",".join(sorted(missing))
            if change:
                self._project.mergerequests.update(request.iid, change)
                request = self._project.mergerequests.get(request.iid)
            return _pull(request)

    def _standing(self, draft: PullRequestDraft) -> Any:
        """Return the open request from our own branch: a fork may have a branch of the same name."""
        requests = self._project.mergerequests.list(
            state="opened", source_branch=draft.head, target_branch=draft.base, get_all=True
        )
        return next((request for request in requests if _is_ours(request)), None)

    def pull(self, number: int) -> PullRequest:
        with self._found(number, _READS):
            return _pull(self._project.mergerequests.get(number))

    @contextmanager
    def _found(self, number: int, right: str) -> Iterator[None]:
        """Do as `_calling`, and tell a missing request from one that this token may not see."""
        with self._calling(f"reading merge request {number}", right):
            try:
                yield
            except GitlabError as error:
                if error.response_code == 404 and not self._job:
                    self._gitlab.projects.get(self._path)
                    raise ForgeError(f"there is no merge request {number}", code="E904") from error
                raise

    def opened(self, head_prefix: str) -> tuple[PullRequest, ...]:
        with self._calling("listing merge requests", _READS):
            requests = self._project.mergerequests.list(state="opened", order_by="created_at", sort="asc", get_all=True)
            return tuple(
                _pull(request)
                for request in requests
                if _is_ours(request) and request.source_branch.startswith(head_prefix)
            )

    def merged_by(self, commit: str) -> tuple[PullRequest, ...]:
        with self._calling(f"asking which request introduced {commit[:12]}", _READS):
            introduced = self._project.commits.get(commit)
            requests: Any = introduced.merge_requests(get_all=True)
            merged = [request for request in requests if request["state"] == "merged"]
            merged.sort(key=lambda request: (request.get("merged_at") or "", request["iid"]))
            listed = tuple(_pull(self._project.mergerequests.get(request["iid"])) for request in merged)
            ancestry = partial(gitlab_reviews.ancestry, self._project, commit)
            return brought_by(commit, tuple(introduced.parent_ids), listed, ancestry)

    def close(self, number: int) -> None:
        with self._found(number, _WRITES):
            if self._project.mergerequests.get(number).state == "opened":
                self._project.mergerequests.update(number, {"state_event": "close"})

    def reviews(self, number: int) -> tuple[Review, ...]:
        """Return the approvals that stand on GitLab, and who asks for changes; only members can approve there."""
        with self._found(number, _READS):
            request = self._project.mergerequests.get(number, lazy=True)
            return gitlab_reviews.reviews(request, lambda user: bool(self._gitlab.users.get(user).asdict().get("bot")))

    def contributions(self, number: int) -> Contributions:
        def ask(query: str, about: Mapping[str, Any]) -> Any:
            variables = {"project": self._path, **about}
            return self._gitlab.http_post(self._graphql, post_data={"query": query, "variables": variables})

        with self._found(number, _READS):
            source = partial(self._gitlab.projects.get, lazy=True)
            return gitlab_reviews.contributions(self._project, source, number, ask, self._gitlab.users)

    def members(self, team: str) -> tuple[str, ...]:
        with self._calling(f"listing the members of {team}", _TEAMS):
            members = self._gitlab.groups.get(team, lazy=True).members_all.list(get_all=True)
            return tuple(sorted({member.username for member in members if member.state == "active"}))

    def comment(self, number: int, key: str, body: str) -> str:
        text = f"{mark(key)}\n{_without_commands(body)}"
        with self._found(number, _WRITES):
            request = self._project.mergerequests.get(number)
            note = self._note(request, key)
            if note is None:
                note = request.notes.create({"body": text})
            elif note.body.rstrip() != text.rstrip():
                request.notes.update(note.id, {"body": text})
            return f"{request.web_url}#note_{note.id}"

    def comment_body(self, number: int, key: str) -> str | None:
        with self._found(number, _READS):
            note = self._note(self._project.mergerequests.get(number, lazy=True), key)
            return None if note is None else _text(note.body).partition("\n")[2]

    def _note(self, request: Any, key: str) -> Any:
        me = self.whoami()
        for note in request.notes.list(order_by="created_at", sort="asc", get_all=True):
            if not note.system and note.author["username"] == me and key_of(note.body) == key:
                return note
        return None

    def set_status(self, commit: str, status: CommitStatus) -> None:
        state = _TO_STATUS.get(status.state, status.state.value)
        content = {"state": state, "name": status.name, "description": status.description[:LONGEST_STATUS]}
        if status.url:
            content["target_url"] = status.url
        with self._calling(f"setting the status {status.name}", _WRITES):
            try:
                self._project.commits.get(commit, lazy=True).statuses.create(content)
            except GitlabError as error:
                # Pending cannot become pending; GitLab has changed the description all the same.
                if error.response_code != 400 or "cannot transition status" not in words(error).lower():
                    raise

    def statuses(self, commit: str) -> tuple[CommitStatus, ...]:
        me = self.whoami()
        with self._calling(f"reading the statuses of {commit[:12]}", _READS):
            statuses = self._project.commits.get(commit, lazy=True).statuses.list(get_all=True)
            ours = [status for status in statuses if (status.author or {}).get("username") == me]
            last = {status.name: status for status in sorted(ours, key=lambda status: status.id)}
            return tuple(_status(last[name]) for name in sorted(last))

    def issue(self, key: str, *, title: str, body: str | None) -> str | None:
        with self._calling("writing an issue", _WRITES):
            issue = self._issue(key)
            if body is None:
                if issue is None or issue.state != "opened":
                    return None
                self._project.issues.update(issue.iid, {"state_event": "close"})
                return str(issue.web_url)
            text = f"{mark(key)}\n{_without_commands(body)}"
            if issue is None:
                return str(self._project.issues.create({"title": title, "description": text}).web_url)
            change = {"title": title, "description": text.rstrip()}
            if issue.state != "opened":
                change["state_event"] = "reopen"
            if change != {"title": issue.title, "description": (issue.description or "").rstrip()}:
                self._project.issues.update(issue.iid, change)
            return str(issue.web_url)

    def issue_body(self, key: str) -> str | None:
        with self._calling("reading issues", _READS):
            issue = self._issue(key)
            if issue is None or issue.state != "opened":
                return None
            return _text(issue.description).partition("\n")[2]

    def _issue(self, key: str) -> Any:
        me = self.whoami()
        issues = self._project.issues.list(author_username=me, order_by="created_at", sort="asc", get_all=True)
        ours = (issue for issue in issues if issue.author["username"] == me)
        return next((issue for issue in ours if key_of(issue.description or "") == key), None)


def _is_ours(request: Any) -> bool:
    return bool(request.source_project_id == request.target_project_id)


def _pull(request: Any) -> PullRequest:
    """Return a request of ours. A fast-forward merge has neither merge nor squash commit: then its head is used."""
    state = _STATES.get(request.state, PullState.CLOSED)
    merged = request.merge_commit_sha or request.squash_commit_sha or request.sha
    return PullRequest(
        number=request.iid,
        url=request.web_url,
        title=request.title,
        body=_text(request.description),
        head=request.source_branch,
        base=request.target_branch,
        commit=request.sha,
        state=state,
        author=request.author["username"],
        author_id=str(request.author["id"]),
        merged_as=merged if state is PullState.MERGED else None,
        merged_at=datetime.fromisoformat(request.merged_at) if request.merged_at else None,
        squashed_as=request.squash_commit_sha if state is PullState.MERGED else None,
    )


def _status(status: Any) -> CommitStatus:
    state = _FROM_STATUS.get(status.status, StatusState.FAILURE)
    return CommitStatus(
        name=status.name, state=state, description=status.description or "", url=status.target_url or None
    )


def _without_commands(body: str) -> str:
    return _COMMAND.sub(r"\1&#47;", body)


def _text(body: str | None) -> str:
    return _ESCAPED.sub(r"\1/", (body or "").replace("\r\n", "\n"))
