"""Answers that are larger than is read: of a worker process, whose model a stranger made, and of a forge."""

from __future__ import annotations

import gzip
import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from reconciler.adapters.executors import compute
from reconciler.adapters.executors.compute import DataWorker
from reconciler.adapters.executors.worker_process import WorkerProcess
from reconciler.adapters.forges.bounded_answers import AnswerLimits
from reconciler.core.size_limits import ANSWER_BYTES, ANSWER_ITEMS, FORGE_ANSWER_BYTES, FORGE_PAGES, MESSAGE_LENGTH
from reconciler.core.spec.environment import Limits
from reconciler.errors import DataError, ForgeError
from reconciler.ports import Forge
from reconciler.testing.contracts.forges import BRANCH, draft
from tests.forge.clients import github, gitlab
from tests.forge.fake.answers import Answer
from tests.forge.fake.server import Server, serving
from tests.support.memory_use import in_little_memory

LIMITS = Limits(seconds=60, memory=2 * 1024**3)
WORKER = "reconciler.testing.misbehaving_worker"


@contextmanager
def running() -> Iterator[WorkerProcess]:
    worker = WorkerProcess(WORKER, failure=DataError)
    try:
        yield worker
    finally:
        worker.close()


def test_an_answer_without_an_end_is_left_at_the_limit() -> None:
    with running() as worker:
        with pytest.raises(DataError, match=f"its answer has more than {ANSWER_BYTES:,} bytes"):
            worker.call("flood", "x", str, LIMITS)
        assert worker.call("echo", "after", str, LIMITS) == "after", "another process serves on"


def test_the_items_of_an_answer_are_counted_before_it_is_parsed() -> None:
    program = """
import sys
from reconciler.adapters.executors.worker_answers import document_of
print(document_of(b'{"ok":[' + b"[]," * int(sys.argv[1]) + b"[]]}"))
"""
    assert in_little_memory(program, str(5 * ANSWER_ITEMS), megabytes=400) == "None\n"
    with running() as worker, pytest.raises(DataError, match="its answer cannot be read"):
        worker.call("nest", str(ANSWER_ITEMS), str, LIMITS)


def test_the_words_of_a_worker_are_cut() -> None:
    with running() as worker, pytest.raises(DataError) as told:
        worker.call("refuse", "x" * 10**6, str, LIMITS)
    assert told.value.message == "x" * MESSAGE_LENGTH


def test_many_expressions_are_asked_for_in_several_requests() -> None:
    texts = [f"x + {number}" for number in range(compute.AT_ONCE + 1)]
    worker = DataWorker()
    try:
        parsed = worker.parse(texts)
    finally:
        worker.close()
    assert sorted(parsed) == sorted(texts)


# --- forges ----------------------------------------------------------------------------------------------------------

CLIENTS: dict[str, Callable[..., Forge]] = {"github": github, "gitlab": gitlab}


@pytest.fixture
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("forge") / "forge") as here:
        yield here


@pytest.fixture(params=CLIENTS)
def client(request: pytest.FixtureRequest) -> Callable[..., Forge]:
    return CLIENTS[request.param]


class Instead:
    """An API of a forge that gives one answer to everything."""

    def __init__(self, answer: Callable[[], Answer]) -> None:
        self._answer = answer

    def answer(self, _: object) -> Answer:
        return self._answer()


def test_a_body_that_is_larger_than_any_is_not_read(server: Server, client: Callable[..., Forge]) -> None:
    large = Answer(body=b"[" + b" " * FORGE_ANSWER_BYTES + b"]")
    server.github = server.gitlab = Instead(lambda: large)  # type: ignore[assignment]
    with pytest.raises(ForgeError, match=f"{FORGE_ANSWER_BYTES + 2:,} bytes; no more are read") as told:
        client(server).opened("promote/")
    assert told.value.code == "E907"
    assert told.value.hint


def test_a_packed_body_is_measured_as_it_is_unpacked(server: Server, client: Callable[..., Forge]) -> None:
    packed = gzip.compress(b"[" + b" " * FORGE_ANSWER_BYTES + b"]")
    assert len(packed) < 100_000
    answer = Answer(body=packed, headers={"Content-Encoding": "gzip"})
    server.github = server.gitlab = Instead(lambda: answer)  # type: ignore[assignment]
    with pytest.raises(ForgeError, match=f"more than {FORGE_ANSWER_BYTES:,} bytes") as told:
        client(server).opened("promote/")
    assert told.value.code == "E907"


def test_a_list_that_goes_on_is_left_at_the_last_page_read(server: Server, client: Callable[..., Forge]) -> None:
    pages = itertools.count(FORGE_PAGES - 1)
    strangers = {"head": {"repo": None, "ref": "x", "sha": "a"}, "source_project_id": 1, "target_project_id": 2}

    def page() -> Answer:
        following = f'<{server.root}{"/api/v3" if client is github else "/api/v4"}/x?page={next(pages)}>; rel="next"'
        return Answer(body=[strangers], headers={"Link": following})

    server.github = server.gitlab = Instead(page)  # type: ignore[assignment]
    with pytest.raises(ForgeError, match=f"a list of more than {FORGE_PAGES} pages") as told:
        client(server).opened("promote/")
    assert told.value.code == "E907"
    assert [path.partition("?page=")[2][:3] for _, path in server.asked] == ["", "299", "300", "301"]


def test_other_answers_are_read_as_before(server: Server, client: Callable[..., Forge]) -> None:
    server.place.push(BRANCH)
    forge = client(server)
    pull = forge.open(draft())
    assert forge.pull(pull.number) == pull
    assert AnswerLimits("x", largest=3).check(3) is None  # type: ignore[func-returns-value]
