"""The how-to pages' commands, run in order as they stand there, in an empty folder."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.test_tutorial import commands

FOLDER = Path(__file__).resolve().parents[2] / "docs/how-to"
PAGES = [path for path in sorted(FOLDER.glob("*.md")) if commands(path)]


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_every_command_of_a_page_does_what_the_page_says(page: Path, tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "GIT_AUTHOR_NAME": "Ada",
        "GIT_AUTHOR_EMAIL": "ada@example.org",
        "GIT_COMMITTER_NAME": "Ada",
        "GIT_COMMITTER_EMAIL": "ada@example.org",
        "NO_COLOR": "1",
    }
    folder = tmp_path
    for command, expected in commands(page):
        if command.startswith("cd "):
            folder /= command[3:]
            continue
        ran = subprocess.run(
            ["bash", "-c", command], cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
        assert ran.returncode == expected, f"$ {command}\n{ran.stdout}\n{ran.stderr}"


def test_the_pages_that_promise_a_session_have_one() -> None:
    assert {path.stem for path in PAGES} == {"own-table", "improve", "rollback-and-repair", "drift"}
