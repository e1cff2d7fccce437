"""People are told, by commands, through a channel that really listens."""

from __future__ import annotations

from tests.support.project import PRODUCTION, Project
from tests.support.webhook import listening

NOTIFY = "  notify:\n    - {to: env:CHAT}\n"


def with_chat(project: Project, address: str) -> Project:
    """The same project where the channel's address is set."""
    here = Project(project.root)
    here.environment = {**project.environment, "CHAT": address}
    return here


def test_commands_tell_what_they_did_once_and_never_an_address(trained: Project) -> None:
    trained.write("environments/production.yaml", PRODUCTION + NOTIFY)
    trained.commit("Tell people")
    trained.promote()
    assert "the environment variable CHAT is not set" in trained.run("doctor", code=None).out
    with listening() as webhook:
        told, dead = with_chat(trained, webhook.address()), with_chat(trained, webhook.address("dead"))
        ran = told.run("apply", "production", "--yes")
        ((title, body),) = webhook.arrived
        assert title.endswith("/production: lateness promoted")
        assert "(journal entry 0)" in body
        told.run("apply", "production", "--yes")
        assert len(webhook.arrived) == 1

        served = trained.release() / "model.skops"
        served.chmod(0o644)
        served.write_bytes(served.read_bytes() + b"!")
        told.run("drift", "production", code=None)
        assert len(webhook.arrived) == 1, "a look changes nothing"
        told.run("drift", "production", "--notify", code=None)
        told.run("drift", "production", "--notify", code=None)
        assert [title.rsplit(" ", 1)[1] for title, _ in webhook.arrived] == ["promoted", "drifted"]
        trained.run("apply", "production", "--yes")
        told.run("drift", "production", "--notify")
        served.chmod(0o644)
        served.write_bytes(b"other")
        ran = dead.run("drift", "production", "--notify", code=None)
        assert len(webhook.arrived) == 2
    assert "not told through env:CHAT: the channel did not take the message" in ran.err
    assert "secret-token" not in ran.err + ran.out
    trained.run("apply", "production", "--yes")
    assert "secret-token" not in "".join(
        path.read_text(errors="replace") for path in (trained.root / ".reconciler").rglob("notices/**/*.json")
    )
    trained.run("audit")
