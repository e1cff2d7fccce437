"""Write the files of a sample project's commits that are read again: pins, gates and policies. JSON is YAML, too."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from reconciler import codec
from reconciler.core.spec.data import Contract
from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.spec.environment import Environment, Policy
from reconciler.core.trust.keys import NO_TRUST, Trust, TrustRole
from reconciler.engine.load_desired import Checkout
from reconciler.ports import ParsedExpression
from reconciler.testing.memory_git import MemorySource


def files(desired: DesiredState) -> Mapping[str, bytes]:
    """Return path -> text of the environments that only promote, and of their models."""
    documents: dict[str, bytes] = {}
    for environment in desired.environments:
        if not environment.trains:
            documents[f"environments/{environment.name}.yaml"] = environment_file(environment)
            for model in desired.models_of(environment.name):
                gates = [_gate(codec.to_json(gate)) for gate in model.gates]
                again = {"proposed": model.proposed} if model.proposed else {}
                documents[model.file] = _document({"artifact": model.artifact, **again, "gates": gates})
    return documents


def _contract(contract: Contract) -> dict[str, Any]:
    """Return the rules of a contract that the samples have."""
    key = {"key": contract.key} if contract.key is not None else {}
    return {**key, "rows": {"atLeast": contract.rows_at_least}}


def _trust(trust: Trust) -> dict[str, Any]:
    """Return what is trusted as its file has it."""
    keys = {
        role.value: [
            {
                "key": each.file,
                **({"from": each.since} if each.since else {}),
                **{name: text for name in ("until", "revoked", "reason") if (text := getattr(each, name))},
            }
            for each in trust.keys(role)
        ]
        for role in TrustRole
    }
    return {"required": trust.required, "keys": keys, "threshold": dict(trust.threshold)}


def environment_file(environment: Environment) -> bytes:
    """Return an environment as its file has it."""
    data: dict[str, Any] = {
        "tables": {name: {"uses": table.uses, "path": table.path} for name, table in environment.data.tables}
    }
    if environment.data.copy_from is not None:
        data["copyFrom"] = environment.data.copy_from
    if environment.data.contracts:
        data["contracts"] = {each.table: _contract(each) for each in environment.data.contracts}
    spec: dict[str, Any] = {
        "role": environment.role.value,
        "store": {"uses": "files", "root": environment.store.root},
        "data": data,
        "promotesFrom": list(environment.promotes_from),
        "policy": policy(environment.policy),
    }
    if environment.target is not None:
        spec["target"] = {"uses": "directory", "root": environment.target.root}
    if environment.trust != NO_TRUST:
        spec["trust"] = _trust(environment.trust)
    if environment.protect is not None:
        spec["protect"] = {"branch": environment.protect}
    metadata = {"name": environment.name}
    return json.dumps(
        {"apiVersion": "reconciler/v1", "kind": "Environment", "metadata": metadata, "spec": spec}
    ).encode()


def checkout(source: MemorySource, desired: DesiredState) -> Checkout:
    """Return the checkout that a command which proposes starts from."""
    revision = desired.revision or source.line[-1]
    return Checkout(
        revision=revision,
        tree=source.tree(revision, ()),
        files=source.trees[revision],
        desired=desired,
        expressions=NoExpressions(),
    )


class NoExpressions:
    """A parser for manifests without expressions."""

    def parse(self, texts: Iterable[str]) -> Mapping[str, ParsedExpression]:
        raise AssertionError(f"nobody wrote {list(texts)}")


def policy(policy_value: Policy) -> dict[str, Any]:
    """Return a policy as a manifest has it."""
    written: dict[str, Any] = {
        "gates": [_gate(codec.to_json(gate)) for gate in policy_value.gates],
        "prune": policy_value.prune.value,
        "maxRetire": policy_value.max_retire,
        "owners": list(policy_value.owners),
        "freeze": [
            {
                "cron": freeze.cron,
                "duration": f"{freeze.duration}s",
                "timeZone": freeze.time_zone,
                "reason": freeze.reason,
                "rollback": "blocked" if freeze.blocks_rollback else "allowed",
            }
            for freeze in policy_value.freeze
        ],
        "holds": [codec.to_json(hold) for hold in policy_value.holds],
        "rejected": [codec.to_json(rejection) for rejection in policy_value.rejected],
        "overrides": [codec.to_json(override) for override in policy_value.overrides],
        "retire": [codec.to_json(retirement) for retirement in policy_value.retire],
    }
    if policy_value.max_data_age is not None:
        written["maxDataAge"] = f"{policy_value.max_data_age}s"
    if (approvals := policy_value.approvals) is not None:
        written["approvals"] = {
            "min": approvals.least,
            "from": list(approvals.people),
            "notAuthor": approvals.not_author,
        }
    return written


def _gate(stored: dict[str, Any]) -> dict[str, Any]:
    """Return a gate as a manifest has it: a duration as a text."""
    within = stored.get("within")
    return stored if within is None else {**stored, "within": f"{within // 60}m"}


def _document(spec: Mapping[str, Any]) -> bytes:
    return json.dumps({"spec": spec}).encode()
