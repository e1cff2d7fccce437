"""The made-up ledger of the demo: the same bytes for the same arguments, and habits that a model can learn."""

from __future__ import annotations

import csv
import hashlib
import statistics
from collections import Counter, defaultdict
from datetime import date, timedelta
from pathlib import Path

import pytest

from demo.invoices import COUNTRIES, write

AS_OF = date(2025, 6, 30)


def read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def days_late(row: dict[str, str], as_of: date = AS_OF) -> int:
    paid = date.fromisoformat(row["paid_date"]) if row["paid_date"] else as_of
    return (paid - date.fromisoformat(row["due_date"])).days


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("ledger")
    write(made, invoices=4000, seed=7, as_of=AS_OF)
    return made


@pytest.fixture(scope="module")
def invoices(folder: Path) -> list[dict[str, str]]:
    return read(folder / "invoices.csv")


def test_the_default_ledger_is_the_same_bytes_on_every_machine(folder: Path) -> None:
    """The README's session and the tutorial's figures rest on these bytes: a change here changes them."""
    found = {
        name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in ("customers.csv", "invoices.csv")
    }
    assert found == {
        "customers.csv": "366c2706dffb401a1d00865d562aaedf43c3bae1998af7805159f19be9edf846",
        "invoices.csv": "180c246a3966c15f56a95161691b3d51ed2e56aa714fa95369e7e615ef529b5b",
    }


def test_another_seed_is_another_ledger(folder: Path, tmp_path: Path) -> None:
    write(tmp_path, invoices=4000, seed=8, as_of=AS_OF)
    assert (tmp_path / "invoices.csv").read_bytes() != (folder / "invoices.csv").read_bytes()


@pytest.mark.parametrize("count", [1, 2, 19, 500, 20_000])
def test_there_are_as_many_invoices_as_asked_for(count: int, tmp_path: Path) -> None:
    write(tmp_path, invoices=count, seed=7, as_of=AS_OF)
    rows = read(tmp_path / "invoices.csv")
    assert len(rows) == len({row["invoice_id"] for row in rows}) == count
    assert {row["customer_id"] for row in rows} <= {row["customer_id"] for row in read(tmp_path / "customers.csv")}


@pytest.mark.parametrize("count", [4000, 40_000])
def test_each_outcome_has_a_plausible_share_at_any_size(count: int, tmp_path: Path) -> None:
    write(tmp_path, invoices=count, seed=7, as_of=AS_OF)
    settled = [row for row in read(tmp_path / "invoices.csv") if row["paid_date"]]
    late = [days_late(row) for row in settled]
    on_time, very_late = (sum(test) / len(late) for test in ([d <= 0 for d in late], [d > 30 for d in late]))
    assert 0.35 < on_time < 0.65
    assert 0.08 < very_late < 0.20
    assert 1 - on_time - very_late > 0.2


def test_the_books_show_their_day_and_nothing_after_it(invoices: list[dict[str, str]]) -> None:
    assert all(date.fromisoformat(row["invoice_date"]) <= AS_OF for row in invoices)
    assert all(not row["paid_date"] or date.fromisoformat(row["paid_date"]) <= AS_OF for row in invoices)
    still_open = [row for row in invoices if not row["paid_date"]]
    assert 50 < len(still_open) < 400
    assert any(days_late(row) > 0 for row in still_open)
    assert any(days_late(row) < 0 for row in still_open)


def test_the_day_of_the_books_moves_the_whole_ledger_and_changes_no_habit(folder: Path, tmp_path: Path) -> None:
    write(tmp_path, invoices=4000, seed=7, as_of=AS_OF + timedelta(days=365))
    assert (tmp_path / "customers.csv").read_bytes() == (folder / "customers.csv").read_bytes()
    assert read(tmp_path / "invoices.csv")[-1]["invoice_date"] == "2026-06-29"


def test_a_customer_pays_next_year_as_it_paid_this_year(invoices: list[dict[str, str]]) -> None:
    """Habits persist, with drift: that is what the model's `past` features live on."""
    halves: tuple[dict[str, list[int]], ...] = (defaultdict(list), defaultdict(list))
    for position, row in enumerate(invoices):
        if row["paid_date"]:
            halves[position >= len(invoices) // 2][row["customer_id"]].append(days_late(row))
    known = [name for name in halves[0] if len(halves[0][name]) >= 5 and len(halves[1][name]) >= 5]
    first, second = ([statistics.fmean(half[name]) for name in known] for half in halves)
    assert len(known) > 100
    assert statistics.correlation(first, second) > 0.9
    assert max(abs(a - b) for a, b in zip(first, second, strict=True)) > 3


def test_disputes_and_the_turn_of_the_year_delay_payment(invoices: list[dict[str, str]]) -> None:
    settled = [row for row in invoices if row["paid_date"]]

    def middle(rows: list[dict[str, str]]) -> float:
        assert len(rows) > 100
        return statistics.median(days_late(row) for row in rows)

    by_dispute = {flag: [row for row in settled if row["disputed"] == flag] for flag in ("true", "false")}
    assert middle(by_dispute["true"]) > middle(by_dispute["false"]) + 10
    month = {row["invoice_id"]: int(row["invoice_date"][5:7]) for row in settled}
    winter = [row for row in by_dispute["false"] if month[row["invoice_id"]] in (11, 12, 1)]
    summer = [row for row in by_dispute["false"] if month[row["invoice_id"]] in (5, 6, 7)]
    assert middle(winter) > middle(summer) + 2


def test_the_tables_hold_what_careless_readers_break(folder: Path, invoices: list[dict[str, str]]) -> None:
    customers = read(folder / "customers.csv")
    assert customers[0]["customer_id"] == "00000"
    assert invoices[0]["invoice_id"] == "00000000"
    assert {row["country"] for row in customers} == set(COUNTRIES)
    assert "NO" in COUNTRIES
    groups = Counter(row["customer_group"] for row in customers)
    assert groups["INTERCOMPANY"] > 5
    assert all(row["email"].endswith(".example") for row in customers), "nobody real"
    terms = Counter(
        (date.fromisoformat(row["due_date"]) - date.fromisoformat(row["invoice_date"])).days for row in invoices
    )
    assert set(terms) == {14, 30, 60}
    assert any(float(row["invoice_amount"]) < 50 for row in invoices), "the recipe's `where` has something to leave out"
