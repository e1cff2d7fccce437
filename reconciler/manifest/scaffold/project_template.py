"""Write the files of a new project as text, with a comment that explains each choice.

Takes: a `RecipeSuggestion` and the facts of the project (names, versions, branch). Gives: path -> text. `init` reads
the files back with the ordinary loader. YAML scalars and lists are written by `yaml_text`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from reconciler.core.onboarding.suggest_recipe import RecipeSuggestion
from reconciler.core.onboarding.table_profile import CellNote
from reconciler.core.spec.data import CellText, Table
from reconciler.core.spec.recipe import NamedExpression, Recipe
from reconciler.manifest.scaffold import editor_schemas
from reconciler.manifest.scaffold.estimator_text import estimator_text, why_this
from reconciler.manifest.scaffold.gates_text import gates_text
from reconciler.manifest.scaffold.mask_text import mask_lines
from reconciler.manifest.scaffold.program_source import with_line
from reconciler.manifest.scaffold.yaml_text import comment, flow_list, formula, named_expressions, quoted


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectFacts:
    """The facts of a new project. `versions`: distribution -> version, for the lock; `program`: the line of the lock by
    which CI installs this program, empty without CI."""

    project: str
    model: str
    table: str
    branch: str
    python: str
    architecture: str
    versions: Mapping[str, str]
    program: str = ""


def files(
    place: ProjectFacts, suggestion: RecipeSuggestion, *, note: str | None = None, layout: Sequence[str] = ()
) -> dict[str, str]:
    """Return every text file of the project, by path; `note`: a comment on the table; `layout`: on its format."""
    manifests = {
        "reconciler.yaml": _project(place),
        "environments/production.yaml": _production(place, suggestion, note, layout),
        "environments/sandbox.yaml": _sandbox(place),
        f"manifests/sandbox/{place.model}.yaml": model_text(place.model, suggestion),
    }
    return {
        **{path: editor_schemas.with_modeline(path, text) for path, text in manifests.items()},
        **editor_schemas.files(),
        "requirements.lock": _lock(place),
        ".gitignore": "/.reconciler/\n/data/\n/serving/\n/predictions*.csv\n",
    }


def _project(place: ProjectFacts) -> str:
    return f"""\
# The project: everything below this folder. Stores and targets record its name.
apiVersion: reconciler/v1
kind: Project
metadata: {{name: {quoted(place.project)}}}
"""


def _sandbox(place: ProjectFacts) -> str:
    return f"""\
# Models are trained here, on a recent copy of production's tables, never on the tables themselves.
apiVersion: reconciler/v1
kind: Environment
metadata: {{name: sandbox}}
spec:
  role: sandbox
  data:
    copyFrom: production
    maxAge: 24h            # an older copy is refreshed by the next apply
  # Libraries for training. Part of every fingerprint: another runtime gives another artifact.
  runtime:
    lock: requirements.lock
    python: "{place.python}"
    architecture: {place.architecture}
