"""What each request changed, gathered from the newest entries of each model."""

from __future__ import annotations

from reconciler.core.site.changes import MOST_NAMED, Changes
from reconciler.core.site.site import ModelChange


def change(model: str, n: int, *, commit: str = "c1", when: str = "2026-11-01T00:00:00Z") -> ModelChange:
    return ModelChange(
        model=model, n=n, when=when, action="deploy", artifact="ab", commit=commit, who="Ada", reason="passed"
    )


def gathered(*models: list[ModelChange], newest: int = 10, requests: int = 10) -> Changes:
    changes = Changes(newest=newest, requests=requests)
    for each in models:
        changes.add(each)
    return changes


def test_a_commit_names_each_model_once_and_counts_all() -> None:
    models = [[change(f"m{n:03d}", 0), change(f"m{n:03d}", 1)] for n in range(MOST_NAMED + 7)]
    (request,) = gathered(*models).requests()
    assert request.count == MOST_NAMED + 7
    assert request.models == tuple(f"m{n:03d}" for n in range(MOST_NAMED))


def test_the_newest_come_first_and_only_so_many_are_kept() -> None:
    models = [[change("a", n, commit=f"c{n}", when=f"2026-11-{n + 1:02d}T00:00:00Z")] for n in range(9)]
    found = gathered(*models, newest=3, requests=2)
    assert [each.n for each in found.newest()] == [8, 7, 6]
    assert [each.commit for each in found.requests()] == ["c8", "c7"]


def test_an_entry_without_a_commit_is_in_the_history_and_no_request() -> None:
    found = gathered([change("a", 0, commit="")])
    assert len(found.newest()) == 1
    assert found.requests() == ()
