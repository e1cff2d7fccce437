"""Every error code, what it means and what to do: for `explain E204` and the reference. Messages carry the particulars.

Families: E1 a manifest's text, E2 what it says, E3 git and paths, E4 tables and rows, E5 artifacts, E6 stores and
targets, E7 plans and proposals, E8 the command line, E9 forges. A code never changes its meaning; one that is not used
any more is not given to anything else.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from reconciler.errors import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorCode:
    code: str
    meaning: str
    remedy: str
    format: int = 1


def _codes(table: str) -> dict[str, ErrorCode]:
    lines = table.splitlines()
    pairs = zip(lines[::2], lines[1::2], strict=True)
    return {first[:4]: ErrorCode(code=first[:4], meaning=first[5:], remedy=second.strip()) for first, second in pairs}


CODES = _codes("""\
E101 A manifest holds nothing.
     Write it, or remove the file.
E102 A manifest is no mapping at its top.
     Start with apiVersion, kind, metadata and spec.
E103 A file holds more than one YAML document.
     One document per file: split it.
E104 A manifest is not UTF-8, or holds control characters.
     Save it as UTF-8 text.
E105 A manifest is not YAML.
     Look at the line: tabs, quotes and indentation are the usual reasons.
E106 A key is given twice, and only one of the two could count.
     Remove one.
E107 Anchors, aliases and merge keys are not read, because a short file can become an endless one.
     Write it out.
E108 A manifest is nested deeper than anything that it could say.
     Flatten it.
E109 A manifest is larger than 1 MiB or 10,000 nodes.
     Split it.
E110 YAML tags are not read, because they can start programs.
     Write a plain value.
E111 A number has too many digits.
     Quote it when it is a name; shorten it when it is a number.
E112 A text is not valid Unicode.
     Write the character itself.
E113 A text holds invisible characters, or is not in the normal form NFC, so that it reads otherwise than it is.
     Type it anew.
E114 A key reads as something else than text: yes, no, 1, null.
     Quote the key.
E201 A value has another type than it must, often because YAML reads NO, 1.10 or 1e-3 otherwise than people.
     Quote it, or write it as the message says.
E202 A number is infinite or not a number.
     Write a finite one.
E203 A field, a choice or a class is not known there.
     See the nearest name in the hint, and `reconciler explain`.
E204 Something that must be there is missing.
     Add it; `reconciler explain FIELD` shows an example.
E205 A value is outside of what may stand there, or contradicts its neighbour.
     Write it as the message says.
E206 A name has a form that files, branches or columns cannot have.
     Lower-case letters, digits and hyphens, at most 63.
E207 Something is there twice: a model, a class, a feature.
     Remove or rename one.
E208 A manifest lies in another place than what it says.
     Move it to the place that the message names.
E209 Something of training stands where nothing trains, or a pin is missing there.
     Only sandboxes train: declare it in the sandbox and promote.
E210 A digest is not one that this project's environments made or deployed with this recipe.
     `reconciler promote` writes manifests that fit.
E211 A digest is not written in full.
     sha256: and 64 lower-case hexadecimal digits, as the model's card shows them.
E212 An environment is not declared, or promotions go in a circle.
     Declare it under environments/, or correct the name.
E213 An estimator is not one of the table that may be trained.
     `reconciler explain estimator.class` lists them.
E214 A parameter does not exist or has a value that the estimator would refuse.
     See scikit-learn's page of that estimator.
E215 A parameter is larger than this tool allows, or would decide how many cores are used.
     Take a smaller value; cores are the operator's choice.
E216 A metric is not known, or is not one of this task.
     See the names in the message.
E217 A gate can never fail, or never pass.
     Change its bounds so that it decides something.
E218 Nothing judges what this environment would deploy.
     Add a gate to the model, or to policy.gates of the environment.
E219 Something in a manifest looks like a secret.
     Remove it, and replace the secret: git remembers it.
E220 The configuration was written for another version of this tool.
     Upgrade, as the hint says.
E221 A model's card is not that of the artifact that its manifest pins.
     Take both from the same proposal, or propose again.
E222 A derived column uses itself, or one that is derived after it.
     `derive` runs in order: move the other one up.
E223 A feature leaks the outcome: it is not known yet when a prediction is made.
     Use what was known before, through `past`; the message shows the way that it leaks.
E224 An expression is not one of the language: SQL scalars over one row, aggregates in `past`.
     See the message, and `reconciler explain derive`.
E225 A control of an environment can never let anything through, or contradicts another one.
     Change it as the message says; `reconciler explain policy` has each.
E301 A manifest is a link, a submodule or a pointer of Git LFS.
     Commit the file itself.
E302 A path leaves the project or the data root, or names what is not there.
     A relative path without `..`; what git tracks is no store.
E303 Two paths differ only in upper and lower case.
     Rename one: some disks cannot hold both.
E304 A revision is not a plain name.
     A branch, a tag or a commit id, with ~n or ^n.
E305 The address of a remote, or of a forge, is not of a form that is safe to use.
     https, ssh or a path; plain http only on this machine. Tokens come from the environment, never from an address.
E306 Git cannot answer: no repository, no such commit, no such branch, no identity.
     The hint names the git command; `reconciler doctor` looks at all of it.
E307 The history is cut off, so that nobody can tell which commit is newer.
     git fetch --unshallow; in CI, fetch-depth: 0.
E310 There are more configuration files than are read.
     Split the project.
