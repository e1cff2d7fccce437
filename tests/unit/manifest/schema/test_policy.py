"""The controls of an environment in its file: read as they stand; what could never let anything through is refused."""

from __future__ import annotations

import pytest

from reconciler.core.digest import Digest
from reconciler.core.spec.policy import Approvals, Control, Freeze, is_team, team_of
from reconciler.manifest.loading.load import load
from reconciler.ports import TreeFile
from tests.unit.manifest.loading.test_cross_checks import EXPRESSIONS, FILES, MODEL, PRODUCTION, problems

PIN, OTHER = "sha256:" + "a" * 64, "sha256:" + "b" * 64
PINNED = "manifests/production/customer-payments.yaml"
POLICY = "spec.policy"
MINE = f"model: customer-payments, artifact: {PIN}"
WINDOW = "{cron: 0 18 * * FRI, duration: 60h, timeZone: Europe/Vienna, reason: weekend}"


def files(*lines: str, protected: bool = True) -> dict[str, bytes]:
    """The shipped project with one pinned model, and these lines in production's policy."""
    text = FILES[PRODUCTION].decode()
    added = "".join(f"    {line}\n" for line in lines)
    text = text.replace("    prune: confirm\n", f"    prune: confirm\n{added}")
    if not protected:
        text = "\n".join(line for line in text.splitlines() if "protect:" not in line) + "\n"
    model = FILES[MODEL].decode().replace("spec:\n", f"spec:\n  artifact: {PIN}\n", 1)
    model = "\n".join(line for line in model.splitlines() if "retrain:" not in line) + "\n"
    return {**FILES, PRODUCTION: text.encode(), PINNED: model.encode()}


def codes(*lines: str, protected: bool = True) -> list[tuple[str, str | None]]:
    return [(one.code, one.field) for one in problems(files(*lines, protected=protected))]


def test_all_of_them_are_read_as_they_stand() -> None:
    given = files(
        "approvals: {min: 2, from: [ada, shop/finance], notAuthor: false}",
        "owners: [team:risk]",
        f"freeze: [{WINDOW}]",
        "holds: [{model: customer-payments, reason: the quarter is being closed}]",
        f"rejected: [{{artifact: {OTHER}, reason: bad rows}}]",
        f"overrides: [{{{MINE}, control: gates, reason: agreed}}]",
    )
    assert problems(given) == ()
    tree = tuple(TreeFile(path=path, mode="100644", id=path, size=1) for path in sorted(given))
    environment = load(given, tree, revision="c", expressions=EXPRESSIONS).environment("production")
    assert environment is not None
    policy = environment.policy
    assert policy.approvals == Approvals(least=2, people=("ada", "shop/finance"), not_author=False)
    assert policy.owners == ("team:risk",)
    assert policy.freeze == (
        Freeze(cron="0 18 * * FRI", duration=60 * 3600, time_zone="Europe/Vienna", reason="weekend"),
    )
    assert policy.hold_of("customer-payments") is not None
    assert policy.hold_of("another") is None
    assert policy.rejection_of(Digest(OTHER)) is not None
    assert policy.rejection_of(Digest(PIN)) is None
    found = policy.override_of(Control.GATES, "customer-payments", Digest(PIN))
    assert found is not None
    assert found.reason == "agreed"
    for other in (Control.FREEZE, Control.HOLD, Control.APPROVALS):
        assert policy.override_of(other, "customer-payments", Digest(PIN)) is None
    assert policy.override_of(Control.GATES, "customer-payments", Digest(OTHER)) is None


@pytest.mark.parametrize(
    ("line", "code", "field"),
    [
        ("approvals: {min: 3, from: [ada, bob]}", "E225", "approvals.min"),
        ("approvals: {min: 2, from: [ada, 'promoter[bot]']}", "E225", "approvals.min"),
        ("approvals: {from: []}", "E205", "approvals.from"),
        ("approvals: {from: [ada, Ada]}", "E207", "approvals"),
        ("approvals: {from: ['ada lovelace']}", "E206", "approvals.from.0"),
        ("approvals: {from: ['\u0430da']}", "E206", "approvals.from.0"),  # a Cyrillic letter
        ("owners: ['\uff41da']", "E206", "owners.0"),
        ("approvals: {min: 0, from: [ada]}", "E205", "approvals.min"),
        ("owners: [shop/risk, shop/risk]", "E207", ""),
        ("freeze: [" + WINDOW.replace("0 18", "0 25") + "]", "E205", "freeze.0.cron"),
        ("freeze: [" + WINDOW.replace("0 18 * * FRI", "0 0 30 2 *") + "]", "E205", "freeze.0.cron"),
        ("freeze: [" + WINDOW.replace("Vienna", "Wien") + "]", "E205", "freeze.0.timeZone"),
        ("freeze: [" + WINDOW.replace("60h", "8d") + "]", "E225", "freeze.0.duration"),
        (f"freeze: [{WINDOW}, {WINDOW.replace('FRI', 'SUN').replace('60h', '6d')}]", "E225", "freeze"),
        ("holds: [{model: customer-paymets, reason: x}]", "E212", "holds.0.model"),
        ("holds: [{model: customer-payments, reason: ''}]", "E205", "holds.0.reason"),
        (f"rejected: [{{artifact: {OTHER[:-1]}, reason: x}}]", "E211", "rejected.0.artifact"),
        (f"overrides: [{{model: nobody, artifact: {PIN}, control: freeze, reason: x}}]", "E212", "overrides.0.model"),
        (f"overrides: [{{{MINE}, control: all, reason: x}}]", "E205", "overrides.0.control"),
        (f"overrides: [{{{MINE}, control: gates, reason: x}}]", "E225", "overrides"),
        ("rejectd: []", "E203", "rejectd"),
    ],
)  # fmt: skip
def test_what_contradicts_itself_is_told_at_its_place(line: str, code: str, field: str) -> None:
    assert codes(line) == [(code, f"{POLICY}.{field}" if field else POLICY)]


def test_a_rejected_artifact_cannot_be_let_through() -> None:
    rejected = f"rejected: [{{artifact: {PIN}, reason: x}}]"
    override = f"overrides: [{{{MINE}, control: freeze, reason: x}}]"
    assert codes(rejected, override) == [("E225", "spec.policy.overrides")]
    assert codes(rejected) == []  # the pin may stay: it is told as rejected, and not deployed


def test_approvals_need_a_branch_whose_requests_can_be_asked_for() -> None:
    assert codes("approvals: {from: [ada]}", protected=False) == [("E225", "spec.policy")]
    assert codes("owners: [ada]", protected=False) == [("E225", "spec.policy")]
    assert codes("holds: [{model: customer-payments, reason: x}]", protected=False) == []


def test_a_sandbox_has_none_of_them() -> None:
    sandbox = "environments/sandbox.yaml"
    text = FILES[sandbox].decode() + f"  policy: {{freeze: [{WINDOW}]}}\n"
    found = problems({**FILES, sandbox: text.encode()})
    assert [(one.code, one.field) for one in found] == [("E205", "spec.policy")]
    assert "freeze" in found[0].message


def test_a_team_is_written_with_a_slash_or_as_one() -> None:
    assert [is_team(one) for one in ("ada", "shop/finance", "team:risk")] == [False, True, True]
    assert [team_of(one) for one in ("shop/finance", "team:risk")] == ["shop/finance", "risk"]
