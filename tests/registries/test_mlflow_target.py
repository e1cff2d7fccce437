"""A target in an MLflow registry: the contract on a real server and on a fake, drift of each kind, faults."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from reconciler.adapters.registries import mlflow_records
from reconciler.adapters.registries.mlflow_artifacts import path_of
from reconciler.adapters.registries.mlflow_client import MlflowServer
from reconciler.adapters.registries.mlflow_target import MlflowTarget
from reconciler.core.artifact.observed_state import DriftType, LiveDeployment
from reconciler.core.digest import hex_of
from reconciler.errors import ConflictError, IntegrityError, TargetError, UsageError
from reconciler.ports import Target
from reconciler.testing.contracts.stores_and_targets import ENVIRONMENT, PROJECT, TargetContract, current, release
from tests.support import effort
from tests.support.fake_mlflow import FakeMlflow, fake_mlflow
from tests.support.mlflow_server import mlflow_server

NAME = "payments"


@pytest.fixture
def fake() -> Iterator[FakeMlflow]:
    with fake_mlflow() as made:
        yield made


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with mlflow_server(tmp_path_factory.mktemp("mlflow") / "here") as address:
        yield address


def target_of(address: str, folder: Path, project: str = PROJECT) -> MlflowTarget:
    server = MlflowServer(address, {}, trusted=True)
    return MlflowTarget(server, folder / uuid.uuid4().hex, project=project, environment=ENVIRONMENT)


def versions(target: MlflowTarget, model: str = NAME) -> list[dict[str, Any]]:
    listed = target.server.all("model-versions/search", "model_versions", filter=f"name='{model}'")
    return sorted(listed, key=lambda each: int(each["version"]))


def damage(target: Target, model: str, file: str) -> None:
    """Change a byte of a file, as anybody may who writes through the server's proxy of artifacts."""
    assert isinstance(target, MlflowTarget)
    (found,) = target.observe([model], others=False)
    assert found.current is not None
    assert found.current.artifact is not None
    base = path_of(versions(target, model)[-1]["source"])
    path = f"{base}/releases/{hex_of(found.current.artifact)}/{file}" if file != "MLmodel" else f"{base}/MLmodel"
    body = target.server.read(path, 2**20)
    assert body is not None
    target.server.put(path, body[:-1] + bytes([body[-1] ^ 1]))


@pytest.mark.needs("mlflow")
class TestOnARealServer(TargetContract):
    @pytest.fixture(autouse=True)
    def _take(self, real: str, tmp_path: Path) -> None:
        self.address, self.folder = real, tmp_path

    def make(self) -> Target:
        """An empty registry: what tests before left there is removed; files of artifacts stay."""
        made = target_of(self.address, self.folder)
        for each in made.server.all("registered-models/search", "registered_models"):
            made.server.delete("registered-models/delete", {"name": each["name"]})
        return made

    damage = staticmethod(damage)  # type: ignore[assignment]


class TestOnAFake(TargetContract):
    @pytest.fixture(autouse=True)
    def _take(self, fake: FakeMlflow, tmp_path: Path) -> None:
        self.fake, self.folder = fake, tmp_path

    def make(self) -> Target:
        self.fake.clear()
        return target_of(self.fake.address, self.folder)

    damage = staticmethod(damage)  # type: ignore[assignment]


# --- what people see in the registry, and do there -------------------------------------------------------------------


def test_a_version_says_what_it_is_and_the_alias_moves(fake: FakeMlflow, tmp_path: Path) -> None:
    target = target_of(fake.address, tmp_path)
    with release(b"one") as (artifact, first), release(b"two") as (two, second):
        target.place_labelled(current(0, artifact), first, {"gates": "passed: accuracy 0.9", "request": "https://x/1"})
        target.place(current(1, two), second)
        assert fake.alias(NAME, ENVIRONMENT) == 2
        tags = mlflow_records.pairs(versions(target)[0]["tags"])
        assert tags["reconciler.digest"] == artifact
        assert (tags["reconciler.entry"], tags["reconciler.environment"]) == ("0", ENVIRONMENT)
        assert (tags["reconciler.gates"], tags["reconciler.request"]) == ("passed: accuracy 0.9", "https://x/1")
        target.place(current(2, artifact), first)
        assert fake.alias(NAME, ENVIRONMENT) == 3
        assert versions(target)[2]["source"] == versions(target)[0]["source"], "an artifact is uploaded once"
        target.place(current(3, None), {})
        assert fake.alias(NAME, ENVIRONMENT) is None


