"""What is gone is told from what never was: every stored file and folder removed, alone and in pairs, and what each
reader says, in one table. And its brothers: what is left of a store in other ways than by a removal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.adapters.filesystem.store import FilesStore
from reconciler.engine.apply.accept_controls import accept_controls, accept_loss, observe_sandbox_loss
from reconciler.engine.find_environment import environment_of
from reconciler.engine.inspect import audit, journal_checkpoint, status
from reconciler.engine.inspect.explain_status import why
from reconciler.engine.inspect.history import history
from reconciler.engine.plan import make_plan, observe_loss
from reconciler.engine.prediction import prediction_input
from reconciler.engine.promotion import deployment_history, propose
from reconciler.errors import ConflictError, IntegrityError
from reconciler.testing.fault_injection import Counter, Crash, Fault
from tests.simulation import sample_manifests
from tests.simulation.sample_project import MODEL, OTHER
from tests.simulation.scenario import Scenario
from tests.support.effort import FULL, spread
from tests.support.once import copy
from tests.support.project_on_disk import ENVIRONMENTS, ProjectOnDisk, Roles, remove, said, stored
from tests.support.reader_table import compare


@pytest.fixture
def fresh(tmp_path: Path) -> ProjectOnDisk:
    """A project in which nothing was made yet."""
    return ProjectOnDisk(tmp_path)


@pytest.fixture
def scenario(tmp_path: Path) -> Scenario:
    """A project whose stores are in memory, as a bucket's objects are elsewhere."""
    return Scenario(tmp_path)


def without(whole: ProjectOnDisk, project: ProjectOnDisk, *paths: str) -> dict[str, dict[str, int]]:
    """Return what each reader says of each environment without these paths, which come back afterwards."""
    for path in paths:
        remove(project.root / path)
    try:
        return {environment: said(project, environment) for environment in ENVIRONMENTS}
    finally:
        for path in paths:
            copy(whole.root / path, project.root / path)


PAIRS = {
    "production: journal and pointer": ("stores/production/journal", f"serving/{MODEL}/current"),
    "production: journal and target": ("stores/production/journal", "serving"),
    "production: journal and register": ("stores/production/journal", "stores/production/register"),
    "production: journal, register and target": (
        "stores/production/journal",
        "stores/production/register",
        "serving",
    ),
    "production: all but the blobs": tuple(
        f"stores/production/{kind}" for kind in ("journal", "register", "verifications", "predictions", "store.json")
    ),
    "production: all but the verifications": tuple(
        f"stores/production/{kind}" for kind in ("journal", "register", "blobs", "predictions", "store.json")
    ),
    "production: all but the mark": tuple(
        f"stores/production/{kind}" for kind in ("journal", "register", "blobs", "predictions", "verifications")
    ),
    "production: store and target (one disk)": ("stores/production", "serving"),
    "production: store; sandbox: journal": ("stores/production", "stores/sandbox/journal"),
    "sandbox: journal and register": ("stores/sandbox/journal", "stores/sandbox/register"),
    "sandbox: journal, register and verifications": (
        "stores/sandbox/journal",
        "stores/sandbox/register",
        "stores/sandbox/verifications",
    ),
    "sandbox: snapshots and their register": ("stores/sandbox/snapshots", "stores/sandbox/register"),
    "both stores": ("stores/sandbox", "stores/production"),
    "both stores and the target (a fresh clone)": ("stores/sandbox", "stores/production", "serving"),
}


@pytest.mark.soak
def test_every_reader_tells_what_is_gone_with_one_exit_code(whole: ProjectOnDisk, project: ProjectOnDisk) -> None:
    roles = Roles(whole)
    assert set(said(project, "sandbox").values()) == set(said(project, "production").values()) == {0}
    rows: dict[str, dict[str, dict[str, int]]] = {}
    for relative in spread([path.relative_to(whole.root).as_posix() for path in stored(whole.root)], "STORED"):
        codes = without(whole, project, relative)
        assert rows.setdefault(roles.name(relative), codes) == codes, relative
    rows = dict(sorted(rows.items()))  # their own order is that of digests, which change with what is recorded
    rows |= {name: without(whole, project, *PAIRS[name]) for name in spread(list(PAIRS), "STORED")}
    compare("absence", "without", rows, some=not FULL)


