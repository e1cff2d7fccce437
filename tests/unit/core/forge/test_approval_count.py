"""Whose approval of a request counts, for each rule one that it alone refuses."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from reconciler.core.forge.approval_count import Ancestry, Rules, brought_by, count_approvals
from reconciler.core.forge.pull_request import PullRequest, PullState
from reconciler.core.forge.review import (
    Account,
    Contributions,
    Push,
    RequestCommit,
    Review,
    Verdict,
    is_same_login,
)

HEAD, FIRST, OLD, MADE = "c" * 40, "b" * 40, "a" * 40, "d" * 40
BOT = Account(login="promoter[bot]", id="1", bot=True)
EVE, ADA, MAL = (Account(login=login, id=number) for login, number in (("eve", "2"), ("ada", "3"), ("mallory", "4")))
REQUEST = PullRequest(
    number=1, url="forge/1", title="", body="", head="topic", base="main", commit=HEAD, state=PullState.MERGED,
    author="promoter[bot]", author_id="1", merged_as=MADE,
)  # fmt: skip
COMMITS = (
    RequestCommit(id=FIRST, parents=("0" * 40,), people=(BOT,)),
    RequestCommit(id=HEAD, parents=(FIRST,), people=(BOT,)),
)
WORK = Contributions(
    commits=COMMITS, pushes=(Push(by=BOT, before=None, after=FIRST), Push(by=EVE, before=FIRST, after=HEAD))
)
RULES = Rules(
    people=frozenset({"ada", "mallory", "promoter[bot]", "eve"}), me=Account(login="deployer"), not_author=True
)


def said(
    by: Account | None = ADA, verdict: Verdict = Verdict.APPROVED, commit: str | None = HEAD, **more: Any
) -> Review:
    return Review(by=by, verdict=verdict, commit=commit, **more)


def counted(
    *reviews: Review, request: PullRequest = REQUEST, work: Contributions | None = WORK, rules: Rules = RULES
) -> tuple[list[str], str]:
    count = count_approvals(request, reviews, work, rules)
    return [approval.by for approval in count.counted], "; ".join(count.refused)


def test_an_approval_of_the_merged_head_by_somebody_else_counts_with_the_number_of_the_account() -> None:
    (approval,) = count_approvals(REQUEST, (said(),), WORK, RULES).counted
    assert (approval.by, approval.commit, approval.account) == ("ada", HEAD, "3")


@pytest.mark.parametrize(
    ("review", "words"),
    [
        (said(None), "the approval of an account that was deleted"),
        (said(ADA, Verdict.CHANGES_REQUESTED), "ada asks for changes"),
        (said(ADA, Verdict.WITHDRAWN), "the approval of ada was withdrawn"),
        (said(replace(ADA, login="bob")), "bob is none of them"),
        (said(BOT), "a program, does"),
        (said(ADA, may_write=False), "ada may not write"),
        (said(ADA, commit=None), "does not tell which commit"),
        (said(ADA, commit=OLD), f"ada approved commit {OLD[:12]}, and {HEAD[:12]} was merged"),
        (said(ADA, outdated=True), "ada approved it before it was directed at main"),
        (said(EVE), "eve, who pushed commits of it"),
    ],
)
def test_what_does_not_count_is_told_with_its_reason(review: Review, words: str) -> None:
    names, reasons = counted(review)
    assert (names, words in reasons) == ([], True), reasons


def test_who_opened_wrote_or_pushed_it_counts_only_where_not_author_is_false() -> None:
    opened = replace(REQUEST, author="MALLORY", author_id=None)
    wrote = replace(WORK, commits=(replace(COMMITS[0], people=(MAL,)), COMMITS[1]))
    pushed = replace(WORK, pushes=(Push(by=MAL, before=None, after=FIRST), Push(by=BOT, before=FIRST, after=HEAD)))
    for request, work, words in (
        (opened, WORK, "its author"),
        (REQUEST, wrote, "who wrote"),
        (REQUEST, pushed, "who pushed"),
    ):
        names, reasons = counted(said(MAL), request=request, work=work)
        assert (names, f"mallory, {words}" in reasons) == ([], True), reasons
        names, _ = counted(said(MAL), request=request, work=work, rules=replace(RULES, not_author=False))
        assert names == ["mallory"]


def test_not_author_false_lets_neither_programs_nor_other_heads_count() -> None:
    lenient = replace(RULES, not_author=False)
    for review in (said(BOT), said(ADA, commit=None), said(ADA, commit=OLD), said(ADA, Verdict.WITHDRAWN)):
        assert counted(review, work=None, rules=lenient)[0] == []
    assert counted(said(), work=None, rules=lenient)[0] == ["ada"]


def test_the_owner_of_the_token_does_not_count_whatever_the_rules() -> None:
    for not_author in (True, False):
        rules = replace(RULES, me=Account(login="Ada"), not_author=not_author)
        names, reasons = counted(said(), rules=rules)
        assert (names, "ada, who owns the token" in reasons) == ([], True)


def test_nobody_counts_where_it_cannot_be_told_who_pushed() -> None:
    for work in (
        replace(WORK, gap="the forge lists 250"),
        replace(WORK, pushes=WORK.pushes[:1]),
        replace(WORK, pushes=(*WORK.pushes[1:], Push(by=None, before=None, after=FIRST))),
        replace(WORK, commits=COMMITS[:1]),
    ):
        names, reasons = counted(said(), work=work)
        assert (names, "ada does not count, because" in reasons) == ([], True), reasons
        assert counted(said(), work=work, rules=replace(RULES, not_author=False))[0] == ["ada"]


def test_reasons_of_named_approvers_come_first() -> None:
    strangers = tuple(said(replace(ADA, login=f"a{n}", id=str(10 + n))) for n in range(9))
    assert counted(*strangers, said(EVE))[1].startswith("the approval of eve")


def test_a_push_of_everything_explains_everything() -> None:
    everything = replace(WORK, pushes=(Push(by=EVE, before=None, after=HEAD),))
    assert counted(said(), work=everything)[0] == ["ada"]
    part = replace(WORK, pushes=(Push(by=EVE, before=FIRST, after=HEAD),))
    assert "not told who pushed" in counted(said(), work=part)[1]


def test_what_a_forced_push_replaced_counts_back_to_a_commit_that_stayed() -> None:
    forced = Push(by=EVE, before=OLD, after=HEAD, forced=True)
    early, late = (Push(by=by, before=before, after=OLD) for by, before in ((ADA, None), (BOT, FIRST)))
    assert "ada, who pushed" in counted(said(), work=replace(WORK, pushes=(early, forced)))[1]
    stayed = (Push(by=BOT, before=None, after=FIRST), late, forced)
    assert counted(said(), work=replace(WORK, pushes=stayed))[0] == ["ada"]
    for pushes in ((forced,), (replace(early, by=None), forced)):
        assert "which was replaced" in counted(said(), work=replace(WORK, pushes=pushes))[1]
    assert counted(said(), work=replace(WORK, pushes=(early, replace(forced, forced=False))))[0] == ["ada"]


def test_an_account_is_known_by_its_number_where_there_is_one_else_by_its_name() -> None:
    renamed = replace(MAL, login="somebody")
    rules = replace(RULES, people=frozenset({"somebody", "mallory"}))
    pushed = replace(WORK, pushes=(Push(by=MAL, before=None, after=HEAD),))
    assert counted(said(renamed), work=pushed, rules=rules)[0] == []
    namesake = Account(login="mallory", id="99")  # took the name over
    assert counted(said(namesake), work=pushed, rules=rules)[0] == ["mallory"]
    assert counted(said(replace(MAL, id=None, login="Mallory")), work=pushed, rules=rules)[0] == []
    assert counted(
        said(MAL), said(replace(MAL, login="other")), rules=replace(rules, people=frozenset({"mallory", "other"}))
    )[0] == ["mallory"]


@pytest.mark.parametrize("name", ["\u0430da", "ad\u0430", "\uff41da", "a\u017fa", "\u212aim"])
def test_letters_that_look_alike_are_others(name: str) -> None:
    for plain in ("ada", "asa", "kim"):
        assert not is_same_login(name, plain)
    assert not is_same_login(name, name), "no forge has such a login"


def test_logins_differ_by_case_in_name_only() -> None:
    assert is_same_login("Ada-Lovelace", "aDA-lovelace")
    assert counted(said(replace(ADA, login="ADA")))[0] == ["ADA"]


# --- which request brought a commit -----------------------------------------------------------------------------------

OTHER = replace(REQUEST, number=2, commit=OLD)


def brought(commit: str, parents: tuple[str, ...], *lies: tuple[PullRequest, Ancestry]) -> list[int]:
    places = {request.number: place for request, place in lies}
    listed = tuple(request for request, _ in lies)
    return [one.number for one in brought_by(commit, parents, listed, lambda request: places[request.number])]


def test_a_merge_commit_is_brought_by_the_request_whose_head_or_squash_it_merges() -> None:
    assert brought(MADE, (FIRST, HEAD), (REQUEST, Ancestry.ABOVE), (OTHER, Ancestry.ABOVE)) == [1]
    squashed = replace(OTHER, squashed_as=HEAD)
    assert brought(MADE, (FIRST, HEAD), (squashed, Ancestry.APART)) == [2]
    assert brought(MADE, (HEAD, FIRST), (REQUEST, Ancestry.ABOVE)) == [], "the first parent is the branch itself"


def test_other_commits_are_brought_by_who_holds_them_or_whose_merge_wrote_them() -> None:
    assert brought(FIRST, (OLD,), (REQUEST, Ancestry.INSIDE)) == [1]
    assert brought(MADE, (OLD,), (REQUEST, Ancestry.APART)) == [1]
    assert brought(MADE, (HEAD,), (REQUEST, Ancestry.ABOVE)) == []


def test_a_merge_commit_within_a_request_is_that_requests() -> None:
    evil = replace(REQUEST, number=3, commit=MADE)
    assert brought(MADE, (FIRST, HEAD), (REQUEST, Ancestry.ABOVE), (evil, Ancestry.INSIDE)) == [3]


def test_of_two_that_hold_a_commit_the_first_merged_brought_it_to_each_base() -> None:
    elsewhere = replace(REQUEST, number=4, base="scratch")
    later = replace(OTHER, merged_at=datetime(2026, 1, 1, tzinfo=UTC))
    lies = ((REQUEST, Ancestry.INSIDE), (elsewhere, Ancestry.INSIDE), (later, Ancestry.INSIDE))
    assert brought(FIRST, (OLD,), *lies) == [1, 4]
    along = replace(later, merged_at=None)  # its head came with the first one's merge
    assert brought(FIRST, (OLD,), *lies[:2], (along, Ancestry.INSIDE)) == [1, 4, 2]
