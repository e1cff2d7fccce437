"""Check the records that came in a package: they are of its artifact and of each other, and say what the artifact says.

Nothing of them is believed that the artifact itself knows: every gate that compares nothing is judged again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from reconciler import codec
from reconciler.core.artifact.build import Build, Provenance
from reconciler.core.artifact.evaluation import Evaluation
from reconciler.core.artifact.oci_artifact import EVALUATION_FILE, RECIPE_FILE, SCHEMA_FILE, Artifact, Schema
from reconciler.core.digest import Digest, digest_of_bytes, hex_of
from reconciler.core.evaluation.detailed import DetailedEvaluation, contradiction
from reconciler.core.package import layout
from reconciler.core.package.refusal import refused
from reconciler.core.quality.findings import CheckReport
from reconciler.core.spec.gates import Verification
from reconciler.core.spec.recipe import BuiltRecipe
from reconciler.engine.plan import verification as verify
from reconciler.errors import IntegrityError

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageRecords:
    """The records of one artifact; `provenance`, `manifest` and `card` as they are stored."""

    build: Build
    provenance: bytes
    checks: CheckReport | None
    evaluation: Evaluation
    verifications: tuple[Verification, ...]
    evaluations: tuple[DetailedEvaluation, ...]
    manifest: str
    card: bytes | None


def decoded(kind: type[T], body: bytes, what: str, where: str) -> T:
    """Decode a record of a package; IntegrityError E508, E604 with its position."""
    try:
        return codec.decode(kind, body, what=what)
    except IntegrityError as error:
        raise refused(error.code or "E508", error.message, where) from error


def checked(
    records: Mapping[str, bytes], artifact: Artifact, files: Mapping[Digest, Path], where: str
) -> PackageRecords:
    """Return the records of `artifact`, whose files were verified.

    Raises IntegrityError E508 where one is damaged, E509 where it is of something else, E510 where it says otherwise
    than the artifact.
    """

    def own(kind: type[T], path: str) -> T:
        return decoded(kind, files[artifact.file(path).digest].read_bytes(), path, where)

    recipe, evaluation = own(BuiltRecipe, RECIPE_FILE), own(Evaluation, EVALUATION_FILE)
    own(Schema, SCHEMA_FILE)
    build = decoded(Build, records[layout.BUILD], layout.BUILD, where)
    _check_build(build, artifact, recipe, evaluation, records[layout.PROVENANCE], where)
    checks = records.get(layout.CHECKS)
    report = decoded(CheckReport, checks, layout.CHECKS, where) if checks is not None else None
    if report is not None and report.fingerprint != build.fingerprint:
        raise _of_another(layout.CHECKS, "build", where)
    try:
        manifest = records[layout.MODEL_MANIFEST].decode()
    except UnicodeDecodeError as error:
        raise refused("E508", f"{layout.MODEL_MANIFEST} is not UTF-8", where) from error
    return PackageRecords(
        build=build,
        provenance=records[layout.PROVENANCE],
        checks=report,
        evaluation=evaluation,
        verifications=tuple(_verifications(records, artifact, evaluation, where)),
        evaluations=tuple(_evaluations(records, artifact, evaluation, where)),
        manifest=manifest,
        card=records.get(layout.CARD),
    )


def _check_build(
    build: Build, artifact: Artifact, recipe: BuiltRecipe, evaluation: Evaluation, provenance: bytes, where: str
) -> None:
    """Check that build, provenance and artifact are of each other."""
    if build.artifact != artifact.digest:
        raise _of_another(layout.BUILD, "artifact", where)
    if codec.digest_of(recipe.recipe) != build.recipe:
        raise _of_another(layout.BUILD, "recipe", where)
    if evaluation.evaluation_rows != build.evaluation_rows:
        raise _of_another(layout.BUILD, "set of evaluation rows", where)
    if digest_of_bytes(provenance) != build.provenance:
        raise _of_another(layout.PROVENANCE, "build", where)
    made = decoded(Provenance, provenance, layout.PROVENANCE, where)
    inputs = codec.digest_of(made.inputs)
    if (made.artifact, made.fingerprint, inputs) != (artifact.digest, build.fingerprint, build.fingerprint):
        raise _of_another(layout.PROVENANCE, "build", where)
    if (made.inputs.recipe, codec.digest_of(made.runtime)) != (build.recipe, build.runtime):
        raise _of_another(layout.PROVENANCE, "recipe or runtime", where)


def _verifications(
    records: Mapping[str, bytes], artifact: Artifact, evaluation: Evaluation, where: str
) -> list[Verification]:
    found = []
    for name, body in sorted(records.items()):
        match = layout.VERIFICATION.fullmatch(name)
        if match is None:
            continue
        verification = decoded(Verification, body, name, where)
        if (verification.artifact, hex_of(verification.gate_set)) != (artifact.digest, match[1]):
            raise _of_another(name, "artifact or gate set", where)
        try:
            verify.check_recorded(verification, evaluation)
        except IntegrityError as error:
            raise refused("E510", error.message, where) from error
        found.append(verification)
    return found


def _evaluations(
    records: Mapping[str, bytes], artifact: Artifact, evaluation: Evaluation, where: str
) -> list[DetailedEvaluation]:
    found = []
    for name, body in sorted(records.items()):
        if layout.EVALUATION.fullmatch(name) is None:
            continue
        detailed = decoded(DetailedEvaluation, body, name, where)
        if detailed.artifact != artifact.digest:
            raise _of_another(name, "artifact", where)
        of_these_rows = detailed.evaluation_rows == evaluation.evaluation_rows
        if of_these_rows and (said := contradiction(detailed, evaluation)) is not None:
            raise refused("E510", f"{name} has {said}", where)
        found.append(detailed)
    return found


def _of_another(name: str, what: str, where: str) -> IntegrityError:
    return refused("E509", f"{name} is of another {what}", where)
