"""A plan as a file: whole, ours, unchanged, for this environment; and what a plan exits with."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler import codec
from reconciler.cli import plan_file
from reconciler.codec.exit_codes import EXIT_CODES, STATUSES
from reconciler.console.invocation import Invocation
from reconciler.core.artifact.journal import Action
from reconciler.core.plan.plan import Blocked, Plan, Step
from reconciler.core.status_codes import ResultStatus, status_of
from reconciler.errors import IntegrityError, ReconcilerError, UsageError
from tests.golden.report import values


def read(path: Path, environment: str = "production") -> Plan:
    return plan_file.read(path, environment, Invocation())


def test_a_plan_is_read_back_as_it_was_written_and_brings_its_revision(tmp_path: Path) -> None:
    for made in (values.production_plan(), values.first_plan(), values.hostile_plan()):
        plan_file.write(made, tmp_path / "plan.json")
        invocation = Invocation()
        assert plan_file.read(tmp_path / "plan.json", made.environment, invocation) == made
        assert (invocation.revision, invocation.working_tree) == (values.REVISION, False)
    assert [path.name for path in tmp_path.iterdir()] == ["plan.json"]


def test_a_plan_of_a_work_tree_is_applied_to_the_work_tree(tmp_path: Path) -> None:
    made = values.plan("sandbox", "sandbox", ())
    identity = plan_file.PlanIdentity(environment="sandbox", revision=None, refresh=False, models=())
    plan_file.write(replace(made, revision=None, id=codec.digest_of(identity)), tmp_path / "plan.json")
    invocation = Invocation()
    plan_file.read(tmp_path / "plan.json", "sandbox", invocation)
    assert (invocation.revision, invocation.working_tree) == (None, True)


EDITS = {
    "another environment": lambda one: one.update(environment="staging"),
    "another revision": lambda one: one.update(revision="0" * 40),
    "a model less": lambda one: one["models"].pop(),
    "a model twice": lambda one: one["models"].append(one["models"][0]),
    "another name": lambda one: one["models"][0].update(model="other"),
    "another pin": lambda one: one["models"][0]["basis"].update(pin="sha256:" + "0" * 64),
    "another digest": lambda one: one["models"][0].update(digest="sha256:" + "0" * 64),
    "an unknown field": lambda one: one.update(force=True),
    "a missing field": lambda one: one["models"][0].pop("basis"),
    "another format": lambda one: one.update(format=2),
    "no format": lambda one: one.pop("format"),
    "a refresh": lambda one: one.update(refresh={"action": "refresh", "adopts": False, "reason": "x"}),
}


@pytest.mark.parametrize("edit", EDITS)
def test_a_plan_that_was_edited_by_hand_is_an_integrity_error(edit: str, tmp_path: Path) -> None:
    document = codec.to_json(values.production_plan())
    EDITS[edit](document)
    path = tmp_path / "plan.json"
    path.write_bytes(codec.canonical(document))
    with pytest.raises(IntegrityError) as caught:
        read(path, document["environment"])
    assert caught.value.code == "E703"
    assert status_of(caught.value) is ResultStatus.DAMAGED
    assert "plan ENV --out FILE" in str(caught.value.hint)


def test_a_plan_file_that_is_cut_anywhere_or_is_something_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    body = codec.encode(values.first_plan())
    others = [b"", b"[]", b"{}", b"null", b"\xff\xfe", b"[" * 100_000, json.dumps(json.loads(body), indent=1).encode()]
    for found in (*(body[:end] for end in range(0, len(body), 37)), *others):
        path.write_bytes(found)
        with pytest.raises(IntegrityError) as caught:
            read(path, "sandbox")
        assert caught.value.code == "E703"


def test_a_plan_is_only_for_its_own_environment_and_revision(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    plan_file.write(values.production_plan(), path)
    with pytest.raises(UsageError, match="a plan for production, not for sandbox"):
        read(path, "sandbox")
    for invocation in (Invocation(revision="main"), Invocation(working_tree=True)):
        with pytest.raises(UsageError, match="at the revision that it was made for"):
            plan_file.read(path, "production", invocation)


def test_where_no_file_can_be_written_or_read_the_error_is_typed(tmp_path: Path) -> None:
    with pytest.raises(ReconcilerError) as caught:
        plan_file.write(values.first_plan(), tmp_path / "no" / "plan.json")
    assert caught.value.code == "E803"
    with pytest.raises(UsageError):
        read(tmp_path / "absent.json")
    with pytest.raises(UsageError):
        read(tmp_path)


def plan_of(*exits: int | None) -> Plan:
    """One model per exit code; None: nothing to do."""
    step = Step(action=Action.DEPLOY, reason="why")
    parts = []
    for at, code in enumerate(exits):
        blocked = None if code in (None, 3) else Blocked(status=STATUSES[code or 0], reasons=("why",), remedy="what")
        parts.append(values.part(f"model-{at}", reason="why", steps=(step,) if code == 3 else (), blocked=blocked))
    return values.plan("production", "production", tuple(parts))


@pytest.mark.parametrize(
    ("exits", "checked", "unchecked"),
    [
        ((), 0, 0),
        ((None, None), 0, 0),
        ((3, None), 3, 0),
        ((4, None), 4, 0),
        ((3, 4), 4, 0),
        ((5, 4, 3), 5, 0),
        ((1, 5), 1, 1),
        ((6, 1), 6, 6),
        ((2, 3), 2, 2),
    ],
)
def test_check_exits_with_the_worst_part_and_a_plain_plan_only_with_what_is_broken(
    exits: tuple[int | None, ...], checked: int, unchecked: int
) -> None:
    made = plan_of(*exits)
    assert EXIT_CODES[plan_file.pending(made)] == checked
    assert EXIT_CODES[plan_file.readable(made)] == unchecked


def test_a_refresh_alone_is_a_pending_change() -> None:
    made = values.plan("sandbox", "sandbox", (), refresh=Step(action=Action.REFRESH, reason="old"))
    assert plan_file.pending(made) is ResultStatus.PENDING
    assert plan_file.readable(made) is ResultStatus.CLEAN
