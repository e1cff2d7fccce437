"""Random approvals on random requests: on each forge the count equals that of a brute-force model."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import pytest

from reconciler.core.artifact.observed_state import FirstParentChange
from reconciler.core.forge.pull_request import PullRequest, PullState
from reconciler.core.forge.review import Account, Contributions, Push, RequestCommit, Review, Verdict
from reconciler.engine.apply.approvals import approval_of
from reconciler.engine.apply.forge_queries import ForgeQueries
from reconciler.errors import GateRefusedError
from reconciler.ports import Forge
from reconciler.testing.memory_forge import MemoryForge
from tests.forge.approval_model import Model
from tests.forge.clients import github, gitlab
from tests.forge.fake.repository import Pull
from tests.forge.fake.server import Server, serving
from tests.forge.random_requests import BASES, ME, PEOPLE, PROGRAM, RandomHistory
from tests.support.effort import count

QUESTIONS = 12  # of each commit; the forge is asked once
WAYS = {
    "github": ("merge", "squash", "rebase"),
    "gitlab": ("merge", "forward", "squash", "squash-merge"),
    "memory": ("merge", "forward", "squash", "squash-merge"),
}
VERDICTS = {
    "APPROVED": Verdict.APPROVED,
    "CHANGES_REQUESTED": Verdict.CHANGES_REQUESTED,
    "DISMISSED": Verdict.WITHDRAWN,
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(Path(tmp_path_factory.mktemp("forge"))) as here:
        yield here


@pytest.mark.soak
@pytest.mark.parametrize("kind", ["memory", "github", "gitlab"])
def test_the_count_is_that_of_the_model(server: Server, kind: str) -> None:
    cases, allowed, seed = 0, 0, 0
    while cases < count("APPROVAL_CASES"):
        history = RandomHistory(seed, WAYS[kind])
        tells_when = seed % 10 != 0 or kind != "gitlab"
        model = Model(
            log=history.log,
            deleted=frozenset(history.place.deleted),
            writers=frozenset(history.place.writers),
            binds_heads=tells_when,
        )
        forge = forge_of(history, server, kind, tells_when=tells_when)
        for question, answer, expected in asked(history, model, forge):
            cases += 1
            allowed += bool(expected)
            assert (answer in expected.items()) if expected else (answer is None), (
                f"seed {seed} on {kind}, {question}: {answer}, and the model says {expected or 'nobody'}"
            )
        seed += 1
    assert allowed > cases / 50, "the histories are so wild that nothing is ever approved"


def asked(
    history: RandomHistory, model: Model, forge: Forge
) -> Iterator[tuple[str, tuple[int, set[str]] | None, dict[int, set[str]]]]:
    """Ask the product and the model by whose approvals each commit of the branches may be deployed."""
    chance = random.Random(len(history.log))
    queries = ForgeQueries(forge)
    for base in BASES:
        for commit in line(history, base):
            for _ in range(QUESTIONS):
                names = tuple(chance.sample((*PEOPLE, PROGRAM, "team:town/team"), chance.choice([1, 2, 3, 6])))
                team = history.place.teams["town/team"] if "team:town/team" in names else ()
                people = frozenset({*names, *team})
                least, not_author = chance.choice([1, 1, 1, 2]), chance.random() < 0.7
                branch = base if chance.random() < 0.8 else chance.choice(BASES)
                shown = tuple(name.upper() if chance.random() < 0.2 and ":" not in name else name for name in names)
                expected = model.decide(commit, branch, people, least=least, not_author=not_author)
                for number, approvers in expected.items():
                    if not_author:
                        assert not approvers & model.really_pushed(number), (
                            f"the model itself, request {number} of {len(history.log)} events"
                        )
                change = FirstParentChange(commit=commit, before=None)
                answer = None
                with suppress(GateRefusedError):
                    record = approval_of(
                        queries, "a pin", change, shown, branch=branch, least=least, not_author=not_author
                    )
                    answer = (record.number, {approval.by for approval in record.approvals})
                yield f"{commit[-4:]} on {branch}, {least} of {shown}, notAuthor: {not_author}", answer, expected


def line(history: RandomHistory, base: str) -> Iterator[str]:
    commit = history.place.tip(base)
    while commit is not None:
        yield commit
        commit = next(iter(history.place.facts(commit).parents), None)


def forge_of(history: RandomHistory, server: Server, kind: str, *, tells_when: bool) -> Forge:
    if kind == "memory":
        return in_memory(history)
    history.place.tokens = server.place.tokens
    server.place = server.github.place = server.gitlab.place = history.place
    server.gitlab.tells_when = tells_when
    return github(server) if kind == "github" else gitlab(server)


# --- the forge in memory, filled with a history ----------------------------------------------------------


class Mine(MemoryForge):
    def whoami(self) -> str:
        return ME


def in_memory(history: RandomHistory) -> MemoryForge:
    place, forge = history.place, Mine()
    forge.parents = {commit: facts.parents for commit, facts in place.known.items()}
    forge.teams = {"town/team": place.teams["town/team"]}
    for pull in sorted(place.pulls.values(), key=lambda pull: (pull.merged_at or "~", pull.number)):
        forge.pulls[pull.number] = PullRequest(
            number=pull.number, url=f"forge/{pull.number}", title="", body="", head=pull.head, base=pull.base,
            commit=place.seen(pull).commit, state=PullState.MERGED if pull.merged_as else PullState.OPEN,
            author=pull.author, author_id=str(place.number(pull.author)), merged_as=pull.merged_as,
            squashed_as=pull.squashed_as, merged_at=time_of(pull.merged_at),
        )  # fmt: skip
        forge.work[pull.number] = work_of(history, pull)
        for word in pull.words:
            if word.word in VERDICTS:
                review = Review(
                    by=account(history, word.by),
                    verdict=VERDICTS[word.word],
                    commit=word.commit,
                    when=time_of(word.when),
                    may_write=word.by in place.writers,
                    outdated=any(word.when < moved for moved in pull.directed),
                )
                forge.review(pull.number, review)
    return forge


def work_of(history: RandomHistory, pull: Pull) -> Contributions:
    place = history.place
    commits = []
    for name in place.held(pull):
        facts = place.facts(name)
        addresses = [
            facts.author,
            facts.committer,
            *(line[:-1].rpartition("<")[2] for line in facts.message.split("\n")),
        ]
        people = {owner for address in addresses if (owner := place.owner_of(address)) is not None}
        commits.append(
            RequestCommit(
                id=name,
                parents=facts.parents,
                people=tuple(one for owner in people if (one := account(history, owner)) is not None),
            )
        )
    pushes = tuple(
        Push(by=account(history, one.by), before=one.before, after=one.after, forced=one.forced)
        for one in place.pushes
        if (one.branch, one.fork) == (pull.head, pull.fork)
    )
    return Contributions(commits=tuple(commits), pushes=pushes)


def account(history: RandomHistory, login: str | None) -> Account | None:
    if login is None or login in history.place.deleted:
        return None
    return Account(login=login, id=str(history.place.number(login)), bot=login == PROGRAM)


def time_of(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
