"""Tell what the text of a column's cells may mean: missing, a number with its signs, a date in some format.

Takes: texts without surrounding spaces. Gives: every reading that each of them allows; which one holds is decided over
all rows, by the code that reads them (`guess_cells`). No text leaves this module, except words for missing and units.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice, product

from reconciler.data.csv_files.month_names import month_of

SURELY_MISSING = frozenset(
    [
        "\\N",
        "NULL",
        "null",
        "(null)",
        "<NULL>",
        "#N/A",
        "#NA",
        "#NULL!",
        "#VALUE!",
        "#REF!",
        "#DIV/0!",
        "#NUM!",
        "#NAME?",
        "<NA>",
        "NaN",
        "nan",
        "NAN",
        "NaT",
        "N/A",
        "n/a",
        "-NaN",
        "-nan",
    ]
) | {"", "#N/A N/A"}
"""Words that mean nothing else, also in a column of text."""
MAYBE_MISSING = frozenset(
    ["NA", "na", "N.A.", "n.a.", "None", "none", "NONE", "Null", "nil", "-", "--", "---", ".", "..", "?", "*", "k.A."]
)
"""Words that may be values of a column of text: NA is Namibia."""
_ZERO_DATES = frozenset(["0000-00-00", "0000-00-00 00:00:00", "00.00.0000", "00/00/0000", "00000000"])
MISSING = SURELY_MISSING | MAYBE_MISSING | _ZERO_DATES
"""Words that mean a missing value among numbers or dates."""

_CURRENCY = [
    "€",
    "$",
    "£",
    "¥",
    "₹",
    "kr",
    "Kč",
    "zł",
    "Fr.",
    "EUR",
    "USD",
    "GBP",
    "CHF",
    "JPY",
    "CNY",
    "INR",
    "SEK",
    "NOK",
    "DKK",
    "PLN",
    "CZK",
    "HUF",
    "CAD",
    "AUD",
    "US$",
]
_MEASURES = ["%", "‰", "kg", "g", "t", "km", "m", "cm", "mm", "l", "ml", "h", "min", "s", "ms", "kWh", "MB", "GB"]
_ANY_UNIT = "|".join(re.escape(unit) for unit in sorted({*_CURRENCY, *_MEASURES}, key=len, reverse=True))
_MONEY = "|".join(re.escape(unit) for unit in sorted(_CURRENCY, key=len, reverse=True))
_NUMBER = re.compile(
    rf"(?P<open>\( *)?(?P<sign>[-+]?) *(?P<before>{_MONEY})? *(?P<sign2>[-+]?)(?P<open2>\()?"
    r"(?P<body>[0-9.,' ]*[0-9][.,]?|[0-9.,]+[eE][+-]?[0-9]{1,2})"
    rf" *(?P<behind>{_ANY_UNIT})? *(?P<close>\))?(?P<trailing> *-)?"
)
# (decimal, grouping): as people write them, the plain point first.
SIGNS = ((".", None), (",", "."), (".", ","), (".", "'"), (",", "'"), (".", " "), (",", " "))
_NEARLY_NUMBER = re.compile(r"[<>~≈=]* *(.*?[0-9].*?)( [^\W\d_]{1,4})?")
_TYPED = str.maketrans("\u00a0\u202f\u2009\u2212\u2019", "   -'")


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberShape:
    """A way to read every text as a number: pairs of signs that fit, the unit and how negative ones are written.

    `typeset`: whether there are signs of print, such as a minus that is no hyphen.
    """

    signs: tuple[tuple[str, str | None], ...]
    unit: str | None
    negative: str | None
    typeset: bool = False


def number_shape(texts: Iterable[str]) -> NumberShape | None:
    """Return how all the texts can be read as numbers; None where one of them cannot."""
    signs = list(SIGNS)
    units: set[str | None] = set()
    negative: set[str] = set()
    typeset = False
    for text in texts:
        plain = text.translate(_TYPED).strip()
        typeset = typeset or plain != text
        match = _NUMBER.fullmatch(plain)
        if match is None or bool(match["open"] or match["open2"]) != bool(match["close"]):
            return None
        if (match["before"] and match["behind"]) or bool(match["sign"]) + bool(match["sign2"]) + bool(
            match["trailing"]
        ) > 1:
            return None
        if match["close"]:
            negative.add("brackets")
        if match["trailing"]:
            negative.add("trailing")
        body = match["body"]
        if body.strip("0.,") or match["before"] or match["behind"]:  # 0 needs no unit
            units.add(match["before"] or match["behind"])
        signs = [pair for pair in signs if _fits(body, *pair)]
        if not signs or len(units) > 1 or len(negative) > 1:
            return None
    unit, minus = next(iter(units), None), next(iter(negative), None)
    return NumberShape(signs=tuple(signs), unit=unit, negative=minus, typeset=typeset)


def _fits(body: str, decimal: str, grouping: str | None) -> bool:
    point = re.escape(decimal)
    plain = rf"((0|[1-9][0-9]{{0,14}})({point}[0-9]*)?|{point}[0-9]+)([eE][+-]?[0-9]{{1,2}})?"
    if re.fullmatch(plain, body):
        return True
    return grouping is not None and (
        re.fullmatch(rf"[1-9][0-9]{{0,2}}({re.escape(grouping)}[0-9]{{3}})+({point}[0-9]*)?", body) is not None
    )


def is_nearly_number(text: str) -> bool:
    """Tell whether a text is a number beside a sign of comparison, or a short word that may be a unit."""
    match = _NEARLY_NUMBER.fullmatch(text.translate(_TYPED))
    return match is not None and number_shape([match[1]]) is not None


_WHOLE = re.compile(r"[+-]?[1-9][0-9]*")
_LONGEST = 18  # digits that surely fit


def are_huge(texts: list[str]) -> bool:
    """Tell whether all texts are whole numbers, without zeros in front as a code has them, and some may be too long."""
    return all(map(_WHOLE.fullmatch, texts)) and max(map(len, texts)) > _LONGEST


# --- dates ----------------------------------------------------------------------------------------------------------

_DAY_FIRST = re.compile(r"([0-9]{1,2})(?P<sep>[./-])([0-9]{1,2})(?P=sep)([0-9]{4}|[0-9]{2})")
_YEAR_FIRST = re.compile(r"[0-9]{4}(?P<sep>[./-])[0-9]{1,2}(?P=sep)[0-9]{1,2}")
_MONTH = r"(?P<month>[^\W\d_]{3,12})"
_YEAR = "(?P<year>[0-9]{4}|[0-9]{2})"
_DAY_NAME = re.compile(rf"[0-9]{{1,2}}(?P<sep>\. ?|[-/ ]| de |){_MONTH}(?P<dot>\.?)(?P<sep2>[-/ ]| de |){_YEAR}")
_NAME_DAY = re.compile(rf"{_MONTH}(?P<dot>\.?)(?P<sep>[ -])[0-9]{{1,2}}(?P<sep2>, ?|[ -]){_YEAR}")
_YEAR_NAME = re.compile(rf"[0-9]{{4}}(?P<sep>[-/ ]){_MONTH}(?P<sep2>[-/ ])[0-9]{{1,2}}")
_TIME_OF_DAY = re.compile(r"([01]?[0-9]|2[0-3])[:.h][0-5][0-9](:[0-5][0-9](\.[0-9]{1,9})?)?( ?[AaPp][Mm])?")
_WEEKDAY = re.compile(r"(?P<day>(Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]{0,6})(?P<sep>,? )")
_YEAR_4 = re.compile(r"\b(19|20)[0-9]{2}\b")
_LONGEST_DATE = 45
_TIME = re.compile(
    r"(?P<gap>, |[ T])[0-9]{1,2}(?P<sep>[:.])[0-9]{2}(?P<seconds>(?P=sep)[0-9]{2}(?P<fraction>\.[0-9]{1,9})?)?"
    r"(?P<half>(?P<space> ?)[AaPp][Mm])?"
)
MOST_FORMATS = 8


def date_formats(texts: Iterable[str]) -> tuple[str, ...] | None:
    """Return the formats (strptime) that may fit all the texts; none, where they only look like dates.

    None where a text does not even look like a date.
    """
    formats: dict[str, None] | None = None
    for text in texts:
        found = dict.fromkeys(islice(_formats(text), MOST_FORMATS))
        if not found and not _looks_dated(text):
            return None
        formats = found if formats is None else {name: None for name in formats if name in found}
    # The code that reads names of months takes them long or short, with or without a point.
    alike = {re.sub(r"%[bB]\.?", "%b", written): written for written in reversed(formats or {})}
    return tuple(reversed(alike.values()))


def _looks_dated(text: str) -> bool:
    day = _without_time(text)
    words = re.findall(r"[^\W\d_]+", text) if len(text) <= _LONGEST_DATE else []
    days = [number for number in re.findall(r"[0-9]+", text) if len(number) <= 2]
    if days and _YEAR_4.search(text) and any(month_of(word) is not None for word in words):
        return True
    return any(shape.fullmatch(day) for shape in (_DAY_FIRST, _YEAR_FIRST, _DAY_NAME, _NAME_DAY, _YEAR_NAME))


def _without_time(text: str) -> str:
    match = next((match for match in _TIME.finditer(text) if match.end() == len(text)), None)
    return text if match is None else text[: match.start()]


def is_time_of_day(text: str) -> bool:
    """Tell whether a text is a time without its day."""
    return _TIME_OF_DAY.fullmatch(text) is not None


def _formats(text: str) -> Iterator[str]:
    if (weekday := _WEEKDAY.match(text)) is not None:
        name = "%a" if len(weekday["day"]) == 3 else "%A"
        yield from (f"{name}{weekday['sep']}{written}" for written in _formats(text[weekday.end() :]))
        return
    day = _without_time(text)
    time = _time_format(text[len(day) :])
    for date in _date_formats(day):
        yield date + time


def _time_format(text: str) -> str:
    match = _TIME.fullmatch(text)
    if match is None:
        return ""
    sep, half = match["sep"], match["half"]
    seconds = f"{sep}%S" if match["seconds"] else ""
    fraction = ".%n" if match["fraction"] and len(match["fraction"]) > 7 else ".%f" if match["fraction"] else ""
    end = f"{match['space']}%p" if half else ""
    return f"{match['gap']}{'%I' if half else '%H'}{sep}%M{seconds}{fraction}{end}"


def _date_formats(day: str) -> Iterator[str]:
    if (match := _DAY_FIRST.fullmatch(day)) is not None:
        sep, year = match["sep"], "%Y" if len(match[4]) == 4 else "%y"
        for first, second in (("%d", "%m"), ("%m", "%d")):
            yield f"{first}{sep}{second}{sep}{year}"
    elif (match := _YEAR_FIRST.fullmatch(day)) is not None:
        yield f"%Y{match['sep']}%m{match['sep']}%d"
    elif (match := _DAY_NAME.fullmatch(day)) is not None:
        for month, dot in product(_month_formats(match["month"]), dict.fromkeys((match["dot"], ""))):
            yield f"%d{match['sep']}{month}{dot}{match['sep2']}{_year_format(match['year'])}"
    elif (match := _NAME_DAY.fullmatch(day)) is not None:
        for month, dot in product(_month_formats(match["month"]), dict.fromkeys((match["dot"], ""))):
            yield f"{month}{dot}{match['sep']}%d{match['sep2']}{_year_format(match['year'])}"
    elif (match := _YEAR_NAME.fullmatch(day)) is not None:
        for month in _month_formats(match["month"]):
            yield f"%Y{match['sep']}{month}{match['sep2']}%d"


def _month_formats(name: str) -> tuple[str, ...]:
    """Return the formats of a month's name, the usual one first; none for a word that is no month.

    The code that reads them takes either for both, and for the names of many languages.
    """
    if month_of(name) is None:
        return ()
    return ("%b", "%B") if len(name) <= 4 else ("%B", "%b")


def _year_format(year: str) -> str:
    return "%Y" if len(year) == 4 else "%y"


def other_order(written: str) -> str:
    """Return a format of numbers with day and month swapped."""
    return written.replace("%d", "\0").replace("%m", "%d").replace("\0", "%m")


def has_order(written: str) -> bool:
    """Tell whether another format would read day and month the other way round."""
    return "%m" in written and "%d" in written and not written.startswith("%Y") and "." not in written[:3]


def is_day_first(written: str) -> bool:
    """Tell whether a format of numbers has the day before the month."""
    return written.index("%d") < written.index("%m")
