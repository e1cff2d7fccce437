"""Name -> implementation of a port: a table of our own, and entry points for everybody else's.

    [project.entry-points."reconciler.stores"]
    s3 = "my_package.store:S3Store"

Implementations are imported when they are used, and other people's packages are asked only for names that are not ours.
A name that two packages give is an error: which one would win must never depend on the order of an installation.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from reconciler.errors import UsageError

BUILT_IN: Mapping[str, Mapping[str, str]] = {
    "stores": {"files": "reconciler.adapters.store_files:FilesStore"},
    "targets": {"directory": "reconciler.adapters.target_directory:DirectoryTarget"},
    "data": {"duckdb": "reconciler.adapters.data_child:DataChild"},
    "trainers": {"sklearn": "reconciler.adapters.training_child:TrainingChild"},
    "scorers": {"sklearn": "reconciler.adapters.scoring_child:ScoringChild"},
    "sources": {
        "git": "reconciler.adapters.source_git:GitSource",
        "work-tree": "reconciler.adapters.source_worktree:WorkTree",
    },
    "proposers": {"git": "reconciler.adapters.proposer_git:GitProposer"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """An implementation that an installed package offers: `module:Class`, and the package's name."""

    name: str
    path: str
    package: str


def load(kind: str, name: str) -> Any:
    """The class behind `uses: <name>`; UsageError when nobody has it, two have it, or it cannot be imported."""
    path = BUILT_IN[kind].get(name) or _offered(kind, name, installed(kind))
    module, _, attribute = path.partition(":")
    try:
        return getattr(import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise UsageError(
            f"{kind}: {name!r} is there, but {path} cannot be imported ({type(error).__name__})",
            hint="install the package again with what it needs",
        ) from error


def names(kind: str) -> tuple[str, ...]:
    """Every name that `load` would take, sorted."""
    return tuple(sorted({*BUILT_IN[kind], *(offer.name for offer in installed(kind))}))


def installed(kind: str) -> tuple[Offer, ...]:
    """What installed packages offer under `reconciler.<kind>`."""
    from importlib.metadata import entry_points

    return tuple(
        Offer(name=one.name, path=one.value, package=one.dist.name if one.dist else "?")
        for one in entry_points(group=f"reconciler.{kind}")
    )


def _offered(kind: str, name: str, offers: Iterable[Offer]) -> str:
    found = sorted({(offer.package, offer.path) for offer in offers if offer.name == name})
    if len(found) > 1:
        packages = " and ".join(package for package, _ in found)
        raise UsageError(f"{kind}: {name!r} is given by {packages}", hint="uninstall all but one of them")
    if not found:
        known = sorted({*BUILT_IN[kind], *(offer.name for offer in offers)})
        near = difflib.get_close_matches(name, known, n=1)
        meant = f"did you mean {near[0]!r}? " if near else ""
        raise UsageError(f"{kind}: there is no {name[:60]!r}", hint=f"{meant}there is: {', '.join(known)}")
    return found[0][1]
