"""Who can write into a store cannot turn a refusal into a deployment: verdicts are judged again, and audit tells it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reconciler import codec
from tests.support.project import PRODUCTION, Project

ACCURACY = "{uses: threshold, metric: accuracy, atLeast: 0.4}"
UNREACHABLE = ACCURACY.replace("0.4", "0.999")


def passed(record: dict[str, Any]) -> None:
    """Say that every gate passed."""
    for result in record["results"]:
        result["verdict"], result["reason"] = "passed", "ok"


def left_out(record: dict[str, Any]) -> None:
    """Leave out what failed."""
    record["results"] = [result for result in record["results"] if result["verdict"] == "passed"]


def not_applicable(record: dict[str, Any]) -> None:
    """Say of what failed that it is for others."""
    for result in record["results"]:
        result["verdict"] = "passed" if result["verdict"] == "passed" else "does not apply"


def other_gate(record: dict[str, Any]) -> None:
    """Ask for less than the manifests do, and say truthfully that it passed."""
    for result in record["results"]:
        if result["gate"].get("atLeast") == 0.999:
            result["gate"]["atLeast"] = 0.4
    passed(record)


def forge(store: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Change every verification of a store that has a refusal, and seal it as the program does."""
    forged = 0
    for path in store.glob("verifications/*/*.json"):
        record = json.loads(path.read_text())
        record.pop("~sha256")
        if all(result["verdict"] == "passed" for result in record["results"]):
            continue
        change(record)
        path.chmod(0o644)
        path.write_bytes(codec.with_checksum(codec.canonical(record)))
        path.chmod(0o444)
        forged += 1
    assert forged == 1


def refused(project: Project) -> None:
    """Leave the sandbox with a candidate that production's gates refused, pinned by hand in production."""
    project.write("environments/production.yaml", PRODUCTION.replace(ACCURACY, UNREACHABLE))
    project.commit("A gate that nothing passes")
    project.run("apply", "sandbox", "--yes", code=4)
    pinned_by_hand(project)


def pinned_by_hand(project: Project) -> None:
    """Pin the sandbox's candidate in production without `promote`."""
    digest = project.model_status("sandbox")["artifact"]
    text = (project.root / "manifests/sandbox/lateness.yaml").read_text()
    project.write("manifests/production/lateness.yaml", text.replace("spec:\n", f"spec:\n  artifact: {digest}\n", 1))
    project.commit("Pinned by hand")


@pytest.mark.soak(every=2)
@pytest.mark.parametrize("change", [passed, left_out, not_applicable, other_gate], ids=lambda change: change.__name__)
def test_a_forged_verification_deploys_nothing_and_every_door_tells_it(
    project: Project, change: Callable[[dict[str, Any]], None]
) -> None:
    refused(project)
    project.run("apply", "production", "--yes", code=4)
    assert project.run("audit", "sandbox").code == 0
    forge(project.root / ".reconciler/sandbox", change)

    for command in (("plan", "production"), ("apply", "production", "--yes")):
        told = project.run(*command, code=6)
        assert "E510" in told.out + told.err, command
    assert "E510" in project.run("promote", "lateness", "--to", "production", code=6).err
    audited = project.run("audit", "sandbox", code=6)
    assert "E510" in audited.out
    assert "verifications/" in audited.out
    assert not (project.root / "serving/lateness").exists()


@pytest.mark.soak(only=True)
def test_the_command_of_the_hint_goes_on_after_a_forged_verification(project: Project) -> None:
    refused(project)
    store = project.root / ".reconciler/sandbox"
    forge(store, passed)
    told = " ".join(project.run("audit", "sandbox", code=6).out.split())
    (path,) = store.glob("verifications/*/*.json")
    assert path.relative_to(store).as_posix() in told.replace(" ", "")
    path.unlink()
    project.run("apply", "sandbox", "--yes", code=4)
    project.run("audit", "sandbox")
    denied = project.run("apply", "production", "--yes", code=4)
    assert "0.999" in denied.out + denied.err


def planted_store(project: Project) -> None:
    """Commit a copy of the sandbox's store with a forged verification, and a link that leads `store.root` there."""
    shutil.copytree(project.root / ".reconciler/sandbox", project.root / "evil/sandbox")
    forge(project.root / "evil/sandbox", passed)
    (project.root / "stores").symlink_to("evil")
    text = (project.root / "environments/sandbox.yaml").read_text()
    project.write("environments/sandbox.yaml", text + "  store: {uses: files, root: stores/sandbox}\n")
    project.git("add", "-A")
    project.git("add", "-f", "evil", "stores")
    project.git("commit", "-q", "-m", "A faster disk for the sandbox")


def test_a_store_that_a_request_plants_behind_a_link_deploys_nothing(project: Project) -> None:
    """With content of git alone: a forged verification below a committed link."""
    refused(project)
    planted_store(project)
    for command in (("plan", "production"), ("apply", "production", "--yes"), ("audit",)):
        told = " ".join(project.run(*command, code=6).err.split())
        assert "E302" in told, command
        assert "environments/sandbox.yaml:" in told
        assert "stores, a symbolic link that git tracks to 'evil'" in told
    assert not (project.root / "serving/lateness").exists()
