-- +goose Up
-- The city's own records. Times are microseconds since 1970-01-01 UTC.
-- Sealed columns are AES-256-GCM; *_hash columns are keyed hashes.

CREATE TABLE audit_entry (
  seq BIGINT PRIMARY KEY, at BIGINT NOT NULL, actor TEXT COLLATE "C" NOT NULL, verb TEXT COLLATE "C" NOT NULL, purpose TEXT COLLATE "C" NOT NULL,
  basis TEXT COLLATE "C" NOT NULL, object TEXT COLLATE "C" NOT NULL, fields TEXT COLLATE "C" NOT NULL, people BYTEA NOT NULL, detail TEXT COLLATE "C" NOT NULL,
  salt BYTEA NOT NULL, leaf BYTEA NOT NULL);
CREATE INDEX audit_entry_object ON audit_entry (object);
-- Who is covered by which entries, so that a person's question is answered at
-- once: small sets by person, great ones in a list. Worked out from the entries;
-- verify holds both against each other.
CREATE TABLE audit_person (
  person BIGINT NOT NULL, seq BIGINT NOT NULL, PRIMARY KEY (person, seq));
CREATE TABLE audit_mass (seq BIGINT PRIMARY KEY);
-- +goose StatementBegin
CREATE FUNCTION audit_stays() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'an audit row is never changed or deleted'; END $$;
-- +goose StatementEnd
CREATE TRIGGER audit_entry_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entry EXECUTE FUNCTION audit_stays();
CREATE TRIGGER audit_person_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_person EXECUTE FUNCTION audit_stays();
CREATE TRIGGER audit_mass_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_mass EXECUTE FUNCTION audit_stays();

-- The newest checkpoint of the log: a log that is removed or put back alone is
-- noticed by it.
CREATE TABLE log_checkpoint (
  single BIGINT PRIMARY KEY CHECK (single = 1), size BIGINT NOT NULL, text TEXT COLLATE "C" NOT NULL);

CREATE TABLE snapshot (
  id BIGINT PRIMARY KEY, register TEXT COLLATE "C" NOT NULL, day TEXT COLLATE "C" NOT NULL, source TEXT COLLATE "C" NOT NULL, file_hash TEXT COLLATE "C" NOT NULL,
  rows BIGINT NOT NULL, set_aside BIGINT NOT NULL, imported BIGINT NOT NULL, UNIQUE (register, day));
CREATE TABLE snapshot_file (
  snapshot BIGINT NOT NULL REFERENCES snapshot, field TEXT COLLATE "C" NOT NULL, part BIGINT NOT NULL, path TEXT COLLATE "C" NOT NULL,
  rows BIGINT NOT NULL, sha256 TEXT COLLATE "C" NOT NULL, PRIMARY KEY (snapshot, field, part));
CREATE TABLE set_aside (
  snapshot BIGINT NOT NULL REFERENCES snapshot, file TEXT COLLATE "C" NOT NULL, row BIGINT NOT NULL, col TEXT COLLATE "C" NOT NULL,
  reason TEXT COLLATE "C" NOT NULL, hint TEXT COLLATE "C" NOT NULL);
CREATE TABLE person (id BIGINT PRIMARY KEY, code_hash BYTEA NOT NULL);
CREATE TABLE identity (
  person BIGINT NOT NULL, snapshot BIGINT NOT NULL, content_hash BYTEA NOT NULL, code BYTEA NOT NULL, name BYTEA NOT NULL,
  address BYTEA NOT NULL, PRIMARY KEY (person, snapshot));
CREATE TABLE contact (
  person BIGINT NOT NULL, snapshot BIGINT NOT NULL, content_hash BYTEA NOT NULL, mobile BYTEA NOT NULL,
  since BIGINT NOT NULL, PRIMARY KEY (person, snapshot));
CREATE TABLE unit (
  snapshot BIGINT NOT NULL REFERENCES snapshot, unit TEXT COLLATE "C" NOT NULL, language TEXT COLLATE "C" NOT NULL, name_fi TEXT COLLATE "C" NOT NULL,
  name_sv TEXT COLLATE "C" NOT NULL, name_en TEXT COLLATE "C" NOT NULL, provider TEXT COLLATE "C" NOT NULL, north DOUBLE PRECISION NOT NULL, east DOUBLE PRECISION NOT NULL,
  district TEXT COLLATE "C" NOT NULL, places BIGINT NOT NULL, PRIMARY KEY (snapshot, unit, language));
