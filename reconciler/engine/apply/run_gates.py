"""Run the gates of one environment on a build, where the data is, and record the verification."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

from reconciler import codec
from reconciler.core.artifact.build import Build, Provenance
from reconciler.core.artifact.evaluation import HEADLINES
from reconciler.core.digest import Digest
from reconciler.core.evaluation.question import asked_otherwise, judged_quantile
from reconciler.core.evaluation.units import judging_of
from reconciler.core.judging.applicable_gates import gates_of
from reconciler.core.judging.evaluate_gates import NOT_MEASURED, evaluate_gates, impossible
from reconciler.core.judging.judged_figures import JudgedFigures
from reconciler.core.judging.plug_in import GateAnswer
from reconciler.core.plan.gate_evaluation import not_applying
from reconciler.core.quality.drift import DriftSummary
from reconciler.core.spec.comparison import Comparability, ComparedParts, Comparison
from reconciler.core.spec.environment import Environment
from reconciler.core.spec.gates import DataDrift, Gate, NoWorseThanIncumbent, PluginGate, Verification, needs_rows
from reconciler.core.spec.gates.known_figures import known_figure
from reconciler.core.spec.model import DeclaredSlice, Model
from reconciler.engine.dependencies import Dependencies
from reconciler.engine.evaluation.slice_rows import JudgedBy, slice_rows
from reconciler.engine.judging.candidate_figures import figures_of_candidate
from reconciler.engine.judging.plug_ins import ask_plug_in
from reconciler.engine.masking.comparable import masked_otherwise, moment_of
from reconciler.engine.plan import verification
from reconciler.engine.quality.candidate_drift import drift_of_candidate
from reconciler.engine.storage import blobs, data_snapshots
from reconciler.engine.storage.yardsticks import Deployment, Yardsticks
from reconciler.engine.trust.attest import attest_verification, is_attested
from reconciler.errors import DataError, ScoringError
from reconciler.ports import CompareRequest, SelectionKind, SelectRequest, Store

MOST = 10
"""Artifacts deployed before that a candidate is compared with; of more, those that did best on their own holdouts."""


def run_gates(
    deps: Dependencies, model: Model, environment: Environment, build: Build, compared: Yardsticks
) -> Verification:
    """Run the gates of `environment` on `build`, against what it is compared with there, and record the verification.

    A verification that is recorded already is returned, and nothing is run; where there is a key that did not sign it,
    they are run again, and signed where the results are the same. Raises IntegrityError E510 where they are not.
    """
    store = deps.stores[model.environment]
    evaluation = verification.evaluation_of(store, build.artifact)
    gate_set = verification.gate_set_of(model, environment, evaluation, compared)
    digest = codec.digest_of(gate_set)
    known, signer = verification.read(store, build.artifact, digest), deps.signer()
    if known is not None and (signer is None or is_attested(store, signer, known)):
        return known
    comparisons: dict[NoWorseThanIncumbent, Comparison] = {}
    earlier: dict[NoWorseThanIncumbent, tuple[Comparison, ...]] = {}
    for gate in gate_set.gates:
        possible = impossible(gate, evaluation.kind, model.recipe.class_names) is None
        if isinstance(gate, NoWorseThanIncumbent) and possible:
            comparisons[gate] = compare_builds(deps, model, environment, build, compared.incumbent, gate)
            earlier[gate] = _compare_earlier(deps, model, environment, build, compared.before(gate), gate)
    drift: DriftSummary | str = NOT_MEASURED
    if any(isinstance(gate, DataDrift) for gate in gate_set.gates):
        drift = drift_of_candidate(deps, model, build, environment.limits)
    transformed = bool(judging_of(model.recipe).steps)
    figures: JudgedFigures | str = NOT_MEASURED
    answers: dict[PluginGate, GateAnswer | str] = {}
    if any(_asks_for_figures(gate, transformed=transformed) for gate in gate_set.gates):
        figures = figures_of_candidate(deps, model, build, gate_set.gates, environment.limits)
        plug_ins = (gate for gate in gate_set.gates if isinstance(gate, PluginGate))
        answers = {gate: ask_plug_in(deps, gate, figures) for gate in plug_ins}
    made = verification.write(
        store,
        Verification(
            artifact=build.artifact,
            environment=environment.name,
            gate_set=digest,
            evaluation=evaluation.evaluation_rows,
            incumbent=gate_set.incumbent,
            deployed_before=gate_set.deployed_before,
            results=(
                *evaluate_gates(
                    gate_set.gates,
                    evaluation,
                    comparisons,
                    earlier,
                    drift,
                    figures,
                    answers,
                    transformed=transformed,
                ),
                *not_applying(gates_of(model, environment).others),
            ),
        ),
        run_again=known is not None,
    )
    attest_verification(store, signer, made, deps.clock())
    return made


def _asks_for_figures(gate: Gate, *, transformed: bool) -> bool:
    """Tell whether a gate is judged by figures in full."""
    by_rows = needs_rows(gate, transformed=transformed)
    return by_rows and not isinstance(gate, (NoWorseThanIncumbent, DataDrift))


def _compare_earlier(
    deps: Dependencies,
    model: Model,
    environment: Environment,
    build: Build,
    deployments: tuple[Deployment, ...],
    gate: NoWorseThanIncumbent,
) -> tuple[Comparison, ...]:
    """Compare the candidate with what was deployed before the incumbent, each on rows that neither trained on.

    All together refuse an equal candidate at most as often as the incumbent alone: each interval is as much wider.
    """
    chosen = _best(deps.stores[environment.name], deployments, gate)
    confidence = 1 - 0.05 / max(len(chosen), 1)

    def compare(deployment: Deployment) -> Comparison:
        if not blobs.holds(deps.stores[environment.name], deployment.artifact):
            reason = f"is not in the store of {environment.name} any more"
            return _not_compared(gate, Comparability.UNSCORABLE, reason)
        return compare_builds(deps, model, environment, build, deployment, gate, confidence=confidence)

    return tuple(
        replace(compare(deployment), artifact=deployment.artifact, confidence=confidence) for deployment in chosen
    )


def _best(store: Store, deployments: tuple[Deployment, ...], gate: NoWorseThanIncumbent) -> tuple[Deployment, ...]:
    """Return the deployments whose artifacts did best on their own holdouts, where they are more than `MOST`."""
    if len(deployments) <= MOST:
        return deployments

    def score(deployment: Deployment) -> float:
        if not blobs.holds(store, deployment.artifact):
            return -math.inf
        own = verification.evaluation_of(store, deployment.artifact)
        for name in (gate.metric, *HEADLINES):  # an artifact has not every figure of itself
            value, known = own.metric(name), known_figure(name)
            if value is not None and math.isfinite(value) and known is not None and known.higher is not None:
                return value if known.higher else -value
        return -math.inf

    best = sorted(deployments, key=lambda deployment: (-score(deployment), deployment.artifact))[:MOST]
    return tuple(sorted(best, key=lambda deployment: deployment.artifact))


def compare_builds(
    deps: Dependencies,
    model: Model,
    environment: Environment,
    build: Build,
    incumbent: Deployment | None,
    gate: NoWorseThanIncumbent,
    *,
    confidence: float = 0.95,
) -> Comparison:
    """Compare candidate and incumbent on the candidate's holdout, without the rows that the incumbent trained on."""
    if incumbent is None:
        return Comparison(state=Comparability.NO_INCUMBENT, metric=gate.metric)
    incumbent_build = incumbent.build
    if incumbent_build is None:
        return _not_compared(gate, Comparability.NOT_COMPARABLE, "it is not recorded how the incumbent was built")
    own, theirs = deps.stores[model.environment], deps.stores[environment.name]
    limits = environment.limits
    work = deps.scratch / f"compare-{deps.new_id()}"
    work.mkdir(parents=True)
    recipe = verification.recipe_of(theirs, incumbent_build.artifact).recipe
    if (otherwise := asked_otherwise(model.recipe, recipe)) is not None:
        reason = f"the outcome does not mean the same as the incumbent's: {otherwise}"
        return _not_compared(gate, Comparability.NOT_COMPARABLE, reason)
    judging, before = judging_of(model.recipe), judging_of(recipe)
    if not blobs.holds(own, incumbent_build.training_keys):
        reason = "the keys that the incumbent trained on are not in this store"
        return _not_compared(gate, Comparability.NOT_COMPARABLE, reason)
    provenance = blobs.record(own, build.provenance, Provenance)
    snapshot = data_snapshots.numbered(own, provenance.snapshot)
    holdout = blobs.file_of(own, build.evaluation_rows)
    place = own if blobs.holds(own, incumbent_build.provenance) else theirs
    then = blobs.record(place, incumbent_build.provenance, Provenance).inputs.masks
    if (column := masked_otherwise(data_snapshots.masks_read(snapshot, recipe), then)) is not None:
        reason = f"{column} is masked otherwise than where the incumbent was trained"
        return _not_compared(gate, Comparability.NOT_COMPARABLE, reason)
    after, limited = None, None
    if build.masked_key != incumbent_build.masked_key:
        if (moment := moment_of(recipe)) is None:
            reason = "the keys of rows are masked otherwise than where the incumbent was trained, so no row is known"
            return _not_compared(gate, Comparability.NOT_COMPARABLE, f"{reason} that it did not train on")
        after = (moment, incumbent_build.as_of)
        limited = f"only rows after {incumbent_build.as_of}: keys of rows were masked otherwise before"
    try:
        deps.data.select(
            SelectRequest(
                recipe=recipe,
                tables=data_snapshots.table_files(own, snapshot, recipe.tables),
                as_of=snapshot.as_of,
                want=SelectionKind.FEATURES,
                into=work,
                limits=limits,
                keys=holdout,
                after=after,
            )
        )
    except DataError as error:
        return _not_compared(
            gate, Comparability.NOT_COMPARABLE, f"the incumbent's features cannot be made: {error.message}"
        )
    cut = (DeclaredSlice(name=gate.per, expression=gate.sliced_by),) if gate.per and gate.sliced_by else ()
    values: Path | str | None = None
    if cut:
        by = JudgedBy(declared=replace(model.evaluation, slices=cut), build=build)
        values = slice_rows(deps, by, limits, _new_folder(work / "slices"))
    try:
        compared = deps.scorer.compare(
            CompareRequest(
                gate=gate,
                candidate=_unpacked(own, build.artifact, work / "candidate"),
                incumbent=_unpacked(theirs, incumbent_build.artifact, work / "incumbent"),
                holdout=holdout,
                features=work / "features.parquet",
                trained=blobs.file_of(own, incumbent_build.training_keys),
                limits=limits,
                confidence=confidence,
                quantile=judged_quantile(model.recipe),
                steps=judging.steps,
                incumbent_steps=before.steps,
                declared=replace(model.evaluation, slices=cut if isinstance(values, Path) else ()),
                slices=(values,) if isinstance(values, Path) else (),
            )
        )
        unit = f"judged in {judging.unit.unit}" if judging.steps or before.steps else None
        reasons = [reason for reason in (compared.reason, limited, unit) if reason is not None]
        compared = replace(compared, reason="; ".join(reasons) or None)
        cannot = ComparedParts(problem=f"the slice cannot be cut: {values}") if isinstance(values, str) else None
        return replace(compared, per=cannot or compared.per)
    except ScoringError as error:
        return _not_compared(gate, Comparability.UNSCORABLE, error.message)


def _new_folder(folder: Path) -> Path:
    folder.mkdir()
    return folder


def _unpacked(store: Store, artifact: Digest, into: Path) -> Path:
    return blobs.unpack(store, blobs.artifact(store, artifact), into)


def _not_compared(gate: NoWorseThanIncumbent, state: Comparability, reason: str) -> Comparison:
    return Comparison(state=state, metric=gate.metric, reason=reason)
