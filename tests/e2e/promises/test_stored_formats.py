"""Stores that earlier versions wrote are read for ever: by this version, to the same answers, with no byte changed.

The archives are in `tests/golden/stored`; its README says when one is added.
"""

from __future__ import annotations

import csv
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from reconciler.core.digest import digest_of_file
from reconciler.engine.inspect.stored_object import BESIDE, OF_DATA
from tests.support.project import Project

STORED = Path(__file__).parents[2] / "golden" / "stored"
ARCHIVES = sorted(path.name.removesuffix(".tar.gz") for path in STORED.glob("*.tar.gz"))
SECRETS = {"RECONCILER_ERASURE_KEY": "00112233445566778899aabbccddeeff" * 2}
# Kinds of records that the newest archive lacks, since nothing in it writes them; each with what would.
LACKING = {
    "certificates": "the end of an erasure's grace period",
    "imports": "a package",
    "losses": "the repair of a store that nobody has whole",
    "notices": "a channel to tell",
    "referrers": "a key that signs",
    "refusals": "a refused refresh",
    "removals": "snapshots beyond `keep`",
    "sweeps": "a garbage collection",
}


@pytest.fixture(scope="module", params=ARCHIVES)
def stored(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Project, Any]:
    folder = tmp_path_factory.mktemp("stored")
    with tarfile.open(STORED / f"{request.param}.tar.gz") as archive:
        safely: dict[str, Any] = {"filter": "tar"} if hasattr(tarfile, "tar_filter") else {}  # 3.11.2 has none
        archive.extractall(folder, **safely)  # noqa: S202  (our own archive)
    project = Project(folder / "shop")
    project.environment.update(SECRETS)
    return project, json.loads((STORED / f"{request.param}.json").read_text())


def contains(answer: Any, expected: Any) -> bool:
    """Tell whether an answer says all that is expected of it; it may say more."""
    if isinstance(expected, dict):
        return isinstance(answer, dict) and all(
            name in answer and contains(answer[name], item) for name, item in expected.items()
        )
    if isinstance(expected, list):
        return len(answer) == len(expected) and all(map(contains, answer, expected))
    return bool(answer == expected)


def test_every_record_is_read_to_the_answers_of_before_and_no_byte_is_changed(stored: tuple[Project, Any]) -> None:
    project, expected = stored
    before = contents(project)
    audit = project.run("audit", "-o", "json").json
    assert audit["findings"] == []
    assert contains(audit["checked"], expected["audit"])
    assert contains(project.run("history", "-o", "json").json, expected["history"])
    assert contains(project.run("experiment", "show", "first", "-o", "json").json, expected["experiment"])
    snapshots = project.run("data", "list", "sandbox", "-o", "json").json
    assert contains(snapshots["snapshots"], expected["snapshots"]["snapshots"])
    assert "Nothing to do" in project.run("gc", "sandbox", "--dry-run").out, "every blob of before is named"
    assert contents(project) == before


def test_what_was_deployed_is_in_sync_and_predicts_as_before(stored: tuple[Project, Any], tmp_path: Path) -> None:
    project, expected = stored
    (deployed,) = [event["artifact"] for event in expected["history"]["events"] if event["environment"] == "production"]
    status = project.run("status", "production", "-o", "json", code=None).json
    (model,) = status["environments"][0]["models"]
    assert (model["artifact"], model["sync"]) == (deployed, "IN_SYNC")
    project.run("predict", "invoices", "--in", "production", "--out", str(tmp_path / "now.csv"))
    with (project.root.parent / "predictions.csv").open() as then, (tmp_path / "now.csv").open() as now:
        for old, new in zip(csv.DictReader(then), csv.DictReader(now), strict=True):
            assert new["predicted"] == old["predicted"]
            assert float(new["p_yes"]) == pytest.approx(float(old["p_yes"]), abs=1e-3)


def test_the_newest_archive_has_every_kind_of_record() -> None:
    with tarfile.open(STORED / f"{ARCHIVES[-1]}.tar.gz") as archive:
        names = {name.split("/")[3] for name in archive.getnames() if "/.reconciler/" in name and name.count("/") > 3}
    assert {*BESIDE, *OF_DATA} - names == LACKING.keys()


def contents(project: Project) -> dict[str, str]:
    """Return the digest of every file of the stores and the target."""
    files = [path for name in (".reconciler", "serving") for path in (project.root / name).rglob("*")]
    return {str(path.relative_to(project.root)): digest_of_file(path) for path in files if path.is_file()}
