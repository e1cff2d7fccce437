"""What MLflow's `mlflow.pyfunc.load_model` calls for a model that a target `mlflow` registered; named in its `MLmodel`.

Needs no MLflow: it is MLflow that imports it. Every byte is verified before a model is loaded, as `reconciler.load`
does.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from reconciler.api.load import VerifiedModel, load


class VerifiedPyfunc:
    """A verified model as MLflow asks one."""

    def __init__(self, model: VerifiedModel) -> None:
        self.model = model

    def predict(self, model_input: Any, params: dict[str, Any] | None = None) -> Any:  # noqa: ARG002
        """Return the class, or the value, of each row of a DataFrame, as `VerifiedModel.predict`."""
        return self.model.predict(model_input)


def _load_pyfunc(path: str) -> VerifiedPyfunc:
    """Load the release in `path`, whose folder has the name of its digest."""
    return VerifiedPyfunc(load(Path(path)))
