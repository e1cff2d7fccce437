"""Build and parse the keys of a store: the only module that knows its layout."""

from __future__ import annotations

import re
from functools import lru_cache

from reconciler.core.digest import Digest, digest_of_bytes, hex_of, short

MARK = "store.json"
SNAPSHOTS = "snapshots"
REMOVALS = "removals"  # of the tables of snapshots that are not kept
REFUSALS = "refusals"  # of refreshes, by the contracts of their tables
ERASURES = "erasures"  # of entities, by the environment where their data live
CERTIFICATES = "certificates"  # of erasures
ERASED = "erased"  # what of this store they concern
NOTICES = "notices"  # of what people were told
REGISTER = "register"
MONITORING = "monitoring"  # what was found of deployed models since
LOOKS = "looks"  # at the rows of holdouts
EVALUATIONS = "evaluations"  # in full, computed when they are asked for
TRIALS = "trials"  # of experiments, each by its fingerprint
EXPERIMENTS = "experiments"  # runs that came to their end
IMPORTS = "imports"  # of packages, by environment and model
REFERRERS = "referrers"  # attestations of artifacts
SWEEPS = "sweeps"  # of blobs that nothing names
LOSSES = "losses"  # that a person accepted: earlier entries of logs, and single objects
GARBAGE = "garbage"  # those blobs, until their grace period ends


LONGEST = 1024  # characters; what object stores allow
_PART = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_TAKEN_OUT = re.compile(rf"{GARBAGE}/(0|[1-9][0-9]*)/([0-9a-f]{{64}})")
_KEY = re.compile(rf"{_PART.pattern}(/{_PART.pattern})*")


def is_key(text: str) -> bool:
    """Tell whether a text is a key: `a/b/c`, safe and equal on file systems and object stores."""
    return len(text) <= LONGEST and _KEY.fullmatch(text) is not None


@lru_cache(maxsize=4096)
def is_part(text: str) -> bool:
    """Tell whether a text may stand between two slashes of a key."""
    return _PART.fullmatch(text) is not None


def blob(digest: Digest) -> str:
    """Return the key of a blob."""
    return f"blobs/sha256/{hex_of(digest)}"


def is_blob(key: str) -> bool:
    """Tell whether a key is that of a blob, also of one that was taken out."""
    return key.startswith(("blobs/sha256/", f"{GARBAGE}/")) and is_key(key)


def garbage(sweep: int, digest: Digest) -> str:
    """Return the key of a blob that a sweep took out. Each sweep has keys of its own: what a late one takes out is
    never what an earlier one removes."""
    return f"{GARBAGE}/{sweep}/{hex_of(digest)}"


def taken_out(key: str) -> tuple[int, Digest] | None:
    """Return the sweep and the digest of a key of `garbage`; None for any other key."""
    match = _TAKEN_OUT.fullmatch(key)
    return (int(match[1]), Digest(f"sha256:{match[2]}")) if match is not None else None


def build(fingerprint: Digest) -> str:
    """Return the key of the build of a fingerprint."""
    return f"builds/{hex_of(fingerprint)}.json"


def checks(fingerprint: Digest) -> str:
    """Return the key of what the checks found in the rows of a fingerprint."""
    return f"checks/{hex_of(fingerprint)}.json"


def builds_of(recipe: Digest) -> str:
    """Return the prefix of the numbered log with every build of one recipe, oldest first."""
    return f"recipes/{hex_of(recipe)}"


def verification(artifact: Digest, gate_set: Digest) -> str:
    """Return the key of an artifact's verification against a gate set."""
    return f"{verifications_of(artifact)}/{hex_of(gate_set)}.json"


def verifications_of(artifact: Digest) -> str:
    """Return the prefix of an artifact's verifications."""
    return f"verifications/{hex_of(artifact)}"


def evaluation(artifact: Digest, rows: Digest, computation: int = 1, declared: Digest | None = None) -> str:
    """Return the key of an artifact's evaluation in full on some rows, by the version of how it is computed and by what
    is declared of how the model is judged."""
    version = f"-{computation}" if computation > 1 else ""
    judged = f"-by-{short(declared)}" if declared is not None else ""
    return f"{evaluations_of(artifact)}/{hex_of(rows)}{version}{judged}.json"


def evaluations_of(artifact: Digest) -> str:
    """Return the prefix of an artifact's evaluations in full."""
    return f"{EVALUATIONS}/{hex_of(artifact)}"


def referrers(artifact: Digest) -> str:
    """Return the prefix of the log of an artifact's referrers, a numbered log."""
    return f"{REFERRERS}/{hex_of(artifact)}"


def looks(environment: str, table: str, key: str) -> str:
    """Return the prefix of the looks at the holdout rows of a table, a numbered log."""
    return f"{LOOKS}/{environment}/{short(digest_of_bytes(f'{table} {key}'.encode()))}"


def journal(environment: str, model: str) -> str:
    """Return the prefix of a model's journal, a numbered log."""
    return f"journal/{environment}/{model}"


def register(environment: str) -> str:
    """Return the prefix of the register of an environment's journals, a numbered log."""
    return f"register/{environment}"


def controls(environment: str) -> str:
    """Return the prefix of an environment's controls log, a numbered log. No model's journal can have this key."""
    return f"controls/{environment}"


def losses(log: str) -> str:
    """Return the prefix of the log of what was lost of a numbered log, such as a journal."""
    return f"{LOSSES}/{log}"


def lost_objects(environment: str) -> str:
    """Return the prefix of the log of single objects that were lost."""
    return f"{LOSSES}/objects/{environment}"


def predictions(environment: str, model: str) -> str:
    """Return the prefix of a model's prediction log, a numbered log."""
    return f"predictions/{environment}/{model}"


def monitoring(environment: str, model: str) -> str:
    """Return the prefix of what monitoring found of a deployed model, a numbered log."""
    return f"{MONITORING}/{environment}/{model}"


def trial(fingerprint: Digest) -> str:
    """Return the key of what a trial found."""
    return f"{TRIALS}/{hex_of(fingerprint)}.json"


def experiment(environment: str, name: str) -> str:
    """Return the prefix of the numbered log of an experiment's runs."""
    return f"{EXPERIMENTS}/{environment}/{name}"


def imports(environment: str, model: str) -> str:
    """Return the prefix of the numbered log of what was imported for a model."""
    return f"{IMPORTS}/{environment}/{model}"


def notices(environment: str, notice: str) -> str:
    """Return the prefix of the numbered log of one notice to one channel, by the digest of both."""
    return f"{NOTICES}/{environment}/{notice}"


def erasures(environment: str) -> str:
    """Return the prefix of the log of erasures of an environment, or of its copy in another one's store."""
    return f"{ERASURES}/{environment}"


def certificate(environment: str, erasure: int) -> str:
    """Return the key of the certificate of an erasure."""
    return f"{CERTIFICATES}/{environment}/erasure-{erasure}.json"


def member(prefix: str, n: int) -> str:
    """Return the key of member `n` of a numbered log. Numbers are not padded: order by number, never by name."""
    return f"{prefix}/{n}.json"


def number(key: str) -> int | None:
    """Return the n of `<prefix>/<n>.json`; None for any other name."""
    return _number(key.rpartition("/")[2])


@lru_cache(maxsize=4096)
def _number(name: str) -> int | None:
    """Parse `<n>.json`. Cached, since all journals have the same file names."""
    stem, dot, rest = name.partition(".")
    return (
        int(stem) if dot and rest == "json" and stem.isascii() and stem.isdigit() and str(int(stem)) == stem else None
    )
