"""A release says what it is made of: all that its lock pins, and nothing else; the forge says who built it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import REPOSITORY

SBOM = REPOSITORY / ".ci/sbom.py"


def written(lock: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-I", str(SBOM), str(lock), "1.2.3"]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_bill_of_materials_lists_what_the_lock_pins_and_nothing_else() -> None:
    lock = REPOSITORY / "requirements.lock"
    ran = written(lock)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout == written(lock).stdout
    made: dict[str, Any] = json.loads(ran.stdout)
    pinned = re.findall(r"(?m)^([\w.-]+)==([^\s;\\]+)", lock.read_text())
    found = [(each["name"], each["version"]) for each in made["components"]]
    assert found == [(re.sub(r"[-_.]+", "-", name).lower(), version) for name, version in pinned]
    assert sum(len(each["properties"]) for each in made["components"]) == lock.read_text().count("--hash=sha256:")
    assert made["metadata"]["component"]["purl"] == "pkg:pypi/model-reconciler@1.2.3"


@pytest.mark.parametrize("line", ["-e .", "click", "click==8.5.1", "https://example.org/click.whl"])
def test_a_lock_that_does_not_say_all_gives_no_bill(tmp_path: Path, line: str) -> None:
    lock = tmp_path / "some.lock"
    lock.write_text(f"{line}\n")
    ran = written(lock)
    assert ran.returncode != 0
    assert ran.stdout == ""


def test_the_job_that_signs_a_release_runs_nothing_of_the_repository() -> None:
    jobs = yaml.safe_load((REPOSITORY / ".github/workflows/release.yml").read_text())["jobs"]
    assert jobs["build"]["permissions"] == {"contents": "read"}
    attest = jobs["attest"]
    assert attest["permissions"]["id-token"] == "write"
    assert not [step for step in attest["steps"] if "checkout" in step.get("uses", "")]
    signed = [step["with"] for step in attest["steps"] if step.get("uses", "").startswith("actions/attest@")]
    assert [with_.get("sbom-path") for with_ in signed] == [None, "dist/sbom.cdx.json"]
    commands = "\n".join(step.get("run", "") for step in attest["steps"])
    assert "python" not in commands
