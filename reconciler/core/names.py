"""Check names of models, environments, projects, tables, columns and revisions.

Names become path segments, branch names and object keys, so the rule is the strictest of these: a DNS label (RFC 1123)
that starts with a letter.
"""

from __future__ import annotations

import re
import unicodedata

NAME_RULE = "a lower-case letter, then lower-case letters, digits or single hyphens, at most 63 in all"
COLUMN_RULE = "a letter or underscore, then letters, digits or underscores, at most 63 in all"

_NAME = re.compile(r"[a-z](?:[a-z0-9]|-(?=[a-z0-9])){0,62}")
_COLUMN = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")
_REVISION = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./+#=@-]{0,250}(?:[~^][0-9]{0,4}){0,5}")
# Device names that Windows file systems reserve: a checkout there would fail.
_RESERVED = frozenset(["con", "prn", "aux", "nul", *(f"com{i}" for i in range(10)), *(f"lpt{i}" for i in range(10))])


def is_name(text: str) -> bool:
    """Tell whether a text may name a model, environment, project or table (`NAME_RULE`)."""
    return _NAME.fullmatch(text) is not None and text not in _RESERVED


def is_column(text: str) -> bool:
    """Tell whether a text may name a column in expressions (`COLUMN_RULE`)."""
    return _COLUMN.fullmatch(text) is not None


def visible(text: str) -> str:
    """Return `text` as a manifest may hold it: in Unicode normal form NFC, without invisible characters."""
    if text.isascii() and text.isprintable():
        return text
    shown = (
        character
        for character in text
        if unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
    )
    return unicodedata.normalize("NFC", "".join(shown))


def without_accents(text: str) -> str:
    """Return `text` without accents and with signs as plain letters and digits (Unicode NFKD).

    `Zähler` becomes `Zahler`, `m²` becomes `m2`.
    """
    parts = unicodedata.normalize("NFKD", text.replace("ß", "ss"))
    return "".join(character for character in parts if not unicodedata.combining(character))


def is_revision(text: str) -> bool:
    """Tell whether a text is a plain ref name or commit id, with ~n or ^n.

    Git cannot take such a text for an option or a range. Stricter than git-check-ref-format(1).
    """
    odd = ("..", "//", "@{", "/.", ".lock/")
    plain = not any(part in text for part in odd) and not text.endswith((".lock", "/", "."))
    return plain and _REVISION.fullmatch(text) is not None


def folded(name: str) -> str:
    """Return one form of all names that some file system takes for this one.

    Such file systems ignore upper and lower case, Unicode normal forms, and characters that nobody sees.
    """
    if name.isascii():
        return name.lower()
    shown = "".join(character for character in name if unicodedata.category(character) != "Cf")
    return unicodedata.normalize("NFD", unicodedata.normalize("NFD", shown).casefold())


def seen(value: str) -> str:
    """Return a value of a table such that its spaces are seen: quoted where it begins or ends with one, or has several
    in a row, so that `" Nord"` and `Nord` do not read alike."""
    return value if value == " ".join(value.split()) and value else f'"{value}"'
