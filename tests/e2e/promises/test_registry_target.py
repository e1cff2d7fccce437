"""A model is served from an OCI registry by the digest that it has in the store; whatever a hand does there is told."""

from __future__ import annotations

import json
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.project import Project
from tests.support.registry import registry

pytestmark = pytest.mark.needs("oci-registry")
MANIFEST = "application/vnd.oci.image.manifest.v1+json"


class Registry:
    """The repository `books` of a registry, by hand."""

    def __init__(self, host: str) -> None:
        self.host = host
        self._url = f"http://{host}/v2/books/manifests"

    def get(self, reference: str) -> tuple[bytes, str]:
        asked = urllib.request.Request(f"{self._url}/{reference}", headers={"Accept": MANIFEST})  # noqa: S310
        with urllib.request.urlopen(asked, timeout=60) as answer:  # noqa: S310
            return answer.read(), answer.headers["Docker-Content-Digest"]

    def move(self, tag: str, reference: str) -> None:
        asked = urllib.request.Request(  # noqa: S310
            f"{self._url}/{tag}", data=self.get(reference)[0], headers={"Content-Type": MANIFEST}, method="PUT"
        )
        urllib.request.urlopen(asked, timeout=60).close()  # noqa: S310


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    with registry(tmp_path_factory.mktemp("registry") / "here") as host:
        yield Registry(host)


def test_a_model_is_deployed_moved_back_and_rolled_back_in_a_registry(
    books: Registry, redeployed: Project, tmp_path: Path
) -> None:
    declared = redeployed.root / "environments/production.yaml"
    there = f"{{uses: oci, repository: {books.host}/books}}"
    declared.write_text(declared.read_text().replace("{uses: directory, root: serving}", there))
    redeployed.commit("Serve from a registry")
    entries = redeployed.run("history", "production", "lateness", "-o", "json").json["events"]
    second, first = (each["artifact"] for each in entries if each.get("artifact"))

    assert redeployed.model_status("production", code=3)["sync"] == "OUT_OF_SYNC"
    redeployed.run("apply", "production", "--yes")
    body, digest = books.get("lateness.production")
    assert digest == second
    assert [layer["annotations"]["org.cncf.model.filepath"] for layer in json.loads(body)["layers"]]
    assert redeployed.model_status("production")["sync"] == "IN_SYNC"
    predicted = redeployed.run("predict", "lateness", "--in", "production", "--out", str(tmp_path / "a.csv"))
    assert predicted.code == 0

    books.move("lateness.production", "lateness.production.1")  # the manifest of a record: no model at all
    found = redeployed.run("drift", "production", "-o", "json", code=3).json
    assert "wrong-digest" in json.dumps(found)
    redeployed.run("predict", "lateness", "--in", "production", "--out", str(tmp_path / "b.csv"), code=3)
    redeployed.run("apply", "production", "--yes")
    assert books.get("lateness.production")[1] == second

    redeployed.run("rollback", "production", "lateness", "--now", "--reason", "wrong figures")
    assert books.get("lateness.production")[1] == first
    assert redeployed.model_status("production")["artifact"] == first
    redeployed.run("audit")

    said = {
        ran.code
        for ran in redeployed.run_two("rollback", "production", "lateness", "--to", "1", "--now", "--reason", "x")
    }
    assert 0 in said
    assert books.get("lateness.production")[1] == second
    redeployed.run("audit")
    checked = redeployed.run("doctor", "-o", "json", code=None).out
    assert f"oci://{books.host}/books: tested" in checked


@pytest.mark.needs("skopeo")
def test_other_tools_copy_what_is_served(books: Registry, deployed: Project, tmp_path: Path) -> None:
    declared = deployed.root / "environments/production.yaml"
    there = f"{{uses: oci, repository: {books.host}/others}}"
    declared.write_text(declared.read_text().replace("{uses: directory, root: serving}", there))
    deployed.commit("Serve from a registry")
    deployed.run("apply", "production", "--yes")
    source = f"docker://{books.host}/others:lateness.production"
    subprocess.run(
        ["skopeo", "copy", "--quiet", "--src-tls-verify=false", source, f"dir:{tmp_path / 'copy'}"], check=True
    )
    release = deployed.root / "serving/lateness/releases"
    (folder,) = release.iterdir()
    manifest = json.loads((tmp_path / "copy/manifest.json").read_bytes())
    for layer in manifest["layers"]:
        copied = tmp_path / "copy" / layer["digest"].removeprefix("sha256:")
        assert copied.read_bytes() == (folder / layer["annotations"]["org.cncf.model.filepath"]).read_bytes()


def test_a_registry_that_is_away_leaves_the_journal_as_it_is_and_is_named(deployed: Project) -> None:
    declared = deployed.root / "environments/production.yaml"
    there = "{uses: oci, repository: 127.0.0.1:1/books}"
    declared.write_text(declared.read_text().replace("{uses: directory, root: serving}", there))
    deployed.commit("Serve from a registry that is away")
    said = deployed.run("apply", "production", "--yes", code=1)
    assert "E621" in said.err + said.out or "cannot be reached" in said.err + said.out
    assert "127.0.0.1:1" in said.err + said.out


def test_a_repository_that_names_a_tag_or_a_password_is_refused(project: Project) -> None:
    declared = project.root / "environments/production.yaml"
    text = declared.read_text()
    for place in ("registry.example.org/books:latest", "ada:secret@registry.example.org/books", "books"):
        declared.write_text(text.replace("{uses: directory, root: serving}", f"{{uses: oci, repository: '{place}'}}"))
        said = project.run("validate", code=2)
        assert "E206" in said.out + said.err
        assert "secret" not in said.out + said.err
    declared.write_text(text.replace("{uses: directory, root: serving}", "{uses: oci}"))
    said = project.run("validate", code=2)
    assert "oci needs `repository`" in said.out + said.err