"""


def _production(place: ProjectFacts, suggestion: RecipeSuggestion, note: str | None, layout: Sequence[str]) -> str:
    lines = [
        "# Models are used here. Nothing is trained: pinned artifacts are deployed if they pass the gates.",
        "apiVersion: reconciler/v1",
        "kind: Environment",
        "metadata: {name: production}",
        "spec:",
        "  role: production",
        "  promotesFrom: [sandbox]",
        "  data:",
    ]
    if suggestion.as_of is not None:
        lines += ["    # The last day in the file. Remove this once the table is updated regularly."]
        lines += [f"    asOf: {suggestion.as_of}"]
    lines += ["    tables:", f"      {quoted(place.table)}:"]
    lines += [f"        {line}" for line in table_lines(suggestion, note, layout)]
    lines += [f"    {line}" for line in mask_lines(suggestion)]
    lines += [
        "  target: {uses: directory, root: serving}",
        "  # Rules that a model's author cannot weaken in the model's file. Gates for every model go here:",
        "  # gates: [{uses: performance-grade, atLeast: C}]",
        "  policy: {prune: confirm}",
        f"  protect: {{branch: {quoted(place.branch)}}}  # only its commits, never an older one after a newer",
    ]
    return "\n".join(lines) + "\n"


def table_lines(
    suggestion: RecipeSuggestion, note: str | None = None, layout_notes: Sequence[str] = ()
) -> Iterator[str]:
    """Yield the declaration of a suggestion's table, with what of it is a guess; `note`: a comment above it."""
    table, notes = suggestion.table, suggestion.notes
    if note is not None:
        yield from comment(note, "")
    yield f"uses: {table.uses}"
    yield f"path: {quoted(table.path)}"
    yield from _layout(table, layout_notes)
    if table.nulls != ("",):
        yield f"nulls: {json.dumps(list(table.nulls), ensure_ascii=False)}"
    if table.types:
        yield "types: " + "{" + ", ".join(f"{quoted(name)}: {kind}" for name, kind in table.types) + "}"
    if table.row_number is not None:
        yield f"rowNumber: {quoted(table.row_number)}      # a column to add: 1, 2, ... in the file's order"
    if table.columns:
        yield "columns:                # name to use: name in the file, where that is not valid in an expression"
        for name, written in table.columns:
            yield f"  {quoted(name)}: {json.dumps(written, ensure_ascii=False)}"
    listed = {cells.column for cells in table.cells}
    for entry in notes:
        if entry.column not in listed:
            yield from comment(f"{entry.column}: {_told(entry)}.", "")
    if table.cells:
        yield "cells:                  # how a column's text is read, where that differs from the table"
    for cells in table.cells:
        for entry in notes:
            if entry.column == cells.column:
                yield from comment(f"{_told(entry)}.", "  ")
        yield f"  {quoted(cells.column)}: {{{', '.join(_cells(cells))}}}"


def _told(note: CellNote) -> str:
    return f"{note.note}; if the other is meant, change it here" if note.flags else note.note


def _cells(cells: CellText) -> Iterator[str]:
    if cells.nulls:
        yield f"nulls: {json.dumps(list(cells.nulls), ensure_ascii=False)}"
    for name in ("dates", "decimal", "grouping", "unit", "negative"):
        value = getattr(cells, name)
        if value is not None:
            yield f"{name}: {json.dumps(value, ensure_ascii=False)}"


def _layout(table: Table, notes: Sequence[str]) -> Iterator[str]:
    """Yield how the table's text is written, with notes on what of it is a guess."""
    for text in notes:
        yield from comment(f"{text[0].upper()}{text[1:]}.", "")
    for name in ("dates", "delimiter", "decimal", "encoding", "escape"):
        value = getattr(table, name)
        if value is not None:
            yield f"{name}: {json.dumps(value)}"
    if table.time_zone is not None:
        yield f"timeZone: {quoted(table.time_zone)}"
    if table.skip:
        yield f"skip: {table.skip}      # lines above the header"
    if not table.header:
        yield "header: false      # columns are column_1, column_2, ..."
    if table.blank_lines is not None:
        yield f"blankLines: {table.blank_lines}"


