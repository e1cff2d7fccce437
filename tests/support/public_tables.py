"""Tables in the shape of public ones that people begin with: five of scikit-learn's own, and seven that are generated.

Each is a function of a seed. Of scikit-learn's tables, the seed decides the order of the rows, so which are held out.
"""

from __future__ import annotations

import csv
import math
import random
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path

Rows = Iterable[Sequence[object]]
_FIRST = date(2023, 1, 1)


def write(folder: Path, name: str, seed: int = 1) -> Path:
    """Write one of the tables as a CSV below `folder`."""
    path = folder / f"{name}.csv"
    header, rows = TABLES[name](seed)
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(header)
        writer.writerows(rows)
    return path


def _bundled(name: str) -> Callable[[int], tuple[list[str], Rows]]:
    def table(seed: int) -> tuple[list[str], Rows]:
        from sklearn import datasets

        frame = getattr(datasets, f"load_{name}")(as_frame=True).frame.sample(frac=1, random_state=seed)
        return list(frame.columns), frame.values.tolist()

    return table


def _chance(score: float) -> float:
    return 1 / (1 + math.exp(-score))


def churn(seed: int, count: int = 2000) -> tuple[list[str], Rows]:
    """One row per customer, a fifth of whom left; the date on which they signed up is no moment of observation."""
    chance = random.Random(seed)
    header = "customer_id,signed_up,tenure_months,contract,internet,payment,monthly,total,calls,senior,churned"
    rows = []
    for number in range(count):
        tenure = chance.randint(0, 71)
        day = _FIRST - timedelta(days=30 * tenure + chance.randint(0, 29))
        contract = chance.choices(["monthly", "one year", "two years"], [5, 2, 2])[0]
        internet = chance.choice(["fiber", "dsl", "none"])
        payment = chance.choice(["card", "bank", "cheque"])
        monthly = round(20 + 40 * (internet == "fiber") + 20 * (internet == "dsl") + chance.uniform(0, 25), 2)
        calls, senior = min(9, int(chance.expovariate(0.7))), chance.random() < 0.16
        score = -2.6 + 1.6 * (contract == "monthly") - 0.035 * tenure + 0.9 * (internet == "fiber")
        score += 0.35 * calls + 0.5 * (payment == "cheque") + 0.6 * (senior and contract == "monthly")
        total = round(monthly * tenure, 2) if tenure else ""
        left = "yes" if chance.random() < _chance(score) else "no"
        rows.append(
            [f"C{number:06d}", day, tenure, contract, internet, payment, monthly, total, calls, int(senior), left]
        )
    return header.split(","), rows


def credit_default(seed: int, count: int = 3000) -> tuple[list[str], Rows]:
    """Card holders, of whom a seventh did not pay next month."""
    chance = random.Random(seed)
    header = ["id", "limit_bal", "sex", "education", "marriage", "age"]
    header += [*(f"pay_{n}" for n in range(1, 5)), *(f"bill_amt{n}" for n in range(1, 5)), "default"]
    rows = []
    for number in range(count):
        strain = chance.gauss(0, 1)
        limit = round(math.exp(chance.gauss(11.5, 0.8) - 0.2 * strain), -4) + 10_000
        delays = [max(-1, min(8, round(strain * 1.1 + chance.gauss(-0.6, 0.9)))) for _ in range(4)]
        bills = [round(limit * min(1.1, max(0, chance.gauss(0.4 + 0.15 * strain, 0.2)))) for _ in range(4)]
        score = -3.0 + 1.1 * max(0, delays[0]) + 0.4 * max(0, delays[1]) + 0.8 * (bills[0] / limit) + 0.3 * strain
        values = [chance.randint(1, 2), chance.choices([1, 2, 3, 4], [3, 5, 2, 1])[0], chance.randint(1, 3)]
        outcome = int(chance.random() < _chance(score))
        rows.append([number + 1, int(limit), *values, chance.randint(21, 70), *delays, *bills, outcome])
    return header, rows


