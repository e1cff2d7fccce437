"""Each way in which a target can differ from its journal's head has one type and one sentence."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from reconciler.core.artifact.journal import Action, Entry, ReleasePointer, State
from reconciler.core.artifact.observed_state import Drift, DriftType, JournalHead, LiveDeployment, drift_of
from reconciler.core.digest import Digest

OLD, NEW = Digest("sha256:" + "a" * 64), Digest("sha256:" + "b" * 64)
RECORDED, OTHER = Digest("sha256:" + "1" * 64), Digest("sha256:" + "2" * 64)
A, B = "a" * 12, "b" * 12


def head(n: int, artifact: Digest | None) -> JournalHead:
    entry = Entry(
        project="p",
        environment="production",
        model="payments",
        n=n,
        previous=None,
        commit=None,
        plan=RECORDED,
        action=Action.DEPLOY,
        artifact=artifact,
        verification=None,
        reason="",
        who="",
        when=datetime(2026, 11, 28, tzinfo=UTC),
        attempt="",
        state=State(artifact=artifact),
    )
    return JournalHead(entry=entry, digest=RECORDED)


def serves(
    n: int,
    artifact: Digest | None,
    *,
    entry: Digest = RECORDED,
    drift: DriftType | None = None,
    files: tuple[str, ...] = (),
) -> LiveDeployment:
    pointer = ReleasePointer(
        project="p", environment="production", model="payments", n=n, entry=entry, artifact=artifact
    )
    return LiveDeployment(model="payments", current=pointer, drift=drift, files=files)


def broken(drift: DriftType) -> LiveDeployment:
    return LiveDeployment(model="payments", current=None, drift=drift, files=("current",))


UNREADABLE = (
    "unreadable: payments/current, which names the deployed release, is damaged, or reconciler did not write it"
)


@pytest.mark.parametrize(
    ("journal", "served"),
    [
        (None, None),
        (head(0, NEW), serves(0, NEW)),
        (head(4, None), serves(4, None)),
        (head(4, None), None),
        (head(4, None), serves(2, None)),  # retired twice: nothing is served, as it should be
    ],
)
def test_a_target_that_serves_what_the_journal_says_has_no_drift(
    journal: JournalHead | None, served: LiveDeployment | None
) -> None:
    assert drift_of(journal, served) is None


@pytest.mark.parametrize(
    ("journal", "served", "type_", "sentence"),
    [
        (head(0, NEW), None, DriftType.MISSING, f"missing: nothing is served; {B} was applied"),
        (head(3, NEW), serves(3, OLD), DriftType.WRONG_DIGEST, f"wrong-digest: {A} is served; {B} was applied"),
        (None, serves(0, OLD), DriftType.WRONG_DIGEST, f"wrong-digest: {A} is served; nothing was applied"),
        (head(3, None), serves(3, OLD), DriftType.WRONG_DIGEST, f"wrong-digest: {A} is served; nothing was applied"),
        (
            head(3, NEW),
            serves(3, NEW, entry=OTHER),
            DriftType.CONFIG_CHANGED,
            "config-changed: the target names the applied artifact, but not the journal entry that deployed it",
        ),
        (
            head(3, NEW),
            serves(3, NEW, drift=DriftType.TAMPERED, files=("model.skops",)),
            DriftType.TAMPERED,
            "tampered: model.skops: not the bytes that were deployed",
        ),
        (
            head(3, NEW),
            serves(3, NEW, drift=DriftType.TAMPERED, files=("extra.py",)),
            DriftType.CONFIG_CHANGED,
            f"config-changed: extra.py: added to the files of {B}",
        ),
        (
            head(3, NEW),
            broken(DriftType.UNREADABLE),
            DriftType.UNREADABLE,
            UNREADABLE,
        ),
        (
            None,
            broken(DriftType.UNMANAGED),
            DriftType.UNREADABLE,
            UNREADABLE,
        ),
    ],
)
def test_each_difference_has_one_type_and_one_sentence(
    journal: JournalHead | None, served: LiveDeployment | None, type_: DriftType, sentence: str
) -> None:
    drift = drift_of(journal, served, {"model.skops"})
    assert drift is not None
    assert (drift.type, str(drift), drift.pending_rollout) == (type_, sentence, False)


def test_an_added_file_is_tampering_while_the_artifacts_own_files_are_not_known() -> None:
    drift = drift_of(head(3, NEW), serves(3, NEW, drift=DriftType.TAMPERED, files=("extra.py",)))
    assert drift is not None
    assert drift.type is DriftType.TAMPERED


@pytest.mark.parametrize(
    ("journal", "served", "rest"),
    [
        (head(7, NEW), serves(6, OLD), f"; {A} is served"),
        (head(7, None), serves(6, OLD), f"; {A} is served"),
        (head(7, NEW), serves(6, None), ""),
    ],
)
def test_an_entry_that_was_not_deployed_yet_is_a_pending_rollout(
    journal: JournalHead, served: LiveDeployment, rest: str
) -> None:
    sentence = f"rollout incomplete: journal entry 7 was recorded but not deployed{rest}"
    drift = drift_of(journal, served)
    assert drift == Drift(type=DriftType.MISSING, message=sentence, pending_rollout=True, in_place=False)
    assert str(drift) == sentence


@pytest.mark.parametrize(
    ("journal", "served", "in_place"),
    [
        (head(0, NEW), None, False),
        (head(7, NEW), serves(6, OLD), False),
        (head(3, NEW), broken(DriftType.UNREADABLE), False),
        (head(3, NEW), serves(3, OLD), True),
        (head(3, NEW), serves(3, None), True),
        (head(3, NEW), serves(3, NEW, entry=OTHER), True),
        (head(3, NEW), serves(3, NEW, drift=DriftType.TAMPERED, files=("model.skops",)), True),
    ],
)
def test_only_what_differs_under_the_heads_own_number_was_in_place(
    journal: JournalHead, served: LiveDeployment | None, in_place: bool
) -> None:
    drift = drift_of(journal, served)
    assert drift is not None
    assert drift.in_place is in_place
    assert drift.is_committed_only is (not in_place and drift.type is DriftType.MISSING)
