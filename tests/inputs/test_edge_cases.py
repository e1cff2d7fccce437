"""Bad inputs of the list (`rows`) that belong to no one module: tried where they meet the engine or the command."""

from __future__ import annotations

import os
import signal
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.adapters.filesystem import store as store_files
from reconciler.adapters.filesystem.store import FilesStore
from reconciler.core.artifact.observed_state import CommitOrder
from reconciler.core.size_limits import CONFIGURATION_FILES
from reconciler.core.spec.gates import Threshold
from reconciler.core.status_codes import ResultStatus
from reconciler.engine.inspect.explain_status import why
from reconciler.errors import IntegrityError, InvalidManifestsError, StoreError
from reconciler.manifest.loading.load import load
from reconciler.ports import TreeFile
from tests.fuzz.targets import Guessed, shipped
from tests.simulation import sample_project
from tests.simulation.sample_project import NOBODYS, PRODUCTION
from tests.simulation.scenario import Scenario
from tests.support.project import Project, begin, configured, write_ledger


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return begin(configured(tmp_path / "project"))


# --- promotions and commits ------------------------------------------------------------------------------------------


def test_a_digest_that_nobody_made_is_not_deployed(tmp_path: Path) -> None:
    scenario = Scenario(tmp_path)
    serves = scenario.deployed(seed=10)
    scenario.commit(seed=10, pin=NOBODYS)
    part = scenario.part("production")
    assert part.blocked is not None
    assert part.blocked.status is ResultStatus.CONFLICT
    assert "artifact 000000000000 not found" in part.reason
    scenario.apply("production")
    assert scenario.serves == serves


def test_a_branch_that_was_pushed_back_before_the_last_applied_commit_is_refused(tmp_path: Path) -> None:
    scenario = Scenario(tmp_path)
    scenario.deployed(seed=10)
    last = scenario.desired
    serves = scenario.deployed(seed=11)
    del scenario.project.source.line[scenario.project.source.line.index(str(last.revision)) + 1 :]
    part = next(one for one in scenario.plan("production", last).models if one.model == sample_project.MODEL)
    assert part.blocked is not None
    assert part.blocked.status is ResultStatus.CONFLICT
    assert part.basis.order == CommitOrder.OFF.value
    assert "not on" in part.reason or "older" in part.reason or "branch" in part.reason
    scenario.apply("production", last)
    assert scenario.serves == serves


def test_a_gate_that_is_weakened_in_the_commit_that_promotes_has_judged_nothing_yet(tmp_path: Path) -> None:
    """No approval is asked for it yet; but until the sandbox has judged by the new gate, nothing is deployed."""
    scenario = Scenario(tmp_path)
    serves = scenario.deployed(seed=10)
    scenario.commit(seed=3)  # refused: it scores less than production's threshold
    scenario.apply("sandbox")
    refused = scenario.candidate
    policy = replace(PRODUCTION.policy, gates=(Threshold(metric="f1_macro", at_least=0.01),))
    scenario.commit(seed=3, pin=refused, production=replace(PRODUCTION, policy=policy))
    part = scenario.part("production")
    assert part.blocked is not None
    assert part.blocked.status is ResultStatus.CONFLICT
    assert "is not verified against today's gates" in part.reason
    scenario.apply("production")
    assert scenario.serves == serves


def test_why_does_not_advise_to_promote_what_the_gates_refused(tmp_path: Path) -> None:
    scenario = Scenario(tmp_path)
    scenario.commit(seed=3)
    scenario.apply("sandbox")
    (advice,) = why(scenario.deps(), scenario.desired, PRODUCTION, sample_project.MODEL).advice
    assert "failed the gates" in advice.reason
    assert advice.command == f"reconciler why {sample_project.MODEL} --in sandbox"
    scenario.commit(seed=10)
    scenario.apply("sandbox")
    (advice,) = why(scenario.deps(), scenario.desired, PRODUCTION, sample_project.MODEL).advice
    assert advice.command == f"reconciler promote {sample_project.MODEL} --to production"


def test_more_manifests_than_are_read_are_refused_before_any_is_read() -> None:
    paths = [f"manifests/sandbox/m{n}.yaml" for n in range(100_000)]
    tree = tuple(TreeFile(path=path, mode="100644", id=path, size=1) for path in paths)
    with pytest.raises(InvalidManifestsError) as caught:
        load(dict.fromkeys(paths, b"- no manifest"), tree, revision="c", expressions=Guessed())
    assert [problem.code for problem in caught.value.problems] == ["E310"]
    assert f"{CONFIGURATION_FILES:,}" in caught.value.problems[0].message
    assert shipped()


# --- stores ----------------------------------------------------------------------------------------------------------


