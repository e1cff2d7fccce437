"""Change the keys that an environment's manifest trusts: only the lines concerned; comments stay."""

from __future__ import annotations

from typing import Any

from reconciler.errors import UsageError
from reconciler.manifest.yaml.edit import document, splice

ROLES = ("trainer", "promoter")


def with_key(text: str, *, role: str, file: str, until: str | None) -> str:
    """Return the manifest that trusts one more key; unchanged where it trusts that file in this role already."""
    wanted, keys = _keys(text)
    entries = list(keys.get(role, []))
    if any(_named(entry) == file for entry in entries):
        return text
    entries.append({"key": file, **({"until": until} if until is not None else {})})
    return _spliced(text, wanted, {**keys, role: entries})


def with_field(text: str, *, file: str, **fields: str) -> tuple[str, str]:
    """Return the manifest in which a trusted key has these fields, and the key's role.

    Raises UsageError E801 for a file that it does not trust.
    """
    wanted, keys = _keys(text)
    for role in ROLES:
        entries = list(keys.get(role, []))
        for index, entry in enumerate(entries):
            if _named(entry) == file:
                entries[index] = {**entry, **fields}
                return _spliced(text, wanted, {**keys, role: entries}), role
    known = [_named(entry) for role in ROLES for entry in keys.get(role, [])]
    hint = f"it trusts {', '.join(known)}" if known else "`reconciler keys new ROLE --in ENV` adds a key"
    raise UsageError(f"the environment does not trust {file}", hint=hint, code="E801")


def _named(entry: dict[str, Any]) -> str:
    """Return what an entry is named by: its file, or its identity."""
    return str(entry.get("key") or entry["identity"])


def _keys(text: str) -> tuple[dict[str, Any], dict[str, Any]]:
    wanted = document(text)
    return wanted, dict((wanted["spec"].get("trust") or {}).get("keys") or {})


def _spliced(text: str, wanted: dict[str, Any], keys: dict[str, Any]) -> str:
    spec = wanted["spec"]
    trust = {**(spec.get("trust") or {}), "keys": {role: keys[role] for role in ROLES if role in keys}}
    return splice(text, {**wanted, "spec": {**spec, "trust": trust}})
