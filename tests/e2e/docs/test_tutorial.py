"""The tutorial's commands, run in order as they stand there, in a throw-away clone."""

from __future__ import annotations

import csv
import os
import platform
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.unpacked import bytes_below, bytes_of_git

REPOSITORY = Path(__file__).resolve().parents[3]
EXIT = re.compile(r"\s+# exit (\d+)$")


def commands(page: Path) -> list[tuple[str, int]]:
    """(command, expected exit code) of every `$ ` line in a page's console blocks."""
    text = page.read_text()
    found = []
    for block in re.findall(r"```console\n(.*?)```", text, re.DOTALL):
        for line in block.splitlines():
            if line.startswith("$ "):
                code = EXIT.search(line)
                found.append((EXIT.sub("", line[2:]), int(code[1]) if code else 0))
    return found


@pytest.mark.soak(only=True)
def test_every_command_of_the_tutorial_does_what_it_says_and_no_sandbox_holds_a_customers_name(tmp_path: Path) -> None:
    clone = tmp_path / "tutorial"
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
    said: list[str] = []
    start, *rest = commands(REPOSITORY / "docs/tutorial.md")
    assert start[0].startswith("git clone -q . ../tutorial")
    subprocess.run(["git", "clone", "-q", str(REPOSITORY), str(clone)], check=True, env=environment)
    for setting, value in (("user.name", "Ada"), ("user.email", "ada@example.org")):
        subprocess.run(["git", "config", setting, value], cwd=clone, check=True, env=environment)
    sandbox = clone / "environments/sandbox.yaml"
    if platform.machine() != "x86_64":
        sandbox.write_text(sandbox.read_text().replace("x86_64", platform.machine()))
        subprocess.run(["git", "commit", "-qam", "This machine"], cwd=clone, check=True, env=environment)
    for command, expected in rest:
        ran = subprocess.run(
            ["bash", "-c", command], cwd=clone, env=environment, capture_output=True, text=True, check=False
        )
        assert ran.returncode == expected, f"$ {command}\n{ran.stdout}\n{ran.stderr}"
        said.append(ran.stdout + ran.stderr)

    # Names and addresses are in production's tables, and nowhere else.
    with (clone / "data/customers.csv").open(newline="") as stream:
        people = {value for row in csv.DictReader(stream) for value in (row["name"], row["email"])}
    assert len(people) > 100
    assert "@" in "".join(people)
    (clone / "data").rename(tmp_path.with_name("data of the tutorial"))
    everything = bytes_below(tmp_path) + bytes_of_git(clone) + "".join(said).encode()
    assert sorted(value for value in people if value.encode() in everything) == []
