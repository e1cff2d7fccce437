"""What somebody changed by hand is told with the way out: `apply` undoes it, `adopt` proposes to keep it."""

from __future__ import annotations

import json
import shutil
from datetime import datetime
from typing import Any

import pytest

from tests.e2e.promises.test_repair import flip
from tests.support.project import Project


def findings(project: Project, *arguments: str, code: int = 3) -> list[dict[str, Any]]:
    document = project.run("drift", "production", *arguments, "-o", "json", code=code).json
    assert document["exit"] == code
    found: list[dict[str, Any]] = document["environments"][0]["findings"]
    return found


def point(project: Project, artifact: str) -> None:
    current = project.root / "serving/lateness/current"
    document = {**json.loads(current.read_text()), "artifact": artifact}
    document.pop("~sha256", None)  # whoever writes by hand writes no seal
    current.write_text(json.dumps(document, separators=(",", ":"), sort_keys=True))


def serve(project: Project, artifact: str) -> None:
    """What a person in a hurry does: put the other artifact's files there and point `current` at it."""
    hexadecimal = artifact.removeprefix("sha256:")
    blobs = project.root / ".reconciler/sandbox/blobs/sha256"
    release = project.root / "serving/lateness/releases" / hexadecimal
    release.mkdir()
    manifest = json.loads((blobs / hexadecimal).read_bytes())
    (release / "manifest.json").write_bytes((blobs / hexadecimal).read_bytes())
    layers = {layer["annotations"]["org.cncf.model.filepath"]: layer for layer in manifest["layers"]}
    for name, layer in {"config.json": manifest["config"], **layers}.items():
        (release / name).write_bytes((blobs / layer["digest"].removeprefix("sha256:")).read_bytes())
    point(project, artifact)


def trained(project: Project, old: str, new: str) -> str:
    """Another candidate in the sandbox, judged by production's gates; its digest."""
    project.recipe(old, new)
    project.run("apply", "sandbox", "--yes")
    return str(project.model_status("sandbox")["artifact"])


@pytest.fixture
def changed(deployed: Project) -> Project:
    """Somebody serves a candidate that git does not pin."""
    serve(deployed, trained(deployed, "max_depth: 3", "max_depth: 5"))
    return deployed


def test_drift_is_dated_once_and_gone_with_its_cause(deployed: Project) -> None:
    assert findings(deployed, code=0) == []
    flip(deployed.release() / "model.skops")
    (first,) = findings(deployed)
    assert (first["kind"], first["model"]) == ("tampered", "lateness")
    (second,) = findings(deployed, "--no-load")
    assert second["since"] == first["since"]
    assert deployed.git("status", "--short") == ""
    deployed.run(*first["remedies"][0]["command"].split()[1:], "--yes")
    assert findings(deployed, code=0) == []


def test_a_release_that_others_may_write_is_config_changed(deployed: Project) -> None:
    (deployed.release() / "model.skops").chmod(0o666)
    (one,) = findings(deployed)
    assert one["kind"] == "config-changed"
    assert one["what"] == "others than the owner may write model.skops"
    (deployed.release() / "model.skops").chmod(0o444)
    (deployed.release() / "notes.txt").write_text("x")
    (one,) = findings(deployed)
    assert (one["kind"], "notes.txt" in one["what"]) == ("config-changed", True)


def test_a_served_model_is_really_loaded(deployed: Project) -> None:
    document = deployed.run("drift", "production", "-o", "json").json
    assert document["environments"][0]["loaded"] == 1
    assert deployed.run("drift", "production", "--no-load", "-o", "json").json["environments"][0]["loaded"] == 0


def test_an_issue_needs_a_forge_and_says_how_to_name_one(deployed: Project) -> None:
    ran = deployed.run("drift", "--issue", code=1)
    assert "E905" in ran.err
    assert "RECONCILER_FORGE" in ran.err


