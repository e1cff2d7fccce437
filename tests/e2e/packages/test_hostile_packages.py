"""Rows 69 to 78 of the list of bad inputs: a package with any part changed, lost, added or forged is refused."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reconciler import codec
from reconciler.adapters.packages.archive_reader import open_archive
from reconciler.core.digest import digest_of_bytes, hex_of
from reconciler.engine.package.read_package import PackageContent, read_package
from reconciler.errors import IntegrityError
from tests.e2e.packages.conftest import exported
from tests.support import effort
from tests.support.archives import entries_of, package_of

Files = dict[str, bytes]
Json = dict[str, Any]


def blob(body: bytes) -> str:
    return f"blobs/sha256/{hex_of(digest_of_bytes(body))}"


class Package:
    """The files of a package, which can be changed so that every digest above a change is true again: a forgery by
    someone who can compute."""

    def __init__(self, files: Files) -> None:
        self.files = dict(files)

    def load(self, name: str) -> Json:
        found: Json = json.loads(self.files[name])
        return found

    @property
    def index(self) -> Json:
        return self.load("index.json")

    def at(self, place: int) -> str:
        return str(self.index["manifests"][place]["digest"]).replace("sha256:", "blobs/sha256/")

    @property
    def manifest(self) -> str:
        return self.at(0)

    @property
    def referrers(self) -> str:
        return self.at(1)

    @property
    def evidence(self) -> str:
        return str(self.load(self.referrers)["manifests"][0]["digest"]).replace("sha256:", "blobs/sha256/")

    def record(self, name: str) -> str:
        """Return where a record of the evidence lies."""
        layers = self.load(self.evidence)["layers"]
        found = next(each for each in layers if each["annotations"]["org.opencontainers.image.title"].startswith(name))
        return str(found["digest"]).replace("sha256:", "blobs/sha256/")

    def file(self, name: str) -> str:
        """Return where a file of the artifact lies."""
        layers = self.load(self.manifest)["layers"]
        found = next(each for each in layers if each["annotations"]["org.cncf.model.filepath"] == name)
        return str(found["digest"]).replace("sha256:", "blobs/sha256/")

    def replace(self, name: str, body: bytes) -> None:
        """Replace a blob, and its digest and size wherever they are named, up to index.json."""
        old, new = name.removeprefix("blobs/sha256/"), hex_of(digest_of_bytes(body))
        size = len(self.files.pop(name))
        self.files[blob(body)] = body
        for other, text in list(self.files.items()):
            if old.encode() in text and b'"schemaVersion"' in text:
                document = json.loads(text.replace(old.encode(), new.encode()))
                _resize(document, f"sha256:{new}", size, len(body))
                encoded = codec.canonical(document)
                if other.startswith("blobs/"):
                    self.replace(other, encoded)
                else:
                    self.files[other] = encoded

    def edit(self, name: str, change: Callable[[Json], object]) -> None:
        """Change a JSON document, its checksum where it has one, and all that names it."""
        document = self.load(name)
        checksummed = document.pop("~sha256", None) is not None
        change(document)
        body = codec.canonical(document)
        self.replace(name, codec.with_checksum(body) if checksummed else body)


def _resize(document: Any, digest: str, old: int, new: int) -> None:
    """Set the size beside a digest."""
    if isinstance(document, dict):
        if document.get("digest") == digest and document.get("size") == old:
            document["size"] = new
        for value in document.values():
            _resize(value, digest, old, new)
    elif isinstance(document, list):
        for value in document:
            _resize(value, digest, old, new)


def edited_index(change: Callable[[Json], object]) -> Callable[[Package], None]:
    def edit(package: Package) -> None:
        document = package.index
        change(document)
        package.files["index.json"] = codec.canonical(document)

    return edit


def edited(name: Callable[[Package], str], change: Callable[[Json], object]) -> Callable[[Package], None]:
    return lambda package: package.edit(name(package), change)


def forged_gate(verification: Json) -> None:
    verification["results"][0]["verdict"] = "refused"


def put(name: str, value: object) -> Callable[[Json], None]:
    return lambda document: document.__setitem__(name, value)


ZERO = "sha256:" + "0" * 64
FORGERIES: dict[str, tuple[str, Callable[[Package], None]]] = {
    # row 69: bytes
    "a flipped byte of the model": (
        "E501",
        lambda p: p.files.update({(n := p.file("model.skops")): b"X" + p.files[n][1:]}),
    ),
    "a flipped byte of the manifest": (
        "E501",
        lambda p: p.files.update({(n := p.manifest): p.files[n].replace(b"2", b"3", 1)}),
    ),
    "a flipped byte of a record": (
        "E501",
        lambda p: p.files.update({(n := p.record("build")): p.files[n].replace(b"2", b"3", 1)}),
    ),
    "a longer blob": ("E505", lambda p: p.files.update({(n := p.file("schema.json")): p.files[n] + b" "})),
    "a shorter blob": ("E505", lambda p: p.files.update({(n := p.file("schema.json")): p.files[n][:-1]})),
    # row 73: sizes that are said
    "a size that is not true": ("E505", edited_index(lambda d: d["manifests"][0].update(size=7))),
    "an index that is too large": (
        "E505",
        lambda p: p.files.update({"index.json": p.files["index.json"] + b" " * 2**20}),
    ),
    # row 74 and 75: types
    "an unknown type in the index": ("E521", edited_index(lambda d: d["manifests"][0].update(mediaType="image/png"))),
    "an artifact of another type": ("E521", edited(lambda p: p.manifest, put("artifactType", "image/png"))),
    "a manifest of another type": ("E521", edited(lambda p: p.manifest, put("mediaType", "image/png"))),
    "a layer of another type": ("E511", edited(lambda p: p.manifest, lambda d: d["layers"][0].update(mediaType="x/y"))),
    "a record of another type": (
        "E521",
        edited(lambda p: p.evidence, lambda d: d["layers"][0].update(mediaType="x/y")),
    ),
    "a record of another name": (
        "E521",
        edited(
            lambda p: p.evidence,
            lambda d: d["layers"][0]["annotations"].update({"org.opencontainers.image.title": "x.sh"}),
        ),
    ),
    "evidence of another type": ("E521", edited(lambda p: p.evidence, put("artifactType", "x/y"))),
    "a model of another name": (
        "E511",
        edited(
            lambda p: p.manifest,
            lambda d: d["layers"][2]["annotations"].update({"org.cncf.model.filepath": "../../model.skops"}),
        ),
    ),
    "bytes from elsewhere": (
        "E521",
        edited(lambda p: p.manifest, lambda d: d["layers"][0].update(urls=["http://x/y"])),
    ),
    "bytes within": ("E521", edited_index(lambda d: d["manifests"][0].update(data="e30="))),
    # row 76: documents
    "a key twice": ("E508", lambda p: p.files.update({"index.json": b'{"schemaVersion":2,"schemaVersion":2}'})),
    "NaN": ("E508", lambda p: p.files.update({"index.json": b'{"schemaVersion":NaN}'})),
    "deep": ("E508", lambda p: p.files.update({"index.json": b"[" * 200_000})),
    "no JSON": ("E508", lambda p: p.files.update({"index.json": b"\xff\xfe"})),
    "a list": ("E508", lambda p: p.files.update({"index.json": b"[]"})),
    "a digest that is too short": ("E508", edited_index(lambda d: d["manifests"][0].update(digest="sha256:abc"))),
    "another hash": ("E508", edited_index(lambda d: d["manifests"][0].update(digest="md5:" + "0" * 64))),
    "a size below zero": ("E508", edited_index(lambda d: d["manifests"][0].update(size=-1))),
    "a size of text": ("E508", edited_index(lambda d: d["manifests"][0].update(size="7"))),
    "a record with another field": ("E508", edited(lambda p: p.record("build"), put("more", 1))),
    "a record without its checksum": (
        "E508",
        lambda p: p.replace(
            n := p.record("build"), codec.canonical({k: v for k, v in p.load(n).items() if k[0] != "~"})
        ),
    ),
    "a model's name that leads elsewhere": (
        "E508",
        lambda p: p.edit(
            p.load(p.evidence)["config"]["digest"].replace("sha256:", "blobs/sha256/"), put("model", "../x")
        ),
    ),
    # row 77: of something else
    "evidence of another artifact": ("E509", edited(lambda p: p.evidence, lambda d: d["subject"].update(digest=ZERO))),
    "a build of another artifact": ("E509", edited(lambda p: p.record("build"), put("artifact", ZERO))),
    "a build of another recipe": ("E509", edited(lambda p: p.record("build"), put("recipe", ZERO))),
    "a build of other rows": ("E509", edited(lambda p: p.record("build"), put("evaluationRows", ZERO))),
    "a build of another training": ("E509", edited(lambda p: p.record("build"), put("provenance", ZERO))),
    "provenance of another commit": ("E509", edited(lambda p: p.record("provenance"), put("commit", "0" * 40))),
    "a verification of another artifact": ("E509", edited(lambda p: p.record("verification"), put("artifact", ZERO))),
    "a verification of other gates": ("E509", edited(lambda p: p.record("verification"), put("gateSet", ZERO))),
    "a verdict that is not true": ("E510", edited(lambda p: p.record("verification"), forged_gate)),
    "a result left out": ("E510", edited(lambda p: p.record("verification"), lambda d: d["results"].pop(0))),
    "checks of another build": ("E509", edited(lambda p: p.record("checks"), put("fingerprint", ZERO))),
    "an evaluation of another artifact": ("E509", edited(lambda p: p.record("evaluation"), put("artifact", ZERO))),
    # row 78: what is there and not named, named and not there
    "another blob": ("E521", lambda p: p.files.update({blob(b"{}"): b"{}"})),
    "no index": ("E521", lambda p: p.files.pop("index.json")),
    "no layout": ("E521", lambda p: p.files.pop("oci-layout")),
    "no model": ("E521", lambda p: p.files.pop(p.file("model.skops"))),
    "no evidence": ("E521", lambda p: p.files.pop(p.evidence)),
    "no build": ("E521", edited(lambda p: p.evidence, lambda d: d["layers"].pop(0))),
    "a record twice": ("E504", edited(lambda p: p.evidence, lambda d: d["layers"].append(d["layers"][0]))),
    "evidence twice": ("E521", edited(lambda p: p.referrers, lambda d: d["manifests"].append(d["manifests"][0]))),
    "two artifacts": ("E521", edited_index(lambda d: d["manifests"].append(d["manifests"][0]))),
    "no artifact": ("E521", edited_index(lambda d: d["manifests"].pop(0))),
    "evidence under another tag": (
        "E521",
        edited_index(
            lambda d: d["manifests"][1]["annotations"].update(
                {"org.opencontainers.image.ref.name": "sha256-" + "0" * 64}
            )
        ),
    ),
    # newer formats
    "a newer layout": ("E522", lambda p: p.files.update({"oci-layout": b'{"imageLayoutVersion":"2.0.0"}'})),
    "a newer index": ("E522", edited_index(put("schemaVersion", 3))),
    "newer evidence": (
        "E522",
        lambda p: p.edit(p.load(p.evidence)["config"]["digest"].replace("sha256:", "blobs/sha256/"), put("format", 2)),
    ),
}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return (exported(tmp_path_factory) / "first.tar").read_bytes()


def read(body: bytes, folder: Path) -> PackageContent:
    (folder / "p.tar").write_bytes(body)
    shutil.rmtree(folder / "into", ignore_errors=True)
    (folder / "into").mkdir()
    with open_archive(folder / "p.tar") as archive:
        return read_package(archive, folder / "into")


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forged_package_is_refused_with_the_rule_and_its_position(whole: bytes, tmp_path: Path, name: str) -> None:
    code, forge = FORGERIES[name]
    package = Package(entries_of(whole))
    forge(package)
    with pytest.raises(IntegrityError) as refused:
        read(package_of(package.files), tmp_path)
    assert refused.value.code == code, refused.value
    assert str(refused.value.where).startswith("p.tar"), refused.value.where
    assert refused.value.hint
    assert len(refused.value.message) < 400


def test_what_these_forge_is_read_where_nothing_is_changed(whole: bytes, tmp_path: Path) -> None:
    files = entries_of(whole)
    again = package_of(files)
    assert again == whole
    content = read(again, tmp_path)
    assert content.evidence.model == "lateness"
    same = Package(files)
    same.edit(same.record("build"), lambda document: None)
    assert same.files == files


@pytest.mark.soak
def test_any_changed_byte_is_refused_or_is_a_label_that_nothing_reads(whole: bytes, tmp_path: Path) -> None:
    """Tools that copy an image write its `index.json` anew and label it as they like; no digest covers that file."""
    wanted = read(whole, tmp_path)
    labels = range(index_of(whole), index_of(whole) + len(entries_of(whole)["index.json"]))
    for place in range(11, len(whole), effort.count("PACKAGE_STRIDE")):
        changed = whole[:place] + bytes([whole[place] ^ 0x41]) + whole[place + 1 :]
        try:
            found = read(changed, tmp_path)
        except IntegrityError:
            continue
        assert place in labels
        assert found == wanted
    for place in range(0, len(whole), effort.count("PACKAGE_STRIDE") * 8):
        with pytest.raises(IntegrityError):
            read(whole[:place], tmp_path)
    assert read(whole, tmp_path) == wanted


def index_of(whole: bytes) -> int:
    return whole.index(entries_of(whole)["index.json"])
