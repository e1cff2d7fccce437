"""A made-up receivables ledger: customers.csv and invoices.csv, the same bytes for the same seed on every machine.

    python demo/ledger.py --out data [--invoices 4000] [--seed 7] [--as-of 2025-06-30]

Customers have a habit of paying (so many days before or after the due date) that drifts slowly, some are worse around
the turn of the year, disputed invoices take longer, terms are 14, 30 or 60 days. The books show the day `--as-of`:
payments after it are blank. Nobody here exists.
"""

from __future__ import annotations

import argparse
import csv
import math
import random
from datetime import date, timedelta
from pathlib import Path

COUNTRIES = ("NO", "SE", "DK", "DE", "NL", "FR", "PL")
GROUPS = ("RETAIL", "WHOLESALE", "PUBLIC", "INTERCOMPANY")
SYLLABLES = ("an", "bel", "cor", "dan", "el", "fjor", "gra", "hal", "in", "jar", "kel", "lum", "mo", "nor", "os", "pri")


def write(out: Path, *, invoices: int, seed: int, as_of: date) -> None:
    """Both tables, below `out`."""
    chance = random.Random(seed)
    customers = max(20, min(invoices // 20, 50_000))
    habits = [_habit(chance, number) for number in range(customers)]
    out.mkdir(parents=True, exist_ok=True)
    _write(
        out / "customers.csv",
        ["customer_id", "name", "email", "country", "customer_group"],
        ([h["id"], h["name"], h["email"], h["country"], h["group"]] for h in habits),
    )
    start = as_of - timedelta(days=900)
    rows = []
    for number in range(invoices):
        day = start + timedelta(days=int(900 * number / invoices))
        rows.append(_invoice(chance, number, day, chance.choice(habits), as_of))
    _write(
        out / "invoices.csv",
        ["invoice_id", "customer_id", "invoice_date", "due_date", "invoice_amount", "disputed", "paid_date"],
        rows,
    )


def _habit(chance: random.Random, number: int) -> dict[str, object]:
    name = "".join(chance.choice(SYLLABLES) for _ in range(3)).capitalize()
    kind = chance.random()
    late = chance.gauss(-6, 4) if kind < 0.58 else chance.gauss(12, 6) if kind < 0.86 else chance.gauss(45, 15)
    return {
        "id": f"{number:05d}",
        "name": f"{name} {chance.choice(('AS', 'AB', 'GmbH', 'BV', 'Ltd'))}",
        "email": f"billing@{name.lower()}.example",
        "country": COUNTRIES[number % len(COUNTRIES)],
        "group": GROUPS[min(int(chance.random() ** 1.5 * 3.3), 3)],
        "late": late,
        "spread": chance.uniform(2, 7),
        "drift": chance.gauss(0, 4),
        "amount": chance.lognormvariate(6, 0.8),
    }


def _invoice(chance: random.Random, number: int, day: date, customer: dict, as_of: date) -> list[object]:  # type: ignore[type-arg]
    terms = chance.choice((14, 30, 30, 60))
    due = day + timedelta(days=terms)
    disputed = chance.random() < 0.08
    season = 6 * max(0.0, math.cos((day.timetuple().tm_yday - 355) / 365 * 2 * math.pi))
    progress = number / 4000
    late = customer["late"] + customer["drift"] * progress + season + chance.gauss(0, customer["spread"])
    late += chance.uniform(5, 35) if disputed else 0
    paid = max(day, due + timedelta(days=round(late)))
    amount = max(15.0, chance.lognormvariate(math.log(customer["amount"]), 0.6))
    return [
        f"{number:08d}",
        customer["id"],
        day.isoformat(),
        due.isoformat(),
        f"{amount:.2f}",
        "true" if disputed else "false",
        paid.isoformat() if paid <= as_of else "",
    ]


def _write(path: Path, header: list[str], rows: object) -> None:
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)  # type: ignore[arg-type]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--out", type=Path, default=Path("data"))
    parser.add_argument("--invoices", type=int, default=4000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--as-of", type=date.fromisoformat, default=date(2025, 6, 30))
    given = parser.parse_args()
    write(given.out, invoices=given.invoices, seed=given.seed, as_of=given.as_of)


if __name__ == "__main__":
    main()
