"""A forge that refuses, breaks or does not answer: each is an error of ours that says what to do, holds no secret, and
leaves nothing that the same call, again, does not finish."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from reconciler.core.forge.pull_request import CommitStatus, PullState, StatusState
from reconciler.errors import ConflictError, ForgeError, ReconcilerError
from reconciler.ports import Forge
from reconciler.testing.contracts.forges import BRANCH, draft
from tests.forge.clients import github, gitlab
from tests.forge.fake.server import Fault, Server

pytestmark = pytest.mark.needs("git")
SECRETS = ("tok-ada-write", "tok-read-only", "tok-unknown", "s3cret", "\x1b")
CLIENTS: dict[str, Callable[..., Forge]] = {"github": github, "gitlab": gitlab}
API = r"/api/v[34]/.*"


@pytest.fixture(params=CLIENTS)
def client(request: pytest.FixtureRequest) -> Callable[..., Forge]:
    return CLIENTS[request.param]


def told(error: ReconcilerError) -> str:
    text = f"{error} {error.hint}"
    assert not any(secret in text for secret in SECRETS), text
    assert "\n" not in text
    return text


EXPECTED: dict[Fault, tuple[type[ReconcilerError], str, str]] = {
    Fault.UNAUTHORIZED: (ForgeError, "E902", r"does not know the token of \w+_TOKEN"),
    Fault.FORBIDDEN: (ForgeError, "E902", r"needs .*(write pull requests|scope api)"),
    Fault.RATE: (ConflictError, "E903", r"after 2027-01-15 08:00:00 UTC"),
    Fault.SLOW_DOWN: (ConflictError, "E903", r"in 60 seconds"),
    Fault.REFUSED: (ForgeError, "E904", r"Validation Failed https://forge\.example/x \*\*\* .*\.\.\."),
    Fault.BROKEN: (ForgeError, "E901", r"status 500"),
    Fault.LOGIN_PAGE: (ForgeError, "E901", r"does not answer with Git(Hub|Lab)'s API"),
    Fault.LOST_BEFORE: (ForgeError, "E901", r"cannot be reached"),
    Fault.LOST_AFTER: (ForgeError, "E901", r"cannot be reached"),
    Fault.HELD_BEFORE: (ForgeError, "E901", r"did not answer in time"),
    Fault.HELD_AFTER: (ForgeError, "E901", r"did not answer in time"),
}


# An answer that never comes after the request was opened: a lost one and one that never came are shown without it.
CASES = [pytest.param(each, marks=pytest.mark.soak(only=True) if each is Fault.HELD_AFTER else ()) for each in EXPECTED]


@pytest.mark.parametrize("fault", CASES, ids=lambda fault: fault.name)
def test_a_fault_while_a_request_is_opened_is_told_and_the_next_run_finishes(
    server: Server, client: Callable[..., Forge], fault: Fault
) -> None:
    kind, code, words = EXPECTED[fault]
    server.place.push(BRANCH)
    server.order(fault, method="POST", path=API)
    with pytest.raises(kind) as caught:
        client(server, timeout=4 if "HELD" in fault.name else 20).open(draft())
    assert caught.value.code == code
    assert re.search(words, told(caught.value)), told(caught.value)
    pull = client(server).open(draft())
    assert (pull.number, list(server.place.pulls), pull.state) == (1, [1], PullState.OPEN)
    assert server.place.pulls[1].labels == ["reconciler"]


def test_nothing_is_asked_twice_in_one_run(server: Server, client: Callable[..., Forge]) -> None:
    """The library's own retries are off: a forge that is down is asked once, and nobody waits for it."""
    server.order(Fault.BROKEN, times=99)
    for call in (lambda forge: forge.opened("promote/"), lambda forge: forge.pull(1)):
        server.orders[0].times = 99
        with pytest.raises(ForgeError):
            call(client(server))
        assert server.orders[0].times == 98
    server.orders.clear()
    server.order(Fault.SLOW_DOWN, times=99)
    with pytest.raises(ConflictError):
        client(server).opened("promote/")
    assert server.orders[0].times == 98


@pytest.mark.parametrize("fault", [Fault.LOST_AFTER, Fault.LOST_BEFORE], ids=lambda fault: fault.name)
def test_what_a_lost_answer_left_is_found_by_the_same_call(
    server: Server, client: Callable[..., Forge], fault: Fault
) -> None:
    commit = server.place.push(BRANCH)
    number = client(server).open(draft()).number
    status = CommitStatus(name="reconciler/plan", state=StatusState.SUCCESS, description="sha256:1")
    calls: list[Callable[[Forge], object]] = [
        lambda forge: forge.comment(number, "plan/production", "one"),
        lambda forge: forge.comment(number, "plan/production", "two"),
        lambda forge: forge.set_status(commit, status),
        lambda forge: forge.issue("drift/production", title="Drift", body="1"),
        lambda forge: forge.issue("drift/production", title="Drift", body=None),
        lambda forge: forge.open(draft(title="Another")),
        lambda forge: forge.close(number),
    ]
    for call in calls:
        server.order(fault, method="POST|PUT|PATCH", path=API)
        with pytest.raises(ForgeError) as caught:
            call(client(server))
        assert caught.value.code == "E901"
        call(client(server))
        call(client(server))
    ours = [one for one in server.place.remarks if one.by == "ada"]
    assert [one.body.splitlines()[1:] for one in ours] == [["two"]]
    assert [one.state for one in server.place.issues.values()] == ["closed"]
    assert (server.place.pulls[number].title, server.place.pulls[number].state) == ("Another", "closed")
    assert client(server).statuses(commit) == (status,)


def test_a_token_without_rights_is_told_which_it_needs(server: Server, client: Callable[..., Forge]) -> None:
    server.place.push(BRANCH)
    reader = client(server, "tok-read-only")
    assert reader.opened("promote/") == ()
    with pytest.raises(ForgeError) as caught:
        reader.open(draft())
    assert caught.value.code == "E902"
    assert re.search(r"the token of \w+ needs .*(write|api)", told(caught.value))
    with pytest.raises(ForgeError) as caught:
        client(server, "tok-unknown").whoami()
    assert caught.value.code == "E902"
    told(caught.value)


def test_a_request_that_is_not_there_is_told_from_a_project_that_may_not_be_seen(
    server: Server, client: Callable[..., Forge]
) -> None:
    with pytest.raises(ForgeError) as caught:
        client(server).pull(4242)
    assert (caught.value.code, "4242" in caught.value.message) == ("E904", True)
    for api in (server.github, server.gitlab):
        api.routes = [one for one in api.routes if one[0] != "GET" or "town" not in one[1].pattern]
    with pytest.raises(ForgeError) as caught:
        client(server).pull(4242)
    assert caught.value.code == "E902"


def test_no_repr_of_a_forge_or_its_token_holds_the_secret(server: Server, client: Callable[..., Forge]) -> None:
    forge = client(server)
    for one in (forge, *vars(forge).values()):
        assert "tok-ada-write" not in repr(one)
