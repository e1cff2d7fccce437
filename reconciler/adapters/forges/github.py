"""GitHub by PyGithub: pull requests, reviews, statuses, comments and issues of one repository.

Every call is one or a few requests with a time limit and without retries: what a lost answer left behind is found by
the next run. Only what this token's owner wrote is taken for ours.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import requests
from github import Auth, BadAttributeException, Github, GithubException
from github.GithubObject import NotSet
from github.Issue import Issue
from github.IssueComment import IssueComment
from github.PullRequest import PullRequest as Pull

from reconciler.adapters.forges.api_errors import TIMEOUT, ApiErrors
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

API = "2022-11-28"  # the next one does not say what a merge made; this one is answered until 2028 at the least
ACTIONS = "github-actions[bot]"
_STATES = {"pending": StatusState.PENDING, "success": StatusState.SUCCESS}
_READS = "the right to read pull requests (fine-grained: Pull requests, read; classic: repo)"
_WRITES = "the right to write pull requests (fine-grained: Pull requests, read and write; classic: repo)"
_ISSUES = "the right to write issues (fine-grained: Issues, read and write; classic: repo)"
_STATUSES = "the right to write commit statuses (fine-grained: Commit statuses, read and write; classic: repo:status)"
_TEAMS = "the right to read teams (fine-grained: organization Members, read; classic: read:org), which no " + (
    "GITHUB_TOKEN of Actions has"
)


class GitHubForge:
    """`bot`: who an app's token belongs to where GitHub does not tell, as in Actions."""

    name = "GitHub"

    def __init__(self, choice: ForgeChoice, token: Token, *, bot: str | None = None, timeout: int = TIMEOUT) -> None:
        self._project = choice.project
        self._owner = choice.project.partition("/")[0]
        self._bot = bot
        self._me: str | None = None
        host = choice.api.partition("://")[2].partition("/")[0]
        self._answers = ApiErrors(forge=self.name, host=host, source=token.name, secret=token.secret)
        self._github = Github(
            auth=Auth.Token(token.secret),
            base_url=choice.api,
            timeout=timeout,
            retry=None,
            per_page=100,
            lazy=True,
            seconds_between_requests=None,
            seconds_between_writes=None,
            user_agent="reconciler",
            api_version=API,
        )
        self._repository = self._github.get_repo(choice.project)

    @contextmanager
    def _asking(self, what: str, right: str | None) -> Iterator[None]:
        try:
            yield
        except GithubException as error:
            headers = error.headers or {}
            raise self._answers.refusal(error.status, _words(error.data), headers, what=what, right=right) from error
        except requests.RequestException as error:
            raise self._answers.silence(error, what=what) from error
        except RuntimeError as error:  # a redirection to another host
            raise self._answers.refusal(301, "", {}, what=what, right=right) from error
        except (BadAttributeException, AssertionError, AttributeError, KeyError, TypeError, ValueError) as error:
            raise self._answers.nonsense(what=what) from error

    def whoami(self) -> str:
        if self._me is None:
            self._me = self._user() or self._viewer() or self._bot
        if self._me is None:
            raise ForgeError(
                f"GitHub does not tell whose token {self._answers.source} holds",
                hint="use a personal access token, or an app's token inside GitHub Actions",
                code="E902",
            )
        return self._me

    def _user(self) -> str | None:
        """None for an app, which may not ask this."""
        with self._asking("asking whose token this is", None):
            try:
                return self._github.get_user().login
            except GithubException as error:
                if error.status == 403 and "not accessible" in _words(error.data).lower():
                    return None
                raise

    def _viewer(self) -> str | None:
        with self._asking("asking whose token this is", None):
            try:
                _, found = self._github.requester.graphql_query("query { viewer { login } }", {})
            except GithubException as error:
                if error.status < 500:
                    return None
                raise
            return str(found["data"]["viewer"]["login"])

    def open(self, draft: PullRequestDraft) -> PullRequest:
        with self._asking(f"opening a pull request for {draft.head}", _WRITES):
            pull = self._standing(draft)
            if pull is None:
                try:
                    pull = self._repository.create_pull(
                        draft.base, draft.head, title=draft.title, body=draft.body, maintainer_can_modify=False
                    )
                except GithubException as error:  # somebody may have been faster
                    pull = self._standing(draft) if error.status == 422 else None
                    if pull is None:
                        raise
            if (pull.title, _text(pull.body).rstrip()) != (draft.title, draft.body.rstrip()):
                pull.edit(title=draft.title, body=draft.body)
            if missing := set(draft.labels) - {label.name for label in pull.labels}:
                pull.add_to_labels(*sorted(missing))
            return _pull(pull)

    def _standing(self, draft: PullRequestDraft) -> Pull | None:
        """The open request from our own branch of that name: a fork may have one that is called the same."""
        found = self._repository.get_pulls(state="open", head=f"{self._owner}:{draft.head}", base=draft.base)
        return next((one for one in found if self._is_ours(one) and one.head.ref == draft.head), None)

    def pull(self, number: int) -> PullRequest:
        with self._found(number, _READS):
            return _pull(self._repository.get_pull(number))

    @contextmanager
    def _found(self, number: int, right: str) -> Iterator[None]:
        """As `_asking`; whether a request that is not there is none, or one that this token may not see."""
        with self._asking(f"reading pull request {number}", right):
            try:
                yield
            except GithubException as error:
                if error.status == 404:
                    self._repository.update()
                    raise ForgeError(f"there is no pull request {number}", code="E904") from error
                raise

    def opened(self, head_prefix: str) -> tuple[PullRequest, ...]:
        with self._asking("listing pull requests", _READS):
            found = self._repository.get_pulls(state="open", sort="created", direction="asc")
            return tuple(_pull(one) for one in found if self._is_ours(one) and one.head.ref.startswith(head_prefix))

    def _is_ours(self, pull: Pull) -> bool:
        """Whether its branch is of this repository, and not of a fork (or of one that was deleted)."""
        origin = pull.head.repo
        return origin is not None and origin.full_name.lower() == self._project.lower()

    def merged_by(self, commit: str) -> tuple[PullRequest, ...]:
        with self._asking(f"asking what brought {commit[:12]}", _READS):
            found = [one for one in self._repository.get_commit(commit).get_pulls() if one.merged_at is not None]
            return tuple(_pull(one) for one in sorted(found, key=lambda one: (one.merged_at, one.number)))

    def close(self, number: int) -> None:
        with self._found(number, _WRITES):
            pull = self._repository.get_pull(number)
            if pull.state == "open":
                pull.edit(state="closed")

    def approvals(self, number: int) -> tuple[Approval, ...]:
        """Those of people who may write to the repository, whom alone GitHub's own rules count: anybody can review a
        public one."""
        last: dict[str, Approval] = {}
        with self._found(number, _READS):
            for review in self._repository.get_pull(number).get_reviews():
                if review.user is None or review.state in ("COMMENTED", "PENDING"):
                    continue
                by = review.user.login
                last.pop(by, None)
                if review.state == "APPROVED":
                    last[by] = Approval(by=by, commit=review.commit_id, when=review.submitted_at)
            return tuple(last[by] for by in sorted(last) if self._may_write(by))

    def _may_write(self, person: str) -> bool:
        with self._asking(f"asking what {person} may do", "the right to read metadata"):
            try:
                return self._repository.get_collaborator_permission(person) in ("admin", "write")
            except GithubException as error:
                if error.status == 404:  # who is no collaborator
                    return False
                raise

    def members(self, team: str) -> tuple[str, ...]:
        organization, _, slug = team.partition("/")
        if not slug or "/" in slug:
            raise ForgeError(f"{team!r} is no team of GitHub", hint="write organization/team", code="E904")
        with self._asking(f"listing the members of {team}", _TEAMS):
            found = self._github.get_organization(organization).get_team_by_slug(slug).get_members()
            return tuple(sorted(one.login for one in found))

    def comment(self, number: int, key: str, body: str) -> str:
        text = f"{mark(key)}\n{body}"
        with self._found(number, _WRITES):
            found = self._comment(number, key)
            if found is None:
                found = self._repository.get_issue(number).create_comment(text)
            elif _text(found.body).rstrip() != text.rstrip():
                found.edit(text)
            return found.html_url

    def comment_body(self, number: int, key: str) -> str | None:
        with self._found(number, _READS):
            found = self._comment(number, key)
            return None if found is None else _text(found.body).partition("\n")[2]

    def _comment(self, number: int, key: str) -> IssueComment | None:
        me = self.whoami()
        for one in self._repository.get_issue(number).get_comments():
            if one.user is not None and one.user.login == me and key_of(_text(one.body)) == key:
                return one
        return None

    def set_status(self, commit: str, status: CommitStatus) -> None:
        with self._asking(f"setting the status {status.name}", _STATUSES):
            self._repository.get_commit(commit).create_status(
                state=status.state.value,
                context=status.name,
                description=status.description[:LONGEST_STATUS],
                target_url=status.url or NotSet,
            )

    def statuses(self, commit: str) -> tuple[CommitStatus, ...]:
        me, last = self.whoami(), dict[str, CommitStatus]()
        with self._asking(f"reading the statuses of {commit[:12]}", _STATUSES):
            for one in self._repository.get_commit(commit).get_statuses():  # newest first
                if one.creator is not None and one.creator.login == me and one.context not in last:
                    last[one.context] = CommitStatus(
                        name=one.context,
                        state=_STATES.get(one.state, StatusState.FAILURE),
                        description=one.description or "",
                        url=one.target_url or None,
                    )
        return tuple(last[name] for name in sorted(last))

    def issue(self, key: str, *, title: str, body: str | None) -> str | None:
        with self._asking("writing an issue", _ISSUES):
            found = self._issue(key)
            if body is None:
                if found is None or found.state != "open":
                    return None
                found.edit(state="closed")
                return found.html_url
            text = f"{mark(key)}\n{body}"
            if found is None:
                found = self._repository.create_issue(title, body=text)
            elif (found.title, _text(found.body).rstrip(), found.state) != (title, text.rstrip(), "open"):
                found.edit(title=title, body=text, state="open")
            return found.html_url

    def issue_body(self, key: str) -> str | None:
        with self._asking("reading issues", _ISSUES):
            found = self._issue(key)
            if found is None or found.state != "open":
                return None
            return _text(found.body).partition("\n")[2]

    def _issue(self, key: str) -> Issue | None:
        me = self.whoami()
        asked: Any = {"creator": me}  # a name is taken, too, whatever its type says
        for one in self._repository.get_issues(state="all", sort="created", direction="asc", **asked):
            if one.user.login == me and key_of(_text(one.body)) == key and one.pull_request is None:
                return one  # GitHub lists pull requests here, too
        return None


def _pull(pull: Pull) -> PullRequest:
    merged = pull.merged_at is not None
    state = PullState.MERGED if merged else PullState.OPEN if pull.state == "open" else PullState.CLOSED
    return PullRequest(
        number=pull.number,
        url=pull.html_url,
        title=pull.title,
        body=_text(pull.body),
        head=pull.head.ref,
        base=pull.base.ref,
        commit=pull.head.sha,
        state=state,
        author=pull.user.login if pull.user is not None else "",
        merged_as=pull.merge_commit_sha if merged else None,  # before, it is a merge that was only tried
    )


def _text(body: str | None) -> str:
    """As it was written: what a person edits in a browser comes back with other line ends."""
    return (body or "").replace("\r\n", "\n")


def _words(data: Any) -> str:
    """A refusal in GitHub's words: the message, and what is wrong with each field."""
    if not isinstance(data, dict):
        return ""
    parts = [str(data.get("message") or "")]
    errors = data.get("errors")
    for one in errors if isinstance(errors, list) else ():
        fields = one if isinstance(one, dict) else {"message": one}
        parts.append(str(fields.get("message") or f"{fields.get('field')} {fields.get('code')}"))
    return "; ".join(part for part in parts if part)
