"""A first apply puts controls in force by itself only where nothing stricter can have been in force before, and one
that comes back to a store that it left does not go on as if it had never been elsewhere."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from reconciler.core.controls.controls import ControlsEntry, EnvironmentControls
from reconciler.core.digest import Digest
from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.spec.environment import Policy, Role
from reconciler.core.spec.gates import Threshold
from reconciler.core.storage.location import StorageLocation
from reconciler.engine.controls.first_entry import elsewhere_since, why_to_accept
from reconciler.testing.memory import MemoryStore
from reconciler.testing.memory_git import MemorySource

TEXT = """\
apiVersion: reconciler/v1
kind: Environment
metadata: {name: NAME}
spec:
  role: production
  promotesFrom: [sandbox]
  store: {uses: files, root: STORE}
  target: {uses: directory, root: serving}
  data: {tables: {invoices: {uses: csv, path: data/invoices.csv}}}
  policy:
    gates: [{uses: threshold, metric: f1_macro, atLeast: 0.7}]
    OWNERS
  PROTECT
"""
DECLARED = EnvironmentControls(
    name="production",
    role=Role.PRODUCTION,
    store=StorageLocation(uses="files", root="stores/production"),
    target=StorageLocation(uses="directory", root="serving"),
    protect="main",
    promotes_from=("sandbox",),
    policy=Policy(gates=(Threshold(metric="f1_macro", at_least=0.7),)),
    sources=(),
)


def asked(
    tmp_path: Path,
    declared: EnvironmentControls = DECLARED,
    *,
    name: str = "production",
    store: str = "stores/production",
    owners: str = "",
    protect: str = "protect: {branch: main}",
) -> str | None:
    """Whether a person has to accept these controls after a history with this environment."""
    source = MemorySource()
    words = {"NAME": name, "STORE": store, "OWNERS": owners, "PROTECT": protect}
    text = TEXT
    for word, said in words.items():
        text = text.replace(word, said)
    source.commit({f"environments/{name}.yaml": text.encode()})
    commit = source.commit({"environments/production.yaml": b"what is declared now"})
    desired = DesiredState(project="books", revision=commit, environments=(), models=())
    return why_to_accept(desired, declared, store=MemoryStore(tmp_path), source=source)


def test_a_new_environment_and_one_that_is_no_looser_ask_nobody(tmp_path: Path) -> None:
    assert asked(tmp_path) is None
    assert asked(tmp_path, replace(DECLARED, policy=replace(DECLARED.policy, owners=()))) is None
    assert asked(tmp_path, name="laboratory", store="stores/laboratory", protect="") is None


@pytest.mark.parametrize(
    ("declared", "words"),
    [
        (replace(DECLARED, protect=None), "protect: branch main -> nothing"),
        (replace(DECLARED, policy=Policy()), "f1_macro at least: 0.7 -> nothing"),
        (replace(DECLARED, store=StorageLocation(uses="files", root="elsewhere")), "store: stores/production"),
        (replace(DECLARED, target=StorageLocation(uses="directory", root="elsewhere")), "target: serving -> elsewhere"),
        (replace(DECLARED, role=Role.STAGING), "role: production -> staging"),
    ],
)
def test_what_is_looser_than_an_earlier_version_is_accepted_by_a_person(
    tmp_path: Path, declared: EnvironmentControls, words: str
) -> None:
    assert words in (asked(tmp_path, declared) or "")


def test_another_name_with_the_same_store_or_target_is_the_same_environment(tmp_path: Path) -> None:
    loose = replace(DECLARED, policy=Policy(), name="production2")
    assert "f1_macro" in (asked(tmp_path, loose) or "")
    assert "version of live" in (asked(tmp_path, loose, name="live", store="elsewhere/live") or ""), "the same target"


def test_an_earlier_version_without_anybody_who_decides_asks_nobody(tmp_path: Path) -> None:
    loose = replace(DECLARED, policy=Policy(), protect=None)
    assert asked(tmp_path, loose, protect="") is None
    assert asked(tmp_path, loose, protect="", owners="owners: [rita]") is not None


def test_an_earlier_version_that_cannot_be_read_is_named_by_commit_and_file(tmp_path: Path) -> None:
    source = MemorySource()
    source.commit({PATH: text_of()})
    broken = source.commit({"environments/live.yaml": text_of() + b"owners: [", PATH: text_of()})
    now = source.commit({PATH: text_of()})
    desired = DesiredState(project="books", revision=now, environments=(), models=())
    store = MemoryStore(tmp_path)
    told = why_to_accept(desired, DECLARED, store=store, source=source) or ""
    assert told.endswith(f"is not known: environments/live.yaml in commit {broken[:12]}")
    beside = why_to_accept(desired, replace(DECLARED, protect=None), store=store, source=source) or ""
    assert "`git log --find-object=" in beside, "no branch on which it could be looked for"


def test_a_store_with_deployments_asks(tmp_path: Path) -> None:
    store = MemoryStore(tmp_path)
    store.put("journal/production/payments/0.json", b"an entry")
    desired = DesiredState(project="books", revision=None, environments=(), models=())
    assert why_to_accept(desired, DECLARED, store=store, source=MemorySource()) is not None


def text_of(store: str = "stores/production", target: str = "serving") -> bytes:
    text = TEXT.replace("NAME", "production").replace("STORE", store).replace("OWNERS", "").replace("PROTECT", "")
    return text.replace("root: serving", f"root: {target}").encode()


PATH = "environments/production.yaml"
MEANWHILE: dict[str, tuple[dict[str, bytes], str]] = {
    "another store": ({PATH: text_of(store="stores/p2")}, "after entry 3 of its controls: stores/p2"),
    "another target": ({PATH: text_of(target="serving2")}, "serving2"),
    "under another name": ({"environments/live.yaml": text_of()}, f"{PATH} was not there"),
    "a text that cannot be read": ({PATH: b"spec: ["}, f"{PATH} cannot be read in commit "),
}


def back(*versions: dict[str, bytes]) -> str | None:
    """Where an environment was, by its history since entry 3 of its controls, which is of the first commit."""
    source = MemorySource()
    first, *_, last = [source.commit(files) for files in ({PATH: text_of()}, *versions)]
    digest = Digest("sha256:" + "0" * 64)
    entry = ControlsEntry(
        project="books",
        environment="production",
        n=3,
        previous=None,
        commit=first,
        git=digest,
        declared=digest,
        in_force=(digest,),
        parts=(),
        who="ada",
        when=datetime(2026, 1, 1, tzinfo=UTC),
        attempt="1",
    )
    return elsewhere_since(entry, DECLARED, revision=last, branch="main", source=source)


@pytest.mark.parametrize("meanwhile", list(MEANWHILE))
def test_whoever_comes_back_to_a_store_asks_a_person(meanwhile: str) -> None:
    files, words = MEANWHILE[meanwhile]
    assert words in (back(files, {PATH: text_of()}) or "")


def test_whoever_stayed_asks_nobody() -> None:
    assert back({PATH: text_of() + b"# a note"}, {PATH: text_of(), "manifests/a.yaml": b"x"}) is None
