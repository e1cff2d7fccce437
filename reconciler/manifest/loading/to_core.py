"""Convert checked documents to core values. Every problem was reported before, so nothing fails here."""

from __future__ import annotations

from reconciler import codec
from reconciler.core.digest import Digest
from reconciler.core.duration import parse_duration
from reconciler.core.spec import data as core_data
from reconciler.core.spec import environment as env
from reconciler.core.spec import model as declared
from reconciler.core.spec import recipe as core
from reconciler.core.spec.decisions import declared as chosen
from reconciler.core.spec.inputs import features as inputs
from reconciler.core.storage.location import StorageLocation
from reconciler.core.trust.keys import NO_TRUST, Trust
from reconciler.manifest.schema import data, documents, features, locations, model, tables
from reconciler.manifest.schema.decisions import declared as decisions
from reconciler.manifest.schema.decisions.to_core import calibrate_of, decide_of, estimator_of
from reconciler.manifest.schema.field_types import bytes_of, share_of


def recipe_of(given: model.Recipe) -> core.Recipe:
    """Return a recipe as a core value."""
    data, past, train = given.data, given.data.past, given.data.train
    return core.Recipe(
        task=core.Task(given.task),
        data=core.Selection(
            table=data.from_,
            key=data.key,
            joins=tuple(core.Join(table=table, key=key) for table, key in data.join.items()),
            derive=_named(data.derive),
            past=core.Past(
                by=past.owners[0],
                at=past.at,
                known=past.known,
                features=tuple(_past_feature(name, feature) for name, feature in past.features.items()),
                where=_clean(past.where),
                also_by=tuple(past.owners[1:]) or None,
            )
            if past
            else None,
            where=_clean(data.where),
            train=core.Window(by=train.by, since=train.since, until=train.until, where=_clean(train.where))
            if train
            else None,
            predict=_clean(data.predict.where) if data.predict else None,
        ),
        outcome=_outcome(given.outcome),
        features=core.Features(
            numeric=tuple(given.features.numeric),
            categorical=tuple(given.features.categorical),
            boolean=tuple(given.features.boolean),
            dates=tuple(
                inputs.DateFeature(column=column, parts=tuple(parts)) for column, parts in given.features.dates.items()
            )
            or None,
            text=tuple(
                inputs.TextFeature(column=column, buckets=count) for column, count in given.features.text.items()
            )
            or None,
            target_encoded=tuple(given.features.target_encoded) or None,
        ),
        estimator=estimator_of(given.estimator),
        holdout=core.Holdout(
            last=share_of(given.holdout.last) if given.holdout.last else None,
            by=given.holdout.by,
            random=share_of(given.holdout.random) if given.holdout.random else None,
        ),
        seed=given.seed,
        weights=chosen.RowWeights(
            recency=chosen.Recency(
                half_life=parse_duration(given.weights.recency.half_life), by=given.weights.recency.by
            )
        )
        if given.weights
        else None,
        calibrate=calibrate_of(given.calibrate) if given.calibrate else None,
        decide=_decide(given.decide, calibrated=given.calibrate is not None) if given.decide else None,
    )


def _decide(given: decisions.Decide, *, calibrated: bool) -> chosen.Decide:
    """Return a decision; folds that nothing would heed stay, so that they are told."""
    decide = decide_of(given)
    return decide if calibrated else decide.beside(None)


def _outcome(given: model.Outcome) -> core.Outcome:
    conditions = given.classes if isinstance(given.classes, dict) else {}
    return core.Outcome(
        column=given.column,
        classes=tuple(
            core.OutcomeClass(name=name, when=_clean(conditions.get(name)), possible=_clean(given.possible.get(name)))
            for name in given.classes or ()
        ),
        matured=_clean(given.matured),
    )


def _named(pairs: dict[str, str]) -> tuple[core.NamedExpression, ...]:
    return tuple(core.NamedExpression(name=name, expression=text.strip()) for name, text in pairs.items())


def _past_feature(name: str, given: str | features.PastFeature) -> core.PastFeature:
    if isinstance(given, str):
        return core.PastFeature(name=name, expression=given.strip())
    within = parse_duration(given.within) if given.within is not None else None
    return core.PastFeature(name=name, expression=given.aggregate.strip(), within=within, last=given.last)


def _clean(text: str | None) -> str | None:
    return text.strip() if text is not None else None


def model_of(given: model.Model, *, environment: str, path: str) -> declared.Model:
    """Return a model as a core value, with its recipe's digest; `path`: the file of its manifest."""
    recipe = recipe_of(given.spec.recipe)
    retrain = given.spec.retrain
    return declared.Model(
        name=given.metadata.name,
        environment=environment,
        recipe=recipe,
        recipe_digest=codec.digest_of(recipe),
        gates=tuple(gate.value() for gate in given.spec.gates),
        file=path,
        owner=given.metadata.owner,
        description=given.metadata.description,
        artifact=Digest(given.spec.artifact) if given.spec.artifact else None,
        retrain=declared.Retrain(
            because=tuple(sorted(declared.RetrainReason(reason) for reason in retrain.because)),
            every=parse_duration(retrain.every) if retrain.every else None,
            requested=retrain.requested,
        )
        if retrain
        else declared.Retrain(),
        renamed_from=given.metadata.renamed_from,
        labels=tuple(sorted(given.metadata.labels.items())),
        proposed=given.spec.proposed or 0,
        checks_off=given.spec.checks.value() if given.spec.checks else (),
        evaluation=given.spec.evaluation.value(recipe.class_names)
        if given.spec.evaluation
        else declared.NO_DECLARATION,
    )


