"""The files of a new project as text, with a comment beside each choice that says why.

Takes: a `RecipeSuggestion` and the facts of the place (names, versions, branch). Gives: path -> text. The text is read
back by the same loader as any other before anybody sees it (`init` validates what it wrote).
"""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from reconciler import __version__
from reconciler.core.forge.detection import ForgeKind
from reconciler.core.onboarding.suggest_recipe import RecipeSuggestion
from reconciler.core.spec.environment import Table
from reconciler.core.spec.recipe import NamedExpression, Recipe, Task

WIDTH = 100
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
# A formula that YAML reads as it stands in a block: no quote in front, no comment, no key, no space at its end.
_FORMULA = re.compile(r"[A-Za-z_(](?!.*(: | #|[: ]$))[\x20-\x7e]*")
# What YAML 1.1 readers take for something else than text.
_WORDS = frozenset(["y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf"])


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectFacts:
    """What is known of where the project will be. `versions`: distribution -> version, for the lock."""

    project: str
    model: str
    table: str
    branch: str
    python: str
    architecture: str
    versions: Mapping[str, str]
    ci: ForgeKind = ForgeKind.NONE


def files(place: ProjectFacts, suggestion: RecipeSuggestion, *, note: str | None = None) -> dict[str, str]:
    """Every text file of the project, by its path. `note`: what to say of the table itself."""
    return {
        "reconciler.yaml": _project(place),
        "environments/production.yaml": _production(place, suggestion, note),
        "environments/sandbox.yaml": _sandbox(place),
        f"manifests/sandbox/{place.model}.yaml": _model(place, suggestion),
        "requirements.lock": _lock(place),
        ".gitignore": "/.reconciler/\n/data/\n/serving/\n/predictions*.csv\n",
    }


def _project(place: ProjectFacts) -> str:
    return f"""\
# The project: everything below this folder belongs to it. Stores and targets remember its name.
apiVersion: reconciler/v1
kind: Project
metadata: {{name: {quoted(place.project)}}}
"""


def _sandbox(place: ProjectFacts) -> str:
    return f"""\
# Where models are made: on a recent copy of production's tables, never on the tables themselves.
apiVersion: reconciler/v1
kind: Environment
metadata: {{name: sandbox}}
spec:
  role: sandbox
  data:
    copyFrom: production
    maxAge: 24h            # an older copy is refreshed by the next apply
  # What models are made with. Part of every fingerprint: another runtime, another artifact.
  runtime:
    lock: requirements.lock
    python: "{place.python}"
    architecture: {place.architecture}
"""


def _production(place: ProjectFacts, suggestion: RecipeSuggestion, note: str | None) -> str:
    lines = [
        "# Where models are used. Nothing trains here: it deploys what its manifests pin, if these gates let it.",
        "apiVersion: reconciler/v1",
        "kind: Environment",
        "metadata: {name: production}",
        "spec:",
        "  role: production",
        "  promotesFrom: [sandbox]",
        "  data:",
    ]
    if suggestion.as_of is not None:
        lines += ["    # The last day that the file knows of. Take this out when the table is a living one."]
        lines += [f"    asOf: {suggestion.as_of}"]
    lines += ["    tables:", f"      {quoted(place.table)}:"]
    lines += [f"        {line}" for line in _table(suggestion.table, note)]
    lines += [
        "  target: {uses: directory, root: serving}",
        "  # Owned here: a model's author cannot weaken it in the model's file. Gates for every model may be here:",
        "  # gates: [{uses: performance-grade, atLeast: C}]",
        "  policy: {prune: confirm}",
        f"  protect: {{branch: {quoted(place.branch)}}}  # only its commits, and never an older one after a newer",
    ]
    return "\n".join(lines) + "\n"


