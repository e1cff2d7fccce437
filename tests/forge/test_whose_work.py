"""Whose work a request is, and which request brought a commit, as GitHub and GitLab tell it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from reconciler.errors import ForgeError
from reconciler.ports import Forge
from reconciler.testing.contracts.forges import BRANCH, draft
from tests.forge.clients import github, gitlab
from tests.forge.fake.server import Fault, Server

pytestmark = [pytest.mark.needs("git"), pytest.mark.parametrize("client", [github, gitlab])]
Client = Callable[..., Forge]
MANY = 101  # more than a page of a hundred


def people(forge: Forge, number: int) -> set[str]:
    return {person.login for person in forge.contributions(number).authors()}


def pushers(forge: Forge, number: int) -> set[str]:
    return {person.login for person in forge.contributions(number).pushers()}


def test_authors_committers_co_authors_and_pushers_are_told(server: Server, client: Client) -> None:
    for login in ("bob", "eve", "max", "kim", "unrelated"):
        server.place.number(login)
    server.place.push(BRANCH, by="kim", author="bob", committer="eve", co_authors=("max", "nobody-here"))
    forge = client(server)
    number = forge.open(draft()).number
    head = server.place.push(BRANCH, by="zoe", author="stranger")
    assert people(forge, number) == {"bob", "eve", "max"}
    assert pushers(forge, number) == {"kim", "zoe"}
    work = forge.contributions(number)
    assert work.unexplained(head) is None
    assert {person.login: person.id for person in work.pushers()}["kim"] == str(server.place.number("kim"))


def test_they_are_those_of_the_merged_head_however_it_was_merged(server: Server, client: Client) -> None:
    forge = client(server)
    for n, how in enumerate(("merge", "squash", "rebase", "forward")):
        branch = f"{BRANCH}{n}"
        server.place.point(branch, server.place.tip("main") or "")
        for by in ("kim", "zoe"):
            head = server.place.push(branch, by=by)
        number = forge.open(draft(head=branch)).number
        server.place.merge(number, how)
        assert len(forge.contributions(number).commits) == 2, how
        assert pushers(forge, number) == {"kim", "zoe"}, how
        assert forge.contributions(number).unexplained(head) is None, how


def test_a_commit_whose_push_is_not_told_is_a_gap(server: Server, client: Client) -> None:
    server.place.push(BRANCH, by="kim")
    forge = client(server)
    number = forge.open(draft()).number
    unseen = server.place.work(server.place.tip(BRANCH) or "")
    server.place.point(BRANCH, unseen)
    head = server.place.push(BRANCH, by="zoe")
    assert forge.contributions(number).unexplained(head) == f"it is not told who pushed commit {unseen[:12]}"
    server.place.pushes[-1].by = None  # an account that was deleted
    assert "not told who pushed" in (forge.contributions(number).unexplained(head) or "")


def test_what_stands_on_a_later_page_counts(server: Server, client: Client) -> None:
    server.place.push(BRANCH, by="kim", author="max")
    server.place.number("max")
    forge = client(server)
    number = forge.open(draft()).number
    for _ in range(MANY):
        head = server.place.push(BRANCH, by="zoe")
        server.place.word(number, "eve", "COMMENTED")
    server.place.approve(number, "bob")
    work = forge.contributions(number)
    assert (len(work.commits), work.unexplained(head)) == (MANY + 1, None)
    assert {"kim", "zoe"} == pushers(forge, number)
    assert "max" in people(forge, number)
    assert [review.by.login for review in forge.reviews(number) if review.by] == ["bob"]


def test_a_push_to_another_branch_is_none_of_the_request(server: Server, client: Client) -> None:
    server.place.push("another", by="eve")
    server.place.push(BRANCH, by="zoe")
    forge = client(server)
    assert pushers(forge, forge.open(draft()).number) == {"zoe"}


def test_what_a_forced_push_replaced_may_have_held_its_commits(server: Server, client: Client) -> None:
    shared = server.place.work(server.place.tip("main") or "")
    server.place.pushed(BRANCH, server.place.work(shared), by="mallory")
    head = server.place.work(shared)
    server.place.pushed(BRANCH, head, by="zoe")
    forge = client(server)
    number = forge.open(draft()).number
    assert pushers(forge, number) == {"mallory", "zoe"}
    assert forge.contributions(number).unexplained(head) is None
    del server.place.pushes[0]
    assert "which was replaced" in (forge.contributions(number).unexplained(head) or "")


def test_a_fork_is_asked_who_pushed_to_it(server: Server, client: Client) -> None:
    server.place.push(BRANCH, by="ada")
    commit = server.place.work(server.place.tip("main") or "")
    server.place.pushed("theirs", commit, by="mallory", fork=True)
    pull = server.place.open("theirs", "main", "Theirs", "", "mallory", fork=True)
    assert pushers(client(server), pull.number) == {"mallory"}
    server.order(Fault.FORBIDDEN, path=r".*(mallory/models/activity|projects/8/events)")
    gap = client(server).contributions(pull.number).gap
    assert "not tell who pushed to theirs" in (gap or "")


def test_a_forge_that_tells_less_is_a_gap_and_no_silence(server: Server, client: Client) -> None:
    server.place.push(BRANCH)
    forge = client(server)
    number = forge.open(draft()).number
    server.github.tells_pushes = server.gitlab.tells_people = False
    assert "does not tell" in (forge.contributions(number).gap or "")
    server.gitlab.tells_ends = False
    assert client is github or "where its commits begin" in (forge.contributions(number).gap or "")
    server.gitlab.tells_ends = True
    server.order(Fault.BROKEN, path=r".*/(activity|events)")
    server.github.tells_pushes = server.gitlab.tells_people = True
    with pytest.raises(ForgeError):
        forge.contributions(number)
    with pytest.raises(ForgeError, match=r"there is no (pull|merge) request 4242"):
        forge.contributions(4242)


# --- which request brought a commit -----------------------------------------------------------------------------------


def numbers(forge: Forge, commit: str) -> list[int]:
    return [request.number for request in forge.merged_by(commit)]


@pytest.mark.parametrize("how", ["merge", "squash", "rebase", "forward", "squash-merge"])
def test_every_way_of_merging_is_found_from_each_commit_that_it_put_on_the_branch(
    server: Server, client: Client, how: str
) -> None:
    how = "merge" if how == "squash-merge" and client is github else how  # GitLab alone merges what it squashed
    for _ in range(2):
        head = server.place.push(BRANCH)
    server.place.push("main") if how != "forward" else None
    forge = client(server)
    number = forge.open(draft()).number
    made = server.place.merge(number, how)
    pull = server.place.pulls[number]
    assert pull.line
    for commit in pull.line:
        assert numbers(forge, commit) == [number], how
    (request,) = forge.merged_by(made)
    assert (request.commit, request.base) == (head, "main")
    assert numbers(forge, server.place.push("main")) == [], "what was put on top of it is none of its"


def test_a_request_that_only_became_part_of_the_branch_brought_nothing(server: Server, client: Client) -> None:
    """Its head lies below the commit that another request brought: its approvals are for something else."""
    inner = server.place.push(BRANCH)
    forge = client(server)
    approved = forge.open(draft()).number
    server.place.point("outer", inner)
    server.place.push("outer")
    other = forge.open(draft(head="outer")).number
    made = server.place.merge(other, "merge")
    assert (server.place.pulls[approved].state, server.place.pulls[approved].merged_as) == ("merged", made)
    assert numbers(forge, made) == [other]


def test_a_merge_that_a_person_wrote_says_nothing_for_the_request_that_it_merges(
    server: Server, client: Client
) -> None:
    inner = server.place.push(BRANCH)
    forge = client(server)
    approved = forge.open(draft()).number
    evil = server.place.joined(server.place.tip("main") or "", inner, "Merge, and something more")
    server.place.pushed("evil", evil, by="mallory")
    other = forge.open(draft(head="evil")).number
    server.place.merge(other, "forward")
    assert server.place.pulls[approved].state == "merged"
    assert numbers(forge, evil) == [other]


def test_of_two_bases_each_has_its_own_request(server: Server, client: Client) -> None:
    server.place.push(BRANCH)
    server.place.point("scratch", server.place.tip("main") or "")
    forge = client(server)
    first = server.place.open(BRANCH, "scratch", "Scratch", "", "mallory").number
    second = forge.open(draft()).number
    server.place.merge(first, "forward")
    commit = server.place.merge(second, "forward")
    assert {request.base: request.number for request in forge.merged_by(commit)} == {"scratch": first, "main": second}