def environment_of(
    given: documents.Environment, *, runtime: env.Runtime | None, trust: Trust = NO_TRUST
) -> env.Environment:
    """Return an environment as a core value."""
    spec, name = given.spec, given.metadata.name
    return env.Environment(
        name=name,
        role=env.Role(spec.role),
        store=_place(spec.store) if spec.store else StorageLocation(uses="files", root=f".reconciler/{name}"),
        target=_place(spec.target) if spec.target else None,
        mirror=_place(spec.store.mirror) if spec.store and spec.store.mirror else None,
        data=_data(spec.data),
        promotes_from=tuple(spec.promotes_from),
        runtime=runtime,
        policy=policy_of(spec.policy),
        protect=spec.protect.branch if spec.protect else None,
        drift=env.DriftPolicy(spec.drift),
        managed=spec.managed,
        limits=env.Limits(seconds=parse_duration(spec.limits.time), memory=bytes_of(spec.limits.memory)),
        max_train=spec.limits.max_train,
        lock=spec.runtime.lock if spec.runtime else None,
        notify=tuple(channel.value() for channel in spec.notify),
        trust=trust,
        predictions=tuple(sorted((name, table.value()) for name, table in spec.predictions.items())),
        compute=spec.compute.value() if spec.compute else None,
    )


def _data(given: data.DataBinding) -> core_data.DataBinding:
    return core_data.DataBinding(
        tables=tuple(sorted((label, _table(table)) for label, table in given.tables.items())),
        masks=given.masks(),
        mask_key=given.mask_key,
        personal_data=core_data.PersonalData(given.personal_data) if given.personal_data else None,
        not_personal=tuple(sorted(given.not_personal.items())),
        contracts=tuple(contract.value(table) for table, contract in sorted(given.contracts.items())),
        copy_from=given.copy_from,
        max_age=_seconds(given.max_age),
        as_of=given.as_of,
        keep=given.keep,
        columns=core_data.CopiedColumns(given.columns),
        sample=given.sampled(),
        erasure_key=given.erasure_key,
        erasure_grace=_seconds(given.erasure_grace),
    )


def _place(given: locations.MirrorSpec | locations.TargetSpec) -> StorageLocation:
    named = {name: getattr(given, name, None) for name in locations.ELSEWHERE}
    settings = {name: text for name, text in named.items() if text is not None} | given.settings
    return StorageLocation(uses=given.uses, root=given.root, settings=tuple(sorted(settings.items())))


def policy_of(given: documents.Policy) -> env.Policy:
    """Return a policy as a core value."""
    return env.Policy(
        gates=tuple(gate.value() for gate in given.gates),
        max_data_age=_seconds(given.max_data_age),
        prune=env.PrunePolicy(given.prune),
        max_retire=given.max_retire,
        approvals=given.approvals.value() if given.approvals else None,
        owners=tuple(given.owners),
        freeze=tuple(window.value() for window in given.freeze),
        holds=tuple(hold.value() for hold in given.holds),
        rejected=tuple(entry.value() for entry in given.rejected),
        overrides=tuple(override.value() for override in given.overrides),
        retire=tuple(retirement.value() for retirement in given.retire),
        unknown_at_most=given.predict.value() if given.predict else None,
        checks=tuple(sorted(given.checks)),
    )


def _table(given: tables.Table) -> core_data.Table:
    return core_data.Table(
        uses=given.uses,
        path=given.path or "",
        url=given.url,
        table=given.table,
        query=given.query,
        version=given.version,
        settings=tuple(sorted(given.settings.items())),
        types=tuple(sorted(given.types.items())),
        dates=given.dates,
        time_zone=given.time_zone,
        delimiter=given.delimiter,
        decimal=given.decimal,
        encoding=given.encoding,
        nulls=tuple(given.nulls),
        columns=tuple(sorted(given.columns.items())),
        row_number=given.row_number,
        skip=given.skip,
        header=given.header,
        escape=given.escape,
        blank_lines=given.blank_lines,
        cells=tuple(
            core_data.CellText(
                column=column,
                nulls=tuple(cells.nulls),
                dates=cells.dates,
                decimal=cells.decimal,
                grouping=cells.grouping,
                unit=cells.unit,
                negative=cells.negative,
            )
            for column, cells in sorted(given.cells.items())
        ),
    )


def _seconds(text: str | None) -> int | None:
    return parse_duration(text) if text else None
