"""Predict a frame: its rows stand in the environment's table for as long as they are scored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.api import frames
from reconciler.core.inspect.columns_to_predict import columns_to_predict
from reconciler.core.prediction.prediction_columns import PredictionOptions, own_names
from reconciler.core.prediction.predictions import UNKNOWN, Predictions
from reconciler.core.spec.data import Table, Treatment
from reconciler.core.spec.environment import Environment
from reconciler.engine.prediction import predict, prediction_input
from reconciler.engine.prediction.prediction_input import DeployedModel
from reconciler.engine.prediction.write_back import Destination, declared_destination
from reconciler.errors import UsageError
from reconciler.ports import TableFile

if TYPE_CHECKING:
    import pandas

    from reconciler.app.wiring import OpenProject


def predict_frame(
    project: OpenProject,
    environment: Environment,
    model: str,
    rows: pandas.DataFrame | Mapping[str, pandas.DataFrame] | None,
    *,
    options: PredictionOptions,
    table: str | None = None,
) -> pandas.DataFrame:
    """Return the predictions, as `Project.predict` says."""
    options.check()
    pd = frames.require_pandas()
    deps, desired = project.deps, project.desired
    destination = declared_destination(deps, environment, table) if table is not None else None
    deployed = prediction_input.deployed_model(deps, desired, environment, model)
    deployed = replace(deployed, also=options.read)
    out = deployed.work / "out.parquet"
    if rows is None:
        tables, as_of = prediction_input.current_tables(deps, desired, environment, deployed, ())
        predicted = predict.score(
            deps,
            environment,
            deployed,
            tables,
            as_of=as_of,
            out=out,
            options=options,
            alone=True,
            destination=destination,
        )
        return _told(frames.read_predictions(out), predicted)
    if not isinstance(rows, (pd.DataFrame, Mapping)):
        raise UsageError(
            f"rows are a DataFrame or a mapping of tables to DataFrames, not {type(rows).__name__}",
            hint="pandas.DataFrame(rows) makes one of records",
            code="E801",
        )
    whole = isinstance(rows, Mapping)
    given = rows if isinstance(rows, Mapping) else {deployed.recipe.data.table: rows}
    prediction_input.check_names(deployed, given)
    return _Frames(project, environment, deployed, given, out, options, destination).predict(whole=whole)


def _told(frame: pandas.DataFrame, predicted: Predictions) -> pandas.DataFrame:
    """Add to a frame of predictions, as attributes, how many of them have values that the model does not know, how they
    were explained, and the groups that were summed up."""
    if predicted.unknown is not None:
        columns = [(each.column, each.kind.value, each.rows) for each in predicted.unknown.columns]
        frame.attrs[UNKNOWN] = {"rows": predicted.unknown.rows, "columns": columns}
    if predicted.explained is not None:
        explained = predicted.explained
        frame.attrs["explained"] = {"method": explained.method.value, "scale": explained.scale.value}
    if predicted.by is not None:
        names = predicted.classes or ("mean",)
        frame.attrs["groups"] = [
            {
                "group": group.group,
                "records": group.records,
                "expected": dict(zip(names, group.expected, strict=True)),
                "past": group.past,
                "so_far": dict(zip(names, group.so_far, strict=False)),
            }
            for group in predicted.groups
        ]
        frame.attrs["amounts"] = {
            each.group: dict(zip(names, each.amounts, strict=True)) for each in predicted.expected
        }
    return frame


class _Frames:
    """The frames that are given of a deployed model's tables, by table."""

    def __init__(
        self,
        project: OpenProject,
        environment: Environment,
        deployed: DeployedModel,
        given: Mapping[str, pandas.DataFrame],
        out: Path,
        options: PredictionOptions,
        destination: Destination | None,
    ) -> None:
        self._project, self._environment, self._deployed = project, environment, deployed
        self._given, self._out, self._options, self._destination = given, out, options, destination

    def predict(self, *, whole: bool) -> pandas.DataFrame:
        """Return the predictions; `whole`: given tables are complete, so nothing is added to them."""
        deployed, deps = self._deployed, self._project.deps
        base, key = deployed.recipe.data.table, deployed.recipe.data.key
        records = self._given.get(base)
        if records is not None and records.empty:
            options = self._options
            names = own_names(deployed.schema.classes, options.top, unknown=options.unknown)
            return frames.frame((*options.beside, *names), ()).set_index(records.index)
        tables = {name: self._copied(name) for name in dict.fromkeys(deployed.recipe.tables)}
        keys, rows = deployed.work / "keys" / "keys.parquet", tables[base].path
        if records is not None:
            frames.write_keys(rows, keys, key=key)
        if not whole and deployed.recipe.data.past is not None:
            tables[base] = self._with_history(rows)
        predicted = predict.score(
            deps,
            self._environment,
            deployed,
            tuple(tables.values()),
            as_of=prediction_input.day_of(deps, self._project.desired, self._environment),
            out=self._out,
            options=self._options,
            keys=None if whole else keys,
            alone=True,
            destination=self._destination,
        )
        if records is None:
            return _told(frames.read_predictions(self._out), predicted)
        found = frames.read_predictions(self._out, keys=frames.read_keys(keys), index=records.index)
        return _told(found, predicted)

    def _copied(self, name: str) -> TableFile:
        """Copy the table by the types that the model was trained on: the given frame, else the environment's."""
        deps, deployed = self._project.deps, self._deployed
        if name not in self._given:
            return prediction_input.read_declared(deps, self._project.desired, self._environment, deployed, name)
        types = dict(dict(prediction_input.types_of(deployed, name)).get(name, ()))
        path = deployed.work / "given" / f"{name}.parquet"
        frames.write_frame(self._given[name], types, path, table=name)
        return self._read(name, path)

    def _with_history(self, rows: Path) -> TableFile:
        """Add the rows to those of the environment's table, whose earlier ones count in `past`."""
        deployed, base = self._deployed, self._deployed.recipe.data.table
        records = rows.rename(deployed.work / "keys" / "records.parquet")
        known = prediction_input.read_declared(
            self._project.deps, self._project.desired, self._environment, deployed, base
        )
        if any(each.treatment is not Treatment.GENERALISE for each in known.masked):
            raise UsageError(
                f"the rows of {base} are masked in {self._environment.name}, so rows of yours have no history there",
                hint="predict them in the environment that has the tables",
                code="E801",
            )
        together = deployed.work / "together" / f"{base}.parquet"
        key = deployed.recipe.data.key
        frames.write_with_history(records, known.path, together, key=key, later=self._later())
        return self._read(base, together)

    def _later(self) -> frozenset[str]:
        """Return the columns that a record has only once its outcome is known, and that no feature of its own reads."""
        expressions = self._project.deps.expressions
        if expressions is None:
            return frozenset()
        by_use = columns_to_predict(
            self._deployed.recipe, lambda text: () if (e := expressions.parse((text,))[text]).refused else e.columns
        )
        return (by_use.outcome | by_use.past) - by_use.features

    def _read(self, name: str, path: Path) -> TableFile:
        table = Table(uses="parquet", path=path.name)
        deps, desired = self._project.deps, self._project.desired
        return prediction_input.read_file(deps, desired, self._environment, self._deployed, name, path, table)
