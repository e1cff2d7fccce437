"""Identities that an environment trusts in the place of keys: read with their issuer, exact, and each counted once."""

from __future__ import annotations

import pytest

from reconciler.core.controls.weakened_trust import loosened_trust
from reconciler.core.trust.keys import NO_TRUST, Scheme, Trust, identity_key
from reconciler.data.in_process import LocalExpressions
from reconciler.errors import UsageError
from reconciler.manifest.loading.load import load
from reconciler.manifest.trust.edit import with_field
from reconciler.ports import TreeFile
from tests.support.sigstore_authority import DEPLOYER, ISSUER, TRAINER
from tests.unit.manifest.loading.test_cross_checks import PRODUCTION, edited, problems

GOOD = f"{{identity: {TRAINER!r}, issuer: {ISSUER!r}}}"


def with_trust(*trainers: str) -> dict[str, bytes]:
    files = edited()
    lines = "".join(f"        - {each}\n" for each in trainers)
    trust = (
        f"  trust:\n    keys:\n      trainer:\n{lines}      promoter:\n        - {GOOD.replace(TRAINER, DEPLOYER)}\n"
    )
    text = files[PRODUCTION].decode()
    files[PRODUCTION] = text.replace("spec:\n", f"spec:\n{trust}", 1).encode()
    return files


def trust_in(files: dict[str, bytes]) -> Trust:
    tree = tuple(TreeFile(path=path, mode="100644", id=path, size=len(body)) for path, body in sorted(files.items()))
    production = load(files, tree, revision="c", expressions=LocalExpressions()).environment("production")
    assert production is not None
    return production.trust


def test_an_identity_is_a_key_without_a_file() -> None:
    trust = trust_in(with_trust(GOOD))
    (trainer,) = trust.trainer
    assert trainer.key == identity_key(TRAINER, ISSUER)
    assert (trainer.key.scheme, trainer.key.identity, trainer.file) == (Scheme.SIGSTORE, (ISSUER, TRAINER), TRAINER)
    assert trust.promoter[0].key.id != trainer.key.id


OTHER = "https://issuer.example.org"


@pytest.mark.parametrize(
    ("entries", "code", "words"),
    [
        ((f"{{identity: {TRAINER!r}}}",), "E205", "go together"),
        ((f"{{issuer: {ISSUER!r}}}",), "E205", "expected `key`, or `identity`"),
        (("{until: '2027-12-31'}",), "E205", "expected `key`, or `identity`"),
        ((GOOD.replace("{", "{key: keys/trainer.pub, "),), "E205", "and not both"),
        ((GOOD.replace(ISSUER, "http://example.org"),), "E205", ""),
        ((GOOD.replace(TRAINER, "a b"),), "E205", ""),
        ((GOOD.replace(TRAINER, ""),), "E205", ""),
        ((f'{{identity: "a\\n", issuer: {ISSUER!r}}}',), "E205", ""),
        ((GOOD.replace(TRAINER, "x" * 501),), "E205", ""),
        ((GOOD, GOOD), "E207", "one key counts once"),
        ((GOOD, GOOD.replace(ISSUER, OTHER)), "E207", "two issuers"),
    ],
)
def test_what_is_no_identity_is_refused_at_its_line(entries: tuple[str, ...], code: str, words: str) -> None:
    found = problems(with_trust(*entries))
    assert found
    assert {problem.where.file for problem in found} == {PRODUCTION}
    assert all(problem.where.line is not None for problem in found)
    assert any(problem.code == code and words in problem.message for problem in found), found


def test_an_identity_more_or_another_issuer_is_a_loosening() -> None:
    one, both = trust_in(with_trust(GOOD)), trust_in(with_trust(GOOD, GOOD.replace(TRAINER, f"{TRAINER}2")))
    other = trust_in(with_trust(GOOD.replace(ISSUER, OTHER)))
    assert [each.what for each in loosened_trust(one, both)] == ["trust.keys.trainer"]
    assert [each.old == "nothing" for each in loosened_trust(one, other)].count(True) <= 1
    assert len(list(loosened_trust(one, other))) == 2  # one is gone, and one is new
    assert list(loosened_trust(NO_TRUST, one)) == []


def test_an_identity_is_revoked_by_its_name() -> None:
    text = with_trust(GOOD)[PRODUCTION].decode()
    changed, role = with_field(text, file=TRAINER, revoked="2026-01-01", reason="the workflow was changed")
    assert role == "trainer"
    files = {**with_trust(GOOD), PRODUCTION: changed.encode()}
    (trainer,) = trust_in(files).trainer
    assert (trainer.revoked, trainer.key) == ("2026-01-01", identity_key(TRAINER, ISSUER))
    with pytest.raises(UsageError, match="does not trust") as told:
        with_field(text, file="keys/trainer.pub", revoked="2026-01-01")
    assert told.value.hint is not None
    assert TRAINER in told.value.hint