def payments(seed: int, count: int = 3000) -> tuple[list[str], Rows]:
    """A ledger of invoices: how late each was paid is in two dates, and the last ones are open."""
    chance = random.Random(seed)
    habits = [chance.gauss(2, 10) for _ in range(80)]
    rows = []
    for number in range(count):
        customer = chance.randrange(80)
        issued = _FIRST + timedelta(days=number * 720 // count)
        due = issued + timedelta(days=chance.choice([14, 30, 60]))
        amount = math.exp(chance.gauss(6, 1))
        late = habits[customer] + 4 * (amount > 800) + chance.gauss(0, 8) + (25 if chance.random() < 0.06 else 0)
        paid = max(issued, due + timedelta(days=round(late)))
        known = paid if paid <= _FIRST + timedelta(days=720) else ""
        country = ["AT", "DE", "FR"][customer % 3]
        rows.append([f"I{number:06d}", f"K{customer:03d}", issued, due, known, f"{amount:.2f}", country])
    return ["invoice_no", "customer", "issued", "due_date", "paid_on", "amount", "country"], rows


def passengers(seed: int, count: int = 891) -> tuple[list[str], Rows]:
    """Passengers of a ship, with names, tickets, and many missing ages and cabins."""
    chance = random.Random(seed)
    header = "PassengerId,Survived,Pclass,Name,Sex,Age,SibSp,Parch,Ticket,Fare,Cabin,Embarked"
    rows = []
    for number in range(count):
        kind = chance.choices([1, 2, 3], [24, 21, 55])[0]
        sex = chance.choices(["male", "female"], [65, 35])[0]
        age = max(0.5, round(chance.gauss(38 - 4 * kind, 13)))
        siblings, parents = min(5, int(chance.expovariate(1.6))), min(4, int(chance.expovariate(2.2)))
        fare = round(math.exp(chance.gauss(5.2 - kind, 0.5)) * (1 + 0.3 * (siblings + parents)), 4)
        score = 1.1 + 2.7 * (sex == "female") - 1.05 * kind - 0.02 * age - 0.35 * siblings + 1.6 * (age < 12)
        score -= 1.2 * (sex == "female" and kind == 3)
        cabin = f"{chance.choice('ABCDE')}{chance.randint(1, 120)}" if chance.random() < 0.9 - 0.3 * kind else ""
        port = chance.choices(["S", "C", "Q", ""], [72, 19, 8, 1])[0]
        name = f"P{chance.randrange(10**6)}, {'Mrs.' if sex == 'female' else 'Mr.'} {chance.choice('ABCDEFG')}"
        shown = "" if chance.random() < 0.2 else age
        survived = int(chance.random() < _chance(score))
        ticket = f"{chance.randint(1000, 400000)}"
        rows.append([number + 1, survived, kind, name, sex, shown, siblings, parents, ticket, fare, cabin, port])
    return header.split(","), rows


def bikes(seed: int, count: int = 4000) -> tuple[list[str], Rows]:
    """Rentals of bicycles, hour by hour."""
    chance = random.Random(seed)
    header = "datetime,season,holiday,workingday,weather,temp,humidity,windspeed,count"
    rows = []
    for number in range(count):
        at = datetime(2023, 1, 1) + timedelta(hours=4 * number)
        at += timedelta(hours=chance.randint(0, 3))
        season = 1 + (at.month % 12) // 3
        holiday = int(at.timetuple().tm_yday % 61 == 0)
        working = int(at.weekday() < 5 and not holiday)
        weather = chance.choices([1, 2, 3], [6, 3, 1])[0]
        warm = 14 - 11 * math.cos(2 * math.pi * at.timetuple().tm_yday / 365) + 4 * math.sin((at.hour - 8) / 4)
        temp = round(warm + chance.gauss(0, 3), 1)
        peak = math.exp(-(((at.hour - 8) / 1.8) ** 2)) + math.exp(-(((at.hour - 17.5) / 2.2) ** 2))
        leisure = math.exp(-(((at.hour - 14) / 4) ** 2))
        level = 20 + (260 * peak if working else 190 * leisure) * (0.3 + max(0, temp) / 25) / (1 + 0.5 * (weather - 1))
        rented = max(0, round(level * math.exp(chance.gauss(0, 0.2))))
        wind = round(abs(chance.gauss(12, 6)), 1)
        rows.append([at, season, holiday, working, weather, temp, chance.randint(25, 95), wind, rented])
    return header.split(","), rows


def insurance(seed: int, count: int = 1338) -> tuple[list[str], Rows]:
    """What insured people cost; no column is a key."""
    chance = random.Random(seed)
    rows = []
    for _ in range(count):
        age, children = chance.randint(18, 64), min(5, int(chance.expovariate(0.9)))
        bmi = round(max(16, chance.gauss(30.6, 6)), 3)
        smoker = chance.random() < 0.2
        cost = 250 * age + 450 * children + 60 * (bmi - 20) + chance.expovariate(1 / 1800)
        cost += smoker * (13_000 + 450 * (bmi - 20) + (9_000 if bmi > 30 else 0))
        cost += 12_000 * (chance.random() < 0.05)
        region = chance.choice(["southwest", "southeast", "northwest", "northeast"])
        sex = chance.choice(["male", "female"])
        rows.append([age, sex, bmi, children, "yes" if smoker else "no", region, round(cost, 4)])
    return ["age", "sex", "bmi", "children", "smoker", "region", "charges"], rows


def houses(seed: int, count: int = 8000) -> tuple[list[str], Rows]:
    """Values of houses by district, as of California: income, age, rooms, and a place that matters in no simple way."""
    chance = random.Random(seed)
    header = "MedInc,HouseAge,AveRooms,AveBedrms,Population,AveOccup,Latitude,Longitude,MedHouseVal"
    towns = [(37.77, -122.4, 1.3), (34.05, -118.3, 1.1), (32.7, -117.1, 0.8), (38.6, -121.5, 0.1)]
    rows = []
    for _ in range(count):
        latitude, longitude, worth = chance.choice(towns)
        north, east = chance.gauss(0, 0.6), chance.gauss(0, 0.7)
        income = math.exp(chance.gauss(1.2, 0.45))
        rooms, occupants = max(1, chance.gauss(5.3, 1.2)), max(1, chance.gauss(2.9, 0.6))
        age = chance.randint(1, 52)
        value = 0.1 + 0.38 * income + worth * math.exp(-(north**2 + east**2)) + 0.006 * age - 0.25 * (occupants - 2.9)
        value = min(5.00001, max(0.15, value * math.exp(chance.gauss(0, 0.22))))
        cells = [income, age, rooms, rooms / 5 + chance.gauss(0, 0.05), round(math.exp(chance.gauss(7, 0.7)))]
        rows.append([*cells, occupants, latitude + north, longitude + east, value])
    return header.split(","), [[round(cell, 4) if isinstance(cell, float) else cell for cell in row] for row in rows]


TABLES: dict[str, Callable[[int], tuple[list[str], Rows]]] = {
    **{name: _bundled(name) for name in ("iris", "wine", "breast_cancer", "diabetes", "digits")},
    "churn": churn,
    "credit_default": credit_default,
    "payments": payments,
    "passengers": passengers,
    "bikes": bikes,
    "insurance": insurance,
    "houses": houses,
}
