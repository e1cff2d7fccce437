"""What reviewers saw is what is carried out: planned on the request, applied on its merge, reported there."""

from __future__ import annotations

import json

import pytest
import rfc8785

from tests.forge.fake.server import Server
from tests.support.project import Project
from tests.support.team import APPLY, KINDS, PLAN, PROMOTE, Reviewed


@pytest.mark.soak(only=True)  # the merges of forges and orders do it
@pytest.mark.parametrize("kind", KINDS)
def test_what_was_planned_on_the_request_is_applied_on_its_merge_and_told_there(
    trained: Project,
    server: Server,
    kind: str,
) -> None:
    team = Reviewed(trained, server, kind)
    number, branch = team.propose()
    [body] = team.bodies(number)
    assert "`lateness`" in body
    assert "deploy" in body
    head = server.place.tip(branch)
    assert head is not None
    assert list(team.statuses(head)) == ["reconciler/plan/production"]
    again = team.plan(number, branch)
    assert team.bodies(number) == [body], "one comment, and planning again says the same"
    assert [one["model"] for one in again["reviewed"]["models"]] == ["lateness"]

    # What is merged besides makes no difference.
    trained.write("README.md", "Something else was merged.\n")
    trained.commit("Something else")
    team.share()
    merged = team.merge(number)
    done = team.run(*APPLY).json
    assert [(one["request"], one["commit"]) for one in done["merged"]] == [(number, merged)]
    assert trained.served()["artifact"] in done["merged"][0]["applied"]["results"][0]["artifact"]
    [_, report] = team.bodies(number)
    assert "✅ Applied" in report
    assert "HEALTHY" in report
    assert "success" in team.statuses(merged)["reconciler/apply/production"]

    nothing = team.run(*APPLY).json
    assert nothing["merged"] == []
    assert len(team.bodies(number)) == 2


def test_what_moved_since_it_was_reviewed_is_left_alone_and_named(
    trained: Project,
    server: Server,
) -> None:
    team = Reviewed(trained, server, "github")
    number, _ = team.propose()
    team.merge(number)
    team.run(*APPLY)
    first = trained.served()["artifact"]

    team.candidate(2, before=3)
    number, _ = team.propose()
    (trained.release() / "model.skops").chmod(0o644)
    (trained.release() / "model.skops").write_bytes(b"changed by hand")
    team.run("apply", "production", "--yes")  # restores it: the journal has gone on since the review
    team.merge(number)
    left = team.run(*APPLY, code=5).json["merged"][0]
    [result] = left["applied"]["results"]
    assert "the journal and the served files changed since the review" in result["problem"]
    assert trained.served()["artifact"] == first
    assert "❌" in team.bodies(number)[1]
    statuses = team.statuses(left["commit"])
    assert statuses["reconciler/apply/production/lateness"] == "failure"

    plan = trained.root.parent / "plan.json"
    team.run("plan", "production", "--out", str(plan))
    team.run("apply", "production", "--plan", str(plan))
    assert trained.served()["artifact"] != first
    assert team.run(*APPLY).json["merged"] == []


def test_nobody_reviewed_means_left_alone_and_an_edited_comment_is_noticed(
    trained: Project,
    server: Server,
) -> None:
    team = Reviewed(trained, server, "github")
    found = team.open(*PROMOTE)
    team.merge(found["opening"]["number"])
    unseen = team.run(*APPLY, code=5).json["merged"][0]["applied"]["results"][0]
    assert "this plan was not reviewed" in unseen["problem"]
    assert not (trained.root / "serving/lateness/current").exists()
    team.run("apply", "production", "--yes")

    team.candidate(2, before=3)
    number, branch = team.propose()
    other = team.plan(number, branch, "--out", str(trained.root.parent / "comment.json"))
    assert other["reviewed"]["environment"] == "production"
    remark = next(one for one in server.place.remarks if one.number == number)
    kept = remark.body
    start = kept.index("<!-- reconciler-reviewed ")
    record = json.loads((trained.root.parent / "comment.json").read_text())["reviewed"]
    record["models"][0]["digest"] = "0" * 32
    from reconciler import codec
    from reconciler.core.promotion.reviewed_plan import ReviewedPlan as Record
    from reconciler.core.promotion.reviewed_plan import hidden_record

    forged = hidden_record(codec.encode(codec.from_json(Record, record)))
    remark.body = kept[:start] + forged
    team.merge(number)
    refused = team.run(*APPLY, code=6).json["merged"][0]["applied"]["results"][0]
    assert "was edited or belongs to another commit" in refused["problem"]
    remark.body = kept
    team.run(*APPLY)


