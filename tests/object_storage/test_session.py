"""The whole story by real commands, with every store and the target in one bucket of a real S3 server."""

from __future__ import annotations

import json
import os
import platform
import shutil
import signal
import subprocess
import threading
import uuid
from pathlib import Path

import pytest

from reconciler.adapters.object_storage.bucket import Bucket
from reconciler.adapters.object_storage.open_bucket import open_bucket
from reconciler.core.storage.location import StorageLocation
from tests.object_storage.faulty_proxy import Asked, Fault, Proxy
from tests.object_storage.servers import BUCKET, Server, s3_environment
from tests.support.project import MODEL, PRODUCTION, PROJECT, REPOSITORY, SANDBOX, Project, write_ledger

pytestmark = [pytest.mark.needs("s3", "git")]


class Remote(Project):
    """A project whose environments are in buckets."""

    def __init__(self, root: Path, url: str) -> None:
        super().__init__(root)
        self.prefix = f"story/{uuid.uuid4().hex}"
        self.environment |= s3_environment(url) | {"XDG_CACHE_HOME": str(root.parent / "cache")}

    def place(self, name: str) -> str:
        return f"{{uses: s3, bucket: {BUCKET}, prefix: {self.prefix}/{name}, region: us-east-1}}"

    def inside(self, name: str) -> Bucket:
        return open_bucket(
            StorageLocation(uses="s3", settings=(("bucket", BUCKET), ("prefix", f"{self.prefix}/{name}")))
        )

    def served(self) -> dict[str, object]:
        found = self.inside("serving").get("lateness/current")
        assert found is not None
        said: dict[str, object] = json.loads(found[0])
        return said

    def damage(self, name: str, key: str) -> None:
        """Another last byte."""
        found = self.inside(name).get(key)
        assert found is not None
        changed = self.root.parent / "changed"
        changed.write_bytes(found[0][:-1] + bytes([found[0][-1] ^ 1]))
        self.inside(name).put(key, changed)


@pytest.fixture
def project(tmp_path: Path, s3: Server) -> Remote:
    made = Remote(tmp_path / "project", s3.url)
    made.root.mkdir()
    made.git("init", "-q", "-b", "main")
    made.git("config", "user.name", "Ada")
    made.git("config", "user.email", "ada@example.org")
    sandbox = SANDBOX.replace("ARCHITECTURE", platform.machine()) + f"  store: {made.place('sandbox')}\n"
    production = PRODUCTION.replace("{uses: directory, root: serving}", made.place("serving"))
    made.write(".gitignore", "data/\n")
    made.write("reconciler.yaml", PROJECT)
    made.write("environments/sandbox.yaml", sandbox)
    made.write("environments/production.yaml", production + f"  store: {made.place('production')}\n")
    made.write("manifests/sandbox/lateness.yaml", MODEL)
    made.write("requirements.lock", (REPOSITORY / "requirements.lock").read_text())
    write_ledger(made.root / "data/invoices.csv")
    made.commit("A model of lateness")
    return made


