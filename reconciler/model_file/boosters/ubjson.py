"""Read and write UBJSON as XGBoost does: objects, lists with their length first, typed arrays, texts, whole numbers.

Format: https://ubjson.org (draft 12), in the forms that XGBoost 3 writes (src/common/json.cc): every length is a 64-bit
number, numbers are big-endian.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

_KINDS = {b"d": ">f4", b"l": ">i4", b"L": ">i8", b"U": ">u1"}
_MARKS = {"f4": b"d", "i4": b"l", "i8": b"L", "u1": b"U"}
_WHOLE = {b"i": ">b", b"I": ">h", b"l": ">i", b"L": ">q"}
_DEEPEST = 12
_BYTES_PER_VALUE = 8  # fewer than that no honest file has, by far: each tree is some hundred bytes of arrays


class NotUbjsonError(ValueError):
    """Bytes are not of the forms that are read."""


def read(body: bytes) -> Any:
    """Return dictionaries, lists, texts, whole numbers and numpy arrays (views of `body`).

    Raises NotUbjsonError, also for more values than the size of `body` is worth.
    """
    reader = _Reader(body)
    value = reader.value(0)
    if reader.place != len(body):
        raise NotUbjsonError("there is more after its end")
    return value


def write(value: Any) -> bytes:
    """Return the bytes of a value; keys of objects in their order."""
    parts: list[bytes] = []
    _write(value, parts)
    return b"".join(parts)


class _Reader:
    def __init__(self, body: bytes) -> None:
        self.body, self.place = body, 0
        self.left = len(body) // _BYTES_PER_VALUE + 1000

    def value(self, depth: int) -> Any:
        self.left -= 1
        if depth > _DEEPEST or self.left < 0:
            raise NotUbjsonError("its values are too many, or nested too deep")
        mark = self.take(1)
        match mark:
            case b"{":
                return self.fields(depth)
            case b"[":
                return self.items(depth)
            case b"S":
                return self.text()
        if mark in _WHOLE:
            return self.number(_WHOLE[mark])
        raise NotUbjsonError("a value is of a kind that no model has")

    def fields(self, depth: int) -> dict[str, Any]:
        fields: dict[str, Any] = {}
        while self.body[self.place : self.place + 1] != b"}":
            name = self.text()
            if name in fields:
                raise NotUbjsonError("a name is there twice")
            fields[name] = self.value(depth + 1)
        self.place += 1
        return fields

    def items(self, depth: int) -> Any:
        mark = self.take(1)
        if mark == b"#":
            return [self.value(depth + 1) for _ in range(self.length())]
        kind = self.take(1)
        if mark != b"$" or kind not in _KINDS or self.take(1) != b"#":
            raise NotUbjsonError("an array is of a kind that no model has")
        return self.array(_KINDS[kind])

    def array(self, kind: str) -> Any:
        import numpy as np

        count = self.length()
        array = np.frombuffer(self.take(count * int(kind[2:])), dtype=kind)
        return array.astype(array.dtype.newbyteorder("="))

    def text(self) -> str:
        return self.take(self.length()).decode("ascii")

    def length(self) -> int:
        if self.take(1) != b"L":
            raise NotUbjsonError("a length is not a 64-bit number")
        length = self.number(">q")
        if not 0 <= length <= len(self.body) - self.place:
            raise NotUbjsonError("a length is larger than what is there")
        return length

    def number(self, form: str) -> int:
        number: int = struct.unpack(form, self.take(struct.calcsize(form)))[0]
        return number

    def take(self, count: int) -> bytes:
        taken = self.body[self.place : self.place + count]
        if len(taken) != count:
            raise NotUbjsonError("it ends too early")
        self.place += count
        return taken


def _write(value: Any, parts: list[bytes]) -> None:
    match value:
        case dict():
            parts.append(b"{")
            for name, inner in value.items():
                parts += (_length(len(name)), name.encode("ascii"))
                _write(inner, parts)
            parts.append(b"}")
        case list():
            parts += (b"[#", _length(len(value)))
            for inner in value:
                _write(inner, parts)
        case str():
            parts += (b"S", _length(len(value)), value.encode("ascii"))
        case int():
            parts.append(_whole(value))
        case _:
            parts += (b"[$", _MARKS[value.dtype.str[1:]], b"#", _length(len(value)), _big_endian(value))


def _big_endian(array: np.ndarray[Any, Any]) -> bytes:
    return array.astype(array.dtype.newbyteorder(">")).tobytes()


def _length(length: int) -> bytes:
    return b"L" + struct.pack(">q", length)


def _whole(number: int) -> bytes:
    for mark, form in _WHOLE.items():
        if -(limit := 1 << (8 * struct.calcsize(form) - 1)) <= number < limit:
            return mark + struct.pack(form, number)
    raise NotUbjsonError("a number is larger than 64 bits")
