"""The files of a town's commits, as far as anybody looks back at them: pins, gates and policies. JSON is YAML, too."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from reconciler import codec
from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.spec.environment import Policy
from reconciler.engine.load_desired import Checkout
from reconciler.ports import ParsedExpression
from reconciler.testing.memory import MemorySource


def files(desired: DesiredState) -> Mapping[str, bytes]:
    """Path -> text of everything that only promotes."""
    found: dict[str, bytes] = {}
    for environment in desired.environments:
        if not environment.trains:
            found[f"environments/{environment.name}.yaml"] = _document({"policy": policy(environment.policy)})
            for model in desired.models_of(environment.name):
                gates = [codec.to_json(gate) for gate in model.gates]
                found[model.file] = _document({"artifact": model.artifact, "gates": gates})
    return found


def checkout(source: MemorySource, desired: DesiredState) -> Checkout:
    """What a command that proposes starts from."""
    revision = desired.revision or source.line[-1]
    return Checkout(
        revision=revision,
        tree=source.tree(revision, ()),
        files=source.trees[revision],
        desired=desired,
        expressions=NoExpressions(),
    )


class NoExpressions:
    """A town's manifests hold none."""

    def parse(self, texts: Iterable[str]) -> Mapping[str, ParsedExpression]:
        raise AssertionError(f"nobody wrote {list(texts)}")


def policy(given: Policy) -> dict[str, Any]:
    """As a manifest writes it."""
    written: dict[str, Any] = {
        "gates": [codec.to_json(gate) for gate in given.gates],
        "prune": given.prune.value,
        "maxRetire": given.max_retire,
        "owners": list(given.owners),
        "freeze": [
            {
                "cron": one.cron,
                "duration": f"{one.duration}s",
                "timeZone": one.time_zone,
                "reason": one.reason,
                "rollback": "blocked" if one.blocks_rollback else "allowed",
            }
            for one in given.freeze
        ],
        "holds": [codec.to_json(one) for one in given.holds],
        "rejected": [codec.to_json(one) for one in given.rejected],
        "overrides": [codec.to_json(one) for one in given.overrides],
    }
    if given.max_data_age is not None:
        written["maxDataAge"] = f"{given.max_data_age}s"
    if (approvals := given.approvals) is not None:
        written["approvals"] = {
            "min": approvals.least,
            "from": list(approvals.people),
            "notAuthor": approvals.not_author,
        }
    return written


def _document(spec: Mapping[str, Any]) -> bytes:
    return json.dumps({"spec": spec}).encode()
