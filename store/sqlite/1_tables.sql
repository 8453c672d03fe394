-- The city's own records. Times are microseconds since 1970-01-01 UTC.
-- Sealed columns are AES-256-GCM; *_hash columns are keyed hashes.

CREATE TABLE audit_entry (
  seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, actor TEXT NOT NULL, verb TEXT NOT NULL, purpose TEXT NOT NULL,
  basis TEXT NOT NULL, object TEXT NOT NULL, fields TEXT NOT NULL, people BLOB NOT NULL, detail TEXT NOT NULL,
  salt BLOB NOT NULL, leaf BLOB NOT NULL) STRICT;
CREATE INDEX audit_entry_object ON audit_entry (object);
-- Who is covered by which entries, so that a person's question is answered at
-- once: small sets by person, great ones in a list. Worked out from the entries;
-- verify holds both against each other.
CREATE TABLE audit_person (
  person INTEGER NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (person, seq)) STRICT, WITHOUT ROWID;
CREATE TABLE audit_mass (seq INTEGER PRIMARY KEY) STRICT;
CREATE TRIGGER audit_entry_stays BEFORE UPDATE ON audit_entry
  BEGIN SELECT RAISE(ABORT, 'an audit entry is never changed'); END;
CREATE TRIGGER audit_entry_remains BEFORE DELETE ON audit_entry
  BEGIN SELECT RAISE(ABORT, 'an audit entry is never deleted'); END;

-- The newest checkpoint of the log: a log that is removed or put back alone is
-- noticed by it.
CREATE TABLE log_checkpoint (
  single INTEGER PRIMARY KEY CHECK (single = 1), size INTEGER NOT NULL, text TEXT NOT NULL) STRICT;

CREATE TABLE snapshot (
  id INTEGER PRIMARY KEY, register TEXT NOT NULL, day TEXT NOT NULL, source TEXT NOT NULL, file_hash TEXT NOT NULL,
  rows INTEGER NOT NULL, set_aside INTEGER NOT NULL, imported INTEGER NOT NULL, UNIQUE (register, day)) STRICT;
CREATE TABLE snapshot_file (
  snapshot INTEGER NOT NULL REFERENCES snapshot, field TEXT NOT NULL, part INTEGER NOT NULL, path TEXT NOT NULL,
  rows INTEGER NOT NULL, sha256 TEXT NOT NULL, PRIMARY KEY (snapshot, field, part)) STRICT;
CREATE TABLE set_aside (
  snapshot INTEGER NOT NULL REFERENCES snapshot, file TEXT NOT NULL, row INTEGER NOT NULL, col TEXT NOT NULL,
  reason TEXT NOT NULL, hint TEXT NOT NULL) STRICT;
CREATE TABLE person (id INTEGER PRIMARY KEY, code_hash BLOB NOT NULL) STRICT;
CREATE TABLE identity (
  person INTEGER NOT NULL, snapshot INTEGER NOT NULL, content_hash BLOB NOT NULL, code BLOB NOT NULL, name BLOB NOT NULL,
  address BLOB NOT NULL, PRIMARY KEY (person, snapshot)) STRICT, WITHOUT ROWID;
CREATE TABLE contact (
  person INTEGER NOT NULL, snapshot INTEGER NOT NULL, content_hash BLOB NOT NULL, mobile BLOB NOT NULL,
  since INTEGER NOT NULL, PRIMARY KEY (person, snapshot)) STRICT, WITHOUT ROWID;
CREATE TABLE unit (
  snapshot INTEGER NOT NULL REFERENCES snapshot, unit TEXT NOT NULL, language TEXT NOT NULL, name_fi TEXT NOT NULL,
  name_sv TEXT NOT NULL, name_en TEXT NOT NULL, provider TEXT NOT NULL, north REAL NOT NULL, east REAL NOT NULL,
  district TEXT NOT NULL, places INTEGER NOT NULL, PRIMARY KEY (snapshot, unit, language)) STRICT;
CREATE TABLE objection (
  purpose TEXT NOT NULL, person INTEGER NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (purpose, person)) STRICT;

CREATE TABLE round (
  id INTEGER PRIMARY KEY, service TEXT NOT NULL, version TEXT NOT NULL, pack_hash TEXT NOT NULL, as_of TEXT NOT NULL,
  state TEXT NOT NULL, officer TEXT NOT NULL, opened INTEGER NOT NULL, schedule TEXT NOT NULL, summary TEXT NOT NULL) STRICT;
-- Everyone who prepared a round or changed it before it was approved: none of
-- them can approve it.
CREATE TABLE round_hand (
  round INTEGER NOT NULL REFERENCES round, officer TEXT NOT NULL, PRIMARY KEY (round, officer)) STRICT, WITHOUT ROWID;
CREATE TABLE round_capacity (
  round INTEGER NOT NULL REFERENCES round, unit TEXT NOT NULL, language TEXT NOT NULL, places INTEGER NOT NULL, officer TEXT NOT NULL,
  at INTEGER NOT NULL, PRIMARY KEY (round, unit, language)) STRICT;
-- Counts of a prepared round, with no person in them.
CREATE TABLE breakdown (
  round INTEGER NOT NULL REFERENCES round, stage TEXT NOT NULL, by TEXT NOT NULL, key TEXT NOT NULL, n INTEGER NOT NULL,
  PRIMARY KEY (round, stage, by, key)) STRICT, WITHOUT ROWID;
