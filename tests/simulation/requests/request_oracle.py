"""Check that no artifact is deployed that some control in force before its pin came in would have refused.

The oracle sees every write of production's stores. Of an entry of the controls log it takes its commit and its place in
the line of entries, nothing else: what is in force by it is worked out here from what the commits say, who approved the
requests that brought them, and when each commit was the newest. A deployment must pass the rules in force before the
entry in which its pin came in, those of that entry, and today's.

C1 a deploy is of a commit of the branch that declares this very pin, and an entry holds it      C2 gates
C3 evidence: sources, places and rows are those that were in force      C4 approvals      C5 rejections and age
C6 holds and freezes, also those that the pin's own change removed
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from reconciler import codec
from reconciler.core.artifact.journal import Action, Entry
from reconciler.core.controls.controls import ControlsEntry  # its commit, number and who wrote it: nothing else
from reconciler.core.digest import Digest, short
from reconciler.core.spec.policy import Approvals, Control
from reconciler.schedule import freeze_windows
from tests.simulation.requests.moments import Kept, Line, Moment
from tests.simulation.requests.plain_rules import (
    FOREVER,
    Rules,
    is_looser,
    is_looser_for,
    of_sources,
    own_of,
    rules_of,
    same_evidence,
    same_place,
)
from tests.simulation.requests.random_requests import Commit, RequestHistory
from tests.simulation.requests.request_project import TOLERANCE, Declaration, Declared, artifacts


@dataclass(slots=True)
class RequestOracle:
    """`began`: of each process, how many entries there were when it started, and which commit was the newest.
    `newest`: the line that got the last entry."""

    history: RequestHistory
    lines: dict[str, Line] = field(default_factory=dict)
    newest: Line = field(default_factory=Line)
    count: int = 0
    began: dict[str, tuple[int, int]] = field(default_factory=dict)
    violations: list[str] = field(default_factory=list)
    deploys: int = 0

    def starts(self, who: str) -> None:
        """Note what a process may have seen."""
        self.began[who] = (self.count, len(self.history.commits) - 1)

    def created(self, root: str, key: str, body: bytes) -> None:
        """See a write of one of production's stores."""
        if key.startswith("controls/production/"):
            self._controls(codec.decode(ControlsEntry, body, what=key), root)
        elif key.startswith("journal/production/"):
            entry = codec.decode(Entry, body, what=key)
            if entry.action is Action.DEPLOY and entry.artifact is not None:
                self.deploys += 1
                if entry.commit is not None or not self._is_open(root):
                    line = self._line(root, self._place(entry.commit))
                    self._deploy(line, entry, entry.artifact)
                    line.deployed.append((entry.model, entry.artifact, self.count))

    def _is_open(self, root: str) -> bool:
        """Tell whether a work tree may be applied: nothing is in force in this place, or nothing that protects it."""
        rules = self.lines[root].moments[-1].rules if root in self.lines else ()
        return all(each.place[0] != "production" and each.place[1] is None for each in rules)

    def _line(self, root: str, at: int | None) -> Line:
        """Return what counts for a commit in a store: the store's own line, unless it has none or git left the store
        since its last entry; then the newest of any store."""
        line = self.lines.get(root)
        if line is None:
            return self.newest
        since = self.history.commits[line.moments[-1].at : at + 1] if at is not None else ()
        return line if all(commit.declared.production.store.root == root for commit in since) else self.newest

    # --- what is in force ---------------------------------------------------------------------------------------------

    def _controls(self, entry: ControlsEntry, root: str) -> None:
        at = self._place(entry.commit)
        if at is None and self._is_open(root):
            return  # it loosens nothing
        if at is None:
            self.violations.append(f"C1 controls entry {entry.n} is of {entry.commit}, no commit of the branch")
            return
        said, line = self.history.commits[at].declared, self._line(root, at)
        if line is not self.lines.get(root):
            line = line.copy()
        n, rules = len(line.moments), rules_of(said)
        last = line.moments[-1] if line.moments else None
        if last is None or entry.accepted is not None:
            known = last.models if last is not None else {}
            models = {}
            for model in said.models:
                former = self._former(known, model, said)
                models[model.name] = replace(self._kept(model, former, n, at), own=(own_of(model),), settled=at)
            begins = entry.accepted is not None and root not in self.lines
            if begins:  # in a place of its own: who accepts that is trusted, and nothing was deployed there
                models = {name: replace(kept, since=n) for name, kept in models.items()}
                line.deployed.clear()
            self._add(root, line, at, (rules,), self._with_left(known, models), settled=at, begins=begins)
            return
        newest = self.began[entry.who][1] <= at  # it was the newest commit at some time while the process ran
        let_in = True
        if any(is_looser(old, rules) for old in last.rules):
            let_in = newest and all(self._agreed(old, at, last.settled) for old in last.rules)
        in_force = (rules,) if let_in else tuple(dict.fromkeys((*last.rules, rules)))
        models = {}
        for model in said.models:
            former = self._former(last.models, model, said)
            kept = self._kept(model, former, n, at)
            own = own_of(model)
            if former is not None and any(is_looser_for(old, own, rules) for old in former.own):
                agreed = (self._agreed_to(model, former, old, at) for old in last.rules)
                if not (newest and all(agreed)):
                    kept = replace(kept, own=tuple(dict.fromkeys((*former.own, own))), settled=former.settled)
            models[model.name] = kept
        settled = at if let_in else last.settled
        self._add(root, line, at, in_force, self._with_left(last.models, models), settled=settled)

    def _add(
        self,
        root: str,
        line: Line,
        at: int,
        rules: tuple[Rules, ...],
        models: dict[str, Kept],
        *,
        settled: int,
        begins: bool = False,
    ) -> None:
        number, self.count = self.count, self.count + 1
        moment = Moment(number=number, at=at, rules=rules, models=models, settled=settled, begins=begins)
        line.moments.append(moment)
        self.lines[root] = self.newest = line

    def _kept(self, model: Declaration, former: Kept | None, n: int, at: int) -> Kept:
        pin = (model.artifact, model.proposed)
        kept = Kept(pin=pin, since=n, own=(own_of(model),), settled=at)
        if former is not None:
            same = former.names[:1] == (model.name,) and former.pin == pin
            names = former.names if former.names[:1] == (model.name,) else (model.name, *former.names)
            return replace(kept, since=former.since if same else n, names=names)
        return replace(kept, names=(model.name,))

    @staticmethod
    def _former(known: dict[str, Kept], model: Declaration, said: Declared) -> Kept | None:
        """Return what is kept of a model, under its name or the one that left."""
        own, left = known.get(model.name), model.renamed_from
        former = known.get(left) if left is not None and said.model(left) is None else None
        if own is None or former is None or own.pin is not None:
            return own or former
        return replace(former, own=tuple(dict.fromkeys((*former.own, *own.own))))

    @staticmethod
    def _with_left(known: dict[str, Kept], models: dict[str, Kept]) -> dict[str, Kept]:
        left = {name: replace(kept, pin=None) for name, kept in known.items() if name not in models}
        return {**models, **left}

    def _place(self, commit: str | None) -> int | None:
        names = [each.name for each in self.history.commits]
        return names.index(commit) if commit in names else None

    # --- who agreed ---------------------------------------------------------------------------------------------------

    def _agreed(self, old: Rules, at: int, after: int) -> bool:
        """Tell whether those who decide by `old` agreed to every commit since that loosened something.

        What it loosened of a source that counts no more by now is nobody's to agree to.
        """
        commits = self.history.commits
        counting = rules_of(commits[at].declared).promotes_from
        for place in range(after + 1, at + 1):
            before, then = (rules_of(commits[each].declared) for each in (place - 1, place))
            loosens = is_looser(of_sources(before, counting), of_sources(then, counting))
            if loosens and not self._decided(old, commits[place]):
                return False
        return True

    def _agreed_to(self, model: Declaration, former: Kept, old: Rules, at: int) -> bool:
        commits = self.history.commits
        for place in range(former.settled + 1, at + 1):
            before, after = (commits[each].declared for each in (place - 1, place))
            then = next((each for each in after.models if each.name in (model.name, *former.names)), None)
            earlier = next((each for each in before.models if each.name in (model.name, *former.names)), None)
            if then is None or earlier is None:
                continue
            loosens = is_looser_for(own_of(earlier), own_of(then), rules_of(after))
            if loosens and not self._decided(old, commits[place]):
                return False
        return True

    def _decided(self, old: Rules, commit: Commit) -> bool:
        if old.owners:
            return self._count(commit, old.owners, not_author=True) >= 1
        return old.approvals is None or self._has(commit, old.approvals)

    def _has(self, commit: Commit, wants: Approvals) -> bool:
        return self._count(commit, frozenset(wants.people), not_author=wants.not_author) >= wants.least

    def _count(self, commit: Commit, people: frozenset[str], *, not_author: bool) -> int:
        if commit.request is None:
            return 0
        author = self.history.author[commit.request]
        return len((self.history.given[commit.request] & people) - ({author} if not_author else set()))

    # --- what is deployed ---------------------------------------------------------------------------------------------

    def _deploy(self, line: Line, entry: Entry, artifact: Digest) -> None:
        what = f"{entry.model} {short(artifact)} by {entry.who} at {entry.commit}"
        at = self._place(entry.commit)
        model = self.history.commits[at].declared.model(entry.model) if at is not None else None
        if at is None or model is None or model.artifact != artifact:
            self.violations.append(f"C1 {what}: no commit of the branch declares it")
            return
        first = max(sum(moment.number < self.began[entry.who][0] for moment in line.moments) - 1, 0)
        tried = [
            list(self._refusals(line, line.moments[: n + 1], model, at, entry)) for n in range(first, len(line.moments))
        ]
        if not tried:
            self.violations.append(f"C1 {what}: no controls were recorded before it")
        elif all(tried):
            self.violations.append(f"{tried[-1][0]}: {what}")

    def _refusals(self, line: Line, moments: list[Moment], model: Declaration, at: int, entry: Entry) -> Iterator[str]:
        """Yield why the rules refuse this deployment, by the entries up to the last of `moments`."""
        today, known = moments[-1], artifacts()[model.artifact]
        kept = today.models.get(model.name)
        pinned = kept is not None and kept.pin == (model.artifact, model.proposed)
        former = kept if pinned else self._former(today.models, model, self.history.commits[at].declared)
        names = (*(former.names if former is not None else ()), *([model.renamed_from] if model.renamed_from else []))
        others = {each.name for each in self.history.commits[at].declared.models} - {model.name}
        names = tuple(dict.fromkeys((model.name, *(name for name in names if name not in others))))
        if kept is not None and pinned:
            brought = self.history.commits[moments[kept.since].at]
            before = moments[kept.since - 1] if kept.since and not moments[kept.since].begins else None
            then: tuple[Rules, ...] = moments[kept.since].rules
        else:
            brought, before, then = self.history.commits[at], today, ()
        said, said_then = rules_of(self.history.commits[at].declared), rules_of(brought.declared)
        old = before.rules if before is not None else ()
        sets = (*old, *then, *today.rules, said, said_then)
        was = [before.models[name] for name in names if before is not None and name in before.models][:1]
        owns_before = was[0].own if was else ()
        owns = (*owns_before, *(kept.own if kept is not None else ()), own_of(model))
        change = self._change_of_pin(model, self.history.commits[at])  # the branch's, which people approved

        if not all(same_place(each, said) for each in today.rules):
            yield "C3 role, branch, store or target is another than in force"
        if any(model.artifact in each.rejected for each in sets):
            yield "C5 it is rejected"
        for wants in dict.fromkeys(each.approvals for each in sets if each.approvals is not None):
            if not self._has(change, wants) and not self._overrides(Control.APPROVALS, model, at, moments, before):
                yield f"C4 {wants.least} of {wants.people} did not approve {change.name}"
        held = any(name in said.held for name in names)
        left = before is not None and any(
            name in rules_of(self.history.commits[before.at].declared).held and name not in said_then.held
            for name in names
        )
        if (held or left) and not self._overrides(Control.HOLD, model, at, moments, before):
            yield "C6 it is held, or was until its own change"
        if self._was_let_in(line, model, names, former.names if former is not None else ()):
            return
        closed = freeze_windows.closed(said.freeze, entry.when) is not None
        if before is not None:
            gone = [w for w in rules_of(self.history.commits[before.at].declared).freeze if w not in said_then.freeze]
            closed = closed or freeze_windows.closed(tuple(gone), entry.when) is not None
        if closed and not self._overrides(Control.FREEZE, model, at, moments, before):
            yield "C6 it is deployed in a freeze"
        if (entry.when - known.taken).total_seconds() > min(each.age for each in sets):
            yield "C5 its data are too old"
        incumbent = next((artifact for name, artifact, _ in reversed(line.deployed) if name in names), None)
        worse = incumbent is not None and known.score - artifacts()[incumbent].score < -TOLERANCE - 1e-9
        for each in (said, said_then):
            if known.score < each.floor or (each.compares and worse):
                yield f"C2 it scores {known.score}, and its own commit demands {each.floor}"
        owners = before.rules[0].owners if before is not None else frozenset()
        if self._count(change, owners, not_author=True):
            return
        if self._overrides(Control.GATES, model, at, moments, before):
            return
        if any(known.score < each.floor for each in (*sets, *owns)):
            yield f"C2 it scores {known.score}, and {max(each.floor for each in (*sets, *owns))} is in force"
        if worse and any(each.compares for each in sets):
            yield "C2 it is worse than what it replaces"
        if not all(same_evidence(each, said_then) and same_place(each, said_then) for each in old):
            yield "C3 its evidence is of another place than in force"
        if any(each.rows != own_of(model).rows for each in owns_before):
            yield "C3 it is judged on other rows than in force"

    @staticmethod
    def _was_let_in(line: Line, model: Declaration, names: tuple[str, ...], former: tuple[str, ...]) -> bool:
        """Tell whether the artifact was deployed as this model: under a name that another has now, before that."""
        began = next((moment.number for moment in line.moments if model.name in moment.models), FOREVER)
        return any(
            artifact == model.artifact and (name in names or (name in former and n <= began))
            for name, artifact, n in line.deployed
        )

    def _change_of_pin(self, model: Declaration, brought: Commit) -> Commit:
        """Return the commit since which the branch holds this pin without a break."""
        place = self.history.commits.index(brought)
        while place:
            earlier = self.history.commits[place - 1].declared.model(model.name)
            if earlier is None or (earlier.artifact, earlier.proposed) != (model.artifact, model.proposed):
                break
            place -= 1
        return self.history.commits[place]

    def _overrides(
        self, control: Control, model: Declaration, at: int, moments: list[Moment], before: Moment | None
    ) -> bool:
        """Tell whether an override of a control counts: those in force agreed to it, or nobody decides."""
        commits = self.history.commits
        override = commits[at].declared.production.policy.override_of(control, model.name, model.artifact)
        if override is None:
            return False
        place = at
        while place and override in commits[place - 1].declared.production.policy.overrides:
            place -= 1
        kept = moments[-1].models.get(model.name)
        came = moments[kept.since].at if kept is not None and kept.pin == (model.artifact, model.proposed) else at
        late = before is not None and before.at < place <= came
        if late and before is not None:
            return self._count(commits[place], before.rules[0].owners, not_author=True) >= 1
        today = moments[-1].rules[0]
        if today.owners:
            return self._count(commits[place], today.owners, not_author=True) >= 1
        wants = next((each.approvals for each in moments[-1].rules if each.approvals is not None), None)
        return wants is None or self._has(commits[place], wants)
