"""A journal whose end was cut off looks whole by itself; against an anchor in git it does not."""

from __future__ import annotations

import subprocess

import pytest

from tests.support.project import Project


def test_a_cut_tail_is_exit_6_and_names_environment_model_entry_and_anchor(deployed: Project) -> None:
    made = deployed.run("anchor", "-o", "json").json
    assert (made["name"], made["signed"], made["fresh"]) == ("reconciler/anchor/0", False, True)
    assert deployed.git("cat-file", "-t", "reconciler/anchor/0") == "tag"
    assert deployed.run("anchor", "-o", "json").json["fresh"] is False
    deployed.run("audit")
    (deployed.root / ".reconciler/sandbox/journal/sandbox/lateness/1.json").unlink()
    ran = deployed.run("audit", "sandbox", code=6)
    for word in ("sandbox", "entry 1 of lateness is missing", "reconciler/anchor/0"):
        assert word in ran.out
    deployed.run("anchor", code=6)
    assert deployed.git("tag", "--list") == "reconciler/anchor/0"


def test_without_an_anchor_the_same_cut_is_not_seen(deployed: Project) -> None:
    """Why there are anchors: what is left is a valid, shorter journal."""
    (deployed.root / ".reconciler/sandbox/journal/sandbox/lateness/1.json").unlink()
    deployed.run("audit", "sandbox")


def test_an_anchor_says_that_it_is_unsigned_and_how_to_keep_it(deployed: Project) -> None:
    out = deployed.run("anchor").out
    assert "not signed" in out
    assert "git push origin reconciler/anchor/0" in out
    assert "--working-tree" in deployed.run("anchor", "--working-tree", code=2).err


@pytest.mark.needs("ssh-keygen")
def test_an_anchor_is_signed_where_git_signs_and_git_verifies_it(deployed: Project) -> None:
    key = deployed.root.parent / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "ada", "-f", key], check=True)
    deployed.git("config", "gpg.format", "ssh")
    deployed.git("config", "user.signingKey", str(key))
    deployed.git("config", "tag.gpgSign", "false")
    assert deployed.run("anchor", "sandbox", "-o", "json").json["signed"] is False
    deployed.git("config", "--unset", "tag.gpgSign")
    made = deployed.run("anchor", "-o", "json").json
    assert (made["name"], made["signed"]) == ("reconciler/anchor/1", True)
    allowed = deployed.root.parent / "allowed"
    allowed.write_text(f"ada@example.org {(key.with_suffix('.pub')).read_text()}")
    deployed.git("-c", f"gpg.ssh.allowedSignersFile={allowed}", "verify-tag", "reconciler/anchor/1")
    deployed.run("audit")
    deployed.git("config", "user.signingKey", str(key) + "-is-gone")
    deployed.recipe("max_depth: 3", "max_depth: 4")
    deployed.run("apply", "sandbox", "--yes")
    ran = deployed.run("anchor", code=2)
    assert "could not sign" in ran.err
    assert deployed.git("tag", "--list", "*2") == ""
