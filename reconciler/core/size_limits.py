"""The largest sizes and counts that are read of what others wrote, by subject: compared before the bytes are read.

Sizes are bytes, counts are numbers of items. `docs/reference/limits.md` is written from the comments here: the error of
what is larger, and what it is.
"""

from __future__ import annotations

KIB, MIB, GIB = 1024, 1024**2, 1024**3

# --- Configuration, from git objects at any commit or from a work tree

MANIFEST_BYTES = 1 * MIB  # E109: a manifest or a card (E311 at an earlier commit that a command reads back)
LOCK_BYTES = 4 * MIB  # E311: a lock file that an environment names; of other lock files no byte is read
CONFIGURATION_FILES = 50_000  # E310: files below `manifests/` and `environments/`: 20,000 models with their cards
CONFIGURATION_BYTES = 128 * MIB  # E310, E311: all files that are read at one commit, together
LISTING_BYTES = 64 * MIB  # E311: git's list of a commit's files, about 600,000 of them
GIT_ANSWER_BYTES = 256 * MIB  # E311: any other answer of git
TAG_BYTES = 16 * MIB  # E311: an annotated tag that `anchor` may have written
TAGS_BYTES = 512 * MIB  # E311: all those tags together
COMMIT_BYTES = 1 * MIB  # none: a commit of a proposal's branch; a larger one counts as somebody else's
LISTED_FILES = 1_000_000  # E311: files of a work tree
CACHE_BYTES = 1 * GIB  # none: a cache file of our own beside the repository, which is then not used

# --- Stores and targets, in a folder or a bucket

MARK_BYTES = 64 * KIB  # E612: `store.json` and `owner.json`; a `current` that is larger counts as unreadable
RECORD_BYTES = 4 * MIB  # E612: a journal entry, a build, a verification, an entry of the prediction log
SNAPSHOT_BYTES = 16 * MIB  # E612: the record of a data snapshot
BLOB_BYTES = 64 * MIB  # E612: a blob that is read into memory; models, tables and rows are read from files
OBJECT_BYTES = 5 * GIB  # E612: any object, since a bucket takes no more in the one request that creates it
STORE_KEYS = 1_000_000  # E612: one listing, such as the entries of a journal
MODEL_BYTES = 4 * GIB  # E507, E612: a model file
BOOSTER_BYTES = 512 * MIB  # E507, E612: a model file of LightGBM or XGBoost
REFERENCE_BYTES = 8 * MIB  # E507, E612: how the training rows of a model were distributed
DECISION_BYTES = 16 * MIB  # E507, E612: how probabilities are calibrated, and the class decided on
MODEL_MEMBERS = 500_000  # E507: arrays in a model file
MODEL_TREE_BYTES = 256 * MIB  # E507: the tree of nodes in a model file
MODEL_ITEMS = 16_000_000  # E507: items of that tree
ENVELOPE_BYTES = 1 * MIB  # E612: an attestation of an artifact
REFERRERS = 1_000  # E612: attestations of one artifact
FOLDER_ENTRIES = 10_000  # none: files that are looked at in a release's folder, where a few more are tampering already
RELEASE_BYTES = 64 * KIB  # none: a release's OCI manifest; a larger one counts as tampered with

# --- Files that a command is given, and the description of a CI job

PLAN_BYTES = 128 * MIB  # E703: a plan file or a plan comment
EVENT_BYTES = 16 * MIB  # none: the event that started a CI job; a larger one counts as unknown
WHEEL_BYTES = 32 * MIB  # E801: the wheel that `ci --install` copies into a project

# --- Model packages: archives that others wrote, and registries

PACKAGE_BYTES = 6 * GIB  # E505: a package, and all that is in it together
PACKAGE_ENTRIES = 5_000  # E505: files in a package
PACKAGE_INDEX_BYTES = 1 * MIB  # E505: an index of manifests in a package or a registry
PACKAGE_PADDING = 1 * MIB  # E505: what may follow the last file of an archive, nothing but zeros
REGISTRY_ANSWER_BYTES = 4 * MIB  # E621: an answer of a registry that is no blob
REGISTRY_TAGS_BYTES = 32 * MIB  # E505: one list of the tags of a repository that is a target
REGISTRY_TAG_PAGES = 1_000  # E621: such lists
MLFLOW_PAGES = 1_000  # E611: pages of a list of an MLflow server, whose answers are as large as those of a registry

# --- Tables: CSV and Parquet files of data, predictions and snapshots

TABLE_BYTES = 64 * GIB  # E419: a file; of Parquet also what it declares to have unpacked
TABLE_ROWS = 100_000_000  # E419: rows, and of Parquet no more than 1,000,000 and 1,000 per byte of the file
TABLE_FILES = 10_000  # E419: files of a table that is a folder or a pattern
TABLE_PARTITIONS = 500  # E419: folders such as `year=2025` of such a table
TABLE_COLUMNS = 3_000  # E411: columns
ROW_BYTES = 1 * MIB  # E402: a row or the header of a CSV file
FOOTER_BYTES = 16 * MIB  # E419: the metadata of a Parquet file
TABLE_ROW_GROUPS = 65_536  # E419: row groups of a Parquet file
TABLE_PAGES = 5_000_000  # E419: pages of a Parquet file
PAGE_BYTES = 1 * GIB  # E419: a page or a dictionary of a Parquet file, unpacked

# --- Answers of worker processes and of a forge

ANSWER_BYTES = 64 * MIB  # none: an answer of a worker process; of a larger one the process is ended
ANSWER_ITEMS = 4_000_000  # none: items of that answer; one with more counts as unreadable
MESSAGE_LENGTH = 4_000  # none: characters of an error that a worker process reports; the rest is left out
PLAN_ITEMS = 16_000_000  # E703: items of a plan file
FORGE_ANSWER_BYTES = 32 * MIB  # E907: one answer of a forge, unpacked
FORGE_PAGES = 300  # E907: pages of a list, such as the comments of a request, of 100 items each

# --- Requests to `serve`, and what they take of it

REQUEST_BYTES = 16 * MIB  # E811: the body of a request
REQUEST_ROWS = 10_000  # E811: rows of a request
REQUEST_COLUMNS = 6_000  # E811: tensors of a request: a column, and one that says what of it is missing
