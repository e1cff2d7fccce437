"""Generate random events of a sample project while its processes run: merges, reviews, passing days, damage.

Takes a project and a random generator. Every commit's desired state is in `commits`, oldest first; the last one must
hold in the end.
"""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from reconciler import codec
from reconciler.core.artifact import store_layout
from reconciler.core.artifact.journal import Entry, ReleasePointer
from reconciler.core.digest import Digest, hex_of, short
from reconciler.core.forge.pull_request import PullRequestDraft
from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.spec.environment import Policy
from reconciler.core.spec.model import Retrain, RetrainReason
from reconciler.core.spec.policy import Approvals, Freeze, Hold, Rejected
from reconciler.engine.apply import apply
from reconciler.engine.find_environment import environment_of
from reconciler.engine.plan import make_plan
from reconciler.engine.promotion import rollback_now
from reconciler.schedule import freeze_windows
from reconciler.testing.memory_forge import MemoryForge
from tests.simulation import sample_manifests, sample_project
from tests.simulation.invariants import last
from tests.simulation.sample_project import MODEL, SampleProject

KINDS = (
    *("recipe", "recipe", "promote", "promote", "promote", "older", "unpin", "day", "tamper", "wipe", "lose"),
    *("hold", "reject", "approve", "withdraw", "agree"),
)
FREEZE = Freeze(cron="0 0 */2 * *", duration=20 * 3600, time_zone="UTC", reason="every other day")
APPROVALS = Approvals(least=1, people=("shop/finance",))
FAY, AUTHOR = "fay", "author"