@pytest.mark.soak(only=True)  # a flow that is run on files, and in parts by the tests beside this one
def test_the_whole_story_in_a_bucket(project: Remote) -> None:
    # Train, judge, promote, merge, apply.
    project.run("validate")
    project.run("plan", "sandbox", "--check", code=3)
    assert project.run("apply", "sandbox", "--yes", "-o", "json").json["trained"] == 1
    project.run("plan", "sandbox", "--check")
    first = project.promote()
    project.run("plan", "production", "--check", code=3)
    project.run("apply", "production", "--yes")
    assert project.served()["artifact"] == first
    assert project.model_status("production")["health"] == "HEALTHY"
    project.run("plan", "production", "--check")

    # Predict: the model comes from the bucket.
    out = project.root / "data/predicted.csv"
    project.run("predict", "lateness", "--in", "production", "--out", str(out))
    assert len(out.read_text().splitlines()) > 10

    # Somebody changes what is served: seen, not used, put right.
    folder = f"lateness/releases/{first.removeprefix('sha256:')}"
    for file in ("model.skops", "manifest.json"):
        assert "tampered" not in project.run("plan", "production").out
        project.damage("serving", f"{folder}/{file}")
        assert "tampered" in project.run("plan", "production").out  # nothing of the plan before is believed
        status = project.model_status("production", code=3)
        assert status["health"] == "DEGRADED"
        assert file in status["reason"]
        project.run("predict", "lateness", "--in", "production", "--out", str(out), code=3)
        project.run("apply", "production", "--yes")
        assert project.model_status("production")["health"] == "HEALTHY"
    project.inside("serving").remove("lateness/current")
    assert project.model_status("production", code=3)["health"] == "MISSING"
    project.run("apply", "production", "--yes")
    assert project.served()["artifact"] == first

    # A second version, and back.
    project.recipe("max_depth: 3", "max_depth: 5")
    project.run("apply", "sandbox", "--yes")
    second = project.promote()
    project.run("apply", "production", "--yes")
    assert project.served()["artifact"] == second != first
    project.run("audit")
    rolled = project.run("rollback", "lateness", "--in", "production", "-o", "json").json
    project.merge(rolled["branch"])
    project.run("apply", "production", "--yes")
    assert project.served()["artifact"] == first
    checked = project.run("doctor").out
    assert "tested" in checked
    assert "larger blobs were not looked at: `reconciler audit production` does that" in " ".join(checked.split())
    project.run("why", "lateness", "--in", "production")
    assert len(project.run("history", "--env", "production", "-o", "json").json["events"]) >= 5
    assert not (project.root / ".reconciler").exists()

    # A laptop that starts with nothing, and may only read, sees the same.
    elsewhere = Remote(project.root.parent / "clone", project.environment["AWS_ENDPOINT_URL"])
    subprocess.run(["git", "clone", "-q", str(project.root), str(elsewhere.root)], check=True)
    shutil.rmtree(project.root.parent / "cache", ignore_errors=True)
    elsewhere.environment |= s3_environment(project.environment["AWS_ENDPOINT_URL"], "reader")
    assert elsewhere.run("plan", "production", "--check").out
    assert "not written by this user" in elsewhere.run("doctor", code=None).out
    project.run("audit")

    # What is damaged in a store is found, and nothing is deployed from it.
    digest = second.removeprefix("sha256:")
    project.damage("production", f"blobs/sha256/{digest}")
    assert digest in project.run("audit", "production", code=6).out


def test_without_the_extra_only_what_needs_it_is_refused(project: Remote, tmp_path: Path) -> None:
    """A Python that has everything but obstore."""
    blocked = tmp_path / "blocked"
    blocked.mkdir()
    (blocked / "sitecustomize.py").write_text(
        "import sys\n"
        "class Absent:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.partition('.')[0] == 'obstore':\n"
        "            raise ModuleNotFoundError(f'No module named {name!r}', name=name)\n"
        "sys.meta_path.insert(0, Absent())\n"
    )
    project.environment["PYTHONPATH"] = f"{blocked}{os.pathsep}{REPOSITORY}"
    project.run("validate")
    ran = project.run("plan", "sandbox", code=2)
    assert "pip install 'model-reconciler[stores]'" in ran.err
    assert "E610" in ran.err


def test_a_bucket_that_is_not_there_stops_a_command_with_its_remedy(project: Remote) -> None:
    path = project.root / "environments/sandbox.yaml"
    path.write_text(path.read_text().replace(f"bucket: {BUCKET}", "bucket: not-there"))
    project.commit("Another bucket")
    for command in (("plan", "sandbox"), ("apply", "sandbox", "--yes")):
        ran = project.run(*command, code=1)
        assert "E602" in ran.err + ran.out
        assert "no such bucket" in ran.err + ran.out or "NoSuchBucket" in ran.err + ran.out
    assert "NoSuchBucket" in project.run("doctor", code=None).out


@pytest.mark.soak(every=3)
@pytest.mark.parametrize("command", [("plan", "sandbox"), ("status",), ("apply", "sandbox", "--yes")], ids=" ".join)
def test_an_interrupt_ends_a_command_that_waits_for_a_silent_store(
    project: Remote, proxy: Proxy, command: tuple[str, ...]
) -> None:
    """With a patience of an hour: who waits for the store's answer waits for long."""
    asked = threading.Event()

    def script(_: Asked) -> Fault:
        asked.set()
        return Fault.HANG

    proxy.reset(script)
    project.environment |= {"AWS_ENDPOINT_URL": proxy.url, "RECONCILER_STORE_TIMEOUT": "3600"}
    process = project.start(*command)
    assert asked.wait(60)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, out + err
    assert "Traceback" not in err
