"""Read the secrets that a copy of tables needs, right before it; of those that are not set, name all at once.

Keeps true: a value goes into the request of the copy and nowhere else: not into an environment, an argument, a file, a
log or an error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

from reconciler.core.spec.data import Table
from reconciler.errors import DataError
from reconciler.ports import Secret

ReadSecret = Callable[[str], str | None]
M = TypeVar("M")


def unset_secrets(read: ReadSecret, tables: Iterable[tuple[str, Table]]) -> Iterator[DataError]:
    """Yield DataError E433 for each secret that tables refer to and that is not set here."""
    for reference, names in _references(tables).items():
        if not read(reference):
            of = f"table{'s' * (len(names) != 1)} {', '.join(names)}"
            yield DataError(f"{is_unset(reference)} ({of})", code="E433", hint=_how(reference))


def table_secrets(read: ReadSecret, tables: Sequence[tuple[str, Table]]) -> tuple[Secret, ...]:
    """Return the secrets that tables refer to, each once. Raises DataError E433, which names all that are not set."""
    return with_secrets(read, tables, lambda: None)[1]


def checked(
    read: ReadSecret, tables: Sequence[tuple[str, Table]], masking: Callable[[], M]
) -> tuple[tuple[M, ...], tuple[DataError, ...]]:
    """Return what `masking` returns, which reads the key of pseudonyms, and what is missing here.

    Where the key is (E451), there is no masking.
    """
    missing = tuple(unset_secrets(read, tables))
    try:
        return (masking(),), missing
    except DataError as error:
        if error.code != "E451":
            raise
        return (), (*missing, error)


def with_secrets(
    read: ReadSecret, tables: Sequence[tuple[str, Table]], masking: Callable[[], M]
) -> tuple[M, tuple[Secret, ...]]:
    """Return what `masking` returns, which reads the key of pseudonyms, and the secrets of the tables, each once.

    Raises DataError E433 or E451, which names all that are missing.
    """
    masked, missing = checked(read, tables, masking)
    if missing:
        message = "; ".join(error.message for error in missing)
        hint = "; ".join(error.hint for error in missing if error.hint)
        raise DataError(message, code=missing[0].code, hint=hint)
    values = ((reference, read(reference)) for reference in _references(tables))
    return masked[0], tuple(Secret(reference=reference, value=value) for reference, value in values if value)


def place_of(reference: str) -> str:
    """Return where the secret of a reference is looked up."""
    kind, _, place = reference.partition(":")
    return f"the environment variable {place}" if kind == "env" else f"the file {place}"


def is_unset(reference: str) -> str:
    """Say that there is nothing where the secret of a reference is looked up."""
    what = "is not set" if reference.startswith("env:") else "holds nothing that can be read"
    return f"{place_of(reference)} {what}"


def how_key_comes(reference: str, before: str | None) -> str:
    """Say how a key comes to its place: the one of before, whose id that is, or a first one."""
    kind, _, place = reference.partition(":")
    if before is not None and kind == "env":
        return f"`read -rs {place} && export {place}` asks for it; the key of before has the id {before}"
    if before is not None:
        return f"write the key of before, whose id is {before}, into {place}"
    made = f"export {place}=$(openssl rand -hex 32)" if kind == "env" else f"openssl rand -hex 32 > {place}"
    return f"`{made}` makes one; keep it"


def _references(tables: Iterable[tuple[str, Table]]) -> dict[str, list[str]]:
    """Return the tables' names by what they refer to."""
    names: dict[str, list[str]] = {}
    for name, table in tables:
        if table.url is not None:
            names.setdefault(table.url, []).append(name)
    return names


def _how(reference: str) -> str:
    kind, _, place = reference.partition(":")
    if kind == "env":
        return f"`read -rs {place} && export {place}` asks for the database's address"
    return f"write the database's address into {place}"
