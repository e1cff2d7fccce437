"""Load a deployed model in a program of one's own, verified byte for byte."""

from __future__ import annotations

import datetime
import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reconciler import codec
from reconciler.core.artifact.journal import ReleasePointer
from reconciler.core.artifact.target_ownership import CURRENT, RELEASES
from reconciler.core.digest import Digest, hex_of, is_digest
from reconciler.core.prediction.input_column import DAYS, InputColumn
from reconciler.core.size_limits import MARK_BYTES
from reconciler.core.spec.environment import Limits
from reconciler.errors import DataError, IntegrityError, UsageError
from reconciler.serving.served_model import Answer, ServedModel, load_verified
from reconciler.serving.tensors import Tensor, values_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def load(path: str | Path, *, digest: str | None = None, as_of: datetime.date | None = None) -> VerifiedModel:
    """Load a model from a folder whose every byte has the digest that the folder, or `digest`, says.

    `path`: a model's folder in a target, such as `serving/orders` (its pointer names the release), a release in it, or
    any folder with a release's files, whose `digest` is then to be given. `as_of`: the day that features know of that
    depend on it; None: today. Nothing is executed from the files; the model is loaded into this process.

    Raises IntegrityError E501, E511, E612 for other bytes, UsageError E801 where nothing says the digest or nothing is
    deployed, ScoringError for a model that cannot be loaded, DataError for one whose features a row alone does not
    tell.
    """
    folder = Path(path)
    pinned, entry = digest, None
    if digest is not None and not is_digest(digest):
        raise UsageError("digest: expected sha256: and 64 digits of 0-9 and a-f", code="E801")
    if (folder / CURRENT).exists():
        pointer = codec.decode(ReleasePointer, _small(folder / CURRENT), what=f"{folder.name}/{CURRENT}")
        if pointer.artifact is None:
            raise UsageError(f"{folder.name}: no artifact is deployed", code="E801")
        if digest is not None and digest != pointer.artifact:
            raise IntegrityError(
                f"{folder.name} serves {pointer.artifact}, not {digest}", code="E501", hint="load the release itself"
            )
        pinned, entry = pointer.artifact, pointer.entry
        folder = folder / RELEASES / hex_of(pointer.artifact)
    elif digest is None and folder.parent.name == RELEASES and is_digest(f"sha256:{folder.name}"):
        pinned = f"sha256:{folder.name}"
    if pinned is None:
        raise UsageError(
            f"nothing says which digest {folder.name} must have",
            hint="reconciler.load(path, digest='sha256:...'), as `reconciler history` shows it",
            code="E801",
        )
    day = as_of.isoformat() if as_of is not None else None
    return VerifiedModel(load_verified(folder, Digest(pinned), limits=Limits(), as_of=day), entry)


def _small(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(MARK_BYTES)


class VerifiedModel:
    """A model whose bytes were verified when it was loaded. `entry`: the journal entry that its pointer named."""

    def __init__(self, model: ServedModel, entry: Digest | None) -> None:
        self._model, self.entry = model, entry

    @property
    def digest(self) -> Digest:
        """Return the digest of its artifact."""
        return self._model.digest

    @property
    def classes(self) -> tuple[str, ...]:
        """Return its classes, in the order of `predict_proba`; none where it predicts a number."""
        return self._model.classes

    @property
    def inputs(self) -> dict[str, str]:
        """Return the columns that a row brings, each with its type."""
        return {column.name: column.type for column in self._model.inputs}

    def predict(self, rows: Any) -> NDArray[Any]:
        """Return the class, or the value, of each row.

        `rows`: a DataFrame, a mapping of columns to values, or records. Columns that are no inputs are left out;
        None and NaN are missing. Raises DataError E405, E410, E413, E416 for rows that the model cannot read.
        """
        import numpy as np

        answer = self._answer(rows)
        if not self.classes:
            return answer.values[:, 0]
        return np.array(self.classes, dtype=object)[answer.best]

    def predict_proba(self, rows: Any) -> NDArray[np.float64]:
        """Return the probability of each class, one column for each; of `rows` as `predict` takes them.

        Raises UsageError E801 for a model that predicts a number."""
        if not self.classes:
            raise UsageError("the model predicts a number, which has no probability", hint="use predict", code="E801")
        return self._answer(rows).values

    def __repr__(self) -> str:
        what = ", ".join(self.classes) if self.classes else "a number"
        return f"<model {self.digest[:19]}: {what}, from {', '.join(self.inputs)}>"

    def _answer(self, rows: Any) -> Answer:
        given, count = _columns(rows, self._model.inputs)
        self._model.check_columns(given)
        if not count:
            raise DataError("there is no row to predict", code="E410")
        return self._model.predict(given, count)


def _columns(rows: Any, inputs: Iterable[InputColumn]) -> tuple[dict[str, list[Any]], int]:
    """Return the values of each input that is there, and the number of rows."""
    if not hasattr(rows, "columns") and not isinstance(rows, Mapping):
        records = list(rows)
        names = {name for record in records for name in record}
        rows = {name: [record.get(name) for record in records] for name in names}
        count = len(records)
    else:
        count = max((len(list(rows[name])) for name in rows), default=0)
    found = {}
    for column in inputs:
        if column.name in rows:
            values = [_plain(value, column) for value in rows[column.name]]
            if len(values) != count:
                message = f"column {column.name} has {len(values):,} values, and another one {count:,}"
                raise DataError(message, code="E411")
            tensor = Tensor(name=column.name, datatype=_datatype(values, column), values=values)
            found[column.name] = values_of(tensor, column)
    return found, count


def _plain(value: Any, column: InputColumn) -> Any:
    """Return a value as JSON has it; None for what is missing."""
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return None
    if hasattr(value, "item") and not isinstance(value, str | bytes):
        value = value.item()
    if isinstance(value, float) and math.isnan(value):
        return None
    if isinstance(value, datetime.datetime):
        return value.date().isoformat() if column.type == DAYS[0] else value.isoformat(sep=" ")
    return value.isoformat() if isinstance(value, datetime.date) else value


def _datatype(values: Iterable[Any], column: InputColumn) -> str:
    kinds = {type(value) for value in values if value is not None}
    if not kinds:
        return column.datatype
    if kinds == {bool}:
        return "BOOL"
    if kinds == {str}:
        return "BYTES"
    return "FP64" if float in kinds else "INT64"
