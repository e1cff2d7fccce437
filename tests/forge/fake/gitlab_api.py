"""GitLab's REST API v4 as far as it is asked, in the form that its documentation shows. Merge requests are numbered by
their `iid`; a line of a text that starts with a slash is an order."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote

from tests.forge.fake.answers import Answer, Asked, handled, paged, route
from tests.forge.fake.repository import PROJECT, Issue, Line, Place, Pull, Remark

PREFIX = "/api/v4"
HERE, FORK = 7, 8  # ids of projects
STATES = {"open": "opened"}


def refused(status: int, message: Any) -> Answer:
    return Answer(status=status, body={"message": message})


class GitLabApi:
    """`resets`: whether a push takes approvals back, a setting of GitLab's projects. The others: what some servers do
    not tell: when an approval was given, whose a commit is, where a request begins."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.resets = True
        self.tells_when = True
        self.tells_people = True
        self.tells_ends = True
        here = f"/projects/{PROJECT}"
        request = f"{here}/merge_requests/{{number:number}}"
        commit = f"{here}/repository/commits/{{commit}}"
        self.routes = [
            route("GET", "/user", lambda asked: Answer(body=self.person(asked.owner.login))),
            route("GET", "/job", lambda asked: Answer(body={"id": 1, "user": self.person(asked.owner.login)})),
            route("GET", "/users", self.users),
            route("GET", "/users/{number:number}", self.user),
            route("POST", "/graphql", self.graphql),
            route("GET", f"(?P<project>{here}|/projects/{FORK})/events", self.events),
            route("GET", f"{here}/repository/merge_base", self.merge_base),
            route("GET", f"{here}/repository/commits", self.commits),
            route("GET", commit, self.commit),
            route("GET", f"{request}/reviewers", self.reviewers),
            route("GET", here, lambda asked: Answer(body={"id": HERE, "path_with_namespace": PROJECT})),
            route("GET", f"{here}/merge_requests", self.requests),
            route("POST", f"{here}/merge_requests", self.open),
            route("GET", request, self.request),
            route("PUT", request, self.edit),
            route("GET", f"{request}/approvals", self.approvals),
            route("GET", f"{request}/versions", self.versions),
            route("GET", f"{request}/notes", self.notes),
            route("POST", f"{request}/notes", self.note),
            route("PUT", f"{request}/notes/{{remark:number}}", self.edit_note),
            route("GET", f"{commit}/merge_requests", self.brought),
            route("GET", f"{commit}/statuses", self.statuses),
            route("POST", f"{here}/statuses/{{commit}}", self.status),
            route("GET", f"{here}/issues", self.issues),
            route("POST", f"{here}/issues", self.new_issue),
            route("PUT", f"{here}/issues/{{number:number}}", self.edit_issue),
            route("GET", "/groups/(?P<team>.+)/members/all", self.members),
        ]

    def answer(self, asked: Asked) -> Answer:
        asked.path = unquote(asked.path).replace(f"/projects/{HERE}/", f"/projects/{PROJECT}/", 1)
        if asked.owner.kind == "job" and asked.path != "/job":
            return refused(401, "401 Unauthorized") if asked.path == "/user" else refused(404, "404 Project Not Found")
        if asked.method != "GET" and asked.path != "/graphql" and asked.owner.rights != "write":
            return Answer(status=403, body={"error": "insufficient_scope", "error_description": "needs api"})
        return handled(self.routes, asked, refused(404, "404 Not found"))

    def _paged(self, asked: Asked, items: list[Any]) -> Answer:
        asked.path = asked.path.replace(PROJECT, PROJECT.replace("/", "%2F"), 1)
        return paged(asked, items, PREFIX)

    # --- merge requests --------------------------------------------------------------------------------------------

    def requests(self, asked: Asked) -> Answer:
        found = list(self.place.pulls.values())
        if asked.query.get("state", "all") != "all":
            found = [one for one in found if STATES.get(one.state, one.state) == asked.query["state"]]
        for name, attribute in (("source_branch", "head"), ("target_branch", "base")):
            if name in asked.query:
                found = [one for one in found if getattr(one, attribute) == asked.query[name]]
        if asked.query.get("sort", "desc") == "desc":
            found.reverse()
        return self._paged(asked, [self._request(asked, one) for one in found])

    def open(self, asked: Asked) -> Answer:
        head, base = asked.body["source_branch"], asked.body["target_branch"]
        if self.place.tip(head) is None:
            return refused(400, {"source_branch": ["does not exist"]})
        for one in self.place.pulls.values():
            if (one.head, one.base, one.state, one.fork) == (head, base, "open", False):
                text = f"Another open merge request already exists for this source branch: !{one.number}"
                return refused(409, [text])
        pull = self.place.open(head, base, asked.body["title"], "", asked.owner.login)
        pull.labels = [one for one in asked.body.get("labels", "").split(",") if one]
        pull.body = self._obeyed(pull, asked.body.get("description") or "", asked.owner.login)
        return Answer(status=201, body=self._request(asked, pull))

    def request(self, asked: Asked, number: int) -> Answer:
        if number not in self.place.pulls:
            return refused(404, "404 Not found")
        return Answer(body=self._request(asked, self.place.pulls[number]))

    def edit(self, asked: Asked, number: int) -> Answer:
        pull = self.place.pulls[number]
        pull.title = asked.body.get("title", pull.title)
        if "description" in asked.body:
            pull.body = self._obeyed(pull, asked.body["description"], asked.owner.login)
        pull.labels += [one for one in asked.body.get("add_labels", "").split(",") if one and one not in pull.labels]
        if asked.body.get("state_event") == "close":
            if pull.state != "open":
                return refused(405, "405 Method Not Allowed")
            pull.state = "closed"
        return Answer(body=self._request(asked, pull))

    def _obeyed(self, pull: Pull, text: str, who: str) -> str:
        """Orders are carried out and taken out of the text."""
        for order in re.findall(r"(?m)^[ \t]*/([a-z]+)", text):
            match order:
                case "close":
                    pull.state = "closed"
                case "approve":
                    self.place.approve(pull.number, who)
                case "merge":
                    self.place.merge(pull.number)
        return re.sub(r"(?m)^[ \t]*/[a-z].*\n?", "", text)

    def approvals(self, asked: Asked, number: int) -> Answer:
        if number not in self.place.pulls:
            return refused(404, "404 Not found")
        pull = self.place.seen(self.place.pulls[number])
        last = {one.by: one for one in pull.words if one.word != "COMMENTED"}
        members = {None, *self.place.writers}
        given = [one for one in last.values() if one.word == "APPROVED" and one.by in members]
        given = [one for one in given if not self.resets or one.commit == pull.commit or pull.state != "open"]
        shown = [
            {"user": self.person(one.by)} | ({"approved_at": one.when} if self.tells_when else {}) for one in given
        ]
        return Answer(body={"id": number, "iid": number, "approved": bool(shown), "approved_by": shown})

    def versions(self, asked: Asked, number: int) -> Answer:
        heads = list(enumerate(self.place.seen(self.place.pulls[number]).heads, 1))
        found = [{"id": at, "created_at": when, "head_commit_sha": commit} for at, (when, commit) in reversed(heads)]
        return self._paged(asked, found)

    def brought(self, asked: Asked, commit: str) -> Answer:
        if not self.place.knows(commit):
            return refused(404, "404 Commit Not Found")
        return self._paged(asked, [self._request(asked, one) for one in self.place.brought(commit)])

    def _request(self, asked: Asked, pull: Pull) -> dict[str, Any]:
        self.place.seen(pull)
        return {
            "id": 100_000 + pull.number,
            "iid": pull.number,
            "project_id": HERE,
            "source_project_id": FORK if pull.fork else HERE,
            "target_project_id": HERE,
            "web_url": f"{asked.root}/{PROJECT}/-/merge_requests/{pull.number}",
            "state": STATES.get(pull.state, pull.state),
            "title": pull.title,
            "description": pull.body,
            "labels": pull.labels,
            "author": self.person(pull.author),
            "source_branch": pull.head,
            "target_branch": pull.base,
            "sha": pull.commit,
            "merge_commit_sha": None if pull.merged_as in (pull.commit, pull.squashed_as) else pull.merged_as,
            "squash_commit_sha": pull.squashed_as,
            "created_at": pull.heads[0][0],
            "merged_at": pull.merged_at,
            "diff_refs": None
            if not self.tells_ends
            else {
                "start_sha": pull.begin or self.place.tip(pull.base),
                "head_sha": pull.commit,
            },
        }

    # --- people and commits ----------------------------------------------------------------------------------------

    def person(self, login: str | None) -> dict[str, Any]:
        """An account; one that stands for all that were deleted."""
        if login is None or login in self.place.deleted:
            return {"id": 0, "username": "ghost", "name": "Ghost User", "state": "active"}
        number = self.place.number(login)
        return {"id": number, "username": login, "name": login.title(), "state": "active"}

    def user(self, asked: Asked, number: int) -> Answer:
        login = next(login for login, known in self.place.accounts.items() if known == number)
        bot = login in self.place.bots or login.endswith("[bot]")
        return Answer(body=self.person(login) | {"bot": bot})

    def users(self, asked: Asked) -> Answer:
        """By name, or by an e-mail address that its owner shows."""
        login = asked.query.get("username") or self.place.owner_of(asked.query.get("search", ""))
        return paged(asked, [self.person(login)] if login in self.place.accounts else [], PREFIX)

    def graphql(self, asked: Asked) -> Answer:
        """Whose the commits of a request are. Co-authors are not among them."""
        if not self.tells_people:
            return Answer(body={"errors": [{"message": "Field 'committers' doesn't exist on type 'MergeRequest'"}]})
        given = asked.body["variables"]
        held = self.place.held(self.place.pulls[int(given["number"])])
        begin, size = int(given["after"] or 0), 100
        nodes = [
            {"sha": commit, "author": self._gid(self.place.facts(commit).author)}
            for commit in held[begin : begin + size]
        ]
        page = {"hasNextPage": begin + size < len(held), "endCursor": str(begin + size)}
        committers = {self.place.facts(commit).committer: None for commit in held}
        people = [one for one in map(self._gid, committers) if one is not None]
        told = {
            "committers": {"nodes": people[:size], "pageInfo": {"hasNextPage": len(people) > size}},
            "commits": {"nodes": nodes, "pageInfo": page},
        }
        return Answer(body={"data": {"project": {"mergeRequest": told}}})

    def _gid(self, email: str) -> dict[str, Any] | None:
        login = self.place.owner_of(email)
        return login and {"id": f"gid://gitlab/User/{self.place.number(login)}", "username": login}  # type: ignore[return-value]

    def events(self, asked: Asked, project: str) -> Answer:
        fork = project.endswith(f"/{FORK}")
        shown = [
            {
                "created_at": one.when,
                "author": self.person(one.by),
                "push_data": {
                    "ref_type": "branch",
                    "ref": one.branch,
                    "action": "pushed" if one.before else "created",
                    "commit_from": one.before,
                    "commit_to": one.after,
                },
            }
            for one in reversed(self.place.pushes)
            if one.fork == fork and asked.query["after"] < one.when[:10] < asked.query["before"]
        ]
        return self._paged(asked, shown)

    def merge_base(self, asked: Asked) -> Answer:
        shared = self.place.shared(*asked.query["refs[]"].split(","))
        return refused(404, "404 Merge Base Not Found") if shared is None else Answer(body={"id": shared})

    def commit(self, asked: Asked, commit: str) -> Answer:
        if not self.place.knows(commit):
            return refused(404, "404 Commit Not Found")
        return Answer(body=self._commit(commit))

    def commits(self, asked: Asked) -> Answer:
        base, _, head = asked.query["ref_name"].partition("..")
        return self._paged(asked, [self._commit(commit) for commit in self.place.between(base, head)])

    def _commit(self, commit: str) -> dict[str, Any]:
        facts = self.place.facts(commit)
        return {
            "id": commit,
            "parent_ids": list(facts.parents),
            "author_email": facts.author,
            "committer_email": facts.committer,
            "message": facts.message,
        }

    def reviewers(self, asked: Asked, number: int) -> Answer:
        last = {one.by: one.word for one in self.place.pulls[number].words if one.word != "COMMENTED"}
        states = {"APPROVED": "approved", "CHANGES_REQUESTED": "requested_changes", "DISMISSED": "unapproved"}
        return self._paged(asked, [{"user": self.person(by), "state": states[word]} for by, word in last.items()])

    # --- notes, statuses, issues -----------------------------------------------------------------------------------

    def notes(self, asked: Asked, number: int) -> Answer:
        if number not in self.place.pulls:
            return refused(404, "404 Not found")
        found = [self._note(one) for one in self.place.remarks if one.number == number]
        if asked.query.get("sort", "desc") == "desc":
            found.reverse()
        return self._paged(asked, found)

    def note(self, asked: Asked, number: int) -> Answer:
        if number not in self.place.pulls:
            return refused(404, "404 Not found")
        text = self._obeyed(self.place.pulls[number], asked.body["body"], asked.owner.login)
        return Answer(status=201, body=self._note(self.place.remark(number, asked.owner.login, text)))

    def edit_note(self, asked: Asked, number: int, remark: int) -> Answer:
        one = next(one for one in self.place.remarks if one.id == remark)
        if one.by != asked.owner.login:
            return refused(403, "403 Forbidden")
        one.body = self._obeyed(self.place.pulls[number], asked.body["body"], asked.owner.login)
        return Answer(body=self._note(one))

    def status(self, asked: Asked, commit: str) -> Answer:
        """One that is pending is brought up to date; what is finished gets a new line."""
        if not self.place.knows(commit):
            return refused(404, "404 Commit Not Found")
        name, state = asked.body["name"], asked.body["state"]
        mine = [one for one in self.place.lines if (one.commit, one.name) == (commit, name)]
        line = mine[-1] if mine and mine[-1].state == "pending" else None
        if line is None:
            line = Line(
                id=next(self.place.ids), commit=commit, by=asked.owner.login, name=name, state="", description="",
                url=None,
            )  # fmt: skip
            self.place.lines.append(line)
        line.description, line.url = asked.body.get("description", ""), asked.body.get("target_url")
        if line.state == state == "pending":
            return refused(400, "Cannot transition status via :enqueue from :pending (Reason(s): Status cannot ...)")
        line.state = state
        return Answer(status=201, body=self._status(line))

    def statuses(self, asked: Asked, commit: str) -> Answer:
        last = {one.name: one for one in self.place.lines if one.commit == commit}
        return self._paged(asked, [self._status(one) for one in last.values()])

    def issues(self, asked: Asked) -> Answer:
        found = list(self.place.issues.values())
        if "author_username" in asked.query:
            found = [one for one in found if one.by == asked.query["author_username"]]
        return self._paged(asked, [self._issue(asked, one) for one in found])

    def new_issue(self, asked: Asked) -> Answer:
        title, text = asked.body["title"], asked.body["description"]
        one = Issue(number=next(self.place.numbers), by=asked.owner.login, title=title, body=text)
        self.place.issues[one.number] = one
        return Answer(status=201, body=self._issue(asked, one))

    def edit_issue(self, asked: Asked, number: int) -> Answer:
        one = self.place.issues[number]
        one.title, one.body = asked.body.get("title", one.title), asked.body.get("description", one.body)
        one.state = {"close": "closed", "reopen": "open"}.get(asked.body.get("state_event", ""), one.state)
        return Answer(body=self._issue(asked, one))

    def members(self, asked: Asked, team: str) -> Answer:
        if team not in self.place.teams:
            return refused(404, "404 Group Not Found")
        found = [self.person(one) | {"access_level": 30} for one in self.place.teams[team]]
        asked.path = asked.path.replace(team, team.replace("/", "%2F"))
        return paged(asked, found, PREFIX)

    def _note(self, one: Remark) -> dict[str, Any]:
        return {"id": one.id, "body": one.body, "author": self.person(one.by), "system": one.system}

    def _status(self, one: Line) -> dict[str, Any]:
        return {
            "id": one.id,
            "sha": one.commit,
            "status": one.state,
            "name": one.name,
            "description": one.description,
            "target_url": one.url,
            "author": None if one.by is None else self.person(one.by),
        }

    def _issue(self, asked: Asked, one: Issue) -> dict[str, Any]:
        return {
            "id": 200_000 + one.number,
            "iid": one.number,
            "project_id": HERE,
            "title": one.title,
            "description": one.body,
            "state": STATES.get(one.state, one.state),
            "author": self.person(one.by),
            "web_url": f"{asked.root}/{PROJECT}/-/issues/{one.number}",
        }
