"""What an environment says of copies of its tables, and what a change of it loosens. Pure.

Masks hold wherever the tables are copied to: so they are controls of the environment where the data live, and a branch
that takes one away copies no value that it would have masked.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from reconciler.core.controls.weakened_gates import NOTHING, WeakenedGate
from reconciler.core.digest import DefaultsLeftOut
from reconciler.core.spec.data import DataBinding, Mask, PersonalData, Table, Treatment

_STRICTNESS = {
    Treatment.GENERALISE: 1,
    Treatment.PSEUDONYM: 2,
    Treatment.CONSTANT: 3,
    Treatment.REDACT: 3,
    Treatment.DROP: 4,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DataProtection(DefaultsLeftOut):
    """The masks of an environment's tables, and what goes with them. `tables`: those that are masked, since another
    declaration may name their columns otherwise; `mask_key`: where the key of pseudonyms is, never the key."""

    tables: tuple[tuple[str, Table], ...] = ()
    masks: tuple[Mask, ...] = ()
    mask_key: str | None = None
    personal_data: PersonalData | None = None
    not_personal: tuple[tuple[str, str], ...] = ()


UNPROTECTED = DataProtection()


def protection_of(data: DataBinding) -> DataProtection:
    """Return what an environment says of copies of its tables; the default where it says nothing."""
    if not data.tables or not (data.masks or data.mask_key or data.personal_data or data.not_personal):
        return UNPROTECTED
    named = {mask.table for mask in data.masks} | {name.partition(".")[0] for name, _ in data.not_personal}
    return DataProtection(
        tables=tuple((name, table) for name, table in data.tables if name in named),
        masks=data.masks,
        mask_key=data.mask_key,
        personal_data=data.personal_data,
        not_personal=data.not_personal,
    )


def loosened_protection(old: DataProtection, new: DataProtection) -> Iterator[WeakenedGate]:
    """Yield what `new` protects less than `old`: nothing tells a harmless other key or table from a planted one."""
    after = {_name(mask): mask for mask in new.masks}
    for mask in old.masks:
        now = after.get(_name(mask))
        if now is None or (now != mask and stricter(mask, now) != now):
            label = in_words(now) if now is not None else NOTHING
            yield WeakenedGate(what=f"mask {mask.table}.{mask.column}", old=in_words(mask), new=label)
    if old.mask_key is not None and new.mask_key != old.mask_key:
        yield WeakenedGate(what="maskKey", old=old.mask_key, new=new.mask_key or NOTHING)
    if new.personal_data is PersonalData.WARN and old.personal_data is not PersonalData.WARN:
        yield WeakenedGate(what="personalData", old=PersonalData.DENY.value, new=PersonalData.WARN.value)
    known = {name.lower() for name, _ in old.not_personal}
    for name, _ in new.not_personal:
        if name.lower() not in known:
            yield WeakenedGate(what=f"notPersonal {name}", old="may look personal", new="excused")
    tables = dict(new.tables)
    for name, table in old.tables:
        if name in tables and tables[name] != table:
            yield WeakenedGate(what=f"masked table {name}", old="as declared before", new="declared otherwise")


def stricter(one: Mask, other: Mask) -> Mask:
    """Return the mask of two of one column that leaves less; `one` where that cannot be told."""
    first, second = _STRICTNESS[one.treatment], _STRICTNESS[other.treatment]
    if first != second:
        return one if first > second else other
    return other if one.treatment is Treatment.GENERALISE and _coarser(other.argument, one.argument) else one


def in_words(mask: Mask) -> str:
    """Return a treatment in a few words."""
    return mask.treatment.value if mask.argument is None else f"{mask.treatment.value} {mask.argument}"


def _name(mask: Mask) -> str:
    return f"{mask.table}.{mask.column}".lower()


def _coarser(one: str | None, other: str | None) -> bool:
    """Tell whether a generalisation is surely coarser than another."""
    if (one, other) == ("year", "month"):
        return True
    texts = (one or "", other or "")
    if all(text.startswith("first ") for text in texts):
        return int(texts[0][6:]) < int(texts[1][6:])
    try:
        steps = [float(text) for text in texts]
    except ValueError:
        return False
    return steps[0] > steps[1] and (steps[0] / steps[1]).is_integer()
