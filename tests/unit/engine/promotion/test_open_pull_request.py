"""A proposal's way: pushed, one open request per environment and model, an older one superseded; whatever breaks on the
way, the next run finishes, and after that nothing changes."""

from __future__ import annotations

import contextlib
from dataclasses import replace

import pytest

from reconciler.core.digest import digest_of_bytes
from reconciler.core.forge.pull_request import PullState
from reconciler.core.promotion.proposal import OpenedPullRequest, OpenedState, ProposalResult
from reconciler.engine.promotion import open_pull_request
from reconciler.engine.promotion.open_pull_request import PullRequestRoute
from reconciler.errors import ForgeError
from reconciler.testing.fault_injection import Counter, Crash, Fault, Script, at
from reconciler.testing.memory_forge import MemoryForge, MemoryRemote

FAULTS = [one for one in Fault if one is not Fault.NONE]


def proposed(artifact: str, *, model: str = "pay", verb: str = "promote") -> ProposalResult:
    return ProposalResult(
        model=model,
        environment="production",
        artifact=digest_of_bytes(artifact.encode()),
        branch=f"{verb}/production/{model}/{artifact}",
        commit=artifact * 40,
        base="0" * 40,
        files=(f"manifests/production/{model}.yaml",),
        summary=("first artifact",),
    )


class OpenedRequests:
    def __init__(self) -> None:
        self.forge = MemoryForge()
        self.branches: dict[str, str] = {}

    def route(self, *, forge: bool = True, remote: bool = True, text: str = "why") -> PullRequestRoute:
        return PullRequestRoute(
            remote=MemoryRemote(self.forge, self.branches) if remote else None,
            forge=self.forge if forge else None,
            because="a test says so",
            base="main",
            body=lambda proposed: f"{text} {proposed.artifact}",
        )

    def open(
        self, one: ProposalResult, script: Script | None = None, *, route: PullRequestRoute | None = None
    ) -> OpenedPullRequest:
        self.forge.script = script or Counter()
        self.branches[one.branch or ""] = one.commit or ""
        found = open_pull_request.push_and_open(
            route or self.route(), one, title=f"Promote {one.artifact[7:9]}"
        ).opening
        assert found is not None
        return found

    def requests(self) -> dict[str, str]:
        return {one.head.rpartition("/")[2]: one.state.value for one in self.forge.pulls.values()}


def test_it_is_opened_then_unchanged_then_brought_up_to_date() -> None:
    requests = OpenedRequests()
    first = requests.open(proposed("a"))
    assert (first.state, first.forge, first.number, first.base) == (OpenedState.OPENED, "Forge", 1, "main")
    again = requests.open(proposed("a"))
    assert again == replace(first, state=OpenedState.UNCHANGED)
    newer = requests.open(proposed("a"), route=requests.route(text="because"))
    assert newer == replace(first, state=OpenedState.UPDATED)
    assert requests.forge.labels[1] == ("reconciler",)
    assert requests.forge.comments == []


def test_a_newer_one_supersedes_the_older_of_the_same_environment_and_model_and_says_so_there() -> None:
    requests = OpenedRequests()
    older = requests.open(proposed("a"))
    requests.open(proposed("a", model="payments"))
    requests.open(proposed("a", verb="rollback"))
    newer = requests.open(proposed("b"))
    assert [one.number for one in newer.superseded] == [older.number]
    assert [(one.head, one.state) for one in requests.forge.pulls.values()] == [
        ("promote/production/pay/a", PullState.CLOSED),
        ("promote/production/payments/a", PullState.OPEN),
        ("rollback/production/pay/a", PullState.OPEN),
        ("promote/production/pay/b", PullState.OPEN),
    ]
    [(number, _, text)] = requests.forge.comments
    assert number == older.number
    assert str(newer.url) in text
    assert requests.open(proposed("b")).superseded == ()
    assert len(requests.forge.comments) == 1


def test_a_request_into_another_branch_is_left_alone() -> None:
    requests = OpenedRequests()
    requests.open(proposed("a"), route=replace(requests.route(), base="next"))
    assert requests.open(proposed("b")).superseded == ()
    assert requests.requests() == {"a": "open", "b": "open"}


@pytest.mark.parametrize("fault", FAULTS)
def test_broken_at_any_effect_the_next_run_finishes(fault: Fault) -> None:
    def begun() -> OpenedRequests:
        requests = OpenedRequests()
        requests.open(proposed("a"))
        return requests

    counter = Counter()
    requests = begun()
    expected = requests.open(proposed("b"), counter)
    ended = (requests.requests(), requests.forge.comments, requests.forge.labels)
    assert len(counter.effects) == 3, "opened, said there, closed"
    for index in range(len(counter.effects)):
        requests = begun()
        with contextlib.suppress(ForgeError, Crash):
            requests.open(proposed("b"), at(index, fault))
            pytest.fail(f"{counter.effects[index]} went well")
        found = requests.open(proposed("b"))
        assert (found.number, found.url) == (expected.number, expected.url)
        assert (requests.requests(), requests.forge.comments, requests.forge.labels) == ended


def test_without_a_forge_it_is_pushed_and_the_text_is_given() -> None:
    requests = OpenedRequests()
    found = requests.open(proposed("a"), route=requests.route(forge=False))
    assert (found.state, found.forge, found.url) == (OpenedState.BY_HAND, None, None)
    assert (found.title, found.body) == ("Promote ca", f"why {proposed('a').artifact}")
    assert requests.forge.tips == {"promote/production/pay/a": "a" * 40}
    assert found.remote == "https://forge.example/town/models"
    alone = OpenedRequests()
    found = alone.open(proposed("a"), route=alone.route(forge=False, remote=False))
    assert (found.remote, alone.forge.tips) == (None, {})
    assert found.body
