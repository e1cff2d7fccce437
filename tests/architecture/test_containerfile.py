"""The container file installs what the locks say, by hashes, and copies what is there."""

from __future__ import annotations

import re

import pytest

from tests.conftest import REPOSITORY

TEXT = (REPOSITORY / "Containerfile").read_text()
COMMANDS = re.sub(r"\\\n", " ", re.sub(r"^#.*\n", "", TEXT, flags=re.MULTILINE))


def locked(name: str) -> dict[str, str]:
    """Each entry of a lock, with its hashes."""
    entries = re.split(r"\n(?=[A-Za-z0-9])", (REPOSITORY / name).read_text().strip())
    return {entry.partition("==")[0].partition("[")[0].strip(): entry for entry in entries}


@pytest.mark.parametrize("name", ["requirements-build.lock", "requirements-container.lock"])
def test_its_locks_say_of_each_package_what_the_others_say(name: str) -> None:
    ours = locked(name)
    for other in ("requirements.lock", "requirements-action.lock", "requirements-dev.lock"):
        theirs = locked(other)
        for package in ours.keys() & theirs.keys():
            assert ours[package].partition("==")[2] == theirs[package].partition("==")[2], (package, other)
    assert all("--hash=sha256:" in entry for entry in ours.values())


def test_the_image_has_everything_that_the_runtime_and_the_forges_need() -> None:
    ours = locked("requirements-container.lock")
    assert locked("requirements.lock").keys() <= ours.keys()
    assert locked("requirements-action.lock").keys() <= ours.keys()
    assert {"pygithub", "python-gitlab", "obstore"} <= ours.keys()
    assert "hatchling" in locked("requirements-build.lock")


def test_every_package_is_held_to_a_hash_or_was_built_here() -> None:
    installs = re.findall(r"-m pip (?:install|wheel) [^&\n]*", COMMANDS)
    assert len(installs) == 4
    for command in installs:
        by_hash = "--require-hashes" in command and "--only-binary :all:" in command
        ours = "--no-deps" in command and ("--no-index" in command or "--no-build-isolation" in command)
        assert by_hash or ours, command
    assert not re.search(r"https?://|ADD |curl|wget", COMMANDS)


def test_what_is_copied_is_there_and_let_through() -> None:
    copied = {
        name for line in re.findall(r"^COPY (?!--from)(.+)$", COMMANDS, re.MULTILINE) for name in line.split()[:-1]
    }
    allowed = {line[1:] for line in (REPOSITORY / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert copied == allowed
    assert all((REPOSITORY / name).exists() for name in copied)


def test_it_has_the_python_of_the_tests_and_does_not_run_as_root() -> None:
    assert re.search(r"^ARG PYTHON=3\.11$", TEXT, re.MULTILINE)
    assert re.findall(r"^FROM (\S+)", TEXT, re.MULTILINE) == ["python:${PYTHON}-slim"] * 2
    last = TEXT.rpartition("\nFROM ")[2]
    assert re.search(r"^USER (?!root|0)\w+$", last, re.MULTILINE)
    assert last.index("USER ") < last.index("ENTRYPOINT ")
