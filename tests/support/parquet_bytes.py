"""Parquet files of one column, byte by byte: a few hundred bytes that may declare anything."""

from __future__ import annotations

from dataclasses import dataclass

I32, I64, BINARY, LIST, STRUCT = 5, 6, 8, 9, 12
Field = tuple[int, int, object]


def varint(number: int) -> bytes:
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes([*out, number])


def zigzag(number: int) -> bytes:
    return varint((number << 1) ^ (number >> 63))


def struct(*fields: Field) -> bytes:
    """A structure in Thrift's compact protocol, of (number, type, value); a list is a tuple of (type, items)."""
    out, last = b"", 0
    for number, kind, value in fields:
        out += bytes([(number - last) << 4 | kind]) + _value(kind, value)
        last = number
    return out + b"\0"


def _value(kind: int, value: object) -> bytes:
    if kind in (I32, I64):
        return zigzag(int(str(value)))
    if kind == LIST:
        inner, items = value  # type: ignore[misc]
        head = bytes([len(items) << 4 | inner]) if len(items) < 15 else bytes([0xF0 | inner]) + varint(len(items))
        return head + b"".join(_value(inner, item) for item in items)
    assert isinstance(value, bytes)
    return varint(len(value)) + value if kind == BINARY else value


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """A file whose only column holds `rows` times the number 7. Any field that is given says something else."""

    rows: int = 3
    page_values: int | None = None
    page_bytes: int | None = None
    entries: int = 1
    dictionary_bytes: int = 4
    unpacked: int = 30
    groups: int = 1
    footer_length: int | None = None
    columns: int = 1

    def bytes(self) -> bytes:
        dictionary = struct(
            (1, I32, 2),
            (2, I32, self.dictionary_bytes),
            (3, I32, 4),
            (7, STRUCT, struct((1, I32, self.entries), (2, I32, 0))),
        )
        values = b"\x01" + varint(self.rows << 1) + b"\0"  # one run of the first entry
        counted = self.rows if self.page_values is None else self.page_values
        size = len(values) if self.page_bytes is None else self.page_bytes
        header = (1, I32, counted), (2, I32, 8), (3, I32, 3), (4, I32, 3)
        page = struct((1, I32, 0), (2, I32, size), (3, I32, len(values)), (5, STRUCT, struct(*header))) + values
        data = dictionary + b"\x07\0\0\0" + page
        meta = struct(
            *((1, I32, 1), (2, LIST, (I32, (0, 8))), (3, LIST, (BINARY, (b"n",))), (4, I32, 0)),
            *((5, I64, self.rows), (6, I64, self.unpacked), (7, I64, len(data))),
            *((9, I64, 4 + len(dictionary) + 4), (11, I64, 4)),
        )
        chunk = struct((2, I64, 4), (3, STRUCT, meta))
        group = struct((1, LIST, (STRUCT, (chunk,) * self.columns)), (2, I64, len(data)), (3, I64, self.rows))
        names = tuple(struct((1, I32, 1), (3, I32, 0), (4, BINARY, b"n%d" % n)) for n in range(self.columns))
        schema = (struct((4, BINARY, b"schema"), (5, I32, self.columns)), *names)
        rows = self.rows * self.groups
        groups = (4, LIST, (STRUCT, (group,) * self.groups))
        footer = struct((1, I32, 1), (2, LIST, (STRUCT, schema)), (3, I64, rows), groups)
        length = len(footer) if self.footer_length is None else self.footer_length
        return b"PAR1" + data + footer + length.to_bytes(4, "little") + b"PAR1"
