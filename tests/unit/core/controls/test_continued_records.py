"""The record that a model continues under its own name, a former one, or one that it comes back to."""

from __future__ import annotations

from reconciler.core.controls.controls import ModelControls, ModelRecord, continued
from reconciler.core.digest import digest_of_bytes
from reconciler.core.spec.gates import Threshold

STRICT = ModelControls(gates=(Threshold(metric="f1_macro", at_least=0.9),))
LOOSE = ModelControls(gates=(Threshold(metric="f1_macro", at_least=0.1),))
PIN = digest_of_bytes(b"an artifact")


def record(name: str, controls: ModelControls, *, pinned: bool, names: tuple[str, ...] = ()) -> ModelRecord:
    """A record of an entry of the controls log."""
    artifact = PIN if pinned else None
    return ModelRecord(name=name, artifact=artifact, proposed=0, since=3, in_force=(controls,), names=names)


def test_a_model_continues_its_own_record_and_a_renamed_one_that_of_its_former_name() -> None:
    own, former = record("late", LOOSE, pinned=True), record("payments", STRICT, pinned=False)
    assert continued(own, None) == own
    assert continued(None, former) == former
    assert continued(own, former) == own, "it was renamed in an earlier entry"
    assert continued(None, None) is None


def test_the_gates_of_both_names_hold_for_a_model_that_comes_back_to_a_name() -> None:
    left, now = record("payments", LOOSE, pinned=False), record("late", STRICT, pinned=True, names=("payments",))
    back = continued(left, now)
    assert back is not None
    assert (back.name, back.in_force) == ("late", (STRICT, LOOSE))
