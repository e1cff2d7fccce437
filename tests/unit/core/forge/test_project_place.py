"""Two projects of one repository share no branch, comment, status or issue; one at its root keeps its names."""

from __future__ import annotations

import itertools

import pytest

from reconciler.adapters.forges.project_forge import ProjectForge
from reconciler.core.forge.project_place import at_place, place_of
from reconciler.core.forge.pull_request import CommitStatus, PullRequestDraft, StatusState, key_of, mark
from reconciler.core.names import is_revision
from reconciler.testing.memory_forge import MemoryForge

FOLDERS = (
    *("", "a", "b", "teams/a", "teams/b", "teams-a", "Teams/A", "teams.a", "teams_a", "a/lock", "a@b", "a..b"),
    *("\u00fcber uns", "x" * 200, "x" * 199 + "y"),
)


def test_each_folder_has_a_place_of_its_own_that_git_and_marks_accept() -> None:
    places = [place_of(folder) for folder in FOLDERS]
    assert len(set(places)) == len(FOLDERS)
    assert places[0] == place_of(".") == ""
    assert place_of("teams/b/") == "teams.b"
    for place in places:
        assert is_revision(f"promote/{at_place('production', place)}/model/0123456789ab")
        assert is_revision(f"promote/{at_place('production', place)}")
        key = f"plan/{at_place('production', place)}"
        assert key_of(mark(key)) == key


@pytest.mark.parametrize(("one", "two"), list(itertools.combinations(("", "teams.a", "teams.b"), 2)))
def test_what_one_project_writes_at_a_forge_the_other_neither_reads_nor_changes(one: str, two: str) -> None:
    shared = MemoryForge()
    shared.tips["topic"] = "c" * 40
    number = shared.open(PullRequestDraft(head="topic", base="main", title="t", body="b")).number
    first, second = (ProjectForge(shared, place) if place else shared for place in (one, two))
    status = CommitStatus(name="reconciler/plan/production", state=StatusState.SUCCESS, description="sha256:1")
    first.comment(number, "plan/production", "first")
    first.issue("drift/production", title="Drift", body="first")
    first.set_status("c" * 40, status)
    assert second.comment_body(number, "plan/production") is None
    assert second.issue_body("drift/production") is None
    assert status.name not in {known.name for known in second.statuses("c" * 40)}
    second.comment(number, "plan/production", "second")
    second.issue("drift/production", title="Drift", body=None)
    assert first.comment_body(number, "plan/production") == "first"
    assert first.issue_body("drift/production") == "first"
    assert status in first.statuses("c" * 40)
