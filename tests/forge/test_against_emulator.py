"""GitHub's contract against a forge that others wrote: Vercel Labs' `emulate`, as far as it covers the API.

`.ci/run` installs it with the Node that it wants. By hand: `npm ci --prefix .ci/emulate`, and in RECONCILER_EMULATE
the two programs below `.ci/emulate/node_modules`, a blank between them.
"""

from __future__ import annotations

import base64
import itertools
import json
import os
import shlex
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from reconciler.adapters.forges.github import GitHubForge
from reconciler.core.forge.detection import ForgeChoice, ForgeKind, Token
from reconciler.testing.contracts.forges import ForgeContract

pytestmark = pytest.mark.needs("emulate")
PEOPLE = ("ada", "zoe", "mallory")
SEED = {
    "tokens": {f"tok-{one}": {"login": one, "scopes": ["repo", "user", "admin:org"]} for one in PEOPLE},
    "github": {
        "users": [{"login": one, "name": one.title(), "email": f"{one}@example.org"} for one in PEOPLE],
        "orgs": [{"login": "town", "name": "Town", "members": [{"login": "ada", "role": "admin"}]}],
        "repos": [{"owner": "ada", "name": "models", "auto_init": True}],
    },
}


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


class TestEmulate(ForgeContract):
    """What it does not have is left out: statuses, which request brought a commit, a refusal of a branch that is not
    there, a request whose head follows the contents API, the events of a request (where an approval needs to know
    whether the base changed), who pushed to a branch."""

    test_a_request_for_a_branch_that_is_not_there_is_refused = None  # type: ignore[assignment]
    test_its_commit_follows_the_branch = None  # type: ignore[assignment]
    test_a_status_is_the_last_of_its_name = None  # type: ignore[assignment]
    test_a_merge_is_found_by_its_commit = None  # type: ignore[assignment]
    test_the_last_word_of_each_reviewer_is_told_with_the_head_that_was_reviewed = None  # type: ignore[assignment]
    test_whose_work_a_request_is_is_told_without_a_gap = None  # type: ignore[assignment]

    @pytest.fixture(autouse=True)
    def _start(self, tmp_path: Path) -> Iterator[None]:
        port = free_port()
        self.root = f"http://localhost:{port}"
        (tmp_path / "seed.json").write_text(json.dumps(SEED))
        command = shlex.split(os.environ.get("RECONCILER_EMULATE", "emulate"))
        command += ["start", "--service", "github", "--port", str(port), "--seed", str(tmp_path / "seed.json")]
        with (tmp_path / "log").open("w") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
            try:
                self._await(process)
                for one in PEOPLE[1:]:  # its word for `write` is another than GitHub's
                    self.ask("PUT", f"/repos/ada/models/collaborators/{one}", {"permission": "admin"})
                self.numbers = itertools.count()
                yield
            finally:
                process.kill()

    def _await(self, process: subprocess.Popen[bytes]) -> None:
        for _ in range(300):
            try:
                self.ask("GET", "/user")
            except OSError:
                assert process.poll() is None, "emulate did not start"
                time.sleep(0.1)
            else:
                return
        pytest.fail("emulate does not answer")

    def ask(self, method: str, path: str, body: Any = None, *, by: str = "ada") -> Any:
        content = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer tok-{by}", "Content-Type": "application/json"}
        asked = urllib.request.Request(self.root + path, data=content, headers=headers, method=method)  # noqa: S310
        with urllib.request.urlopen(asked, timeout=30) as answer:  # noqa: S310
            return json.loads(answer.read() or b"null")

    def make(self) -> GitHubForge:
        choice = ForgeChoice(
            kind=ForgeKind.GITHUB, because="a test", project="ada/models", api=self.root, site=self.root
        )
        return GitHubForge(choice, Token(name="GITHUB_TOKEN", secret="tok-ada"))

    def push(self, branch: str) -> str:
        try:
            self.ask("GET", f"/repos/ada/models/git/ref/heads/{branch}")
        except urllib.error.HTTPError:
            tip = self.ask("GET", "/repos/ada/models/git/ref/heads/main")["object"]["sha"]
            self.ask("POST", "/repos/ada/models/git/refs", {"ref": f"refs/heads/{branch}", "sha": tip})
        name, text = f"file-{next(self.numbers)}", base64.b64encode(b"x").decode()
        content = {"message": "Work", "content": text, "branch": branch}
        return str(self.ask("PUT", f"/repos/ada/models/contents/{name}", content)["commit"]["sha"])

    def approve(self, number: int, by: str) -> None:
        self.ask("POST", f"/repos/ada/models/pulls/{number}/reviews", {"event": "APPROVE", "body": "."}, by=by)

    def withdraw(self, number: int, by: str) -> None:
        path = f"/repos/ada/models/pulls/{number}/reviews"
        review = next(one["id"] for one in self.ask("GET", path) if one["user"]["login"] == by)
        self.ask("PUT", f"{path}/{review}/dismissals", {"message": "."})

    def merge(self, number: int) -> str:
        return str(self.ask("PUT", f"/repos/ada/models/pulls/{number}/merge", {"merge_method": "merge"})["sha"])

    def comment_as(self, by: str, number: int, body: str) -> None:
        self.ask("POST", f"/repos/ada/models/issues/{number}/comments", {"body": body}, by=by)

    def team(self, name: str, members: tuple[str, ...]) -> str:
        self.ask("POST", "/orgs/town/teams", {"name": name})
        for one in members:
            self.ask("PUT", f"/orgs/town/teams/{name}/memberships/{one}", {"role": "member"})
        return f"town/{name}"
