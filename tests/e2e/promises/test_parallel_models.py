"""Several models in one apply: the same artifacts as one after the other, one history, and no process left behind."""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from reconciler.adapters.system.host import started_by
from tests.support.project import MODEL, Project, Ran

ESTIMATORS = (
    "DecisionTreeClassifier, params: {max_depth: 3}",
    "LogisticRegression, params: {}",
    "RandomForestClassifier, params: {n_estimators: 10}",
    "HistGradientBoostingClassifier, params: {max_iter: 10}",
    "GaussianNB, params: {}",
)


@pytest.fixture
def several(project: Project) -> Project:
    """Five models instead of one, committed."""
    (project.root / "manifests/sandbox/lateness.yaml").unlink()
    for number, estimator in enumerate(ESTIMATORS):
        text = MODEL.replace("name: lateness", f"name: model-{number}").replace("seed: 7", f"seed: {number}")
        text = text.replace("DecisionTreeClassifier, params: {max_depth: 3}", estimator)
        project.write(f"manifests/sandbox/model-{number}.yaml", text)
    project.commit("Five models")
    return project


def artifacts(ran: Ran) -> dict[str, str]:
    return {one["model"]: one["artifact"] for one in ran.json["results"]}


@pytest.mark.soak(only=True)  # integration/training: four at once
def test_the_artifacts_do_not_depend_on_how_many_are_made_at_once(several: Project) -> None:
    found = []
    for jobs in ("1", "4"):
        applied = several.run("apply", "sandbox", "--yes", "--jobs", jobs, "-o", "json")
        assert applied.json["trained"] == len(ESTIMATORS)
        assert list(artifacts(applied)) == [f"model-{number}" for number in range(len(ESTIMATORS))]
        found.append(artifacts(applied))
        (several.root / ".reconciler").rename(several.root / f".reconciler-{jobs}")
        shutil.rmtree(several.root / ".git/reconciler")  # else the clone misses the store that it saw
    assert found[0] == found[1]
    assert len(set(found[0].values())) == len(ESTIMATORS)


def test_one_that_cannot_be_trained_leaves_the_others(several: Project) -> None:
    path = several.root / "manifests/sandbox/model-1.yaml"
    path.write_text(path.read_text().replace("late: days_late > 0", "late: days_late > 100000"))
    several.commit("A class that no row has")
    ran = several.run("apply", "sandbox", "--yes", "--jobs", "4", "-o", "json", code=1)
    told = {one["model"]: one["exit"] for one in ran.json["results"]}
    assert told == {"model-0": 0, "model-1": 1, "model-2": 0, "model-3": 0, "model-4": 0}


@pytest.mark.soak(only=True)  # held by `tests/unit/engine/apply/test_concurrency.py`, too
def test_no_more_than_max_train_are_trained_and_the_next_run_goes_on(several: Project) -> None:
    path = several.root / "environments/sandbox.yaml"
    path.write_text(path.read_text() + "  limits: {maxTrain: 3}\n")
    several.commit("Three at a time")
    planned = several.run("plan", "sandbox")
    assert "3 to change, 0 blocked, 2 waiting, 0 unchanged" in planned.out
    assert ". model-3  waits: other models are trained first: limits.maxTrain allows 3 per apply" in planned.out
    first = several.run("apply", "sandbox", "--yes", code=3)
    assert "5 models: 3 changed, 2 waiting; 3 trained" in first.out
    assert several.run("plan", "sandbox", "--check", code=3)
    assert several.run("apply", "sandbox", "--yes", "-o", "json").json["trained"] == 2
    assert several.run("plan", "sandbox", "--check").code == 0


@pytest.mark.soak(only=True)  # held by `tests/integration/engine/test_parallel_apply.py`, too
def test_two_applies_at_once_with_several_models_each_leave_one_unbroken_history(several: Project) -> None:
    pair = several.run_two("apply", "sandbox", "--yes", "--jobs", "3")
    assert sorted(ran.code for ran in pair) in ([0, 0], [0, 5], [5, 5]), pair
    assert several.run("apply", "sandbox", "--yes", "-o", "json", "--jobs", "3").json["exit"] == 0
    assert several.run("plan", "sandbox", "--check").code == 0
    several.run("audit", "sandbox")
    store = several.root / ".reconciler/sandbox"
    for number in range(len(ESTIMATORS)):
        folder = store / f"journal/sandbox/model-{number}"
        numbers = sorted(int(path.stem) for path in folder.glob("*.json"))
        assert numbers == list(range(len(numbers)))
        bodies = [json.loads((folder / f"{n}.json").read_text()) for n in numbers]
        assert len({body["attempt"] for body in bodies}) == len(bodies)
        assert len({body["artifact"] for body in bodies}) == 1
    assert len(list((store / "builds").iterdir())) == len(ESTIMATORS)
    assert not list(store.rglob(".tmp-*"))


def family(process: int) -> list[int]:
    """All that it started, and all that those started."""
    found = started_by(process)
    return found + [one for child in found for one in family(child)]


def training(project: Project) -> tuple[subprocess.Popen[str], list[int]]:
    """An apply at the moment when two of its models are being trained, and its family."""
    process = subprocess.Popen(
        [sys.executable, "-m", "reconciler", "-v", "apply", "sandbox", "--yes", "--jobs", "2"],
        cwd=project.root,
        env=project.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    begun = 0
    for line in process.stderr:
        begun += line.endswith(": train ...\n")
        if begun == 2:
            break
    return process, family(process.pid)


@pytest.mark.soak(only=True)  # e2e/test_session: of one
@pytest.mark.skipif(sys.platform != "linux", reason="processes are watched through /proc and process descriptors")
@pytest.mark.parametrize(
    "number",
    [
        signal.SIGKILL,
        *(pytest.param(softer, marks=pytest.mark.soak(only=True)) for softer in (signal.SIGINT, signal.SIGTERM)),
    ],
)
def test_an_interruption_among_several_leaves_no_process_and_the_next_run_finishes(
    several: Project, tmp_path: Path, number: signal.Signals
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    several.environment["TMPDIR"] = str(scratch)
    process, running = training(several)
    ends = []
    for one in running:
        try:
            ends.append(os.pidfd_open(one))
        except ProcessLookupError:
            continue
    assert len(ends) >= 2
    process.send_signal(number)
    out, err = process.communicate(timeout=120)
    for end in ends:  # readable when it has ended
        assert select.select([end], [], [], 60)[0], "a worker outlives apply"
        os.close(end)
    assert "Traceback" not in err
    if number == signal.SIGKILL:
        assert process.returncode == -signal.SIGKILL
    else:
        assert process.returncode == 130, out + err
        assert "safe to run again" in out.lower()
        assert list(scratch.iterdir()) == []
        assert not list((several.root / ".reconciler").rglob(".tmp-*"))
    again = several.run("apply", "sandbox", "--yes", "-o", "json", "--jobs", "2").json
    assert again["exit"] == 0
    assert 3 <= again["trained"] <= len(ESTIMATORS)
    several.run("audit", "sandbox")
