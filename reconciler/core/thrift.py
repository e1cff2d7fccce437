"""Read structures in Thrift's compact protocol: the fields that are asked for, within the bytes that there are.

Format: https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md. A list says how many items it
has; that many are read only as long as there are bytes for them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

BYTES = "bytes"  # what is wanted of a field that holds a text
_DEEPEST = 16
_TRUE, _FALSE, _BYTE, _I16, _I32, _I64, _DOUBLE, _BINARY, _LIST, _SET, _MAP, _STRUCT, _UUID = range(1, 14)


class MalformedError(ValueError):
    """Bytes that are not what they should be."""


class Reader:
    """Reader of `body`; `at` is the place of the next byte."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self.at = 0

    def struct(self, wanted: Mapping[int, Any], depth: int = 0) -> dict[int, Any]:
        """Return the wanted fields of a structure by number: integers, bytes, structures, or lists of them.

        `wanted`: of each field what is kept of its structures, BYTES of a text, and None of another plain value. Raises
        MalformedError.
        """
        if depth > _DEEPEST:
            raise MalformedError("nested too deep")
        fields: dict[int, Any] = {}
        number = 0
        while (head := self._byte()) & 15:
            number = number + (head >> 4) if head >> 4 else self._signed()
            if number in wanted:
                fields[number] = self._value(head & 15, wanted[number], depth)
            else:
                self._skip(head & 15, depth)
        return fields

    def _value(self, kind: int, wanted: Mapping[int, Any] | str | None, depth: int) -> Any:
        if kind == _STRUCT and isinstance(wanted, Mapping):
            return self.struct(wanted, depth + 1)
        if kind == _BINARY and wanted == BYTES:
            return self._bytes(self._varint())
        if kind in (_LIST, _SET) and wanted is not None:
            count, inner = self._list()
            return [self._value(inner, wanted, depth + 1) for _ in range(count)]
        if kind in (_I16, _I32, _I64) and wanted is None:
            return self._signed()
        raise MalformedError("a field has another type")

    def _list(self) -> tuple[int, int]:
        """Return the number of items of a list and their type."""
        head = self._byte()
        count = head >> 4 if head >> 4 < 15 else self._varint()
        if count > len(self._body) - self.at:  # an item takes a byte at the least
            raise MalformedError("a list has more items than bytes")
        return count, head & 15

    def _skip(self, kind: int, depth: int, *, item: bool = False) -> None:
        if depth > _DEEPEST:
            raise MalformedError("nested too deep")
        if kind in (_TRUE, _FALSE):
            self._move(1 if item else 0)
        elif kind == _BYTE:
            self._move(1)
        elif kind in (_I16, _I32, _I64):
            self._varint()
        elif kind == _DOUBLE:
            self._move(8)
        elif kind == _UUID:
            self._move(16)
        elif kind == _BINARY:
            self._move(self._varint())
        elif kind in (_LIST, _SET):
            count, inner = self._list()
            for _ in range(count):
                self._skip(inner, depth + 1, item=True)
        elif kind == _MAP:
            self._skip_map(depth)
        elif kind == _STRUCT:
            while (head := self._byte()) & 15:
                if not head >> 4:
                    self._varint()
                self._skip(head & 15, depth + 1)
        else:
            raise MalformedError("an unknown type")

    def _skip_map(self, depth: int) -> None:
        count = self._varint()
        if count > len(self._body) - self.at:
            raise MalformedError("a map has more items than bytes")
        if count:
            kinds = self._byte()
            for _ in range(count):
                self._skip(kinds >> 4, depth + 1, item=True)
                self._skip(kinds & 15, depth + 1, item=True)

    def _byte(self) -> int:
        if self.at >= len(self._body):
            raise MalformedError("it ends too early")
        byte = self._body[self.at]
        self.at += 1
        return byte

    def _move(self, count: int) -> None:
        if count > len(self._body) - self.at:
            raise MalformedError("it ends too early")
        self.at += count

    def _bytes(self, count: int) -> bytes:
        start = self.at
        self._move(count)
        return self._body[start : self.at]

    def _varint(self) -> int:
        number = 0
        for shift in range(0, 70, 7):
            byte = self._byte()
            number |= (byte & 127) << shift
            if byte < 128:
                return number
        raise MalformedError("a number is too long")

    def _signed(self) -> int:
        number = self._varint()
        return (number >> 1) ^ -(number & 1)
