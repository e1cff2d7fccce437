"""Contract of `ports.Notifier`: what was sent arrives, and what was not is said without the address."""

from __future__ import annotations

from abc import ABC, abstractmethod

from reconciler.ports import Notifier
from reconciler.testing.contracts.stores_and_targets import expect


class NotifierContract(ABC):
    """`make` returns the notifier; `address` is of a channel whose messages `arrived` returns, `dead` of one that takes
    none."""

    @abstractmethod
    def make(self) -> Notifier: ...

    @abstractmethod
    def address(self) -> str: ...

    @abstractmethod
    def dead(self) -> str: ...

    @abstractmethod
    def arrived(self) -> list[tuple[str, str]]: ...

    def test_a_message_arrives_with_its_title(self) -> None:
        body = "churn: 1a2b3c4d5e6f is deployed\norders: f1_macro 0.412 is below 0.450 <b>*_`"
        expect(self.make().send(self.address(), title="shop/production: 2 models", body=body) is None)
        expect(self.arrived() == [("shop/production: 2 models", body)], str(self.arrived()))

    def test_what_did_not_arrive_is_said_without_the_address(self) -> None:
        failed = self.make().send(self.dead(), title="shop/production", body="x")
        expect(bool(failed))
        expect(self.dead() not in str(failed))
        expect(self.arrived() == [])

    def test_an_address_of_no_form_is_said_without_it(self) -> None:
        failed = self.make().send("no-address-of-anything", title="shop/production", body="x")
        expect(bool(failed))
        expect("no-address-of-anything" not in str(failed))