E401 A table's file is not there or cannot be read.
     Check the path, and --data-root.
E402 Rows of a CSV do not have the same number of cells, or the file is cut short.
     Look at the line; declare `delimiter` when it is another.
E403 A header has names twice, none, or names that expressions cannot use.
     Rename them in the file or under `columns`.
E404 Only one column was found.
     Declare `delimiter`.
E405 A column's values do not have the type that was declared or seen before.
     Declare `types`, `dates`, `decimal` or `nulls` for the table.
E406 A CSV has broken quotes, or is not in its encoding.
     Mend the line, or declare `encoding`.
E407 A file is compressed or binary.
     Unpack it first.
E408 Nothing reads a table of this kind.
     CSV or Parquet, by a path.
E409 A file was written to while it was read.
     Run again when its writer is done; writers should rename whole files into place.
E410 Rows or classes are too few to train and to judge.
     Widen the rows, or the period; the message has the counts.
E411 A Parquet file is damaged, or holds what is not read.
     Write it anew with plain types.
E412 Dates lie after the day of the data.
     Correct them, or declare the right asOf.
E413 An expression or a column has a type that does not fit its place.
     Cast it, or choose another column.
E414 Keys are missing, empty, of a wrong type or not unique.
     Name a column that is unique per row, or use `rowNumber`.
E415 A join would multiply rows or cannot be made.
     The joined table's key must be unique and of the same type.
E416 A column is not there, or a name is taken.
     See the names in the message.
E417 A row matches no class, or more than one.
     Make the conditions cover every row, in order.
E418 Reading or selecting rows ran out of time or memory.
     Raise `limits` of the environment, or read less.
E501 Bytes are not what their digest says.
     `reconciler audit` lists all; what is served is restored by apply, a blob from a backup.
E506 A model file names a type that is not one of ours.
     It was not made here: do not load it with anything.
E507 A model file is not the archive that this tool writes.
     It was not made here: do not load it with anything.
E508 A stored document is damaged.
     Restore the file from a backup.
E509 A record is about something else than its name says.
     Restore the file from a backup.
E511 A model cannot be used with the libraries here, or gives other outputs than when it was made.
     Install what it was made with; `reconciler doctor` compares.
E601 A store cannot protect against two writers.
     Use a local disk, or an object store that honours conditional writes.
E602 A store or target refuses this user, or is not there: no such bucket, no right, another region, no credentials.
     Give the right to read and write there. It is never taken for an empty one.
E603 A journal has a gap, or an entry that does not follow the one before.
     Restore the store from a backup; never edit a journal.
E604 Something that must be there is missing or empty.
     Restore it from a backup: it is never read as "nothing is deployed".
E607 A store's place is not safe: a link, writable by everybody, or reached without encryption.
     Name the real folder, and take the right away from others; reach a bucket by https.
E608 The disk is full or fails.
     Make room and run the same command again: nothing that was there is lost.
E609 A store or target belongs to another project or environment.
     Give each environment a store and a target of its own.
E610 What a store or target is built on is not installed.
     pip install 'model-reconciler[stores]' for S3, Google Cloud Storage and Azure; a plug-in's own package otherwise.
E611 A store or target does not answer, or breaks off.
     Run the same command again: nothing that was there is lost. Check the network and the service's health.
E701 A gate refuses what you propose.
     Read its numbers; another candidate, or a pull request to the gate.
E702 Somebody else wrote in the meantime, so the plan is stale.
     Run the same command again.
E703 A plan file is not as it was written.
     Plan again: reconciler plan ENV --out FILE.
E704 An approval that an environment asks for is missing.
     The message says whose, and of which request; approve it there and run the same command again.
E705 An environment is frozen: nothing new is deployed there now.
     Run the same command again when it opens; `reconciler why` says when.
E706 An artifact is rejected, or its model is held.
     Another artifact; or the policy of the environment, by a change of its own.
E801 The command line does not say something that can be done.
     The hint has the nearest that can; --help the rest.
E802 A question could not be asked without a terminal.
     --yes says it in advance.
E803 A place to write to is missing: standard output, a temporary folder, an output file.
     Name one that exists and has room.
E901 The forge (GitHub, GitLab) cannot be reached, or answers with an error of its own.
     Run the same command again: what was done is found, and nothing is done twice.
E902 The forge refuses the token, or the token lacks a right.
     Give it the rights that the message names; tokens come from the environment only.
E903 The forge asks to wait: too many requests.
     Run the same command again after the time that the message names.
E904 The forge refuses what was asked of it.
     Its words are in the message: look at the branch, the remote and the rights of the token.
E905 No forge is known for this repository.
     Name the remote `origin`, or work without: merge by hand and apply.
E906 The library that speaks to this forge is not installed.
     pip install 'model-reconciler[github]', or [gitlab]; or RECONCILER_FORGE=none: push the branch, open it by hand.
""")


def known(text: str) -> ErrorCode | None:
    """The code that a person means by `text`, in whatever case; UsageError for the form of a code that there is not."""
    wanted = text.strip().upper()
    if not re.fullmatch(r"E[0-9]{1,4}", wanted):
        return None
    if wanted not in CODES:
        family = ", ".join(code for code in CODES if code.startswith(wanted[:2])) or "see the reference"
        raise UsageError(f"there is no code {wanted}", hint=f"of its family there are {family}", code="E801")
    return CODES[wanted]
