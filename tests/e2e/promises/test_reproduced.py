"""The gate `reproduced`: a second trainer trains again, signs what came out the same, and only then it is deployed."""

from __future__ import annotations

from pathlib import Path

from tests.support.keyed import Keyed
from tests.support.project import Project


def test_a_model_is_deployed_once_a_second_trainer_reproduced_and_signed_it(trained: Project, tmp_path: Path) -> None:
    keyed = Keyed(trained, tmp_path / "keys")
    for role, name in (("trainer", "trainer"), ("trainer", "second"), ("promoter", "promoter")):
        keyed.propose("new", role, "--name", name, "--private", str(keyed.keys / f"{name}.pem"))
    environment = trained.root / "environments/production.yaml"
    text = environment.read_text()
    environment.write_text(text.replace("  trust:\n", "  trust:\n    reproduced: {by: 4}\n"))
    assert "4 trainers of 2 whose keys count are impossible" in keyed.run("validate", code=2).out
    environment.write_text(text.replace("  trust:\n", "  trust:\n    required: true\n    reproduced: {by: 2}\n"))
    trained.commit("Two trainers must agree")
    keyed.run("attest", "sandbox", key="trainer")
    artifact = trained.promoted("production")
    for command in ("plan", "why lateness --in"):
        told = " ".join(keyed.run(*command.split(), "production", code=None).out.split())
        assert "reproduced: the signed trainings of 0 independent trainers agree on it; 2 must" in told
    keyed.run("apply", "production", "--yes", key="promoter", code=4)
    assert "signed by" in keyed.run("reproduce", artifact[7:19], key="trainer").out  # `attest` only vouched for it
    assert "this key signed a training of it before" in keyed.run("reproduce", artifact[7:19], key="trainer").out
    signed = keyed.run("reproduce", artifact[7:19], "-o", "json", key="second").json
    assert signed["equal"]
    assert signed["signed"].startswith("sha256:")
    plan = " ".join(keyed.run("plan", "production").out.split())
    assert "signed trainings of 2 independent trainers agree on it" in plan
    keyed.run("apply", "production", "--yes", key="promoter")
    assert trained.served()["artifact"] == artifact
    assert "intact" in keyed.run("audit").out
