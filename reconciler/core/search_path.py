"""Clean the search paths that other programs and libraries are found by: never in the folder that a command runs in."""

from __future__ import annotations


def absolute_folders(path: str) -> str:
    """Return a search path such as PATH without its empty and relative entries, which mean the current folder.

    Commands run in a checkout, and a request brings what lies there.
    """
    return ":".join(folder for folder in path.split(":") if folder.startswith("/"))
