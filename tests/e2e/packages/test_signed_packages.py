"""A signed package at a place with keys of its own: what nobody signed who is trusted there is not even written."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

import reconciler
from reconciler import codec
from reconciler.core.spec.gates import Verification
from tests.e2e.conftest import _deployed
from tests.e2e.packages.conftest import files_in
from tests.support.keyed import Keyed
from tests.support.once import copy, once
from tests.support.project import Project
from tests.support.serving import serving


def digest_for_site(site: Project) -> str:
    """The name of the verification that the import wrote: nobody signed it, since it follows from what is signed."""
    for path in (site.root / ".reconciler").rglob("verifications/*/*.json"):
        if codec.decode(Verification, path.read_bytes(), what=path.name).environment == "site":
            return path.stem
    raise AssertionError("no verification for the site")


def signed_packages(factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a signed package, and the public keys of its trainer and of somebody else."""

    def make(folder: Path) -> None:
        origin = Keyed(Project(copy(_deployed(factory), folder / "project")), folder / "private")
        for role in ("trainer", "promoter"):
            origin.new(role)
            shutil.copy(origin.project.root / f"keys/{role}.pub", folder / f"{role}.pub")
        origin.run("attest", "sandbox", key="trainer")
        origin.run("export", "lateness", str(folder / "signed.tar"), "--in", "production")
        shutil.rmtree(origin.project.root)

    return once(factory, "signed-packages", make)


@pytest.fixture
def carried(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy(signed_packages(tmp_path_factory), tmp_path / "carried")


@pytest.fixture
def keyed(site: Project, tmp_path: Path) -> Keyed:
    """The site has a promoter's key of its own; whose trainings it takes is not said yet."""
    found = Keyed(site, tmp_path / "site keys", "site")
    found.new("promoter")
    return found


def test_a_signed_package_is_promoted_deployed_and_served_at_a_site_that_has_other_keys(
    keyed: Keyed, carried: Path
) -> None:
    site, package = keyed.project, str(carried / "signed.tar")
    keyed.trusts("trainer", carried / "trainer.pub")
    keyed.require()
    imported = keyed.run("import", package, "--to", "site", "-o", "json").json
    assert (imported["imported"], imported["verified"], imported["trusted"]) == (True, True, True)
    assert imported["notes"] == []
    assert "Nothing to do" in keyed.run("import", package, "--to", "site").out
    assert site.promoted("site") == imported["artifact"]
    assert "1 to change" in keyed.run("plan", "site", code=None).out
    (path,) = (site.root / ".reconciler").rglob(f"verifications/*/{digest_for_site(site)}.json")
    kept = path.read_bytes()
    forged = codec.decode(Verification, kept, what=path.name)
    results = tuple(replace(each, reason="so good") for each in forged.results)
    path.chmod(0o644)
    path.write_bytes(codec.encode(replace(forged, results=results)))
    assert "E520" in keyed.run("plan", "site", code=6).out
    path.write_bytes(kept)
    assert "E520" in keyed.run("apply", "site", "--yes", code=6).err
    keyed.run("apply", "site", "--yes", key="promoter")
    assert site.served()["artifact"] == imported["artifact"]
    assert "Nothing to do." in keyed.run("plan", "site").out
    assert "intact" in keyed.run("audit", "site").out
    keyed.run("predict", "lateness", "--in", "site", "--out", "predictions.csv")
    assert reconciler.load(site.root / "serving/lateness").digest == imported["artifact"]
    with serving(site, "serve", "site") as server:
        server.wait_for("/v2/models/lateness/ready")
    keyed.propose("revoke", "keys/trainer.pub", "--reason", "stolen laptop")
    assert "was revoked" in keyed.run("plan", "site", code=6).out
    assert "stolen laptop" in keyed.run("import", package, "--to", "site", code=6).err


def test_what_is_signed_by_no_key_of_the_site_is_refused_before_anything_is_written(
    keyed: Keyed, carried: Path, package: Path
) -> None:
    store = keyed.project.root / ".reconciler"

    def refused(fact: str, file: Path) -> None:
        before = files_in(store) if store.exists() else {}
        told = keyed.run("import", str(file), "--to", "site", code=6).err
        assert "E520" in told
        assert fact in " ".join(told.split())
        assert (files_in(store) if store.exists() else {}) == before

    signed = carried / "signed.tar"
    keyed.trusts("trainer", carried / "promoter.pub", "--name", "other")  # a key that came with nothing of this
    keyed.require()
    refused("signed by no trainer key that is trusted here", signed)
    refused("it is not signed", package)
    keyed.trusts("promoter", carried / "trainer.pub", "--name", "theirs")
    refused("is a promoter key, and signs nothing as trainer", signed)
    environment = keyed.project.root / "environments/site.yaml"
    text = environment.read_text()
    for said, fact in (
        ('until: "2020-01-01"', "expired on 2020-01-01"),
        ('from: "2999-01-01"', "is trusted from 2999-01-01 on"),
        ('revoked: "2026-01-01", reason: stolen', "was revoked on 2026-01-01: stolen"),
    ):
        keyed.project.write("keys/days.pub", (carried / "trainer.pub").read_text())
        head, _, rest = text.partition("trainer:\n")
        lines = rest.split("promoter:")[1]
        environment.write_text(
            f"{head}trainer:\n        - {{key: keys/days.pub, {said}}}\n      promoter:{lines}".replace(
                "        - {key: keys/theirs.pub}\n", ""
            )
        )
        keyed.project.commit("Other days")
        refused(fact, signed)


def test_a_threshold_counts_at_an_import_and_what_is_not_required_is_told(keyed: Keyed, carried: Path) -> None:
    keyed.trusts("trainer", carried / "promoter.pub", "--name", "other")
    told = keyed.run("import", str(carried / "signed.tar"), "--to", "site", "-o", "json").json
    assert not told["trusted"]
    assert "signed by no trainer key that is trusted here" in " ".join(told["notes"])
    keyed.trusts("trainer", carried / "trainer.pub")
    environment = keyed.project.root / "environments/site.yaml"
    environment.write_text(
        environment.read_text().replace("  trust:\n", "  trust:\n    required: true\n    threshold: {trainer: 2}\n")
    )
    keyed.project.commit("Two must sign")
    refused = keyed.run("import", str(carried / "signed.tar"), "--to", "site", code=6).err
    assert "2 different trainer keys must sign it, and 1 did" in " ".join(refused.split())
