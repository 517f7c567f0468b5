"""The catalog's tables, as the list of steps that lead to them from an empty file.

A step is never edited once released: a change is a new step at the end. `PRAGMA user_version` is
the number of steps taken.
"""

from __future__ import annotations

_FIRST = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID, STRICT;

CREATE TABLE heads (generation INTEGER PRIMARY KEY, digest TEXT NOT NULL) STRICT;

CREATE TABLE patients (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    chart_number TEXT NOT NULL,
    issuer TEXT NOT NULL,
    sort_name TEXT NOT NULL,
    record TEXT NOT NULL
) STRICT;
CREATE INDEX patients_by_chart_number ON patients (chart_number, issuer);
CREATE INDEX patients_by_name ON patients (sort_name, id);

CREATE VIRTUAL TABLE patient_words USING fts5 (
    words, tokenize = 'unicode61 remove_diacritics 0', prefix = '1 2 3'
);
INSERT INTO patient_words (patient_words, rank) VALUES ('secure-delete', 1);

CREATE TABLE patient_keys (
    patient_id TEXT PRIMARY KEY REFERENCES patients (id),
    epoch INTEGER NOT NULL,
    wrapped BLOB NOT NULL
) WITHOUT ROWID, STRICT;

CREATE TABLE studies (
    patient_id TEXT NOT NULL REFERENCES patients (id),
    uid TEXT NOT NULL,
    date TEXT NOT NULL,
    record TEXT NOT NULL,
    PRIMARY KEY (patient_id, uid)
) WITHOUT ROWID, STRICT;

CREATE TABLE series (
    patient_id TEXT NOT NULL,
    study_uid TEXT NOT NULL,
    uid TEXT NOT NULL,
    number INTEGER,
    record TEXT NOT NULL,
    PRIMARY KEY (patient_id, study_uid, uid),
    FOREIGN KEY (patient_id, study_uid) REFERENCES studies (patient_id, uid)
) WITHOUT ROWID, STRICT;

CREATE TABLE images (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    patient_id TEXT NOT NULL,
    study_uid TEXT NOT NULL,
    series_uid TEXT NOT NULL,
    instance_number INTEGER,
    acquired TEXT NOT NULL,
    pixel_sha256 TEXT NOT NULL,
    record TEXT NOT NULL,
    FOREIGN KEY (patient_id, study_uid, series_uid)
        REFERENCES series (patient_id, study_uid, uid)
) STRICT;
CREATE INDEX images_by_series ON images (patient_id, study_uid, series_uid);

CREATE TABLE image_sops (
    sop_uid TEXT NOT NULL,
    image_id TEXT NOT NULL REFERENCES images (id) ON DELETE CASCADE,
    PRIMARY KEY (sop_uid, image_id)
) WITHOUT ROWID, STRICT;
CREATE INDEX image_sops_by_image ON image_sops (image_id);

CREATE TABLE objects (
    image_id TEXT NOT NULL REFERENCES images (id) ON DELETE CASCADE,
    role TEXT NOT NULL,
    id TEXT NOT NULL UNIQUE,
    plain_bytes INTEGER NOT NULL,
    PRIMARY KEY (image_id, role)
) WITHOUT ROWID, STRICT;

CREATE TABLE settings (
    scope TEXT NOT NULL,
    owner TEXT NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (scope, owner, name)
) WITHOUT ROWID, STRICT;

CREATE TABLE drafts (
    owner TEXT NOT NULL,
    name TEXT NOT NULL,
    blob BLOB NOT NULL,
    PRIMARY KEY (owner, name)
) WITHOUT ROWID, STRICT;
"""

_NUMBERED_KEYS = """
CREATE TABLE numbered_keys (
    patient_id TEXT NOT NULL REFERENCES patients (id),
    number INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    wrapped BLOB NOT NULL,
    PRIMARY KEY (patient_id, number)
) WITHOUT ROWID, STRICT;
INSERT INTO numbered_keys SELECT patient_id, 1, epoch, wrapped FROM patient_keys;
DROP TABLE patient_keys;
ALTER TABLE numbered_keys RENAME TO patient_keys;
ALTER TABLE objects ADD COLUMN key_number INTEGER NOT NULL DEFAULT 1;
ALTER TABLE objects ADD COLUMN is_here INTEGER NOT NULL DEFAULT 1;
"""

STEPS: tuple[str, ...] = (_FIRST, _NUMBERED_KEYS)
"""Step n takes a catalog from version n to n + 1."""