@cache
def seeds() -> Mapping[Digest, int]:
    """Recipe digest -> seed, of every recipe that may be committed."""
    return {codec.digest_of(sample_project.recipe(seed)): seed for seed in range(50)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Began:
    """A project with one model deployed, to copy from. Keeps the order of the writes."""

    stores: Mapping[str, Mapping[str, bytes]]
    served: tuple[tuple[ReleasePointer, Mapping[str, bytes]], ...]
    trained: tuple[str, ...]
    pins: tuple[Digest, ...]
    """What production declared, one commit after the other."""


@cache
def began_with(*, compares: bool, retrain: Retrain, rolled_back: bool) -> Began:
    """The state after commit c0 in the sandbox and c1 in production, by a process that nothing happens to.

    `rolled_back`: then recipe 11 by c2 and c3, and `rollback --now`, with which git does not agree yet.
    """
    with tempfile.TemporaryDirectory(prefix="simulation-") as folder:
        project = sample_project.found(Path(folder))
        deps = project.deps(actor="founder")
        pins, served = [sample_project.NOBODYS], []
        for number in range(4 if rolled_back else 2):
            name, environment = f"c{number}", ("sandbox", "production")[number % 2]
            project.source.line.append(name)
            seed = 10 + number // 2
            desired = sample_project.desired(
                name, seed=seed, pin=pins[-1], compares=compares, retrain=retrain, others=True
            )
            project.source.trees[name] = sample_manifests.files(desired)
            where = environment_of(desired, environment)
            apply.apply(deps, desired, where, make_plan.make_plan(deps, desired, where), confirmed=True)
            if environment == "sandbox":
                pins.append(list(artifacts(project))[-1])
            else:
                served.append(project.target.current[MODEL])
        if rolled_back:
            checkout = sample_manifests.checkout(project.source, desired)
            rollback_now.swap(deps, checkout, model=MODEL, environment=where, to=None, reason="it disappoints")
            served.append(project.target.current[MODEL])
        return Began(
            stores={name: dict(store.objects) for name, store in project.stores.items()},
            served=tuple((current, project.target.releases[MODEL][hex_of(current.artifact)]) for current in served),
            trained=tuple(project.trainer.trained),
            pins=tuple(pins[1:]),
        )


def artifacts(project: SampleProject) -> dict[Digest, int]:
    """Return artifact -> recipe seed of all builds in the sandbox's journal, oldest first."""
    seeds_by_artifact: dict[Digest, int] = {}
    for key, body in sorted(project.stores["sandbox"].objects.items()):
        if key.startswith("journal/sandbox/"):
            build = codec.decode(Entry, body, what=key).state.build
            if build is not None:
                seeds_by_artifact[build.artifact] = seeds()[build.recipe]
    return seeds_by_artifact


class Merges:
    """The branch's history. `report` is called with each event in words; `by_hand` with the kind of a change of the
    target. `often`: kinds of events that happen more often than others."""

    def __init__(
        self,
        project: SampleProject,
        chance: random.Random,
        *,
        report: Callable[[str], None],
        by_hand: Callable[[str, str], None],
        often: tuple[str, ...] = (),
    ) -> None:
        self._kinds = (*KINDS, *6 * often)
        self.project = project
        self.by_hand = by_hand
        self.chance = chance
        self.report = report
        self.commits: list[DesiredState] = []
        self.seed = 10
        self.pin: Digest | None = None
        self.pinned_seed: int | None = None
        self.proposed = 0
        self.compares = chance.random() < 0.5
        self.retrain = (
            Retrain(because=(RetrainReason.RECIPE, RetrainReason.DATA)) if chance.random() < 0.3 else Retrain()
        )
        self._lost: tuple[str, bytes] | None = None
        self.controls = Policy()
        self.given: set[tuple[int, str]] = set()
        """(request, approver) of every approval, also of those that were withdrawn."""
        self.commit()
        if chance.random() < 0.8:
            self._begin()
        self._control()

    def _control(self) -> None:
        """Give some projects freeze windows, and some required approvals."""
        project = self.project
        if self.chance.random() < 0.4:
            self.controls = replace(self.controls, freeze=(FREEZE,))
        if self.chance.random() < (1 if "approve" in self._kinds[len(KINDS) :] else 0.4):
            self.controls = replace(self.controls, approvals=APPROVALS)
            project.forge = MemoryForge()
            project.forge.teams["shop/finance"] = (FAY, AUTHOR)
        if self.controls != Policy():
            self.commit()

    def _begin(self) -> None:
        """Most towns have a model in production already, and some have just rolled back from it."""
        rolled_back = self.chance.random() < 0.15
        began = began_with(compares=self.compares, retrain=self.retrain, rolled_back=rolled_back)
        self.project.trainer.trained += began.trained
        for name, objects in began.stores.items():
            for key, body in objects.items():
                self.project.stores[name].put(key, body)
        for current, files in began.served:
            self.project.target.put_release(current, files)
            self.project.target.put(current)
        first, *others = began.pins
        self.pin, self.pinned_seed = first, self.seed
        self.commit()
        for pin in others:
            self.seed += 1
            self.commit()
            self.pin, self.pinned_seed = pin, self.seed
            self.commit()

    @property
    def newest(self) -> DesiredState:
        return self.commits[-1]

    def commit(self) -> None:
        name = f"c{len(self.commits)}"
        policy = replace(
            self.controls, gates=sample_project.PRODUCTION.policy.gates, prune=sample_project.PRODUCTION.policy.prune
        )
        self.project.source.line.append(name)
        self.commits.append(
            sample_project.desired(
                name,
                production=replace(sample_project.PRODUCTION, policy=policy),
                seed=self.seed,
                pin=self.pin,
                pinned_seed=self.pinned_seed,
                compares=self.compares,
                retrain=self.retrain,
                others=True,
                proposed=self.proposed,
            )
        )
        self.project.source.trees[name] = sample_manifests.files(self.newest)
        if self.project.forge is not None:
            self._request(self.project.forge, name)
        self.report(f"commit {name}: recipe {self.seed}, pin {short(self.pin) if self.pin else 'none'}")

    def _request(self, forge: MemoryForge, commit: str) -> None:
        """Merge a commit by a pull request, approved by somebody, by its author, or by nobody."""
        forge.tips[f"topic-{commit}"] = f"head of {commit}"
        number = forge.open(PullRequestDraft(head=f"topic-{commit}", base="main", title=commit, body="Why.")).number
        forge.pulls[number] = replace(forge.pulls[number], author=AUTHOR)
        if self.chance.random() < 0.8:
            self._approve(forge, number, self.chance.choice([FAY, FAY, AUTHOR]))
        forge.merge(number, commit)

    def _approve(self, forge: MemoryForge, number: int, name: str) -> None:
        forge.approve(number, name)
        self.given.add((number, name))

    def happen(self) -> None:
        """Let one random event happen: a merge, a review, a passing day, or damage to a target or store."""
        if self._lost is not None and self.chance.random() < 0.5:
            self.restore_lost()
            return
        kind = self.chance.choice(self._kinds)
        built = list(artifacts(self.project).items())
        match kind:
            case "recipe":
                self.seed = self.chance.randrange(0, 50)
            case "promote" if built:
                self.pin, self.pinned_seed = built[-1]
            case "older" if built:
                self.pin, self.pinned_seed = self.chance.choice(built)
            case "unpin" if self.pin is not None and self.chance.random() < 0.5:
                self.pin = None
            case "hold":
                holds = () if self.controls.holds else (Hold(model=MODEL, reason="closing"),)
                self.controls = replace(self.controls, holds=holds)
            case "reject" if built and self.chance.random() < 0.3:
                rejected = (Rejected(artifact=self.chance.choice(built)[0], reason="bad rows"),)
                self.controls = replace(self.controls, rejected=() if self.controls.rejected else rejected)
            case "approve" | "withdraw" if self.project.forge is not None and self.project.forge.pulls:
                self._review(self.project.forge, kind)
                return
            case "agree":
                if not self._agreed():
                    return
            case "day":
                self._day()
                return
            case "tamper" | "wipe":
                self._damage(kind)
                return
            case "lose":
                self._lose()
                return
            case _:
                return
        self.commit()

    def _review(self, forge: MemoryForge, kind: str) -> None:
        """Approve a merged request afterwards, or withdraw an approval."""
        number = self.chance.choice(sorted(forge.pulls))
        self.report(f"{kind} request {number}")
        if kind == "approve":
            self._approve(forge, number, FAY)
        else:
            forge.withdraw(number, FAY)

    def _agreed(self) -> bool:
        """Pin in git what `rollback --now` deployed; True where it did deploy something."""
        if self._lost is not None:
            return False
        head = last(self.project.stores["production"], "production")
        if head is None or head.hold is None or head.artifact is None or head.hold.pin != self.pin:
            return False
        self.pin, self.pinned_seed = head.artifact, artifacts(self.project)[head.artifact]
        return True

    def calm(self) -> None:
        """Remove all that blocks the last commit: holds end, requests are approved, git agrees, freezes end."""
        self.controls = replace(self.controls, holds=())
        self._agreed()
        self.commit()
        if self.project.forge is not None:
            for number in sorted(self.project.forge.pulls):
                self._approve(self.project.forge, number, FAY)
        closed = freeze_windows.closed(self.controls.freeze, self.project.clock())
        if closed is not None and closed.opens is not None:
            self.project.clock.now = closed.opens

    def propose_again(self) -> None:
        """Let the pin come in anew, as `promote --again` does, by a request that is approved."""
        self.proposed += 1
        self.commit()
        if self.project.forge is not None:
            self._approve(self.project.forge, max(self.project.forge.pulls), FAY)

    def _day(self) -> None:
        self.report("a day passes")
        self.project.clock.pass_time(days=1)
        if self.chance.random() < 0.7:  # else the tables are still the same
            self.project.data.day += 1

    def _damage(self, kind: str) -> None:
        current = self.project.target.current.get(MODEL)
        if current is None or current.artifact is None:
            return
        self.report(f"{kind} what is served")
        self.by_hand(kind, MODEL)
        if kind == "wipe":
            del self.project.target.current[MODEL]
            return
        release = self.project.target.releases[MODEL][current.artifact.removeprefix("sha256:")]
        name = self.chance.choice(sorted(release))
        release[name] = release[name] + b"?"

    def _lose(self) -> None:
        """Empty the newest entry of production's journal; `restore_lost` restores it from a backup."""
        objects = self.project.stores["production"].objects
        prefix = store_layout.journal("production", MODEL)
        n = sum(1 for key in objects if key.startswith(prefix + "/"))
        if self._lost is not None or not n:
            return
        key = store_layout.member(prefix, n - 1)
        self.report(f"{key} is empty")
        self._lost = (key, objects[key])
        objects[key] = b""

    def restore_lost(self) -> None:
        """Restore the emptied journal entry, if there is one."""
        if self._lost is None:
            return
        key, body = self._lost
        self.report(f"{key} is restored")
        self.project.stores["production"].objects[key] = body
        self._lost = None
