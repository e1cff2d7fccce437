"""Keys from nothing: made, trusted, asked for; what is there is signed once, and what nobody signed goes nowhere."""

from __future__ import annotations

import stat
from pathlib import Path

from tests.support.keyed import Keyed
from tests.support.project import Project


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
    checked = " ".join(keyed.run("doctor", key="promoter", code=None).out.split())
    assert "this process signs as keys/promoter.pub" in checked
    assert "2 trusted; what they did not sign is refused" in checked
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
