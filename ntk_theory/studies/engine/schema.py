"""What a store's file looks like: its mark, its tables, the version of its quantities."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from ntk_theory.errors import StoreError
from ntk_theory.studies.engine.cell import Key
from ntk_theory.studies.question.study import QUANTITIES_VERSION, canonical

#: "NTKs" in the file's header: tells a store from any other SQLite file.
APPLICATION = 0x4E544B73
SCHEMA = 1

TABLES = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE environment (run INTEGER PRIMARY KEY, started TEXT NOT NULL, text TEXT NOT NULL);
CREATE TABLE cases (id INTEGER PRIMARY KEY, label TEXT NOT NULL UNIQUE);
CREATE TABLE keys (case_id INTEGER, id INTEGER, pair TEXT, s TEXT, quantity TEXT, PRIMARY KEY (case_id, id));
CREATE TABLE cells (case_id INTEGER, activation TEXT, width INTEGER, seed INTEGER, seconds REAL NOT NULL,
    ids BLOB NOT NULL, vals BLOB NOT NULL, crc INTEGER NOT NULL,
    PRIMARY KEY (case_id, activation, width, seed));
CREATE TABLE failures (case_id INTEGER, activation TEXT, width INTEGER, seed INTEGER, pair TEXT, s TEXT,
    message TEXT NOT NULL);
CREATE TABLE laws (case_id INTEGER, activation TEXT, accuracy REAL, note TEXT NOT NULL, shape TEXT NOT NULL,
    jet_ntk BLOB NOT NULL, vals TEXT NOT NULL, crc INTEGER NOT NULL, PRIMARY KEY (case_id, activation));
CREATE TABLE verdicts (id INTEGER PRIMARY KEY, created TEXT NOT NULL, text TEXT NOT NULL);
"""


def check_version(version: object, what: str) -> None:
    """Numbers of another version may mean something else: they are neither added to nor judged here."""
    if version != QUANTITIES_VERSION:
        raise StoreError(
            f"{what} has quantities of version {version}; this version of the package computes and judges "
            f"version {QUANTITIES_VERSION}: use the version that wrote it, or run the study into a new file"
        )


def layout_digest(layouts: Mapping[str, Sequence[Key]]) -> str:
    """SHA-256 over the names of all numbers, in their order."""
    return hashlib.sha256(
        canonical({k: [list(key) for key in v] for k, v in layouts.items()}).encode()
    ).hexdigest()
