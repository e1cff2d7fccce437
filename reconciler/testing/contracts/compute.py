"""Contract of `ports.Compute`: what is computed from a store is the same wherever that happens."""

from __future__ import annotations

from abc import ABC, abstractmethod
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from reconciler.core.spec.environment import Runtime
from reconciler.engine.compute.built import verified
from reconciler.errors import ReconcilerError
from reconciler.ports import ArmTrialRequest, ArtifactEvaluationRequest, BuildRequest, BuiltModel, Compute, Store
from reconciler.testing.contracts.stores_and_targets import expect


@dataclass(frozen=True, slots=True, kw_only=True)
class ComputeCase:
    """What a suite is run with: a store with a snapshot and an artifact, what computes from it, and requests to it.
    `built`: what `build` has to give."""

    compute: Compute
    store: Store
    build: BuildRequest
    built: BuiltModel
    trial: ArmTrialRequest
    evaluation: ArtifactEvaluationRequest


class ComputeContract(ABC):
    """Subclass it, return a case, and every function `test_…` is a claim."""

    @abstractmethod
    def case(self) -> ComputeCase:
        """Return what to test; it may be the same one each time."""

    def test_a_build_has_the_digests_that_it_has_everywhere(self) -> None:
        case = self.case()
        built = case.compute.build(case.build)
        expect(built.files == case.built.files, f"{built.files}, expected {case.built.files}")
        expect(built.evaluation_rows == case.built.evaluation_rows, "its holdout has another digest")
        expect(built.training_keys == case.built.training_keys, "its training keys have another digest")
        expect(built.selected == case.built.selected, f"{built.selected}, expected {case.built.selected}")
        verified(case.store, built)

    def test_several_builds_at_once_are_those_of_one(self) -> None:
        case = self.case()
        with ThreadPoolExecutor(2) as both:
            found = list(both.map(case.compute.build, [case.build] * 2))
        expect(found == [case.built] * 2, "two at once gave something else")

    def test_a_trial_has_the_figures_that_it_has_again(self) -> None:
        case = self.case()
        first, second = (case.compute.trial(case.trial) for _ in range(2))
        expect(len(first.folds) == len(case.trial.judged), f"{len(first.folds)} folds were judged")
        expect(first.folds == second.folds, "the figures differ")

    def test_an_evaluation_is_of_the_artifact_that_was_asked_for(self) -> None:
        case = self.case()
        found = case.compute.evaluate(case.evaluation)
        expect(found.artifact == case.evaluation.artifact, "it is of another artifact")
        expect(found.evaluation_rows == case.evaluation.evaluation_rows, "it is on other rows")

    def test_a_wrong_runtime_is_refused(self) -> None:
        case = self.case()
        runtime = case.build.runtime
        versions = tuple((name, "0.1" if name == "numpy" else version) for name, version in runtime.versions)
        other = Runtime(architecture=runtime.architecture, versions=versions, training_format=runtime.training_format)
        try:
            case.compute.build(replace(case.build, runtime=other))
        except ReconcilerError as error:
            expect("numpy 0.1" in error.message, f"it does not say which library differs: {error.message}")
        else:
            expect(False, "it was trained")
