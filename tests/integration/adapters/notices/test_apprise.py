"""Apprise against a webhook that listens here, and what is never said of an address."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from reconciler.adapters.notices.apprise_notifier import AppriseNotifier
from reconciler.testing.contracts.notices import NotifierContract
from tests.support.webhook import listening


class TestApprise(NotifierContract):
    @pytest.fixture(autouse=True)
    def _webhook(self) -> Iterator[None]:
        with listening() as self.webhook:
            yield

    def make(self) -> AppriseNotifier:
        return AppriseNotifier()

    def address(self) -> str:
        return self.webhook.address()

    def dead(self) -> str:
        return self.webhook.address("dead")

    def arrived(self) -> list[tuple[str, str]]:
        return self.webhook.arrived


def test_nothing_of_an_address_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        assert AppriseNotifier().send("json://127.0.0.1:9/secret-token", title="a", body="b")
        assert AppriseNotifier().send("slack://secret-token", title="a", body="b")
    assert "secret-token" not in caplog.text
    assert not logging.getLogger("apprise").disabled
