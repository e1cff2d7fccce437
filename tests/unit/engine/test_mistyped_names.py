"""A word that names nothing is told with what was meant, be it an environment, a model or an experiment."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.engine.experiment.run_experiment import experiment_of
from reconciler.engine.find_environment import environment_of, neither
from reconciler.errors import UsageError
from tests.simulation.sample_project import MODEL
from tests.simulation.scenario import Scenario


@pytest.fixture
def scenario(tmp_path: Path) -> Scenario:
    return Scenario(tmp_path)


def test_a_mistyped_word_that_may_be_either_is_told_by_the_nearest_name_of_both(scenario: Scenario) -> None:
    scenario.commit(seed=10)
    assert neither(scenario.desired, MODEL[:-1] + "X").hint == f"did you mean {MODEL}?"
    assert neither(scenario.desired, "prodction").hint == "did you mean production?"
    assert neither(scenario.desired, "zz").hint == f"environments: production, sandbox; models: {MODEL}"


def test_a_model_in_the_place_of_an_environment_is_told_as_one(scenario: Scenario) -> None:
    scenario.commit(seed=10)
    with pytest.raises(UsageError) as told:
        environment_of(scenario.desired, MODEL)
    assert told.value.hint == f"{MODEL} is a model; environments: production, sandbox"


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        (MODEL, f"{MODEL} is a model: `reconciler improve {MODEL}`"),
        (f"improve-{MODEL}s", f"did you mean improve-{MODEL}?"),
    ],
)
def test_an_experiment_that_there_is_not_is_told_with_what_was_meant(scenario: Scenario, name: str, hint: str) -> None:
    scenario.commit(seed=10)
    with pytest.raises(UsageError) as told:
        experiment_of(scenario.deps(), scenario.desired, name)
    assert told.value.hint == hint
