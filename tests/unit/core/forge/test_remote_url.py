"""Addresses of remotes: read strictly, hostile ones refused, nobody's name or password in a message."""

from __future__ import annotations

import pytest

from reconciler.core.forge.remote_url import RemoteURL, address, is_loopback
from reconciler.errors import SourceError

READ = {
    "https://github.com/town/models.git": ("https://github.com", "town/models"),
    "https://ada:s3cret@github.com/town/models/": ("https://github.com", "town/models"),
    "https://GitHub.com:443/town/models": ("https://github.com", "town/models"),
    "https://git.example.org:8443/a/b/c.git": ("https://git.example.org:8443", "a/b/c"),
    "http://127.0.0.1:8080/town/models.git": ("http://127.0.0.1:8080", "town/models"),
    "http://[::1]:8080/town/models": ("http://[::1]:8080", "town/models"),
    "ssh://git@github.com/town/models.git": ("ssh://github.com", "town/models"),
    "ssh://git@git.example.org:2222/town/models": ("ssh://git.example.org:2222", "town/models"),
    "ssh://git@ssh.github.com:443/town/models.git": ("ssh://github.com", "town/models"),
    "git@github.com:town/models.git": ("ssh://github.com", "town/models"),
    "git.example.org:town/models": ("ssh://git.example.org", "town/models"),
}
FOLDERS = ("/srv/models.git", "../models.git", "./a b.git", "models", "file:///srv/models.git", "/srv/zoë/models")
HOSTILE = (
    "",
    "-oProxyCommand=touch x",
    "--upload-pack=x",
    "ext::sh -c touch% x",
    "fd::7",
    "transport::address",
    "ssh://-oProxyCommand=x/town/models",
    "-oProxyCommand=x:town/models",
    "ssh://git@-x/town/models",
    "git@-host:town/models",
    "git://github.com/town/models",
    "ftp://github.com/town/models",
    "javascript://github.com/town/models",
    "file://other.example/srv/models",
    "https://github.com\\@evil.example/town/models",
    "https://github.com#@evil.example/town/models",
    "https://github.com?@evil.example/town/models",
    "https://github.com/town/models?x=1",
    "https://github.com/town/models#x",
    "https://github.com/town/../models",
    "https://github.com/town/%2e%2e/models",
    "https://github.com/-town/models",
    "https://github.com/$HOME/models",
    "https://github.com/",
    "https://github.com",
    "https://github.com:0/town/models",
    "https://github.com:99999/town/models",
    "https://githubé.com/town/models",
    "https:///town/models",
    "https://@/town/models",
    "https://gith ub.com/town/models",
    "https://github.com/town/models\nhttps://evil.example",
    "https://github.com/town/mod\u202eels",
    "https://" + "a" * 3000 + "/b",
)


@pytest.mark.parametrize("text", READ)
def test_an_address_is_read_without_who_is_in_it(text: str) -> None:
    found = address(text)
    assert (found.origin, found.path) == READ[text]
    assert "s3cret" not in repr(found)
    assert str(found) == f"{found.origin}/{found.path}"


@pytest.mark.parametrize("text", FOLDERS)
def test_a_folder_is_a_remote(text: str) -> None:
    assert address(text) == RemoteURL(scheme="file", host="", path=text.removeprefix("file://"))


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_one_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(SourceError) as caught:
        address(text)
    assert caught.value.code == "E305"
    assert not text or text not in f"{caught.value} {caught.value.hint}"


def test_only_this_machine_is_this_machine() -> None:
    assert all(is_loopback(one) for one in ("localhost", "127.0.0.1", "127.8.9.1", "[::1]"))
    assert not any(
        is_loopback(one) for one in ("127.0.0.1.evil.example", "1.2.3.4", "10.0.0.1", "localhost.x", "[::2]")
    )