CREATE TABLE objection (
  purpose TEXT COLLATE "C" NOT NULL, person BIGINT NOT NULL, at BIGINT NOT NULL, PRIMARY KEY (purpose, person));

CREATE TABLE round (
  id BIGINT PRIMARY KEY, service TEXT COLLATE "C" NOT NULL, version TEXT COLLATE "C" NOT NULL, pack_hash TEXT COLLATE "C" NOT NULL, as_of TEXT COLLATE "C" NOT NULL,
  state TEXT COLLATE "C" NOT NULL, officer TEXT COLLATE "C" NOT NULL, opened BIGINT NOT NULL, schedule TEXT COLLATE "C" NOT NULL, summary TEXT COLLATE "C" NOT NULL);
-- Everyone who prepared a round or changed it before it was approved: none of
-- them can approve it.
CREATE TABLE round_hand (
  round BIGINT NOT NULL REFERENCES round, officer TEXT COLLATE "C" NOT NULL, PRIMARY KEY (round, officer));
CREATE TABLE round_capacity (
  round BIGINT NOT NULL REFERENCES round, unit TEXT COLLATE "C" NOT NULL, language TEXT COLLATE "C" NOT NULL, places BIGINT NOT NULL, officer TEXT COLLATE "C" NOT NULL,
  at BIGINT NOT NULL, PRIMARY KEY (round, unit, language));
-- Counts of a prepared round, with no person in them.
CREATE TABLE breakdown (
  round BIGINT NOT NULL REFERENCES round, stage TEXT COLLATE "C" NOT NULL, by TEXT COLLATE "C" NOT NULL, key TEXT COLLATE "C" NOT NULL, n BIGINT NOT NULL,
  PRIMARY KEY (round, stage, by, key));
CREATE TABLE finding (
  round BIGINT NOT NULL REFERENCES round, person BIGINT NOT NULL, verdict TEXT COLLATE "C" NOT NULL, reasons TEXT COLLATE "C" NOT NULL,
  failsafe BIGINT NOT NULL, PRIMARY KEY (round, person));
CREATE TABLE draft (
  round BIGINT NOT NULL REFERENCES round, child BIGINT NOT NULL, unit TEXT COLLATE "C" NOT NULL, language TEXT COLLATE "C" NOT NULL, reason TEXT COLLATE "C" NOT NULL,
  distance_m DOUBLE PRECISION NOT NULL, PRIMARY KEY (round, child));
CREATE TABLE waiting (
  round BIGINT NOT NULL REFERENCES round, child BIGINT NOT NULL, reason TEXT COLLATE "C" NOT NULL, PRIMARY KEY (round, child));

CREATE TABLE kase (
  id BIGINT PRIMARY KEY, round BIGINT NOT NULL REFERENCES round, child BIGINT NOT NULL, unit TEXT COLLATE "C" NOT NULL,
  language TEXT COLLATE "C" NOT NULL, stage TEXT COLLATE "C" NOT NULL, reached BIGINT NOT NULL, answered BIGINT NOT NULL, hidden BIGINT NOT NULL,
  pack_hash TEXT COLLATE "C" NOT NULL, officer TEXT COLLATE "C" NOT NULL, version BIGINT NOT NULL, sealed BYTEA NOT NULL, UNIQUE (round, child));
-- One row is one place that exists. It has room for one case, so no place can
-- be given twice, and a case can hold only one.
CREATE TABLE place (
  round BIGINT NOT NULL REFERENCES round, unit TEXT COLLATE "C" NOT NULL, language TEXT COLLATE "C" NOT NULL, no BIGINT NOT NULL,
  case_id BIGINT UNIQUE REFERENCES kase, PRIMARY KEY (round, unit, language, no));
