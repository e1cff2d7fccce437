"""Measure the figures that gates judge of a candidate: in full, on its holdout, and per slice of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from reconciler.core.artifact.build import Build
from reconciler.core.judging.judged_figures import JudgedFigures, SlicedFigures
from reconciler.core.spec.environment import Limits
from reconciler.core.spec.gates import BoundedFigure, Gate
from reconciler.core.spec.model import DeclaredSlice, Model
from reconciler.engine.dependencies import Dependencies
from reconciler.engine.evaluation.slice_rows import JudgedBy, slice_rows
from reconciler.engine.storage import blobs
from reconciler.errors import ScoringError
from reconciler.ports import JudgeRequest


def figures_of_candidate(
    deps: Dependencies, model: Model, build: Build, gates: Iterable[Gate], limits: Limits
) -> JudgedFigures | str:
    """Return the figures of a build on its holdout, and per slice of these gates; a reason where there are none.

    Slices are cut from the snapshot that the build was trained on, so the result follows from the artifact and the
    gates, and is the same whenever it is asked for.
    """
    store = deps.stores[model.environment]
    if not blobs.holds(store, build.evaluation_rows):
        return "the rows that it was judged on are not kept any more"
    work = deps.scratch / f"judge-{deps.new_id()}"
    work.mkdir(parents=True)
    wanted = _slices(gates)
    cut = tuple(DeclaredSlice(name=name, expression=text) for name, (text, _) in wanted.items())
    declared = replace(model.evaluation, slices=cut)
    values = slice_rows(deps, JudgedBy(declared=declared, build=build), limits, work)
    if isinstance(values, str):
        declared = replace(declared, slices=())
    try:
        judged = deps.scorer.judge(
            JudgeRequest(
                artifact=blobs.unpack(store, blobs.artifact(store, build.artifact), work / "artifact"),
                rows=blobs.file_of(store, build.evaluation_rows),
                limits=limits,
                declared=declared,
                slices=(values,) if isinstance(values, Path) else (),
                fewest=tuple((name, fewest) for name, (_, fewest) in wanted.items()),
            )
        )
    except ScoringError as error:
        return error.message
    if not isinstance(values, str):
        return judged
    unknown = (SlicedFigures(name=name, problem=f"the slice cannot be cut: {values}") for name in wanted)
    return replace(judged, slices=(*judged.slices, *unknown))


def _slices(gates: Iterable[Gate]) -> dict[str, tuple[str, int]]:
    """Return what each slice is cut by, and the fewest rows from which on some gate judges a part, by name."""
    wanted: dict[str, tuple[str, int]] = {}
    for gate in gates:
        if isinstance(gate, BoundedFigure) and gate.per is not None and gate.sliced_by is not None:
            _, fewest = wanted.get(gate.per, ("", gate.support))
            wanted[gate.per] = (gate.sliced_by, min(fewest, gate.support))
    return wanted
