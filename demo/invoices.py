"""Generate a made-up receivables ledger: customers.csv and invoices.csv, equal bytes for equal arguments everywhere.

    python demo/invoices.py --out data [--invoices 4000] [--seed 7] [--as-of 2025-06-30]

Customers have a habit of paying (so many days before or after the due date) that drifts slowly over the ledger's 900
days, all are worse around the turn of the year, disputed invoices take longer, terms are 14, 30 or 60 days. The ledger
ends on the day `--as-of`: payments after it are blank. Ids have leading zeros and one country is NO, since real exports
contain such values and careless readers break them. All names are invented.

Only the standard library's generator is used, whose stream is the same in every version; rows are written as they are
generated, so a million of them (about twenty seconds) needs no more memory than a thousand.
"""

from __future__ import annotations

import argparse
import csv
import math
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

COUNTRIES = ("NO", "SE", "DK", "DE", "NL", "FR", "PL")
GROUPS = ("RETAIL", "WHOLESALE", "PUBLIC", "INTERCOMPANY")
SYLLABLES = ("an", "bel", "cor", "dan", "el", "fjor", "gra", "hal", "in", "jar", "kel", "lum", "mo", "nor", "os", "pri")
COMPANIES = ("AS", "AB", "GmbH", "BV", "Ltd")
TERMS = (14, 30, 30, 60)  # days; 30 is the usual one
DAYS = 900  # length of the ledger, up to `--as-of`

CUSTOMER_COLUMNS = ("customer_id", "name", "email", "country", "customer_group")
INVOICE_COLUMNS = (
    "invoice_id",
    "customer_id",
    "invoice_date",
    "due_date",
    "invoice_amount",
    "disputed",
    "paid_date",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """A customer with a payment habit: days after the due date, their spread, and their drift."""

    id: str
    name: str
    email: str
    country: str
    group: str
    late: float
    spread: float
    drift: float
    amount: float


def write(out: Path, *, invoices: int, seed: int, as_of: date) -> None:
    """Write both tables below `out`; invoices are in order of id and date."""
    generator = random.Random(seed)
    customers = [_customer(generator, number) for number in range(max(20, min(invoices // 20, 50_000)))]
    out.mkdir(parents=True, exist_ok=True)
    rows = ((c.id, c.name, c.email, c.country, c.group) for c in customers)
    _write(out / "customers.csv", CUSTOMER_COLUMNS, rows)
    _write(out / "invoices.csv", INVOICE_COLUMNS, _invoices(generator, customers, count=invoices, as_of=as_of))


def _customer(generator: random.Random, number: int) -> Customer:
    name = "".join(generator.choice(SYLLABLES) for _ in range(3)).capitalize()
    kind = generator.random()
    late = generator.gauss(-6, 4) if kind < 0.58 else generator.gauss(12, 6) if kind < 0.86 else generator.gauss(45, 15)
    return Customer(
        id=f"{number:05d}",
        name=f"{name} {generator.choice(COMPANIES)}",
        email=f"billing@{name.lower()}.example",
        country=COUNTRIES[number % len(COUNTRIES)],
        group=GROUPS[min(int(generator.random() ** 1.5 * 3.3), 3)],
        late=late,
        spread=generator.uniform(2, 7),
        drift=generator.gauss(0, 4),
        amount=generator.lognormvariate(6, 0.8),
    )


def _invoices(
    generator: random.Random, customers: Sequence[Customer], *, count: int, as_of: date
) -> Iterator[tuple[str, ...]]:
    start = as_of - timedelta(days=DAYS)
    for number in range(count):
        progress = number / count
        day = start + timedelta(days=int(DAYS * number / count))
        customer = generator.choice(customers)
        due = day + timedelta(days=generator.choice(TERMS))
        disputed = generator.random() < 0.08
        late = customer.late + customer.drift * progress + _season(day) + generator.gauss(0, customer.spread)
        late += generator.uniform(5, 35) if disputed else 0
        paid = max(day, due + timedelta(days=round(late)))
        amount = max(15.0, generator.lognormvariate(math.log(customer.amount), 0.6))
        yield (
            f"{number:08d}",
            customer.id,
            day.isoformat(),
            due.isoformat(),
            f"{amount:.2f}",
            "true" if disputed else "false",
            paid.isoformat() if paid <= as_of else "",
        )


def _season(day: date) -> float:
    """Return the seasonal delay in days: six around the shortest days, none in the summer half of the year."""
    return 6 * max(0.0, math.cos((day.timetuple().tm_yday - 355) / 365 * 2 * math.pi))


def _write(path: Path, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"expected at least 1, found {number}")
    return number


def main() -> None:
    """Parse the command line and write the ledger."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--out", type=Path, default=Path("data"), help="folder of both files")
    parser.add_argument("--invoices", type=_count, default=4000, help="number of invoices")
    parser.add_argument("--seed", type=int, default=7, help="random seed")
    parser.add_argument("--as-of", type=date.fromisoformat, default=date(2025, 6, 30), help="last day of the ledger")
    given = parser.parse_args()
    write(given.out, invoices=given.invoices, seed=given.seed, as_of=given.as_of)


if __name__ == "__main__":
    main()
