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
    """`resets`: whether a push takes approvals back, a setting of GitLab's projects."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.resets = True
        self.tells_when = True
        here = f"/projects/{PROJECT}"
        request = f"{here}/merge_requests/{{number:number}}"
        commit = f"{here}/repository/commits/{{commit}}"
        self.routes = [
            route("GET", "/user", lambda asked: Answer(body=_person(asked.owner.login))),
            route("GET", "/job", lambda asked: Answer(body={"id": 1, "user": _person(asked.owner.login)})),
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
        if asked.method != "GET" and asked.owner.rights != "write":
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
        last = {one.by: one for one in pull.words}
        given = [one for one in last.values() if one.word == "APPROVED"]
        given = [one for one in given if not self.resets or one.commit == pull.commit or pull.state != "open"]
        shown = [
            {"user": _person(one.by or "")} | ({"approved_at": one.when} if self.tells_when else {}) for one in given
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
            "author": _person(pull.author),
            "source_branch": pull.head,
            "target_branch": pull.base,
            "sha": pull.commit,
            "merge_commit_sha": pull.merged_as,
            "squash_commit_sha": None,
            "merged_at": pull.merged_at,
        }

    # --- notes, statuses, issues -----------------------------------------------------------------------------------

    def notes(self, asked: Asked, number: int) -> Answer:
        if number not in self.place.pulls:
            return refused(404, "404 Not found")
        found = [_note(one) for one in self.place.remarks if one.number == number]
        if asked.query.get("sort", "desc") == "desc":
            found.reverse()
        return self._paged(asked, found)

    def note(self, asked: Asked, number: int) -> Answer:
        if number not in self.place.pulls:
            return refused(404, "404 Not found")
        text = self._obeyed(self.place.pulls[number], asked.body["body"], asked.owner.login)
        return Answer(status=201, body=_note(self.place.remark(number, asked.owner.login, text)))

    def edit_note(self, asked: Asked, number: int, remark: int) -> Answer:
        one = next(one for one in self.place.remarks if one.id == remark)
        if one.by != asked.owner.login:
            return refused(403, "403 Forbidden")
        one.body = self._obeyed(self.place.pulls[number], asked.body["body"], asked.owner.login)
        return Answer(body=_note(one))

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
        return Answer(status=201, body=_status(line))

    def statuses(self, asked: Asked, commit: str) -> Answer:
        last = {one.name: one for one in self.place.lines if one.commit == commit}
        return self._paged(asked, [_status(one) for one in last.values()])

    def issues(self, asked: Asked) -> Answer:
        found = list(self.place.issues.values())
        if "author_username" in asked.query:
            found = [one for one in found if one.by == asked.query["author_username"]]
        return self._paged(asked, [_issue(asked, one) for one in found])

    def new_issue(self, asked: Asked) -> Answer:
        title, text = asked.body["title"], asked.body["description"]
        one = Issue(number=next(self.place.numbers), by=asked.owner.login, title=title, body=text)
        self.place.issues[one.number] = one
        return Answer(status=201, body=_issue(asked, one))

    def edit_issue(self, asked: Asked, number: int) -> Answer:
        one = self.place.issues[number]
        one.title, one.body = asked.body.get("title", one.title), asked.body.get("description", one.body)
        one.state = {"close": "closed", "reopen": "open"}.get(asked.body.get("state_event", ""), one.state)
        return Answer(body=_issue(asked, one))

    def members(self, asked: Asked, team: str) -> Answer:
        if team not in self.place.teams:
            return refused(404, "404 Group Not Found")
        found = [_person(one) | {"access_level": 30} for one in self.place.teams[team]]
        asked.path = asked.path.replace(team, team.replace("/", "%2F"))
        return paged(asked, found, PREFIX)


def _person(login: str) -> dict[str, Any]:
    return {"id": 1, "username": login, "name": login.title(), "state": "active"}


def _note(one: Remark) -> dict[str, Any]:
    return {"id": one.id, "body": one.body, "author": _person(one.by or "ghost"), "system": one.system}


def _status(one: Line) -> dict[str, Any]:
    return {
        "id": one.id,
        "sha": one.commit,
        "status": one.state,
        "name": one.name,
        "description": one.description,
        "target_url": one.url,
        "author": None if one.by is None else _person(one.by),
    }


def _issue(asked: Asked, one: Issue) -> dict[str, Any]:
    return {
        "id": 200_000 + one.number,
        "iid": one.number,
        "project_id": HERE,
        "title": one.title,
        "description": one.body,
        "state": STATES.get(one.state, one.state),
        "author": _person(one.by),
        "web_url": f"{asked.root}/{PROJECT}/-/issues/{one.number}",
    }
