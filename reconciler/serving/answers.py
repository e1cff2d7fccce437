"""Write answers of the Open Inference Protocol: what is predicted, as tensors in JSON or behind it."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from reconciler.core.prediction.input_errors import no_such_column
from reconciler.serving.served_model import ERRORS, Answer, ServedModel
from reconciler.serving.tensors import InferRequest, Wanted

INTERVAL = "the value and 1.96 root mean squared errors of its holdout to both sides: a guess where errors vary"


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputTensor:
    """A tensor that a model answers with. `values`: of an answer; `parameters`: what is told of it."""

    name: str
    datatype: str
    values: Callable[[Answer], list[Any]]
    parameters: dict[str, str] | None = None


def outputs_of(model: ServedModel) -> tuple[OutputTensor, ...]:
    """Return the tensors of a model, by the names that `predict` writes: what is predicted, how sure that is, and the
    probability of each class; of a number the value, and an interval around it where the artifact has its error."""
    classes = model.classes
    if not classes:
        return (OutputTensor(name="predicted", datatype="FP64", values=_value(0.0)), *_interval(model.rmse))
    return (
        OutputTensor(
            name="predicted", datatype="BYTES", values=lambda answer: [classes[place] for place in answer.best]
        ),
        OutputTensor(
            name="probability",
            datatype="FP64",
            values=lambda answer: [row[place] for row, place in zip(answer.values.tolist(), answer.best, strict=True)],
        ),
        OutputTensor(name="uncertain", datatype="BOOL", values=lambda answer: answer.uncertain.tolist()),
        *(
            OutputTensor(name=f"p_{name}", datatype="FP64", values=_probability(place))
            for place, name in enumerate(classes)
        ),
    )


def _probability(place: int) -> Callable[[Answer], list[Any]]:
    return lambda answer: answer.values[:, place].tolist()


def _value(added: float) -> Callable[[Answer], list[Any]]:
    return lambda answer: (answer.values[:, 0] + added).tolist()


def _interval(rmse: float | None) -> tuple[OutputTensor, ...]:
    if rmse is None:
        return ()
    ends = (("lower", -ERRORS * rmse), ("upper", ERRORS * rmse))
    told = {"interval": INTERVAL}
    return tuple(OutputTensor(name=n, datatype="FP64", values=_value(v), parameters=told) for n, v in ends)


def write_answer(
    request: InferRequest, head: dict[str, Any], outputs: Sequence[OutputTensor], answer: Answer
) -> tuple[bytes, int | None]:
    """Return the body of an answer, and the length of its JSON where binary data follow. `head`: its other members.

    Raises DataError E416 for a tensor that the model does not have.
    """
    written, behind = [], []
    for output, binary in _chosen(request, outputs):
        tensor: dict[str, Any] = {"name": output.name, "datatype": output.datatype, "shape": [request.rows]}
        parameters: dict[str, Any] = dict(output.parameters or {})
        values = output.values(answer)
        if binary:
            data = _packed(output.datatype, values)
            parameters["binary_data_size"] = len(data)
            behind.append(data)
        else:
            tensor["data"] = values
        written.append({**tensor, **({"parameters": parameters} if parameters else {})})
    ident = {"id": request.id} if request.id is not None else {}
    body = json.dumps({**head, **ident, "outputs": written}, allow_nan=False).encode()
    return (b"".join((body, *behind)), len(body)) if behind else (body, None)


def check_outputs(request: InferRequest, outputs: Sequence[OutputTensor]) -> None:
    """Raise DataError E416 for a tensor that is asked for and that the model does not have."""
    names = {output.name for output in outputs}
    for wanted in request.wanted or ():
        if wanted.name not in names:
            raise no_such_column("the model's outputs", wanted.name[:80], names)


def _chosen(request: InferRequest, outputs: Sequence[OutputTensor]) -> list[tuple[OutputTensor, bool]]:
    if request.wanted is None:
        return [(output, request.binary) for output in outputs]
    by_name = {output.name: output for output in outputs}
    unique: dict[str, Wanted] = {wanted.name: wanted for wanted in request.wanted}
    return [(by_name[name], wanted.binary) for name, wanted in unique.items()]


def _packed(datatype: str, values: list[Any]) -> bytes:
    if datatype != "BYTES":
        return struct.pack(f"<{len(values)}{'d' if datatype == 'FP64' else '?'}", *values)
    texts = (value.encode() for value in values)
    return b"".join(len(text).to_bytes(4, "little") + text for text in texts)