def test_whatever_a_hand_does_is_told_and_placing_again_closes_it(fake: FakeMlflow, tmp_path: Path) -> None:
    with release(b"one") as (artifact, first), release(b"two") as (two, second):
        moved = LiveDeployment(model=NAME, current=replace(current(1, two), artifact=artifact))
        gone = LiveDeployment(model=NAME, current=replace(current(1, two), artifact=None))

        def unreadable(*files: str) -> LiveDeployment:
            return LiveDeployment(model=NAME, current=None, drift=DriftType.UNREADABLE, files=files)

        def tampered(*files: str) -> LiveDeployment:
            return LiveDeployment(model=NAME, current=current(1, two), drift=DriftType.TAMPERED, files=files)

        edited = unreadable(f"alias {ENVIRONMENT} or the tags of version 2")
        place = f"1/run1/artifacts/model/releases/{hex_of(two)}"
        done: list[tuple[Callable[[], object], LiveDeployment | None]] = [
            (lambda: fake.models[NAME]["aliases"].update({ENVIRONMENT: 1}), moved),
            (lambda: fake.models[NAME]["aliases"].pop(ENVIRONMENT), gone),
            (lambda: fake.versions[NAME][2]["tags"].update({"reconciler.gates": "passed: all"}), edited),
            (lambda: fake.versions[NAME][2]["tags"].update({"reconciler.other": "mine"}), edited),
            (lambda: fake.versions[NAME][2]["tags"].pop("reconciler.commit"), edited),
            (lambda: fake.versions[NAME][2]["tags"].pop("reconciler.checksum"), edited),
            (lambda: fake.versions[NAME][2].update(status="PENDING_REGISTRATION"), tampered("status of version 2")),
            (lambda: fake.files.update({f"{place}/model.skops": b"x"}), tampered("model.skops")),
            (lambda: fake.files.update({"1/run1/artifacts/model/MLmodel": b"x"}), tampered("MLmodel")),
            (lambda: fake.files.update({"1/run1/artifacts/model/run.py": b"x"}), tampered("run.py")),
            (lambda: fake.files.update({f"{place}/more": b"x"}), tampered("more")),
            (lambda: fake.files.pop(f"{place}/schema.json"), tampered("schema.json")),
            (lambda: fake.files.pop(f"{place}/manifest.json"), tampered("manifest.json")),
            # Of a version that is gone, the one before is the newest: the journal's head is not in place.
            (lambda: (fake.versions[NAME].pop(2), fake.models[NAME]["aliases"].clear()), None),
        ]
        for act, expected in done:
            fake.clear()
            target = target_of(fake.address, tmp_path)
            target.place(current(0, artifact), first)
            target.place_labelled(current(1, two), second, {"gates": "passed: a", "commit": "abc"})
            act()
            (found,) = target.observe(())
            if expected is None:
                assert found.current == replace(current(0, artifact), artifact=None)
            else:
                assert found == expected
            target.place(current(2, two), second)
            assert target.observe(()) == (LiveDeployment(model=NAME, current=current(2, two)),)


def test_an_alias_on_another_version_of_the_same_bytes_is_told(fake: FakeMlflow, tmp_path: Path) -> None:
    target = target_of(fake.address, tmp_path)
    with release(b"one") as (artifact, files):
        target.place(current(0, artifact), files)
        target.place(current(1, artifact), files)
        fake.models[NAME]["aliases"][ENVIRONMENT] = 1
        assert target.observe(()) == (LiveDeployment(model=NAME, current=current(0, artifact)),)
        target.place(current(1, artifact), files)
        assert fake.alias(NAME, ENVIRONMENT) == 2


