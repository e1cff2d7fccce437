"""Generate a small sample table for a first project: made up, and the same every time."""

from __future__ import annotations

import random
from datetime import date, timedelta

NAME = "orders"
ROWS = 1500
_COUNTRIES = ("AT", "DE", "FR", "NL")
_GOODS = ("books", "clothes", "garden", "toys")


def orders() -> str:
    """Return a CSV of orders and whether each was returned; the last ones are still open."""
    generator = random.Random(7)  # noqa: S311  (no secret: an example)
    lines = ["order_id,ordered_on,country,goods,amount,items,new_customer,express,returned"]
    first = date(2025, 1, 1)
    for number in range(ROWS):
        day = first + timedelta(days=number * 365 // ROWS)
        country, goods = generator.choice(_COUNTRIES), generator.choice(_GOODS)
        amount, items = round(generator.lognormvariate(3.8, 0.7), 2), generator.randint(1, 6)
        new, express = generator.random() < 0.3, generator.random() < 0.2
        probability = 0.05 + 0.6 * (goods == "clothes") + 0.25 * new + 0.2 * (amount > 80) - 0.05 * express
        returned = "yes" if generator.random() < probability else "no"
        if number >= ROWS - 60:
            returned = ""
        cells = (f"O{number + 1:05d}", day, country, goods, amount, items, str(new).lower(), str(express).lower())
        lines.append(",".join([*(str(cell) for cell in cells), returned]))
    return "\n".join(lines) + "\n"
