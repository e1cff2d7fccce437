"""Draw a model's card from the evidence in the stores, and compare the card in git with it byte by byte.

A card names its evidence, of which nothing is believed: the incumbent must be what the artifact replaces (or was
deployed here), gates count as not asked only for what was deployed here, and every record is read from a store.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from reconciler import codec
from reconciler.core.artifact import store_layout
from reconciler.core.artifact.build import Build, Provenance
from reconciler.core.artifact.observed_state import JournalHead
from reconciler.core.artifact.oci_artifact import SCHEMA_FILE, Schema
from reconciler.core.digest import Digest, digest_of_bytes, short
from reconciler.core.evaluation.detailed import DetailedEvaluation, contradiction, named_slices
from reconciler.core.evaluation.question import figures_apart
from reconciler.core.plan.facts import VerificationFacts
from reconciler.core.promotion.model_card import TEMPLATES, ModelCard, StatedEvidence, first_difference, stated_evidence
from reconciler.core.quality.checks import CHECKS
from reconciler.core.quality.findings import CheckFacts
from reconciler.core.spec.desired_state import DesiredState, card_path
from reconciler.core.spec.environment import Environment
from reconciler.core.spec.gates import Verification
from reconciler.core.spec.model import Model
from reconciler.engine.dependencies import Dependencies, RenderCard
from reconciler.engine.plan import verification as verify
from reconciler.engine.storage import blobs, builds
from reconciler.engine.storage.evaluations import records
from reconciler.errors import ReconcilerError
from reconciler.ports import Store

_MOST_INCUMBENTS = 50  # that a card of template 1, which does not name its own, is tried with


class _UntrueError(ReconcilerError):
    """Evidence that a card names and that is not that of its artifact."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PinnedModel:
    """A model that is pinned in `environment`, with what its card may be drawn from.

    `upstream`: the environments that it is promoted from. `head`: of its journal; `previous`: of the journal under its
    former name, where it has none of its own. `known`: the verification by today's gates, which no store need hold as
    one record.
    """

    stores: Mapping[str, Store]
    environment: Environment
    upstream: tuple[str, ...]
    model: Model
    build: Build
    head: JournalHead | None
    previous: JournalHead | None = None
    known: Verification | None = None

    @property
    def artifact(self) -> Digest:
        return self.build.artifact

    @property
    def deployed_here(self) -> tuple[Digest, ...]:
        """Return every artifact that was ever deployed here for this model."""
        history = self.head or self.previous
        return history.state.vetted if history is not None else ()

    def incumbent(self) -> Digest | None:
        """Return the deployed artifact that this one replaces; None where there is none whose evaluation is here."""
        deployed = self.head.state.artifact if self.head is not None else None
        if deployed == self.artifact or deployed is None:
            return None
        return deployed if blobs.holds(self.stores[self.environment.name], deployed) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCards:
    """The cards that git has of an environment's models: `texts` by path.

    `render` draws them again; without it, none is checked.
    """

    stores: Mapping[str, Store]
    environment: Environment
    upstream: tuple[str, ...]
    texts: Mapping[str, bytes]
    render: RenderCard | None

    def problem(
        self,
        model: Model,
        build: Build,
        verified: VerificationFacts | None,
        head: JournalHead | None,
        predecessor: Callable[[Model], JournalHead | None],
    ) -> str | None:
        """Say what is wrong with a model's card; None where nothing is, or there is none.

        The card that was checked at the deploy is not drawn again. Which one that was, entries of older programs do not
        say: `audit` draws those.
        """
        card = self.texts.get(card_path(model.environment, model.name))
        if card is None or self.render is None:
            return None
        if head is not None and head.state.artifact == build.artifact:
            checked = head.state.card
            if checked is None or checked == digest_of_bytes(card):
                return None
        pinned = self.pinned(model, build, head)
        previous = predecessor(model) if head is None else None
        known = verified.verification if verified is not None else None
        return problem(replace(pinned, previous=previous, known=known), card, self.render)

    def pinned(self, model: Model, build: Build, head: JournalHead | None) -> PinnedModel:
        """Return what a model's card may be drawn from."""
        return PinnedModel(
            stores=self.stores,
            environment=self.environment,
            upstream=self.upstream,
            model=model,
            build=build,
            head=head,
        )


def model_cards(deps: Dependencies, desired: DesiredState, environment: Environment) -> ModelCards:
    """Return the cards of an environment's models."""
    return ModelCards(
        stores=deps.stores,
        environment=environment,
        upstream=desired.upstream(environment.name),
        texts=desired.cards,
        render=deps.render_card,
    )


def draw(
    pinned: PinnedModel,
    verification: Verification | None,
    incumbent: Digest | None,
    detailed: DetailedEvaluation | None = None,
) -> ModelCard:
    """Return the card of a model; `detailed`: the recorded evaluation in full that it shows.

    Raises IntegrityError E604 where no store holds the evidence.
    """
    environment, stores = pinned.environment, pinned.stores
    origin = blobs.origin_of(stores, environment, pinned.artifact)
    if origin is None:
        raise blobs.absent(pinned.artifact)
    package = blobs.artifact(origin, pinned.artifact)
    provenance = blobs.origin_of(stores, environment, pinned.build.provenance)
    if provenance is None:
        raise blobs.absent(pinned.build.provenance)
    own = verify.evaluation_in(origin, package)
    if detailed is not None and (said := contradiction(detailed, own)) is not None:
        raise _UntrueError(f"the evaluation in full that it shows has {said}")
    schema = blobs.document(origin, package, SCHEMA_FILE) if detailed is not None else b""
    recipe, own_store = verify.recipe_in(origin, package), stores[environment.name]
    apart = figures_apart(recipe.recipe, verify.recipe_of(own_store, incumbent).recipe) if incumbent else None
    return ModelCard(
        model=pinned.model.name,
        environment=environment.name,
        owner=pinned.model.owner,
        description=pinned.model.description,
        recipe=recipe,
        evaluation=own,
        provenance=blobs.record(provenance, pinned.build.provenance, Provenance),
        verification=verification,
        apart=apart,
        before=verify.evaluation_of(own_store, incumbent) if incumbent is not None else None,
        incumbent=incumbent,
        checks=_checks(pinned),
        detailed=named_slices(detailed, codec.decode(Schema, schema, what=SCHEMA_FILE)) if detailed else None,
        evaluated=codec.digest_of(detailed) if detailed is not None else None,
    )


