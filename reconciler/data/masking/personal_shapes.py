"""Tell by a sample of a column's values what personal data they look like: by shape, check digits and first names.

Each test takes one text and says whether it looks so. None is sure of one value: `personal_columns` asks what share of
a column's values does. Nothing of a value is kept.
"""

from __future__ import annotations

import re
from datetime import date

_EMAIL = re.compile(r"[^@\s,;<>()]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})*\.[A-Za-z]{2,24}")
_PHONE = re.compile(r"(\+|00)?[0-9(][0-9 ()./-]{5,22}[0-9]")
_IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}")
_CARD = re.compile(r"[3-6][0-9]{12,18}")
_ISO_DATE = re.compile(r"(1[89]|20)[0-9]{2}-[01]?[0-9](-[0-3]?[0-9])?([ T].*)?")
_LOCAL_DATE = re.compile(r"[0-3]?[0-9][./-][0-3]?[0-9][./-](1[89]|20)?[0-9]{2}")
_STREET = re.compile(
    r"""(?x)(?i)
      (?: [\w.'-]+ (?: str(?:a(?:ß|ss)e|\.)? | weg | platz | allee | gasse | straat | laan | plein | ring | ufer )
          | (?:strasse|straße|straat|laan) ) \s+ \d+
    | (?:am|an\ der|auf\ dem|im|unter\ den)\s+ [\w.'-]+ (?:\s[\w.'-]+)? \s+ \d{1,4} \s? [a-z]?
    | \d+ \s? (?:bis|ter)? ,? \s+ (?:rue|avenue|av\.|boulevard|bd|place|chemin|impasse|quai|allée|route) \s
    | (?:calle|c/|avenida|avda\.?|plaza|paseo|camino|carrera|rua|travessa|praça) \s .* \d
    | (?:via|viale|piazza|corso|largo|vicolo) \s [\w.' -]+ ,? \s \d
    | \d+[a-z]? \s (?:[\w.'-]+\s){1,4}
      (?: st(?:reet|\.)? | r(?:oa)?d | av(?:enue|e\.?) | lane | ln | drive | dr | court | ct | blvd | place | square
          | terrace | close | way ) \b
    """
)
_CODICE = re.compile(r"[A-Z]{6}[0-9]{2}[A-EHLMPRST][0-9]{2}[A-Z][0-9]{3}[A-Z]")
_SPANISH = re.compile(r"[0-9XYZ][0-9]{7}[A-HJ-NP-TV-Z]")
_SSN = re.compile(r"(?!000|666|9)[0-9]{3}-(?!00)[0-9]{2}-(?!0000)[0-9]{4}")
_NINO = re.compile(r"[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?[0-9]{2} ?[0-9]{2} ?[0-9]{2} ?[A-D]")
_NIR = re.compile(r"[12][0-9]{2}(0[1-9]|1[0-2]|[2-9][0-9])[0-9]{10}")
_CPF = re.compile(r"[0-9]{3}\.[0-9]{3}\.[0-9]{3}-[0-9]{2}")
_WORD = re.compile(r"(?:d'|de |von |van |di |da |la |le |del )*[A-ZÀ-ÖØ-ÞŁŚŻ][\w'’.-]*")
_NO_PERSON = re.compile(
    r"(?i)\b(gmbh|ag|kg|ltd|limited|llc|inc|corp|plc|s\.?a\.?|sarl|sas|s\.?l\.?|s\.?r\.?l\.?|s\.?p\.?a\.?|b\.?v\.?|co"
    r"|company|group|bank|store|shop|university|hotel|restaurant|team|dept|department|street|road)\b"
)
_FIRST_NAMES = frozenset(
    """
    james john robert michael william david richard joseph thomas charles christopher daniel matthew anthony mark
    donald steven paul andrew joshua kenneth kevin brian george edward ronald timothy jason jeffrey ryan jacob
    gary nicholas eric jonathan stephen larry justin scott brandon benjamin samuel gregory frank alexander raymond
    patrick jack dennis mary patricia jennifer linda elizabeth barbara susan jessica sarah karen nancy lisa betty
    margaret sandra ashley kimberly emily donna michelle dorothy carol amanda melissa deborah stephanie rebecca
    sharon laura cynthia kathleen amy angela shirley anna brenda pamela emma nicole helen samantha katherine
    christine olivia sophia grace alice lucy hans peter klaus juergen jurgen jürgen wolfgang dieter manfred uwe
    guenter günter werner horst bernd stefan andreas martin matthias markus christian sebastian tobias florian jan
    lukas felix leon jonas maximilian ursula monika petra sabine renate helga karin brigitte ingrid erika gisela
    claudia susanne andrea birgit heike anja katrin stefanie julia lena hannah lea marie sophie johanna greta
    heidi ulrike kirsten otto karl heinz fritz ernst jean pierre michel andré andre philippe rené rene louis alain
    jacques bernard marcel roger claude nicolas julien antoine guillaume mathieu thierry laurent olivier camille
    chloé chloe manon inès ines jeanne françoise francoise monique catherine nathalie isabelle jacqueline anne
    sylvie martine véronique veronique céline celine aurélie aurelie élodie elodie margaux luc hugo étienne
    etienne gérard gerard yves benoît benoit antonio josé jose manuel francisco juan javier carlos miguel rafael
    pedro angel ángel alejandro fernando pablo sergio jorge luis alberto alvaro álvaro diego raul raúl maría maria
    carmen ana isabel dolores pilar teresa rosa cristina marta lucía lucia elena paula sofía sofia rocío rocio
    mercedes beatriz inés silvia raquel julio enrique giuseppe giovanni mario luigi francesco angelo vincenzo
    pietro salvatore carlo franco domenico bruno paolo michele giorgio aldo marco luca matteo lorenzo alessandro
    stefano davide simone federico riccardo roberto giulia giuseppina giovanna caterina francesca chiara martina
    alessia elisa valentina federica ilaria paola bianca serena joão joao tiago rui nuno inês catarina piet kees
    henk willem johan anneke sanne daan bram lotte femke wout ahmed mohammed mohamed mehmet ali fatma ayşe ayse
    mustafa aisha fatima
    """.split()  # noqa: SIM905  (a list literal would take a line for each)
)


