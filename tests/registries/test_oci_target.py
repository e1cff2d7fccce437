"""A target in an OCI registry: the contract on a real one and on a fake, drift of each kind, faults at each request."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from reconciler.adapters.registries import oci_records
from reconciler.adapters.registries.oci_repository import OciRepository
from reconciler.adapters.registries.oci_target import OciTarget
from reconciler.core.artifact.journal import ReleasePointer
from reconciler.core.artifact.observed_state import DriftType, LiveDeployment
from reconciler.core.digest import Digest, digest_of_bytes, hex_of
from reconciler.core.package.registry_reference import parse_reference
from reconciler.errors import ConflictError, IntegrityError, TargetError
from reconciler.ports import Target
from reconciler.testing.contracts.stores_and_targets import ENVIRONMENT, PROJECT, TargetContract, current, release
from tests.support import effort
from tests.support.fake_registry import FakeRegistry, fake_registry
from tests.support.registry import registry

TAG = f"payments.{ENVIRONMENT}"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    folder = tmp_path_factory.mktemp("registry") / "here"
    with registry(folder) as host:
        yield host, folder / "data/docker/registry/v2/blobs/sha256"


@pytest.fixture
def fake() -> Iterator[FakeRegistry]:
    with fake_registry() as made:
        yield made


def repository(host: str, name: str = "") -> OciRepository:
    return OciRepository(parse_reference(f"{host}/models/{name or uuid.uuid4().hex}"), {})


def target_of(given: OciRepository, folder: Path, project: str = PROJECT) -> OciTarget:
    return OciTarget(given, folder / uuid.uuid4().hex, project=project, environment=ENVIRONMENT)


def blob_of(target: Target, file: str) -> Digest:
    """The digest of a file of what is served, as its manifest says."""
    assert isinstance(target, OciTarget)
    (found,) = target.observe(())
    assert found.current is not None
    assert found.current.artifact is not None
    folder = target.release(found.model)
    assert folder is not None
    return digest_of_bytes((folder / file).read_bytes())


@pytest.mark.needs("oci-registry")
class TestOnARealRegistry(TargetContract):
    @pytest.fixture(autouse=True)
    def _take(self, served: tuple[str, Path], tmp_path: Path) -> None:
        (self.host, self.blobs), self.folder = served, tmp_path

    def make(self) -> Target:
        for path in self.blobs.glob("*/*/data"):
            path.unlink()  # one registry for all: what a test before it left damaged would not be replaced
        return target_of(repository(self.host), self.folder)

    def damage(self, target: Target, model: str, file: str) -> None:
        """Lose it: nobody can change a byte through a registry, and a blob that is there is never written again."""
        self._data(blob_of(target, file)).unlink()

    def _data(self, digest: Digest) -> Path:
        return self.blobs / hex_of(digest)[:2] / hex_of(digest) / "data"

    def test_a_byte_that_changed_on_the_registrys_disk_is_told_and_the_tag_not_moved_to_it(self) -> None:
        target = self.make()
        with release(b"one") as (artifact, files), release(b"two") as (two, second):
            target.place(current(1, artifact), files)
            data = self._data(blob_of(target, "model.skops"))
            data.write_bytes(data.read_bytes()[:-1] + b"!")
            (found,) = target.observe(())
            assert (found.drift, found.files) == (DriftType.TAMPERED, ("model.skops",))
            target.place(current(2, two), second)
            with pytest.raises(TargetError, match=r"keeps model\.skops .* damaged"):
                target.place(current(3, artifact), files)
            assert target.observe(()) == (LiveDeployment(model="payments", current=current(2, two)),)


class TestOnAFake(TargetContract):
    @pytest.fixture(autouse=True)
    def _take(self, fake: FakeRegistry, tmp_path: Path) -> None:
        self.fake, self.folder = fake, tmp_path

    def make(self) -> Target:
        for each in (self.fake.blobs, self.fake.manifests, self.fake.tags):
            each.clear()
        return target_of(repository(self.fake.host), self.folder)

    def damage(self, target: Target, model: str, file: str) -> None:
        digest = blob_of(target, file)
        if digest in self.fake.manifests:
            kind, body = self.fake.manifests[digest]
            self.fake.manifests[digest] = kind, body[:-1] + b"!"
        else:
            self.fake.blobs[digest] = self.fake.blobs[digest][:-1] + b"!"


# --- what people see in the registry, and do there -------------------------------------------------------------------


def test_the_tag_names_the_artifact_by_its_own_digest_and_the_record_its_entry(
    fake: FakeRegistry, tmp_path: Path
) -> None:
    target = target_of(repository(fake.host), tmp_path)
    with release(b"one") as (artifact, files):
        target.place(current(4, artifact), files)
        assert fake.tags[TAG] == artifact
        assert fake.manifests[artifact][1] == files["manifest.json"].read_bytes()
    record = oci_records.record_of(fake.manifests[fake.tags[f"{TAG}.4"]][1])
    assert record == oci_records.DeploymentRecord(pointer=current(4, artifact), placed=True)
    assert sorted(fake.tags) == ["_owner.production", TAG, f"{TAG}.4"]
    target.place(current(5, None), {})
    assert oci_records.NOTHING_TYPE.encode() in fake.manifests[fake.tags[TAG]][1]


def test_a_tag_that_was_moved_by_hand_names_what_is_served_and_placing_moves_it_back(
    fake: FakeRegistry, tmp_path: Path
) -> None:
    target = target_of(repository(fake.host), tmp_path)
    with release(b"one") as (artifact, first), release(b"two") as (two, second):
        target.place(current(1, artifact), first)
        target.place(current(2, two), second)
        fake.tags[TAG] = artifact
        (found,) = target.observe(())
        assert found == LiveDeployment(model="payments", current=pointer(current(2, two), artifact))
        target.place(current(3, two), second)
        assert fake.tags[TAG] == two


def test_a_removed_tag_means_that_nothing_is_served(fake: FakeRegistry, tmp_path: Path) -> None:
    target = target_of(repository(fake.host), tmp_path)
    with release(b"one") as (artifact, files):
        target.place(current(1, artifact), files)
        del fake.tags[TAG]
        (found,) = target.observe(())
        assert found == LiveDeployment(model="payments", current=pointer(current(1, artifact), None))
        assert target.release("payments") is None
        target.place(current(1, artifact), files)
        assert fake.tags[TAG] == artifact


def test_a_tag_without_a_record_is_unreadable_and_taken_over(fake: FakeRegistry, tmp_path: Path) -> None:
    target = target_of(repository(fake.host), tmp_path)
    with release(b"one") as (artifact, files):
        target.place(current(1, artifact), files)
        del fake.tags[f"{TAG}.1"]
        (found,) = target.observe(())
        assert (found.current, found.drift, found.files) == (None, DriftType.UNREADABLE, ("current",))
        target.place(current(1, artifact), files)
        assert target.observe(()) == (LiveDeployment(model="payments", current=current(1, artifact)),)


def test_what_else_is_in_the_repository_is_left_alone(fake: FakeRegistry, tmp_path: Path) -> None:
    target = target_of(repository(fake.host), tmp_path)
    with release(b"one") as (artifact, files):
        target.place(current(1, artifact), files)
        for tag in ("latest", "v1.2", "payments.staging", f"{TAG}.x", f"{TAG}.01", f"{TAG}.9", "UPPER.production"):
            fake.tags[tag] = artifact
        assert target.observe(()) == (LiveDeployment(model="payments", current=current(1, artifact)),)
        assert target.traces() == {"payments", "owner.json"}


def test_another_projects_tags_are_refused(fake: FakeRegistry, tmp_path: Path) -> None:
    ours = target_of(repository(fake.host, "one"), tmp_path)
    with release(b"one") as (artifact, files):
        ours.place(current(1, artifact), files)
    theirs = target_of(repository(fake.host, "one"), tmp_path, "another")
    for ask in (lambda: theirs.observe(()), lambda: theirs.place(of_project(current(2, None), "another"), {})):
        with pytest.raises(IntegrityError) as refused:
            ask()
        assert refused.value.code == "E609"
    del fake.tags["_owner.production"]
    with pytest.raises(IntegrityError) as refused:
        theirs.place(of_project(current(2, None), "another"), {})
    assert refused.value.code == "E609"


def test_a_listing_of_many_pages_is_read_whole(fake: FakeRegistry, tmp_path: Path) -> None:
    target = target_of(repository(fake.host), tmp_path)
    with release(b"one") as (artifact, files):
        for n in range(12):
            target.place(current(n, artifact), files)
    fake.page = 3
    assert target.observe(()) == (LiveDeployment(model="payments", current=current(11, artifact)),)


def test_a_name_that_makes_too_long_a_tag_is_refused(fake: FakeRegistry, tmp_path: Path) -> None:
    target = OciTarget(repository(fake.host), tmp_path, project=PROJECT, environment="e" * 63)
    pointer_ = ReleasePointer(
        project=PROJECT, environment="e" * 63, model="m" * 63, n=10, entry=digest_of_bytes(b""), artifact=None
    )
    with pytest.raises(TargetError) as refused:
        target.place(pointer_, {})
    assert refused.value.code == "E623"
    assert fake.seen == []


# --- faults ----------------------------------------------------------------------------------------------------------


@pytest.mark.soak
@pytest.mark.parametrize("effect", ["before", "after"])
def test_killed_at_any_request_the_old_or_the_new_release_is_served_and_the_next_run_ends_it(
    fake: FakeRegistry, tmp_path: Path, effect: str
) -> None:
    """Before or after the request has its effect. What a look says in between is never that somebody interfered."""
    with release(b"one") as (artifact, first), release(b"two") as (two, second):
        at, stride = 0, effort.count("REGISTRY_STRIDE")
        while True:
            for each in (fake.blobs, fake.manifests, fake.tags, fake.seen):
                each.clear()
            target = target_of(repository(fake.host), tmp_path)
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
            assert (
                found.current == current(2, two)
                if killed is None
                else found.current in (current(1, artifact), current(2, two))
            )
            target.place(current(2, two), second)
            assert target.observe(()) == (LiveDeployment(model="payments", current=current(2, two)),)
            record = oci_records.record_of(fake.manifests[fake.tags[f"{TAG}.2"]][1])
            assert record is not None
            assert record.placed
            if killed is None:
                break
            at += stride
        assert at > 15, "the fault came at every request"


@pytest.mark.parametrize("at", ["record", "tag"])
def test_a_late_writer_leaves_the_later_entry_in_place(fake: FakeRegistry, tmp_path: Path, at: str) -> None:
    """Wherever another apply comes in between, the release of the later entry is served at the end."""
    shared = repository(fake.host)
    late, newer = target_of(shared, tmp_path), target_of(shared, tmp_path)
    with release(b"one") as (artifact, first), release(b"two") as (two, second):
        late.place(current(1, artifact), first)
        wanted = {"record": f"manifests/{TAG}.2", "tag": f"manifests/{TAG}"}[at]
        came = []

        def between(index: int, method: str, path: str) -> None:
            if method == "PUT" and path.endswith(wanted) and not came:
                came.append(path)
                newer.place(current(3, two), second)

        fake.before = between
        with pytest.raises(ConflictError, match="got entry 3"):
            late.place(current(2, artifact), first)
        assert came
        assert newer.observe(()) == (LiveDeployment(model="payments", current=current(3, two)),)


@pytest.mark.parametrize(
    ("status", "code", "said"),
    [(500, "E621", "answers 500"), (401, "E622", "refuses"), (403, "E622", "refuses"), (200, "E621", "list of tags")],
)
def test_a_registry_that_answers_wrongly_is_no_empty_one(
    fake: FakeRegistry, tmp_path: Path, status: int, code: str, said: str
) -> None:
    target = target_of(repository(fake.host), tmp_path)
    fake.before = lambda index, method, path: status
    asked: list[Callable[[], object]] = [
        lambda: target.observe(["payments"]),
        lambda: target.release("payments"),
        target.traces,
        target.pointers,
        target.reach,
        lambda: target.place(current(1, None), {}),
    ]
    for ask in asked:
        with pytest.raises(TargetError, match=said) as refused:
            ask()
        assert refused.value.code == code
        assert refused.value.hint
    if code == "E622":
        assert "RECONCILER_REGISTRY=" in str(refused.value.hint)


def test_an_answer_that_breaks_off_is_no_damage(fake: FakeRegistry, tmp_path: Path) -> None:
    target = target_of(repository(fake.host), tmp_path)
    with release(b"one") as (artifact, files):
        target.place(current(1, artifact), files)
    fake.before = lambda index, method, path: 0 if "/blobs/" in path else None
    with pytest.raises(TargetError) as refused:
        target.observe(())
    assert refused.value.code == "E621"


def test_credentials_of_variables_go_to_the_host_that_they_name_alone(fake: FakeRegistry) -> None:
    own = {"RECONCILER_REGISTRY_USER": "ada", "RECONCILER_REGISTRY_PASSWORD": "s3cret"}
    for named, sent in ((None, False), ("registry.example.org", False), (fake.host, True)):
        environ = own | ({"RECONCILER_REGISTRY": named} if named is not None else {})
        given = OciRepository(parse_reference(f"{fake.host}/models"), environ)
        fake.seen.clear()
        fake.before = lambda index, method, path: None
        assert (given._basic is not None) is sent
    assert "s3cret" not in repr(given)


def test_a_registry_that_does_not_answer_in_time_is_told(fake: FakeRegistry, tmp_path: Path) -> None:
    ended = threading.Event()

    def never(index: int, method: str, path: str) -> int:
        ended.wait(60)
        return 0

    fake.before = never
    slow = OciRepository(parse_reference(f"{fake.host}/models"), {"RECONCILER_STORE_TIMEOUT": "0.2"})
    with pytest.raises(TargetError, match=r"cannot be reached: no byte in 0\.2 s") as refused:
        target_of(slow, tmp_path).observe(())
    ended.set()
    assert refused.value.code == "E621"


def pointer(given: ReleasePointer, artifact: Digest | None) -> ReleasePointer:
    return ReleasePointer(
        project=given.project,
        environment=given.environment,
        model=given.model,
        n=given.n,
        entry=given.entry,
        artifact=artifact,
    )


def of_project(given: ReleasePointer, project: str) -> ReleasePointer:
    return ReleasePointer(
        project=project, environment=given.environment, model=given.model, n=given.n, entry=given.entry, artifact=None
    )
