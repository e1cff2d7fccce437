"""What is live is held to what it promised: by the outcomes that become known of what it predicted."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest

from tests.e2e.promises.test_killed_proposals import Watched
from tests.forge.fake.server import Server
from tests.support.effort import spread
from tests.support.project import Project, write_ledger
from tests.support.team import KINDS, Team

LATER = "2025-06-30"


def settle(project: Project, days: Callable[[int], int | None]) -> None:
    """Let each open invoice be paid so many days after it was due (None: not yet), and let half a year pass."""
    path = project.root / "data/invoices.csv"
    with path.open(newline="") as stream:
        header, *rows = csv.reader(stream)
    for number, row in enumerate(rows):
        if not row[4] and (late := days(number)) is not None:
            row[4] = (date.fromisoformat(row[3]) + timedelta(days=late)).isoformat()
    with path.open("w", newline="") as stream:
        csv.writer(stream).writerows([header, *rows])
    manifest = project.root / "environments/production.yaml"
    manifest.write_text(manifest.read_text().replace("asOf: 2024-12-31", f"asOf: {LATER}"))
    project.commit("Half a year later")


@pytest.fixture
def predicted(deployed: Project, tmp_path: Path) -> Project:
    """Deployed, and several hundred open invoices are predicted."""
    write_ledger(deployed.root / "data/invoices.csv", rows=12_000, seed=2)
    deployed.run("predict", "lateness", "--in", "production", "--out", str(tmp_path / "out.csv"))
    return deployed


def found(project: Project, code: int = 0) -> dict[str, object]:
    model: dict[str, object] = project.run("monitor", "production", "-o", "json", code=code).json["models"][0]
    return model


def test_outcomes_far_worse_than_promised_are_told_everywhere_and_those_as_promised_nowhere(predicted: Project) -> None:
    first = found(predicted)
    assert first["verdict"] == "nothing known"
    waiting = first["waiting"]
    assert isinstance(waiting, int)
    assert waiting > 100
    assert waiting < first["predicted"], "some were overdue already, and so known to be late"  # type: ignore[operator]
    assert predicted.model_status("production")["health"] == "HEALTHY"

    settle(predicted, lambda number: 90 if number % 2 else -5)
    worse = found(predicted, code=3)
    assert worse["verdict"] == "degraded"
    known = worse["known"]
    assert isinstance(known, dict)
    assert known["rows"] == waiting
    assert known["value"] < worse["promised"]  # type: ignore[operator]
    status = predicted.model_status("production")
    assert status["health"] == "DEGRADED"
    assert any("degraded by known outcomes: accuracy" in note for note in status["notes"])
    assert "its holdout promised" in predicted.run("status", "production").out
    why = predicted.run("why", "lateness", "--in", "production").out
    assert "health DEGRADED" in why
    assert "reconciler monitor production lateness --open" in why
    # What nobody changed is not recorded twice.
    log = predicted.root / ".reconciler"
    records = sorted(log.glob("**/monitoring/production/lateness/*.json"))
    assert [record.name for record in records] == ["0.json", "1.json"]
    assert found(predicted, code=3)["entry"] == 1
    assert "Everything is intact." in predicted.run("audit").out

    assert json.loads(records[1].read_text())["verdict"] == "degraded"


def test_a_log_whose_rows_are_lost_or_damaged_is_damage_and_nothing_is_judged_by_the_rest(predicted: Project) -> None:
    [record] = predicted.root.glob(".reconciler/**/predictions/production/lateness/0.json")
    digest = json.loads(record.read_text())["rows"].removeprefix("sha256:")
    [blob] = [
        path for path in predicted.root.glob(f".reconciler/**/blobs/sha256/{digest}") if "production" in str(path)
    ]
    body = blob.read_bytes()
    blob.chmod(0o644)
    blob.write_bytes(body[:-1])
    assert "damaged" in predicted.run("monitor", "production", code=6).out
    blob.unlink()
    assert "not in the store" in predicted.run("monitor", "production", code=6).out
    assert not list(predicted.root.glob(".reconciler/**/monitoring/production/**/*.json"))


def test_a_model_that_predicted_nothing_and_one_that_is_not_deployed_are_told(trained: Project) -> None:
    assert "no model 'lateness' is declared" in trained.run("monitor", "production", "lateness", code=2).err
    sandbox = trained.run("monitor", "sandbox").out
    assert "no predictions of this artifact are logged" in sandbox


OPEN = ("monitor", "production", "--open", "-o", "json")


@pytest.mark.parametrize("kind", KINDS)
def test_one_request_asks_for_a_retrain_and_what_it_asks_for_is_done(
    predicted: Project, server: Server, kind: str
) -> None:
    team = Team(predicted, server, kind)
    assert "request" not in team.run(*OPEN).json
    settle(predicted, lambda number: 90 if number % 2 else -5)
    team.share()

    first = team.run(*OPEN, code=3).json
    opening = first["request"]["opening"]
    assert (opening["state"], opening["number"], opening["base"]) == ("opened", 1, "main")
    assert first["request"]["files"] == ["manifests/sandbox/lateness.yaml"]
    body = server.place.pulls[1].body
    assert "worse than promised" in body
    assert "`lateness`" in body

    # Again, and a day later: nothing new, from this clone or another, and nobody writes at the forge.
    server.asked.clear()
    predicted.git("branch", "-q", "-D", first["request"]["branch"])
    again = team.run(*OPEN, code=3).json
    assert again["request"]["opening"]["state"] == "unchanged"
    assert again["models"][0]["asked"]["number"] == 1
    assert {method for method, _ in server.asked} == {"GET"}
    assert opening["url"] in team.run("status", "production").out
    assert opening["url"] in team.run("why", "lateness", "--in", "production").out

    team.place.merge(1)
    team.fetch()
    day = first["models"][0]["found"]
    assert f'requested: "{day}"' in (predicted.root / "manifests/sandbox/lateness.yaml").read_text()
    assert "git asks sandbox already" in team.run("monitor", "production", "--open", code=3).out
    # The candidate there is of that very day already; of older ones: tests/unit/engine/plan/test_asked_retrain.py.
    assert "no change: trained and verified" in team.run("plan", "sandbox").out


@pytest.mark.soak(only=True)  # unit/engine/monitoring
def test_a_request_that_somebody_closed_is_not_opened_again(predicted: Project, server: Server) -> None:
    team = Team(predicted, server, "github")
    settle(predicted, lambda number: 90 if number % 2 else -5)
    team.share()
    team.run(*OPEN, code=3)
    team.place.pulls[1].state = "closed"
    said = team.run("monitor", "production", "--open", code=3).out
    assert "asked for before" in said
    assert team.states() == ["closed"]


@pytest.mark.soak(only=True)
def test_without_a_forge_it_says_what_to_type(predicted: Project) -> None:
    settle(predicted, lambda number: 90 if number % 2 else -5)
    said = predicted.run("monitor", "production", "--open", code=3).out
    [merge] = [line.split() for line in said.splitlines() if line.strip().startswith("git merge")]
    predicted.git(*merge[1:])
    assert "requested:" in (predicted.root / "manifests/sandbox/lateness.yaml").read_text()


@pytest.mark.soak(only=True)  # at every effect: `tests/unit/engine/monitoring/test_request_retrain.py`
def test_killed_at_any_git_command_the_next_run_finishes_the_one_request(
    predicted: Project, server: Server, tmp_path: Path
) -> None:
    team, watched = Team(predicted, server, "github"), Watched(predicted, tmp_path / "bin")
    settle(predicted, lambda number: 90 if number % 2 else -5)
    team.share()
    predicted.run("monitor", "production", code=3)
    [records] = predicted.root.glob(".reconciler/**/monitoring/production/lateness")
    _, given = watched.run(*OPEN, code=3)
    kills = 0
    for at in spread(range(1, given + 1), "SET_GIT_STRIDE"):
        for when in ("before", "after"):
            start_again(predicted, server, team, records)
            watched.run(*OPEN, at=at, when=when, code=-9)
            done, _ = watched.run(*OPEN, code=3)
            [(number, pull)] = server.place.pulls.items()
            assert (pull.state, done.json["models"][0]["asked"]["number"]) == ("open", number), (at, when)
            assert len(list(records.iterdir())) == 2, "found, and asked for"
            assert server.place.remarks == []
            kills += 1
    print(f"{kills} kills around {given} git commands")
    assert kills


def start_again(project: Project, server: Server, team: Team, records: Path) -> None:
    """Forget the request, its branch and that it was asked for."""
    server.place.pulls.clear()
    for branch in project.git("branch", "--list", "retrain/*", "--format", "%(refname:short)").split():
        project.git("branch", "-q", "-D", branch)
    for ref in project.git("-c", team.header, "ls-remote", "origin", "refs/heads/retrain/*").split()[1::2]:
        project.git("-c", team.header, "push", "-q", "origin", "--delete", ref)
    for record in records.iterdir():
        if record.name != "0.json":
            record.unlink()


@pytest.mark.soak(only=True)  # unit/engine/monitoring
def test_two_that_monitor_at_once_record_once_and_ask_once(predicted: Project, server: Server) -> None:
    team = Team(predicted, server, "github")
    settle(predicted, lambda number: 90 if number % 2 else -5)
    team.share()
    for ran in predicted.run_two(*OPEN):
        assert ran.code in (3, 5), ran.err  # 5: the other one pushed first; run again
    team.run(*OPEN, code=3)
    [records] = predicted.root.glob(".reconciler/**/monitoring/production/lateness")
    verdicts = [json.loads(path.read_text()) for path in sorted(records.iterdir())]
    assert len([each for each in verdicts if "asked" not in each]) == 1
    assert team.states() == ["open"]
