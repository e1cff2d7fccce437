"""What things may be called.

Model, environment, project and table names become path segments, branch names and object keys, so the rule is the
narrowest of all of these: a DNS label (RFC 1123) that starts with a letter.
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
    return _NAME.fullmatch(text) is not None and text not in _RESERVED


def is_column(text: str) -> bool:
    return _COLUMN.fullmatch(text) is not None


def visible(text: str) -> str:
    """What a manifest can say of `text`: in normal form (NFC), without characters that nobody sees."""
    if text.isascii() and text.isprintable():
        return text
    shown = (one for one in text if unicodedata.category(one) not in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"))
    return unicodedata.normalize("NFC", "".join(shown))


def without_marks(text: str) -> str:
    """Letters without their accents, and signs as the letters and digits that they stand for (NFKD): `Zähler` is
    `Zahler`, `m²` is `m2`."""
    parts = unicodedata.normalize("NFKD", text.replace("ß", "ss"))
    return "".join(one for one in parts if not unicodedata.combining(one))


def is_revision(text: str) -> bool:
    """A plain ref name or commit id, with ~n or ^n: nothing that git could take for an option or a range. Stricter than
    git-check-ref-format(1)."""
    odd = ("..", "//", "@{", "/.", ".lock/")
    plain = not any(part in text for part in odd) and not text.endswith((".lock", "/", "."))
    return plain and _REVISION.fullmatch(text) is not None
