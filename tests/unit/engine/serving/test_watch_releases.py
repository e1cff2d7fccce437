"""What a target says is served only where the journal deployed it, byte for byte; else what was served goes on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.core.artifact.journal import ReleasePointer
from reconciler.core.artifact.observed_state import LiveDeployment
from reconciler.core.digest import Digest, digest_of_file, hex_of
from reconciler.engine.find_environment import environment_of
from reconciler.engine.serving.watch_releases import ReleaseWatcher
from reconciler.errors import ScoringError, TargetError, UsageError
from reconciler.ports import Target
from reconciler.ports.serving.changes import Looked, RefusedRelease, RetiredModel, ServingChange, VerifiedRelease
from reconciler.testing.memory import MemoryTarget
from tests.simulation.sample_project import MODEL, FakeScorer
from tests.simulation.scenario import Scenario

OTHER = Digest("sha256:" + "0" * 64)


class Watched:
    """A watcher of a scenario's production, and what it told."""

    def __init__(self, scenario: Scenario, folder: Path, target: Target | None = None, **ports: object) -> None:
        folder.mkdir()
        deps = replace(scenario.project.deps(trains=False, target=target), **ports)
        where = environment_of(scenario.desired, "production")
        self.watcher = ReleaseWatcher(deps, scenario.desired, where, folder)

    def look(self) -> list[ServingChange]:
        """Return what changed, without the note that the look is over."""
        *changes, looked = self.watcher.look()
        assert looked == Looked()
        return changes

    def until_due(self) -> list[ServingChange]:
        """Look until something changes, at most as often as a refused release is waited for."""
        for _ in range(200):
            if changes := self.look():
                return changes
        return []


@pytest.fixture
def watched(scenario: Scenario, tmp_path: Path) -> Watched:
    scenario.deployed()
    return Watched(scenario, tmp_path / "copies")


def pointer(scenario: Scenario) -> ReleasePointer:
    return scenario.project.target.current[MODEL]


def test_a_deployed_release_is_copied_and_served_once(scenario: Scenario, watched: Watched) -> None:
    (release,) = watched.look()
    assert isinstance(release, VerifiedRelease)
    assert (release.artifact, release.entry, release.n) == (
        scenario.serves,
        pointer(scenario).entry,
        pointer(scenario).n,
    )
    assert digest_of_file(release.folder / "manifest.json") == release.artifact
    assert release.folder.stat().st_mode & 0o077 == 0
    assert watched.look() == []


def test_another_deployment_is_seen_and_so_is_a_rollback(scenario: Scenario, watched: Watched) -> None:
    (first,) = watched.look()
    scenario.deployed(seed=20)
    (second,) = watched.look()
    scenario.rollback_now()
    (third,) = watched.look()
    assert isinstance(first, VerifiedRelease)
    assert isinstance(second, VerifiedRelease)
    assert isinstance(third, VerifiedRelease)
    assert first.artifact == third.artifact != second.artifact
    assert (first.n or 0) < (second.n or 0) < (third.n or 0)
    assert first.folder != third.folder


def test_what_the_journal_did_not_deploy_is_refused_and_served_again_once_it_is_mended(
    scenario: Scenario, watched: Watched
) -> None:
    watched.look()
    right = pointer(scenario)
    for wrong, why in (
        (replace(right, entry=OTHER), "an entry 0 that is not the journal's"),
        (replace(right, artifact=OTHER), "which entry 0 did not deploy"),
        (replace(right, n=right.n + 5), "its journal ends at 0"),
    ):
        scenario.project.target.current[MODEL] = wrong
        (refused,) = watched.look()
        assert isinstance(refused, RefusedRelease)
        assert why in refused.reason
        assert watched.look() == []
        scenario.project.target.current[MODEL] = right
        (release,) = watched.look()
        assert isinstance(release, VerifiedRelease)
        assert release.artifact == right.artifact


