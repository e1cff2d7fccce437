"""Read what git declares as controls at a commit, as the values that the controls log records."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from reconciler import codec
from reconciler.core.controls.controls import EnvironmentControls, ModelControls, SourceControls
from reconciler.core.controls.data_protection import protection_of
from reconciler.core.digest import Digest, digest_of_bytes
from reconciler.core.judging.applicable_gates import subject_of
from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.spec.environment import Environment
from reconciler.core.spec.model import Model
from reconciler.core.spec.recipe import Recipe
from reconciler.core.trust.keys import KEYS_FOLDER
from reconciler.ports import Source, TreeFile


def environment_controls(desired: DesiredState, environment: Environment, source: Source) -> EnvironmentControls:
    """Return the controls that git declares for this environment, with those of all that it promotes from."""
    names = dict.fromkeys(desired.upstream(environment.name))
    for name in tuple(names):
        upstream = desired.environment(name)
        if upstream is not None and upstream.data.copy_from is not None:
            names.setdefault(upstream.data.copy_from)
    declared = (desired.environment(name) for name in names)
    return EnvironmentControls(
        name=environment.name,
        role=environment.role,
        store=environment.store,
        target=environment.target,
        protect=environment.protect,
        promotes_from=environment.promotes_from,
        policy=environment.policy,
        sources=tuple(_source_controls(each, desired.revision, source) for each in declared if each is not None),
        protection=protection_of(environment.data),
        managed=environment.managed,
        trust=environment.trust,
    )


def _source_controls(environment: Environment, revision: str | None, source: Source) -> SourceControls:
    committed = (
        (name, _tracked(table.path, revision, source)) for name, table in environment.data.tables if table.is_here
    )
    return SourceControls(
        name=environment.name,
        role=environment.role,
        store=environment.store,
        tables=environment.data.tables,
        copy_from=environment.data.copy_from,
        as_of=environment.data.as_of,
        gates=environment.policy.gates,
        committed=tuple((name, digest) for name, digest in committed if digest is not None),
        contracts=environment.data.contracts,
    )


def _tracked(path: str, revision: str | None, source: Source) -> Digest | None:
    """Return a digest of the files that git has at or below a table's path; None where it has none.

    Of a pattern, the folder that it starts from counts.
    """
    start = PurePosixPath(re.split(r"[*?\[]", path, maxsplit=1)[0] or ".")
    if revision is None or start.is_absolute() or ".." in start.parts:
        return None
    files = source.tree(revision, () if start == PurePosixPath(".") else (str(start),))
    return _digest_of(files) if files else None


def git_digest(desired: DesiredState, environment: Environment, source: Source) -> Digest:
    """Return a digest of every file at the commit that the environment's controls are made from."""
    revision = desired.revision or ""
    folders = ("environments", f"manifests/{environment.name}", KEYS_FOLDER)
    files = source.tree(revision, folders)
    declared = _committed(desired, environment, source)
    return digest_of_bytes(f"{_digest_of(files)} {' '.join(declared)}".encode())


def _committed(desired: DesiredState, environment: Environment, source: Source) -> tuple[str, ...]:
    """Return the digests of the committed data of all sources."""
    controls = environment_controls(desired, environment, source)
    return tuple(digest for each in controls.sources for _, digest in each.committed)


def _digest_of(files: tuple[TreeFile, ...]) -> Digest:
    return digest_of_bytes("\n".join(f"{file.mode} {file.id} {file.path}" for file in files).encode())


def model_controls(model: Model) -> ModelControls:
    """Return what judges a model by its own manifest."""
    return ModelControls(
        gates=model.gates, subject=subject_of(model), judging=_judging(model.recipe), off=model.checks_off
    )


def _judging(recipe: Recipe) -> tuple[tuple[str, Digest], ...]:
    """Return digests of the parts of a recipe that choose and label the rows on which its artifact is judged.

    Derived columns count where one of these parts names them: another definition is another label.
    """
    data, outcome, holdout = recipe.data, recipe.outcome, recipe.holdout
    labels = (outcome.column, *((label.name, label.when, label.possible) for label in outcome.classes), outcome.matured)
    parts: dict[str, object] = {
        "task": recipe.task.value,
        "from": data.table,
        "key": data.key,
        "where": data.where,
        "outcome": labels,
        "holdout": (holdout.last, holdout.by, holdout.random),
    }
    texts = repr((labels, data.where, holdout.by, data.key))
    parts["derive"] = _named_in(texts, {named.name: named.expression for named in data.derive})
    return tuple((name, digest_of_bytes(repr(part).encode())) for name, part in sorted(parts.items()))


def _named_in(text: str, derived: dict[str, str]) -> tuple[tuple[str, str], ...]:
    """Return the derived columns that a text names, directly or through others."""
    named: dict[str, str] = {}
    pending = [text]
    while pending:
        words = set(re.findall(r"[A-Za-z_]\w*", pending.pop().casefold()))
        for name, expression in derived.items():
            if name not in named and name.casefold() in words:
                named[name] = expression
                pending.append(expression)
    return tuple(sorted(named.items()))


def digest_of(controls: EnvironmentControls) -> Digest:
    """Return the digest under which these controls are stored."""
    return codec.digest_of(controls)
