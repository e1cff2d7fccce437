"""Suggest a model from a table, and say what was chosen and why: what `init` and `add` have in common."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from reconciler.adapters.executors.compute import DataWorker
from reconciler.adapters.system.host import now
from reconciler.core.controls.data_protection import in_words
from reconciler.core.names import is_name, without_accents
from reconciler.core.onboarding.init_result import InitChoice
from reconciler.core.onboarding.suggest_recipe import RecipeSuggestion, suggest
from reconciler.core.onboarding.suggested_masks import MASK_KEY
from reconciler.core.onboarding.table_profile import ProfileRequest, TableProfile, TableReading
from reconciler.core.prediction.predictions import PREDICTED, PREDICTED_CLASS
from reconciler.core.quality.findings import CheckFacts, Severity, names_of
from reconciler.core.spec.data import Treatment
from reconciler.core.spec.environment import Limits
from reconciler.core.spec.recipe import Recipe, Task
from reconciler.errors import UsageError
from reconciler.ports import Progress

TABLES = (".csv", ".parquet")
DATA = "data"
MADE_UP = "made-up example orders: --from-table FILE reads a table of yours"
_MOST_NOTES = 6  # on the screen; the manifest has all
_PATH = re.compile(r"[A-Za-z0-9._/-]+")


def profiled(path: Path, reading: TableReading, data: DataWorker, *, scratch: Path, progress: Progress) -> TableProfile:
    """Profile a table file. `scratch`: a folder to work in. Raises DataError."""
    progress.start(path.name, "profile the table")
    into = scratch / "profile"
    into.mkdir()
    request = ProfileRequest(
        path=path.resolve(),
        into=into,
        limits=Limits(),
        options=reading.options,
        given=reading.given,
        is_header=reading.is_header,
    )
    profile = data.profile(request)
    progress.done(path.name, _size(profile))
    return profile


def suggested(profile: TableProfile, *, table: str, path: str, outcome: str | None) -> RecipeSuggestion:
    """Suggest a recipe over the table of this name, whose file is declared as `path`. Raises UsageError E410, E420."""
    suggestion = suggest(profile, name=table, today=now().date().isoformat(), outcome=outcome)
    return replace(suggestion, table=replace(suggestion.table, path=path))


def with_table(suggestion: RecipeSuggestion, name: str) -> RecipeSuggestion:
    """Return the suggestion over the same table under another name."""
    recipe = suggestion.recipe
    return replace(suggestion, recipe=replace(recipe, data=replace(recipe.data, table=name)))


def table_name(path: Path) -> tuple[str, str]:
    """Return the name of a table by its file, and the endings of the file, such as .csv.gz."""
    suffix = "".join(path.suffixes[-2:]).lower() if path.suffix.lower() == ".gz" else path.suffix.lower()
    return name_from(path.name[: len(path.name) - len(suffix)], "table"), suffix


def name_from(text: str, otherwise: str) -> str:
    """Return a name made from `text`, or `otherwise` where that gives none."""
    plain = re.sub(r"[^a-z0-9]+", "-", without_accents(text).lower()).strip("-")[:63].strip("-")
    plain = plain if plain[:1].isalpha() else f"{otherwise}-{plain}".strip("-")
    return plain if is_name(plain) else otherwise


def path_below(root: Path, path: Path) -> str | None:
    """Return the path of a table below `root`; None where it is elsewhere and has to be copied."""
    try:
        relative = path.absolute().resolve().relative_to(root.resolve()).as_posix()
    except ValueError:
        return None
    return relative if _PATH.fullmatch(relative) else None


def tables_in(root: Path) -> list[Path]:
    """Return the tables of a folder and of its data folder, without what `predict` wrote there."""
    tables: list[Path] = []
    for folder in (root, root / DATA):
        if folder.is_dir():
            tables += sorted(file for file in folder.iterdir() if file.suffix.lower() in TABLES and file.is_file())
    return [table for table in tables if not _is_predictions(table)]


def _is_predictions(table: Path) -> bool:
    """Tell whether `predict` wrote this file, by its first line."""
    if table.suffix.lower() != ".csv":
        return False
    try:
        with table.open("rb") as stream:
            first = stream.readline(1_000).decode("utf-8", "replace").rstrip("\r\n")
    except OSError:
        return False  # reading it says why
    _, comma, predicted = first.partition(f",{PREDICTED[1]}")
    after = (f",{','.join(PREDICTED_CLASS[2:])},", ",factor_1,")
    is_number = not predicted and first.count(",") == 1
    return bool(comma) and (is_number or predicted.startswith(after))


def several_tables(root: Path, tables: list[Path]) -> UsageError:
    """Return the error for several tables of which one is to be named."""
    names = ", ".join(str(table.relative_to(root)) for table in tables[:10])
    return UsageError(
        f"there are {len(tables)} tables: {names}", hint="name one of them: --from-table FILE", code="E801"
    )


def _size(profile: TableProfile) -> str:
    rows, columns = profile.rows, len(profile.columns)
    return f"{rows:,} row{'s' * (rows != 1)}, {columns:,} column{'s' * (columns != 1)}"


def _estimator(recipe: Recipe) -> str:
    weights = dict(recipe.estimator.params).get("class_weight")
    return f"{recipe.estimator.class_name}{', balanced' if weights else ''}"


def choices(profile: TableProfile, suggestion: RecipeSuggestion, *, made_up: bool = False) -> tuple[InitChoice, ...]:
    recipe, why, table = suggestion.recipe, suggestion.reasons, suggestion.table
    written = [_size(profile)]
    written += [f"dates as {table.dates}"] if table.dates else []
    sign = "tabs" if table.delimiter == "\t" else f"delimiter {table.delimiter!r}"
    written += [sign] if table.delimiter else []
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
    outcome = f"{recipe.outcome.column}, a number"
    if recipe.task is Task.CLASSIFICATION:
        how = f"{recipe.outcome.column}, {{}} classes" if recipe.outcome.column else "{} classes by conditions"
        outcome = f"{how.format(len(recipe.class_names))}: {', '.join(recipe.class_names[:10])}"
    holdout = recipe.holdout
    holdout_rows = f"the last 20% by {holdout.by}" if holdout.last else "a random 20%"
    return (
        InitChoice(
            what="table",
            chosen=f"{table.path}: {', '.join(written)}",
            why=MADE_UP if made_up else "; ".join(profile.layout_notes),
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
        *_masked(profile, suggestion),
        InitChoice(what="holdout", chosen=holdout_rows, why=suggestion.why_holdout),
        InitChoice(what="estimator", chosen=_estimator(recipe), why=why.estimator),
        *_checks(suggestion),
    )


def _masked(profile: TableProfile, suggestion: RecipeSuggestion) -> Iterator[InitChoice]:
    """Yield what is done to columns that look personal, and which of them a person has to decide on."""
    looks = {mask.column: like for mask, like in suggestion.masks}
    if looks:
        chosen = ", ".join(f"{mask.column} ({in_words(mask)})" for mask, _ in suggestion.masks)
        hashes = any(mask.treatment is Treatment.PSEUDONYM for mask, _ in suggestion.masks)
        key = f"; set {MASK_KEY.partition(':')[2]}, the key of pseudonyms, for `apply`" if hashes else ""
        why = "; ".join(f"{column} looks like {like}" for column, like in looks.items())
        yield InitChoice(what="masked", chosen=chosen, why=f"{why}{key}")
    for each in profile.personal:
        if each.column not in looks:
            why = "the recipe reads it: mask it, or say under `notPersonal` why it is no personal data"
            yield InitChoice(what="masked", chosen=f"not {each.column}, which looks like {each.looks_like}", why=why)


def _checks(suggestion: RecipeSuggestion) -> Iterator[InitChoice]:
    """Yield what the checks find in the rows, as `apply` will: an error stops the training."""
    told = CheckFacts(findings=suggestion.checks).told
    for severity in (Severity.ERROR, Severity.WARNING):
        if found := [finding for finding in told if finding.severity is severity]:
            stops = "`apply` does not train on them: " if severity is Severity.ERROR else ""
            messages = "; ".join(f"{each.message} ({each.remedy})" for each in found[:_MOST_NOTES])
            more = f"; and {len(found) - _MOST_NOTES} more" if len(found) > _MOST_NOTES else ""
            yield InitChoice(what=f"{severity}s", chosen=names_of(found), why=f"{stops}{messages}{more}")
