"""Propose in git that an environment trusts another key, or an old one no more. Commits to a new branch."""

from __future__ import annotations

from reconciler.core.digest import short
from reconciler.core.forge.project_place import branch_name
from reconciler.core.spec.environment import Environment
from reconciler.core.trust.keys import KEYS_FOLDER, PublicKey, TrustedKey, TrustRole
from reconciler.core.trust.results import KeyChange
from reconciler.engine.load_desired import Checkout, environment_path
from reconciler.errors import UsageError
from reconciler.manifest.trust.edit import with_field, with_key
from reconciler.ports import Proposal, Proposer


def check_proposable(checkout: Checkout, environment: Environment, name: str) -> str:
    """Return the file of a new public key. Raises UsageError E801 where git has it, for a sandbox or a work tree."""
    if checkout.revision is None:
        raise UsageError(
            "keys are proposed on a commit, not on a work tree", hint="leave out --working-tree", code="E801"
        )
    if environment.trains:
        raise UsageError(
            f"{environment.name} is a sandbox, which trusts no keys",
            hint="name the environment that its artifacts are deployed to: that one says whom it trusts",
            code="E801",
        )
    path = f"{KEYS_FOLDER}/{name}.pub"
    if any(file.path == path for file in checkout.tree):
        raise UsageError(f"git has {path} already", hint="give another --name", code="E801")
    return path


def propose_key(
    checkout: Checkout,
    proposer: Proposer,
    *,
    environment: Environment,
    role: TrustRole,
    key: PublicKey,
    file: str,
    until: str | None = None,
    replaces: TrustedKey | None = None,
    replaced_until: str | None = None,
) -> KeyChange:
    """Propose to trust `key` in a role; with `replaces`, that an older key of the role ends on a day.

    Raises InvalidManifestsError where the manifest would not be valid with it.
    """
    path = environment_path(environment.name)
    text = with_key(checkout.text(path) or "", role=role.value, file=file, until=until)
    summary = f"trust {file} as {role.value}"
    if replaces is not None and replaced_until is not None:
        text, _ = with_field(text, file=replaces.file, until=replaced_until)
        summary += f"; {replaces.file} ends on {replaced_until}"
    verb = "rotate" if replaces is not None else "new"
    return _commit(checkout, proposer, environment, role, key, file, summary, {path: text, file: key.pem}, verb)


def propose_revocation(
    checkout: Checkout, proposer: Proposer, *, environment: Environment, file: str, day: str, reason: str
) -> KeyChange:
    """Propose that nothing counts that a key signed. Raises UsageError E801 for a key that is not trusted."""
    path = environment_path(environment.name)
    text, name = with_field(checkout.text(path) or "", file=file, revoked=day, reason=reason)
    role = TrustRole(name)
    key = trusted_key(environment, file, role).key
    summary = f"revoke {file}: {reason}"
    return _commit(checkout, proposer, environment, role, key, file, summary, {path: text}, "revoke")


def trusted_key(environment: Environment, file: str, role: TrustRole | None = None) -> TrustedKey:
    """Return a trusted key by its file. Raises UsageError E801 for one that is not trusted."""
    for each in (role,) if role is not None else tuple(TrustRole):
        for key in environment.trust.keys(each):
            if key.file == file:
                return key
    raise UsageError(
        f"{environment.name} does not trust {file}",
        hint=f"reconciler keys list {environment.name}",
        code="E801",
    )


def role_of(environment: Environment, key: TrustedKey) -> TrustRole:
    """Return the role of a trusted key."""
    return next(role for role in TrustRole if key in environment.trust.keys(role))


def _commit(
    checkout: Checkout,
    proposer: Proposer,
    environment: Environment,
    role: TrustRole,
    key: PublicKey,
    file: str,
    summary: str,
    texts: dict[str, str],
    verb: str,
) -> KeyChange:
    checkout.with_files(texts)
    branch = branch_name("keys", environment.name, proposer.place, role.value, f"{verb}-{short(key.id)}")
    title = f"{environment.name}: {summary}"[:200]
    message = f"{title}\n\nReconciler-Environment: {environment.name}\nReconciler-Key: {key.id}\n"
    base = checkout.revision or ""
    proposal = Proposal(branch=branch, start=base, files=tuple(sorted(texts.items())), message=message)
    return KeyChange(
        environment=environment.name,
        role=role.value,
        key=key.id,
        file=file,
        summary=summary,
        branch=branch,
        commit=proposer.propose(proposal),
        base=base,
        files=tuple(sorted(texts)),
    )
