"""No request can loosen what judges it: attacks with git content alone, by real git and real commands.

In each, the last apply before the attack left a gate in force that the attacker's candidate fails.
"""

from __future__ import annotations

import shutil

import pytest

from tests.support.effort import count
from tests.support.project import Project

POLICY = "environments/production.yaml"
PIN = "manifests/production/lateness.yaml"
STRICT, LOOSE = "atLeast: 0.999", "atLeast: 0.1"


@pytest.fixture
def strict(newer: Project) -> Project:
    """Production demands more than the sandbox's candidate has; that is in force, and what serves stays."""
    edit(newer, POLICY, "atLeast: 0.4", STRICT)
    newer.commit("A stricter gate")
    newer.run("apply", "production", "--yes")
    return newer


def edit(project: Project, path: str, old: str, new: str) -> None:
    text = (project.root / path).read_text()
    assert old in text, f"{old} is not in {path}"
    (project.root / path).write_text(text.replace(old, new))


def propose(project: Project) -> str:
    """Merge the promotion of the newest candidate into the branch that is checked out, by fast-forward; its summary."""
    project.run("apply", "sandbox", "--yes", code=None)
    proposed = project.run("promote", "lateness", "--to", "production", "-o", "json").json
    project.git("merge", "-q", "--ff-only", proposed["branch"])
    return " ".join(proposed["summary"])


def merged(project: Project, way: str) -> None:
    """Merge the branch `pr` into main in one of the ways that forges offer."""
    if way == "rebase":
        project.git("rebase", "-q", "main", "pr")
    project.git("checkout", "-q", "main")
    if way == "squash":
        project.git("merge", "-q", "--squash", "pr")
        project.git("commit", "-q", "-m", "All of it (#7)")
    elif way == "merge commit":
        project.git("merge", "-q", "--no-ff", "-m", "Merge request 7", "pr")
    else:
        project.git("merge", "-q", "--ff-only", "pr")


def refused(project: Project, before: str, *words: str, code: int = 4) -> str:
    """Apply twice, as a nightly job does: what served stays, and the refusal says these words."""
    told = ""
    for _ in range(2):
        ran = project.run("apply", "production", "--yes", code=code)
        told = " ".join(f"{ran.out} {ran.err}".split())
        for word in words:
            assert word in told, told
        assert project.served()["artifact"] == before
    return told


@pytest.mark.parametrize(
    "way",
    [
        *(pytest.param(way, marks=pytest.mark.soak(only=True)) for way in ("fast-forward", "rebase", "squash")),
        "merge commit",
    ],
)
def test_a_gate_weakened_in_one_commit_and_a_pin_in_the_next_are_one_change(strict: Project, way: str) -> None:
    before = strict.served()["artifact"]
    strict.git("checkout", "-q", "-b", "pr")
    edit(strict, POLICY, STRICT, LOOSE)
    strict.commit("Tidy up")
    assert "what is in force in production refuses this pin" in propose(strict), "the proposal says so already"
    merged(strict, way)
    told = refused(strict, before, "GATE WEAKENED accuracy at least: 0.999 -> 0.1", "entry 2 of the controls")
    assert "promote lateness --to production --again" in told


@pytest.mark.soak(only=True)  # `UnprotectedUnjudged` of the simulation
def test_a_request_that_also_takes_the_protection_away_is_judged_by_what_was_in_force(strict: Project) -> None:
    before = strict.served()["artifact"]
    strict.git("checkout", "-q", "-b", "pr")
    edit(strict, POLICY, STRICT, LOOSE)
    edit(strict, POLICY, "  protect: {branch: main}\n", "")
    strict.commit("Tidy up")
    propose(strict)
    merged(strict, "merge commit")
    refused(strict, before, "GATE WEAKENED accuracy", "GATE WEAKENED protect: branch main -> nothing")


@pytest.mark.soak(only=True)  # `PinRenewed` of the simulation
def test_many_commits_after_a_weakened_gate_do_not_launder_the_pin(strict: Project) -> None:
    before = strict.served()["artifact"]
    edit(strict, POLICY, STRICT, LOOSE)
    strict.commit("Tidy up")
    propose(strict)
    for number in range(count("COMMITS")):
        edit(strict, PIN, "apiVersion", f"# {number}\napiVersion")
        strict.git("commit", "-qam", f"A comment, {number}")
    refused(strict, before, "GATE WEAKENED accuracy")
    edit(strict, PIN, "apiVersion", "# one more\napiVersion")
    strict.commit("And one after the apply")
    refused(strict, before, "GATE WEAKENED accuracy")


