"""Carry out `init`: profile the table, suggest a recipe, write the project, read it back."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from reconciler.adapters.executors.compute import DataWorker
from reconciler.adapters.git import new_repository
from reconciler.adapters.git.worktree_source import WorkTree
from reconciler.adapters.system import machine
from reconciler.adapters.system.host import now
from reconciler.app import locations
from reconciler.app.ci import setup as ci_setup
from reconciler.app.project_options import SILENT
from reconciler.core.forge.detection import ForgeKind
from reconciler.core.names import is_name, without_accents
from reconciler.core.onboarding.init_result import InitChoice, InitResult
from reconciler.core.onboarding.suggest_recipe import RecipeSuggestion, suggest
from reconciler.core.onboarding.table_profile import ProfileRequest, ReadOption, TableProfile
from reconciler.core.spec.environment import Limits, Table
from reconciler.core.spec.recipe import Task
from reconciler.core.spec.runtime import DISTRIBUTIONS
from reconciler.errors import UsageError
from reconciler.manifest.scaffold import project_template, sample_table
from reconciler.ports import Progress

_KINDS = (".csv", ".tsv", ".txt", ".parquet")
_DATA = "data"
_MOST_NOTES = 6  # on the screen; the manifest has all
_MADE_UP = "made-up example orders: --from-table FILE reads a table of yours"
_PATH = re.compile(r"[A-Za-z0-9._/-]+")


def begin(
    folder: Path,
    *,
    table: Path | None,
    outcome: str | None,
    name: str | None,
    ci: ForgeKind | None = None,
    install: str | None = None,
    options: tuple[ReadOption, ...] = (),
    given: Table | None = None,
    is_header: bool | None = None,
    progress: Progress = SILENT,
) -> InitResult:
    """Write a project with a first model into `folder`, suggested from `table` (by default: the only one there).

    `options`: what the author says about the table's text; `given`: about the file's layout; `is_header`: whether its
    first line is a header, None to look.
    """
    root = folder.absolute()
    _check(root)
    texts: dict[str, str] = {}
    note = None
    if table is None and (table := _only_table(root)) is None:
        texts[f"{_DATA}/{sample_table.NAME}.csv"] = sample_table.orders()
        note = "Made-up orders, to begin with: put your own table here."
    data = DataWorker()
    try:
        with locations.scratch() as scratch:
            if table is None:
                path = scratch / f"{sample_table.NAME}.csv"
                path.write_text(texts[f"{_DATA}/{sample_table.NAME}.csv"], newline="\n")
            else:
                path = table
            progress.start(path.name, "profile the table")
            into = scratch / "profile"
            into.mkdir()
            request = ProfileRequest(
                path=path.resolve(),
                into=into,
                limits=Limits(),
                options=options,
                given=given or Table(uses="", path=""),
                is_header=is_header,
            )
            profile = data.profile(request)
            progress.done(path.name, _size(profile))
        return _write(
            root, folder, path, profile, texts, data, note=note, outcome=outcome, name=name, ci=ci, install=install
        )
    finally:
        data.close()


def _write(
    root: Path,
    folder: Path,
    path: Path,
    profile: TableProfile,
    texts: dict[str, str],
    data: DataWorker,
    *,
    note: str | None,
    outcome: str | None,
    name: str | None,
    ci: ForgeKind | None,
    install: str | None,
) -> InitResult:
    suffix = "".join(path.suffixes[-2:]).lower() if path.suffix.lower() == ".gz" else path.suffix.lower()
    table = _name(path.name[: len(path.name) - len(suffix)], "table")
    suggestion = suggest(profile, name=table, today=now().date().isoformat(), outcome=outcome)
    inside = f"{_DATA}/{sample_table.NAME}.csv" if note is not None else _inside(root, path)
    table_path = inside or f"{_DATA}/{table}{suffix}"
    suggestion = replace(suggestion, table=replace(suggestion.table, path=table_path))
    branch = new_repository.branch_of(root)
    runtime = machine.runtime()
    versions = dict(runtime.versions)
    facts = project_template.ProjectFacts(
        project=_name(root.name, "models"),
        model=name or table,
        table=table,
        branch=branch or new_repository.BRANCH,
        python=versions["python"],
        architecture=runtime.architecture,
        versions={name: versions[name] for name in DISTRIBUTIONS},
    )
    workflows = ci_setup.choose(root, branch=facts.branch, python=facts.python, wanted=ci, install=install)
    copies = {} if inside is not None else {table_path: path}
    copies |= workflows.copies
    facts = replace(facts, program=workflows.installs)
    texts |= project_template.files(facts, suggestion, note=note, layout=profile.layout_notes)
    if inside is not None and not inside.startswith(f"{_DATA}/"):
        texts[new_repository.IGNORED] += f"/{inside}\n"
    new_repository.publish(root, texts, copies)
    new_repository.publish(workflows.top, workflows.texts, {})
    if branch is None:
        new_repository.start_repository(root)
    _read_back(root, data)
    files = (*texts, *copies, *workflows.paths_from(root))
    return InitResult(
        folder=str(folder),
        project=facts.project,
        model=facts.model,
        manifest=f"manifests/sandbox/{facts.model}.yaml",
        choices=(*_choices(profile, suggestion, made_up=note is not None), *workflows.choices),
        files=tuple(sorted(files)),
        repository=branch is None,
    )


def _check(root: Path) -> None:
    if root.exists() and not root.is_dir():
        raise UsageError(f"{root.name} is a file", hint="name a folder; it is created if needed", code="E801")
    if (root / locations.PROJECT_FILE).exists():
        raise UsageError(
            f"there is a project in {root.name} already",
            hint="add a table to environments/production.yaml and a model to manifests/sandbox; "
            "`reconciler validate` helps",
            code="E801",
        )


def _only_table(root: Path) -> Path | None:
    """Return the only table in the folder or its data folder; None where there is none. Raises UsageError E801."""
    tables: list[Path] = []
    for folder in (root, root / _DATA):
        if folder.is_dir():
            tables += sorted(file for file in folder.iterdir() if file.suffix.lower() in _KINDS[::3] and file.is_file())
    if len(tables) > 1:
        names = ", ".join(str(table.relative_to(root)) for table in tables[:10])
        raise UsageError(
            f"there are {len(tables)} tables: {names}", hint="name one of them: --from-table FILE", code="E801"
        )
    return tables[0] if tables else None


def _inside(root: Path, path: Path) -> str | None:
    """Return the path of a table inside the project; None where it is elsewhere and has to be copied."""
    try:
        relative = path.absolute().resolve().relative_to(root.resolve()).as_posix()
    except ValueError:
        return None
    return relative if _PATH.fullmatch(relative) else None


def _name(text: str, otherwise: str) -> str:
    """Return a name made from `text`, or `otherwise` where that gives none."""
    plain = re.sub(r"[^a-z0-9]+", "-", without_accents(text).lower()).strip("-")[:63].strip("-")
    plain = plain if plain[:1].isalpha() else f"{otherwise}-{plain}".strip("-")
    return plain if is_name(plain) else otherwise


def _read_back(root: Path, data: DataWorker) -> None:
    """Check that the manifests that were written are valid: if not, that is a bug in this program."""
    from reconciler.engine.load_desired import load

    load(WorkTree(root), data, revision=None)


def _size(profile: TableProfile) -> str:
    rows, columns = profile.rows, len(profile.columns)
    return f"{rows:,} row{'s' * (rows != 1)}, {columns:,} column{'s' * (columns != 1)}"


def _choices(profile: TableProfile, suggestion: RecipeSuggestion, *, made_up: bool) -> tuple[InitChoice, ...]:
    recipe, why, table = suggestion.recipe, suggestion.reasons, suggestion.table
    written = [_size(profile)]
    written += [f"dates as {table.dates}"] if table.dates else []
    written += [f"delimiter {table.delimiter!r}"] if table.delimiter else []
    written += ["decimal commas"] if table.decimal == "," else []
    written += [f"encoding {table.encoding}"] if table.encoding else []
    written += [f"{note.column}: {note.note}" for note in profile.notes[:_MOST_NOTES] if not note.unread]
    written += [f"{table.skip} line{'s' * (table.skip != 1)} above the header left out"] if table.skip else []
    written += ["no header"] if not table.header else []
    renamed = len(table.columns)
    written += [f"{renamed} column{'s' * (renamed != 1)} renamed for use in expressions"] if renamed else []
    features = recipe.features
    kinds = (
        (len(features.numeric), "numeric"),
        (len(features.categorical), "categorical"),
        (len(features.boolean), "boolean"),
    )
    left = suggestion.left_out
    outcome = recipe.outcome.column or "a class by conditions"
    if recipe.task is Task.CLASSIFICATION:
        outcome += f", {len(recipe.class_names)} classes: {', '.join(recipe.class_names[:10])}"
    else:
        outcome += ", a number"
    holdout = recipe.holdout
    holdout_rows = f"the last 20% by {holdout.by}" if holdout.last else "a random 20%"
    return (
        InitChoice(
            what="table",
            chosen=f"{table.path}: {', '.join(written)}",
            why=_MADE_UP if made_up else "; ".join(profile.layout_notes),
        ),
        InitChoice(what="predict", chosen=outcome, why=why.outcome),
        InitChoice(what="key", chosen=recipe.data.key, why=why.key),
        InitChoice(
            what="from",
            chosen=", ".join(f"{count} {kind}" for count, kind in kinds if count)
            + (" feature" if sum(count for count, _ in kinds) == 1 else " features"),
            why="left out: "
            + "; ".join(f"{column} ({reason})" for column, reason in left[:6])
            + (f"; and {len(left) - 6} more" if len(left) > 6 else "")
            if left
            else "",
        ),
        InitChoice(what="holdout", chosen=holdout_rows, why=why.holdout),
        InitChoice(what="estimator", chosen=recipe.estimator.class_name, why=why.estimator),
    )
