"""Read the names of months as spreadsheets and databases write them: in many languages, short or long.

Takes: the text of a date whose format has `%b` or `%B`. Gives: SQL of the text with its month as a number. Keeps true:
no name means different months in two languages, so that no language need be declared.
"""

# SQL is text here; every part is quoted (`text_of`) or a name of this list.

from __future__ import annotations

import re
import unicodedata

from reconciler.data.duckdb_session import text_of

# Without accents; the Polish long ones as they stand behind a day. English, German, French, Italian, Spanish, Dutch,
# Portuguese, Polish and the Scandinavian languages.
NAMES = (
    "january jan januar janner januari janvier janv gennaio gen enero ene janeiro stycznia sty",
    "february feb februar feber februari fevrier fevr fev febbraio febbr febrero fevereiro lutego lut",
    "march mar marz maerz mrz mars marts maart mrt marzo marco marca",
    "april apr avril avr aprile abril abr kwietnia kwi",
    "may mai mei maj maggio mag mayo maio maja",
    "june jun juni juin giugno giu junio junho czerwca cze",
    "july jul juli juillet juil luglio lug julio julho lipca lip",
    "august aug augusti augustus aout agosto ago sierpnia sie",
    "september sep sept septembre settembre sett set septiembre setiembre setembro wrzesnia wrz",
    "october oct oktober okt octobre ottobre ott octubre outubro out pazdziernika paz",
    "november nov novembre noviembre novembro listopada lis",
    "december dec dezember dez desember des decembre dicembre dic diciembre dezembro grudnia gru",
)
_MONTHS = {name: month for month, names in enumerate(NAMES, start=1) for name in names.split()}
# One text, a field of equal width for each month: a list of names would be planned anew for every column.
_WIDTH = max(len(names) for names in NAMES) + 2
_FIELDS = "".join(f" {names} ".ljust(_WIDTH) for names in NAMES)
_DIRECTIVE = re.compile(r"%-?[bB]\.?")
_WORD = r"[A-Za-z]{3,}"


def month_of(name: str) -> int | None:
    """Return the number of the month of this name, None where it is none."""
    plain = "".join(sign for sign in unicodedata.normalize("NFD", name) if not unicodedata.combining(sign))
    return _MONTHS.get(plain.lower())


def with_number(text: str, written: str) -> tuple[str, str] | None:
    """Return SQL of `text` (SQL) with the name of its month as two digits, and the format of that.

    NULL where there is no such name; None where the format `written` has no name of a month.
    """
    if _DIRECTIVE.search(written) is None:
        return None
    plain = f"strip_accents({text})"
    word = f"lower(regexp_extract({plain}, '{_WORD}'))"
    place = f"nullif(strpos({text_of(_FIELDS)}, ' ' || {word} || ' '), 0)"
    number = f"lpad(CAST(({place} - 1) // {_WIDTH} + 1 AS VARCHAR), 2, '0')"
    numbered = f"regexp_replace({plain}, '{_WORD}[.]?', {number})"
    return f"(CASE WHEN regexp_matches({plain}, '{_WORD}') THEN {numbered} END)", _DIRECTIVE.sub("%m", written)
