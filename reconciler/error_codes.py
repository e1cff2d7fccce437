"""Every error code with its meaning and what to do, for `explain E204` and the reference. Messages carry the details.

Families: E1 syntax of manifests, E2 their content, E3 git and paths, E4 tables and rows, E5 artifacts, E6 stores and
targets, E7 plans and proposals, E8 the command line, E9 forges. A code never changes its meaning, nor is used again."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorCode:
    """One error code: its meaning, and in `remedy` what to do about it."""

    code: str
    meaning: str
    remedy: str
    format: int = 1


def _codes(table: str) -> dict[str, ErrorCode]:
    lines = table.splitlines()
    pairs = zip(lines[::2], lines[1::2], strict=True)
    return {first[:4]: ErrorCode(code=first[:4], meaning=first[5:], remedy=second.strip()) for first, second in pairs}


CODES = _codes("""\
E101 A manifest is empty.
     Write it, or remove the file.
E102 A manifest is not a mapping at its top level.
     Start with apiVersion, kind, metadata and spec.
E103 A file holds more than one YAML document.
     Split it: one document per file.
E104 A manifest is not UTF-8, or holds control characters.
     Save it as UTF-8 text.
E105 A manifest is not valid YAML.
     Look at the line: tabs, quotes and indentation are the usual causes.
E106 A key is given twice, and YAML would keep only one of the two.
     Remove one.
E107 YAML anchors, aliases and merge keys are not supported, because a short file can expand without end.
     Write the value out.
E108 A manifest is nested deeper than any valid manifest.
     Flatten it.
E109 A manifest is larger than 1 MiB or 10,000 nodes.
     Split it.
E110 YAML tags are not supported, because they can run code.
     Write a plain value.
E111 A number has too many digits.
     Quote it if it is a name; shorten it if it is a number.
E112 A text is not valid Unicode.
     Write the character itself.
E113 A text holds invisible characters or ends of lines, or is not in Unicode normal form NFC: readers see another.
     Type it again.
E114 YAML reads a key as something other than text: yes, no, 1, null.
     Quote the key.
E201 A value has the wrong type, often because YAML reads NO, 1.10 or 1e-3 otherwise than people do.
     Quote it, or write it as the message says.
E202 A number is infinite or not a number.
     Write a finite one.
E203 A field, a choice or a class is not known.
     Use the nearest name in the hint, or see `reconciler explain`.
E204 A required field is missing.
     Add it; `reconciler explain FIELD` shows an example.
E205 A value is outside its allowed range, or contradicts another field.
     Write it as the message says.
E206 A name has a form that files, branches or columns cannot have.
     Use lower-case letters, digits and hyphens, at most 63.
E207 A model, a class or a feature is declared twice.
     Remove or rename one.
E208 A manifest is not in the folder of the environment and model that it declares.
     Move it to the path that the message names.
E209 A training setting is in an environment that does not train, or a pin is missing there.
     Only sandboxes train: declare the model in the sandbox and promote it.
E210 There is no such artifact: nothing was trained, or the digest is mistyped.
     Apply the sandbox first, or take a digest that `reconciler history` lists.
E211 A manifest does not write a digest in full, or digits on a command line begin several digests.
     On a command line add digits; a manifest takes all 64: what is unique today may not be tomorrow.
E212 An environment is not declared, or environments promote from each other in a circle.
     Declare it under environments/, or correct the name.
E213 An estimator is not in the list of those that may be trained.
     Choose one of the list: `reconciler explain estimator.class`.
E214 A parameter does not exist, cannot be set, or the estimator would not accept its value or a constraint.
     See the message, and the library's page of that estimator.
E215 A parameter is larger than this tool allows, or would set how many cores are used.
     Use a smaller value; the operator sets the number of cores.
E216 A metric is not known, or does not belong to this task.
     Use one of the names in the message.
E217 A gate can never fail, or never pass.
     Change its bounds so that it can do both.
E218 No gate checks the model that this environment would deploy.
     Add a gate to the model, or to policy.gates of the environment.
E219 A value in a manifest looks like a secret.
     Remove it and replace the secret, because git keeps the old text.
E220 The configuration was written for another version of this tool.
     Upgrade, as the hint says.
E221 A model's card does not belong to the artifact that its manifest pins.
     Take both from the same proposal, or remove the card: reconciler promote MODEL --to ENV --digest DIGEST writes it.
E222 A derived column uses itself, or one that is derived later.
     `derive` runs in order: move the other one up.