def test_a_file_system_without_exclusive_create_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_links(source: object, path: object, **folders: object) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(store_files.os, "link", no_links)
    with pytest.raises(StoreError) as caught:
        FilesStore(tmp_path / "store").create("a", b"x")
    assert caught.value.code == "E601"
    assert "two writers" in caught.value.message


@pytest.mark.parametrize("number", [13, 1], ids=["EACCES", "EPERM"])
def test_a_store_that_may_not_be_read_is_never_an_empty_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    store = FilesStore(tmp_path / "store")
    store.create("a", b"x")

    def forbidden(*arguments: object, **named: object) -> int:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "open", forbidden)
    monkeypatch.setattr(os, "scandir", forbidden)
    for attempt in (lambda: store.read("a"), lambda: list(store.keys(""))):
        with pytest.raises(StoreError) as caught:
            attempt()
        assert caught.value.code == "E602"
        assert caught.value.hint


def test_the_store_of_another_project_is_not_written_to(tmp_path: Path) -> None:
    scenario = Scenario(tmp_path)
    scenario.deployed(seed=10)
    before = {name: dict(store.objects) for name, store in scenario.project.stores.items()}
    scenario.merge(replace(scenario.desired, project="another"))
    for environment in ("sandbox", "production"):
        with pytest.raises(IntegrityError) as caught:
            scenario.apply(environment)
        assert caught.value.code == "E609"
        assert "belongs to" in caught.value.message
    assert {name: dict(store.objects) for name, store in scenario.project.stores.items()} == before


# --- the command line ------------------------------------------------------------------------------------------------


def test_dirty_detached_and_in_ci_a_plan_is_of_the_commit(project: Project) -> None:
    project.git("checkout", "-q", "--detach")
    manifest = project.root / "manifests/sandbox/lateness.yaml"
    manifest.write_text(manifest.read_text().replace("seed: 7", "seed: many"))
    project.environment |= {"CI": "true"}
    assert "uncommitted" in project.run("plan", "sandbox").err


@pytest.mark.soak(only=True)
def test_of_two_init_at_once_one_writes_and_the_other_says_so(tmp_path: Path) -> None:
    made = Project(tmp_path)
    write_ledger(tmp_path / "first.csv", rows=100, seed=1)
    write_ledger(tmp_path / "second.csv", rows=100, seed=2)
    both = [
        made.start("init", "both", "--estimator", "default", "--from-table", str(tmp_path / f"{name}.csv"))
        for name in ("first", "second")
    ]
    told = [process.communicate(timeout=300) for process in both]
    codes = [process.returncode for process in both]
    assert 0 in codes, told
    assert set(codes) <= {0, 2}, told
    assert not any("Traceback" in out + err for out, err in told)
    lost = [err for process, (_, err) in zip(both, told, strict=True) if process.returncode]
    assert all("would be overwritten" in err or "already" in err or "hint:" in err for err in lost), told
    if lost:
        assert Project(tmp_path / "both").run("validate").out.startswith("Valid: 1 model")


@pytest.mark.soak(every=2)
@pytest.mark.parametrize(
    ("command", "line", "left"),
    [
        (("init", "new"), "profile the table", ()),
        (("apply", "sandbox", "--yes"), "refresh", (".reconciler/sandbox/store.json",)),
    ],
    ids=["init", "refresh"],
)
def test_an_interruption_in_an_early_phase_is_130_and_the_next_run_does_it(
    project: Project, command: tuple[str, ...], line: str, left: tuple[str, ...]
) -> None:
    project.environment |= {"PYTHONUNBUFFERED": "1"}
    process = project.start("-v", *command)
    assert process.stderr is not None
    for said in process.stderr:
        if line in said:
            break
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=120)
    if process.returncode == 0:
        pytest.fail(f"it was done before it could be interrupted: {out}{err}")
    assert process.returncode == 130, out + err
    assert "safe to run again" in err + out
    assert "Traceback" not in err
    stored = [
        str(path.relative_to(project.root)) for path in (project.root / ".reconciler").rglob("*") if path.is_file()
    ]
    assert set(left) >= {one for one in stored if "/snapshots/" in one or "/journal/" in one}
    assert not (project.root / "new/reconciler.yaml").exists()


def test_an_argument_that_is_longer_than_any_name_is_refused_by_the_whole_command(project: Project) -> None:
    for arguments in (["plan", "x" * 100_000], ["x" * 100_000], ["plan", "sandbox", "--out", "y" * 100_000]):
        ran = project.run(*arguments, code=2)
        assert ran.err.startswith("error: E801")
        assert len(ran.err) < 2_000


def test_git_that_is_not_there_is_named(project: Project, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    ran = subprocess.run(
        [project.python, "-P", "-m", "reconciler", "-C", str(project.root), "status"],
        env={**project.environment, "PATH": str(tmp_path / "bin")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 2
    assert "E306 git is not installed" in ran.stderr
