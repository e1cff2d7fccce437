"""Make the tables that `benchmarks/improve.py` compares on: generated ones, and invoices where somebody has them."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

DAYS = 1000
INVOICES = Path(os.environ.get("INVOICES", "ibm_accounts_receivable.csv"))  # of IBM; left out where it is not there


def credit(seed: int) -> Any:
    """Return 30,000 rows x 23 numbers with 22 % positives."""
    import numpy as np
    import pandas as pd

    chance = np.random.default_rng(seed)
    values = chance.normal(size=(30_000, 23))
    values[:, 12:] = np.exp(values[:, 12:])
    score = 0.9 * values[:, 0] + values[:, 1] * values[:, 2] + np.log(values[:, 12]) - 0.6 * (values[:, 3] > 1)
    score += chance.logistic(size=30_000) * 1.4
    table = pd.DataFrame(values, columns=[f"x{i}" for i in range(23)])
    return table.assign(y=_names(score > np.quantile(score, 0.78)))


def mixed(seed: int) -> Any:
    """Return 12,000 rows x 17 columns of numbers and texts, with three classes."""
    import numpy as np

    table, score = _numbers_and_texts(seed, 12_000)
    return table.assign(y=_names(np.digitize(score, np.quantile(score, [0.6, 0.88]))))


def amounts(seed: int) -> Any:
    """Return 12,000 rows x 17 columns of numbers and texts, with an outcome of heavy tails."""
    import numpy as np

    table, score = _numbers_and_texts(seed, 12_000)
    return table.assign(y=np.round(np.exp(1 + score / 3), 4))


def delays(seed: int) -> Any:
    """Return 10,000 rows x 12 numbers, with an outcome whose spread depends on them."""
    import numpy as np
    import pandas as pd

    chance = np.random.default_rng(seed)
    values = chance.normal(size=(10_000, 12))
    spread = np.exp(0.5 * values[:, 3] + 0.4 * (values[:, 4] > 0))
    centre = 5 + 2 * values[:, 0] + values[:, 1] * values[:, 2]
    outcome = centre + spread * chance.gumbel(size=10_000)
    return pd.DataFrame(values, columns=[f"x{i}" for i in range(12)]).assign(y=np.round(outcome, 4))


def invoices(seed: int) -> Any:
    """Return IBM's 2,466 sample invoices, with what was known of each customer on the day of the invoice."""
    import numpy as np
    import pandas as pd

    del seed  # there is one such table; seeds are those of models
    table = pd.read_csv(INVOICES, dtype={"invoiceNumber": str})
    table.columns = [name.lower() for name in table.columns]
    for name in ("invoicedate", "duedate", "settleddate", "paperlessdate"):
        table[name] = pd.to_datetime(table[name], format="%m/%d/%Y")
    table = table.sort_values(["invoicedate", "invoicenumber"]).reset_index(drop=True)
    past: dict[str, list[float]] = {name: [] for name in ("n", "late", "days", "settle", "last", "open")}
    for _, row in table.iterrows():
        of_customer = table[(table["customerid"] == row["customerid"]) & (table["invoicedate"] < row["invoicedate"])]
        known = of_customer[of_customer["settleddate"] < row["invoicedate"]].sort_values("settleddate")
        past["n"].append(len(known))
        past["late"].append((known["dayslate"] > 0).mean() if len(known) else np.nan)
        past["days"].append(known["dayslate"].mean() if len(known) else np.nan)
        past["settle"].append(known["daystosettle"].mean() if len(known) else np.nan)
        past["last"].append(known["dayslate"].iloc[-1] if len(known) else np.nan)
        past["open"].append(len(of_customer) - len(known))
    made = {
        "amount": table["invoiceamount"],
        "month": table["invoicedate"].dt.month.astype(float),
        "weekday": table["invoicedate"].dt.weekday.astype(float),
        "country": "c" + table["countrycode"].astype(str),
        "bill": table["paperlessbill"],
        **{f"past_{name}": values for name, values in past.items()},
        "y": _names(np.digitize(table["dayslate"], [1, 11])),
        "day": table["invoicedate"],
    }
    return pd.DataFrame(made)


def _numbers_and_texts(seed: int, rows: int) -> tuple[Any, Any]:
    import numpy as np
    import pandas as pd

    chance = np.random.default_rng(seed)
    table = pd.DataFrame(chance.normal(size=(rows, 10)), columns=[f"x{i}" for i in range(10)])
    for index, many in enumerate((2, 3, 5, 8, 20, 60, 4)):
        table[f"c{index}"] = [f"v{value}" for value in chance.integers(0, many, rows)]
    effect = {f"v{value}": size for value, size in enumerate(chance.normal(size=60) * 0.9)}
    score = table["x0"] + 0.8 * table["x1"] * (table["c1"] == "v0") + table["c5"].map(effect)
    score += chance.logistic(size=rows)
    return table.mask(chance.random(table.shape) < 0.02), score


def _cut(days: Any) -> Any:
    """Return the first day that is held out: of all but the first the one whose share is nearest to a fifth."""
    by_day = days.value_counts().sort_index()
    share = 1 - (by_day.cumsum() - by_day) / len(days)
    return (share[1:] - 0.2).abs().sort_index(ascending=False).idxmin()


def _names(labels: Any) -> list[str]:
    return [f"k{int(label)}" for label in labels]


# Table -> how it is made, its task, and the quantile of it.
TABLES: dict[str, tuple[Callable[[int], Any], str, float | None]] = {
    "invoices": (invoices, "classification", None),
    "mixed": (mixed, "classification", None),
    "credit": (credit, "classification", None),
    "amounts": (amounts, "regression", None),
    "delays": (delays, "regression", 0.9),
}


def write(table: str, seed: int, file: Path) -> Path:
    """Write a table of a seed with its key, its day and which of its rows are held out; once."""
    import pandas as pd

    if not file.exists():
        values = TABLES[table][0](seed)
        values["id"] = [f"{number:08d}" for number in range(len(values))]
        if "day" not in values:
            values["day"] = pd.Timestamp("2022-01-01") + pd.to_timedelta(
                [n * DAYS // len(values) for n in range(len(values))], unit="D"
            )
        values["held"] = values["day"] >= _cut(values["day"])
        file.parent.mkdir(parents=True, exist_ok=True)
        values.to_parquet(file)
    return file
