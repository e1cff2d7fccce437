"""GitHub by PyGithub: pull requests, reviews, statuses, comments and issues of one repository.

Every call is one or a few requests with a time limit and without retries: the next run finds what a lost answer left
behind. Only texts by this token's owner count as ours.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import requests
from github import Auth, BadAttributeException, Github, GithubException
from github.GithubObject import NotSet
from github.Issue import Issue
from github.IssueComment import IssueComment
from github.PullRequest import PullRequest as Pull

from reconciler.adapters.forges import github_reviews
from reconciler.adapters.forges.api_errors import TIMEOUT, ApiErrors
from reconciler.adapters.forges.bounded_answers import bounded
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

API = "2022-11-28"  # the next one does not say what a merge made; this one is answered until 2028 at the least
ACTIONS = "github-actions[bot]"
_STATES = {"pending": StatusState.PENDING, "success": StatusState.SUCCESS}
_READS = "the right to read pull requests (fine-grained: Pull requests, read; classic: repo)"
_CONTENTS = "the right to read contents and pull requests (fine-grained: Contents, read; classic: repo)"
_WRITES = "the right to write pull requests (fine-grained: Pull requests, read and write; classic: repo)"
_ISSUES = "the right to write issues (fine-grained: Issues, read and write; classic: repo)"
_STATUSES = "the right to write commit statuses (fine-grained: Commit statuses, read and write; classic: repo:status)"
_TEAMS = "the right to read teams (organization Members, read; classic: read:org); a GITHUB_TOKEN never has it"


class GitHubForge:
    """Implements ports.Forge. `bot`: owner of an app's token where GitHub does not name it, as in Actions."""

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
        self._repository = bounded(self._github).get_repo(choice.project)

    @contextmanager
    def _calling(self, call: str, right: str | None) -> Iterator[None]:
        try:
            yield
        except GithubException as error:
            headers = error.headers or {}
            raise self._answers.refusal(error.status, _words(error.data), headers, call=call, right=right) from error
        except requests.RequestException as error:
            raise self._answers.lost_answer(error, call=call) from error
        except RuntimeError as error:  # a redirection to another host
            raise self._answers.refusal(301, "", {}, call=call, right=right) from error
        except (BadAttributeException, AssertionError, AttributeError, KeyError, TypeError, ValueError) as error:
            raise self._answers.unexpected_answer(call=call) from error

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
        """Return the user; None for an app, which has none."""
        with self._calling("asking whose token this is", None):
            try:
                return self._github.get_user().login
            except GithubException as error:
                if error.status == 403 and "not accessible" in _words(error.data).lower():
                    return None
                raise

    def _viewer(self) -> str | None:
        with self._calling("asking whose token this is", None):
            try:
                _, answer = self._github.requester.graphql_query("query { viewer { login } }", {})
            except GithubException as error:
                if error.status < 500:
                    return None
                raise
            return str(answer["data"]["viewer"]["login"])

    def open(self, draft: PullRequestDraft) -> PullRequest:
        with self._calling(f"opening a pull request for {draft.head}", _WRITES):
            pull = self._standing(draft)
            if pull is None:
                try:
                    pull = self._repository.create_pull(
                        draft.base, draft.head, title=draft.title, body=draft.body, maintainer_can_modify=False
                    )
                except GithubException as error:  # another run may have been faster
                    pull = self._standing(draft) if error.status == 422 else None
                    if pull is None:
                        raise
            if (pull.title, _text(pull.body).rstrip()) != (draft.title, draft.body.rstrip()):
                pull.edit(title=draft.title, body=draft.body)
            if missing := set(draft.labels) - {label.name for label in pull.labels}:
                pull.add_to_labels(*sorted(missing))
            return _pull(pull)

    def _standing(self, draft: PullRequestDraft) -> Pull | None:
        """Return the open request from our own branch: a fork may have a branch of the same name."""
        pulls = self._repository.get_pulls(state="open", head=f"{self._owner}:{draft.head}", base=draft.base)
        return next((pull for pull in pulls if self._is_ours(pull) and pull.head.ref == draft.head), None)

    def pull(self, number: int) -> PullRequest:
        with self._found(number, _READS):
            return _pull(self._repository.get_pull(number))

    @contextmanager
    def _found(self, number: int, right: str) -> Iterator[None]:
        """Do as `_calling`, and tell a missing request from one that this token may not see."""
        with self._calling(f"reading pull request {number}", right):
            try:
                yield
            except GithubException as error:
                if error.status == 404:
                    self._repository.update()
                    raise ForgeError(f"there is no pull request {number}", code="E904") from error
                raise

    def opened(self, head_prefix: str) -> tuple[PullRequest, ...]:
        with self._calling("listing pull requests", _READS):
            pulls = self._repository.get_pulls(state="open", sort="created", direction="asc")
            return tuple(_pull(pull) for pull in pulls if self._is_ours(pull) and pull.head.ref.startswith(head_prefix))

    def _is_ours(self, pull: Pull) -> bool:
        """Return whether its branch is of this repository, and not of a fork, or of one that was deleted."""
        origin = pull.head.repo
        return origin is not None and origin.full_name.lower() == self._project.lower()

    def merged_by(self, commit: str) -> tuple[PullRequest, ...]:
        with self._calling(f"asking which request introduced {commit[:12]}", _READS):
            introduced = self._repository.get_commit(commit)
            merged = [pull for pull in introduced.get_pulls() if pull.merged_at]
            if not merged:
                return ()
            listed = tuple(map(_pull, sorted(merged, key=lambda pull: (pull.merged_at, pull.number))))
            ancestry = partial(github_reviews.ancestry, self._repository, commit)
            return brought_by(commit, github_reviews.parents(introduced), listed, ancestry)

    def close(self, number: int) -> None:
        with self._found(number, _WRITES):
            pull = self._repository.get_pull(number)
            if pull.state == "open":
                pull.edit(state="closed")

    def reviews(self, number: int) -> tuple[Review, ...]:
        with self._found(number, _READS):
            return github_reviews.reviews(self._repository.get_pull(number), self._may_write)

    def contributions(self, number: int) -> Contributions:
        with self._found(number, _CONTENTS):
            return github_reviews.contributions(self._github, self._project, number)

    def _may_write(self, person: str) -> bool:
        with self._calling(f"asking what {person} may do", "the right to read metadata"):
            try:
                return self._repository.get_collaborator_permission(person) in ("admin", "write")
            except GithubException as error:
                if error.status == 404:  # not a collaborator
                    return False
                raise

    def members(self, team: str) -> tuple[str, ...]:
        organization, _, slug = team.partition("/")
        if not slug or "/" in slug:
            raise ForgeError(f"{team!r} is not a team of GitHub", hint="write organization/team", code="E904")
        with self._calling(f"listing the members of {team}", _TEAMS):
            members = self._github.get_organization(organization).get_team_by_slug(slug).get_members()
            return tuple(sorted(member.login for member in members))

    def comment(self, number: int, key: str, body: str) -> str:
        text = f"{mark(key)}\n{body}"
        with self._found(number, _WRITES):
            comment = self._comment(number, key)
            if comment is None:
                comment = self._repository.get_issue(number).create_comment(text)
            elif _text(comment.body).rstrip() != text.rstrip():
                comment.edit(text)
            return comment.html_url

    def comment_body(self, number: int, key: str) -> str | None:
        with self._found(number, _READS):
            comment = self._comment(number, key)
            return None if comment is None else _text(comment.body).partition("\n")[2]

    def _comment(self, number: int, key: str) -> IssueComment | None:
        me = self.whoami()
        for comment in self._repository.get_issue(number).get_comments():
            if comment.user is not None and comment.user.login == me and key_of(_text(comment.body)) == key:
                return comment
        return None

    def set_status(self, commit: str, status: CommitStatus) -> None:
        with self._calling(f"setting the status {status.name}", _STATUSES):
            self._repository.get_commit(commit).create_status(
                state=status.state.value,
                context=status.name,
                description=status.description[:LONGEST_STATUS],
                target_url=status.url or NotSet,
            )

    def statuses(self, commit: str) -> tuple[CommitStatus, ...]:
        me, last = self.whoami(), dict[str, CommitStatus]()
        with self._calling(f"reading the statuses of {commit[:12]}", _STATUSES):
            for status in self._repository.get_commit(commit).get_statuses():  # newest first
                if status.creator is not None and status.creator.login == me and status.context not in last:
                    last[status.context] = CommitStatus(
                        name=status.context,
                        state=_STATES.get(status.state, StatusState.FAILURE),
                        description=status.description or "",
                        url=status.target_url or None,
                    )
        return tuple(last[name] for name in sorted(last))

    def issue(self, key: str, *, title: str, body: str | None) -> str | None:
        with self._calling("writing an issue", _ISSUES):
            issue = self._issue(key)
            if body is None:
                if issue is None or issue.state != "open":
                    return None
                issue.edit(state="closed")
                return issue.html_url
            text = f"{mark(key)}\n{body}"
            if issue is None:
                issue = self._repository.create_issue(title, body=text)
            elif (issue.title, _text(issue.body).rstrip(), issue.state) != (title, text.rstrip(), "open"):
                issue.edit(title=title, body=text, state="open")
            return issue.html_url

    def issue_body(self, key: str) -> str | None:
        with self._calling("reading issues", _ISSUES):
            issue = self._issue(key)
            if issue is None or issue.state != "open":
                return None
            return _text(issue.body).partition("\n")[2]

    def _issue(self, key: str) -> Issue | None:
        me = self.whoami()
        creator: Any = {"creator": me}  # a name is taken, too, whatever its type says
        for issue in self._repository.get_issues(state="all", sort="created", direction="asc", **creator):
            if issue.user.login == me and key_of(_text(issue.body)) == key and issue.pull_request is None:
                return issue  # GitHub lists pull requests here, too
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
        author_id=str(pull.user.id) if pull.user is not None else None,
        merged_at=pull.merged_at,
        merged_as=pull.merge_commit_sha if merged else None,  # before, it is a merge that was only tried
    )


def _text(body: str | None) -> str:
    """Return the text as we wrote it: a browser changes line ends."""
    return (body or "").replace("\r\n", "\n")


def _words(data: Any) -> str:
    """Return GitHub's error message, and the error of each field."""
    if not isinstance(data, dict):
        return ""
    parts = [str(data.get("message") or "")]
    errors = data.get("errors")
    for error in errors if isinstance(errors, list) else ():
        fields = error if isinstance(error, dict) else {"message": error}
        parts.append(str(fields.get("message") or f"{fields.get('field')} {fields.get('code')}"))
    return "; ".join(part for part in parts if part)
