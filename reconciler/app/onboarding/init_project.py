"""Carry out `init`: profile the table, suggest a recipe, write the project, read it back."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from shlex import quote

from reconciler.adapters.executors.compute import DataWorker
from reconciler.adapters.filesystem import project_files
from reconciler.adapters.git import repository_around
from reconciler.adapters.git.worktree_source import WorkTree
from reconciler.adapters.system import machine
from reconciler.app import locations
from reconciler.app.ci import setup as ci_setup
from reconciler.app.onboarding import suggested_model
from reconciler.app.onboarding.first_estimator import with_estimator
from reconciler.app.onboarding.suggested_model import DATA
from reconciler.app.project_options import SILENT
from reconciler.core.forge.detection import ForgeKind
from reconciler.core.onboarding.init_result import InitChoice, InitResult
from reconciler.core.onboarding.suggest_recipe import RecipeSuggestion
from reconciler.core.onboarding.suggested_masks import with_masks
from reconciler.core.onboarding.table_profile import TableProfile, TableReading
from reconciler.core.spec.runtime import DISTRIBUTIONS
from reconciler.errors import UsageError
from reconciler.manifest.scaffold import project_template, sample_table
from reconciler.ports import Progress

_HERE = Path()
_SAMPLE = f"{DATA}/{sample_table.NAME}.csv"
_NEVER = "name another folder, or move them away: init never overwrites"


def begin(
    folder: Path | None,
    *,
    table: Path | None,
    outcome: str | None,
    name: str | None,
    ci: ForgeKind | None = None,
    install: str | None = None,
    pages: bool = False,
    reading: TableReading | None = None,
    estimator: str | None = None,
    shown: str | None = None,
    progress: Progress = SILENT,
) -> InitResult:
    """Write a project with a first model into `folder`, suggested from `table` (by default: the only one there).

    `folder` None: the current one, where that is safe. `reading`: what the author says about the table; `estimator`:
    its name, None to try a few, but not on the made-up table; `shown`: the folder as it is entered from where the
    command was typed.
    """
    root = (folder or _HERE).absolute()
    _check(root, named=folder is not None, table=table)
    texts: dict[str, str] = {}
    note = None
    if table is None and (table := _only_table(root)) is None:
        texts[_SAMPLE] = sample_table.orders()
        note = "Made-up orders, to begin with: put your own table here."
    data = DataWorker()
    try:
        with locations.scratch() as scratch:
            if table is None:
                path = scratch / f"{sample_table.NAME}.csv"
                path.write_text(texts[_SAMPLE], newline="\n")
            else:
                path = table
            profile = suggested_model.profiled(
                path, reading or TableReading(), data, scratch=scratch, progress=progress
            )
            table_name, suffix = suggested_model.table_name(path)
            inside = _SAMPLE if note is not None else suggested_model.path_below(root, path)
            place = inside or f"{DATA}/{table_name}{suffix}"
            suggestion = suggested_model.suggested(profile, table=table_name, path=place, outcome=outcome)
            suggestion = with_masks(suggestion, profile)
            if note is None or estimator is not None:
                suggestion = with_estimator(
                    suggestion, estimator, table=path, into=scratch / "tried", data=data, progress=progress
                )
        shown = shown if shown is not None else str(folder or _HERE)
        copies = {} if inside is not None else {place: path}
        return _write(
            root,
            shown,
            profile,
            suggestion,
            texts,
            copies,
            data,
            note=note,
            name=name,
            ci=ci,
            install=install,
            pages=pages,
        )
    finally:
        data.close()


def _write(
    root: Path,
    shown: str,
    profile: TableProfile,
    suggestion: RecipeSuggestion,
    texts: dict[str, str],
    copies: dict[str, Path],
    data: DataWorker,
    *,
    note: str | None,
    name: str | None,
    ci: ForgeKind | None,
    install: str | None,
    pages: bool,
) -> InitResult:
    table, table_path = suggestion.recipe.data.table, suggestion.table.path
    branch = repository_around.branch_of(root)
    runtime = machine.runtime()
    versions = dict(runtime.versions)
    facts = project_template.ProjectFacts(
        project=suggested_model.name_from(root.name, "models"),
        model=name or table,
        table=table,
        branch=branch or repository_around.BRANCH,
        python=versions["python"],
        architecture=runtime.architecture,
        versions={name: versions[name] for name in DISTRIBUTIONS},
    )
    workflows = ci_setup.choose(root, branch=facts.branch, python=facts.python, wanted=ci, install=install, pages=pages)
    copies = copies | workflows.copies
    facts = replace(facts, program=workflows.installs)
    texts |= project_template.files(facts, suggestion, note=note, layout=profile.layout_notes)
    if not table_path.startswith(f"{DATA}/"):
        texts[project_files.IGNORED] += f"/{table_path}\n"
    project_files.check_free(root, texts, copies, hint=_NEVER)
    # With this file it is a project, which init does not touch: it comes last, so that a killed run can be repeated.
    marker = {locations.PROJECT_FILE: texts[locations.PROJECT_FILE]}
    others = {path: text for path, text in texts.items() if path not in marker}
    project_files.publish(root, others, copies, hint=_NEVER)
    project_files.publish(workflows.top, workflows.texts, {}, hint=_NEVER)
    if branch is None:
        repository_around.start_repository(root)
    project_files.publish(root, marker, {}, hint=_NEVER)
    _read_back(root, data)
    files = (*texts, *copies, *workflows.paths_from(root))
    choices = suggested_model.choices(profile, suggestion, made_up=note is not None)
    return InitResult(
        folder=shown,
        project=facts.project,
        model=facts.model,
        manifest=f"manifests/sandbox/{facts.model}.yaml",
        choices=(*choices, *workflows.choices, *_nested(root)),
        files=tuple(sorted(files)),
        repository=branch is None,
    )


def _check(root: Path, *, named: bool, table: Path | None) -> None:
    """Check that a project can begin here. Raises UsageError E801, which names `add` where there is one already."""
    if root.exists() and not root.is_dir():
        raise UsageError(f"{root.name} is a file", hint="name a folder; it is created if needed", code="E801")
    if (root / locations.PROJECT_FILE).exists():
        raise UsageError(
            f"there is a project in {root.name or root} already",
            hint=f"a further model is added to it: {_add_command(root, table)}",
            code="E801",
        )
    repository_around.check_work_tree(root)
    if named:
        return
    if (above := _project_above(root)) is not None:
        raise UsageError(
            f"this folder lies in the project of {above.name}",
            hint=f"a further model is added to it: {_add_command(above, table)}; "
            "a project of its own begins in a folder that is named: reconciler init DIR",
            code="E801",
        )
    if (what := _unfit(root)) is not None:
        raise UsageError(
            f"the current folder is {what}, which should not become a project",
            hint="name a folder, which is created: reconciler init my-models",
            code="E801",
        )


def _unfit(root: Path) -> str | None:
    """Return what a folder is that nobody means as a project: the root of the disk or a home folder; else None."""
    real = root.resolve()
    if real == real.parent:
        return "the root of the disk"
    try:
        home = Path.home().resolve()
    except (RuntimeError, OSError):
        return None
    return "your home folder" if real == home else None


def _project_above(root: Path) -> Path | None:
    """Return the folder of a project around this folder, in the same repository; None where there is none."""
    if (root / ".git").exists():
        return None
    for folder in root.parents:
        if (folder / locations.PROJECT_FILE).is_file():
            return folder
        if (folder / ".git").exists():
            return None
    return None


def _nested(root: Path) -> tuple[InitChoice, ...]:
    """Return a note where the new project lies in another one, which may not be what was meant."""
    if (above := _project_above(root)) is None:
        return ()
    why = f"{above.name} above is another one: a further model there is `reconciler add`, not a project"
    return (InitChoice(what="project", chosen="one of its own", why=why),)


def _add_command(project: Path, table: Path | None) -> str:
    """Return the command that adds a model of this table to a project, from the current folder."""
    folder = os.path.relpath(project)
    enter = "" if folder == "." else f" -C {quote(folder)}"
    if table is None:
        return f"reconciler{enter} add MODEL --from-table FILE"
    model = suggested_model.table_name(table)[0]
    path = os.path.relpath(table, project) if enter else str(table)
    return f"reconciler{enter} add {model} --from-table {quote(path)}"


def _only_table(root: Path) -> Path | None:
    """Return the only table in the folder or its data folder; None where there is none. Raises UsageError E801.

    The made-up one is there already where a run was killed.
    """
    tables = suggested_model.tables_in(root)
    if tables == [root / _SAMPLE] and not project_files.taken(root, {_SAMPLE: sample_table.orders()}):
        return None
    if len(tables) > 1:
        raise suggested_model.several_tables(root, tables)
    return tables[0] if tables else None


def _read_back(root: Path, data: DataWorker) -> None:
    """Check that the manifests that were written are valid: if not, that is a bug in this program."""
    from reconciler.engine.load_desired import load

    load(WorkTree(root), data, revision=None)
