"""Read requests of the Open Inference Protocol (version 2): named tensors, as JSON or with binary data behind it.

A row is one place of every tensor: their shapes are [rows] or [rows, 1]. `null` is a missing value. Where a client
cannot write that, a tensor `<column>:missing` of truth values says which rows have none; what the column's own tensor
has there does not count.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, NoReturn

from reconciler.core.prediction.input_column import WHOLE, InputColumn
from reconciler.core.prediction.input_errors import no_such_column, not_finite, other_type
from reconciler.core.size_limits import REQUEST_COLUMNS, REQUEST_ROWS
from reconciler.errors import DataError

MISSING = ":missing"
_WHOLE_TYPES = {f"{sign}INT{bits}": (sign, bits) for sign in ("", "U") for bits in (8, 16, 32, 64)}
_FRACTIONS = {"FP16": "e", "FP32": "f", "FP64": "d"}
_SIGNED = {"INT8": "b", "INT16": "h", "INT32": "i", "INT64": "q"}
_BINARY = {"BOOL": "?", **_FRACTIONS, **_SIGNED, **{f"U{name}": form.upper() for name, form in _SIGNED.items()}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tensor:
    """One tensor of a request, flat. `values` are JSON values."""

    name: str
    datatype: str
    values: list[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A tensor that is asked for. `binary`: behind the JSON."""

    name: str
    binary: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class InferRequest:
    """A request. `wanted`: the tensors that are asked for; None: all, in binary form where `binary`."""

    id: str | None
    tensors: tuple[Tensor, ...]
    rows: int
    wanted: tuple[Wanted, ...] | None = None
    binary: bool = field(default=False)


def refused(message: str, *, hint: str | None = None) -> DataError:
    """Return the error of a request that is not one of the protocol."""
    return DataError(message, code="E811", hint=hint)


# --- reading ----------------------------------------------------------------------------------------------------------


def read_request(body: bytes, json_length: int | None = None) -> InferRequest:
    """Read the body of a request. `json_length`: of the JSON, where binary data follow it. Raises DataError E811."""
    if json_length is not None and not 0 < json_length <= len(body):
        raise refused("Inference-Header-Content-Length: it is not within the body")
    text, behind = (body, b"") if json_length is None else (body[:json_length], body[json_length:])
    document = _object(_parsed(text), "the request")
    inputs = _list(document.get("inputs"), "inputs")
    if not 0 < len(inputs) <= REQUEST_COLUMNS:
        raise refused(f"inputs: expected from 1 to {REQUEST_COLUMNS:,} tensors, found {len(inputs):,}")
    rows, tensors = -1, []
    for place, item in enumerate(inputs):
        tensor, behind = _tensor(_object(item, f"inputs[{place}]"), f"inputs[{place}]", behind)
        if rows not in (-1, len(tensor.values)):
            raise refused(f"input {tensor.name}: has {len(tensor.values):,} rows, and those before it {rows:,}")
        rows = len(tensor.values)
        tensors.append(tensor)
    if behind:
        raise refused(f"{len(behind):,} bytes of binary data belong to no input")
    if len({tensor.name for tensor in tensors}) < len(tensors):
        raise refused("inputs: a name is there twice")
    ident = document.get("id")
    if not isinstance(ident, str | None):
        raise refused("id: expected a text")
    wanted = document.get("outputs")
    return InferRequest(
        id=ident,
        tensors=tuple(tensors),
        rows=rows,
        wanted=None if not wanted else tuple(_wanted(_list(wanted, "outputs"))),
        binary=_parameters(document, "the request").get("binary_data_output") is True,
    )


def _parsed(text: bytes) -> object:
    problem = "is not JSON in UTF-8"
    try:
        return json.loads(text, parse_constant=_no_constant)
    except _NotFiniteError:
        problem = "holds NaN or Infinity, which JSON does not have; write null for a missing value"
    except (ValueError, RecursionError):  # also a number of more digits than are read
        pass
    raise refused(f"the request {problem}")  # outside: an error of JSON quotes what it read


class _NotFiniteError(Exception):
    """A number that JSON does not have."""


def _no_constant(text: str) -> NoReturn:  # noqa: ARG001  (the shape that json calls)
    raise _NotFiniteError