def _table(table: Table, note: str | None) -> Iterator[str]:
    if note is not None:
        yield from _comment(note, "")
    yield f"uses: {table.uses}"
    yield f"path: {quoted(table.path)}"
    for name in ("dates", "delimiter", "decimal", "encoding"):
        value = getattr(table, name)
        if value is not None:
            yield f"{name}: {json.dumps(value)}"
    if table.types:
        yield "types: " + "{" + ", ".join(f"{quoted(name)}: {kind}" for name, kind in table.types) + "}"
    if table.row_number is not None:
        yield f"rowNumber: {quoted(table.row_number)}      # a column to add: 1, 2, ... in the file's order"
    if table.columns:
        yield "columns:                # name here: name in the file, where that is no name for an expression"
        for name, written in table.columns:
            yield f"  {quoted(name)}: {json.dumps(written, ensure_ascii=False)}"


def _model(place: ProjectFacts, suggestion: RecipeSuggestion) -> str:
    recipe, why = suggestion.recipe, suggestion.reasons
    lines = [
        *_comment("A first model, written by `reconciler init` from a look at the table. It is yours to change.", ""),
        "apiVersion: reconciler/v1",
        "kind: Model",
        "metadata:",
        f"  name: {quoted(place.model)}",
        '  owner: ""                # who answers for it',
        "spec:",
        "  recipe:",
        f"    task: {recipe.task}",
        "    data:",
        f"      from: {quoted(recipe.data.table)}",
        *_comment(f"Unique per row: {why.key}.", "      "),
        f"      key: {quoted(recipe.data.key)}",
        *_data(recipe),
        *_comment(f"Which rows `reconciler predict` scores: {why.predict}.", "      "),
        f"      predict: {{where: {quoted(recipe.data.predict or '')}}}",
        *_outcome(recipe, why.outcome),
        *_features(recipe, suggestion.left_out),
        *_comment(f"Because {why.estimator}.", "    "),
        *_estimator(recipe),
        *_comment(f"Rows that judge and never train. {why.holdout[0].upper()}{why.holdout[1:]}.", "    "),
        f"    holdout: {_holdout(recipe)}",
        f"    seed: {recipe.seed}",
        "  # Beside the gates of the environment that it goes to.",
        "  gates:",
        *_gates(recipe),
        "  retrain: {because: [recipe]}",
    ]
    return "\n".join(lines) + "\n"


def _data(recipe: Recipe) -> Iterator[str]:
    data = recipe.data
    if data.derive:
        yield "      # SQL expressions of one row each, in order."
        yield "      derive:"
        yield from _named(data.derive, "        ")
    if data.past is not None:
        past = data.past
        yield from _comment(
            f"What was known of this {past.by} when the row was written: an earlier row counts only once settled.",
            "      ",
        )
        yield "      past:"
        yield f"        by: {quoted(past.by)}"
        yield f"        at: {quoted(past.at)}"
        yield f"        known: {quoted(past.known)}"
        yield "        features:"
        yield from _named(past.features, "          ")
    if data.train is not None and data.train.where is not None:
        yield f"      train: {{where: {quoted(data.train.where)}}}"


def _outcome(recipe: Recipe, why: str) -> Iterator[str]:
    outcome = recipe.outcome
    yield from _comment(f"What is predicted ({why}).", "    ")
    yield "    outcome:"
    if outcome.column is not None:
        yield f"      column: {quoted(outcome.column)}"
    if outcome.matured is not None:
        yield "      # The day by which it is certain; younger rows neither train nor judge."
        yield f"      matured: {_formula(outcome.matured)}"
    if not outcome.classes:
        return
    if outcome.column is not None:
        yield from _list("classes", (quoted(one.name) for one in outcome.classes), "      ")
        return
    yield "      # The first condition that is true."
    yield "      classes:"
    yield from _named(
        (NamedExpression(name=one.name, expression=one.when or "") for one in outcome.classes), "        "
    )
    possible = [
        NamedExpression(name=one.name, expression=one.possible) for one in outcome.classes if one.possible is not None
    ]
    if possible:
        yield "      # What an open row can still become."
        yield "      possible:"
        yield from _named(possible, "        ")