def test_what_is_adopted_is_what_git_then_says_and_serves_on(changed: Project) -> None:
    served = changed.served()["artifact"]
    (one,) = findings(changed)
    assert one["kind"] == "wrong-digest"
    command = one["remedies"][-1]["command"]
    assert command == "reconciler adopt lateness --in production"
    assert command in changed.run("why", "lateness", "--in", "production", code=3).out
    before = changed.git("rev-parse", "HEAD")
    proposed = changed.run(*command.split()[1:], "-o", "json").json
    assert proposed["branch"] == f"adopt/production/lateness/{served[7:19]}"
    assert changed.git("rev-parse", "HEAD") == before
    assert changed.run(*command.split()[1:], "-o", "json").json["commit"] == proposed["commit"], "again is the same"
    by_hand = changed.run(*command.split()[1:], "--open", "-o", "json").json
    assert (by_hand["commit"], by_hand["opening"]["state"]) == (proposed["commit"], "by-hand")
    changed.merge(proposed["branch"])
    assert served in (changed.root / "manifests/production/lateness.yaml").read_text()
    assert "max_depth: 5" in (changed.root / "manifests/production/lateness.yaml").read_text()
    assert served in (changed.root / "manifests/production/lateness.md").read_text()
    changed.run("apply", "production", "--yes")
    assert changed.served()["artifact"] == served
    assert findings(changed, code=0) == []
    changed.run("audit")


@pytest.mark.soak(only=True)
def test_what_was_deployed_before_can_be_adopted_without_its_sandbox(deployed: Project) -> None:
    first = deployed.served()["artifact"]
    trained(deployed, "max_depth: 3", "max_depth: 5")
    deployed.promote()
    deployed.run("apply", "production", "--yes")
    point(deployed, first)
    journal = deployed.root / ".reconciler/sandbox/journal/sandbox/lateness"
    for entry in journal.iterdir():
        entry.unlink()
    deployed.merge(deployed.run("adopt", "lateness", "--in", "production", "-o", "json").json["branch"])
    assert first in (deployed.root / "manifests/production/lateness.yaml").read_text()
    deployed.run("apply", "production", "--yes")
    assert deployed.served()["artifact"] == first


def test_what_is_damaged_or_refused_or_nobodys_is_not_adopted_and_apply_undoes_it(deployed: Project) -> None:
    before = deployed.served()

    def refused(code: int, *words: str) -> None:
        ran = deployed.run("adopt", "lateness", "--in", "production", code=code)
        for word in (*words, "reconciler apply production lateness"):
            assert word in ran.err, ran.err
        assert deployed.git("branch", "--list", "adopt/*") == ""

    deployed.recipe("max_depth: 3", "max_depth: 5")
    deployed.run("apply", "sandbox", "--yes")
    candidate = str(deployed.model_status("sandbox")["artifact"])
    serve(deployed, candidate)
    flip(deployed.release() / "model.skops")
    refused(6, "damaged: model.skops")

    deployed.run("apply", "production", "--yes")
    assert deployed.served()["artifact"] == before["artifact"]
    policy = deployed.root / "environments/production.yaml"
    policy.write_text(policy.read_text().replace("atLeast: 0.4", "atLeast: 0.999"))
    deployed.commit("A stricter production")
    shutil.rmtree(deployed.root / "serving/lateness/releases" / candidate[7:])
    serve(deployed, candidate)
    refused(5, "is not verified against today's gates")
    deployed.run("apply", "sandbox", "--yes", code=None)
    refused(4, "failed the gates of production")

    point(deployed, "sha256:" + "1" * 64)
    refused(6, "damaged")
    deployed.run("apply", "production", "--yes", code=None)
    assert deployed.served()["artifact"] == before["artifact"]


def test_where_nobody_changed_anything_there_is_nothing_to_adopt(deployed: Project) -> None:
    ran = deployed.run("adopt", "lateness", "--in", "production", code=2)
    assert "nothing was changed by hand" in ran.err


def test_first_seen_is_a_time(deployed: Project) -> None:
    flip(deployed.release() / "model.skops")
    (one,) = findings(deployed)
    assert datetime.fromisoformat(one["since"]).tzinfo is not None
