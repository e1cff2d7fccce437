"""A package goes through a registry and through skopeo with its bytes; a registry that answers wrongly is refused."""

from __future__ import annotations

import base64
import json
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from reconciler.adapters.packages.archive_reader import open_archive
from reconciler.adapters.packages.archive_writer import ArchiveWriter
from reconciler.adapters.registries.registry import OciRegistry
from reconciler.adapters.registries.registry_credentials import credentials_for
from reconciler.app import packages
from reconciler.core.digest import digest_of_bytes, hex_of
from reconciler.core.package import layout
from reconciler.core.package.registry_reference import parse_reference
from reconciler.core.trust.attestation import EMPTY_CONFIG, PROVENANCE, Attestation
from reconciler.engine.package import oci_documents
from reconciler.engine.package.read_package import read_package
from reconciler.engine.trust import referrers
from reconciler.errors import IntegrityError, StoreError, UsageError
from tests.e2e.packages.conftest import exported
from tests.support.registry import registry


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with registry(tmp_path_factory.mktemp("registry") / "here") as address:
        yield address


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package with an attestation, whose signature nobody checks here."""
    folder = tmp_path_factory.mktemp("signed")
    (folder / "into").mkdir()
    with open_archive(exported(tmp_path_factory) / "first.tar") as archive:
        content = read_package(archive, folder / "into")
        blobs = {name: archive.read(name) for name in archive.sizes if layout.digest_named(name)}
    envelope = json.dumps(
        {
            "payloadType": "application/vnd.in-toto+json",
            "payload": "",
            "signatures": [{"keyid": "ab" * 32, "sig": "eA=="}],
        }
    ).encode()
    manifest = content.artifact_manifest
    attestation = Attestation(subject=content.artifact.digest, predicate_type=PROVENANCE, envelope=envelope)
    refers = referrers.manifest_of(attestation, len(manifest))
    index = oci_documents.referrers_index((*content.referring, refers))
    old = oci_documents.referrers_index(content.referring)
    blobs.pop(layout.blob_name(digest_of_bytes(old)))
    blobs |= {layout.blob_name(digest_of_bytes(each)): each for each in (envelope, refers, index, EMPTY_CONFIG)}
    members: list[tuple[str, bytes | Path]] = [
        (layout.LAYOUT_FILE, oci_documents.LAYOUT),
        (layout.INDEX_FILE, oci_documents.layout_index("lateness", manifest, index)),
        *sorted(blobs.items()),
    ]
    ArchiveWriter().write(folder / "signed.tar", members)
    return folder / "signed.tar"


@pytest.mark.needs("oci-registry")
def test_the_same_bytes_come_back_from_a_registry(host: str, signed: Path, tmp_path: Path) -> None:
    pushed = packages.push(signed, f"{host}/models/lateness:1")
    assert (pushed.attestations, pushed.referrers) == (1, "tag")
    assert packages.push(signed, f"oci://{host}/models/lateness:1").uploaded == 0
    pulled = packages.pull(f"{host}/models/lateness:1", tmp_path / "pulled.tar")
    assert (tmp_path / "pulled.tar").read_bytes() == signed.read_bytes()
    assert (pulled.artifact, pulled.attestations, pulled.keys) == (pushed.artifact, 1, ("ab" * 32,))
    packages.pull(f"{host}/models/lateness@{pushed.artifact}", tmp_path / "by-digest.tar")
    assert (tmp_path / "by-digest.tar").read_bytes() == signed.read_bytes()
    with pytest.raises(UsageError, match="there is no"):
        packages.pull(f"{host}/models/lateness:2", tmp_path / "absent.tar")
    with pytest.raises(UsageError, match="exists already"):
        packages.pull(f"{host}/models/lateness:1", tmp_path / "pulled.tar")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["by-digest.tar", "pulled.tar"]


@pytest.mark.needs("oci-registry")
def test_what_others_attached_stays_and_is_left_out(host: str, signed: Path, tmp_path: Path) -> None:
    artifact = packages.push(signed, f"{host}/models/scanned").artifact
    repository = OciRegistry(parse_reference(f"{host}/models/scanned"), {})
    tag = layout.referrers_tag(artifact)
    index = json.loads(repository.manifest(tag, 10**6) or b"")
    scan = json.loads(repository.manifest(index["manifests"][0]["digest"], 10**6) or b"") | {"artifactType": "a/scan"}
    body = json.dumps(scan).encode()
    repository.put_manifest(digest_of_bytes(body), scan["mediaType"], body)
    entry = {"mediaType": scan["mediaType"], "digest": digest_of_bytes(body), "size": len(body)}
    index["manifests"].append(entry | {"artifactType": "a/scan"})
    repository.put_manifest(tag, layout.INDEX_TYPE, json.dumps(index).encode())
    packages.push(signed, f"{host}/models/scanned")
    assert digest_of_bytes(body) in (repository.manifest(tag, 10**6) or b"").decode()
    packages.pull(f"{host}/models/scanned:lateness", tmp_path / "pulled.tar")
    assert (tmp_path / "pulled.tar").read_bytes() == signed.read_bytes()


@pytest.mark.soak(only=True)
@pytest.mark.needs("oci-registry", "skopeo")
def test_skopeo_copies_a_package_into_a_registry_and_out_of_it(host: str, signed: Path, tmp_path: Path) -> None:
    artifact = packages.push(signed, f"{host}/models/first").artifact
    tag = layout.referrers_tag(artifact)

    def copy(source: str, to: str) -> None:
        command = ["skopeo", "--insecure-policy", "copy", "-q", "--all", "--src-tls-verify=false"]
        subprocess.run([*command, "--dest-tls-verify=false", source, to], check=True, capture_output=True)

    for name, other in (("lateness", "1"), (tag, tag)):
        copy(f"oci-archive:{signed}:{name}", f"docker://{host}/models/from-file:{other}")
        copy(
            f"docker://{host}/models/first:{name}",
            f"docker://{host}/models/from-registry:{'1' if other == '1' else tag}",
        )
        copy(f"docker://{host}/models/first:{name}", f"oci:{tmp_path}/layout:{name}")
    for place in ("from-file", "from-registry"):
        pulled = packages.pull(f"{host}/models/{place}:1", tmp_path / f"{place}.tar")
        assert (pulled.artifact, pulled.attestations) == (artifact, 1)
        assert (tmp_path / f"{place}.tar").read_bytes() == signed.read_bytes()
    names = ["oci-layout", "index.json", "blobs"]
    subprocess.run(["tar", "--format=ustar", "-cf", "../again.tar", *names], cwd=tmp_path / "layout", check=True)
    assert packages.push(tmp_path / "again.tar", f"{host}/models/again").artifact == artifact


# --- a registry that answers as it is told ---------------------------------------------------------------------------


@dataclass
class Odd:
    """Answers by path; what it was asked, with the header that credentials travel in."""

    answers: dict[str, Callable[[BaseHTTPRequestHandler], None]] = field(default_factory=dict)
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    host: str = ""


@pytest.fixture
def odd() -> Iterator[Odd]:
    told = Odd()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.0"

        def do_GET(self) -> None:
            told.asked.append((self.path, self.headers.get("Authorization")))
            path = self.path.partition("?")[0]
            told.answers.get(path, lambda handler: send(handler, 404))(self)

        def log_message(self, *arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        told.host = f"127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield told
        server.shutdown()
        thread.join()


def send(handler: BaseHTTPRequestHandler, status: int, body: bytes = b"", **headers: str) -> None:
    handler.send_response(status)
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()
    handler.wfile.write(body)


CREDENTIALS = {"RECONCILER_REGISTRY_USER": "ada", "RECONCILER_REGISTRY_PASSWORD": "hunter22"}
BASIC = "Basic " + base64.b64encode(b"ada:hunter22").decode()


def test_a_token_is_asked_for_and_used_and_no_other_host_is_given_anything(odd: Odd, tmp_path: Path) -> None:
    body = b"a blob"
    digest = digest_of_bytes(body)

    def guarded(handler: BaseHTTPRequestHandler) -> None:
        if handler.headers.get("Authorization") != "Bearer abc":
            realm = f'Bearer realm="http://{odd.host}/token",service="s",scope="x"'
            return send(handler, 401, WWW_Authenticate=realm)
        return send(handler, 307, Location=f"http://localhost:{odd.host.rpartition(':')[2]}/elsewhere")

    odd.answers[f"/v2/models/x/blobs/{digest}"] = guarded
    odd.answers["/token"] = lambda handler: send(handler, 200, b'{"token": "abc"}')
    odd.answers["/elsewhere"] = lambda handler: send(handler, 200, body)
    repository = OciRegistry(parse_reference(f"{odd.host}/models/x"), CREDENTIALS)
    with pytest.raises(StoreError, match="without TLS") as refused:
        repository.blob(digest, len(body), tmp_path / "blob")
    assert "hunter22" not in str(refused.value)
    assert [sent for path, sent in odd.asked if path.startswith("/token")] == [BASIC]
    assert [sent for _, sent in odd.asked] == [None, BASIC, "Bearer abc"]


@pytest.mark.soak(every=2)
@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (lambda handler: send(handler, 200, b"a blob that is longer" * 999_999), "E505"),
        (lambda handler: send(handler, 200, b"a blog"), "E501"),
        (lambda handler: send(handler, 200, b"a bl"), "E501"),
        (lambda handler: send(handler, 404), "E521"),
        (lambda handler: send(handler, 500, b"hunter22"), "E621"),
        (lambda handler: send(handler, 403), "E622"),
        (lambda handler: send(handler, 401, WWW_Authenticate="Negotiate"), "E622"),
        (lambda handler: send(handler, 401, WWW_Authenticate='Bearer realm="http://evil.example/t"'), "E621"),
        (lambda handler: handler.wfile.write(b"no HTTP\n"), "E621"),
    ],
)  # fmt: skip
def test_a_registry_that_answers_wrongly_is_refused(
    odd: Odd, tmp_path: Path, answer: Callable[[BaseHTTPRequestHandler], None], code: str
) -> None:
    digest = digest_of_bytes(b"a blob")
    odd.answers[f"/v2/models/x/blobs/{digest}"] = answer
    repository = OciRegistry(parse_reference(f"{odd.host}/models/x"), {})
    with pytest.raises((StoreError, IntegrityError)) as refused:
        repository.blob(digest, 6, tmp_path / "blob")
    assert refused.value.code == code, refused.value
    assert "hunter22" not in str(refused.value)


def test_credentials_come_from_the_environment_or_from_what_a_login_wrote(tmp_path: Path) -> None:
    auth = base64.b64encode(b"bo:secret").decode()
    (tmp_path / "config.json").write_text(json.dumps({"auths": {"r.example.org": {"auth": auth}, "s": {"auth": "!"}}}))
    file = {"DOCKER_CONFIG": str(tmp_path)}
    assert credentials_for("r.example.org", file | CREDENTIALS) == BASIC.removeprefix("Basic ")
    assert credentials_for("r.example.org", file) == auth
    assert credentials_for("other.example.org", file) is None
    assert credentials_for("s", file) is None
    (tmp_path / "config.json").write_text("[")
    assert credentials_for("r.example.org", file) is None


@pytest.mark.parametrize(
    "name", ["x", "https://r.example.org/m:1", "r/M:1", "r/m:1:2", "ada:pw@r/m:1", "r/../m", "r/m@1"]
)
def test_what_names_no_image_is_refused_and_a_password_is_not_repeated(name: str) -> None:
    with pytest.raises(UsageError) as refused:
        parse_reference(name)
    assert "pw" not in str(refused.value)


def test_only_this_machine_needs_no_tls() -> None:
    loopback = {"localhost": True, "127.0.0.1:5000": True, "[::1]:5": True, "127.0.0.1.example.org": False, "r": False}
    assert {host: parse_reference(f"{host}/m").loopback for host in loopback} == loopback
    assert hex_of(digest_of_bytes(b"")) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
