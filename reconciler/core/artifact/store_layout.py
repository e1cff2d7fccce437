"""Keys of the store: the one place that knows its layout."""

from __future__ import annotations

import re
from functools import lru_cache

from reconciler.core.digest import Digest, hex_of

MARK = "store.json"
SNAPSHOTS = "snapshots"


LONGEST = 1024  # characters; what object stores allow
_PART = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_KEY = re.compile(rf"{_PART.pattern}(/{_PART.pattern})*")


def is_key(text: str) -> bool:
    """`a/b/c` with nothing that leaves the store or differs between file systems and object stores."""
    return len(text) <= LONGEST and _KEY.fullmatch(text) is not None


@lru_cache(maxsize=4096)
def is_part(text: str) -> bool:
    """What may stand between two slashes of a key."""
    return _PART.fullmatch(text) is not None


def blob(digest: Digest) -> str:
    return f"blobs/sha256/{hex_of(digest)}"


def build(fingerprint: Digest) -> str:
    return f"builds/{hex_of(fingerprint)}.json"


def builds_of(recipe: Digest) -> str:
    """A numbered series: every build of one recipe, in the order in which they were made."""
    return f"recipes/{hex_of(recipe)}"


def verification(artifact: Digest, gate_set: Digest) -> str:
    return f"verifications/{hex_of(artifact)}/{hex_of(gate_set)}.json"


def journal(environment: str, model: str) -> str:
    return f"journal/{environment}/{model}"


def predictions(environment: str, model: str) -> str:
    return f"predictions/{environment}/{model}"


def member(prefix: str, n: int) -> str:
    """The key of number `n` in a series; numbers are not padded, so order by number, never by name."""
    return f"{prefix}/{n}.json"


def number(key: str) -> int | None:
    """The n of `<prefix>/<n>.json`; None for any other name."""
    return _number(key.rpartition("/")[2])


@lru_cache(maxsize=4096)
def _number(name: str) -> int | None:
    """Every journal of a fleet has the same names."""
    stem, dot, rest = name.partition(".")
    return (
        int(stem) if dot and rest == "json" and stem.isascii() and stem.isdigit() and str(int(stem)) == stem else None
    )
