"""A plan says of each gate in which file it is declared: who is refused has to know what to change."""

from __future__ import annotations

from dataclasses import replace

from reconciler.core.spec.gates import Threshold
from reconciler.core.status_codes import ResultStatus
from tests.simulation.scenario import Scenario


def test_the_gates_of_a_refused_model_are_told_with_their_files(scenario: Scenario) -> None:
    desired = scenario.commit()
    strict = Threshold(metric="f1_macro", at_least=0.999)
    scenario.merge(replace(desired, models=tuple(replace(model, gates=(strict,)) for model in desired.models)))
    assert scenario.part("sandbox").detail.gate_files == (), "nothing was judged yet"
    scenario.apply("sandbox")
    part = scenario.part("sandbox")
    assert part.status is ResultStatus.DENIED
    assert part.detail.gate_files == (("manifests/sandbox/payments.yaml", "environments/production.yaml"),)


def test_nothing_is_looked_up_of_a_model_to_which_nothing_happens(scenario: Scenario) -> None:
    scenario.deployed(10)
    for environment in ("sandbox", "production"):
        part = scenario.part(environment)
        assert (part.status, part.detail.gate_files) == (ResultStatus.CLEAN, None)