def _checks(pinned: PinnedModel) -> CheckFacts:
    """Return what the checks found in the rows, with the reasons that the manifest gives; what the policy allows of
    them is no part of a card."""
    report = builds.checks_of(_stores(pinned), pinned.build.fingerprint)
    return CheckFacts(
        findings=report.findings if report is not None else None, off=pinned.model.checks_off, allowed=tuple(CHECKS)
    )


def compares_with(card: bytes) -> Digest | None:
    """Return the incumbent that a card in git compares its artifact with."""
    return stated_evidence(card.decode("utf-8", "replace")).incumbent


def problem(pinned: PinnedModel, card: bytes, render: RenderCard) -> str | None:
    """Say why a card in git is not what the evidence gives, or why that cannot be told; None where it is."""
    text = card.decode("utf-8", "replace")
    stated = stated_evidence(text)
    if stated.template not in TEMPLATES:
        return f"it states card format {stated.template}, which this version does not know"
    try:
        drawn = [render(replace(candidate, template=stated.template)) for candidate in _candidates(pinned, stated)]
    except _UntrueError as error:
        return error.message
    except ReconcilerError as error:
        return f"it cannot be drawn again: {error.message}"
    if any(candidate.encode() == card for candidate in drawn):
        return None
    return first_difference(text, drawn[0]) or "it is not UTF-8"


def _candidates(pinned: PinnedModel, stated: StatedEvidence) -> Iterator[ModelCard]:
    """Yield the cards that could be the stated one. Raises _UntrueError where its evidence is not true."""
    pinned = replace(pinned, build=_build(pinned, stated))
    verification = _verification(pinned, stated)
    previously_deployed = pinned.artifact in pinned.deployed_here
    allowed = [pinned.incumbent()]
    if previously_deployed:  # what it replaced then, which the journal's head does not say
        others = [artifact for artifact in pinned.deployed_here if artifact not in (pinned.artifact, *allowed)]
        allowed = list(dict.fromkeys([*allowed, *others, None]))
    if stated.template != 1:
        if stated.incumbent not in allowed:
            named = short(stated.incumbent) if stated.incumbent is not None else "no incumbent"
            wanted = short(allowed[0]) if allowed[0] is not None else "none"
            raise _UntrueError(f"it compares with {named}, and the incumbent is {wanted}")
        allowed = [stated.incumbent]
    detailed = _detailed(pinned, stated)
    for incumbent in allowed[:_MOST_INCUMBENTS]:
        yield draw(pinned, verification, incumbent, detailed)


def _detailed(pinned: PinnedModel, stated: StatedEvidence) -> DetailedEvaluation | None:
    """Return the evaluation in full that the card shows."""
    if stated.evaluated is None:
        return None
    for store in _stores(pinned):
        found = records.named(store, pinned.artifact, stated.evaluated)
        if found is not None:
            return found
    place = pinned.upstream[0] if pinned.upstream else pinned.environment.name
    made = f"`reconciler show {pinned.model.name} --in {place}` makes it again"
    raise _UntrueError(f"it shows evaluation {short(stated.evaluated)}, which no store holds: {made}")


def _build(pinned: PinnedModel, stated: StatedEvidence) -> Build:
    """Return the build that the card names: the same artifact may come from another fingerprint, too."""
    if stated.fingerprint is None or stated.fingerprint == pinned.build.fingerprint:
        return pinned.build
    for store in _stores(pinned):
        build = builds.of_fingerprint(store, stated.fingerprint)
        if build is not None and build.artifact == pinned.artifact:
            return build
    raise _UntrueError(
        f"it names fingerprint {short(stated.fingerprint)}, which {short(pinned.artifact)} was not built from"
    )


def _verification(pinned: PinnedModel, stated: StatedEvidence) -> Verification | None:
    if stated.verification is None:
        if pinned.artifact in pinned.deployed_here:
            return None
        raise _UntrueError(f"it names no verification, and {short(pinned.artifact)} was never deployed here")
    if pinned.known is not None and codec.digest_of(pinned.known) == stated.verification:
        return pinned.known
    for store in _stores(pinned):
        for key in store.keys(f"{store_layout.verifications_of(pinned.artifact)}/"):
            body = store.read(key)
            found = codec.decode(Verification, body, what=key) if body is not None else None
            if (
                found is not None
                and codec.digest_of(found) == stated.verification
                and (found.artifact, found.environment) == (pinned.artifact, pinned.environment.name)
            ):
                return found
    raise _UntrueError(f"it names verification {short(stated.verification)}, which no store holds for this artifact")


def _stores(pinned: PinnedModel) -> Iterator[Store]:
    for name in (pinned.environment.name, *pinned.upstream):
        if name in pinned.stores:
            yield pinned.stores[name]
