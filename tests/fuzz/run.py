"""`python -m tests.fuzz.run TARGET SECONDS`: libFuzzer on one target.

What it finds is kept in `found/TARGET/`, where every `make test` tries it again."""

from __future__ import annotations

import hashlib
import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["reconciler"]):
    from tests.fuzz.targets import FOUND, TARGETS


def quoted(word: str) -> str:
    return "".join(
        character if character.isascii() and character.isprintable() and character not in '"\\' else f"\\x{byte:02x}"
        for character in word
        for byte in character.encode()
    )


def main() -> None:
    name, seconds = sys.argv[1:3]
    target = TARGETS[name]
    kept = FOUND / name
    kept.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        corpus = Path(folder) / "corpus"
        corpus.mkdir()
        for seed in target.seeds():
            (corpus / hashlib.sha256(seed).hexdigest()[:16]).write_bytes(seed)
        words = Path(folder) / "words"
        words.write_text("".join(f'"{quoted(word)}"\n' for word in target.words))
        arguments = [
            sys.argv[0],
            f"-max_total_time={seconds}",
            "-timeout=20",
            "-rss_limit_mb=1024",
            "-max_len=8192",
            "-print_final_stats=1",
            f"-dict={words}",
            f"-artifact_prefix={kept}/",
            str(corpus),
        ]
        atheris.Setup(arguments, target)
        print(f"--- {name}: {len(list(corpus.iterdir()))} seeds, {seconds} s", flush=True)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
