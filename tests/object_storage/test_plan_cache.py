"""Of stores and a target in a bucket, too, a plan takes from the last one what a few listings show to be unchanged, and
says what it would say without."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from benchmarks.many_models import ENTRIES
from benchmarks.remote import location, move
from reconciler import codec
from reconciler.adapters.object_storage.bucket import Bucket
from reconciler.adapters.object_storage.open_bucket import open_bucket
from reconciler.cli.error_reporting import guarded
from reconciler.core.artifact import store_layout
from reconciler.core.artifact.journal import Entry, JournalRegister, ReleasePointer
from reconciler.core.digest import digest_of_bytes
from tests.object_storage.faulty_proxy import Fault, Proxy, between
from tests.object_storage.servers import Server, s3_environment
from tests.support import effort
from tests.support.fleet import make_fleet

pytestmark = [pytest.mark.needs("s3", "git"), pytest.mark.usefixtures("warm_workers")]

FEW, MANY = 6, effort.count("REMOTE_MODELS")
# Requests of a plan with nothing to do. Up to 20 models are listed, with what all share: by the apply where they moved
# to, one more entry of the register and two more parts of the controls.
MOST = {FEW: 40, MANY: 13}
NAME = "model-00003"
HEAD = f"journal/production/{NAME}/{ENTRIES - 1}.json"
NEXT = f"journal/production/{NAME}/{ENTRIES}.json"
AGE = re.compile(r"\b\d+ ?[a-z]+ ago|just now")  # the clock goes on between two plans


@dataclass
class Fleet:
    """A project in a bucket, behind a proxy that counts."""

    root: Path
    prefix: str
    proxy: Proxy

    def part(self, name: str) -> Bucket:
        return open_bucket(location(self.prefix, name))

    def plan(self, capfd: pytest.CaptureFixture[str]) -> tuple[tuple[int, str, str], int]:
        """(exit code, output, errors) of a plan, and how many requests it made."""
        self.proxy.reset()
        capfd.readouterr()
        code = guarded(["plan", "production", "--check"])
        out, err = capfd.readouterr()
        return (code, AGE.sub("some time ago", out), err), len(self.proxy.seen)

    def forget(self) -> None:
        shutil.rmtree(self.root / ".git/reconciler/cache", ignore_errors=True)


@pytest.fixture(scope="module")
def make(s3_server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[int], Fleet]]:
    """Make fleets of so many models in the bucket, each once."""
    made: dict[int, Fleet] = {}
    with between(s3_server.port) as proxy, pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))

        def fleet(models: int) -> Fleet:
            if models not in made:
                with pytest.MonkeyPatch.context() as direct:
                    for name, text in s3_environment(s3_server.url).items():
                        direct.setenv(name, text)
                    root = make_fleet(tmp_path_factory, models)
                    prefix = f"fleet/{root.parent.name}"
                    move(root, prefix)
                    direct.chdir(root)
                    guarded(
                        ["apply", "production", "--yes"]
                    )  # what moved is a loosening, which every plan tells before
                made[models] = Fleet(root, prefix, proxy)
            return made[models]

        yield fleet


@pytest.fixture
def fleet(make: Callable[[int], Fleet], monkeypatch: pytest.MonkeyPatch) -> Fleet:
    """Six models in production."""
    return entered(make(FEW), monkeypatch)


def entered(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> Fleet:
    for name, text in s3_environment(fleet.proxy.url).items():
        monkeypatch.setenv(name, text)
    monkeypatch.chdir(fleet.root)
    fleet.proxy.reset()
    return fleet


@pytest.mark.soak
def test_a_plan_with_nothing_to_do_asks_as_little_of_many_models_as_of_few(
    make: Callable[[int], Fleet], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """One request names a thousand objects; a first plan asks more than ten times for each model."""
    for models in (FEW, MANY):
        fleet = entered(make(models), monkeypatch)
        fleet.forget()
        first, asked = fleet.plan(capfd)
        assert asked > 10 * models
        again, asked = fleet.plan(capfd)
        assert again == first
        assert first[0] == 0
        assert asked <= MOST[models]
        assert all(request.method in ("GET", "HEAD") for request in fleet.proxy.seen)
    last = f"model-{MANY - 2:05d}"  # one of the models has another name
    with changed(fleet, "production", NEXT.replace(NAME, last), next_entry(fleet, last)):
        assert fleet.plan(capfd)[0][0] == 3, "an entry on the last page"


def test_of_what_another_machine_deployed_only_that_model_is_planned_anew(
    fleet: Fleet, capfd: pytest.CaptureFixture[str]
) -> None:
    fleet.plan(capfd)
    with changed(fleet, "production", NEXT, next_entry(fleet)):
        said, asked = fleet.plan(capfd)
        assert said[0] == 3
        assert NAME in said[1]
        fleet.forget()
        without, all_asked = fleet.plan(capfd)
        assert said == without
        assert asked < all_asked / 2


Change = tuple[str, str, Callable[[Fleet], bytes | None]]


def absent(_: Fleet) -> None:
    return None


def flipped(part: str, key: str) -> Change:
    """Another last byte."""

    def body(fleet: Fleet) -> bytes:
        answer = fleet.part(part).get(key.format(release=release(fleet)))
        assert answer is not None
        return answer[0][:-1] + bytes([answer[0][-1] ^ 1])

    return part, key, body


def release(fleet: Fleet) -> str:
    """The folder of what is served."""
    answer = fleet.part("serving").get(f"{NAME}/current")
    assert answer is not None
    artifact = codec.decode(ReleasePointer, answer[0], what="current").artifact
    assert artifact is not None
    return f"{NAME}/releases/{artifact.removeprefix('sha256:')}"


def entry(fleet: Fleet, n: int, model: str = NAME) -> tuple[Entry, bytes]:
    answer = fleet.part("production").get(f"journal/production/{model}/{n}.json")
    assert answer is not None
    return codec.decode(Entry, answer[0], what="entry"), answer[0]


def next_entry(fleet: Fleet, model: str = NAME) -> bytes:
    head, body = entry(fleet, ENTRIES - 1, model)
    return codec.encode(replace(head, n=ENTRIES, previous=digest_of_bytes(body)))


def older_pointer(fleet: Fleet) -> bytes:
    older, body = entry(fleet, ENTRIES - 2)
    return codec.encode(
        ReleasePointer(
            project=older.project,
            environment=older.environment,
            model=NAME,
            n=older.n,
            entry=digest_of_bytes(body),
            artifact=older.artifact,
        )
    )


CHANGES: dict[str, Change] = {
    "the journal's end is cut off": ("production", HEAD, absent),
    "the store's mark is gone": ("production", store_layout.MARK, absent),
    "the register names another": (
        "production",
        "register/production/{register}.json",
        lambda _: codec.encode(JournalRegister(environment="production", journals=("stranger",))),
    ),
    "a byte of the served model": flipped("serving", "{release}/model.skops"),
    "the pointer is behind": ("serving", f"{NAME}/current", older_pointer),
    "a model that nobody declared": (
        "serving",
        "stranger/current",
        lambda fleet: codec.encode(
            replace(codec.decode(ReleasePointer, older_pointer(fleet), what="current"), model="stranger")
        ),
    ),
}


@contextmanager
def changed(fleet: Fleet, part: str, key: str, body: bytes | None) -> Iterator[None]:
    """An object has other bytes, or is not there, and has its own ones again afterwards."""
    bucket = fleet.part(part)
    before = bucket.get(key)
    write(bucket, key, body)
    try:
        yield
    finally:
        write(bucket, key, before[0] if before is not None else None)


def write(bucket: Bucket, key: str, body: bytes | None) -> None:
    if body is None:
        bucket.remove(key)
        return
    with tempfile.NamedTemporaryFile() as file:
        Path(file.name).write_bytes(body)
        bucket.put(key, Path(file.name))


FIRST = ("the register names another", "a byte of the served model", "a model that nobody declared")
SOAKED = pytest.mark.soak(only=True)


@pytest.mark.soak(every=3)
@pytest.mark.parametrize(
    ("part", "key", "body"),
    [pytest.param(*change, id=name, marks=[SOAKED] * (name not in FIRST)) for name, change in CHANGES.items()],
)
def test_what_is_remembered_never_changes_what_is_said(
    fleet: Fleet, capfd: pytest.CaptureFixture[str], part: str, key: str, body: Callable[[Fleet], bytes | None]
) -> None:
    fleet.plan(capfd)
    unchanged, asked = fleet.plan(capfd)
    assert asked <= MOST[FEW], "nothing was remembered"
    number = len(fleet.part("production").keys("register/production/"))
    where = key.format(release=release(fleet), register=number)
    with changed(fleet, part, where, body(fleet)):
        with_memory, _ = fleet.plan(capfd)
        again, _ = fleet.plan(capfd)
        fleet.forget()
        without, _ = fleet.plan(capfd)
    assert with_memory == without
    assert again == without
    assert without != unchanged
    assert fleet.plan(capfd)[0] == unchanged


@pytest.mark.soak(every=2)
@pytest.mark.parametrize("fault", [Fault.BUSY, Fault.CUT], ids=lambda fault: fault.value)
def test_a_bucket_that_does_not_answer_is_never_taken_for_unchanged(
    fleet: Fleet, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, fault: Fault
) -> None:
    monkeypatch.setenv("RECONCILER_STORE_TIMEOUT", "1")
    fleet.plan(capfd)
    fleet.proxy.reset(lambda _: fault)
    code = guarded(["plan", "production", "--check"])
    assert code == 1
    assert "E611" in capfd.readouterr().err


def test_another_service_of_the_same_name_is_asked_for_everything(
    fleet: Fleet, s3_server: Server, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The operator says where it is; what was read elsewhere is not compared with it."""
    fleet.plan(capfd)
    with between(s3_server.port) as other:
        monkeypatch.setenv("AWS_ENDPOINT_URL", other.url)
        assert guarded(["plan", "production"]) == 0
        assert len(other.seen) > 10 * FEW
