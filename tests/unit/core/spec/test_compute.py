"""A scheduler is reached by TLS, or on this machine."""

from __future__ import annotations

import pytest

from reconciler.core.spec.compute import unsafe_address


@pytest.mark.parametrize(
    "address", ["tcp://127.0.0.1:8786", "tcp://localhost:1", "tcp://[::1]:8786", "tcp://127.9.9.9:65535"]
)
def test_on_this_machine_no_certificate_is_needed(address: str) -> None:
    assert unsafe_address(address, secured=False) is None


@pytest.mark.parametrize(
    "address", ["tcp://10.0.0.1:8786", "tcp://localhost.example.org:8786", "tcp://128.0.0.1:8786", "tcp://[::2]:8786"]
)
def test_elsewhere_nothing_goes_unencrypted(address: str) -> None:
    problem = unsafe_address(address, secured=False)
    assert problem is not None
    assert problem[0] == "is not encrypted and not on this machine"


@pytest.mark.parametrize(
    "address",
    ["", "127.0.0.1:8786", "tcp://127.0.0.1", "tcp://127.0.0.1:0", "tcp://127.0.0.1:65536", "ws://127.0.0.1:1"],
)
def test_what_is_no_address_of_a_scheduler_is_none(address: str) -> None:
    problem = unsafe_address(address, secured=False)
    assert problem is not None
    assert problem[0] == "is not an address of a Dask scheduler"


@pytest.mark.parametrize(
    "address", ["tls://user@host:1", "tls://host:1/path", "tcp://127.0.0.1@evil.example:1", "tls://a b:1"]
)
def test_nothing_stands_around_the_host(address: str) -> None:
    assert unsafe_address(address, secured=True) is not None


def test_certificates_and_tls_go_together() -> None:
    assert unsafe_address("tls://10.0.0.1:8786", secured=True) is None
    assert unsafe_address("tls://10.0.0.1:8786", secured=False) is not None
    assert unsafe_address("tcp://127.0.0.1:8786", secured=True) is not None
