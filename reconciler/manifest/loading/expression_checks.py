"""Check the expressions of models: each is valid SQL over one row, names exist in order, and no feature leaks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.spec.model import Model, with_slices
from reconciler.core.spec.recipe import Recipe
from reconciler.core.spec.table_error import without_folder_values
from reconciler.errors import DataError, Problem
from reconciler.manifest.loading import column_checks, leakage, masked_columns
from reconciler.manifest.loading.column_checks import ColumnProblem, expression_path
from reconciler.manifest.loading.problems import ProblemCollector
from reconciler.manifest.quality import contract_checks, evaluation_checks
from reconciler.ports import Expressions, ParsedExpression, TableLookup

RECIPE = ("spec", "recipe")
_LEAKING = ("data", "outcome", "holdout")  # what a leak follows from
_NAMING = ("from", "join", "derive", "past")  # of the data: what columns there are follows from them


def parse_expressions(expressions: Expressions, recipes: Iterable[Recipe]) -> Mapping[str, ParsedExpression]:
    """Parse the expressions of all recipes in one batch, each distinct text once."""
    texts: dict[str, None] = {}
    for recipe in recipes:
        for _, text in recipe.expressions():
            texts[text] = None
        for feature in recipe.data.past.features if recipe.data.past else ():
            texts[feature.expression] = None
    return expressions.parse(texts) if texts else {}


def check_expressions(reading: ProblemCollector, model: Model, parsed: Mapping[str, ParsedExpression]) -> None:
    """Report every problem of a model's expressions; leaks only when all that they follow from is valid."""
    recipe = model.recipe
    invalid = False
    expressions = [(expression_path(label), text, False) for label, text in recipe.expressions()]
    expressions += [(path, text, True) for path, text in (recipe.data.past.aggregates() if recipe.data.past else ())]
    hint = "an expression computes one value from one row; see docs/design.md, Expressions"
    for place, text, aggregate in expressions:
        expression = parsed[text]
        message = expression.refused
        if message is None and aggregate and not expression.aggregate:
            message = "expected one aggregate, such as count(*) or avg(days_late)"
        if message is None and not aggregate and expression.aggregate:
            message = "an aggregate is allowed only as a feature of past"
        if message is not None:
            invalid = True
            path = (*RECIPE, *place)
            reading.add_in_text(model.file, path, "E224", message, hint, position=expression.position)
    slices = list(evaluation_checks.expression_problems(model, parsed))
    for place, code, told, rule, position in slices:
        reading.add_in_text(model.file, place, code, told, rule, position=position)
    if not slices:
        for place, code, told, advice in evaluation_checks.problems(model, parsed):
            reading.add(model.file, place, code, told, advice)
    leaks = not invalid and not any(reading.touches(model.file, (*RECIPE, part)) for part in _LEAKING)
    for where, code, message, remedy in leakage.problems(recipe, parsed, leaks=leaks):
        reading.add(model.file, (*RECIPE, *where), code, message, remedy)


def check_columns(
    reading: ProblemCollector, desired: DesiredState, parsed: Mapping[str, ParsedExpression], lookup: TableLookup
) -> None:
    """Report every column that a table's declaration or a model names and that is not in the table, as far as the
    columns of tables are known; and the tables that cannot be read as they are declared."""
    known: dict[tuple[str, str], tuple[str, ...]] = {}
    texts: dict[tuple[str, str], tuple[str, ...]] = {}
    for environment in desired.environments:
        file = f"environments/{environment.name}.yaml"
        if file in reading.replaced:
            continue
        for name, table in environment.data.tables:
            place = ("spec", "data", "tables", name)
            try:
                columns = lookup.columns(desired, environment, name)
            except DataError as error:
                message = error.message.removeprefix(f"table {name}: ")
                masked = [mask.column for mask in environment.data.masks]
                message = without_folder_values(f"{error.where or table.path}: {message}", masked)
                reading.add(file, place, error.code or "E401", message, error.hint)
                continue
            if columns is not None:
                known[environment.name, name] = columns
                texts[environment.name, name] = lookup.texts(desired, environment, name)
                for problem in column_checks.table_problems(table, columns):
                    reading.add(file, (*place, *problem.path), problem.code, problem.message, problem.hint)
        here, here_texts = (
            {name: them[owner, name] for owner, name in them if owner == environment.name} for them in (known, texts)
        )
        for path, code, message, hint in contract_checks.column_problems(environment.data, here, here_texts):
            reading.add(file, ("spec", "data", *path), code, message, hint)
    origins = {each.name: each.data.copy_from or each.name for each in desired.environments}
    for environment in desired.environments:
        for mask in environment.data.masks:
            columns = known.get((origins[environment.name], mask.table))
            if columns is not None and mask.column.lower() not in {name.lower() for name in columns}:
                place = ("spec", "data", "mask", f"{mask.table}.{mask.column}")
                message, hint = f"no column {mask.column} in {mask.table}", column_checks.nearest(mask.column, columns)
                reading.add(f"environments/{environment.name}.yaml", place, "E450", message, hint)
        if (sample := environment.data.sample) is not None:
            columns = known.get((origins[environment.name], sample.table))
            if columns is not None and sample.column not in columns:
                message, hint = (
                    f"no column {sample.column} in {sample.table}",
                    column_checks.nearest(sample.column, columns),
                )
                place = ("spec", "data", "sample", "by")
                reading.add(f"environments/{environment.name}.yaml", place, "E416", message, hint)
    for model in desired.models:
        if not any(reading.touches(model.file, (*RECIPE, "data", part)) for part in _NAMING):
            origin = origins.get(model.environment, "")
            tables = {name: known[origin, name] for name in model.recipe.tables if (origin, name) in known}
            check_columns_of(reading, model, parsed, tables)
            of_text = {name: texts.get((origin, name), ()) for name in model.recipe.tables}
            for problem in column_checks.texts_as_numbers(model.recipe, of_text):
                reading.add(model.file, (*RECIPE, *problem.path), problem.code, problem.message, problem.hint)


