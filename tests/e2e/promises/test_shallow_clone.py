"""CI that checks out one commit: apply is refused with the remedy where its result is read, and works after it."""

from __future__ import annotations

from tests.support.project import Project


def test_an_apply_whose_order_of_commits_cannot_be_told_says_so_for_each_model_and_works_after_the_remedy(
    newer: Project,
) -> None:
    before = newer.served()["artifact"]
    pinned = newer.promote()
    shallow = newer.root / ".git/shallow"
    shallow.write_text(newer.git("rev-parse", "HEAD") + "\n")  # as `git clone --depth 1` leaves it
    refused = newer.run("apply", "production", "--yes", code=2).out
    assert "E307" in refused
    assert "git fetch --unshallow" in refused
    (result,) = newer.run("apply", "production", "--yes", "-o", "json", code=2).json["results"]
    assert (result["model"], result["done"]) == ("lateness", [])
    assert "unshallow" in result["remedy"]
    assert newer.served()["artifact"] == before
    shallow.unlink()
    newer.run("apply", "production", "--yes")
    assert newer.served()["artifact"] == pinned
