"""Keys from nothing: made, trusted, asked for; what is there is signed once, and what nobody signed goes nowhere."""

from __future__ import annotations

import stat
from pathlib import Path

from tests.support.project import Project, Ran

ENVIRONMENT = "environments/production.yaml"


class Keyed:
    """A project with a folder of private keys beside it."""

    def __init__(self, project: Project, keys: Path) -> None:
        self.project = project
        self.keys = keys

    def run(self, *arguments: str, key: str | None = None, code: int = 0) -> Ran:
        self.project.environment.pop("RECONCILER_SIGNING_KEY", None)
        if key is not None:
            self.project.environment["RECONCILER_SIGNING_KEY"] = f"file:{self.keys / key}.pem"
        return self.project.run(*arguments, code=code)

    def propose(self, *arguments: str) -> None:
        """Run a command of `keys`, and merge what it proposes."""
        proposed = self.run("keys", *arguments, "--in", "production", "-o", "json").json
        self.project.merge(proposed["branch"])

    def new(self, role: str) -> None:
        self.propose("new", role, "--private", str(self.keys / f"{role}.pem"))

    def require(self) -> None:
        path = self.project.root / ENVIRONMENT
        path.write_text(path.read_text().replace("  trust:\n", "  trust:\n    required: true\n"))
        self.project.commit("Ask for signatures")


def test_a_project_that_served_before_there_were_keys_goes_on_with_them(deployed: Project, tmp_path: Path) -> None:
    keyed = Keyed(deployed, tmp_path / "private keys")
    assert "not signed" in keyed.run("status", "production", "-o", "json").out
    inside = keyed.run("keys", "new", "trainer", "--in", "production", "--private", "private.pem", code=2)
    assert "inside the repository" in inside.err
    keyed.new("trainer")
    keyed.new("promoter")
    assert stat.S_IMODE((keyed.keys / "trainer.pem").stat().st_mode) == 0o600
    keyed.require()
    assert "it is not signed" in keyed.run("plan", "production", code=6).out
    assert "RECONCILER_SIGNING_KEY" in keyed.run("attest", "production", code=2).err
    for key in (None, "trainer"):
        assert "E520" in keyed.run("apply", "production", "--yes", key=key, code=6).err
    assert keyed.run("apply", "production", "--yes", key="promoter", code=None).code in (
        5,
        6,
    )  # the journal is unsigned
    attested = keyed.run("attest", "production", "-o", "json", key="promoter").json
    assert attested["models"][0]["signed"] == ["entry 1 of its journal"]
    signed = keyed.run("attest", "sandbox", "-o", "json", key="trainer").json["models"][0]["signed"]
    assert signed == ["its training", "its gates for production"]
    assert "0 to change, 0 blocked" in keyed.run("plan", "production").out
    keyed.run("audit")
    keyed.run("predict", "lateness", "--in", "production", "--out", str(keyed.keys / "out.csv"))
    keyed.propose("revoke", "keys/trainer.pub", "--reason", "stolen laptop")
    assert "was revoked" in keyed.run("plan", "production", code=6).out
    assert "stolen laptop" in keyed.run("keys", "list").out
