"""A package that travels: exported here, imported, promoted, deployed and rolled back where nothing else is shared."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.e2e.packages.conftest import files_in
from tests.support.archives import entries_of
from tests.support.project import Project


def test_a_package_is_imported_promoted_deployed_and_rolled_back_with_nothing_shared(
    site: Project, package: Path, newer_package: Path
) -> None:
    first = site.run("import", str(package), "--to", "site", "-o", "json").json
    assert (first["imported"], first["verified"], first["deployed"]) == (True, True, False)
    assert first["notes"] == ["it is not signed: nothing proves who exported it"]
    before = files_in(site.root / ".reconciler")
    again = site.run("import", str(package), "--to", "site", "-o", "json").json
    assert (again["imported"], again["verified"]) == (False, True)
    assert files_in(site.root / ".reconciler") == before
    assert site.run("plan", "site", "-o", "json").json["models"] == []  # nothing is deployed until git pins it
    passed_on = site.root.parent / "passed-on.tar"
    exported = site.run("export", first["artifact"][7:19], str(passed_on), "--in", "site", "-o", "json").json
    assert exported["verifiedFor"] == ["production", "site"]

    site.merge(site.run("promote", "lateness", "--to", "site", "-o", "json").json["branch"])
    site.run("apply", "site", "--yes")
    assert site.served()["artifact"] == first["artifact"]
    assert site.run("import", str(package), "--to", "site", "-o", "json").json["deployed"]
    assert "Nothing to do." in site.run("plan", "site").out
    assert "intact" in site.run("audit", "site").out
    site.run("predict", "lateness", "--in", "site", "--out", "predictions.csv")

    second = site.run("import", str(newer_package), "--to", "site", "-o", "json").json
    assert second["artifact"] != first["artifact"]
    assert site.promoted("site") == second["artifact"]
    site.run("apply", "site", "--yes")
    assert site.served()["artifact"] == second["artifact"]
    site.merge(site.run("rollback", "lateness", "--in", "site", "-o", "json").json["branch"])
    site.run("apply", "site", "--yes")
    assert site.served()["artifact"] == first["artifact"]
    assert "intact" in site.run("audit", "site").out


def test_the_same_export_gives_the_same_bytes_and_no_row_or_path_is_in_them(
    deployed: Project, package: Path, tmp_path: Path
) -> None:
    again = tmp_path / "again.tar"
    artifact = deployed.served()["artifact"]
    deployed.run("export", artifact[7:19], str(again), "--in", "production")
    assert again.read_bytes() == package.read_bytes()
    body = again.read_bytes()
    assert str(deployed.root).encode() not in body
    assert b"data/invoices.csv" not in body
    rows = (deployed.root / "data/invoices.csv").read_text().splitlines()[1:]
    assert not any(row.encode() in body for row in rows)
    names = list(entries_of(body))
    assert names[:2] == ["oci-layout", "index.json"]
    assert names[2:] == sorted(names[2:])
    refused = deployed.run("export", "lateness", str(again), "--in", "production", code=2)
    assert "E801" in refused.err
    assert "never overwritten" in refused.err
    assert again.read_bytes() == body


def test_the_shared_project_needs_no_sandbox_where_a_package_was_imported(
    deployed: Project, package: Path, tmp_path: Path
) -> None:
    """The same repository, cloned to a place that has none of its stores."""
    deployed.git("clone", "-q", str(deployed.root), str(tmp_path / "clone"))
    clone = Project(tmp_path / "clone")
    clone.git("remote", "remove", "origin")
    clone.git("config", "user.name", "Bo")
    clone.git("config", "user.email", "bo@example.org")
    assert clone.run("plan", "production", code=6).out
    clone.run("import", str(package), "--to", "production")
    clone.run("apply", "production", "--yes")
    assert clone.served()["artifact"] == deployed.served()["artifact"]


def test_a_managed_environment_keeps_nothing_that_is_changed_here(
    site: Project, package: Path, newer_package: Path
) -> None:
    first = site.run("import", str(package), "--to", "site", "-o", "json").json["artifact"]
    site.promoted("site")
    site.run("apply", "site", "--yes")
    manifest = site.root / "manifests/site/lateness.yaml"
    text = manifest.read_text()

    manifest.write_text(text.replace("max_depth: 3", "max_depth: 4"))  # another recipe
    site.commit("Another recipe")
    edited = site.run("plan", "site", "--check", code=2)
    assert "recipe mismatch" in edited.out
    assert "site is managed" in edited.out
    manifest.write_text(text.replace("spec:\n", "spec:\n  retrain: {because: [data]}\n", 1))  # another training
    site.commit("Another training")
    assert "E209" in site.run("plan", "site", code=2).err
    manifest.write_text(text.replace(first[7:], "0" * 64))  # an artifact of nobody
    (site.root / "manifests/site/lateness.md").unlink()
    site.commit("Another artifact")
    strange = site.run("plan", "site", "--check", code=5)
    assert "neither imported nor promoted" in strange.out
    assert "import FILE --to site" in strange.out
    site.git("checkout", "-q", "HEAD~3", "--", "manifests")
    site.commit("As it was")

    pointer = site.root / "serving/lateness/current"
    kept = pointer.read_bytes()
    second = site.run("import", str(newer_package), "--to", "site", "-o", "json").json["artifact"]
    site.promoted("site")
    site.run("apply", "site", "--yes")
    assert site.served()["artifact"] == second
    pointer.write_bytes(kept)  # by hand: what was deployed before
    adopted = site.run("adopt", "lateness", "--in", "site", code=4)
    assert "E710" in adopted.err
    assert "is managed" in adopted.err
    site.run("apply", "site", "--yes")
    assert site.served()["artifact"] == second


@pytest.mark.parametrize(
    ("old", "new", "code", "told"),
    [
        ("  role: production\n  managed: true\n", "  role: production\n", "E204", "managed: true"),
        ("  managed: true\n", "  managed: true\n  drift: report\n", "E225", "put back"),
        ("  managed: true\n", "  managed: yes please\n", "E201", "managed"),
    ],
)
def test_what_contradicts_managed_is_refused_with_its_place(
    site: Project, old: str, new: str, code: str, told: str
) -> None:
    environment = site.root / "environments/site.yaml"
    environment.write_text(environment.read_text().replace(old, new))
    refused = site.run("validate", code=2)
    assert code in refused.out
    assert told in refused.out
    assert "environments/site.yaml:" in refused.out


def test_what_cannot_be_imported_is_told_and_nothing_is_written(site: Project, package: Path, tmp_path: Path) -> None:
    files = entries_of(package.read_bytes())
    assert json.loads(files["oci-layout"]) == {"imageLayoutVersion": "1.0.0"}
    broken = tmp_path / "broken.tar"
    broken.write_bytes(package.read_bytes()[:-3000])
    refused = site.run("import", str(broken), "--to", "site", code=6)
    assert "broken.tar, byte" in refused.err
    assert "E505" in refused.err
    assert not (site.root / ".reconciler").exists()
    assert "E801" in site.run("import", str(tmp_path / "absent.tar"), "--to", "site", code=2).err
    assert "E801" in site.run("import", str(package), "--to", "elsewhere", code=2).err