# --- the readers that are no table ---------------------------------------------------------------------------------


def test_every_other_command_tells_of_the_same_loss(project: ProjectOnDisk) -> None:
    for folder in ("stores/production", "serving"):
        remove(project.root / folder)
    deps, desired = project.deps(), project.desired
    production = environment_of(desired, "production")
    checkout = sample_manifests.checkout(project.project.source, desired)
    commands: dict[str, Callable[[], object]] = {
        "predict": lambda: prediction_input.deployed_model(deps, desired, production, MODEL),
        "promote": lambda: propose.promote(
            deps, checkout, project.proposer, model=MODEL, to=production, digest=None, render=str
        ),
        "rollback": lambda: deployment_history.rollback_artifact(deps, desired, MODEL, production, None),
        "anchor": lambda: journal_checkpoint.anchor(deps, desired, ()),
        "apply": lambda: project.apply("production"),
    }
    for name, command in commands.items():
        with pytest.raises(IntegrityError) as told:
            command()
        assert told.value.code == "E603", name
        assert "the store of sandbox recorded payments" in told.value.message, name
        assert "mount the disk, or restore the store from a backup" in (told.value.hint or ""), name
    (lost,) = history(deps, desired, ("production",)).lost
    assert "E603" in lost.problem


def test_an_apply_writes_nothing_into_an_empty_mount_point(project: ProjectOnDisk) -> None:
    for folder in ("stores/production", "serving"):
        remove(project.root / folder)
        (project.root / folder).mkdir()
    for environment in ENVIRONMENTS:
        with suppress(IntegrityError):
            project.apply(environment)
        assert not list((project.root / "stores/production").iterdir()), environment
        assert not list((project.root / "serving").iterdir()), environment


# --- brothers ------------------------------------------------------------------------------------------------------


def lost(project: ProjectOnDisk, environment: str = "production") -> str:
    """Return what every reader says is lost, which must be the same for all, as one text."""
    codes = said(project, environment)
    codes.pop("predict")  # with what serves whole, it needs no more
    assert set(codes.values()) == {6}, codes
    return " ".join(
        finding.problem for finding in audit.audit(project.deps(), project.desired, (environment,)).findings
    )


def test_a_store_replaced_by_an_older_copy_is_behind_its_target(fresh: ProjectOnDisk) -> None:
    """A snapshot of the disk was rolled back: nothing is absent, and what it says is not true any more."""
    fresh.deploy(10)
    older = copy(fresh.root / "stores/production", fresh.root / "older")
    fresh.deploy(11)
    remove(fresh.root / "stores/production")
    older.rename(fresh.root / "stores/production")
    assert "serves entry 1, but its journal ends at 0" in lost(fresh)
    deps, production = fresh.deps(), environment_of(fresh.desired, "production")
    findings = audit.audit(deps, fresh.desired, ("production",)).findings
    assert [bool(finding.remedy and "apply nothing" in finding.remedy) for finding in findings] == [True], findings
    told = why(deps, fresh.desired, production, MODEL)
    assert (told.deployed, told.deployed_unknown) == (None, True)
    assert [step.command for step in told.advice] == [None], "the repair, and no command beside it"
    with pytest.raises(IntegrityError, match="its journal ends at 0"):
        deployment_history.rollback_artifact(deps, fresh.desired, MODEL, production, None)


def test_a_journal_without_its_first_entry_is_one_finding_and_nothing_is_to_be_removed_by_hand(
    fresh: ProjectOnDisk,
) -> None:
    fresh.deploy(10)
    fresh.deploy(11)
    (fresh.root / f"stores/production/journal/production/{MODEL}/0.json").unlink()
    (finding,) = audit.audit(fresh.deps(), fresh.desired, ("production",)).findings
    assert "0.json is missing" in finding.problem
    assert "by hand" not in (finding.remedy or "")


