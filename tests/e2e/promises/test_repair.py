"""Whatever happens to served bytes or stored blobs is seen, named and, where it can be, put right."""

from __future__ import annotations

import shutil
from typing import Any

import pytest

from tests.support.project import Project


def flip(path, at: int = -1) -> None:
    path.chmod(0o644)
    body = bytearray(path.read_bytes())
    body[at] ^= 0xFF
    path.write_bytes(bytes(body))


def history(project: Project) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = project.run("history", "--env", "production", "-o", "json").json["events"]
    return events


def test_a_changed_byte_in_the_served_model_is_tampering_and_is_restored(deployed: Project) -> None:
    flip(deployed.release() / "model.skops")
    status = deployed.model_status("production", code=3)
    assert status["health"] == "DEGRADED"
    assert "tampered" in status["reason"]
    assert "model.skops" in status["reason"]
    deployed.run("plan", "production", "--check", code=3)
    deployed.run("predict", "lateness", "--in", "production", "--out", str(deployed.root / "data/o.csv"), code=3)
    why = ("why", "lateness", "--in", "production")
    for reader in (("audit", "production"), ("drift", "production"), ("doctor",), why):
        assert "model.skops" in deployed.run(*reader, code=3).out, reader
    deployed.run("apply", "production", "--yes")
    assert deployed.model_status("production")["health"] == "HEALTHY"
    assert [event["action"] for event in history(deployed)] == ["restore", "deploy"]
    deployed.run("plan", "production", "--check")


def test_a_changed_byte_in_a_stored_blob_stops_the_deploy_and_leaves_production_alone(newer: Project) -> None:
    before = newer.served()
    newer.promote()
    blobs = newer.root / ".reconciler/sandbox/blobs/sha256"
    known = {path.name for path in (newer.root / ".reconciler/production/blobs/sha256").iterdir()}
    model = max((p for p in blobs.iterdir() if p.name not in known), key=lambda p: p.read_bytes()[:2] == b"PK")
    flip(model)
    newer.run("audit", "sandbox", code=6)
    ran = newer.run("apply", "production", "--yes", code=6)
    assert model.name in ran.out + ran.err
    assert newer.served() == before
    newer.run("audit", "production")


def test_a_wiped_target_is_restored(deployed: Project) -> None:
    before = deployed.served()["artifact"]
    shutil.rmtree(deployed.root / "serving")
    assert deployed.model_status("production", code=3)["health"] == "MISSING"
    deployed.run("audit", "production", code=3)
    deployed.run("apply", "production", "--yes")
    assert deployed.served()["artifact"] == before
    assert len(history(deployed)) == 1


@pytest.mark.soak(only=True)
def test_applies_onto_a_target_that_cannot_be_written_add_nothing_to_the_history(deployed: Project) -> None:
    before = deployed.served()
    shutil.rmtree(deployed.root / "serving/lateness")
    deployed.write("serving/lateness/releases", "a file where the folder of the releases is to be")
    for _ in range(8):
        deployed.run("apply", "production", "--yes", code=1)
    assert len(history(deployed)) == 1
    ran = deployed.run("audit", "production", code=3)
    assert "Nothing is damaged; 1 committed, not yet in place" in ran.out
    assert "run `reconciler apply production`" in ran.out
    document = deployed.run("audit", "production", "-o", "json", code=3).json
    assert (document["exit"], [finding["pending"] for finding in document["findings"]]) == (3, [True])
    (deployed.root / "serving/lateness/releases").unlink()
    deployed.run("apply", "production", "--yes")
    assert deployed.served() == before
    assert len(history(deployed)) == 1
    deployed.run("audit", "production")


def test_a_lost_store_is_an_integrity_error_and_never_means_that_nothing_is_deployed(deployed: Project) -> None:
    before = deployed.served()
    shutil.rmtree(deployed.root / ".reconciler/production")
    deployed.run("apply", "production", "--yes", code=6)
    assert deployed.served() == before


@pytest.mark.parametrize("environment", ["production", "sandbox"])
def test_what_is_in_force_is_not_told_of_a_store_that_is_lost(deployed: Project, environment: str) -> None:
    deployed.run("controls", "show", "production")
    shutil.rmtree(deployed.root / f".reconciler/{environment}")
    shown = deployed.run("controls", "show", environment, code=6)
    assert f"the store of {environment} (.reconciler/{environment}) is empty or missing" in f"{shown.out}{shown.err}"
    assert "with id" in shown.out, "`controls accept --id` takes it"


def test_an_older_commit_after_a_newer_one_is_refused_and_names_where_production_is(redeployed: Project) -> None:
    older = redeployed.git("rev-parse", "HEAD^")
    head = redeployed.git("rev-parse", "HEAD")
    before = redeployed.served()
    ran = redeployed.run("apply", "production", "--yes", "--revision", older, code=5)
    assert head[:12] in ran.out + ran.err
    assert redeployed.served() == before


def test_a_commit_that_is_not_on_the_protected_branch_is_refused(deployed: Project) -> None:
    before = deployed.served()
    deployed.git("switch", "-q", "-c", "side")
    deployed.recipe("max_depth: 3", "max_depth: 9")
    deployed.run("apply", "production", "--yes", code=5)
    assert deployed.served() == before
