"""A table that cannot be read, or breaks its contract, changes nothing: the store's files are those of before."""

from __future__ import annotations

import gzip
import io
import zipfile
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from reconciler.core.digest import digest_of_bytes
from reconciler.core.spec.data import AllowedRange, Contract, Table
from reconciler.data.in_process import LocalData
from reconciler.engine.find_environment import environment_of
from reconciler.engine.quality.checked_refresh import take_checked
from reconciler.errors import DataError
from tests.simulation.sample_project import PRODUCTION
from tests.simulation.scenario import Scenario
from tests.support.each import hold_for_each

GOOD = b"id,country,amount,day\n00123,NA,1.5,2024-01-31\n00124,DE,2,2024-02-01\n"


def zipped() -> bytes:
    """Return a small archive of a million rows."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("i.csv", b"a,b\n" + b"1,2\n" * 1_000_000)
    return archive.getvalue()


def parquet(*, damaged: bool = False) -> bytes:
    body = io.BytesIO()
    pq.write_table(pa.table({"id": ["1", "2"], "amount": [1.0, 2.0]}), body, write_page_checksum=True)
    found = bytearray(body.getvalue())
    if damaged:
        found[len(found) // 4] ^= 0xFF
    return bytes(found)


# Row of the list -> the file, the code that is due, and how the table is declared where that matters.
BODIES: dict[str, tuple[bytes | None, str, dict[str, object]]] = {
    "55 missing": (None, "E401", {}),
    "55 empty": (b"", "E401", {}),
    "55 header only": (b"id,country,amount,day\n", "E401", {}),
    "56 a cell too many": (GOOD + b"1,DE,1,2024-01-31,x\n", "E402", {}),
    "57 cut short": (GOOD + b"00125,D", "E402", {}),
    "58 a name twice": (b"id,country,id\n1,DE,2\n", "E403", {}),
    "60 another delimiter": (GOOD.replace(b",", b";"), "E404", {}),
    "61 mixed types": (GOOD + b"00125,DE,x7,2024-01-31\n", "E405", {"types": (("amount", "DOUBLE"),)}),
    "61 infinity": (GOOD + b"00125,DE,inf,2024-01-31\n", "E405", {}),
    "61 two formats of dates": (GOOD + b"00125,DE,1,31/01/2024\n", "E405", {}),
    "61 twenty digits": (GOOD + b"1,DE,12345678901234567890,2024-01-31\n", "E405", {"types": (("amount", "BIGINT"),)}),
    "62 not UTF-8": (GOOD + b"1,caf\xe9,1,2024-01-31\n", "E406", {}),
    "62 a NUL": (GOOD + b"1,\x00,1,2024-01-31\n", "E406", {}),
    "62 an unclosed quote": (GOOD + b'1,"DE,1,2024-01-31\n', "E406", {}),
    "63 gzip": (gzip.compress(GOOD), "E407", {}),
    "63 a bomb": (zipped(), "E407", {}),
    "67 cut off": (parquet()[:-9], "E411", {"uses": "parquet"}),
    "67 a flipped byte": (parquet(damaged=True), "E411", {"uses": "parquet"}),
    "a broken contract": (GOOD.replace(b"1.5", b"-1.5"), "E421", {}),
}
CONTRACT = Contract(table="invoices", ranges=(AllowedRange(column="amount", at_least=0.0),))
REFUSALS = "refusals/"  # what is told by `status`, of contracts only


@pytest.fixture
def scenario(tmp_path: Path) -> Scenario:
    return Scenario(tmp_path)


def files(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): digest_of_bytes(path.read_bytes())
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.mark.parametrize("contracts", [(), (CONTRACT,)], ids=["without contracts", "with a contract"])
def test_no_bad_table_leaves_anything_behind(scenario: Scenario, contracts: tuple[Contract, ...]) -> None:
    folder = scenario.project.folder
    data, store = folder / "tables", folder / "sandbox"
    data.mkdir(exist_ok=True)

    def refresh(body: bytes | None, table: dict[str, object]) -> None:
        declared = Table(**{"uses": "csv", "path": "i.csv", **table})  # type: ignore[arg-type]
        (data / "i.csv").unlink(missing_ok=True)
        if body is not None:
            (data / "i.csv").write_bytes(body)
        binding = replace(PRODUCTION.data, tables=(("invoices", declared),), contracts=contracts)
        desired = scenario.commit(production=replace(PRODUCTION, data=binding))
        deps = replace(scenario.deps(), data=LocalData(), data_root=data)
        take_checked(deps, desired, environment_of(desired, "sandbox"))

    refresh(GOOD, {})
    before = files(store)

    def check(name: str) -> None:
        body, code, table = BODIES[name]
        if code == "E421" and not contracts:
            return
        with pytest.raises(DataError) as refused:
            refresh(body, table)
        assert refused.value.code == code
        assert refused.value.hint
        after = {key: digest for key, digest in files(store).items() if not key.startswith(REFUSALS)}
        assert after == before
        left = [path.name for path in folder.rglob("*.parquet") if "tables" not in path.parts and "values" in path.name]
        assert not left

    hold_for_each(check, BODIES)
    refresh(GOOD + b"00125,DE,3,2024-03-01\n", {})
    assert len(files(store)) > len(before), "a good table is taken after all of them"


def test_what_reads_like_something_else_keeps_its_value(tmp_path: Path) -> None:
    """Row 59, and cases of the trials: NA, zeros in front, keys beyond 2^53, columns in another order and one more."""
    from reconciler.core.spec.environment import Limits
    from reconciler.ports import CopyRequest
    from tests.support.invoice_tables import read_rows

    for name in ("data", "into"):
        (tmp_path / name).mkdir()
    body = b"more,amount,country,id\nx,.5,NA,9007199254740993\ny,-1,DE,0012\n"
    (tmp_path / "data/i.csv").write_bytes(body)
    held = (("id", "VARCHAR"), ("country", "VARCHAR"), ("amount", "DOUBLE"))
    request = CopyRequest(
        root=tmp_path / "data",
        tables=(("t", Table(uses="csv", path="i.csv")),),
        held=(("t", held),),
        into=tmp_path / "into",
        limits=Limits(),
    )
    (copied,) = LocalData().copy(request)
    assert read_rows(copied.path) == [
        {"more": "x", "amount": 0.5, "country": "NA", "id": "9007199254740993"},
        {"more": "y", "amount": -1.0, "country": "DE", "id": "0012"},
    ]
