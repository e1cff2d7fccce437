"""`anchor`: heads of journals in numbered tags; `audit` misses what was cut off or written anew since."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.core.inspect.journal_checkpoint import CheckpointResult, number_of
from reconciler.engine.inspect import journal_checkpoint
from reconciler.engine.inspect.audit import audit
from reconciler.engine.storage import checkpoints
from reconciler.errors import IntegrityError, UsageError
from reconciler.testing.memory_git import MemoryTags
from tests.simulation.sample_project import MODEL
from tests.simulation.scenario import Scenario


@pytest.fixture
def tags() -> MemoryTags:
    return MemoryTags()


def anchor(scenario: Scenario, tags: MemoryTags, *environments: str) -> CheckpointResult:
    return journal_checkpoint.anchor(replace(scenario.deps(), tags=tags), scenario.desired, environments)


def findings(scenario: Scenario, tags: MemoryTags, *environments: str) -> list[tuple[str, str, str]]:
    found = audit(replace(scenario.deps(), tags=tags), scenario.desired, environments)
    return [(one.environment, one.where, one.problem) for one in found.findings]


def cut(scenario: Scenario, environment: str = "production") -> str:
    """Remove the newest entry, as if it had never been; its key."""
    objects = scenario.project.stores[environment].objects
    last = max(key for key in objects if key.startswith(f"journal/{environment}/{MODEL}/"))
    del objects[last]
    return last


def test_each_journals_head_is_in_the_message_and_nothing_new_makes_no_tag(
    scenario: Scenario, tags: MemoryTags
) -> None:
    scenario.deployed(10)
    first = anchor(scenario, tags)
    assert (first.name, first.fresh, first.signed) == ("reconciler/anchor/0", True, False)
    assert [(one.environment, one.model, one.n) for one in first.heads] == [
        ("production", "(controls)", 0),
        ("production", MODEL, 0),
        ("sandbox", MODEL, 1),
    ]
    assert first.commit == scenario.desired.revision
    scenario.commit(seed=10, pin=scenario.serves)
    again = anchor(scenario, tags)
    assert (again.name, again.fresh) == ("reconciler/anchor/0", False)
    assert anchor(scenario, tags, "production").fresh is False
    scenario.deployed(20)
    assert anchor(scenario, tags).name == "reconciler/anchor/1"
    assert sorted(tags.tags) == ["reconciler/anchor/0", "reconciler/anchor/1"]


def test_two_projects_of_one_name_in_one_repository_have_anchors_of_their_own(
    scenario: Scenario, tags: MemoryTags, tmp_path: Path
) -> None:
    tags.place = "teams.a"
    scenario.deployed(10)
    anchor(scenario, tags)
    assert "@teams.a" in tags.tags["reconciler/anchor/0"].message.splitlines()[0]
    other = Scenario(tmp_path / "b")  # a project that was never applied
    other.commit()
    assert findings(other, tags) != [], "as for a project whose journals are gone"
    tags.place = "teams.b"
    assert findings(other, tags) == []
    assert checkpoints.newest_heads(tags, other.desired.project) == {}
    other.deployed(20)
    assert anchor(other, tags).name == "reconciler/anchor/1"
    for place, owner in (("teams.a", scenario), ("teams.b", other)):
        tags.place = place
        assert findings(owner, tags) == []
        assert anchor(owner, tags).fresh is False


def test_an_anchor_of_an_older_version_counts_by_the_projects_name(scenario: Scenario, tags: MemoryTags) -> None:
    scenario.deployed(10)
    anchor(scenario, tags)
    tag = tags.tags["reconciler/anchor/0"]
    tags.tags[tag.name] = replace(tag, message=tag.message.replace('"place":"",', ""))
    assert tags.tags[tag.name] != tag
    tags.place = "teams.b"
    cut(scenario)
    assert findings(scenario, tags) != []


def test_before_the_first_entry_there_is_nothing_to_anchor(scenario: Scenario, tags: MemoryTags) -> None:
    scenario.commit()
    assert anchor(scenario, tags).name is None
    assert tags.tags == {}


def test_one_environment_is_anchored_and_the_other_then_is_new(scenario: Scenario, tags: MemoryTags) -> None:
    scenario.deployed(10)
    assert [one.environment for one in anchor(scenario, tags, "production").heads] == ["production", "production"]
    assert anchor(scenario, tags).fresh
    assert not anchor(scenario, tags, "sandbox").fresh


def test_a_cut_tail_is_named_with_environment_model_entry_and_anchor(scenario: Scenario, tags: MemoryTags) -> None:
    scenario.deployed(10)
    scenario.deployed(20)
    anchor(scenario, tags)
    assert findings(scenario, tags) == []
    key = cut(scenario)
    found = [one for one in findings(scenario, tags) if one[1] == key]
    assert len(found) == 1
    environment, where, problem = found[0]
    assert (environment, where) == ("production", f"journal/production/{MODEL}/1.json")
    assert f"entry 1 of {MODEL} is missing; tag reconciler/anchor/0 recorded" in problem
    assert [one for one in findings(scenario, tags, "sandbox") if one[1] == key] == [], "of another environment"
    with pytest.raises(IntegrityError, match="is missing"):
        anchor(scenario, tags)


def test_a_tail_that_was_cut_and_written_anew_is_found_though_the_chain_is_whole(
    scenario: Scenario, tags: MemoryTags
) -> None:
    scenario.deployed(10)
    scenario.deployed(20)
    anchor(scenario, tags)
    key = cut(scenario)
    scenario.project.target.current[MODEL] = replace(scenario.project.target.current[MODEL], n=0)
    store = scenario.project.stores["production"]
    body = scenario.project.stores["production"].objects[f"journal/production/{MODEL}/0.json"]
    store.objects[key] = body.replace(b'"n":0', b'"n":1')
    found = [one for one in findings(scenario, tags) if one[1] == key and "tag reconciler/anchor/0 recorded" in one[2]]
    assert len(found) == 1
    assert "is missing" not in found[0][2]


def test_a_missing_or_changed_anchor_is_a_finding_and_stops_the_next(scenario: Scenario, tags: MemoryTags) -> None:
    for seed in (10, 20, 30):
        scenario.deployed(seed)
        anchor(scenario, tags)
    kept = dict(tags.tags)
    del tags.tags["reconciler/anchor/1"]
    assert ("git", "reconciler/anchor/1") in [one[:2] for one in findings(scenario, tags)]
    with pytest.raises(IntegrityError, match="missing"):
        anchor(scenario, tags)
    tags.tags = {**kept, "reconciler/anchor/1": replace(kept["reconciler/anchor/1"], message="Anchor 1\n\n{}")}
    assert ("git", "reconciler/anchor/1") in [one[:2] for one in findings(scenario, tags)]
    moved = kept["reconciler/anchor/0"].message.replace('"model":"payments"', '"model":"someone"')
    tags.tags = {**kept, "reconciler/anchor/0": replace(kept["reconciler/anchor/0"], message=moved)}
    assert ("git", "reconciler/anchor/1") in [one[:2] for one in findings(scenario, tags)], "the chain of anchors"
    tags.tags = {**kept, "reconciler/anchor/0": replace(kept["reconciler/anchor/0"], commit="other")}
    assert ("git", "reconciler/anchor/0") in [one[:2] for one in findings(scenario, tags)]


def test_two_projects_of_one_repository_share_the_numbers_and_nothing_else(
    scenario: Scenario, tags: MemoryTags
) -> None:
    scenario.deployed(10)
    anchor(scenario, tags)
    ours = tags.tags["reconciler/anchor/0"]
    theirs = ours.message.replace('"project":"sample"', '"project":"country"').replace(
        '"n":0,"project', '"n":0,"project'
    )
    tags.tags["reconciler/anchor/0"] = replace(ours, message=theirs)
    cut(scenario, "sandbox")
    assert not [one for one in findings(scenario, tags) if "reconciler/anchor" in one[2]]
    assert anchor(scenario, tags).name == "reconciler/anchor/1"


def test_a_work_tree_has_no_commit_to_anchor(scenario: Scenario, tags: MemoryTags) -> None:
    scenario.deployed(10)
    with pytest.raises(UsageError, match="a tag on a commit"):
        journal_checkpoint.anchor(replace(scenario.deps(), tags=tags), replace(scenario.desired, revision=None), ())


def test_only_plain_numbers_are_anchors() -> None:
    names = ["0", "10", "01", "-1", "1.0", "x", "", "1234567890"]
    assert [number_of(f"reconciler/anchor/{name}") for name in names] == [0, 10, *[None] * 6]