def test_a_store_and_a_target_replaced_by_older_copies_are_behind_the_anchor(fresh: ProjectOnDisk) -> None:
    """Both lay on the disk that was rolled back; only git knows better."""
    fresh.deploy(10)
    for folder in ("stores/production", "serving"):
        copy(fresh.root / folder, fresh.root / "older" / folder)
    fresh.deploy(11)
    journal_checkpoint.anchor(fresh.deps(), fresh.desired, ("production",))
    for folder in ("stores/production", "serving"):
        remove(fresh.root / folder)
        copy(fresh.root / "older" / folder, fresh.root / folder)
    assert "an anchor in git names entry 1 of production/payments, but its journal ends at 0" in lost(fresh)


def test_a_bucket_that_a_lifecycle_rule_emptied_is_not_new(scenario: Scenario) -> None:
    """The bucket is there, and may be read and written; only its objects are gone."""
    scenario.deployed(seed=10)
    scenario.apply("sandbox")
    scenario.project.stores["production"].objects.clear()
    scenario.project.target.current.clear()
    scenario.project.target.releases.clear()
    with pytest.raises(IntegrityError, match="the store of sandbox recorded payments"):
        scenario.plan("production")


def test_objects_that_a_lifecycle_rule_removed_by_age_leave_younger_ones_that_tell(project: ProjectOnDisk) -> None:
    """Journal, register and mark are the oldest; what was written last is still there."""
    for name in ("store.json", "journal", "register"):
        remove(project.root / "stores/production" / name)
    assert "store.json is missing" in lost(project)


def test_an_anchor_names_a_journal_that_no_store_knows(project: ProjectOnDisk) -> None:
    """Stores, target and all that the neighbours noted are gone; the tags of git are not."""
    journal_checkpoint.anchor(project.deps(), project.desired, ("production",))
    for path in ("stores/production", "serving", "stores/sandbox/register", "stores/sandbox/verifications"):
        remove(project.root / path)
    with pytest.raises(IntegrityError, match="an anchor in git names entry 1 of payments"):
        make_plan.make_plan(project.deps(), project.desired, environment_of(project.desired, "production"))


def test_a_store_moved_by_a_change_of_its_manifest_is_missed(project: ProjectOnDisk) -> None:
    """`store.root` names another, empty folder; the target is where it was."""
    (project.root / "stores/production").rename(project.root / "elsewhere")
    assert "target" in lost(project)


def test_a_store_of_an_older_program_that_kept_no_register_is_missed_by_what_it_holds(project: ProjectOnDisk) -> None:
    for name in ENVIRONMENTS:
        remove(project.root / "stores" / name / "register")
    assert set(said(project, "production").values()) == {0}
    remove(project.root / "stores/production/journal")
    remove(project.root / "serving")
    assert "it still holds predictions and verifications" in lost(project)


def test_one_of_several_journals_is_missed_also_once_git_does_not_declare_its_model(project: ProjectOnDisk) -> None:
    store = project.root / "stores/production/journal/production"
    copy(store / MODEL, store / OTHER)
    remove(store / MODEL)
    remove(project.root / "serving" / MODEL)
    project.desired = replace(
        project.desired, models=tuple(model for model in project.desired.models if model.environment == "sandbox")
    )
    found = status.status(project.deps(), project.desired, ("production",)).environments[0]
    gone = next(model for model in found.models if model.model == MODEL)
    assert (
        "the journal of production/payments is missing, but the store's register of journals names payments"
        in gone.reason
    )


def test_a_sandbox_that_promoted_is_missed_by_production_and_by_git(project: ProjectOnDisk) -> None:
    remove(project.root / "stores/sandbox")
    remove(project.root / "stores/production/register")
    found = lost(project, "sandbox")
    assert "git pins" in found
    assert set(said(project, "production").values()) == {0}, "production needs nothing of it"


