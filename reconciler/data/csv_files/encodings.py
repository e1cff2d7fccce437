"""Name encodings, and tell which of them a file that declares none may be written in.

Takes: the first bytes of a file. Gives: the readings that make words of some language, each with sample words. Keeps
true: an encoding is guessed only where one reading is left, or where all that are left give the same text; else it is
the author who chooses. Pure.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from reconciler.errors import DataError, FilePosition

# The name in a manifest -> the codec of Python.
ENCODINGS = {
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "latin-1": "latin-1",
    "latin1": "latin-1",
    "iso-8859-1": "latin-1",
    "cp1252": "cp1252",
    **{f"windows-125{number}": f"cp125{number}" for number in range(8)},
    "utf-16": "utf-16",
    "utf16": "utf-16",
    **{
        name: name
        for name in (
            *("utf-16-le", "utf-16-be", "utf-32", "iso-8859-2", "iso-8859-15", "koi8-r", "mac-roman"),
            *("cp437", "cp850", "cp852", "cp866", "cp874", "cp932", "cp949"),
            *("cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "big5", "gb18030", "shift-jis"),
        )
    },
}

_MARKS = (  # the longer mark first: UTF-32's begins with that of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_WORD = re.compile(r"[^\W\d_]+")
_SHOWN = 4  # sample words of a reading
_BYTES = 200_000  # that are looked at

# The letters beyond a to z of a language, by the encoding in which files of it are found.
_LATIN = {
    "cp1252": ("äöüß", "àâçéèêëîïôùûüœæ", "áéíóúñü", "ãõáâàçéêíóôúü", "àèéìíòóù", "åäöæøé", "áðéíóúýþæö", "ëïéèöüó"),
    "cp1250": ("ąćęłńóśźż", "áčďéěíňóřšťúůýž", "áäčďéíĺľňóôŕšťúýž", "áéíóöőúüű", "ăâîşţ", "čćđšž", "äöüß"),
    "cp1254": ("çğıiöşüâî",),
    "cp1257": ("āčēģīķļņšūž", "ąčęėįšųūž", "äõöüšž"),
    "mac-roman": ("äöüß", "àâçéèêëîïôùûüœæ", "áéíóúñü"),
    "cp850": ("äöüß", "àâçéèêëîïôùûüœæ", "áéíóúñü"),
}
_RUSSIAN = "абвгдежзийклмнопрстуфхцчшщъыьэюяё"
_OTHER = {
    "cp1251": (_RUSSIAN, "абвгґдеєжзиіїйклмнопрстуфхцчшщьюя", "абвгдеёжзійклмнопрстуўфхцчшыьэюя"),
    "koi8-r": (_RUSSIAN,),
    "cp866": (_RUSSIAN,),
    "cp1253": ("αβγδεζηθικλμνξοπρσςτυφχψωάέήίόύώϊϋ",),
    "cp1255": ("אבגדהוזחטיךכלםמןנסעףפץצקרשת",),
    "cp1256": ("ءآأؤإئابةتثجحخدذرزسشصضطظعغفقكلمنهوىيپچژگ",),
}
_VOWELS = frozenset("άέήίόύώ")
_FINAL = frozenset("ךםןףץ")
_EAST_ASIAN = ("gb18030", "cp932", "big5", "cp949")
_RARE = frozenset(["cp1257", "mac-roman", "cp850"])  # not considered where the words are of Western Europe
_SIGNS = frozenset("€£¥§°±²³µ·«»„“”‘’‚‹›–—…•©®™ªº½¼¾№¿¡´×÷\xa0")
_INSIDE = re.compile(r"[^\W\d_][^\w\s\x00-\x7f’‘·–—°²³ªº/+][^\W\d_]|[^\W\d_][³²°][^\W\d_]")


def codec_of(name: str, subject: str) -> str:
    """Return the codec of an encoding's name. Raises DataError E406 about the subject where it is unknown."""
    codec = ENCODINGS.get(name.lower())
    if codec is None:
        known = ", ".join(dict.fromkeys(ENCODINGS.values()))
        raise DataError(f"{subject}: unknown encoding {name[:40]}", code="E406", hint=f"use one of {known}")
    return codec


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A reading of a file in one encoding, with the first words that only show in it."""

    encoding: str
    words: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.encoding}: {', '.join(self.words)}"


def marked(head: bytes) -> str | None:
    """Return the encoding that a mark, or the zero bytes of plain letters, tell; None where nothing does."""
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return encoding
    pairs = min(len(head), 65_536) // 2
    high, low = head[: 2 * pairs : 2].count(0), head[1 : 2 * pairs : 2].count(0)
    # In UTF-16 each delimiter, digit and line end has a zero byte, always on the same side.
    if max(high, low) > max(3, 0.1 * pairs) and min(high, low) < 0.02 * pairs:
        return "utf-16-be" if high > low else "utf-16-le"
    return None


def is_utf8(head: bytes) -> bool:
    """Tell whether the bytes begin a UTF-8 text; the last character may be cut."""
    try:
        codecs.getincrementaldecoder("utf-8")("strict").decode(head)
    except UnicodeDecodeError:
        return False
    return True


def guess(head: bytes, path: str) -> tuple[str | None, str | None]:
    """Return the encoding (None: UTF-8) of a file by its first bytes, and how it was told where that is a guess.

    Raises DataError E406 where several readings make words, or none does.
    """
    if (told := marked(head)) is not None:
        return told, None
    if is_utf8(head):
        return None, None
    lines = [(number, line) for number, line in enumerate(head.splitlines(), start=1) if not line.isascii()]
    _check_mixed(lines if head.endswith(b"\n") else lines[:-1], path)
    odd = b"\n".join(line for _, line in lines)[:_BYTES]
    readings = _plausible(odd)
    if len(readings) == 1:
        return readings[0].encoding, ", ".join(readings[0].words)
    if not readings:
        readings = [*_read(odd, _EAST_ASIAN, _is_east_asian), *_read(odd, ("cp1252",), bool)]
    if not readings:
        message = "the file's encoding cannot be told: it is neither UTF-8 nor text in an encoding known here"
        raise DataError(message, code="E406", where=FilePosition(file=path), hint="save it as UTF-8")
    shown = "; ".join(map(str, readings))
    raise DataError(
        f"the file's encoding cannot be told: it is not UTF-8, and may be {shown}",
        code="E406",
        where=FilePosition(file=path),
        hint=f"name the one whose words are right, such as --encoding {readings[0].encoding}",
    )


def _check_mixed(lines: list[tuple[int, bytes]], path: str) -> None:
    """Raise DataError E406 where most of the lines that tell are UTF-8: hardly ever are those of another encoding."""
    others = [number for number, line in lines if not is_utf8(line)]
    if others and 2 * len(others) <= len(lines):
        more = f" and {len(others) - 1:,} more" if len(others) > 1 else ""
        message = f"the file is UTF-8 but for line {others[0]:,}{more}, which another program wrote"
        where = FilePosition(file=path, line=others[0])
        raise DataError(message, code="E406", where=where, hint="write those lines as UTF-8 too")


def _plausible(text: bytes) -> list[Reading]:
    """Return the readings in which all words are of one language, one for each text."""
    found: list[Reading] = []
    for encoding, languages in _LATIN.items():
        if encoding not in _RARE or not any(reading.encoding == "cp1252" for reading in found):
            found += _read(text, (encoding,), partial(_is_latin, languages=languages))
    for encoding, languages in _OTHER.items():
        found += _read(text, (encoding,), partial(_is_other, languages=languages))
    if not found:
        return _read(text, ("cp1252",), partial(_is_latin, languages=("".join(_LATIN["cp1252"][:6]),)))
    # Signs and single letters alone tell nothing: then the encoding that most such files have, where it fits.
    found = [reading for reading in found if any(len(word) > 1 for word in reading.words)] or [
        reading for reading in found if reading.encoding == "cp1252"
    ]
    # In these encodings small letters stand where others have capitals, and text is mostly small.
    found = [
        reading
        for reading in found
        if reading.encoding not in ("koi8-r", "cp866") or not all(word.isupper() for word in reading.words)
    ]
    texts: dict[tuple[str, ...], Reading] = {}
    for reading in found:
        texts.setdefault(reading.words, reading)
    return list(texts.values())


def _read(text: bytes, encodings: tuple[str, ...], fits: Callable[[list[str]], bool]) -> list[Reading]:
    """Return the readings that are printable, with common signs at the places of signs, and whose words fit."""
    found = []
    for encoding in encodings:
        try:
            shown = codecs.getincrementaldecoder(encoding)("strict").decode(text)
        except UnicodeDecodeError:
            continue
        signs = {sign for sign in shown if not sign.isascii() and not sign.isalpha()}
        if not signs <= _SIGNS or _INSIDE.search(shown):
            continue
        words = [word for word in _WORD.findall(shown) if not word.isascii()]
        if fits(words):
            samples = tuple(dict.fromkeys(word[:30] for word in words)) or tuple(sorted(signs))
            found.append(Reading(encoding=encoding, words=samples[:_SHOWN]))
    return found


def _is_cased(word: str) -> bool:
    """Tell whether a word is written as words are: all small, all capital, or with a first capital."""
    return word.islower() or word.isupper() or word.istitle() or word.casefold() == word


def _letters(words: list[str]) -> set[str]:
    return {letter for word in words for letter in word.lower() if not letter.isascii()} - {"\u0307"}


def _is_latin(words: list[str], *, languages: tuple[str, ...]) -> bool:
    for word in words:
        foreign = sum(not letter.isascii() for letter in word)
        if not _is_cased(word) or 4 * foreign > 3 * len(word) + 1:
            return False
    return any(_letters(words) <= set(known) for known in languages)


def _is_other(words: list[str], *, languages: tuple[str, ...]) -> bool:
    """Tell whether the words are wholly of the letters of one language that is not written in Latin ones."""
    letters = _letters(words)
    if not letters or not all(_is_cased(word) and not re.search("[A-Za-z]", word) for word in words):
        return False
    if not any(letters <= set(known) for known in languages) or any(_FINAL & set(word[:-1]) for word in words):
        return False
    # A Greek word of small letters has an accent, unless it is short; Cyrillic read as Greek hardly ever has one.
    long = [word for word in words if len(word) > 3 and not word.isupper()]
    return "α" not in languages[0] or 2 * sum(bool(_VOWELS & set(word)) for word in long) >= len(long) > 0


def _is_east_asian(words: list[str]) -> bool:
    letters = _letters(words)
    return bool(letters) and all(
        "一" <= letter <= "鿿" or "ぁ" <= letter <= "ヿ" or "가" <= letter <= "힣" for letter in letters
    )
