"""Ask buckets what a plan read there has become, by listings: as much as a look at the files of a disk tells.

What describes environments is imported when there are buckets: a plan over disks needs none of it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING

from reconciler.app.planning.git_state import hash_of
from reconciler.errors import StoreError, TargetError

if TYPE_CHECKING:
    from reconciler.core.spec.desired_state import DesiredState
    from reconciler.core.storage.location import StorageLocation


def are_all_observed(desired: DesiredState) -> bool:
    """Tell whether every store and target records what is read of it: ours do, those of other packages do not."""
    from reconciler import plugins

    def _is_listed(target: StorageLocation) -> bool:
        return target.uses in plugins.TARGETS and target.is_listed

    return all(
        environment.store.uses in plugins.STORES and (environment.target is None or _is_listed(environment.target))
        for environment in desired.environments
    )


def parts_of(desired: DesiredState) -> str:
    """Return where the stores and targets in buckets are, as one text; an empty one where all are on disks."""
    if not desired.is_remote:
        return ""
    from reconciler.adapters.object_storage import observed_objects

    parts = {}
    for environment in desired.environments:
        for place, part in (
            (environment.store, observed_objects.store_part(environment.name)),
            (environment.target, observed_objects.target_part(environment.name)),
        ):
            if place is not None and place.root is None:
                parts[part] = [place.uses, place.settings, _service(place), place is environment.target]
    return json.dumps(parts)


def asked_states(parts: str, paths: Iterable[str]) -> Callable[[], dict[str, str]] | None:
    """Ask for the states of those of the paths that are in buckets, and return what waits for them; None where the
    operator names other services now.

    `parts`: as `parts_of` returned it when the paths were recorded. What is returned raises what listing a bucket does.
    """
    from reconciler.adapters.object_storage import observed_objects
    from reconciler.adapters.object_storage.open_bucket import open_bucket
    from reconciler.core.storage.location import StorageLocation

    listed = {}
    for part, (uses, settings, service, is_target) in json.loads(parts).items():
        place = StorageLocation(uses=uses, settings=tuple((name, text) for name, text in settings))
        if service != _service(place):
            return None
        opener = partial(open_bucket, place, kind=TargetError if is_target else StoreError)
        listed[part] = observed_objects.ListedPart(opener, whole=is_target)
    return observed_objects.asked_states(listed, paths)


def _service(place: StorageLocation) -> str:
    """Return a hash of the address that the operator gives for the service of a bucket."""
    from reconciler.adapters.object_storage.clients import endpoint

    return hash_of([endpoint(place.uses) or ""])
