"""A proposal's way: pushed, one open request per environment and model, an older one superseded; whatever breaks on the
way, the next run finishes, and after that nothing changes."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING, cast

import pytest

from reconciler.core.digest import digest_of_bytes
from reconciler.core.forge.pull_request import PullState
from reconciler.core.promotion.model_set import set_name
from reconciler.core.promotion.proposal import OpenedPullRequest, OpenedState, ProposalResult, ProposalSet
from reconciler.engine.load_desired import Checkout
from reconciler.engine.promotion import open_pull_request
from reconciler.engine.promotion.open_pull_request import PreparedProposal, PullRequestRoute
from reconciler.errors import ForgeError, SourceError
from reconciler.testing.fault_injection import Counter, Crash, Fault, FaultyProposer, Script, at
from reconciler.testing.memory_forge import MemoryForge, MemoryRemote
from reconciler.testing.memory_git import MemoryProposer, MemorySource

if TYPE_CHECKING:
    from reconciler.core.spec.desired_state import DesiredState
    from reconciler.ports import Expressions

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


def together(artifact: str, *models: str) -> ProposalSet:
    branch = f"promote/production/{set_name(models)}/{artifact}"
    each = [replace(proposed(artifact, model=model), branch=branch) for model in models]
    return ProposalSet(
        environment="production", branch=branch, commit=artifact * 40, base="0" * 40, files=(), models=tuple(each)
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
            body=lambda proposed: f"{text} {getattr(proposed, 'artifact', proposed.branch)}",
        )

    def open(
        self, one: ProposalResult | ProposalSet, script: Script | None = None, *, route: PullRequestRoute | None = None
    ) -> OpenedPullRequest:
        self.forge.script = script or Counter()
        self.branches[one.branch or ""] = one.commit or ""
        found = open_pull_request.push_and_open(
            route or self.route(), one, title=f"Promote {getattr(one, 'artifact', one.branch)[7:9]}"
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


def test_one_request_for_two_supersedes_those_of_either_and_no_other() -> None:
    requests = OpenedRequests()
    for model in ("pay", "churn", "other"):
        requests.open(proposed("a", model=model))
    both = requests.open(together("b", "churn", "pay"))
    assert [one.number for one in both.superseded] == [1, 2]
    assert both.overlapping == ()
    assert {one.head: one.state.value for one in requests.forge.pulls.values()} == {
        "promote/production/pay/a": "closed",
        "promote/production/churn/a": "closed",
        "promote/production/other/a": "open",
        "promote/production/churn+pay/b": "open",
    }
    assert "`churn`" in requests.forge.comments[0][2]
    assert requests.open(together("b", "churn", "pay")) == replace(both, state=OpenedState.UNCHANGED, superseded=())


def test_the_same_two_again_supersede_their_older_request_and_more_of_them_that_of_the_two() -> None:
    requests = OpenedRequests()
    first = requests.open(together("a", "churn", "pay"))
    second = requests.open(together("b", "churn", "pay"))
    assert [one.number for one in second.superseded] == [first.number]
    third = requests.open(together("c", "churn", "other", "pay"))
    assert [one.number for one in third.superseded] == [second.number]


def test_a_request_for_one_of_two_leaves_that_for_both_open_and_tells_of_it() -> None:
    requests = OpenedRequests()
    both = requests.open(together("a", "churn", "pay"))
    one = requests.open(proposed("b"))
    assert (one.superseded, [other.number for other in one.overlapping]) == ((), [both.number])
    assert requests.requests() == {"a": "open", "b": "open"}
    assert requests.forge.comments == []


@pytest.mark.parametrize("fault", FAULTS)
def test_a_request_for_two_that_breaks_at_any_effect_is_finished_by_the_next_run(fault: Fault) -> None:
    def begun() -> OpenedRequests:
        requests = OpenedRequests()
        requests.open(proposed("a"))
        requests.open(proposed("a", model="churn"))
        return requests

    counter = Counter()
    requests = begun()
    requests.open(together("b", "churn", "pay"), counter)
    ended = ({one.head: one.state for one in requests.forge.pulls.values()}, requests.forge.comments)
    assert len(counter.effects) == 5, "opened; said and closed twice"
    for index in range(len(counter.effects)):
        requests = begun()
        with contextlib.suppress(ForgeError, Crash):
            requests.open(together("b", "churn", "pay"), at(index, fault))
            pytest.fail(f"{counter.effects[index]} went well")
        requests.open(together("b", "churn", "pay"))
        assert ({one.head: one.state for one in requests.forge.pulls.values()}, requests.forge.comments) == ended


class Sets:
    """Two models that are proposed in one request, from the commit to the closing of what it supersedes."""

    def __init__(self) -> None:
        self.source = MemorySource()
        self.base = self.source.commit({"notes.txt": b"of the user"})
        self.proposer = MemoryProposer(self.source)
        self.forge = MemoryForge()
        self.route = PullRequestRoute(
            remote=MemoryRemote(self.forge, self.proposer.branches),
            forge=self.forge,
            because="",
            base="main",
            body=lambda proposed: f"why {proposed.branch}",
        )

    def propose(self, *models: str, verb: str, script: Script | None = None) -> ProposalSet:
        self.forge.script = script or Counter()
        checkout = Checkout(
            revision=self.base,
            tree=(),
            files=self.source.trees[self.base],
            desired=cast("DesiredState", None),
            expressions=cast("Expressions", None),
        )
        prepared = [
            PreparedProposal(
                model=model,
                artifact=digest_of_bytes(model.encode()),
                files={f"manifests/production/{model}.yaml": model, f"manifests/production/{model}.md": "card"},
                summary=("first artifact",),
            )
            for model in models
        ]
        proposer = FaultyProposer(self.proposer, self.forge.script)
        return open_pull_request.propose_models(
            checkout, proposer, prepared, verb=verb, environment="production", route=self.route
        )

    def state(self) -> tuple[object, ...]:
        trees = {branch: self.source.trees[commit] for branch, commit in self.proposer.branches.items()}
        pulls = [(one.head, one.state, self.forge.tips[one.head]) for one in self.forge.pulls.values()]
        return trees, pulls, self.forge.comments, self.source.trees[self.base]


@pytest.mark.parametrize("verb", ["promote", "rollback"])
@pytest.mark.parametrize("fault", FAULTS)
def test_a_set_that_breaks_between_its_commit_and_its_last_effect_is_one_whole_request_after_the_next_run(
    fault: Fault, verb: str
) -> None:
    def begun() -> Sets:
        sets = Sets()
        sets.propose("pay", verb=verb)
        return sets

    counter, sets = Counter(), begun()
    expected = sets.propose("pay", "churn", verb=verb, script=counter)
    assert len(counter.effects) == 4, "committed, opened; said to the older one, and closed"
    whole = {f"manifests/production/{model}.{kind}" for model in ("pay", "churn") for kind in ("yaml", "md")}
    for index in range(len(counter.effects)):
        broken = begun()
        with contextlib.suppress(ForgeError, SourceError, Crash):
            broken.propose("pay", "churn", verb=verb, script=at(index, fault))
            pytest.fail(f"{counter.effects[index]} went well")
        commit = broken.proposer.branches.get(expected.branch or "")
        assert commit is None or whole <= broken.source.trees[commit].keys(), "half of a set is proposed"
        assert broken.propose("churn", "pay", verb=verb).files == expected.files, "in any order"
        assert broken.state() == sets.state()