def check_columns_of(
    reading: ProblemCollector,
    model: Model,
    parsed: Mapping[str, ParsedExpression],
    tables: Mapping[str, tuple[str, ...]],
) -> None:
    """Report every column that a model names and its tables do not have; `tables`: the columns of those known."""
    report(reading, model, column_checks.problems(model.recipe, parsed, tables))
    recipe = with_slices(model.recipe, model.evaluation)
    if recipe is not model.recipe:
        _report_slices(reading, model, column_checks.problems(recipe, parsed, tables))


def check_masked(
    reading: ProblemCollector, desired: DesiredState, model: Model, parsed: Mapping[str, ParsedExpression]
) -> None:
    """Report every use of a masked column that its treatment leaves no sense, of a model that is trained."""
    environment = desired.environment(model.environment)
    origin = desired.environment(environment.data.copy_from or environment.name) if environment is not None else None
    if environment is None or origin is None or not environment.trains:
        return
    if any(f"environments/{each.name}.yaml" in reading.replaced for each in (environment, origin)):
        return
    report(reading, model, masked_columns.problems(model.recipe, parsed, environment.data, origin.data))
    recipe = with_slices(model.recipe, model.evaluation)
    if recipe is not model.recipe:
        problems = masked_columns.problems(recipe, parsed, environment.data, origin.data)
        _report_slices(reading, model, problems)


def _report_slices(reading: ProblemCollector, model: Model, problems: Iterable[ColumnProblem]) -> None:
    """Report the problems of declared slices alone, each at its place in the model's file."""
    for problem in problems:
        place = evaluation_checks.derived_place(model, problem.path)
        if place is not None:
            reading.add(model.file, place, problem.code, problem.message, problem.hint)


def report(reading: ProblemCollector, model: Model, problems: Iterable[ColumnProblem]) -> None:
    """Report problems of columns, each at the name in the model's file."""
    texts: dict[tuple[str | int, ...], str] = {
        expression_path(label): text for label, text in model.recipe.expressions()
    }
    past = model.recipe.data.past
    texts |= dict(past.aggregates() if past is not None else ())
    for problem in problems:
        path = (*RECIPE, *problem.path)
        if problem.word is None:
            reading.add(model.file, path, problem.code, problem.message, problem.hint)
        else:
            position = column_checks.position_of(problem.word, texts[problem.path])
            reading.add_in_text(model.file, path, problem.code, problem.message, problem.hint, position=position)


def column_problems(
    read_files: Callable[[], Mapping[str, bytes]],
    expressions: Expressions,
    model: Model,
    tables: Mapping[str, tuple[str, ...]],
) -> tuple[Problem, ...]:
    """Return each name of a valid model that is no column of its `tables`; its file is read only where there is one."""
    parsed = parse_expressions(expressions, [with_slices(model.recipe, model.evaluation)])
    if not any(column_checks.problems(model.recipe, parsed, tables)):
        return ()
    reading = ProblemCollector(files=read_files(), nodes={model.file: None})
    check_columns_of(reading, model, parsed, tables)
    return tuple(reading.problems)
