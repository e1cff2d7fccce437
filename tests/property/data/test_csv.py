"""Random CSV text: either refused, or read exactly as Python's own strict reader reads it."""

from __future__ import annotations

import csv
import io
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from reconciler.core.spec.data import Table
from reconciler.core.spec.environment import Limits
from reconciler.data.in_process import LocalData
from reconciler.errors import DataError
from reconciler.ports import CopyRequest
from tests.support.effort import examples
from tests.support.invoice_tables import read_rows

SETTINGS = settings(
    max_examples=examples(30),
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
cell = st.text(alphabet='ab",\n é;0-', max_size=5)


def read(body: str) -> list[tuple[str, ...]] | None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "into").mkdir()
        (root / "t.csv").write_bytes(body.encode())
        types = (("x", "VARCHAR"), ("y", "VARCHAR"))
        table = Table(uses="csv", path="t.csv", types=types, nulls=())
        request = CopyRequest(
            root=root, tables=(("t", table),), held=(), into=root / "into", limits=Limits(memory=2 * 1024**3)
        )
        code = None
        try:
            (copied,) = LocalData().copy(request)
        except DataError as error:
            code = error.code
        if code is not None:
            assert code in {"E401", "E402", "E403", "E404", "E406"}
            return None
        return [tuple(row.values()) for row in read_rows(copied.path)]


@SETTINGS
@example(rows=[("", "")])
@example(rows=[("a\n\nb", '"'), ("", "x")])
@given(rows=st.lists(st.tuples(cell, cell), min_size=1, max_size=6))
def test_what_a_writer_wrote_is_read_back(rows: list[tuple[str, str]]) -> None:
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerows([("x", "y"), *rows])
    assert read(stream.getvalue()) == rows


@settings(SETTINGS, max_examples=examples(80))
@example('""",')
@example('a,"\n')
@example('a,b"c"\n')
@example(",\n\n")
@given(st.text(alphabet='a",\n', max_size=14))
def test_whatever_is_accepted_is_read_as_a_strict_reader_reads_it(text: str) -> None:
    found = read("x,y\n" + text)
    if found is None:
        return
    expected = [row for row in csv.reader(io.StringIO(text, newline=""), strict=True) if row]
    assert found == [tuple(row) for row in expected]
