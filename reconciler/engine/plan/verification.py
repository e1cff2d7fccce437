"""Read an artifact's evaluation and recipe, its gate set for an environment, and the recorded verification.

The gates themselves are run where the data is, by `engine.apply.run_gates`.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache

from reconciler import codec
from reconciler.core.artifact import store_layout
from reconciler.core.artifact.evaluation import Evaluation
from reconciler.core.artifact.oci_artifact import EVALUATION_FILE, RECIPE_FILE, Artifact
from reconciler.core.digest import Digest, digest_of_bytes, short
from reconciler.core.evaluation.figures import OutcomeUnit
from reconciler.core.evaluation.units import transformed_unit
from reconciler.core.judging.applicable_gates import ApplicableGates, gates_of
from reconciler.core.judging.judged_again import judged_again
from reconciler.core.plan.facts import VerificationFacts
from reconciler.core.spec.environment import Environment
from reconciler.core.spec.gates import Gate, GateResult, GateSet, NoWorseThanIncumbent, Verification
from reconciler.core.spec.model import Model
from reconciler.core.spec.recipe import BuiltRecipe, Preprocessing
from reconciler.engine.storage import blobs, numbered_log
from reconciler.engine.storage.yardsticks import Yardsticks
from reconciler.errors import IntegrityError, ReconcilerError
from reconciler.ports import Store


def evaluation_of(store: Store, artifact: Digest) -> Evaluation:
    """Read the evaluation of the artifact with this digest."""
    return evaluation_in(store, blobs.artifact(store, artifact))


def evaluation_in(store: Store, artifact: Artifact) -> Evaluation:
    """Read the evaluation of an artifact whose manifest was just read."""
    body = blobs.document(store, artifact, EVALUATION_FILE)
    return codec.decode(Evaluation, body, what=f"{EVALUATION_FILE} of {artifact.digest}")


def recipe_of(store: Store, artifact: Digest) -> BuiltRecipe:
    """Read the recipe that the artifact with this digest was built from."""
    return recipe_in(store, blobs.artifact(store, artifact))


def recipe_in(store: Store, artifact: Artifact) -> BuiltRecipe:
    """Read the recipe of an artifact whose manifest was just read."""
    body = blobs.document(store, artifact, RECIPE_FILE)
    return codec.decode(BuiltRecipe, body, what=f"{RECIPE_FILE} of {artifact.digest}")


def unit_of(store: Store, artifact: Digest) -> OutcomeUnit | None:
    """Return what an artifact predicts and what it is judged in, where those are two; None also where its recipe
    cannot be read, which the plan tells."""
    with suppress(ReconcilerError):
        return transformed_unit(recipe_of(store, artifact).recipe)
    return None


def is_made_by(store: Store, artifact: Artifact, recipe: Digest) -> bool:
    """Tell whether an artifact records that it was built from the recipe of this digest.

    The canonical form of the record ends in that of the recipe, and hashing it costs a tenth of decoding it. The part
    before it is decoded: many artifacts have the same.
    """
    kept, _, last = blobs.document(store, artifact, RECIPE_FILE).partition(b',"recipe":')
    if not last.endswith(b"}}") or digest_of_bytes(last[:-1]) != recipe:
        return False
    codec.decode(_RecipeDetails, kept + b"}", what=f"{RECIPE_FILE} of {artifact.digest}")
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class _RecipeDetails:
    """A `BuiltRecipe` without its recipe."""

    preprocessing: Preprocessing
    format: int


def gate_set_of(model: Model, environment: Environment, evaluation: Evaluation, compared: Yardsticks) -> GateSet:
    """Return the gates that apply, with all that their results depend on besides the artifact."""
    gates = gates_of(model, environment).applying
    compares = any(isinstance(gate, NoWorseThanIncumbent) for gate in gates)
    return GateSet(
        environment=environment.name,
        gates=gates,
        evaluation=evaluation.evaluation_rows,
        incumbent=compared.incumbent.artifact if compares and compared.incumbent is not None else None,
        deployed_before=compared.deployed_before(gates),
    )


def known_verification(
    store: Store, gate_set: GateSet, artifact: Digest, *, gates: ApplicableGates, compared: Yardsticks
) -> VerificationFacts:
    """Look up the verification of an artifact under a gate set in `store`. `gates`: these and the others of today;
    `compared`: what the artifact is compared with in the environment whose gates they are."""
    digest = _digest_of(gate_set)
    return VerificationFacts(
        environment=gate_set.environment,
        gates=gates,
        gate_set=digest,
        verification=read(store, artifact, digest) or joined(store, gate_set, artifact, compared),
        previously_deployed=compared.previously_deployed,
    )


@lru_cache(maxsize=8)
def _digest_of(gate_set: GateSet) -> Digest:
    """Return the digest of a gate set; one store after the other is asked for the same."""
    return codec.digest_of(gate_set)


def joined(store: Store, gate_set: GateSet, artifact: Digest, compared: Yardsticks) -> Verification | None:
    """Return a verification by every gate of the set, from results that are recorded under other sets; None where the
    result of a gate is missing."""
    known = results(store, gate_set, artifact, compared)
    if not gate_set.gates or any(gate not in known for gate in gate_set.gates):
        return None
    return Verification(
        artifact=artifact,
        environment=gate_set.environment,
        gate_set=_digest_of(gate_set),
        evaluation=gate_set.evaluation,
        incumbent=gate_set.incumbent,
        results=tuple(known[gate] for gate in gate_set.gates),
        deployed_before=gate_set.deployed_before,
    )


def results(store: Store, gate_set: GateSet, artifact: Digest, compared: Yardsticks) -> dict[Gate, GateResult]:
    """Return the recorded results of an artifact by gate, for the environment, rows and incumbent of this set.

    A gate that compares counts only where it was compared with this very incumbent, and with the very artifacts that
    were deployed before it.
    """
    known: dict[Gate, GateResult] = {}
    for key in store.keys(f"{store_layout.verifications_of(artifact)}/"):
        body = store.read(key)
        if body is None:
            continue
        recorded = codec.decode(Verification, body, what=key)
        if (recorded.environment, recorded.evaluation) != (gate_set.environment, gate_set.evaluation):
            continue
        for result in recorded.results:
            if not isinstance(result.gate, NoWorseThanIncumbent) or _same_comparison(recorded, result.gate, compared):
                known.setdefault(result.gate, result)
    return known


def _same_comparison(recorded: Verification, gate: NoWorseThanIncumbent, compared: Yardsticks) -> bool:
    incumbent = compared.incumbent.artifact if compared.incumbent is not None else None
    wanted = dict(compared.deployed_before((gate,)) or ())
    before = dict(recorded.deployed_before or ())
    return recorded.incumbent == incumbent and all(before.get(within) == digests for within, digests in wanted.items())


def check_recorded(verification: Verification, evaluation: Evaluation) -> None:
    """Judge again every gate that compares nothing, from the artifact's own evaluation and from recorded figures.

    Raises IntegrityError E510 where a recorded result differs, or where the results are not those of the gate set that
    the record is bound to: a result was left out, or is called not applicable.
    """
    applied = tuple(result.gate for result in verification.applied)
    bound = GateSet(
        environment=verification.environment,
        gates=applied,
        evaluation=verification.evaluation,
        incumbent=verification.incumbent,
        deployed_before=verification.deployed_before,
    )
    if verification.evaluation != evaluation.evaluation_rows or codec.digest_of(bound) != verification.gate_set:
        raise _forged(verification, "does not hold the results of the gates and rows that its name is bound to")
    for result in verification.applied:
        again = judged_again(result, evaluation)
        if again is not None and again.verdict is not result.verdict:
            claimed = f"says that gate {result.gate.uses} {result.verdict.value} it"
            raise _forged(verification, f"{claimed}; by the artifact's own evaluation: {again.reason}")


def _forged(verification: Verification, problem: str) -> IntegrityError:
    return IntegrityError(
        f"the recorded verification of {short(verification.artifact)} for {verification.environment} {problem}",
        code="E510",
        hint="no gate of this program wrote that: find out who writes to the store, remove "
        f"{store_layout.verification(verification.artifact, verification.gate_set)} from it, and apply the environment "
        "that the artifact was trained in, which verifies it again",
    )


def read(store: Store, artifact: Digest, gate_set: Digest) -> Verification | None:
    """Read the recorded verification, or None; IntegrityError E509 when it is another one's."""
    key = store_layout.verification(artifact, gate_set)
    body = store.read(key)
    if body is None:
        return None
    verification = codec.decode(Verification, body, what=key)
    if (verification.artifact, verification.gate_set) != (artifact, gate_set):
        raise numbered_log.misplaced(key, "a verification of another artifact or gate set")
    return verification


def recorded(store: Store, artifact: Digest) -> tuple[Verification, ...]:
    """Return every recorded verification of an artifact, in the order of their names."""
    keys = sorted(store.keys(f"{store_layout.verifications_of(artifact)}/"))
    bodies = ((key, store.read(key)) for key in keys)
    return tuple(codec.decode(Verification, body, what=key) for key, body in bodies if body is not None)


def write(store: Store, verification: Verification, *, run_again: bool = False) -> Verification:
    """Record the verification unless there is one; return the recorded one, which counts from now on.

    `run_again`: its gates were run to vouch for it. Raises IntegrityError E510 where the recorded one says otherwise.
    """
    key = store_layout.verification(verification.artifact, verification.gate_set)
    recorded = codec.decode(Verification, numbered_log.create_or_read(store, key, codec.encode(verification)), what=key)
    verdicts = [[(each.gate, each.verdict) for each in one.results] for one in (recorded, verification)]
    if run_again and verdicts[0] != verdicts[1]:
        raise _forged(recorded, "says otherwise than its gates do, which were run again to sign it")
    return recorded
