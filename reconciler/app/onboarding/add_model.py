"""Carry out `add`: one more model of a project, suggested from a table as `init` does, or like another model.

All that is written is checked together with the project before the first byte is: nothing is half added. What a killed
run left (a copied table, its declaration) is taken up by the next.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from shlex import quote

from reconciler.adapters.executors.compute import DataWorker
from reconciler.adapters.filesystem import project_files
from reconciler.adapters.git import repository_around
from reconciler.adapters.git.worktree_source import WorkTree
from reconciler.app import locations
from reconciler.app.onboarding import suggested_model
from reconciler.app.onboarding.first_estimator import with_estimator
from reconciler.app.onboarding.suggested_model import DATA
from reconciler.app.project_options import ProjectOptions
from reconciler.core.onboarding.init_result import AddResult, InitChoice
from reconciler.core.onboarding.suggest_recipe import RecipeSuggestion
from reconciler.core.onboarding.table_profile import TableProfile, TableReading
from reconciler.core.spec.data import Table
from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.spec.environment import Environment
from reconciler.engine.find_environment import environment_of, unknown_model
from reconciler.engine.load_desired import Checkout, environment_path, load, manifest_path
from reconciler.errors import UsageError
from reconciler.manifest.scaffold import editor_schemas, project_template
from reconciler.manifest.yaml.edit import renamed_copy, with_entry

_NEVER = "give the table another name, or move that file away: add never overwrites"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewModel:
    """What is asked for: a model called `name` over `table`, or `like` another, trained in `environment`.

    `table`, `environment` None: the only one that fits. `outcome`: the column to predict, None to guess;
    `estimator`: its name, None to try a few.
    """

    name: str
    table: Path | None = None
    like: str | None = None
    environment: str | None = None
    outcome: str | None = None
    reading: TableReading | None = None
    estimator: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Addition:
    """What is written: the manifest's text, the environment's file where a table is declared, a copy of the table."""

    manifest: str
    choices: tuple[InitChoice, ...]
    declares: tuple[str, str] | None = None  # path, text
    copies: tuple[tuple[str, Path], ...] = ()
    table: str | None = None  # its path below the project, which git is to leave out


def add(options: ProjectOptions, new: NewModel, *, shown: str = ".") -> AddResult:
    """Add a model to the project on disk. `shown`: the project's folder, from where the command was typed.

    Raises UsageError E801 where the name is taken, or what is asked for fits no or several environments or tables;
    InvalidManifestsError where the project is not valid, DataError and UsageError E410, E420 for the table.
    """
    root = options.root
    data = DataWorker()
    try:
        checkout = load(WorkTree(root), data, revision=None)
        desired = checkout.desired
        sandbox = _sandbox(desired, new.environment)
        path = manifest_path(sandbox.name, new.name)
        _check_name(desired, sandbox, root / path, new)
        if new.like is not None:
            addition = _like(checkout, sandbox, new.name, new.like)
        else:
            addition = _from_table(checkout, options, sandbox, new, data)
        changed = dict([addition.declares] if addition.declares is not None else [])
        checkout.with_files({**changed, path: addition.manifest})
        files = _write(root, checkout, addition, {path: addition.manifest})
    finally:
        data.close()
    return AddResult(
        folder=shown,
        project=desired.project,
        model=new.name,
        environment=sandbox.name,
        manifest=path,
        choices=addition.choices,
        files=files,
        promotes_to=tuple(e.name for e in desired.environments if sandbox.name in e.promotes_from),
        like=new.like,
    )


def _sandbox(desired: DesiredState, name: str | None) -> Environment:
    """Return the environment that trains the model. Raises UsageError E801."""
    if name is not None:
        environment = environment_of(desired, name)
        if environment.trains:
            return environment
        raise UsageError(f"nothing is trained in {name}", hint=_which(desired), code="E801")
    sandboxes = [environment for environment in desired.environments if environment.trains]
    if len(sandboxes) == 1:
        return sandboxes[0]
    problem = "no environment trains models" if not sandboxes else f"{len(sandboxes)} environments train models"
    raise UsageError(problem, hint=_which(desired), code="E801")


def _which(desired: DesiredState) -> str:
    names = [environment.name for environment in desired.environments if environment.trains]
    return f"say where it is trained: --in {' or --in '.join(names)}" if names else "declare one with role: sandbox"


def _check_name(desired: DesiredState, sandbox: Environment, file: Path, new: NewModel) -> None:
    """Raise UsageError E801 where the project has, or had, a model of this name."""
    taken = {name for model in desired.models for name in (model.name, model.renamed_from) if name is not None}
    taken |= {path.stem for path in file.parent.glob("*.y*ml")}
    if new.name not in taken:
        return
    free = next(name for number in range(2, 10_000) if (name := f"{new.name[:58]}-{number}") not in taken)
    there = {model.name for model in desired.models_of(sandbox.name)}
    source = next((f"--like {name}" for name in (new.like, new.name) if name in there), "")
    if new.table is not None:
        source = f"--from-table {quote(str(new.table))}"
    where = next((model.file for model in desired.models if model.name == new.name), None)
    told = f"there is a model {new.name} already: {where}" if where else f"the name {new.name} was another model's"
    more = "; with the other options that you gave" if new.outcome or new.reading else ""
    raise UsageError(
        told,
        hint=" ".join(f"take another name: reconciler add {free} {source}".split()) + more,
        code="E801",
    )


def _like(checkout: Checkout, sandbox: Environment, name: str, like: str) -> _Addition:
    """Return the recipe of another model under a new name."""
    text = checkout.text(manifest_path(sandbox.name, like))
    if text is None:
        raise unknown_model(checkout.desired, sandbox.name, like)
    why = "nothing but the name differs: change in the manifest what is to be different"
    return _Addition(
        manifest=renamed_copy(text, name), choices=(InitChoice(what="recipe", chosen=f"that of {like}", why=why),)
    )


def _from_table(
    checkout: Checkout, options: ProjectOptions, sandbox: Environment, new: NewModel, data: DataWorker
) -> _Addition:
    """Return a model that is suggested from a table, and the table's declaration where there is none yet."""
    owner = _owner(checkout.desired, sandbox)
    tables, start = dict(owner.data.tables), locations.data_root(options.data_root, options.root)
    path = new.table if new.table is not None else _only_table(start, tables)
    below = suggested_model.path_below(start, path)
    stem, suffix = suggested_model.table_name(path)
    table_path = below or f"{DATA}/{stem}{suffix}"
    if below is None and options.data_root is not None:
        hint = f"put it below {options.data_root}, where the paths of tables start, or leave out --data-root"
        raise UsageError(f"{path} lies outside of the data root", hint=hint, code="E801")
    declared = next((name for name, table in tables.items() if table.path == table_path), None)
    reading = _reading(new.reading, tables.get(declared) if declared is not None else None)
    with locations.scratch() as scratch:
        profile = suggested_model.profiled(path, reading, data, scratch=scratch, progress=options.progress)
        name = declared or _free(stem, tables)
        suggestion = suggested_model.suggested(profile, table=name, path=table_path, outcome=new.outcome)
        suggestion = with_estimator(
            suggestion, new.estimator, table=path, into=scratch / "tried", data=data, progress=options.progress
        )
        if declared is not None and _in_order(suggestion.table) != _in_order(tables[declared]):
            name = _free(new.name, tables)  # other models read it as they always did
            suggestion = suggested_model.with_table(suggestion, name)
    copies = ((table_path, path),) if below is None else ()
    return _Addition(
        manifest=_with_modeline(
            options.root,
            manifest_path(sandbox.name, new.name),
            project_template.model_text(new.name, suggestion, command="add"),
        ),
        choices=(
            *suggested_model.choices(profile, suggestion),
            *_declared(owner, name, declared, suggestion),
        ),
        declares=None if name == declared else _declaration(checkout, owner, name, profile, suggestion),
        copies=copies,
        table=table_path if options.data_root is None else None,
    )