def test_what_others_registered_is_left_alone_and_their_alias_is_never_moved(fake: FakeMlflow, tmp_path: Path) -> None:
    target = target_of(fake.address, tmp_path)
    for name in (NAME, "theirs"):
        target.server.post("registered-models/create", {"name": name})
        document = {"name": name, "source": "runs:/x", "run_id": "x", "tags": []}
        target.server.post("model-versions/create", document)
        target.server.post("registered-models/alias", {"name": name, "alias": ENVIRONMENT, "version": "1"})
    with release(b"one") as (artifact, files):
        with pytest.raises(IntegrityError, match="is another's") as refused:
            target.place(current(0, artifact), files)
        assert refused.value.code == "E609"
        assert fake.alias(NAME, ENVIRONMENT) == 1
        fake.models[NAME]["aliases"].clear()
        target.place(current(0, artifact), files)
        assert [each.model for each in target.observe(())] == [NAME]
        assert target.traces() == {NAME}
        theirs = target_of(fake.address, tmp_path, "another")
        assert theirs.observe(()) == ()
        with pytest.raises(IntegrityError) as refused:
            theirs.observe([NAME])
        assert refused.value.code == "E609"


def test_lists_of_many_pages_are_read_whole(fake: FakeMlflow, tmp_path: Path) -> None:
    target = target_of(fake.address, tmp_path)
    fake.page = 2
    with release(b"one") as (artifact, files):
        for n in range(5):
            target.place(current(n, artifact, model="abcde"[n]), files)
            target.place(current(n, artifact), files)
    assert [each.current.n for each in target.observe(()) if each.current is not None] == [0, 1, 2, 3, 4, 4]


def test_an_environment_whose_name_mlflow_reserves_is_refused(fake: FakeMlflow, tmp_path: Path) -> None:
    for name in ("latest", "v1"):
        target = MlflowTarget(MlflowServer(fake.address, {}, trusted=True), tmp_path, project=PROJECT, environment=name)
        with pytest.raises(TargetError) as refused:
            target.place(replace(current(0, None), environment=name), {})
        assert refused.value.code == "E623"
    assert fake.seen == []


# --- faults ----------------------------------------------------------------------------------------------------------


@pytest.mark.soak
@pytest.mark.parametrize("effect", ["before", "after"])
def test_killed_at_any_request_an_old_or_new_version_is_served_and_the_next_run_ends_it(
    fake: FakeMlflow, tmp_path: Path, effect: str
) -> None:
    with release(b"one") as (artifact, first), release(b"two") as (two, second):
        at, stride = 0, effort.count("REGISTRY_STRIDE")
        while True:
            fake.clear()
            target = target_of(fake.address, tmp_path)
            target.place(current(1, artifact), first)
            fake.seen.clear()
            setattr(fake, effect, lambda index, method, path, at=at: 0 if index >= at else None)
            killed = None
            try:
                target.place(current(2, two), second)
            except TargetError as error:
                killed = error
            setattr(fake, effect, lambda index, method, path: None)
            (found,) = target.observe(())
            assert found.drift is None
            assert found.current in ((current(2, two),) if killed is None else (current(1, artifact), current(2, two)))
            target.place(current(2, two), second)
            assert target.observe(()) == (LiveDeployment(model=NAME, current=current(2, two)),)
            tags = mlflow_records.pairs(versions(target)[-1]["tags"])
            assert tags["reconciler.placed"] == "yes"
            assert len(versions(target)) == 2
            if killed is None:
                break
            assert killed.code == "E611"
            at += stride
        assert at > 15, "the fault came at every request"


@pytest.mark.parametrize("at", ["model-versions/create", "registered-models/alias"])
def test_a_late_writer_leaves_the_later_entry_in_place(fake: FakeMlflow, tmp_path: Path, at: str) -> None:
    late, newer = target_of(fake.address, tmp_path), target_of(fake.address, tmp_path)
    with release(b"one") as (artifact, first), release(b"two") as (two, second):
        late.place(current(1, artifact), first)
        came: list[str] = []

        def between(index: int, method: str, path: str) -> None:
            if method == "POST" and path.endswith(at) and not came:
                came.append(path)
                newer.place(current(3, two), second)

        fake.before = between
        with pytest.raises(ConflictError, match="got entry 3"):
            late.place(current(2, artifact), first)
        assert came
        assert newer.observe(()) == (LiveDeployment(model=NAME, current=current(3, two)),)