def model_text(name: str, suggestion: RecipeSuggestion, *, command: str = "init") -> str:
    """Return the manifest of a suggested model, with the reason for each choice; `command`: the one that writes it."""
    recipe, why, held_out = suggestion.recipe, suggestion.reasons, suggestion.why_holdout
    which = "first model" if command == "init" else "model"
    written = f"A {which}, written by `reconciler {command}` from a profile of the table. Change it as you like."
    lines = [
        *comment(written, ""),
        "apiVersion: reconciler/v1",
        "kind: Model",
        "metadata:",
        f"  name: {quoted(name)}",
        '  owner: ""                # a person or team',
        "spec:",
        "  recipe:",
        f"    task: {recipe.task}",
        "    data:",
        f"      from: {quoted(recipe.data.table)}",
        *comment(f"Unique per row: {why.key}.", "      "),
        f"      key: {quoted(recipe.data.key)}",
        *_data(recipe),
        *comment(f"Which rows `reconciler predict` scores: {why.predict}.", "      "),
        f"      predict: {{where: {quoted(recipe.data.predict or '')}}}",
        *_outcome(recipe, why.outcome),
        *_features(recipe, suggestion.left_out),
        *why_this(suggestion),
        *estimator_text(recipe.estimator, "    "),
        *comment(f"Rows for evaluation, never used for training: {held_out}.", "    "),
        f"    holdout: {_holdout(recipe)}",
        f"    seed: {recipe.seed}",
        "  # In addition to the gates of the environment that it is promoted to.",
        "  gates:",
        *gates_text(recipe, suggestion.judged),
        "  retrain: {because: [recipe]}",
    ]
    return "\n".join(lines) + "\n"


def _data(recipe: Recipe) -> Iterator[str]:
    data = recipe.data
    if data.derive:
        yield "      # SQL expressions over one row, computed in order."
        yield "      derive:"
        yield from named_expressions(data.derive, "        ")
    if data.past is not None:
        past = data.past
        yield from comment(
            f"Earlier rows of the same {past.by}; a row counts once its outcome is known.",
            "      ",
        )
        yield "      past:"
        yield f"        by: {quoted(past.by)}"
        yield f"        at: {quoted(past.at)}"
        yield f"        known: {quoted(past.known)}"
        yield "        features:"
        yield from named_expressions(past.features, "          ")
    if data.train is not None and data.train.where is not None:
        yield f"      train: {{where: {quoted(data.train.where)}}}"


def _outcome(recipe: Recipe, why: str) -> Iterator[str]:
    outcome = recipe.outcome
    yield from comment(f"The outcome to predict ({why}).", "    ")
    yield "    outcome:"
    if outcome.column is not None:
        yield f"      column: {quoted(outcome.column)}"
    if outcome.matured is not None:
        yield "      # The day from which it is known; rows not yet known are not used for training or evaluation."
        yield f"      matured: {formula(outcome.matured)}"
    if not outcome.classes:
        return
    if outcome.column is not None:
        yield from flow_list("classes", (quoted(entry.name) for entry in outcome.classes), "      ")
        return
    yield "      # The first true condition decides."
    yield "      classes:"
    yield from named_expressions(
        (NamedExpression(name=entry.name, expression=entry.when or "") for entry in outcome.classes), "        "
    )
    possible = [
        NamedExpression(name=entry.name, expression=entry.possible)
        for entry in outcome.classes
        if entry.possible is not None
    ]
    if possible:
        yield "      # The classes that are still possible for an open row."
        yield "      possible:"
        yield from named_expressions(possible, "        ")


def _features(recipe: Recipe, left_out: Iterable[tuple[str, str]]) -> Iterator[str]:
    excluded = tuple(left_out)
    if excluded:
        yield "    # Left out:"
        for column, why in excluded:
            yield from comment(f"- {column}: {why}", "    ")
    features = recipe.features
    yield "    features:"
    for kind, names in (
        ("numeric", features.numeric),
        ("categorical", features.categorical),
        ("boolean", features.boolean),
    ):
        if names:
            yield from flow_list(kind, map(quoted, names), "      ")


def _holdout(recipe: Recipe) -> str:
    holdout = recipe.holdout
    if holdout.last is not None:
        return f"{{last: {round(holdout.last * 100)}%, by: {quoted(holdout.by or '')}}}"
    return f"{{random: {round((holdout.random or 0) * 100)}%}}"


def _lock(place: ProjectFacts) -> str:
    """Return the lock: every installed version that affects an artifact; for CI also this program."""
    lines = "".join(f"{name}=={version}\n" for name, version in sorted(place.versions.items()))
    return with_line(lines, place.program) if place.program else lines