def _with_modeline(root: Path, path: str, text: str) -> str:
    """Return a manifest that names its schema for editors, where the project has the schemas."""
    has_schemas = all((root / name).is_file() for name in editor_schemas.files())
    return editor_schemas.with_modeline(path, text) if has_schemas else text


def _owner(desired: DesiredState, sandbox: Environment) -> Environment:
    """Return the environment that declares the tables which the sandbox works on."""
    if sandbox.data.copy_from is None:
        return sandbox
    return environment_of(desired, sandbox.data.copy_from)


def _reading(said: TableReading | None, table: Table | None) -> TableReading:
    """Return how the table is to be read: as its author says, else as it is declared already, else by looking."""
    if said is not None:
        return said
    return TableReading(given=table, is_header=table.header) if table is not None else TableReading()


def _in_order(table: Table) -> Table:
    """Return a table's declaration for comparison: the order of its columns says nothing."""
    cells = tuple(sorted(table.cells, key=lambda text: text.column))
    return replace(table, types=tuple(sorted(table.types)), columns=tuple(sorted(table.columns)), cells=cells)


def _only_table(start: Path, declared: dict[str, Table]) -> Path:
    """Return the only table that no environment declares yet. Raises UsageError E801."""
    known = {table.path for table in declared.values()}
    tables = [path for path in suggested_model.tables_in(start) if path.relative_to(start).as_posix() not in known]
    if len(tables) == 1:
        return tables[0]
    if tables:
        raise suggested_model.several_tables(start, tables)
    raise UsageError(
        "there is no table that is not declared yet",
        hint="name one: --from-table FILE, which may be one that other models use; or a model to copy: --like MODEL",
        code="E801",
    )


