"""What is GitHub's or GitLab's own: who counts, whose a comment is, what a merge made, which numbers are meant."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from reconciler.core.forge.pull_request import PullState
from reconciler.errors import ForgeError
from reconciler.ports import Forge
from reconciler.testing.contracts.forges import BRANCH, draft
from tests.forge.clients import github, gitlab
from tests.forge.fake.github_api import BOT
from tests.forge.fake.server import Fault, Server

pytestmark = pytest.mark.needs("git")
MANY = 201  # more than two pages of a hundred


def verdicts(forge: Forge, number: int) -> dict[str | None, str]:
    return {review.by.login if review.by else None: review.verdict.value for review in forge.reviews(number)}


def test_github_tells_the_last_word_of_each_and_who_may_write(server: Server) -> None:
    server.place.push(BRANCH)
    forge = github(server)
    number = forge.open(draft()).number
    for by, word in (
        ("ada", "APPROVED"),
        ("ada", "COMMENTED"),  # takes nothing back
        ("zoe", "APPROVED"),
        ("zoe", "CHANGES_REQUESTED"),
        ("bob", "CHANGES_REQUESTED"),
        ("bob", "APPROVED"),
        ("eve", "APPROVED"),  # a stranger: anybody may review a public repository
        (None, "APPROVED"),  # whose account was deleted
        ("max", "APPROVED"),
        ("max", "DISMISSED"),
    ):
        server.place.word(number, by, word)
    server.place.writers |= {"bob", "max"}
    assert verdicts(forge, number) == {
        "ada": "approved", "bob": "approved", "eve": "approved", "max": "withdrawn", "zoe": "changes requested",
        None: "approved",
    }  # fmt: skip
    assert [one.by.login for one in forge.reviews(number) if one.by and not one.may_write] == ["eve"]


def test_gitlab_tells_who_approved_and_who_asks_for_changes_since(server: Server) -> None:
    server.place.push(BRANCH)
    forge = gitlab(server)
    number = forge.open(draft()).number
    server.place.writers |= {"bob", "left"}
    for by, word in (("ada", "APPROVED"), ("ada", "COMMENTED"), ("zoe", "CHANGES_REQUESTED"), ("bob", "DISMISSED")):
        server.place.word(number, by, word)
    server.place.word(number, "left", "APPROVED")
    server.place.deleted.add("left")
    assert verdicts(forge, number) == {"ada": "approved", "zoe": "changes requested", None: "approved"}


@pytest.mark.parametrize("client", [github, gitlab])
def test_a_program_is_told_from_a_person(server: Server, client: Callable[..., Forge]) -> None:
    server.place.push(BRANCH)
    forge = client(server)
    number = forge.open(draft()).number
    server.place.bots.add("project_7_bot_1")
    for by in ("zoe", "project_7_bot_1"):
        server.place.approve(number, by)
    assert [(one.by.login, one.by.bot) for one in forge.reviews(number) if one.by] == [
        ("project_7_bot_1", True),
        ("zoe", False),
    ]


def test_an_approval_says_what_the_head_was(server: Server) -> None:
    first = server.place.push(BRANCH)
    server.gitlab.resets = False
    number = github(server).open(draft()).number
    server.place.approve(number, "zoe")
    second = server.place.push(BRANCH)
    server.place.approve(number, "ada")
    for forge in (github(server), gitlab(server)):
        assert {one.by.login: one.commit for one in forge.reviews(number) if one.by} == {"zoe": first, "ada": second}
    pull = server.place.pulls[number]
    pull.heads[-1] = (pull.words[-1].when, second)  # pushed in the very moment of the approval
    assert {one.by.login: one.commit for one in gitlab(server).reviews(number) if one.by}["ada"] is None
    server.gitlab.tells_when = False  # as older GitLabs
    assert {one.commit for one in gitlab(server).reviews(number)} == {None}


@pytest.mark.parametrize("client", [github, gitlab])
def test_an_approval_from_before_the_request_got_another_base_is_outdated(
    server: Server, client: Callable[..., Forge]
) -> None:
    """Its difference to the first base may have been harmless."""
    head = server.place.push(BRANCH)
    server.place.point("scratch", server.place.tip("main") or "")
    forge = client(server)
    number = server.place.open(BRANCH, "scratch", "Scratch", "", "mallory").number
    server.place.approve(number, "zoe")
    assert [one.outdated for one in forge.reviews(number)] == [False]
    server.place.direct(number, "main")
    assert [(one.outdated, one.commit) for one in forge.reviews(number)] == [(True, head)]
    server.place.approve(number, "zoe")
    assert [one.outdated for one in forge.reviews(number)] == [False]


def test_gitlab_takes_approvals_back_on_a_push_where_the_project_says_so(server: Server) -> None:
    server.place.push(BRANCH)
    forge = gitlab(server)
    number = forge.open(draft()).number
    server.place.approve(number, "zoe")
    assert verdicts(forge, number) == {"zoe": "approved"}
    server.place.push(BRANCH)
    assert verdicts(forge, number) == {}


def test_the_token_of_actions_is_known_by_its_name_and_finds_its_own_comments(server: Server) -> None:
    server.place.push(BRANCH)
    forge = github(server, "tok-actions")
    assert forge.whoami() == BOT
    number = forge.open(draft()).number
    assert forge.comment(number, "plan/production", "1") == forge.comment(number, "plan/production", "2")
    # Where GraphQL says nothing either, what the environment says counts; without that it is an error.
    for given, found in ((BOT, BOT), (None, None)):
        server.order(Fault.FORBIDDEN, path="/api/graphql")
        if found is None:
            with pytest.raises(ForgeError) as caught:
                github(server, "tok-actions", bot=given).whoami()
            assert caught.value.code == "E902"
        else:
            assert github(server, "tok-actions", bot=given).whoami() == found


def test_the_token_of_actions_cannot_read_teams_and_is_told_so(server: Server) -> None:
    server.place.teams["town/finance"] = ("ada",)
    with pytest.raises(ForgeError) as caught:
        github(server, "tok-actions").members("town/finance")
    assert caught.value.code == "E902"
    assert "a GITHUB_TOKEN never has it" in (caught.value.hint or "")
    with pytest.raises(ForgeError, match="is not a team"):
        github(server).members("finance")


def test_a_job_token_of_gitlab_is_known_but_may_not_open(server: Server) -> None:
    server.place.push(BRANCH)
    forge = gitlab(server, "tok-job", name="CI_JOB_TOKEN")
    assert forge.whoami() == "ada"
    for call in (lambda: forge.open(draft()), lambda: forge.opened("promote/"), lambda: forge.pull(1)):
        with pytest.raises(ForgeError) as caught:
            call()
        assert caught.value.code == "E902"
        assert "CI_JOB_TOKEN never has: set GITLAB_TOKEN" in (caught.value.hint or "")


@pytest.mark.parametrize("client", [github, gitlab])
def test_a_fork_with_a_branch_of_the_same_name_is_not_taken_for_ours(server: Server, client) -> None:  # type: ignore[no-untyped-def]
    server.place.push(BRANCH)
    server.place.open(BRANCH, "main", "Promote pay", "evil", "mallory", fork=True)
    forge = client(server)
    assert forge.opened("promote/") == ()
    assert forge.open(draft()).number == 2
    assert [one.number for one in forge.opened("promote/")] == [2]


@pytest.mark.parametrize("client", [github, gitlab])
def test_what_stands_on_a_later_page_is_found(server: Server, client) -> None:  # type: ignore[no-untyped-def]
    head = server.place.push(BRANCH)
    for number in range(MANY):
        server.place.point(f"promote/production/other/{number}", head)
        server.place.open(f"promote/production/other/{number}", "main", "t", "b", "ada")
    forge = client(server)
    number = forge.open(draft()).number
    assert [one.number for one in forge.opened("promote/production/pay/")] == [number]
    for remark in range(MANY):
        server.place.remark(number, "zoe", f"<!-- reconciler:plan/production -->\n{remark}")
    first = forge.comment(number, "plan/production", "ours")
    server.place.remark(number, "ada", "note", system=True)
    server.asked.clear()
    assert forge.comment(number, "plan/production", "ours, too") == first
    assert len(server.asked) < 10
    assert forge.comment_body(number, "plan/production") == "ours, too"
    server.place.teams["town/many"] = tuple(f"p{one:03}" for one in range(MANY))
    assert len(forge.members("town/many")) == MANY


@pytest.mark.parametrize("client", [github, gitlab])
def test_opening_again_changes_nothing_and_keeps_what_people_added(server: Server, client) -> None:  # type: ignore[no-untyped-def]
    server.place.push(BRANCH)
    forge = client(server)
    number = forge.open(draft()).number
    server.place.pulls[number].labels.append("urgent")
    server.asked.clear()
    forge.open(draft())
    assert {method for method, _ in server.asked} == {"GET"}
    forge.open(draft(title="Another"))
    assert server.place.pulls[number].labels == ["reconciler", "urgent"]


def test_what_a_person_edited_in_a_browser_reads_as_it_was_written(server: Server) -> None:
    server.place.push(BRANCH)
    forge = github(server)
    number = forge.open(draft(body="one\ntwo")).number
    server.place.pulls[number].body = "one\r\ntwo"
    assert forge.pull(number).body == "one\ntwo"
    server.asked.clear()
    forge.open(draft(body="one\ntwo\n"))
    assert {method for method, _ in server.asked} == {"GET"}


def test_a_request_that_is_no_issue_is_never_taken_for_one(server: Server) -> None:
    server.place.push(BRANCH)
    forge = github(server)
    forge.open(draft(body="<!-- reconciler:drift/production -->\nNo."))
    assert forge.issue_body("drift/production") is None
    assert "/issues/" in str(forge.issue("drift/production", title="Drift", body="1"))


@pytest.mark.parametrize("client", [github, gitlab])
def test_a_commit_that_came_with_a_merge_leads_to_it(server: Server, client) -> None:  # type: ignore[no-untyped-def]
    inside = server.place.push(BRANCH)
    forge = client(server)
    number = forge.open(draft()).number
    assert forge.merged_by(inside) == ()  # open: its merge is only tried
    assert forge.pull(number).merged_as is None
    merged = server.place.merge(number)
    for commit in (inside, merged):
        assert [(one.number, one.merged_as, one.state) for one in forge.merged_by(commit)] == [
            (number, merged, PullState.MERGED)
        ]


def test_github_is_asked_in_the_version_that_says_what_a_merge_made(server: Server) -> None:
    """And in no other: the double's answers are those of this version."""
    from githubkit_schemas.v2022_11_28 import models as asked
    from githubkit_schemas.v2026_03_10 import models as newer

    assert "merge_commit_sha" in asked.PullRequest.model_fields
    assert "merge_commit_sha" not in newer.PullRequest.model_fields
    commit = server.place.push(BRANCH)
    forge = github(server)
    number = forge.open(draft()).number
    forge.comment(number, "plan/production", "1")
    forge.merged_by(commit)
    assert server.versions == {"2022-11-28"}
