"""The how-to pages' commands, run in order as they stand there, in an empty folder."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.docs.test_tutorial import commands
from tests.forge.clients import WRITES
from tests.forge.fake.server import Server, serving
from tests.support.project import CI

FOLDER = Path(__file__).resolve().parents[3] / "docs/how-to"
FORGES = {"github": "git@github.com:acme/shop.git", "gitlab": "git@gitlab.com:acme/shop.git"}
PAGES = [path for path in sorted(FOLDER.glob("*.md")) if commands(path) and path.stem not in FORGES]
HEADER = "Authorization: Basic " + base64.b64encode(f"ada:{WRITES}".encode()).decode()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with serving(tmp_path / "forge") as here:
        yield here


@pytest.mark.soak(only=True)
@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_every_command_of_a_page_does_what_the_page_says(page: Path, tmp_path: Path) -> None:
    environment = _environment(tmp_path)
    folder = tmp_path
    for command, expected in commands(page):
        if command.startswith("cd "):
            folder /= command[3:]
            continue
        _run(command, folder, environment, expected)


@pytest.mark.soak(only=True)
@pytest.mark.parametrize("kind", FORGES)
def test_the_road_from_nothing_to_the_first_promotion_is_as_the_page_of_that_forge_says(
    kind: str, server: Server, tmp_path: Path
) -> None:
    team, token = server.place, {"github": "GITHUB_TOKEN", "gitlab": "GITLAB_TOKEN"}[kind]
    ours = f"http.{server.root}/.extraHeader"
    environment = _environment(tmp_path) | {"RECONCILER_FORGE": kind, token: WRITES}
    environment |= {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": ours, "GIT_CONFIG_VALUE_0": HEADER}
    folder, said = tmp_path, dict[str, str]()
    for command, expected in commands(FOLDER / f"{kind}.md"):
        if command.startswith("cd "):
            folder /= command[3:]
            continue
        if command.startswith("git pull"):  # what the page says of the browser, before it
            [number] = team.pulls
            team.approve(number, "zoe")
            team.merge(number)
        begins = " --force" if command.startswith("git push") else ""  # the double's repository has a first commit
        here = command.replace(FORGES[kind], server.remote) + begins
        said[command] = _run(here, folder, environment, expected)
    assert f"{token} belongs to ada" in said["reconciler doctor"]
    assert "HEALTHY" in said["reconciler status"]
    assert [one.state for one in team.pulls.values()] == ["merged"]
    assert "Applied" in "".join(one.body for one in team.remarks)


def test_the_pages_that_promise_a_session_have_one() -> None:
    assert {path.stem for path in PAGES} == {
        *("start-from-your-table", "several-models", "improve", "judge", "rollback-and-repair", "drift"),
    }


def _environment(home: Path) -> dict[str, str]:
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith(CI)},
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(home),
        "GIT_AUTHOR_NAME": "Ada",
        "GIT_AUTHOR_EMAIL": "ada@example.org",
        "GIT_COMMITTER_NAME": "Ada",
        "GIT_COMMITTER_EMAIL": "ada@example.org",
        "NO_COLOR": "1",
    }


def _run(command: str, folder: Path, environment: dict[str, str], expected: int) -> str:
    ran = subprocess.run(
        ["bash", "-c", command], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert ran.returncode == expected, f"$ {command}\n{ran.stdout}\n{ran.stderr}"
    return ran.stdout