@pytest.mark.soak(only=True)  # unit/engine/controls: dropping people
def test_who_drops_the_approvals_first_still_needs_them_for_the_pin(newer: Project) -> None:
    before = newer.served()["artifact"]
    edit(newer, POLICY, "    maxDataAge: 30d\n", "    maxDataAge: 30d\n    approvals: {min: 1, from: [rita]}\n")
    newer.commit("Rita approves")
    newer.run("apply", "production", "--yes")
    edit(newer, POLICY, "    approvals: {min: 1, from: [rita]}\n", "")
    newer.commit("Nobody approves")
    left = newer.run("apply", "production", "--yes").err
    assert "not in force: approvals: 1 of rita -> nothing" in " ".join(left.split())
    propose(newer)
    refused(newer, before, "needs 1 approval by rita")


@pytest.mark.soak(only=True)  # `SourcesUnjudged` of the simulation
def test_a_planted_sandbox_is_told_and_its_evidence_does_not_count(strict: Project) -> None:
    before = strict.served()["artifact"]
    strict.git("checkout", "-q", "-b", "pr")
    text = (strict.root / "environments/sandbox.yaml").read_text()
    strict.write("environments/lab.yaml", text.replace("name: sandbox", "name: lab"))
    strict.write("manifests/lab/lateness.yaml", (strict.root / "manifests/sandbox/lateness.yaml").read_text())
    edit(strict, POLICY, "promotesFrom: [sandbox]", "promotesFrom: [lab, sandbox]")
    strict.commit("A laboratory")
    strict.run("apply", "lab", "--yes", code=None)
    edit(strict, POLICY, STRICT, LOOSE)
    strict.commit("Tidy up")
    strict.run("apply", "lab", "--yes", code=None)
    propose(strict)
    merged(strict, "fast-forward")
    refused(strict, before, "GATE WEAKENED promotesFrom: sandbox -> also lab")


def test_an_empty_place_in_the_same_request_is_a_loss_and_nothing_is_deployed_into_it(strict: Project) -> None:
    before = strict.served()["artifact"]
    strict.git("checkout", "-q", "-b", "pr")
    edit(strict, POLICY, "root: serving", "root: serving2")
    edit(strict, POLICY, "spec:\n", "spec:\n  store: {uses: files, root: .reconciler/production2}\n")
    edit(strict, POLICY, STRICT, LOOSE)
    edit(strict, ".gitignore", "serving/", "serving/\nserving2/")
    strict.commit("Move house")
    merged(strict, "merge commit")
    refused(strict, before, "E603", code=6)
    assert not (strict.root / "serving2/lateness").exists()


def test_a_store_that_was_moved_with_all_that_it_holds_goes_on(strict: Project) -> None:
    (strict.root / ".reconciler/production").rename(strict.root / ".reconciler/production2")
    edit(strict, POLICY, "spec:\n", "spec:\n  store: {uses: files, root: .reconciler/production2}\n")
    strict.commit("Move house")
    told = " ".join(strict.run("apply", "production", "--yes").err.split())
    assert "in force now: store: .reconciler/production -> .reconciler/production2" in told
    strict.run("audit")


@pytest.mark.soak(only=True)  # unit/engine/controls/test_first_entry
def test_who_comes_back_to_a_store_that_was_left_needs_a_person(newer: Project) -> None:
    before = newer.served()["artifact"]
    moved = "spec:\n  store: {uses: files, root: .reconciler/production2}\n"
    edit(newer, POLICY, "spec:\n", moved)
    newer.commit("Move house")
    edit(newer, POLICY, moved, "spec:\n")
    newer.commit("And back")
    propose(newer)
    refused(newer, before, "git had it elsewhere", ".reconciler/production2", "controls accept production")
    shown = newer.run("controls", "show", "production", "-o", "json").json
    newer.run("controls", "accept", "production", "--reason", "it was empty", "--id", shown["digest"])
    newer.run("apply", "production", "--yes")
    assert newer.served()["artifact"] != before


def test_a_log_that_is_gone_is_accepted_by_a_person_or_nothing_new_is_deployed(strict: Project) -> None:
    before = strict.served()["artifact"]
    shutil.rmtree(strict.root / ".reconciler/production/controls")
    edit(strict, POLICY, STRICT, LOOSE)
    strict.commit("Tidy up")
    propose(strict)
    refused(strict, before, "E603", "reconciler controls accept production", code=6)
    shown = strict.run("controls", "show", "production", "-o", "json").json
    assert "unaccepted" in shown
    said = strict.run("controls", "accept", "production", "--reason", "an older store", code=2)
    assert "E802" in said.err, "there is no terminal to ask on"
    wrong = strict.run("controls", "accept", "production", "--reason", "x", "--id", "0" * 12, code=2)
    assert "is not the id of what is there now" in wrong.err
    given = strict.run(
        *("controls", "accept", "production", "--reason", "an older store", "--id", shown["digest"], "-o", "json")
    ).json
    assert (given["entry"], given["accepted"]["reason"]) == (0, "an older store")
    # What was accepted is what judged the newest deployment: accuracy at least 0.4, which the candidate has.
    assert "gate accuracy at least: 0.4" in given["rules"]
    strict.run("apply", "production", "--yes")
    assert strict.served()["artifact"] != before