E223 A feature leaks the outcome: it is not known yet when a prediction is made.
     Use earlier values through `past`; the message shows how the outcome leaks.
E224 An expression is not one of the allowed SQL: scalars over one row, aggregates in `past`.
     See the message, and `reconciler explain derive`.
E225 A control of an environment can never be satisfied, or contradicts another one.
     Change it as the message says; `reconciler explain policy` lists the controls.
E228 A recipe uses a masked column for what its treatment leaves no sense: a pseudonym is no feature.
     Use another column, or another treatment; the message says which.
E301 A manifest or a lock file is a symbolic link, a submodule or a Git LFS pointer.
     Commit the file itself.
E302 A path leaves the project or the data root, does not exist, or leads where git decides what lies.
     Use a relative path without `..`; git tracks no store, no target, and no link or submodule on the way.
E303 Two paths differ only in upper and lower case.
     Rename one: some file systems cannot hold both.
E304 A revision is not a plain name.
     Use a branch, a tag or a commit id, with ~n or ^n.
E305 The address of a remote or a forge is not of a form that is safe to use.
     Use https, ssh or a path; plain http on this machine only. Pass tokens by environment variables only.
E306 Git cannot answer: no repository, no such commit, no such branch, or no identity.
     Run the git command in the hint; `reconciler doctor` checks all of it.
E307 The git history is shallow, so it cannot tell which commit is newer.
     git fetch --unshallow; in CI, fetch-depth: 0.
E310 The project has more configuration files than are read, or larger ones together.
     Split the project.
E311 A file at a commit, or an answer of git, is larger than is read.
     Make it smaller: docs/reference/limits.md has every limit. Nothing of it was read.
E401 A table's file does not exist or cannot be read.
     Check the path, and --data-root.
E402 Rows of a CSV do not have the same number of cells, or the file is cut short.
     Look at the line; declare `delimiter` if it is another.
E403 A header has duplicate or empty names, or names that expressions cannot use.
     Rename them in the file or under `columns`.
E404 The file has only one column.
     Declare `delimiter`.
E405 A column's values do not have its declared type, or the type of an earlier snapshot.
     Declare `types`, `dates`, `decimal` or `nulls` for the table, or `cells` for one column.
E406 A CSV has unbalanced quotes, or is not in its declared encoding.
     Correct the line, or declare `encoding`.
E407 A file is compressed or binary.
     Unpack it first.
E408 The format of a table is not supported.
     Use CSV or Parquet, by a path.
E409 A file was written to while it was read.
     Run again when its writer is done; a writer should move complete files into place.
E410 There are too few rows or classes to train and evaluate a model.
     Select more rows, or a longer period; the message has the counts.
E411 A Parquet file is damaged, or holds types that are not supported.
     Write it again with plain types.
E412 Dates lie after the day of the data.
     Correct them, or declare the right asOf.
E413 An expression or a column has a type that is not allowed there.
     Cast it, or choose another column.
E414 Keys are missing, empty, of the wrong type or not unique.
     Name a column that is unique per row, or use `rowNumber`.
E415 A join would multiply rows or is not possible.
     The joined table's key must be unique and of the same type.
E416 A column does not exist, or its name is taken.
     Use one of the names in the message.
E417 A row matches no class, or more than one.
     Make the conditions cover every row, in order.
E418 Reading or selecting rows, or training on them, ran out of time or memory, or cannot fit into it.
     Raise `limits` of the environment, or read fewer rows.
E419 A table is larger than is read, or a Parquet file declares more than it can hold.
     Split the table or select fewer rows: docs/reference/limits.md has every limit.
E420 A column of a new table can be read in two ways, and a wrong guess would make a wrong model.
     Say which with the option in the message, or correct the file.
E421 The rows of a table break its contract: no data snapshot is taken, and the last one stays in use.
     Correct the source; where it is meant to be so, change data.contracts by a pull request.
E422 The columns of a table, or their types, are not those of its contract.
     Correct the source; where it is meant to be so, change `columns` of the contract by a pull request.
E423 Rows of a table refer to rows that another table of the same copy does not have.
     Correct the source, or copy both tables at one moment; else change `references` of the contract.
E424 A table has fewer rows than its contract asks for, or many more or fewer than in the last data snapshot.
     Look whether the export is complete; where it is meant to be so, change `rows` of the contract.
E425 The newest row of a table is older than its contract allows.
     Look whether the export still runs; where it is meant to be so, change `fresh` of the contract.