def _free(name: str, taken: dict[str, Table]) -> str:
    """Return this name, with a number where a table has it already."""
    numbered = (f"{name[:58]}-{number}" for number in range(2, 10_000))
    return next(free for free in (name, *numbered) if free not in taken)


def _declaration(
    checkout: Checkout, owner: Environment, name: str, profile: TableProfile, suggestion: RecipeSuggestion
) -> tuple[str, str]:
    """Return the file of the environment that has the tables, with one more of them."""
    path = environment_path(owner.name)
    text = checkout.text(path)
    if text is None:
        hint = f"rename the file of environment {owner.name} to {path}"
        raise UsageError(f"there is no {path}", hint=hint, code="E801")
    lines = tuple(project_template.table_lines(suggestion, layout_notes=profile.layout_notes))
    return path, with_entry(text, ("spec", "data", "tables"), name, lines)


def _declared(
    owner: Environment, name: str, declared: str | None, suggestion: RecipeSuggestion
) -> tuple[InitChoice, ...]:
    """Say where the table is declared, and what that environment does not say of it."""
    if name == declared:
        why = "as other models read it: nothing of it is changed"
    elif declared is not None:
        why = f"the same file as {declared}, read in another way: {declared} stays as it is"
    else:
        why = "a new table there"
    choices = [InitChoice(what="declared", chosen=f"{name} in environments/{owner.name}.yaml", why=why)]
    if suggestion.as_of is not None and owner.data.as_of is None:
        why = (
            f"the last day in the table is {suggestion.as_of}: if it is not updated regularly, declare that as "
            f"`asOf` under `data` in environments/{owner.name}.yaml, which then holds for all its tables"
        )
        choices.append(InitChoice(what="as of", chosen="not declared", why=why))
    return tuple(choices)


def _write(root: Path, checkout: Checkout, addition: _Addition, manifest: dict[str, str]) -> tuple[str, ...]:
    """Write the table, then its declaration, then the model, and return what was written or changed."""
    project_files.check_free(root, manifest, dict(addition.copies), hint=_NEVER)
    project_files.publish(root, {}, dict(addition.copies), hint=_NEVER)
    ignored: dict[str, str] = {}
    if addition.table is not None and not repository_around.is_kept_out(root, addition.table):
        ignored = {project_files.IGNORED: f"/{addition.table}\n"}
        project_files.publish(root, ignored, {}, hint=_NEVER)
    if addition.declares is not None:
        path, text = addition.declares
        project_files.replace_text(root / path, checkout.text(path) or "", text)
    project_files.publish(root, manifest, {}, hint=_NEVER)
    declares = [addition.declares[0]] if addition.declares is not None else []
    return tuple(sorted((*ignored, *(path for path, _ in addition.copies), *declares, *manifest)))