CREATE TABLE finding (
  round INTEGER NOT NULL REFERENCES round, person INTEGER NOT NULL, verdict TEXT NOT NULL, reasons TEXT NOT NULL,
  failsafe INTEGER NOT NULL, PRIMARY KEY (round, person)) STRICT, WITHOUT ROWID;
-- One row is one place that exists. It has room for one case, so no place can
-- be given twice, and a case can hold only one.
CREATE TABLE place (
  round INTEGER NOT NULL REFERENCES round, unit TEXT NOT NULL, language TEXT NOT NULL, no INTEGER NOT NULL,
  case_id INTEGER UNIQUE REFERENCES kase, PRIMARY KEY (round, unit, language, no)) STRICT;
CREATE TABLE draft (
  round INTEGER NOT NULL REFERENCES round, child INTEGER NOT NULL, unit TEXT NOT NULL, language TEXT NOT NULL, reason TEXT NOT NULL,
  distance_m REAL NOT NULL, PRIMARY KEY (round, child)) STRICT;
CREATE TABLE waiting (
  round INTEGER NOT NULL REFERENCES round, child INTEGER NOT NULL, reason TEXT NOT NULL, PRIMARY KEY (round, child)) STRICT;

CREATE TABLE kase (
  id INTEGER PRIMARY KEY, round INTEGER NOT NULL REFERENCES round, child INTEGER NOT NULL, unit TEXT NOT NULL,
  language TEXT NOT NULL, stage TEXT NOT NULL, reached INTEGER NOT NULL, answered INTEGER NOT NULL, hidden INTEGER NOT NULL,
  pack_hash TEXT NOT NULL, officer TEXT NOT NULL, version INTEGER NOT NULL, sealed BLOB NOT NULL, UNIQUE (round, child)) STRICT;
CREATE INDEX kase_count ON kase (round, stage, answered, reached);
CREATE TABLE party (
  case_id INTEGER NOT NULL REFERENCES kase, party INTEGER NOT NULL, person INTEGER NOT NULL, phone_hash TEXT NOT NULL,
  number BLOB NOT NULL, waiting INTEGER NOT NULL, PRIMARY KEY (case_id, party)) STRICT, WITHOUT ROWID;
CREATE INDEX party_phone ON party (phone_hash);
CREATE INDEX party_person ON party (person);
CREATE INDEX kase_child ON kase (child);
CREATE TABLE timer (
  case_id INTEGER NOT NULL REFERENCES kase, kind TEXT NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (case_id, kind)) STRICT, WITHOUT ROWID;
CREATE INDEX timer_at ON timer (at);

CREATE TABLE outbox (
  id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, ref TEXT NOT NULL UNIQUE, round INTEGER NOT NULL, case_id INTEGER, party INTEGER NOT NULL,
  kind TEXT NOT NULL, language TEXT NOT NULL, state TEXT NOT NULL, urgent INTEGER NOT NULL, segments INTEGER NOT NULL,
  not_before INTEGER NOT NULL, valid INTEGER NOT NULL, text BLOB NOT NULL, answer_to INTEGER, code TEXT NOT NULL DEFAULT '',
  queued INTEGER NOT NULL, submitting INTEGER, handed INTEGER, done INTEGER, doubt INTEGER) STRICT;
CREATE INDEX outbox_work ON outbox (state, urgent DESC, not_before, id);
CREATE INDEX outbox_case ON outbox (case_id);
-- The funnel counts without touching the texts.
CREATE INDEX outbox_count ON outbox (round, kind, state, case_id, handed);
CREATE TABLE incoming (
  id INTEGER PRIMARY KEY, gateway_id TEXT NOT NULL UNIQUE, phone_hash TEXT NOT NULL, sealed BLOB NOT NULL, at INTEGER NOT NULL,
  received INTEGER NOT NULL, handled INTEGER, case_id INTEGER, meaning TEXT NOT NULL DEFAULT '') STRICT;
CREATE INDEX incoming_phone ON incoming (phone_hash);
CREATE INDEX incoming_case ON incoming (case_id);
CREATE INDEX incoming_open ON incoming (handled, id);
CREATE TABLE report (
  id TEXT PRIMARY KEY, ref TEXT NOT NULL, state TEXT NOT NULL, at INTEGER NOT NULL, used INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX report_ref ON report (ref);

CREATE TABLE item (
  id INTEGER PRIMARY KEY, case_id INTEGER NOT NULL REFERENCES kase, kind TEXT NOT NULL, reason TEXT NOT NULL, opened INTEGER NOT NULL,
  settled INTEGER, settled_by TEXT NOT NULL DEFAULT '', settled_reason TEXT NOT NULL DEFAULT '', words BLOB) STRICT;
CREATE INDEX item_open ON item (kind, settled);
CREATE INDEX item_case ON item (case_id);
-- What officers did to a whole round. Words are sealed.
CREATE TABLE round_step (
  id INTEGER PRIMARY KEY, round INTEGER NOT NULL REFERENCES round, at INTEGER NOT NULL, officer TEXT NOT NULL, step TEXT NOT NULL,
  words BLOB NOT NULL) STRICT;
CREATE TABLE letter (
  case_id INTEGER PRIMARY KEY REFERENCES kase, reason TEXT NOT NULL, at INTEGER NOT NULL) STRICT;

-- Those who are logged in, by the hash of their token. The content is sealed.
CREATE TABLE session (
  hash BLOB PRIMARY KEY, content BLOB NOT NULL, begun INTEGER NOT NULL, seen INTEGER NOT NULL) STRICT, WITHOUT ROWID;
