"""What is remembered of a plan is what was given, however it is written: whole, or as what changed since."""

from __future__ import annotations

import json
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.adapters.caches.plan_cache import CachedModelPlan, CachedPlan, load, save

MODELS = 40
NAMES = [f"model-{number:02d}" for number in range(MODELS)]


def settled(text: str) -> CachedModelPlan:
    return CachedModelPlan(
        blobs=text,
        signature=text,
        until=7,
        digest=text,
        sync="IN_SYNC",
        health="SERVING",
        reason=text,
        paths=(text, "b"),
    )


def memory(**given: object) -> CachedPlan:
    whole = CachedPlan(
        basis={"code": "x"},
        saved=1,
        until=2,
        signature="s",
        paths=("a",),
        worktree=None,
        settled={name: settled(name) for name in NAMES},
        valid={f"manifests/production/{name}.yaml": name for name in NAMES},
    )
    return replace(whole, **given)  # type: ignore[arg-type]


def told(memo: CachedPlan | None) -> CachedPlan | None:
    """Without how it was written."""
    return memo and replace(memo, written="", changed=(frozenset(), frozenset()))


CHANGES = st.lists(
    st.tuples(st.sets(st.sampled_from(NAMES), max_size=6), st.sets(st.sampled_from(NAMES), max_size=3), st.integers()),
    min_size=1,
    max_size=5,
)


@given(CHANGES)
def test_a_memory_is_read_as_it_was_given(steps: list[tuple[set[str], set[str], int]]) -> None:
    """(models known anew, models no more known, what all share) again and again, each from what was read before."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "memory.json"
        save(path, memory())
        for number, (anew, gone, shared) in enumerate(steps):
            before = load(path)
            assert before is not None
            now = {name: one for name, one in before.settled.items() if name not in gone}
            now |= {name: settled(f"{name} {number}") for name in anew}
            valid = {place: blob for place, blob in before.valid.items() if not any(name in place for name in gone)}
            given = memory(settled=now, valid=valid | dict.fromkeys(anew, "new"), saved=shared, unsettled=tuple(gone))
            save(path, given, before=before)
            assert told(load(path)) == given


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """With a change of one model written beside what was written whole."""
    found = tmp_path / "memory.json"
    save(found, memory())
    before = load(found)
    assert before is not None
    save(found, changed(before), before=before)
    return found


def changed(memo: CachedPlan) -> CachedPlan:
    return replace(memo, saved=5, settled={**memo.settled, NAMES[3]: settled("other")})


def test_a_little_that_changed_is_written_alone(path: Path) -> None:
    _, beside = map(json.loads, path.with_suffix(".changes").read_bytes().splitlines()[1:])
    assert list(beside["settled"]) == [NAMES[3]]
    assert beside["valid"] == {}
    assert told(load(path)) == told(changed(memory()))


def test_of_changes_with_a_changed_byte_nothing_is_taken(path: Path) -> None:
    beside = path.with_suffix(".changes")
    body = beside.read_bytes()
    for at in range(0, len(body), 7):
        beside.write_bytes(body[:at] + bytes([body[at] ^ 1]) + body[at + 1 :])
        assert told(load(path)) == memory(), at


def test_changes_of_another_memory_are_not_taken(path: Path) -> None:
    """As when two plans end at once, one of which wrote all anew."""
    save(path, memory(saved=9))
    assert told(load(path)) == memory(saved=9)


def test_much_that_changed_is_written_whole(path: Path) -> None:
    before = load(path)
    assert before is not None
    save(path, replace(before, settled={name: settled("other") for name in NAMES}), before=before)
    path.with_suffix(".changes").unlink()
    fresh = load(path)
    assert fresh is not None
    assert {one.signature for one in fresh.settled.values()} == {"other"}
