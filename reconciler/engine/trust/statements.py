"""Make and read in-toto Statements v1 about artifacts: SLSA provenance v1, and the results of gates. No effects."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from reconciler import __version__, codec
from reconciler.core.artifact.build import Provenance
from reconciler.core.digest import Digest, digest_of_bytes, hex_of, is_digest, short
from reconciler.core.spec.gates import Verification
from reconciler.core.trust.attestation import BUILD_TYPE, GATE_RESULTS, PROVENANCE, STATEMENT_V1
from reconciler.errors import IntegrityError

BUILDER = "https://model-reconciler.dev/builder/"
VERIFIER = "https://model-reconciler.dev/verifier/"
_PARAMETERS = {"project", "environment", "model", "recipe"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What a statement says, as far as it is held against something. `record`: the digest of the record that it is
    about: the provenance, or the verification; `day`: of the training or the verification, ISO; `fingerprint`: of all
    that went into a training; `trainer`: the key of who trained, None of one that was vouched for."""

    subject: Digest
    kind: str
    record: Digest
    day: str
    gate_set: Digest | None = None
    fingerprint: Digest | None = None
    trainer: Digest | None = None


def provenance_statement(record: Provenance, digest: Digest, trainer: Digest | None = None) -> bytes:
    """Return the SLSA provenance of a training. `digest`: of the record, a blob. `trainer`: the key of the process that
    trained; None where whoever signs only vouches for the record."""
    inputs, runtime = record.inputs, record.runtime
    dependencies: list[dict[str, Any]] = [
        {"name": f"table {table.name}", "digest": _sha256(table.digest)} for table in inputs.tables
    ]
    if inputs.masks is not None:
        masks = digest_of_bytes(codec.canonical(codec.to_json(inputs)["masks"]))
        dependencies.append({"name": "masks", "digest": _sha256(masks)})
    dependencies.append({"name": "runtime", "digest": _sha256(inputs.runtime)})
    if record.commit is not None:
        dependencies.append({"name": "commit", "digest": {"gitCommit": record.commit}})
    predicate = {
        "buildDefinition": {
            "buildType": BUILD_TYPE,
            "externalParameters": {
                "project": record.project,
                "environment": record.environment,
                "model": record.model,
                "recipe": inputs.recipe,
            },
            "internalParameters": {
                "fingerprint": record.fingerprint,
                "record": digest,
                "snapshot": record.snapshot,
                "asOf": record.as_of,
                "taken": _time(record.taken),
                "runtime": codec.to_json(runtime),
                **({"trainer": trainer} if trainer is not None else {}),
            },
            "resolvedDependencies": dependencies,
        },
        "runDetails": {
            "builder": {"id": f"{BUILDER}{__version__}"},
            "metadata": {
                "invocationId": record.fingerprint,
                "startedOn": _time(record.started),
                "finishedOn": _time(record.finished),
            },
        },
    }
    return _statement(record.artifact, PROVENANCE, predicate)


def gate_statement(verification: Verification, when: datetime) -> bytes:
    """Return the summary of a verification: bound to artifact, gates, evaluation rows and incumbent."""
    predicate = {
        "verifier": {"id": f"{VERIFIER}{__version__}"},
        "timeVerified": _time(when),
        "resourceUri": f"environment:{verification.environment}",
        "policy": {"digest": _sha256(verification.gate_set)},
        "verificationResult": "PASSED" if verification.passed else "FAILED",
        "record": verification_digest(verification),
        "evaluationRows": verification.evaluation,
        "incumbent": verification.incumbent,
        "gates": [{"uses": each.gate.uses, "verdict": each.verdict.value} for each in verification.results],
    }
    return _statement(verification.artifact, GATE_RESULTS, predicate)


def verification_digest(verification: Verification) -> Digest:
    """Return the digest of a verification's stored bytes."""
    return digest_of_bytes(codec.encode(verification))


def claim_of(payload: bytes) -> Claim:
    """Read a statement that somebody signed. Raises IntegrityError E520 where it is of no kind that is written here, or
    of a training with parameters that nothing here asks for."""
    try:
        document: Any = json.loads(payload)
        (subject,) = document["subject"]
        predicate, kind = document["predicate"], document["predicateType"]
        if document["_type"] != STATEMENT_V1 or set(subject["digest"]) != {"sha256"}:
            raise ValueError("another form")
        gate_set = fingerprint = trainer = None
        if kind == PROVENANCE:
            definition, details = predicate["buildDefinition"], predicate["runDetails"]
            known = set(definition["externalParameters"]) == _PARAMETERS and definition["buildType"] == BUILD_TYPE
            if not known or not details["builder"]["id"].startswith(BUILDER):
                raise ValueError("another build")
            fingerprint = Digest(str(definition["internalParameters"]["fingerprint"]))
            trainer = definition["internalParameters"].get("trainer")
            record, when = definition["internalParameters"]["record"], details["metadata"]["finishedOn"]
        elif kind == GATE_RESULTS:
            record, when = predicate["record"], predicate["timeVerified"]
            gate_set = Digest(f"sha256:{predicate['policy']['digest']['sha256']}")
        else:
            raise ValueError("another kind")
        artifact = f"sha256:{subject['digest']['sha256']}"
        day = datetime.fromisoformat(when).astimezone(UTC).date().isoformat()
        if not (is_digest(artifact) and is_digest(record)):
            raise ValueError("no digests")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise IntegrityError(
            f"a signed statement ({short(digest_of_bytes(payload))}) is none that this tool knows",
            code="E520",
            hint="a newer version may have written it: upgrade and try again",
        ) from error
    return Claim(
        subject=Digest(artifact),
        kind=kind,
        record=Digest(record),
        day=day,
        gate_set=gate_set,
        fingerprint=fingerprint,
        trainer=trainer,
    )


def _statement(artifact: Digest, kind: str, predicate: dict[str, Any]) -> bytes:
    subject = [{"name": "model", "digest": _sha256(artifact)}]
    return codec.canonical(
        {"_type": STATEMENT_V1, "subject": subject, "predicateType": kind, "predicate": _without_none(predicate)}
    )


def _without_none(value: dict[str, Any]) -> dict[str, Any]:
    return {name: item for name, item in value.items() if item is not None}


def _sha256(digest: Digest) -> dict[str, str]:
    return {"sha256": hex_of(digest)}


def _time(when: datetime) -> str:
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
