-- +goose Up
-- Documents that a grown-up sent in a matter. Name and content are sealed; the content is
-- in pieces, so that none is large. A row whose pieces are gone says what became of
-- them. Mark is a keyed hash of the content: what was sent twice is kept once. Until is the
-- day from which it goes, once a decision rests on it; 0: none does.
CREATE TABLE document (
  id BIGINT PRIMARY KEY, matter BIGINT NOT NULL REFERENCES matter, person BIGINT NOT NULL, came BIGINT NOT NULL, kind TEXT COLLATE "C" NOT NULL, size BIGINT NOT NULL,
  mark BYTEA NOT NULL, name BYTEA, until BIGINT NOT NULL, gone BIGINT NOT NULL, why TEXT COLLATE "C" NOT NULL);
CREATE INDEX document_matter ON document (matter);
CREATE INDEX document_kept ON document (gone, until, came);
CREATE TABLE document_piece (
  document BIGINT NOT NULL REFERENCES document, n BIGINT NOT NULL, content BYTEA NOT NULL, PRIMARY KEY (document, n));

-- The hours of care a week that a family wants, in hundredths. By is who said so.
CREATE TABLE care_hours (
  matter BIGINT PRIMARY KEY REFERENCES matter, hours BIGINT NOT NULL, at BIGINT NOT NULL, by BIGINT NOT NULL);

-- A request may be about a child for whom somebody asks.
ALTER TABLE request ADD COLUMN about BIGINT NOT NULL DEFAULT 0;
CREATE INDEX request_matter ON request (matter, settled);
