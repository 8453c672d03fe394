-- +goose Up
-- Agreements on the use of data, in all their versions: rows are added and never
-- changed, so what somebody agreed to can always be read again.
CREATE TABLE agreement (
  purpose TEXT COLLATE "C" NOT NULL, version BIGINT NOT NULL, hash TEXT COLLATE "C" NOT NULL, since BIGINT NOT NULL, kept BIGINT NOT NULL, fields TEXT COLLATE "C" NOT NULL, content TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (purpose, version));
-- +goose StatementBegin
CREATE FUNCTION agreement_stays() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'an agreement is never changed or deleted'; END $$;
-- +goose StatementEnd
CREATE TRIGGER agreement_stays BEFORE UPDATE OR DELETE ON agreement FOR EACH ROW EXECUTE FUNCTION agreement_stays();
CREATE TRIGGER agreement_remains BEFORE TRUNCATE ON agreement EXECUTE FUNCTION agreement_stays();

-- A matter about one child, and who has a part in it.
CREATE TABLE matter (
  id BIGINT PRIMARY KEY, purpose TEXT COLLATE "C" NOT NULL, child BIGINT NOT NULL, opened BIGINT NOT NULL, looked BIGINT NOT NULL DEFAULT 0,
  UNIQUE (purpose, child));
CREATE TABLE matter_person (
  matter BIGINT NOT NULL REFERENCES matter, person BIGINT NOT NULL, part TEXT COLLATE "C" NOT NULL, PRIMARY KEY (matter, person));
CREATE INDEX matter_of ON matter_person (person);

-- A permission as it is now, and the events that made it so. Until is when it
-- expires; 0: it does not stand. Due is when its source is to be asked next.
CREATE TABLE permission (
  id BIGINT PRIMARY KEY, purpose TEXT COLLATE "C" NOT NULL, subject BIGINT NOT NULL, about BIGINT NOT NULL, state TEXT COLLATE "C" NOT NULL, version BIGINT NOT NULL,
  until BIGINT NOT NULL, events BIGINT NOT NULL, changed BIGINT NOT NULL, due BIGINT NOT NULL,
  UNIQUE (purpose, subject, about));
CREATE INDEX permission_due ON permission (state, due);
CREATE INDEX permission_about ON permission (about);
CREATE TABLE permission_event (
  permission BIGINT NOT NULL REFERENCES permission, n BIGINT NOT NULL, kind TEXT COLLATE "C" NOT NULL, at BIGINT NOT NULL, by BIGINT NOT NULL,
  version BIGINT NOT NULL, hash TEXT COLLATE "C" NOT NULL, way TEXT COLLATE "C" NOT NULL, cause TEXT COLLATE "C" NOT NULL, signers TEXT COLLATE "C" NOT NULL, receipt BYTEA,
  PRIMARY KEY (permission, n));

-- One row for each time a source is asked under a permission. It is there, with
-- its entry, before the source is asked.
CREATE TABLE handover (
  id BIGINT PRIMARY KEY, permission BIGINT NOT NULL REFERENCES permission, source TEXT COLLATE "C" NOT NULL, request TEXT COLLATE "C" NOT NULL UNIQUE, fields TEXT COLLATE "C" NOT NULL,
  asked BIGINT NOT NULL, state TEXT COLLATE "C" NOT NULL, ended BIGINT NOT NULL, fresh BIGINT NOT NULL, why TEXT COLLATE "C" NOT NULL, payload BYTEA);
CREATE INDEX handover_permission ON handover (permission, state);
CREATE INDEX handover_begun ON handover (state, asked);
-- What a source says that it handed over, once each.
CREATE TABLE source_mark (
  id TEXT COLLATE "C" PRIMARY KEY, permission BIGINT NOT NULL, source TEXT COLLATE "C" NOT NULL, at BIGINT NOT NULL, outcome TEXT COLLATE "C" NOT NULL);

-- Fees as they were proposed and answered. The working is sealed.
CREATE TABLE proposal (
  id BIGINT PRIMARY KEY, matter BIGINT NOT NULL REFERENCES matter, made BIGINT NOT NULL, state TEXT COLLATE "C" NOT NULL, content BYTEA, answered BIGINT NOT NULL,
  answered_by BIGINT NOT NULL, words BYTEA);
CREATE INDEX proposal_matter ON proposal (matter);
-- Which fetched answers a proposal rests on.
CREATE TABLE proposal_ground (
  proposal BIGINT NOT NULL REFERENCES proposal, permission BIGINT NOT NULL, handover BIGINT NOT NULL, PRIMARY KEY (proposal, handover));
CREATE INDEX ground_permission ON proposal_ground (permission);

-- What people ask of the city, with the day by which the law wants an answer.
CREATE TABLE request (
  id BIGINT PRIMARY KEY, kind TEXT COLLATE "C" NOT NULL, person BIGINT NOT NULL, matter BIGINT NOT NULL, at BIGINT NOT NULL, due BIGINT NOT NULL, basis TEXT COLLATE "C" NOT NULL,
  words BYTEA, settled BIGINT NOT NULL, settled_by TEXT COLLATE "C" NOT NULL, answer BYTEA);
CREATE INDEX request_open ON request (settled, due);
CREATE INDEX request_person ON request (person);

-- Decisions on whether a use of data is lawful; a decided one is a precedent.
CREATE TABLE precedent (
  id BIGINT PRIMARY KEY, purpose TEXT COLLATE "C" NOT NULL, at BIGINT NOT NULL, by TEXT COLLATE "C" NOT NULL, lawful BIGINT NOT NULL, content TEXT COLLATE "C" NOT NULL);