def test_the_clone_that_applied_remembers_a_disk_that_held_store_and_target(fresh: ProjectOnDisk) -> None:
    """Deployed once, and the sandbox was not applied since: no store but the lost one knows."""
    fresh.deploy(10)
    remove(fresh.root / "stores/production")
    remove(fresh.root / "serving")
    assert "this clone saw payments there" in lost(fresh)


# --- the way through -----------------------------------------------------------------------------------------------


def test_a_person_accepts_that_a_store_and_its_target_are_lost_and_production_begins_anew(
    project: ProjectOnDisk,
) -> None:
    journal_checkpoint.anchor(project.deps(), project.desired, ())
    for folder in ("stores/production", "serving"):
        remove(project.root / folder)
    production = environment_of(project.desired, "production")
    assert lost(project)
    accept_controls(project.deps(), project.desired, production, "the disk is broken and there is no backup")
    calm(project)
    project.apply("sandbox")  # it compares with nothing now
    project.apply("production")
    calm(project)
    (served,) = status.status(project.deps(), project.desired, ("production",)).environments[0].models
    assert (served.entry, served.sync.value) == (0, "IN_SYNC")
    remove(project.root / "stores/production/journal")
    assert "the store's register of journals names payments" in lost(project), (
        "what began anew is missed like any other"
    )


def test_a_person_gives_up_the_lost_store_of_a_sandbox_and_it_begins_anew_under_its_name(
    project: ProjectOnDisk,
) -> None:
    served = status.status(project.deps(), project.desired, ("production",)).environments[0].models
    remove(project.root / "stores/sandbox")
    assert "reconciler controls accept sandbox" in str(
        [finding.remedy for finding in audit.audit(project.deps(), project.desired, ("sandbox",)).findings]
    )
    sandbox = environment_of(project.desired, "sandbox")
    loss = observe_sandbox_loss(project.deps(), project.desired, sandbox)
    assert loss is not None
    accepted = accept_loss(project.deps(), project.desired, sandbox, loss, "the disk is broken and there is no backup")
    assert (accepted.accepted_by, accepted.reason) == (
        project.deps().actor(),
        "the disk is broken and there is no backup",
    )
    calm(project)
    project.apply("sandbox")
    project.apply("production")
    calm(project)
    assert status.status(project.deps(), project.desired, ("production",)).environments[0].models == served, (
        "what is deployed elsewhere stays"
    )
    remove(project.root / "stores/sandbox/journal")
    assert lost(project, "sandbox"), "what began anew is missed like any other"


def test_nothing_of_a_sandbox_is_given_up_that_was_not_shown(project: ProjectOnDisk) -> None:
    sandbox = environment_of(project.desired, "sandbox")
    assert observe_sandbox_loss(project.deps(), project.desired, sandbox) is None
    remove(project.root / "stores/sandbox/journal")
    loss = observe_sandbox_loss(project.deps(), project.desired, sandbox)
    assert loss is not None
    remove(project.root / "stores/sandbox")
    with pytest.raises(ConflictError, match="has changed since it was shown"):
        accept_loss(project.deps(), project.desired, sandbox, loss, "seen")
    assert lost(project, "sandbox")


def test_a_controls_log_that_is_missing_is_told_and_accepted(project: ProjectOnDisk) -> None:
    remove(project.root / "stores/production/controls")
    assert "reconciler controls accept production" in str(
        [finding.remedy for finding in audit.audit(project.deps(), project.desired, ("production",)).findings]
    )
    assert "the controls log of production is missing" in lost(project)
    production = environment_of(project.desired, "production")
    accept_controls(project.deps(), project.desired, production, "restored by hand")
    calm(project)


# --- no false alarm ------------------------------------------------------------------------------------------------


def calm(project: ProjectOnDisk) -> None:
    """Nothing is told to be lost, by any reader of any environment."""
    for environment in ENVIRONMENTS:
        codes = said(project, environment)
        assert 6 not in codes.values() and 1 not in codes.values(), (environment, codes)  # noqa: PT018


