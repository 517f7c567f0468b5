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

_KEEPING = """
CREATE TABLE archives (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    label TEXT NOT NULL,
    is_lost INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE held_elsewhere (
    object_id TEXT NOT NULL,
    archive INTEGER NOT NULL REFERENCES archives (number),
    verified_at INTEGER NOT NULL,
    PRIMARY KEY (object_id, archive)
) WITHOUT ROWID, STRICT;
CREATE INDEX held_by_archive ON held_elsewhere (archive);
CREATE INDEX objects_elsewhere ON objects (id) WHERE is_here = 0;

CREATE TABLE image_uses (
    image INTEGER PRIMARY KEY REFERENCES images (number) ON DELETE CASCADE,
    day INTEGER NOT NULL
) STRICT;

CREATE TABLE pins (
    patient_id TEXT NOT NULL REFERENCES patients (id) ON DELETE CASCADE,
    day INTEGER NOT NULL,
    PRIMARY KEY (patient_id, day)
) WITHOUT ROWID, STRICT;

CREATE TABLE holds (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    patient_id TEXT NOT NULL REFERENCES patients (id) ON DELETE CASCADE,
    reason TEXT NOT NULL,
    placed_by TEXT NOT NULL,
    placed_at TEXT NOT NULL,
    released_by TEXT,
    released_at TEXT,
    release_reason TEXT
) STRICT;
CREATE INDEX holds_by_patient ON holds (patient_id) WHERE released_at IS NULL;

CREATE TABLE keeping (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID, STRICT;

CREATE TRIGGER held_goes_with_object AFTER DELETE ON objects
BEGIN DELETE FROM held_elsewhere WHERE object_id = OLD.id; END;
CREATE TRIGGER held_goes_with_name AFTER UPDATE OF id ON objects WHEN NEW.id <> OLD.id
BEGIN DELETE FROM held_elsewhere WHERE object_id = OLD.id; END;

CREATE TRIGGER last_copy_stays BEFORE UPDATE OF is_here ON objects
WHEN NEW.is_here = 0 AND OLD.is_here = 1 AND NOT EXISTS (
    SELECT 1 FROM held_elsewhere JOIN archives ON archives.number = held_elsewhere.archive
    WHERE held_elsewhere.object_id = OLD.id AND archives.is_lost = 0)
BEGIN SELECT RAISE(ABORT, 'last copy'); END;
CREATE TRIGGER hold_keeps_pixels BEFORE UPDATE OF is_here ON objects
WHEN NEW.is_here = 0 AND OLD.is_here = 1 AND EXISTS (
    SELECT 1 FROM holds JOIN images ON images.patient_id = holds.patient_id
    WHERE images.id = OLD.image_id AND holds.released_at IS NULL)
BEGIN SELECT RAISE(ABORT, 'legal hold'); END;
CREATE TRIGGER hold_keeps_images BEFORE DELETE ON images
WHEN EXISTS (SELECT 1 FROM holds WHERE patient_id = OLD.patient_id AND released_at IS NULL)
BEGIN SELECT RAISE(ABORT, 'legal hold'); END;
CREATE TRIGGER hold_keeps_patient BEFORE DELETE ON patients
WHEN EXISTS (SELECT 1 FROM holds WHERE patient_id = OLD.id AND released_at IS NULL)
BEGIN SELECT RAISE(ABORT, 'legal hold'); END;
CREATE TRIGGER hold_keeps_keys BEFORE DELETE ON patient_keys
WHEN EXISTS (SELECT 1 FROM holds WHERE patient_id = OLD.patient_id AND released_at IS NULL)
AND EXISTS (SELECT 1 FROM images JOIN objects ON objects.image_id = images.id
    WHERE images.patient_id = OLD.patient_id AND objects.key_number = OLD.number)
BEGIN SELECT RAISE(ABORT, 'legal hold'); END;
CREATE TRIGGER hold_stands BEFORE DELETE ON holds WHEN OLD.released_at IS NULL
BEGIN SELECT RAISE(ABORT, 'legal hold'); END;
"""