CREATE INDEX kase_count ON kase (round, stage, answered, reached);
CREATE TABLE party (
  case_id BIGINT NOT NULL REFERENCES kase, party BIGINT NOT NULL, person BIGINT NOT NULL, phone_hash TEXT COLLATE "C" NOT NULL,
  number BYTEA NOT NULL, waiting BIGINT NOT NULL, PRIMARY KEY (case_id, party));
CREATE INDEX party_phone ON party (phone_hash);
CREATE INDEX party_person ON party (person);
CREATE INDEX kase_child ON kase (child);
CREATE TABLE timer (
  case_id BIGINT NOT NULL REFERENCES kase, kind TEXT COLLATE "C" NOT NULL, at BIGINT NOT NULL, PRIMARY KEY (case_id, kind));
CREATE INDEX timer_at ON timer (at);

CREATE TABLE outbox (
  id BIGINT PRIMARY KEY, key TEXT COLLATE "C" NOT NULL UNIQUE, ref TEXT COLLATE "C" NOT NULL UNIQUE, round BIGINT NOT NULL, case_id BIGINT, party BIGINT NOT NULL,
  kind TEXT COLLATE "C" NOT NULL, language TEXT COLLATE "C" NOT NULL, state TEXT COLLATE "C" NOT NULL, urgent BIGINT NOT NULL, segments BIGINT NOT NULL,
  not_before BIGINT NOT NULL, valid BIGINT NOT NULL, text BYTEA NOT NULL, answer_to BIGINT, code TEXT COLLATE "C" NOT NULL DEFAULT '',
  queued BIGINT NOT NULL, submitting BIGINT, handed BIGINT, done BIGINT, doubt BIGINT);
CREATE INDEX outbox_work ON outbox (state, urgent DESC, not_before, id);
CREATE INDEX outbox_case ON outbox (case_id);
-- The funnel counts without touching the texts.
CREATE INDEX outbox_count ON outbox (round, kind, state, case_id, handed);
CREATE TABLE incoming (
  id BIGINT PRIMARY KEY, gateway_id TEXT COLLATE "C" NOT NULL UNIQUE, phone_hash TEXT COLLATE "C" NOT NULL, sealed BYTEA NOT NULL, at BIGINT NOT NULL,
  received BIGINT NOT NULL, handled BIGINT, case_id BIGINT, meaning TEXT COLLATE "C" NOT NULL DEFAULT '');
CREATE INDEX incoming_phone ON incoming (phone_hash);
CREATE INDEX incoming_case ON incoming (case_id);
CREATE INDEX incoming_open ON incoming (handled, id);
CREATE TABLE report (
  id TEXT COLLATE "C" PRIMARY KEY, ref TEXT COLLATE "C" NOT NULL, state TEXT COLLATE "C" NOT NULL, at BIGINT NOT NULL, used BIGINT NOT NULL);
CREATE INDEX report_ref ON report (ref);

CREATE TABLE item (
  id BIGINT PRIMARY KEY, case_id BIGINT NOT NULL REFERENCES kase, kind TEXT COLLATE "C" NOT NULL, reason TEXT COLLATE "C" NOT NULL, opened BIGINT NOT NULL,
  settled BIGINT, settled_by TEXT COLLATE "C" NOT NULL DEFAULT '', settled_reason TEXT COLLATE "C" NOT NULL DEFAULT '', words BYTEA);
CREATE INDEX item_open ON item (kind, settled);
CREATE INDEX item_case ON item (case_id);
-- What officers did to a whole round. Words are sealed.
CREATE TABLE round_step (
  id BIGINT PRIMARY KEY, round BIGINT NOT NULL REFERENCES round, at BIGINT NOT NULL, officer TEXT COLLATE "C" NOT NULL, step TEXT COLLATE "C" NOT NULL,
  words BYTEA NOT NULL);
CREATE TABLE letter (
  case_id BIGINT PRIMARY KEY REFERENCES kase, reason TEXT COLLATE "C" NOT NULL, at BIGINT NOT NULL);

-- Those who are logged in, by the hash of their token. The content is sealed.
CREATE TABLE session (
  hash BYTEA PRIMARY KEY, content BYTEA NOT NULL, begun BIGINT NOT NULL, seen BIGINT NOT NULL);
