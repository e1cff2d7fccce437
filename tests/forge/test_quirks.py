"""What is GitHub's or GitLab's own: who counts, whose a comment is, what a merge made, which numbers are meant."""

from __future__ import annotations

import pytest

from reconciler.core.forge.pull_request import PullState
from reconciler.errors import ForgeError
from reconciler.testing.contracts.forges import BRANCH, draft
from tests.forge.clients import github, gitlab
from tests.forge.fake.github_api import BOT
from tests.forge.fake.server import Fault, Server

pytestmark = pytest.mark.needs("git")
MANY = 230  # more than two pages of a hundred


def test_github_counts_the_last_word_of_each_who_may_write(server: Server) -> None:
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
    assert [one.by for one in forge.approvals(number)] == ["ada", "bob"]


def test_an_approval_says_what_the_head_was(server: Server) -> None:
    first = server.place.push(BRANCH)
    server.gitlab.resets = False
    number = github(server).open(draft()).number
    server.place.approve(number, "zoe")
    second = server.place.push(BRANCH)
    server.place.approve(number, "ada")
    for forge in (github(server), gitlab(server)):
        assert {one.by: one.commit for one in forge.approvals(number)} == {"zoe": first, "ada": second}
    server.gitlab.tells_when = False  # as older GitLabs
    assert {one.commit for one in gitlab(server).approvals(number)} == {None}


def test_gitlab_takes_approvals_back_on_a_push_where_the_project_says_so(server: Server) -> None:
    server.place.push(BRANCH)
    forge = gitlab(server)
    number = forge.open(draft()).number
    server.place.approve(number, "zoe")
    assert [one.by for one in forge.approvals(number)] == ["zoe"]
    server.place.push(BRANCH)
    assert forge.approvals(number) == ()


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
    assert "no GITHUB_TOKEN of Actions has" in (caught.value.hint or "")
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
    server.place.push(BRANCH)
    for number in range(MANY):
        server.place.push(f"promote/production/other/{number}")
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


def test_gitlab_says_what_a_squash_or_a_fast_forward_made(server: Server) -> None:
    head = server.place.push(BRANCH)
    forge = gitlab(server)
    pull = server.place.pulls[forge.open(draft()).number]
    pull.state, pull.merged_at = "merged", server.place.now()
    assert forge.pull(pull.number).merged_as == head
