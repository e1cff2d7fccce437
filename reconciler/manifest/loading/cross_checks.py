"""Check references across documents: names, folders, environments that refer to each other, gates and tasks."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Iterator

from reconciler.core.artifact.evaluation import QUANTILE
from reconciler.core.evaluation.quantiles import kind_of
from reconciler.core.judging.applicable_gates import applies, gates_of, is_of_quantiles, subject_of, undeclared
from reconciler.core.judging.evaluate_gates import impossible
from reconciler.core.quality.checks import ALWAYS_ERRORS
from reconciler.core.spec.data import CopiedColumns, DataBinding
from reconciler.core.spec.desired_state import DesiredState, card_path
from reconciler.core.spec.environment import Environment
from reconciler.core.spec.model import Model
from reconciler.core.spec.runtime import OF_ESTIMATORS
from reconciler.manifest.quality.contract_checks import declared_problems

CrossProblem = tuple[str, tuple[str | int, ...], str, str, str | None]
"""(file, path in the document, code, message, hint)"""


def environment_file(name: str) -> str:
    """Return the path of an environment's document."""
    return f"environments/{name}.yaml"


def problems(desired: DesiredState, paths: Collection[str], *, cards: bool = False) -> Iterator[CrossProblem]:
    """Yield every problem across documents; `paths`: every file of the configuration, also of invalid models.

    `cards`: whether each card must belong to the artifact that is pinned.
    """
    for environment in desired.environments:
        yield from _environment(desired, environment)
        for path, code, message, hint in declared_problems(environment.data):
            yield environment_file(environment.name), ("spec", "data", *path), code, message, hint
        yield from _copied(desired, environment)
        yield from _controlled(environment, paths)
        yield from _retired(environment, paths)
    for model in desired.models:
        yield from _model(desired, model, paths)
        yield from _unpinned(desired, model)
        if cards:
            yield from _card(desired, model)


def _unpinned(desired: DesiredState, model: Model) -> Iterator[CrossProblem]:
    """Yield the library of a model's estimator where the lock of the environment that trains it does not pin it."""
    environment = desired.environment(model.environment)
    name = OF_ESTIMATORS.get(model.recipe.estimator.uses)
    if name is None or environment is None or environment.runtime is None or name in dict(environment.runtime.versions):
        return
    message = f"{environment.lock} does not pin {name}, by which the model is trained"
    extra = model.recipe.estimator.uses
    hint = f"pip install 'model-reconciler[{extra}]', and write its version there, as {name}==VERSION"
    yield model.file, ("spec", "recipe", "estimator", "uses"), "E204", message, hint


def _environment(desired: DesiredState, environment: Environment) -> Iterator[CrossProblem]:
    file = environment_file(environment.name)
    names = {other.name for other in desired.environments}
    for index, source in enumerate(environment.promotes_from):
        if source not in names:
            yield (
                file,
                ("spec", "promotesFrom", index),
                "E212",
                f"environment {source!r} does not exist",
                _suggestion(source, names),
            )
    if environment.name in desired.upstream(environment.name):
        message = "the environment promotes from itself, directly or through others"
        yield file, ("spec", "promotesFrom"), "E212", message, "remove one of the sources"
    origin = environment.data.copy_from
    if origin is not None:
        source_environment = desired.environment(origin)
        if source_environment is None:
            yield (
                file,
                ("spec", "data", "copyFrom"),
                "E212",
                f"environment {origin!r} does not exist",
                _suggestion(origin, names),
            )
        elif not source_environment.data.tables:
            message = f"environment {origin} declares no tables to copy"
            hint = f"declare data.tables in {origin}, or copy from another environment"
            yield file, ("spec", "data", "copyFrom"), "E212", message, hint
        else:
            yield from _masks(file, environment.data, source_environment)
    hint = "give each environment its own store and its own target, neither inside another"
    if environment.target is not None and environment.target.overlaps(environment.store):
        yield (
            file,
            ("spec", "target"),
            "E212",
            "the target and the store are the same location, or one lies inside the other",
            hint,
        )
    mirror, beside = environment.mirror, (environment.store, environment.target)
    if mirror is not None and any(place is not None and place.overlaps(mirror) for place in beside):
        message = "the mirror is the same location as the store or the target, or one lies inside the other"
        remedy = "keep the mirror on another disk or in another bucket: it is for the day on which this one is lost"
        yield file, ("spec", "store", "mirror"), "E212", message, remedy
    for other in desired.environments:
        if other.name < environment.name and _overlap(other, environment):
            message = f"shares a folder or bucket with environment {other.name}"
            yield file, ("spec",), "E212", message, hint


