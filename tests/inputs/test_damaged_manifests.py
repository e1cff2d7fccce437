"""Every byte of every manifest, card and lock, damaged.

Told as a problem at its place; or it still says something, and is read as what it says; never anything else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pytest

from reconciler.core.spec.desired_state import DesiredState
from reconciler.engine.load_desired import load
from reconciler.errors import InvalidManifestsError, Problem
from reconciler.ports import TreeFile
from tests.fuzz.targets import Guessed, shipped, shown
from tests.inputs.corruption import STRIDE, damaged

PATHS = (
    "reconciler.yaml",
    "environments/sandbox.yaml",
    "environments/production.yaml",
    "manifests/sandbox/customer-payments.yaml",
    "manifests/production/customer-payments.yaml",
    "manifests/production/customer-payments.md",
)
PIN = "sha256:" + "a" * 64
CARD = f"# customer-payments in production\n\nArtifact: `{PIN}`\n\nTemplate: 1\n"


def files() -> dict[str, bytes]:
    """The shipped ones, promoted."""
    made = dict(shipped())
    text = made["manifests/sandbox/customer-payments.yaml"].decode()
    promoted = text.replace("spec:\n", f"spec:\n  artifact: {PIN}\n", 1).replace("  retrain: {because: [recipe]}\n", "")
    made["manifests/production/customer-payments.yaml"] = promoted.encode()
    made["manifests/production/customer-payments.md"] = CARD.encode()
    return made


class Files:
    """Of a Source, what loading uses."""

    def __init__(self, found: dict[str, bytes]) -> None:
        self._found = found

    def tree(self, commit: str, folders: tuple[str, ...]) -> tuple[TreeFile, ...]:
        return tuple(
            TreeFile(path=path, mode="100644", id=path, size=len(body)) for path, body in sorted(self._found.items())
        )

    def read(self, ids: Iterable[str]) -> Mapping[str, bytes]:
        return {one: self._found[one] for one in ids}


def read(found: dict[str, bytes]) -> DesiredState | tuple[Problem, ...]:
    try:
        return load(Files(found), Guessed(), revision="c").desired  # type: ignore[arg-type]
    except InvalidManifestsError as error:
        shown(error)
        return error.problems


@pytest.mark.soak
@pytest.mark.parametrize("path", PATHS)
def test_a_damaged_manifest_is_refused_at_its_place_or_says_something_else(path: str) -> None:
    whole = files()
    before = read(whole)
    assert isinstance(before, DesiredState)
    errors = others = same = 0
    for what, left in damaged(whole[path], stride=STRIDE * 4):
        found = read({**whole, path: left})
        if isinstance(found, DesiredState):
            # A comment, a blank or a quote: or it says something else, which a plan and a diff show.
            same += found == before
            others += found != before
            assert not path.endswith(".md") or PIN.encode() in left, what
        else:
            assert found, what
            assert all(one.where.line and one.code for one in found), what
            errors += 1
    print(f"{path}: {errors} refused, {others} other manifests, {same} the same")
    assert errors


def test_a_damaged_lock_is_refused_or_pins_what_it_pins() -> None:
    whole = files()
    lock = whole["requirements.lock"]
    start = lock.index(b"duckdb==")
    for what, left in damaged(lock[start : start + 30], stride=1):
        found = read({**whole, "requirements.lock": lock[:start] + left + lock[start + 30 :]})
        if not isinstance(found, DesiredState):
            assert {one.code for one in found} in ({"E204"}, {"E113"}), what  # E113: a bit that makes a line end
        else:
            (runtime,) = [one.runtime for one in found.environments if one.runtime is not None]
            assert dict(runtime.versions)["duckdb"], what
