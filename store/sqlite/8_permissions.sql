-- Agreements on the use of data, in all their versions: rows are added and never
-- changed, so what somebody agreed to can always be read again.
CREATE TABLE agreement (
  purpose TEXT NOT NULL, version INTEGER NOT NULL, hash TEXT NOT NULL, since INTEGER NOT NULL, kept INTEGER NOT NULL, fields TEXT NOT NULL, content TEXT NOT NULL,
  PRIMARY KEY (purpose, version)) STRICT;
CREATE TRIGGER agreement_stays BEFORE UPDATE ON agreement
  BEGIN SELECT RAISE(ABORT, 'an agreement is never changed'); END;
CREATE TRIGGER agreement_remains BEFORE DELETE ON agreement
  BEGIN SELECT RAISE(ABORT, 'an agreement is never deleted'); END;

-- A matter about one child, and who has a part in it.
CREATE TABLE matter (
  id INTEGER PRIMARY KEY, purpose TEXT NOT NULL, child INTEGER NOT NULL, opened INTEGER NOT NULL, looked INTEGER NOT NULL DEFAULT 0,
  UNIQUE (purpose, child)) STRICT;
CREATE TABLE matter_person (
  matter INTEGER NOT NULL REFERENCES matter, person INTEGER NOT NULL, part TEXT NOT NULL, PRIMARY KEY (matter, person)) STRICT, WITHOUT ROWID;
CREATE INDEX matter_of ON matter_person (person);

-- A permission as it is now, and the events that made it so. Until is when it
-- expires; 0: it does not stand. Due is when its source is to be asked next.
CREATE TABLE permission (
  id INTEGER PRIMARY KEY, purpose TEXT NOT NULL, subject INTEGER NOT NULL, about INTEGER NOT NULL, state TEXT NOT NULL, version INTEGER NOT NULL,
  until INTEGER NOT NULL, events INTEGER NOT NULL, changed INTEGER NOT NULL, due INTEGER NOT NULL,
  UNIQUE (purpose, subject, about)) STRICT;
CREATE INDEX permission_due ON permission (state, due);
CREATE INDEX permission_about ON permission (about);
CREATE TABLE permission_event (
  permission INTEGER NOT NULL REFERENCES permission, n INTEGER NOT NULL, kind TEXT NOT NULL, at INTEGER NOT NULL, by INTEGER NOT NULL,
  version INTEGER NOT NULL, hash TEXT NOT NULL, way TEXT NOT NULL, cause TEXT NOT NULL, signers TEXT NOT NULL, receipt BLOB,
  PRIMARY KEY (permission, n)) STRICT, WITHOUT ROWID;

-- One row for each time a source is asked under a permission. It is there, with
-- its entry, before the source is asked.
CREATE TABLE handover (
  id INTEGER PRIMARY KEY, permission INTEGER NOT NULL REFERENCES permission, source TEXT NOT NULL, request TEXT NOT NULL UNIQUE, fields TEXT NOT NULL,
  asked INTEGER NOT NULL, state TEXT NOT NULL, ended INTEGER NOT NULL, fresh INTEGER NOT NULL, why TEXT NOT NULL, payload BLOB) STRICT;
CREATE INDEX handover_permission ON handover (permission, state);
CREATE INDEX handover_begun ON handover (state, asked);
-- What a source says that it handed over, once each.
CREATE TABLE source_mark (
  id TEXT PRIMARY KEY, permission INTEGER NOT NULL, source TEXT NOT NULL, at INTEGER NOT NULL, outcome TEXT NOT NULL) STRICT, WITHOUT ROWID;

-- Fees as they were proposed and answered. The working is sealed.
CREATE TABLE proposal (
  id INTEGER PRIMARY KEY, matter INTEGER NOT NULL REFERENCES matter, made INTEGER NOT NULL, state TEXT NOT NULL, content BLOB, answered INTEGER NOT NULL,
  answered_by INTEGER NOT NULL, words BLOB) STRICT;
CREATE INDEX proposal_matter ON proposal (matter);
-- Which fetched answers a proposal rests on.
CREATE TABLE proposal_ground (
  proposal INTEGER NOT NULL REFERENCES proposal, permission INTEGER NOT NULL, handover INTEGER NOT NULL, PRIMARY KEY (proposal, handover)) STRICT, WITHOUT ROWID;
CREATE INDEX ground_permission ON proposal_ground (permission);

-- What people ask of the city, with the day by which the law wants an answer.
CREATE TABLE request (
  id INTEGER PRIMARY KEY, kind TEXT NOT NULL, person INTEGER NOT NULL, matter INTEGER NOT NULL, at INTEGER NOT NULL, due INTEGER NOT NULL, basis TEXT NOT NULL,
  words BLOB, settled INTEGER NOT NULL, settled_by TEXT NOT NULL, answer BLOB) STRICT;
CREATE INDEX request_open ON request (settled, due);
CREATE INDEX request_person ON request (person);

-- Decisions on whether a use of data is lawful; a decided one is a precedent.
CREATE TABLE precedent (
  id INTEGER PRIMARY KEY, purpose TEXT NOT NULL, at INTEGER NOT NULL, by TEXT NOT NULL, lawful INTEGER NOT NULL, content TEXT NOT NULL) STRICT;
