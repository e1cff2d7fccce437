"""The seven commands from a CSV to an improved, promoted model, as they stand on their page."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.docs.test_how_to import _environment, _run
from tests.e2e.docs.test_tutorial import REPOSITORY, commands

PAGE = REPOSITORY / "docs/tutorial-improve.md"


def test_the_page_has_seven_commands_of_ours_until_the_improved_model_is_deployed() -> None:
    until = PAGE.read_text().partition("## And then")[0]
    found = re.findall(r"^\$ (reconciler .+)$", until, re.MULTILINE)
    assert [command.split()[1] for command in found] == [
        *("init", "apply", "improve", "experiment", "apply", "promote", "apply"),
    ]
    assert re.findall(r"^## (\d)\.", until, re.MULTILINE) == [str(n) for n in range(1, 8)]


@pytest.mark.soak(only=True)
def test_every_command_of_the_page_does_what_it_says_and_what_is_deployed_is_the_winner(tmp_path: Path) -> None:
    environment = _environment(tmp_path)
    making, moving, *rest = commands(PAGE)
    assert (making[0].split()[:2], moving[0]) == (["python", "demo/invoices.py"], "cd ..")
    made = [sys.executable, str(REPOSITORY / "demo/invoices.py"), "--out", str(tmp_path)]
    subprocess.run(made, check=True, capture_output=True)
    folder, said = tmp_path, list[str]()
    for command, expected in rest:
        here = command
        if command.startswith("cd "):
            moved, _, here = command[3:].partition(" && ")
            folder /= moved
        said.append(_run(here, folder, environment, expected))
    table = json.loads(_run("reconciler experiment show improve-invoices -o json", folder, environment, 0))
    status = json.loads(_run("reconciler status production -o json", folder, environment, 0))
    (deployed,) = status["environments"][0]["models"]
    assert deployed["artifact"] == table["holdout"]["artifact"], "it is the artifact that was judged"
    assert "reused" in "".join(said), "it is not trained again"
    assert (folder / "predictions.csv").stat().st_size > 1000
