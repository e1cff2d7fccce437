"""Read the public keys that an environment names, at the commit that its manifest was read from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from reconciler.core.trust.keys import NO_TRUST, PublicKey, Trust, TrustedKey, identity_key, public_key
from reconciler.manifest.schema import trust as schema
from reconciler.ports import TreeFile

LARGEST = 4096  # bytes of a public key's file
Place = tuple[str | int, ...]
Report = Callable[[Place, str, str, str], None]
"""(field, code, message, hint): reports a problem."""
_REGULAR = ("100644", "100755", "100664")


def trust_of(
    given: schema.TrustSpec | None, tree: Mapping[str, TreeFile], files: Mapping[str, bytes], report: Report
) -> Trust:
    """Return what an environment trusts; problems of its key files are reported at the field that names them."""
    if given is None:
        return NO_TRUST
    roles = {
        role: tuple(_keys(role, getattr(given.keys, role), tree, files, report)) for role in ("trainer", "promoter")
    }
    threshold = (("trainer", given.threshold.trainer),) if given.threshold.trainer != 1 else ()
    return Trust(
        required=given.required,
        trainer=roles["trainer"],
        promoter=roles["promoter"],
        threshold=threshold,
        reproduced=given.reproduced.by,
    )


def _keys(
    role: str,
    given: list[schema.TrustedKey],
    tree: Mapping[str, TreeFile],
    files: Mapping[str, bytes],
    report: Report,
) -> Iterator[TrustedKey]:
    seen: dict[str, str] = {}
    for index, each in enumerate(given):
        where = ("spec", "trust", "keys", role, index, "key" if each.key is not None else "identity")
        if each.key is not None:
            key = _key(where, each.key, tree, files, report)
        else:
            key = identity_key(each.identity or "", each.issuer or "")
        if key is None:
            continue
        if (before := seen.get(key.id)) is not None:
            message = f"{each.label} is the same key as {before}: one key counts once"
            report(where, "E207", message, "remove one of the two")
            continue
        if each.label in seen.values():
            message = f"{each.label} is named with two issuers: `keys revoke` could not tell them apart"
            report(where, "E207", message, "remove one of the two")
            continue
        seen[key.id] = each.label
        yield TrustedKey(
            key=key, file=each.label, since=each.from_, until=each.until, revoked=each.revoked, reason=each.reason
        )


def _key(
    where: Place, name: str, tree: Mapping[str, TreeFile], files: Mapping[str, bytes], report: Report
) -> PublicKey | None:
    file, body = tree.get(name), files.get(name)
    if file is not None and file.mode not in _REGULAR:
        report(where, "E301", f"expected a regular file, found mode {file.mode}", "commit the file itself")
        return None
    if body is None or len(body) > LARGEST:
        found = "the file does not exist at this revision" if body is None else f"{name} is larger than a public key"
        hint = "`reconciler keys new` writes it, and proposes it with the change of this file"
        report(where, "E302" if body is None else "E311", found, hint)
        return None
    try:
        return public_key(body.decode("ascii"))
    except ValueError as error:
        message = str(error) if not isinstance(error, UnicodeDecodeError) else "expected a PEM file in ASCII"
        report(where, "E205", f"{name} is no public key: {message}", "commit the public half, in PEM form")
        return None