def _copied(desired: DesiredState, environment: Environment) -> Iterator[CrossProblem]:
    """Yield what is said of data snapshots where none is taken, and a sample of a table that is not copied."""
    file, data = environment_file(environment.name), environment.data
    said = {
        "keep": data.keep is not None,
        "columns": data.columns is CopiedColumns.USED,
        "sample": data.sample is not None,
    }
    if not environment.trains:
        for name in (name for name, is_said in said.items() if is_said):
            message = f"`{name}` is for data snapshots, and {environment.name} takes none"
            yield file, ("spec", "data", name), "E205", message, "declare it in the sandbox that copies these tables"
        return
    origin = desired.environment(data.copy_from or environment.name)
    if data.sample is not None and origin is not None and origin.data.tables:
        names = {name for name, _ in origin.data.tables}
        if data.sample.table not in names:
            message = f"{origin.name} declares no table {data.sample.table!r}"
            yield file, ("spec", "data", "sample", "by"), "E212", message, _suggestion(data.sample.table, names)


def _masks(file: str, data: DataBinding, origin: Environment) -> Iterator[CrossProblem]:
    """Yield masks that a copy adds and that nothing could heed."""
    tables = dict(origin.data.tables)
    for mask in data.masks:
        if mask.table not in tables:
            place = ("spec", "data", "mask", f"{mask.table}.{mask.column}")
            yield file, place, "E212", f"{origin.name} has no table {mask.table!r}", _suggestion(mask.table, tables)
    if data.mask_key is not None and origin.data.mask_key is not None:
        message = f"{origin.name} declares `maskKey`, which holds for every copy of its tables"
        yield file, ("spec", "data", "maskKey"), "E205", message, "remove `maskKey` here"


def _controlled(environment: Environment, paths: Collection[str]) -> Iterator[CrossProblem]:
    """Yield controls that name an undeclared model: a hold outlives a manifest only by mistake."""
    file, folder = environment_file(environment.name), f"manifests/{environment.name}/"
    named = {
        "holds": [hold.model for hold in environment.policy.holds],
        "overrides": [override.model for override in environment.policy.overrides],
    }
    for place, models in named.items():
        for index, model in enumerate(models):
            if f"{folder}{model}.yaml" not in paths:
                known = {path[len(folder) : -5] for path in paths if path.startswith(folder) and path.endswith(".yaml")}
                message = f"environment {environment.name} has no model {model!r}"
                yield file, ("spec", "policy", place, index, "model"), "E212", message, _suggestion(model, known)


def _retired(environment: Environment, paths: Collection[str]) -> Iterator[CrossProblem]:
    """Yield consents to retire a model that is declared: a line left over would retire it at its next removal."""
    for index, retirement in enumerate(environment.policy.retire):
        manifest = f"manifests/{environment.name}/{retirement.model}.yaml"
        if manifest in paths:
            message = f"policy.retire names {retirement.model}, and {manifest} declares it"
            hint = "to retire the model, remove its manifest; to deploy it (again), remove this line"
            file, place = environment_file(environment.name), ("spec", "policy", "retire", index, "model")
            yield file, place, "E225", message, hint


def _overlap(a: Environment, b: Environment) -> bool:
    return any(x.overlaps(y) for x in a.places for y in b.places)


def _model(desired: DesiredState, model: Model, paths: Collection[str]) -> Iterator[CrossProblem]:
    environment = desired.environment(model.environment)
    if environment is None:
        names = {other.name for other in desired.environments}
        message = f"the model's folder names environment {model.environment!r}, which is not declared"
        yield model.file, ("metadata", "name"), "E208", message, _suggestion(model.environment, names)
        return
    yield from _pin(model, environment)
    yield from _renamed(model, paths)
    yield from _tables(desired, model, environment)
    yield from _gates(model, environment)
    yield from _checks(desired, model, environment)


def _card(desired: DesiredState, model: Model) -> Iterator[CrossProblem]:
    """Yield a card that belongs to another artifact: a reviewer would read another model's numbers."""
    path = card_path(model.environment, model.name)
    body = desired.cards.get(path)
    if body is None or model.artifact is None or model.artifact.encode() in body:
        return
    message = f"this card does not belong to the pinned artifact {model.artifact}"
    hint = f"`git rm {path}` and commit; then `reconciler promote {model.name} --to {model.environment} "
    hint += f"--digest {model.artifact}` writes it anew"
    yield path, (), "E221", message, hint


