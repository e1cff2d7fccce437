"""GitHub's REST API, version 2022-11-28, as far as it is asked: every answer held against GitHub's published schema."""

from __future__ import annotations

import re
from typing import Any

from tests.forge.fake.answers import Answer, Asked, handled, paged, route
from tests.forge.fake.json_shapes import shaped
from tests.forge.fake.repository import NAME, OWNER, PROJECT, Issue, Line, Place, Pull, Pushed, Remark

PREFIX = "/api/v3"
LONGEST = 65_536
MOST_COMMITS = 250  # of one request
BOT = "github-actions[bot]"
STRANGER = "mallory"  # owner of the fork
PAGE = 100  # of GraphQL


def refused(status: int, message: str, *errors: dict[str, str]) -> Answer:
    more = {"errors": list(errors)} if errors else {}
    name = "ValidationError" if status == 422 else "BasicError"
    known = {"message": message, "documentation_url": "", "status": str(status)} | more
    if name == "ValidationError":
        known.pop("status")
    return Answer(status=status, body=shaped(name, **known))


class GitHubApi:
    """`tells_pushes`: whether it has the list of pushes, as older servers have not."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.tells_pushes = True
        repo = f"/repos/{PROJECT}"
        self.routes = [
            route("GET", "/user", self.user),
            route("POST", "/graphql", self.graphql),
            route("GET", repo, self.repository),
            route("GET", f"{repo}/pulls", self.pulls),
            route("POST", f"{repo}/pulls", self.open),
            route("GET", f"{repo}/pulls/{{number:number}}", self.pull),
            route("PATCH", f"{repo}/pulls/{{number:number}}", self.edit),
            route("GET", f"{repo}/pulls/{{number:number}}/reviews", self.reviews),
            route("GET", f"{repo}/collaborators/{{person}}/permission", self.permission),
            route("GET", f"{repo}/commits/{{commit}}", self.commit),
            route("GET", f"{repo}/commits/{{commit}}/pulls", self.brought),
            route("GET", f"{repo}/compare/{{base}}\\.\\.\\.{{head}}", self.compare),
            route("GET", f"/repos/(?P<owner>{OWNER}|{STRANGER})/{NAME}/activity", self.activity),
            route("GET", f"{repo}/commits/{{commit}}/statuses", self.statuses),
            route("GET", f"{repo}/statuses/{{commit}}", self.statuses),
            route("POST", f"{repo}/statuses/{{commit}}", self.status),
            route("GET", f"{repo}/issues", self.issues),
            route("POST", f"{repo}/issues", self.new_issue),
            route("GET", f"{repo}/issues/{{number:number}}", self.edit_issue),
            route("PATCH", f"{repo}/issues/{{number:number}}", self.edit_issue),
            route("POST", f"{repo}/issues/{{number:number}}/labels", self.label),
            route("GET", f"{repo}/issues/{{number:number}}/events", self.events),
            route("GET", f"{repo}/issues/{{number:number}}/comments", self.comments),
            route("POST", f"{repo}/issues/{{number:number}}/comments", self.comment),
            route("PATCH", f"{repo}/issues/comments/{{remark:number}}", self.edit_comment),
            route("GET", "/orgs/{organization}/teams/{team}/members", self.members),
        ]

    def answer(self, asked: Asked) -> Answer:
        if asked.method != "GET" and asked.path != "/graphql" and asked.owner.rights != "write":
            return refused(403, "Resource not accessible by personal access token")
        return handled(self.routes, asked, refused(404, "Not Found"))

    # --- people ----------------------------------------------------------------------------------------------------

    def user(self, asked: Asked) -> Answer:
        if asked.owner.kind == "app":
            return refused(403, "Resource not accessible by integration")
        return Answer(body=shaped("PublicUser", login=asked.owner.login))

    def graphql(self, asked: Asked) -> Answer:
        if "viewer" in asked.body["query"]:
            return Answer(body={"data": {"viewer": {"login": asked.owner.login}}})
        if "pullRequest(" not in asked.body["query"]:
            return Answer(body={"errors": [{"message": "not understood"}]})
        given = asked.body["variables"]
        if given["number"] not in self.place.pulls:
            error = {"type": "NOT_FOUND", "message": "Could not resolve to a PullRequest"}
            return Answer(body={"data": {"repository": {"pullRequest": None}}, "errors": [error]})
        pull = self.place.pulls[given["number"]]
        held = list(reversed(self.place.held(pull)))
        begin = int(given["after"] or 0)
        nodes = [{"commit": self._commit_node(commit)} for commit in held[:MOST_COMMITS][begin : begin + PAGE]]
        page = {"hasNextPage": begin + PAGE < min(len(held), MOST_COMMITS), "endCursor": str(begin + PAGE)}
        commits = {"totalCount": len(held), "pageInfo": page, "nodes": nodes}
        origin = {"nameWithOwner": f"{_owner_of(pull)}/{NAME}"}
        told = {"headRefName": pull.head, "headRepository": origin, "commits": commits}
        return Answer(body={"data": {"repository": {"pullRequest": told}}})

    def _commit_node(self, commit: str) -> dict[str, Any]:
        facts = self.place.facts(commit)
        emails = [facts.author, *re.findall(r"Co-authored-by: [^<]*<([^>]*)>", facts.message)]
        users = [{"user": self._graphql_user(email)} for email in emails]
        return {
            "oid": commit,
            "parents": {"nodes": [{"oid": parent} for parent in facts.parents]},
            "authors": {"totalCount": len(users), "nodes": users[:PAGE]},
            "committer": {"user": self._graphql_user(facts.committer)},
        }

    def _graphql_user(self, email: str) -> dict[str, Any] | None:
        login = self.place.owner_of(email)
        return None if login is None else {"login": login, "databaseId": self.place.number(login)}

    def person(self, login: str | None) -> dict[str, Any] | None:
        """An account as REST shows it; nobody where it was deleted."""
        if login is None or login in self.place.deleted:
            return None
        kind = "Bot" if login in self.place.bots or login.endswith("[bot]") else "User"
        return {"login": login, "id": self.place.number(login), "type": kind}

    def activity(self, asked: Asked, owner: str) -> Answer:
        if not self.tells_pushes:
            return refused(404, "Not Found")
        branch = asked.query["ref"].removeprefix("refs/heads/")
        shown = [
            shaped(
                "Activity", id=at, ref=asked.query["ref"], timestamp=one.when, after=one.after,
                before=one.before or "0" * 40, activity_type=_kind(one),
                actor=self.person(one.by),
            )
            for at, one in enumerate(self.place.pushes)
            if (one.branch, one.fork) == (branch, owner == STRANGER)
        ]  # fmt: skip
        return paged(asked, shown[::-1], PREFIX)

    def compare(self, asked: Asked, base: str, head: str) -> Answer:
        shared = self.place.shared(base, head)
        if shared is None:
            return refused(404, "Not Found")
        status = {base: "ahead", head: "behind"}.get(shared, "diverged")
        return Answer(body=shaped("CommitComparison", status="identical" if base == head else status))

    def permission(self, asked: Asked, person: str) -> Answer:
        right = "write" if person in self.place.writers else "read"
        return Answer(body=shaped("RepositoryCollaboratorPermission", permission=right, user={"login": person}))

    def members(self, asked: Asked, organization: str, team: str) -> Answer:
        found = self.place.teams.get(f"{organization}/{team}")
        if asked.owner.kind == "app" or found is None:
            return refused(404, "Not Found")
        return paged(asked, [shaped("SimpleUser", login=one) for one in found], PREFIX)

    # --- pull requests ---------------------------------------------------------------------------------------------

    def repository(self, asked: Asked) -> Answer:
        return Answer(body=shaped("FullRepository", **_repository(PROJECT)))

    def pulls(self, asked: Asked) -> Answer:
        found = list(self.place.pulls.values())
        wanted = asked.query.get("state", "open")
        found = [one for one in found if wanted == "all" or (one.state == "open") == (wanted == "open")]
        if "head" in asked.query:
            found = [one for one in found if asked.query["head"] == f"{_owner_of(one)}:{one.head}"]
        if "base" in asked.query:
            found = [one for one in found if one.base == asked.query["base"]]
        if asked.query.get("direction", "desc") == "desc":
            found.reverse()
        return paged(asked, [self._pull("PullRequestSimple", asked, one) for one in found], PREFIX)

    def open(self, asked: Asked) -> Answer:
        head, base = asked.body["head"], asked.body["base"]
        if self.place.tip(head) is None:
            return refused(422, "Validation Failed", {"resource": "PullRequest", "field": "head", "code": "invalid"})
        for one in self.place.pulls.values():
            if (one.head, one.base, one.state, one.fork) == (head, base, "open", False):
                error = {"resource": "PullRequest", "code": "custom"}
                return refused(
                    422, "Validation Failed", error | {"message": f"A pull request already exists for {OWNER}:{head}."}
                )
        if not self.place.between(self.place.tip(base) or base, self.place.tip(head) or head):
            error = {"resource": "PullRequest", "code": "custom"}
            return refused(422, "Validation Failed", error | {"message": f"No commits between {base} and {head}"})
        if len(asked.body.get("body") or "") > LONGEST:
            return refused(422, "Validation Failed", {"resource": "PullRequest", "code": "custom", "field": "body"})
        pull = self.place.open(head, base, asked.body["title"], asked.body.get("body") or "", asked.owner.login)
        return Answer(status=201, body=self._pull("PullRequest", asked, pull))

    def pull(self, asked: Asked, number: int) -> Answer:
        if number not in self.place.pulls:
            return refused(404, "Not Found")
        return Answer(body=self._pull("PullRequest", asked, self.place.pulls[number]))

    def edit(self, asked: Asked, number: int) -> Answer:
        if number not in self.place.pulls:
            return refused(404, "Not Found")
        pull = self.place.pulls[number]
        pull.title, pull.body = asked.body.get("title", pull.title), asked.body.get("body", pull.body)
        if asked.body.get("state") == "closed" and pull.state == "open":
            pull.state = "closed"
        return Answer(body=self._pull("PullRequest", asked, pull))

    def label(self, asked: Asked, number: int) -> Answer:
        pull = self.place.pulls[number]
        pull.labels += [one for one in asked.body if one not in pull.labels]
        return Answer(body=[shaped("Label", name=one) for one in pull.labels])

    def reviews(self, asked: Asked, number: int) -> Answer:
        if number not in self.place.pulls:
            return refused(404, "Not Found")
        found = [
            shaped(
                "PullRequestReview", id=at, state=one.word, commit_id=one.commit, submitted_at=one.when,
                user=self.person(one.by),
            )
            for at, one in enumerate(self.place.pulls[number].words, 1)
        ]  # fmt: skip
        return paged(asked, found, PREFIX)

    def events(self, asked: Asked, number: int) -> Answer:
        """What happened to a request besides its reviews."""
        shown = [
            shaped("IssueEvent", id=at, event="base_ref_changed", created_at=when, actor=self.person("ada"))
            for at, when in enumerate(self.place.pulls[number].directed, 1)
        ]
        return paged(asked, shown, PREFIX)

    def brought(self, asked: Asked, commit: str) -> Answer:
        if not self.place.knows(commit):
            return refused(422, f"No commit found for SHA: {commit}")
        return paged(asked, [self._pull("PullRequestSimple", asked, one) for one in self.place.brought(commit)], PREFIX)

    def _pull(self, form: str, asked: Asked, pull: Pull) -> dict[str, Any]:
        self.place.seen(pull)
        url = f"{asked.root}{PREFIX}/repos/{PROJECT}"
        merged = {"merged": pull.state == "merged"} if form == "PullRequest" else {}
        return shaped(
            form,
            number=pull.number,
            url=f"{url}/pulls/{pull.number}",
            issue_url=f"{url}/issues/{pull.number}",
            html_url=f"{asked.root}/{PROJECT}/pull/{pull.number}",
            state="open" if pull.state == "open" else "closed",
            title=pull.title,
            body=pull.body,
            user=self.person(pull.author) or {"login": "ghost", "id": 10137},
            labels=[shaped("Label", name=one) for one in pull.labels],
            head={
                "ref": pull.head,
                "sha": pull.commit,
                "repo": _repository(f"{_owner_of(pull)}/models") if not pull.fork else None,
            },
            base={"ref": pull.base, "sha": self.place.tip(pull.base), "repo": _repository(PROJECT)},
            merged_at=pull.merged_at,
            merge_commit_sha=pull.merged_as or "f" * 40,  # an open one has a merge that was only tried
            **merged,
        )

    # --- statuses, comments, issues --------------------------------------------------------------------------------

    def commit(self, asked: Asked, commit: str) -> Answer:
        if not self.place.knows(commit):
            return refused(422, f"No commit found for SHA: {commit}")
        url = f"{asked.root}{PREFIX}/repos/{PROJECT}/commits/{commit}"
        parents = [{"sha": one, "url": "", "html_url": ""} for one in self.place.facts(commit).parents]
        return Answer(body=shaped("Commit", sha=commit, url=url, parents=parents))

    def status(self, asked: Asked, commit: str) -> Answer:
        if not self.place.knows(commit):
            return refused(422, f"No commit found for SHA: {commit}")
        if len(asked.body.get("description") or "") > 140:
            return refused(422, "Validation Failed", {"resource": "Status", "code": "custom", "field": "description"})
        line = Line(
            id=next(self.place.ids), commit=commit, by=asked.owner.login, name=asked.body["context"],
            state=asked.body["state"], description=asked.body.get("description", ""), url=asked.body.get("target_url"),
        )  # fmt: skip
        self.place.lines.append(line)
        return Answer(status=201, body=_status(line))

    def statuses(self, asked: Asked, commit: str) -> Answer:
        found = [_status(one) for one in reversed(self.place.lines) if one.commit == commit]
        return paged(asked, found, PREFIX)

    def comments(self, asked: Asked, number: int) -> Answer:
        if number not in self.place.pulls:
            return refused(404, "Not Found")
        found = [_comment(asked, one) for one in self.place.remarks if one.number == number]
        return paged(asked, found, PREFIX)

    def comment(self, asked: Asked, number: int) -> Answer:
        if number not in self.place.pulls:
            return refused(404, "Not Found")
        made = self.place.remark(number, asked.owner.login, asked.body["body"])
        return Answer(status=201, body=_comment(asked, made))

    def edit_comment(self, asked: Asked, remark: int) -> Answer:
        one = next(one for one in self.place.remarks if one.id == remark)
        if one.by != asked.owner.login:
            return refused(403, "Resource not accessible by personal access token")
        one.body = asked.body["body"]
        return Answer(body=_comment(asked, one))

    def issues(self, asked: Asked) -> Answer:
        """Pull requests are issues, too."""
        found: list[dict[str, Any]] = [_issue(asked, one) for one in self.place.issues.values()]
        for pull in self.place.pulls.values():
            one = Issue(number=pull.number, by=pull.author, title=pull.title, body=pull.body)
            found.append(
                _issue(asked, one) | {"pull_request": {"url": "", "html_url": "", "diff_url": "", "patch_url": ""}}
            )
        if "creator" in asked.query:
            found = [one for one in found if one["user"]["login"] == asked.query["creator"]]
        return paged(asked, found, PREFIX)

    def new_issue(self, asked: Asked) -> Answer:
        one = Issue(
            number=next(self.place.numbers), by=asked.owner.login, title=asked.body["title"], body=asked.body["body"]
        )
        self.place.issues[one.number] = one
        return Answer(status=201, body=_issue(asked, one))

    def edit_issue(self, asked: Asked, number: int) -> Answer:
        one, asked.body = self.place.issues[number], asked.body or {}
        one.title, one.body = asked.body.get("title", one.title), asked.body.get("body", one.body)
        one.state = asked.body.get("state", one.state)
        return Answer(body=_issue(asked, one))


def _kind(push: Pushed) -> str:
    return "force_push" if push.forced else "push" if push.before else "branch_creation"


def _owner_of(pull: Pull) -> str:
    return STRANGER if pull.fork else OWNER


def _repository(full: str) -> dict[str, Any]:
    owner, _, name = full.partition("/")
    return {"full_name": full, "name": name, "owner": {"login": owner}}


def _status(line: Line) -> dict[str, Any]:
    return shaped(
        "Status", id=line.id, state=line.state, context=line.name, description=line.description, target_url=line.url,
        creator=None if line.by is None else {"login": line.by},
    )  # fmt: skip


def _comment(asked: Asked, one: Remark) -> dict[str, Any]:
    return shaped(
        "IssueComment",
        id=one.id,
        url=f"{asked.root}{PREFIX}/repos/{PROJECT}/issues/comments/{one.id}",
        html_url=f"{asked.root}/{PROJECT}/pull/{one.number}#issuecomment-{one.id}",
        body=one.body,
        user=None if one.by is None else {"login": one.by},
    )


def _issue(asked: Asked, one: Issue) -> dict[str, Any]:
    return shaped(
        "Issue",
        number=one.number,
        url=f"{asked.root}{PREFIX}/repos/{PROJECT}/issues/{one.number}",
        html_url=f"{asked.root}/{PROJECT}/issues/{one.number}",
        title=one.title,
        body=one.body,
        state=one.state,
        user={"login": one.by},
    )