def _features(recipe: Recipe, left_out: Iterable[tuple[str, str]]) -> Iterator[str]:
    left = tuple(left_out)
    if left:
        yield "    # Left out:"
        for column, why in left:
            yield from _comment(f"- {column}: {why}", "    ")
    features = recipe.features
    yield "    features:"
    for kind, names in (
        ("numeric", features.numeric),
        ("categorical", features.categorical),
        ("boolean", features.boolean),
    ):
        if names:
            yield from _list(kind, map(quoted, names), "      ")


def _estimator(recipe: Recipe) -> Iterator[str]:
    estimator = recipe.estimator
    params = ", ".join(f"{name}: {json.dumps(value)}" for name, value in estimator.params)
    yield f"    estimator: {{uses: {estimator.uses}, class: {estimator.class_name}, params: {{{params}}}}}"


def _holdout(recipe: Recipe) -> str:
    holdout = recipe.holdout
    if holdout.last is not None:
        return f"{{last: {round(holdout.last * 100)}%, by: {quoted(holdout.by or '')}}}"
    return f"{{random: {round((holdout.random or 0) * 100)}%}}"


def _gates(recipe: Recipe) -> Iterator[str]:
    """Better than chance, and than what is there. The balanced accuracy of any guess without a look is 1 / classes."""
    metric, guess, headline = "r2", 0.0, "r2"
    if recipe.task is Task.CLASSIFICATION:
        metric, guess, headline = "balanced_accuracy", 1 / len(recipe.class_names), "f1_macro"
    yield f"    # A guess without a look has {guess:.2g}. Raise it to what the model is worth to you."
    yield f"    - {{uses: threshold, metric: {metric}, atLeast: {guess + 0.05:.2f}}}"
    yield f"    - {{uses: no-worse-than-incumbent, metric: {headline}, tolerance: 0.01}}"


def _lock(place: ProjectFacts) -> str:
    """Every version that decides bytes, as it is installed here; for CI this program, too."""
    lines = [f"{name}=={version}" for name, version in sorted(place.versions.items())]
    if place.ci is not ForgeKind.NONE:
        lines += ["# What CI runs. With hashes it is safer: pip-compile --generate-hashes writes them."]
        lines += [f"model-reconciler[{place.ci.value}]=={__version__}"]
    return "\n".join(lines) + "\n"


# --- YAML, written by hand so that comments find their place -------------------------------------------------------


def quoted(text: str) -> str:
    """A YAML scalar that means this text, whatever it is: plain where nobody could read it otherwise."""
    if _PLAIN.fullmatch(text) and text.lower() not in _WORDS:
        return text
    return json.dumps(text, ensure_ascii=False)


def _formula(text: str) -> str:
    """As `quoted`, for the value of a block mapping, where brackets, commas and quotes need no quoting."""
    if text.lower() in _WORDS:
        return quoted(text)
    if _FORMULA.fullmatch(text):
        return text
    return f"'{text}'" if text.isascii() and text.isprintable() and '"' in text and "'" not in text else quoted(text)


def _named(named: Iterable[NamedExpression], indent: str) -> Iterator[str]:
    for one in named:
        yield f"{indent}{quoted(one.name)}: {_formula(one.expression)}"


def _list(name: str, items: Iterable[str], indent: str) -> Iterator[str]:
    line = f"{indent}{name}: [{', '.join(items)}]"
    yield from (
        textwrap.wrap(
            line,
            WIDTH,
            initial_indent="",
            subsequent_indent=f"{indent}  ",
            break_long_words=False,
            break_on_hyphens=False,
            drop_whitespace=True,
        )
        if len(line) > WIDTH
        else (line,)
    )


def _comment(text: str, indent: str) -> list[str]:
    clean = " ".join(text.split())
    rest = f"{indent}#   " if clean.startswith("- ") else f"{indent}# "
    return textwrap.wrap(
        clean,
        WIDTH,
        initial_indent=f"{indent}# ",
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )
