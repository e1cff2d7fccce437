"""Read the secrets that a copy of tables needs, right before it; of those that are not set, name all at once.

Keeps true: a value goes into the request of the copy and nowhere else: not into an environment, an argument, a file, a
log or an error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from reconciler.core.spec.data import Table
from reconciler.errors import DataError
from reconciler.ports import Secret

ReadSecret = Callable[[str], str | None]
M = TypeVar("M")


def table_secrets(read: ReadSecret, tables: Iterable[tuple[str, Table]]) -> tuple[Secret, ...]:
    """Return the secrets that tables refer to, each once. Raises DataError E433, which names all that are not set."""
    names: dict[str, list[str]] = {}
    for name, table in tables:
        if table.url is not None:
            names.setdefault(table.url, []).append(name)
    values = {reference: read(reference) for reference in names}
    unset = [reference for reference, value in values.items() if not value]
    if unset:
        told = (f"{place_of(reference)} is not set, or empty ({_tables(names[reference])})" for reference in unset)
        raise DataError("; ".join(told), code="E433", hint="; ".join(_how(reference) for reference in unset))
    return tuple(Secret(reference=reference, value=value) for reference, value in values.items() if value)


def with_secrets(
    read: ReadSecret, tables: Iterable[tuple[str, Table]], masking: Callable[[], M]
) -> tuple[M, tuple[Secret, ...]]:
    """Return what `masking` returns, which reads the key of pseudonyms, and the secrets of the tables.

    Raises DataError E433 or E451, which names all that are missing.
    """
    unset = None
    try:
        secrets = table_secrets(read, tables)
    except DataError as error:
        unset, secrets = error, ()
    try:
        masked = masking()
    except DataError as error:
        if unset is None or error.code != "E451":
            raise
        message, hint = f"{unset.message}; {error.message}", f"{unset.hint}; {error.hint}"
        raise DataError(message, code=unset.code, hint=hint) from None
    if unset is not None:
        raise unset
    return masked, secrets


def place_of(reference: str) -> str:
    """Return where the secret of a reference is looked up."""
    kind, _, place = reference.partition(":")
    return f"the environment variable {place}" if kind == "env" else f"the file {place}"


def _tables(names: list[str]) -> str:
    return f"table{'s' * (len(names) != 1)} {', '.join(names)}"


def _how(reference: str) -> str:
    kind, _, place = reference.partition(":")
    if kind == "env":
        return f"set {place} to the address of the database: `read -rs {place} && export {place}` asks for it"
    return f"write the address of the database into {place}, readable for this user"
