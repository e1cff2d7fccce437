"""Contract of `ports.Signer` and `ports.Verifier`, together: what one signs, the other takes, and nothing else."""

from __future__ import annotations

import base64
from abc import ABC, abstractmethod
from dataclasses import replace

from reconciler.core.trust.keys import Signature
from reconciler.ports import Signer, Verifier
from reconciler.testing.contracts.stores_and_targets import expect

TYPE, DOCUMENT = "application/vnd.example+json", b'{"a":1}'
ODD = ("", "!", base64.b64encode(b"short").decode(), base64.b64encode(b"x" * 64).decode(), "\N{SNOWMAN}")
NONE: frozenset[str] = frozenset()


class SigningContract(ABC):
    """`signers` returns two with different keys, always the same ones; `verifier` checks what they sign."""

    @abstractmethod
    def signers(self) -> tuple[Signer, Signer]: ...

    @abstractmethod
    def verifier(self) -> Verifier: ...

    def test_a_signature_is_by_its_key_over_these_very_bytes(self) -> None:
        one, _ = self.signers()
        signature, verifier = one.sign(TYPE, DOCUMENT), self.verifier()
        expect(signature.key == one.key.id)
        expect(verifier.signed_by(TYPE, DOCUMENT, [signature], [one.key]) == {one.key.id})
        expect(verifier.signed_by(TYPE, DOCUMENT + b" ", [signature], [one.key]) == NONE)

    def test_a_signature_is_for_one_type_of_document(self) -> None:
        one, _ = self.signers()
        signature, verifier = one.sign(TYPE, DOCUMENT), self.verifier()
        expect(verifier.signed_by(f"{TYPE}2", DOCUMENT, [signature], [one.key]) == NONE)
        expect(verifier.signed_by(TYPE[:-1], TYPE[-1:].encode() + DOCUMENT, [signature], [one.key]) == NONE)

    def test_keys_that_are_not_asked_about_say_nothing(self) -> None:
        one, other = self.signers()
        signature, verifier = one.sign(TYPE, DOCUMENT), self.verifier()
        expect(verifier.signed_by(TYPE, DOCUMENT, [signature], [other.key]) == NONE)
        expect(verifier.signed_by(TYPE, DOCUMENT, [signature], []) == NONE)

    def test_no_key_signs_in_the_name_of_another(self) -> None:
        one, other = self.signers()
        forged = replace(other.sign(TYPE, DOCUMENT), key=one.key.id)
        expect(self.verifier().signed_by(TYPE, DOCUMENT, [forged], [one.key, other.key]) == NONE)

    def test_several_sign_and_each_counts_once(self) -> None:
        one, other = self.signers()
        signatures = [one.sign(TYPE, DOCUMENT), other.sign(TYPE, DOCUMENT), one.sign(TYPE, DOCUMENT)]
        both = self.verifier().signed_by(TYPE, DOCUMENT, signatures, [one.key, other.key])
        expect(both == {one.key.id, other.key.id})

    def test_what_is_no_signature_is_a_wrong_one(self) -> None:
        one, _ = self.signers()
        for value in ODD:
            odd = Signature(key=one.key.id, value=value)
            expect(self.verifier().signed_by(TYPE, DOCUMENT, [odd], [one.key]) == NONE, value)