def test_no_word_of_a_job_without_rights_is_posted(trained: Project, server: Server) -> None:
    """It may run what a request brings, so what it writes is compared with the plan made here, and never shown."""
    team = Reviewed(trained, server, "github")
    found = team.open(*PROMOTE)
    number, file = found["opening"]["number"], trained.root.parent / "comment.json"
    token = trained.environment.pop("GITHUB_TOKEN")
    team.plan(number, found["branch"], "--out", str(file))
    assert team.bodies(number) == []
    trained.environment["GITHUB_TOKEN"] = token

    true = file.read_text()
    document = json.loads(true)
    document["plan"]["models"][0]["reason"] = "owned"
    document["plan"]["models"][0]["steps"][0]["reason"] = "owned"
    document["differences"] = []
    file.write_bytes(rfc8785.dumps(document))
    team.run(*PLAN, str(number), "--read", str(file))
    [body] = team.bodies(number)
    assert "owned" not in body
    assert "1 to change" in body

    document["reviewed"]["models"] = []
    file.write_bytes(rfc8785.dumps(document))
    refused = team.run(*PLAN, str(number), "--read", str(file), code=6)
    assert "E703" in refused.err
    assert "plan production --comment" in refused.err
    file.write_text(true.replace('"production"', '"elsewhere"'))
    team.run(*PLAN, str(number), "--read", str(file), code=2)
    assert team.bodies(number) == [body]


@pytest.mark.soak(only=True)  # an edited comment is in the test above, too
def test_a_comment_whose_text_was_edited_is_no_review(trained: Project, server: Server) -> None:
    """The record below it is as it was posted: reviewers read the text."""
    team = Reviewed(trained, server, "github")
    number, _ = team.propose()
    remark = next(one for one in server.place.remarks if one.number == number)
    kept = remark.body
    assert "1 to change" in kept
    for edited in (kept.replace("1 to change", "0 to change"), kept.replace("<!-- reconciler-reviewed", "x <!--")):
        remark.body = edited
        if server.place.pulls[number].state == "open":
            team.merge(number)
        done = team.run(*APPLY, code=None)
        assert done.code in (5, 6)
        assert "edited" in done.json["merged"][0]["applied"]["results"][0]["problem"]
        assert not (trained.root / "serving/lateness/current").exists()
    remark.body = kept.replace("\n", "\r\n") + "\n"  # as a forge may keep it
    team.run(*APPLY)
    assert (trained.root / "serving/lateness/current").exists()


@pytest.mark.soak(only=True)
def test_before_anything_was_applied_a_request_shows_the_candidate_and_its_gates(
    trained: Project, server: Server
) -> None:
    team = Reviewed(trained, server, "github")
    found = team.open(*PROMOTE)
    number, branch = found["opening"]["number"], found["branch"]
    told = team.plan(number, branch)
    assert told["reviewed"]["depth"] == "whole"
    [body] = team.bodies(number)
    assert "`f1_macro`" in body
    assert "Only the changes in git" not in body
    team.merge(number)
    assert team.run(*APPLY).json["merged"][0]["depth"] == "whole"

    # Later, a store that is not there is not one that nobody used.
    team.candidate(5, before=3)
    found = team.open(*PROMOTE)
    (trained.root / ".reconciler/production").rename(trained.root.parent / "away")
    told = team.plan(found["opening"]["number"], found["branch"])
    assert told["reviewed"]["depth"] == "declared"
    assert "nothing was ever applied there" in team.bodies(found["opening"]["number"])[0]


@pytest.mark.soak(only=True)
def test_where_no_store_can_be_read_git_alone_is_told(trained: Project, server: Server) -> None:
    team = Reviewed(trained, server, "github")
    found = team.open(*PROMOTE)
    (trained.root / ".reconciler").rename(trained.root.parent / "away")
    number = found["opening"]["number"]
    told = team.plan(number, found["branch"])
    assert "plan" not in told
    assert told["reviewed"]["depth"] == "declared"
    assert "Only the changes in git" in team.bodies(number)[0]
    (trained.root.parent / "away").rename(trained.root / ".reconciler")
    team.merge(number)
    done = team.run(*APPLY).json["merged"][0]
    assert done["depth"] == "declared"
    assert trained.served()["artifact"] == found["artifact"]