def test_a_sandbox_has_no_controls_and_names_what_has(newer: Project) -> None:
    for action in ("show", "accept"):
        told = newer.run("controls", action, "sandbox", "--reason", "why not", code=2).err
        assert "sandbox is a sandbox" in told
        assert "reconciler controls show production" in told


def test_the_work_tree_says_nothing_about_what_is_in_force(strict: Project) -> None:
    before = strict.served()["artifact"]
    edit(strict, POLICY, "  protect: {branch: main}\n", "")
    edit(strict, POLICY, "role: production", "role: staging")
    edit(strict, POLICY, STRICT, LOOSE)
    ran = strict.run("apply", "production", "--yes", "--working-tree", code=2)
    assert "never from a work tree" in ran.err
    edit(strict, POLICY, "role: staging", "role: sandbox")
    edit(strict, POLICY, "  promotesFrom: [sandbox]\n", "")
    edit(strict, POLICY, "  target: {uses: directory, root: serving}\n", "")
    ran = strict.run("apply", "production", "--yes", "--working-tree", code=None)
    assert ran.code in (2, 4)
    assert strict.served()["artifact"] == before


@pytest.mark.soak(only=True)  # `RenamedIsNew` of the simulation
def test_a_rename_leaves_no_gate_behind(strict: Project) -> None:
    before = strict.served()["artifact"]
    strict.git("checkout", "-q", "-b", "pr")
    edit(strict, POLICY, STRICT, LOOSE)
    strict.commit("Tidy up")
    propose(strict)
    for folder in ("sandbox", "production"):
        path = strict.root / f"manifests/{folder}/lateness.yaml"
        text = path.read_text().replace("name: lateness,", "name: tardiness, renamedFrom: lateness,")
        strict.write(f"manifests/{folder}/tardiness.yaml", text)
        path.unlink()
    (strict.root / "manifests/production/lateness.md").unlink()
    strict.commit("A better name")
    merged(strict, "squash")
    refused(strict, before, "GATE WEAKENED accuracy")


@pytest.mark.soak(only=True)
def test_a_rewritten_history_goes_on_once_a_person_accepts_it(newer: Project) -> None:
    before = newer.served()["artifact"]
    propose(newer)
    newer.git("checkout", "-q", "--orphan", "clean")
    newer.git("commit", "-q", "-m", "All of it, without its history")
    newer.git("branch", "-q", "-M", "clean", "main")
    refused(newer, before, "reconciler controls accept production", code=5)
    shown = newer.run("controls", "show", "production", "-o", "json").json
    newer.run("controls", "accept", "production", "--reason", "a secret was in it", "--id", shown["digest"])
    newer.run("apply", "production", "--yes")
    assert newer.served()["artifact"] != before
    newer.recipe("max_depth: 5", "max_depth: 4")
    newer.run("plan", "production", "--check", code=None)
    newer.run("audit")


CLASSES = "on_time: days_late <= 0\n        late: days_late > 0"
DAYS = "days_late: date_diff('day', due, coalesce(paid, as_of))"


@pytest.mark.soak(only=True)
@pytest.mark.parametrize(
    ("old", "new", "part"),
    [
        (CLASSES, CLASSES.replace("0", "3"), "outcome"),
        pytest.param(DAYS, f"{DAYS} - 3", "derive", marks=pytest.mark.soak(only=True)),
    ],
)
def test_another_outcome_is_let_in_on_its_own_and_then_promoted(newer: Project, old: str, new: str, part: str) -> None:
    """What is predicted may change, on purpose: but not in the very change that is judged by it."""
    before = newer.served()["artifact"]
    newer.run("apply", "production", "--yes")
    newer.recipe(old, new)
    propose(newer)
    refused(newer, before, f"GATE WEAKENED recipe {part}: as it was -> another")
    newer.run("apply", "sandbox", "--yes")
    again = newer.run("promote", "lateness", "--to", "production", "--again", "-o", "json").json
    newer.merge(again["branch"])
    newer.run("apply", "production", "--yes")
    assert newer.served()["artifact"] == again["artifact"] != before