def is_email(text: str) -> bool:
    """Tell whether a text is an e-mail address, or holds one among other words."""
    return _EMAIL.fullmatch(text) is not None or ("@" in text and _EMAIL.search(text) is not None)


def is_phone(text: str, *, named: bool = False) -> bool:
    """Tell whether a text is a phone number. `named`: the column says so, so that bare digits are enough."""
    digits = re.sub(r"[^0-9]", "", text)
    if not 7 <= len(digits) <= 15 or _PHONE.fullmatch(text) is None:
        return False
    if _ISO_DATE.fullmatch(text) or _LOCAL_DATE.fullmatch(text):
        return False
    international = text.startswith(("+", "00")) and len(digits) >= 9
    return international or named or re.fullmatch(r"\(?0[0-9]{1,5}\)?[ /-][0-9 /.-]{4,}", text) is not None


def is_account(text: str) -> bool:
    """Tell whether a text is an IBAN or a card number, by its check digits."""
    plain = re.sub(r"[ -]", "", text).upper()
    if _IBAN.fullmatch(plain):
        moved = plain[4:] + plain[:4]
        return int("".join(str(int(sign, 36)) for sign in moved)) % 97 == 1
    return _CARD.fullmatch(plain) is not None and len(plain) in (13, 15, 16, 19) and _luhn(plain)


def is_tax_number(text: str, *, named: bool = False) -> bool:
    """Tell whether a text is a number that a state gives to a person. `named`: the column says so."""
    plain = text.strip().upper()
    bare = re.sub(r"[ .-]", "", plain)
    if _CODICE.fullmatch(bare) or _SSN.fullmatch(plain) or _CPF.fullmatch(plain):
        return True
    if _SPANISH.fullmatch(bare):
        number = int(bare[:-1].translate(str.maketrans("XYZ", "012")))
        return bare[-1] == "TRWAGMYFPDXBNJZSQVHLCKE"[number % 23]
    if _NIR.fullmatch(bare):
        return 97 - int(bare[:13]) % 97 == int(bare[13:])
    if _NINO.fullmatch(plain) and named:
        return True
    return named and re.fullmatch(r"[A-Z]{0,3}[0-9]{6,15}[A-Z]{0,2}", bare) is not None


def is_address(text: str) -> bool:
    """Tell whether a text begins with a street and a number, as they are written in one of the languages."""
    return _STREET.match(text) is not None


def is_person(text: str) -> bool:
    """Tell whether a text is the name of a person: some words in capitals, one of them a common first name."""
    words = [word for word in re.split(r"[ ,]+", text.strip()) if word]
    if not 2 <= len(words) <= 5 or _NO_PERSON.search(text) or any(sign.isdigit() for sign in text):
        return False
    names = any(part.lower() in _FIRST_NAMES for word in words for part in re.split("[-.]", word))
    return names and all(_WORD.fullmatch(word) or word.lower() in _PARTICLES for word in words)


def is_first_name(text: str) -> bool:
    """Tell whether a text is a common first name, alone."""
    return text.strip().lower() in _FIRST_NAMES


def is_name_like(text: str) -> bool:
    """Tell whether a text may be a name at all: words of letters, the first in a capital or all in capitals."""
    return re.fullmatch(r"[^\W\d_][^\d_@/\\#:]{0,60}", text.strip()) is not None


def is_birth_date(text: str, today: int) -> bool:
    """Tell whether a text may be the day or the year in which a living person was born; `today`: the year."""
    found = re.search(r"(?<![0-9])(19[0-9]{2}|20[0-9]{2})(?![0-9])", text)
    if found is None:
        return _LOCAL_DATE.fullmatch(text) is not None
    shaped = _ISO_DATE.fullmatch(text) or _LOCAL_DATE.fullmatch(text) or re.fullmatch(r"[0-9]{4}(\.0)?", text)
    return shaped is not None and 1900 <= int(found[1]) <= today


def year_now() -> int:
    """Return the year, which nothing that is stored depends on."""
    return date.today().year


_PARTICLES = frozenset("de von van der den di da la le del dos du ter zu zur af bin al el y e".split())  # noqa: SIM905


def _luhn(digits: str) -> bool:
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0