@pytest.mark.parametrize(
    ("status", "body", "code", "said"),
    [
        (500, b"<html>x</html>", "E611", "answers 500"),
        (404, b'{"error_code": "ENDPOINT_NOT_FOUND", "message": "x"}', "E611", "MLflow 2.3 or later"),
        (200, b"<html>x</html>", "E611", "no JSON of MLflow"),
        (302, b"", "E611", "answers 302"),
        (401, b"", "E602", "denies access"),
        (403, b'{"error_code": "PERMISSION_DENIED"}', "E602", "denies access"),
        (200, b"[" * 100_000, "E611", "no JSON of MLflow"),
        (200, b'{"registered_models": 7}', "E611", "lists no registered_models"),
        (200, b'{"registered_models": [{"name": "a", "aliases": [7]}]}', "E611", "describes no registered model"),
    ],
)
def test_a_server_that_answers_wrongly_is_no_empty_one(
    fake: FakeMlflow, tmp_path: Path, status: int, body: bytes, code: str, said: str
) -> None:
    target = target_of(fake.address, tmp_path)
    fake.before, fake.body = (lambda index, method, path: status), body
    for ask in (lambda: target.observe([NAME]), target.traces, target.pointers):
        with pytest.raises(TargetError) as refused:
            ask()
        assert refused.value.code == code
        assert said in f"{refused.value.message} {refused.value.hint}"


def test_a_version_that_is_not_ready_is_not_served(fake: FakeMlflow, tmp_path: Path) -> None:
    target = target_of(fake.address, tmp_path)
    with release(b"one") as (artifact, first), release(b"two") as (two, second):
        target.place(current(0, artifact), first)
        fake.status = "PENDING_REGISTRATION"
        with pytest.raises(TargetError, match=r"not ready .*PENDING_REGISTRATION"):
            target.place(current(1, two), second)
        assert fake.alias(NAME, ENVIRONMENT) == 1
        assert target.observe(()) == (LiveDeployment(model=NAME, current=current(0, artifact)),)


def test_credentials_go_to_the_server_that_the_operator_names_alone(fake: FakeMlflow) -> None:
    own = {"MLFLOW_TRACKING_USERNAME": "ada", "MLFLOW_TRACKING_PASSWORD": "s3cret"}
    cases = (
        (None, False, False),
        ("https://x", False, False),
        (fake.address, False, True),
        (None, True, True),
    )
    for named, trusted, sent in cases:
        fake.seen.clear()
        environ = own | ({"MLFLOW_TRACKING_URI": named} if named is not None else {})
        fake.before = (lambda index, method, path: 401) if not sent else (lambda index, method, path: None)
        server = MlflowServer(fake.address, environ, trusted=trusted)
        if sent:
            server.get("registered-models/search")
        else:
            with pytest.raises(TargetError) as refused:
                server.get("registered-models/search")
            assert "MLFLOW_TRACKING_URI=" in str(refused.value.hint)
        assert (fake.seen[0][2] is not None) is sent


@pytest.mark.parametrize(
    "address", ["http://models.example.org", "ftp://x", "https://a:b@x", "https://x?y", "x", "http://[", ""]
)
def test_an_address_that_is_not_safe_is_refused_before_anything_is_sent(address: str) -> None:
    with pytest.raises(UsageError) as refused:
        MlflowServer(address, {}, trusted=True)
    assert refused.value.code == "E607"
    assert "a:b" not in f"{refused.value.message} {refused.value.hint}"


def test_a_server_that_does_not_answer_in_time_is_told(fake: FakeMlflow) -> None:
    ended = threading.Event()

    def never(index: int, method: str, path: str) -> int:
        ended.wait(60)
        return 0

    fake.before = never
    server = MlflowServer(fake.address, {"RECONCILER_STORE_TIMEOUT": "0.2"}, trusted=True)
    with pytest.raises(TargetError, match=r"cannot be reached: no byte in 0\.2 s") as refused:
        server.get("registered-models/search")
    ended.set()
    assert refused.value.code == "E611"


def test_of_an_address_from_a_variable_only_the_server_is_shown() -> None:
    """A manifest chooses the variable, and might choose one whose path is a secret."""
    server = MlflowServer("http://127.0.0.1:1/hooks/s3cret", {}, trusted=True)
    with pytest.raises(TargetError) as refused:
        server.get("registered-models/search")
    assert "http://127.0.0.1:1 " in refused.value.message
    assert "s3cret" not in f"{refused.value.message} {refused.value.hint}"