def _object(value: object, label: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise refused(f"{label}: expected a JSON object")
    return value


def _list(value: object, label: str) -> list[Any]:
    if not isinstance(value, list):
        raise refused(f"{label}: expected a list of tensors")
    return value


def _parameters(item: Mapping[str, Any], label: str) -> dict[str, Any]:
    return _object(item.get("parameters", {}), f"{label}: parameters")


def _wanted(items: Sequence[Any]) -> Iterator[Wanted]:
    for place, item in enumerate(items):
        name = _object(item, f"outputs[{place}]").get("name")
        if not isinstance(name, str):
            raise refused(f"outputs[{place}]: expected a name")
        yield Wanted(name=name, binary=_parameters(item, f"output {name}").get("binary_data") is True)


def _tensor(item: dict[str, Any], label: str, behind: bytes) -> tuple[Tensor, bytes]:
    """Return a tensor, and the binary data that are left."""
    name, shape, datatype = item.get("name"), item.get("shape"), item.get("datatype")
    if not isinstance(name, str) or not name:
        raise refused(f"{label}: expected a name")
    label = f"input {name[:80]}"
    if not isinstance(datatype, str) or (datatype not in _BINARY and datatype != "BYTES"):
        raise refused(f"{label}: datatype: expected one of BOOL, INT64, FP64, BYTES and their smaller kinds")
    count = _rows(shape, label)
    size = _parameters(item, label).get("binary_data_size")
    if size is None:
        values = item.get("data")
        if not isinstance(values, list):
            raise refused(f"{label}: data: expected a list")
        if values and isinstance(values[0], list):
            values = [value for row in values for value in (row if isinstance(row, list) else (row,))]
    elif not isinstance(size, int) or isinstance(size, bool) or not 0 <= size <= len(behind) or "data" in item:
        raise refused(f"{label}: binary_data_size: expected the size of its data behind the JSON, and no `data` beside")
    else:
        values, behind = _unpacked(behind[:size], datatype, count, label), behind[size:]
    if len(values) != count:
        raise refused(f"{label}: its shape says {count:,} values, and it has {len(values):,}")
    return Tensor(name=name, datatype=datatype, values=values), behind


def _rows(shape: object, label: str) -> int:
    dimensions = shape if isinstance(shape, list) else []
    whole = all(isinstance(each, int) and not isinstance(each, bool) and each > 0 for each in dimensions)
    if not whole or len(dimensions) not in (1, 2) or dimensions[1:] not in ([], [1]):
        raise refused(f"{label}: shape: expected [rows] or [rows, 1], with one row at least")
    if dimensions[0] > REQUEST_ROWS:
        raise refused(
            f"{label}: {dimensions[0]:,} rows; at most {REQUEST_ROWS:,} are predicted at once",
            hint="ask in several requests, or use `reconciler predict`",
        )
    return int(dimensions[0])


def _unpacked(data: bytes, datatype: str, count: int, label: str) -> list[Any]:
    if datatype != "BYTES":
        form = f"<{count}{_BINARY[datatype]}"
        if struct.calcsize(form) != len(data):
            raise refused(f"{label}: its shape says {struct.calcsize(form):,} bytes, and it has {len(data):,}")
        return list(struct.unpack(form, data))
    texts, at = [], 0
    while at + 4 <= len(data):
        end = at + 4 + int.from_bytes(data[at : at + 4], "little")
        if end > len(data):
            break
        texts.append(data[at + 4 : end])
        at = end
    if at != len(data):
        raise refused(f"{label}: its texts are longer than its data")
    try:
        return [text.decode() for text in texts]
    except UnicodeDecodeError:
        pass
    raise _wrong(label, "bytes that are not UTF-8", "text")


# --- values of columns ------------------------------------------------------------------------------------------------


def columns_of(request: InferRequest, by_name: Mapping[str, InputColumn]) -> dict[str, list[Any]]:
    """Return the values of each column, with None for what is missing; of columns that are no inputs nothing is said.

    Raises DataError E405 for values of another type than the model was trained on, E410 for numbers that are none, E416
    for a column that is no input.
    """
    columns, missing = {}, {}
    for tensor in request.tensors:
        column = by_name.get(tensor.name)
        if column is not None:
            columns[tensor.name] = tensor
        elif tensor.name.endswith(MISSING) and tensor.name.removesuffix(MISSING) in by_name:
            missing[tensor.name.removesuffix(MISSING)] = _conditions(tensor, f"input {tensor.name}")
        else:
            raise no_such_column("the model's inputs", tensor.name[:80], by_name)
    found = {}
    for name, tensor in columns.items():
        values = tensor.values
        if name in missing:
            values = [None if absent else value for value, absent in zip(values, missing[name], strict=True)]
        found[name] = values_of(Tensor(name=name, datatype=tensor.datatype, values=values), by_name[name])
    for name in missing.keys() - found.keys():
        raise no_such_column("the model's inputs", name, found)
    return found


def values_of(tensor: Tensor, column: InputColumn) -> list[Any]:
    """Return the values of a column as its type has them. Raises DataError E405, E410."""
    label, wanted, datatype = f"input {tensor.name}", column.datatype, tensor.datatype
    if wanted == "BOOL":
        if datatype != "BOOL":
            raise _wrong(label, datatype, column.held)
        return _conditions(tensor, label)
    if wanted == "BYTES":
        if datatype != "BYTES":
            raise _wrong(label, datatype, column.held)
        return _texts(tensor, column, label)
    if datatype not in _WHOLE_TYPES and datatype not in _FRACTIONS:
        raise _wrong(label, datatype, column.held)
    return _numbers(tensor, column, label)


def _numbers(tensor: Tensor, column: InputColumn, label: str) -> list[Any]:
    values = tensor.values
    kinds = set(map(type, values)) - {type(None)}
    if not kinds <= {int, float}:
        raise _wrong(label, "what is no number", column.held)
    if tensor.datatype in _WHOLE_TYPES:
        sign, bits = _WHOLE_TYPES[tensor.datatype]
        low, high = (0, 1 << bits) if sign else (-(1 << bits - 1), 1 << bits - 1)
        if float in kinds or any(value is not None and not low <= value < high for value in values):
            raise _wrong(label, f"what is no {tensor.datatype}", column.held)
    if float in kinds and (count := sum(value is not None and value - value != 0 for value in values)):
        raise not_finite(tensor.name, count, hint="write null for a missing value")
    if column.type not in WHOLE:
        return values if int not in kinds else [None if value is None else _as_float(value, label) for value in values]
    if float in kinds:
        if any(value is not None and value != int(value) for value in values):
            raise _wrong(label, "numbers with a fraction", column.held)
        values = [None if value is None else int(value) for value in values]
    if any(value is not None and not -(1 << 63) <= value < 1 << 63 for value in values):
        raise _wrong(label, "numbers that are too large", column.held)
    return values


def _as_float(value: float, label: str) -> float:
    try:
        return float(value)
    except OverflowError:
        raise _wrong(label, "numbers that are too large", "numbers") from None


def _conditions(tensor: Tensor, label: str) -> list[Any]:
    if tensor.datatype != "BOOL" or not set(map(type, tensor.values)) <= {bool, type(None)}:
        raise _wrong(label, tensor.datatype if tensor.datatype != "BOOL" else "what is no truth value", "conditions")
    return tensor.values


def _texts(tensor: Tensor, column: InputColumn, label: str) -> list[Any]:
    values = tensor.values
    if not set(map(type, values)) <= {str, type(None)}:
        raise _wrong(label, "what is no text", column.held)
    texts = [value for value in values if value is not None]
    if not _is_unicode(texts):
        raise _wrong(label, "text that is not Unicode", column.held)
    read = {"DATE": date.fromisoformat, "TIMESTAMP": datetime.fromisoformat}.get(column.type)
    if read is None and column.type != "VARCHAR":
        raise _wrong(label, "text", column.held)
    if read is not None and not all(_reads(read, text) for text in texts):
        raise _wrong(label, f"text that is no {column.type.lower()}", column.held, hint="write it as 2024-01-31")
    return values


def _is_unicode(texts: list[str]) -> bool:
    try:
        "".join(texts).encode()
    except UnicodeEncodeError:
        return False
    return True


def _reads(read: Callable[[str], object], text: str) -> bool:
    try:
        read(text)
    except ValueError:
        return False
    return True


def _wrong(label: str, held: str, trained: str, *, hint: str | None = None) -> DataError:
    table, _, column = label.partition(" ")
    return other_type(table, column, held, trained, hint=hint or "GET /v2/models/MODEL names the type of each input")
