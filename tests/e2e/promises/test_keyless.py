"""A project that never had a key: its jobs sign as themselves, and nothing else goes to production."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.project import Project
from tests.support.sigstore_authority import DEPLOYER, ISSUER, TRAINER, SigstoreAuthority
from tests.support.sigstore_services import services, token

TRUST = f"""\
  trust:
    required: true
    keys:
      trainer: [{{identity: {TRAINER!r}, issuer: {ISSUER!r}}}]
      promoter: [{{identity: {DEPLOYER!r}, issuer: {ISSUER!r}}}]
"""


def become(project: Project, identity: str | None, shown: str | None = None) -> None:
    """Be the job of an identity, with its token or with that of another; or nobody."""
    said = {
        "RECONCILER_SIGNING_KEY": f"sigstore:?identity={identity}&issuer={ISSUER}",
        "GITLAB_CI": "true",
        "SIGSTORE_ID_TOKEN": token(shown or identity or ""),
    }
    for name, value in said.items():
        project.environment.pop(name, None)
        if identity is not None:
            project.environment[name] = value


@pytest.mark.soak(only=True)
def test_jobs_sign_as_themselves_and_nobody_as_another(project: Project, tmp_path: Path) -> None:
    with services(SigstoreAuthority()) as named:
        (tmp_path / "instance.json").write_text(json.dumps(named))
        project.environment["RECONCILER_SIGSTORE_CONFIG"] = str(tmp_path / "instance.json")
        path = project.root / "environments/production.yaml"
        path.write_text(path.read_text() + TRUST)
        project.commit("Jobs sign as themselves")
        become(project, TRAINER)
        project.run("apply", "sandbox", "--yes")
        digest = project.promote()
        become(project, TRAINER)
        assert "signs nothing as promoter" in project.run("apply", "production", "--yes", code=6).err
        become(project, DEPLOYER, shown=TRAINER)
        told = " ".join(project.run("apply", "production", "--yes", code=2).err.split())
        assert "of another identity or issuer" in told
        become(project, DEPLOYER)
        project.run("apply", "production", "--yes")
        assert project.served()["artifact"] == digest
    become(project, None)  # and the services are gone
    assert "0 to change, 0 blocked" in project.run("plan", "production").out
    listed = project.run("keys", "list", "-o", "json").json["environments"][-1]["keys"]
    assert {key["file"] for key in listed} >= {TRAINER, DEPLOYER}
    project.run("audit")
    revoked = project.run("keys", "revoke", TRAINER, "--in", "production", "--reason", "stolen", "-o", "json").json
    project.merge(revoked["branch"])
    assert "was revoked" in project.run("plan", "production", code=6).out
    project.environment["RECONCILER_SIGSTORE_CONFIG"] = str(tmp_path / "other.json")
    (tmp_path / "other.json").write_text(json.dumps({**named, "trustedRoot": SigstoreAuthority().trusted_root()}))
    assert "E520" in project.run("audit", code=6).out