def test_a_release_that_is_half_placed_is_refused_until_it_is_whole(scenario: Scenario, watched: Watched) -> None:
    files = scenario.project.target.releases[MODEL][hex_of(scenario.serves or OTHER)]
    whole = dict(files)
    for name in sorted(whole):
        files.clear()
        files.update({key: body for key, body in whole.items() if key != name})
        (refused,) = Watched(scenario, scenario.project.folder / f"without-{name}").look()
        assert isinstance(refused, RefusedRelease)
        assert name in refused.reason
        files[name] = whole[name] + b" "
        here = Watched(scenario, scenario.project.folder / f"longer-{name}")
        (refused,) = here.look()
        assert isinstance(refused, RefusedRelease)
        files[name] = whole[name]
        (release,) = here.until_due()
        assert isinstance(release, VerifiedRelease)


class ChangesOnTheWay(MemoryTarget):
    """Its release has other bytes when it is read than when it was observed."""

    def release(self, model: str) -> Path | None:
        folder = super().release(model)
        if folder is not None:
            (folder / "recipe.json").write_bytes(b"{}")
        return folder


def test_what_changes_between_the_look_and_the_copy_is_refused(scenario: Scenario, tmp_path: Path) -> None:
    scenario.deployed()
    target = ChangesOnTheWay(tmp_path / "other")
    target.current, target.releases = scenario.project.target.current, scenario.project.target.releases
    (refused,) = Watched(scenario, tmp_path / "copies", target).look()
    assert isinstance(refused, RefusedRelease)
    assert "recipe.json: not the bytes of" in refused.reason
    assert list((tmp_path / "copies").iterdir()) == []


def test_a_release_that_cannot_be_loaded_is_refused(scenario: Scenario, tmp_path: Path) -> None:
    class Refusing(FakeScorer):
        def check(self, artifact: Path, limits: object) -> object:  # type: ignore[override]
            raise ScoringError("the model cannot be loaded", code="E511")

    scenario.deployed()
    (refused,) = Watched(scenario, tmp_path / "copies", scorer=Refusing()).look()
    assert refused == RefusedRelease(model=MODEL, reason="E511 the model cannot be loaded")
    assert list((tmp_path / "copies").iterdir()) == []


def test_an_entry_that_is_recorded_and_not_in_place_leaves_what_is_served(scenario: Scenario, watched: Watched) -> None:
    before = pointer(scenario)
    scenario.deployed(seed=20)
    scenario.project.target.current[MODEL] = before
    (release,) = watched.look()
    assert isinstance(release, VerifiedRelease)
    assert (release.artifact, release.n) == (before.artifact, before.n)


def test_a_model_whose_pointer_is_gone_or_names_nothing_is_retired(scenario: Scenario, watched: Watched) -> None:
    watched.look()
    kept = scenario.project.target.current.pop(MODEL)
    assert watched.look() == [RetiredModel(model=MODEL)]
    scenario.project.target.current[MODEL] = kept
    (release,) = watched.look()
    assert isinstance(release, VerifiedRelease)


def test_a_target_that_does_not_answer_changes_nothing_and_is_told(scenario: Scenario, tmp_path: Path) -> None:
    class Silent(MemoryTarget):
        silent = False

        def observe(self, models: Iterable[str], *, others: bool = True) -> tuple[LiveDeployment, ...]:
            if self.silent:
                raise TargetError("no answer", code="E611")
            return super().observe(models, others=others)

        def pointers(self) -> Mapping[str, str]:
            if self.silent:
                raise TargetError("no answer", code="E611")
            return {name: str(current) for name, current in self.current.items()}

    scenario.deployed()
    target = Silent(tmp_path / "other")
    target.current, target.releases = scenario.project.target.current, scenario.project.target.releases
    here = Watched(scenario, tmp_path / "copies", target)
    assert len(here.look()) == 1
    target.silent = True
    assert list(here.watcher.look()) == [Looked(trouble="E611 no answer")]
    target.silent = False
    assert here.look() == []


def test_an_environment_without_a_target_serves_nothing(scenario: Scenario, tmp_path: Path) -> None:
    scenario.deployed()
    deps = scenario.project.deps()
    with pytest.raises(UsageError, match="sandbox declares no target"):
        ReleaseWatcher(deps, scenario.desired, environment_of(scenario.desired, "sandbox"), tmp_path)