def _gates(model: Model, environment: Environment) -> Iterator[CrossProblem]:
    """Yield gates that the model can never pass, and that none applies where one must."""
    subject, kind, classes = subject_of(model), kind_of(model.recipe), model.recipe.class_names
    slices = [name for name, _ in subject.slices or ()]
    for index, gate in enumerate(model.gates):
        path = ("spec", "gates", index)
        if gate.for_ is not None and not gate.for_.covers(subject.task, subject.labels):
            message = f"the gate is for {gate.for_}, which this model is not: it can never fail"
            yield model.file, (*path, "for"), "E217", message, "remove the gate, or correct its `for`"
            continue
        if (problem := impossible(gate, kind, classes)) is not None:
            place = "metric" if hasattr(gate, "metric") else "uses"
            yield model.file, (*path, place), "E216", *problem
        if (per := undeclared(gate, slices)) is not None:
            message = f"the model declares no slice {per!r}"
            yield model.file, (*path, "per"), "E212", message, _slices_hint(per, slices)
    for index, gate in enumerate(environment.policy.gates):
        if not applies(gate, subject) or (is_of_quantiles(gate) and kind != QUANTILE):
            continue
        if (problem := impossible(gate, kind, classes)) is not None:
            message = f"{environment.name}'s gate {index + 1}: {problem[0]}"
            hint = f"in {environment_file(environment.name)}, narrow the gate by `for:`, or choose another metric"
            yield model.file, ("spec", "recipe", "task"), "E216", message, hint
        if (per := undeclared(gate, slices)) is not None:
            message = f"{environment.name}'s gate {index + 1} is per {per}, and the model declares no slice {per!r}"
            yield model.file, ("spec",), "E212", message, _slices_hint(per, slices)
    gates = gates_of(model, environment)
    if not environment.trains and not gates.applying:
        message = (
            f"a model of {environment.name} needs a gate, and neither the model nor the environment's policy has one"
        )
        if gates.others:
            message += f" that applies to it, a {model.recipe.task}"
        yield model.file, ("spec",), "E218", message, f"add a gate to policy.gates of {environment.name}"


def _slices_hint(per: str, slices: Collection[str]) -> str:
    """Say how a slice is declared, or which one may be meant."""
    close = difflib.get_close_matches(per, slices, n=1)
    if close:
        return f"did you mean {close[0]!r}?"
    return f"declare it in the model: `evaluation: {{slices: [{per}]}}`"


def _checks(desired: DesiredState, model: Model, environment: Environment) -> Iterator[CrossProblem]:
    """Yield checks that are switched off to no effect: of a feature that the model does not have, or always an error
    where a policy keeps it on."""
    subjects = (*model.recipe.features.all, *model.recipe.class_names)
    judging = (environment,) if not environment.trains else desired.downstream(environment.name) or (environment,)
    for off in model.checks_off:
        path = ("spec", "checks", "off", off.name)
        if off.subject and off.subject not in subjects:
            message = f"{off.check} is switched off for {off.subject!r}, which is no feature and no class of the model"
            yield model.file, path, "E212", message, _suggestion(off.subject, subjects)
        strict = next((each.name for each in judging if off.check not in each.policy.checks), None)
        if off.check in ALWAYS_ERRORS and strict is not None:
            message = f"policy.checks of {strict} does not allow {off.check} to be switched off"
            hint = f"in {environment_file(strict)}: `policy: {{checks: [{off.check}]}}`, by a pull request of its own"
            yield model.file, path, "E225", message, hint


def _pin(model: Model, environment: Environment) -> Iterator[CrossProblem]:
    if environment.trains:
        if model.artifact is not None:
            message = f"a model of the sandbox {environment.name} is trained, so it pins no artifact"
            yield model.file, ("spec", "artifact"), "E209", message, "remove `artifact`"
        return
    if model.artifact is None:
        message = f"environment {environment.name} only promotes, so the model must pin the artifact to deploy"
        yield model.file, ("spec",), "E209", message, f"run `reconciler promote {model.name} --to {environment.name}`"


def _renamed(model: Model, paths: Collection[str]) -> Iterator[CrossProblem]:
    """Yield a former name that is still declared: the other model's gates and history would count for this one."""
    former = model.renamed_from
    file = f"manifests/{model.environment}/{former}.yaml"
    if former is not None and former != model.name and file in paths:
        message = f"{former} is declared in {model.environment} too: {model.name} is not that model under another name"
        hint = f"remove `renamedFrom` from {model.file}, or remove {file}"
        yield model.file, ("metadata", "renamedFrom"), "E207", message, hint


def _tables(desired: DesiredState, model: Model, environment: Environment) -> Iterator[CrossProblem]:
    origin = desired.environment(environment.data.copy_from or environment.name)
    if origin is None:
        return
    known = dict(origin.data.tables)
    for table in model.recipe.tables:
        if table not in known:
            where: tuple[str | int, ...] = ("spec", "recipe", "data", "from")
            if table != model.recipe.data.table:
                where = ("spec", "recipe", "data", "join", table)
            yield (
                model.file,
                where,
                "E212",
                f"environment {origin.name} has no table {table!r}",
                _suggestion(table, known),
            )


def _suggestion(name: str, known: Iterable[str]) -> str | None:
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1)
    if close:
        return f"did you mean {close[0]!r}?"
    return f"declared: {', '.join(names)}" if names else None
