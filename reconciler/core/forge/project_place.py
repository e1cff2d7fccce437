"""Name a project's place in its repository, so that two projects of one repository never share a name at the forge."""

from __future__ import annotations

import hashlib
import re

LONGEST = 60  # characters of a folder that is named as it is
_PLAIN = re.compile(r"[a-z0-9-]+(?:/[a-z0-9-]+)*")


def place_of(folder: str) -> str:
    """Return the place of a project whose folder below the repository's root is `folder`; empty for the root.

    A part of branch names, keys and status names: `teams/b` is `teams.b`. Other folders are told apart by a digest.
    """
    path = folder.strip("/")
    if path in ("", "."):
        return ""
    if _PLAIN.fullmatch(path) and len(path) <= LONGEST and not path.endswith("/lock"):  # git refuses `.lock`
        return path.replace("/", ".")
    slug = re.sub(r"[^a-z0-9]+", "-", path.lower())[:LONGEST].strip("-")
    return f"{slug}_{hashlib.sha256(path.encode('utf-8', 'surrogateescape')).hexdigest()[:12]}"


def branch_name(verb: str, environment: str, place: str, *rest: str) -> str:
    """Return the name of a branch that changes an environment, such as `promote/production@teams.b/orders/1a2b3c`."""
    return "/".join((verb, at_place(environment, place), *rest))


def at_place(name: str, place: str) -> str:
    """Return a name as it is used at a place: `production` at `teams.b` is `production@teams.b`."""
    return f"{name}@{place}" if place else name
