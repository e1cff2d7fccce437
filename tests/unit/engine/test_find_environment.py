"""A model that is not declared: the error says where it is, or which name was meant, and names a command that works."""

from __future__ import annotations

import pytest

from reconciler.core.digest import Digest, hex_of, prefix_of
from reconciler.engine.find_environment import artifact_named, environment_of, no_artifact, unknown_model
from reconciler.engine.promotion import deployment_history
from reconciler.errors import UsageError
from tests.simulation.sample_project import MODEL
from tests.simulation.scenario import Scenario


def test_a_misspelt_name_is_answered_by_the_nearest_declared_one(scenario: Scenario) -> None:
    scenario.commit(seed=10)
    error = unknown_model(scenario.desired, "production", MODEL[:-1])
    assert error.message == f"no model '{MODEL[:-1]}' is declared for production"
    assert error.hint == f"did you mean {MODEL}?"


def test_a_model_of_the_source_environment_is_to_be_promoted(scenario: Scenario) -> None:
    scenario.commit(seed=10)
    assert scenario.desired.model("production", MODEL) is None
    hint = unknown_model(scenario.desired, "production", MODEL).hint
    assert hint == f"{MODEL} is declared for sandbox; run `reconciler promote {MODEL} --to production`"


def test_a_name_like_no_other_lists_the_declared_ones(scenario: Scenario) -> None:
    scenario.commit(seed=10)
    assert unknown_model(scenario.desired, "production", "zzz").hint == f"declared models: {MODEL}"


def test_a_rollback_of_a_misspelt_model_says_so_and_not_that_it_was_never_deployed(scenario: Scenario) -> None:
    scenario.commit(seed=10)
    production = scenario.desired.environment("production")
    assert production is not None
    with pytest.raises(UsageError, match="no model 'paymens' is declared for production") as caught:
        deployment_history.rollback_artifact(scenario.deps(), scenario.desired, "paymens", production, None)
    assert caught.value.hint == f"did you mean {MODEL}?"


@pytest.mark.parametrize(("typed", "meant"), [("prod", "production"), ("sandbx", "sandbox"), ("sand", "sandbox")])
def test_the_beginning_of_an_environments_name_or_one_like_it_is_answered_by_the_name(
    scenario: Scenario, typed: str, meant: str
) -> None:
    scenario.commit(seed=10)
    with pytest.raises(UsageError) as caught:
        environment_of(scenario.desired, typed)
    assert caught.value.hint == f"did you mean {meant}? declared: production, sandbox"


# --- artifacts by the first digits of their digests ---

A, B = Digest("sha256:" + "ab12" + "0" * 60), Digest("sha256:" + "ab12" + "0" * 59 + "1")
C = Digest("sha256:" + "c" * 64)


@pytest.mark.parametrize("text", ["cccccc", "CCCCCC", "sha256:cccccc", " ccccccc ", C])
def test_digits_that_begin_one_digest_name_it(text: str) -> None:
    prefix = prefix_of(text)
    assert prefix is not None
    assert artifact_named(prefix, [A, B, C]) == C


@pytest.mark.parametrize(
    "text",
    ["", "abc", "sha256:abc", "ab123", "sha256:ab123", "sha256:", "g123", "sha512:abcd", "a" * 65, "ab..", "ab*d"],
)
def test_what_is_no_beginning_of_a_digest_is_none(text: str) -> None:
    assert prefix_of(text) is None


def test_digits_that_begin_several_are_refused_with_all_of_them() -> None:
    prefix = prefix_of("ab1200")
    assert prefix is not None
    with pytest.raises(UsageError) as caught:
        artifact_named(prefix, [A, B, C])
    assert caught.value.code == "E211"
    assert hex_of(A) in caught.value.message, "as many digits as tell them apart"
    assert hex_of(B) in caught.value.message
    assert "cccc" not in caught.value.message


def test_digits_that_begin_none_are_answered_with_those_that_there_are() -> None:
    prefix = prefix_of("dddddd")
    assert prefix is not None
    assert artifact_named(prefix, [A, B, C]) is None
    error = no_artifact(prefix, "no artifact of x", [C, A])
    assert (error.code, error.message) == ("E210", "no artifact of x begins with dddddd")
    assert error.hint == "known artifacts: cccccccccccc, ab1200000000; `reconciler history` lists all"