E431 A database or a bucket cannot be reached, or went away while it was read.
     Run the command again when it is there; nothing was changed.
E432 A database or a bucket refuses the login, or does not let the user read a table.
     Check the user, the password and the rights; the secret is looked up where the manifest says.
E433 A secret that a manifest refers to is not set here.
     Set the environment variable, or write the file, for this command.
E434 A database does not run the declared query.
     Try it with the database's own client.
E435 A table does not take predictions: a column is missing, or a type or a constraint forbids them.
     Add the column that the message names, or drop the table: `predict --to-table` makes it anew.
E450 A mask does not fit the table that it is declared for.
     Correct the mask, or the column's type; the message says what was expected.
E451 The key of pseudonyms is missing, or too short.
     Set what `maskKey` names to a secret of 16 bytes or more, such as one of `openssl rand -hex 32`.
E452 A column looks personal, and is neither masked nor excused.
     Mask it where the tables are declared, or say under `notPersonal` why it is no personal data.
E453 A masked table is declared in another way than where its data live, so that its masks may not fit.
     Declare it as there, or let its owner merge the change first.
E454 An entity was erased, and the key of its tombstone is not in hand; or no key is declared.
     Set what `erasureKey` names to that key: without it nobody can leave the rows of the entity out.
E455 The rows of an erased entity cannot be told in a table: its column, or the table, is not there as it was.
     Declare the table and the column as they were when the entity was forgotten.
E456 A store cannot remove blobs, so nothing that it holds can be erased.
     Use a store of files or a bucket, which can; nothing was written.
E501 A file or blob is damaged: its bytes do not have the digest that is recorded.
     Run `reconciler audit` to list all; `apply` restores deployed files, a backup restores blobs.
E502 A name in a model package may lead elsewhere: absolute, with `..`, or of characters that no package has.
     Do not unpack it with any program; get the package again from where it was exported.
E503 A model package holds something else than files: a link, a device, a folder, an extended header.
     Get the package again from where it was exported; this program and `skopeo` write only files.
E504 A model package holds a name twice, or two names that differ only in upper and lower case.
     Get the package again from where it was exported.
E505 A model package, or an answer of a registry, is compressed, cut short, too large, or not of the size that it says.
     Get the package again from where it was exported: docs/reference/limits.md has every limit.
E506 A model file contains a type that this tool never writes.
     Do not load it with any program: it was not made by this tool.
E507 A model file is not an archive as this tool writes it, or an array in it does not fit the model.
     Do not load it with any program: it was not made by this tool.
E508 A stored document is damaged.
     Restore the file from a backup.
E509 A stored record belongs under another name.
     Restore the file from a backup.
E510 A recorded verification is not what the gates say about the artifact: no gate of this tool wrote it.
     Find out who writes to the store, remove the record that the hint names, and apply the sandbox again.
E511 A model cannot be used with the installed libraries, or gives other outputs than when it was trained.
     Install the versions it was trained with; `reconciler doctor` compares them.
E512 More of the records to predict have values that the model does not know than the environment allows.
     Train it on rows like these, correct the table, or raise `policy.predict.unknownAtMost` by a pull request.
E516 A prediction cannot be explained: the artifact does not say how its training rows were distributed.
     Train it again, or leave out `--top`.
E520 What is stored is not signed by the keys that the environment trusts: unsigned, forged, expired or revoked.
     See the message: sign it with `reconciler attest`, or find out who writes to the store.
E521 A model package lacks a part, or holds one that is unknown, hidden, or that nothing in it names.
     Get the package again from where it was exported; of a registry, `reconciler pull` fetches all of it.
E522 A model package has a newer format than this version reads.
     Upgrade, and import it again; nothing was written.
E523 A private key cannot be used, or lies where others or git could read it.
     Keep it outside of the repository, mode 0600: `reconciler keys new` writes one.
E601 A store cannot protect against two writers.
     Use a local disk, or an object store with conditional writes.
E602 A store or target denies access, or does not exist: no such bucket, no right, another region, no credentials.
     Grant the right to read and write there. Such a store is never taken for an empty one.
E603 A journal has a gap or an entry that does not follow the one before, or it or its whole store is gone.
     Mount the disk, or restore the store from a backup; never edit a journal.
E604 A stored object is missing or empty.
     Restore it from a backup: it is never read as "nothing is deployed".
E607 A store's location is not safe: a link, it or a level above writable by everybody, or reached without encryption.
     Name the real folder, and remove the write permission of others; reach a bucket by https.
E608 The disk is full or fails.
     Free space and run the same command again: nothing is lost.
