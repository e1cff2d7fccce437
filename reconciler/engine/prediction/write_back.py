"""Write predictions into a table that the environment declares for them."""

from __future__ import annotations

from pathlib import Path

from reconciler.core.prediction.prediction_columns import AS_OF
from reconciler.core.spec.data import Table
from reconciler.core.spec.environment import Environment
from reconciler.engine.dependencies import Dependencies
from reconciler.engine.needed_secrets import table_secrets
from reconciler.engine.prediction.prediction_input import DeployedModel
from reconciler.errors import UsageError
from reconciler.ports import WriteBackRequest

Destination = tuple[str, Table]


def declared_destination(deps: Dependencies, environment: Environment, name: str) -> Destination:
    """Return a declared table for predictions. Raises UsageError E801 where there is none of this name, DataError E433
    where its address is not set here."""
    table = dict(environment.predictions).get(name)
    if table is None:
        known = ", ".join(known for known, _ in environment.predictions)
        raise UsageError(
            f"{environment.name} declares no table {name} for predictions",
            hint=f"declared: {known}"
            if known
            else f"declare one under `spec.predictions` of {environment.name}: `reconciler explain spec.predictions`",
            code="E801",
        )
    table_secrets(deps.secret, [(name, table)])
    return name, table


def write_back(
    deps: Dependencies,
    environment: Environment,
    deployed: DeployedModel,
    destination: Destination,
    rows: Path,
    *,
    as_of: str,
    log: int,
) -> None:
    """Write the rows of a Parquet file, in the place of those of the same environment, model and day."""
    name, table = destination
    deps.progress.start(deployed.model, f"write {name}")
    deps.data.write_back(
        WriteBackRequest(
            name=name,
            table=table,
            rows=rows,
            own=(("environment", environment.name), ("model", deployed.model), (AS_OF, as_of)),
            artifact=str(deployed.artifact),
            log=log,
            into=deployed.work,
            limits=environment.limits,
            secrets=table_secrets(deps.secret, [destination]),
        )
    )