_COUNTS = """
ALTER TABLE patients ADD COLUMN study_count INTEGER NOT NULL DEFAULT 0;
ALTER TABLE patients ADD COLUMN image_count INTEGER NOT NULL DEFAULT 0;
ALTER TABLE patients ADD COLUMN last_study TEXT NOT NULL DEFAULT '';
UPDATE patients SET
    study_count = (SELECT count(*) FROM studies WHERE patient_id = patients.id),
    image_count = (SELECT count(*) FROM images WHERE patient_id = patients.id),
    last_study = (SELECT coalesce(max(date), '') FROM studies WHERE patient_id = patients.id);

CREATE TRIGGER study_added AFTER INSERT ON studies BEGIN
    UPDATE patients SET study_count = study_count + 1, last_study = max(last_study, new.date)
    WHERE id = new.patient_id;
END;
CREATE TRIGGER study_dated AFTER UPDATE OF date ON studies WHEN old.date <> new.date BEGIN
    UPDATE patients SET last_study =
        (SELECT coalesce(max(date), '') FROM studies WHERE patient_id = new.patient_id)
    WHERE id = new.patient_id;
END;
CREATE TRIGGER study_removed AFTER DELETE ON studies BEGIN
    UPDATE patients SET study_count = study_count - 1, last_study =
        (SELECT coalesce(max(date), '') FROM studies WHERE patient_id = old.patient_id)
    WHERE id = old.patient_id;
END;
CREATE TRIGGER image_added AFTER INSERT ON images BEGIN
    UPDATE patients SET image_count = image_count + 1 WHERE id = new.patient_id;
END;
CREATE TRIGGER image_removed AFTER DELETE ON images BEGIN
    UPDATE patients SET image_count = image_count - 1 WHERE id = old.patient_id;
END;
"""

_KEPT_ORPHANS = """
CREATE TABLE kept_orphans (object_id TEXT PRIMARY KEY) WITHOUT ROWID, STRICT;
"""

_REKEYING = """
CREATE TABLE erasures (
    patient_id TEXT PRIMARY KEY,
    epoch INTEGER NOT NULL,
    images INTEGER NOT NULL,
    objects INTEGER NOT NULL,
    objects_sha256 TEXT NOT NULL
) WITHOUT ROWID, STRICT;

CREATE TABLE to_reseal (
    patient_id TEXT PRIMARY KEY REFERENCES patients (id) ON DELETE CASCADE,
    key_number INTEGER
) WITHOUT ROWID, STRICT;

CREATE TRIGGER object_has_key BEFORE INSERT ON objects
WHEN NOT EXISTS (SELECT 1 FROM images JOIN patient_keys USING (patient_id)
    WHERE images.id = NEW.image_id AND patient_keys.number = NEW.key_number)
BEGIN SELECT RAISE(ABORT, 'no such key'); END;
CREATE TRIGGER key_stays_with_objects BEFORE DELETE ON patient_keys
WHEN EXISTS (SELECT 1 FROM images JOIN objects ON objects.image_id = images.id
    WHERE images.patient_id = OLD.patient_id AND objects.key_number = OLD.number)
BEGIN SELECT RAISE(ABORT, 'key in use'); END;
"""

_DESTINATIONS = """
CREATE TABLE backup_destinations (
    id TEXT PRIMARY KEY,
    label TEXT NOT NULL,
    path TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    snapshot_number INTEGER NOT NULL,
    snapshot_id TEXT NOT NULL,
    made TEXT NOT NULL,
    is_lost INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID, STRICT;
"""

_SUMS = """
CREATE TABLE sums (
    depth INTEGER NOT NULL,
    name TEXT NOT NULL,
    sum BLOB NOT NULL,
    PRIMARY KEY (depth, name)
) WITHOUT ROWID, STRICT;

CREATE TABLE sums_head (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    steps INTEGER NOT NULL,
    key BLOB NOT NULL,
    generation INTEGER NOT NULL,
    nonce BLOB NOT NULL
) STRICT;

CREATE INDEX holds_of_patient ON holds (patient_id);
"""

_BORN = """
ALTER TABLE patient_keys ADD COLUMN born INTEGER NOT NULL DEFAULT 0;
"""

_STANDING = """
ALTER TABLE patients ADD COLUMN standing TEXT NOT NULL DEFAULT '';
ALTER TABLE patients ADD COLUMN about TEXT NOT NULL DEFAULT '';
CREATE INDEX patients_without_chart ON patients (standing) WHERE standing <> '';
"""

STEPS: tuple[str, ...] = (
    _FIRST,
    _NUMBERED_KEYS,
    _KEEPING,
    _COUNTS,
    _KEPT_ORPHANS,
    _REKEYING,
    _DESTINATIONS,
    _SUMS,
    _BORN,
    _STANDING,
)
"""Step n takes a catalog from version n to n + 1."""
