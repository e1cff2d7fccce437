"""GitLab by python-gitlab: merge requests, approvals, statuses, notes and issues of one project.

Every call is one or a few requests with a time limit and without retries: what a lost answer left behind is found by
the next run. Only what this token's owner wrote is taken for ours.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import requests
from gitlab.exceptions import GitlabError, GitlabParsingError, RedirectError

from reconciler.adapters.forges.api_errors import TIMEOUT, ApiErrors
from reconciler.adapters.forges.gitlab_client import BoundedGitlab, words
from reconciler.core.forge.detection import ForgeChoice, Token
from reconciler.core.forge.pull_request import (
    LONGEST_STATUS,
    Approval,
    CommitStatus,
    PullRequest,
    PullRequestDraft,
    PullState,
    StatusState,
    key_of,
    mark,
)
from reconciler.errors import ForgeError

JOB = "CI_JOB_TOKEN"
_STATES = {"opened": PullState.OPEN, "locked": PullState.OPEN, "merged": PullState.MERGED}  # locked: being merged
_TO_STATUS = {StatusState.FAILURE: "failed"}
_FROM_STATUS = {"success": StatusState.SUCCESS, "pending": StatusState.PENDING, "running": StatusState.PENDING}
# A line that starts with a slash is an order to GitLab (/merge, /approve), given in the name of our token.
_ORDER = re.compile(r"^([ \t>]*)/(?=[a-z])", re.MULTILINE)
_QUIET = re.compile(r"^([ \t>]*)&#47;(?=[a-z])", re.MULTILINE)
_READS = "scope read_api and at least the role Reporter"
_WRITES = "scope api and at least the role Developer"
_TEAMS = "scope read_api of somebody who may see the group"


class GitLabForge:
    name = "GitLab"

    def __init__(self, choice: ForgeChoice, token: Token, *, timeout: int = TIMEOUT) -> None:
        self._me: str | None = None
        self._job = token.name == JOB
        self._path = choice.project
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
    def _asking(self, what: str, right: str | None) -> Iterator[None]:
        self._gitlab.headers_of_last = {}
        try:
            yield
        except RedirectError as error:
            raise self._answers.refusal(301, "", {}, what=what, right=right) from error
        except GitlabParsingError as error:
            raise self._answers.unexpected_answer(what=what) from error
        except GitlabError as error:
            status, needed = error.response_code or 500, right
            if self._job and status in (401, 403, 404):  # it is known, but may do next to nothing
                status = 403
                needed = f"{right or _READS}, which {JOB} never has: set GITLAB_TOKEN to a project's access token"
            headers = self._gitlab.headers_of_last
            raise self._answers.refusal(status, words(error), headers, what=what, right=needed) from error
        except requests.TooManyRedirects as error:
            raise self._answers.refusal(301, "", {}, what=what, right=right) from error
        except requests.RequestException as error:
            raise self._answers.lost_answer(error, what=what) from error
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise self._answers.unexpected_answer(what=what) from error

    def whoami(self) -> str:
        if self._me is None:
            with self._asking("asking whose token this is", None):
                found: Any = self._gitlab.http_get("/job" if self._job else "/user")
                self._me = str(found["user"]["username"] if self._job else found["username"])
        return self._me

    def open(self, draft: PullRequestDraft) -> PullRequest:
        with self._asking(f"opening a merge request for {draft.head}", _WRITES):
            found = self._standing(draft)
            if found is None:
                content = {
                    "source_branch": draft.head,
                    "target_branch": draft.base,
                    "title": draft.title,
                    "description": _quiet(draft.body),
                    "labels": ",".join(draft.labels),
                }
                try:
                    return _pull(self._project.mergerequests.create(content))
                except GitlabError as error:  # somebody may have been faster
                    found = self._standing(draft) if error.response_code == 409 else None
                    if found is None:
                        raise
            change: dict[str, Any] = {}
            if (found.title, _text(found.description).rstrip()) != (draft.title, draft.body.rstrip()):
                change |= {"title": draft.title, "description": _quiet(draft.body)}
            if missing := set(draft.labels) - set(found.labels):
                change["add_labels"] = ",".join(sorted(missing))
            if change:
                self._project.mergerequests.update(found.iid, change)
                found = self._project.mergerequests.get(found.iid)
            return _pull(found)

    def _standing(self, draft: PullRequestDraft) -> Any:
        """The open request from our own branch of that name: a fork may have one that is called the same."""
        found = self._project.mergerequests.list(
            state="opened", source_branch=draft.head, target_branch=draft.base, get_all=True
        )
        return next((one for one in found if _is_ours(one)), None)

    def pull(self, number: int) -> PullRequest:
        with self._found(number, _READS):
            return _pull(self._project.mergerequests.get(number))

    @contextmanager
    def _found(self, number: int, right: str) -> Iterator[None]:
        """As `_asking`; whether a request that is not there is none, or one that this token may not see."""
        with self._asking(f"reading merge request {number}", right):
            try:
                yield
            except GitlabError as error:
                if error.response_code == 404 and not self._job:
                    self._gitlab.projects.get(self._path)
                    raise ForgeError(f"there is no merge request {number}", code="E904") from error
                raise

    def opened(self, head_prefix: str) -> tuple[PullRequest, ...]:
        with self._asking("listing merge requests", _READS):
            found = self._project.mergerequests.list(state="opened", order_by="created_at", sort="asc", get_all=True)
            return tuple(_pull(one) for one in found if _is_ours(one) and one.source_branch.startswith(head_prefix))

    def merged_by(self, commit: str) -> tuple[PullRequest, ...]:
        with self._asking(f"asking what brought {commit[:12]}", _READS):
            found: Any = self._project.commits.get(commit, lazy=True).merge_requests()
            merged = [one for one in found if one["state"] == "merged"]
            iids = [one["iid"] for one in sorted(merged, key=lambda one: (one.get("merged_at") or "", one["iid"]))]
            return tuple(_pull(self._project.mergerequests.get(iid)) for iid in iids)

    def close(self, number: int) -> None:
        with self._found(number, _WRITES):
            if self._project.mergerequests.get(number).state == "opened":
                self._project.mergerequests.update(number, {"state_event": "close"})

    def approvals(self, number: int) -> tuple[Approval, ...]:
        """What GitLab counts. Whether a push takes approvals back is a setting of the project: `commit` says what was
        the head when each was given, where GitLab tells when that was."""
        with self._found(number, _READS):
            request = self._project.mergerequests.get(number, lazy=True)
            given = request.approvals.get().approved_by
            heads = self._heads(request) if any(one.get("approved_at") for one in given) else []
            found = [_approval(one, heads) for one in given]
            return tuple(sorted(found, key=lambda one: one.by))

    def _heads(self, request: Any) -> list[tuple[datetime, str]]:
        """(since when, commit) of all that this request's head has been, newest first."""
        found = [(_time(one.created_at), str(one.head_commit_sha)) for one in request.diffs.list(get_all=True)]
        return sorted(found, reverse=True)

    def members(self, team: str) -> tuple[str, ...]:
        with self._asking(f"listing the members of {team}", _TEAMS):
            found = self._gitlab.groups.get(team, lazy=True).members_all.list(get_all=True)
            return tuple(sorted({one.username for one in found if one.state == "active"}))

    def comment(self, number: int, key: str, body: str) -> str:
        text = f"{mark(key)}\n{_quiet(body)}"
        with self._found(number, _WRITES):
            request = self._project.mergerequests.get(number)
            found = self._note(request, key)
            if found is None:
                found = request.notes.create({"body": text})
            elif found.body.rstrip() != text.rstrip():
                request.notes.update(found.id, {"body": text})
            return f"{request.web_url}#note_{found.id}"

    def comment_body(self, number: int, key: str) -> str | None:
        with self._found(number, _READS):
            found = self._note(self._project.mergerequests.get(number, lazy=True), key)
            return None if found is None else _text(found.body).partition("\n")[2]

    def _note(self, request: Any, key: str) -> Any:
        me = self.whoami()
        for one in request.notes.list(order_by="created_at", sort="asc", get_all=True):
            if not one.system and one.author["username"] == me and key_of(one.body) == key:
                return one
        return None

    def set_status(self, commit: str, status: CommitStatus) -> None:
        state = _TO_STATUS.get(status.state, status.state.value)
        content = {"state": state, "name": status.name, "description": status.description[:LONGEST_STATUS]}
        if status.url:
            content["target_url"] = status.url
        with self._asking(f"setting the status {status.name}", _WRITES):
            try:
                self._project.commits.get(commit, lazy=True).statuses.create(content)
            except GitlabError as error:
                # What is pending cannot become pending; its description has been changed by then.
                if error.response_code != 400 or "cannot transition status" not in words(error).lower():
                    raise

    def statuses(self, commit: str) -> tuple[CommitStatus, ...]:
        me = self.whoami()
        with self._asking(f"reading the statuses of {commit[:12]}", _READS):
            found = self._project.commits.get(commit, lazy=True).statuses.list(get_all=True)
            ours = [one for one in found if (one.author or {}).get("username") == me]
            last = {one.name: one for one in sorted(ours, key=lambda one: one.id)}
            return tuple(_status(last[name]) for name in sorted(last))

    def issue(self, key: str, *, title: str, body: str | None) -> str | None:
        with self._asking("writing an issue", _WRITES):
            found = self._issue(key)
            if body is None:
                if found is None or found.state != "opened":
                    return None
                self._project.issues.update(found.iid, {"state_event": "close"})
                return str(found.web_url)
            text = f"{mark(key)}\n{_quiet(body)}"
            if found is None:
                return str(self._project.issues.create({"title": title, "description": text}).web_url)
            change = {"title": title, "description": text.rstrip()}
            if found.state != "opened":
                change["state_event"] = "reopen"
            if change != {"title": found.title, "description": (found.description or "").rstrip()}:
                self._project.issues.update(found.iid, change)
            return str(found.web_url)

    def issue_body(self, key: str) -> str | None:
        with self._asking("reading issues", _READS):
            found = self._issue(key)
            if found is None or found.state != "opened":
                return None
            return _text(found.description).partition("\n")[2]

    def _issue(self, key: str) -> Any:
        me = self.whoami()
        found = self._project.issues.list(author_username=me, order_by="created_at", sort="asc", get_all=True)
        ours = (one for one in found if one.author["username"] == me)
        return next((one for one in ours if key_of(one.description or "") == key), None)


def _is_ours(request: Any) -> bool:
    return bool(request.source_project_id == request.target_project_id)


def _pull(request: Any) -> PullRequest:
    """Fast-forward merges have neither a merge commit nor a squashed one: then it is the head itself."""
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
        merged_as=merged if state is PullState.MERGED else None,
    )


def _approval(given: Mapping[str, Any], heads: list[tuple[datetime, str]]) -> Approval:
    when = _time(given["approved_at"]) if given.get("approved_at") else None
    then = None if when is None else next((commit for since, commit in heads if since <= when), None)
    return Approval(by=str(given["user"]["username"]), commit=then, when=when)


def _status(one: Any) -> CommitStatus:
    state = _FROM_STATUS.get(one.status, StatusState.FAILURE)
    return CommitStatus(name=one.name, state=state, description=one.description or "", url=one.target_url or None)


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _quiet(body: str) -> str:
    return _ORDER.sub(r"\1&#47;", body)


def _text(body: str | None) -> str:
    return _QUIET.sub(r"\1/", (body or "").replace("\r\n", "\n"))