def test_a_sandbox_in_the_place_of_another_is_not_taken_for_a_lost_one(project: ProjectOnDisk) -> None:
    """What production has was trained in the former one, so its pin says nothing of the new one's store."""
    desired = project.desired
    sandbox = replace(environment_of(desired, "sandbox"), name="lab")
    production = replace(environment_of(desired, "production"), promotes_from=("lab",))
    desired = replace(desired, environments=(sandbox, production), models=desired.models_of("production"))
    deps = project.deps()
    deps = replace(deps, stores={**deps.stores, "lab": FilesStore(project.root / "stores/lab")})
    assert observe_loss.LossObserver(deps, desired).store("lab") is None
    remove(project.root / "stores/production")
    assert observe_loss.LossObserver(deps, desired).store("lab") is not None, "now nothing tells where it was trained"


def test_a_new_project_is_never_taken_for_a_lost_one(fresh: ProjectOnDisk) -> None:
    fresh.commit(seed=10)
    calm(fresh)
    fresh.apply("sandbox")
    calm(fresh)
    fresh.commit(seed=10, pin=fresh.candidate())  # merged, and never applied: a pin is no deployment
    calm(fresh)
    fresh.apply("production")
    calm(fresh)
    fresh.commit(seed=10, pin=fresh.candidate(), others=True)  # a new model in an old environment
    calm(fresh)
    fresh.apply("production")
    fresh.commit(seed=10, others=True)  # the first one is retired
    calm(fresh)
    fresh.apply("production")
    calm(fresh)


def test_a_sandbox_without_a_model_has_snapshots_and_no_journal(fresh: ProjectOnDisk) -> None:
    fresh.commit(seed=10)
    fresh.desired = replace(fresh.desired, models=())
    fresh.apply("sandbox")
    assert [path.name for path in (fresh.root / "stores/sandbox/snapshots").iterdir()] == ["0.json"]
    calm(fresh)
    fresh.apply("sandbox")


def test_a_first_apply_that_was_killed_anywhere_is_no_loss(tmp_path: Path) -> None:
    """Blobs, builds and verifications are stored before the first entry; whoever looks then sees them alone."""

    def run(folder: Path, environment: str, script: Callable[[str], Fault]) -> Scenario:
        scenario = Scenario(folder)
        scenario.commit(seed=10)
        if environment == "production":
            scenario.apply("sandbox")
            scenario.commit(seed=10, pin=scenario.candidate)
        with suppress(Crash):
            scenario.apply(environment, script=script)
        return scenario

    for environment in ENVIRONMENTS:
        counter = Counter()
        run(tmp_path / environment, environment, counter)
        effects = len(counter.effects)
        assert effects > 10
        for at in range(effects):
            for fault in (Fault.BEFORE, Fault.AFTER):
                turns = iter(range(effects))
                script = lambda _, turns=turns, at=at, fault=fault: fault if next(turns) == at else Fault.NONE  # noqa: E731
                scenario = run(tmp_path / f"{environment}-{at}-{fault.value}", environment, script)
                for name in ENVIRONMENTS:
                    parts = scenario.plan(name).models
                    assert not [part.reason for part in parts if part.status.value == "damaged"], counter.effects[at]


def test_a_stale_listing_is_not_taken_for_a_loss(scenario: Scenario) -> None:
    class Stale:
        """A store whose listings have not caught up: they are empty."""

        def __init__(self, store: object) -> None:
            self.create, self.read, self.path = store.create, store.read, store.path

        def keys(self, prefix: str) -> Iterator[str]:
            del prefix
            return iter(())

    scenario.deployed(seed=10)
    deps = scenario.deps()
    deps = replace(deps, stores={name: Stale(store) for name, store in deps.stores.items()})
    plan = make_plan.make_plan(deps, scenario.desired, environment_of(scenario.desired, "production"))
    assert [part.status.value for part in plan.models] == ["clean"]