E609 A store or target belongs to another project or environment.
     Give each environment a store and a target of its own.
E610 The package that a store, target, source, estimator or plug-in gate needs is not installed.
     Install the extra that the message names, such as model-reconciler[stores]; a plug-in's own package otherwise.
E611 A store or target does not answer, or the connection breaks.
     Run the same command again: nothing is lost. Check the network and the service's health.
E612 A stored object is larger than one of its kind can be, or a store holds more objects than are listed.
     This tool did not write them: restore the store from a backup. Nothing of them was read.
E613 What is served is not what was applied: changed by hand, or an apply did not finish.
     Run `reconciler apply ENV`, which puts it in place.
E614 A plug-in gate failed by a mistake of its own, so the candidate is not verified.
     Have the package that provides it mended, and apply again: nothing was recorded.
E621 A registry cannot be reached, has no such repository, or answers as no OCI registry should.
     Check the name and the network, and run the command again; it needs TLS, unless it is on this machine.
E622 A registry refuses the login, or the right to read or write there.
     Log in with `docker login`, or set RECONCILER_REGISTRY_USER and RECONCILER_REGISTRY_PASSWORD.
E623 A registry of images or models does not take a name: it is too long, or reserved there.
     Give the model or the environment another name.
E641 A cluster's address or certificates are missing, or its scheduler would be reached without encryption.
     Set what the message names; use tls:// and `security`, or a scheduler on this machine.
E642 The scheduler of a cluster cannot be reached, or was lost.
     Start it, and run the same command again: what was finished is found.
E643 A worker of a cluster refuses: another program or runtime than is declared, or it does not see the store.
     Install what the message names on that worker, or give it the store.
E644 A training is not done on a cluster: it has no worker, or workers died under it.
     Look into their logs, give them memory, and run the same command again.
E701 An artifact failed a gate, so it cannot be promoted.
     Change the recipe, or the gate by a pull request, and apply the sandbox again; or promote another candidate.
E702 Another process wrote in the meantime, so the plan is stale.
     Run the same command again.
E703 A plan file or plan comment was changed after it was written.
     Plan again: reconciler plan ENV --out FILE.
E704 A required approval is missing.
     The message says whose, and of which pull request; approve it there and run the same command again.
E705 An environment is frozen: nothing new is deployed there now.
     Run the same command again when the freeze ends; `reconciler why` says when.
E706 An artifact is rejected, or its model is held.
     Use another artifact; or change the environment's policy by a pull request of its own.
E707 The retirement of a model needs consent.
     Name the model in policy.retire of the environment by a pull request, or confirm the plan of its retirement.
E708 A check found an error in the rows that a model is trained on, so it is not trained.
     Do what the message says; or switch the check off in the manifest, where the policy allows it, with the reason.
E709 An artifact learnt data of an entity that was erased, so it is not deployed.
     Promote its successor, which was trained without the entity.
E710 A managed environment takes only imported or promoted artifacts, unchanged.
     Import a package or promote, and run `reconciler apply ENV`, which puts back what was changed by hand.
E801 A command line cannot be carried out as written.
     The hint has the nearest command that can; see also --help.
E802 A command asks a person, and there is no terminal to ask on; or what answers it in advance is missing or wrong.
     The hint says what answers in advance: --yes, a reviewed plan, or the id that `controls show ENV` prints.
E803 An output cannot be written: standard output, a temporary folder or an output file.
     Name one that exists and has free space.
E811 A request to `serve` is not one of the Open Inference Protocol, or larger than is read.
     GET /v2/models/MODEL names the inputs of a model with their types; docs/how-to/serve.md has a whole request.
E901 The forge (GitHub, GitLab) cannot be reached, or answers with an internal error.
     Run the same command again: it continues, and repeats nothing.
E902 The forge rejects the token, or the token lacks a right.
     Grant the right that the message names; set the token by an environment variable.
E903 The forge limits the rate of requests.
     Run the same command again after the time that the message names.
E904 The forge rejects a request.
     Read its answer in the message; check the branch, the remote and the rights of the token.
E905 The forge of this repository is not known.
     Name the remote `origin`, or work without a forge: merge by hand and apply.
E906 The library for this forge is not installed.
     pip install 'model-reconciler[github]', or [gitlab]; or RECONCILER_FORGE=none: push the branch, open it by hand.
E907 An answer of the forge is larger than is read, or a list there has more pages.
     Close or delete what nobody needs there, such as thousands of comments or open requests.
""")
