-- Documents that a grown-up sent in a matter. Name and content are sealed; the content is
-- in pieces, so that none is large. A row whose pieces are gone says what became of
-- them. Mark is a keyed hash of the content: what was sent twice is kept once. Until is the
-- day from which it goes, once a decision rests on it; 0: none does.
CREATE TABLE document (
  id INTEGER PRIMARY KEY, matter INTEGER NOT NULL REFERENCES matter, person INTEGER NOT NULL, came INTEGER NOT NULL, kind TEXT NOT NULL, size INTEGER NOT NULL,
  mark BLOB NOT NULL, name BLOB, until INTEGER NOT NULL, gone INTEGER NOT NULL, why TEXT NOT NULL) STRICT;
CREATE INDEX document_matter ON document (matter);
CREATE INDEX document_kept ON document (gone, until, came);
CREATE TABLE document_piece (
  document INTEGER NOT NULL REFERENCES document, n INTEGER NOT NULL, content BLOB NOT NULL, PRIMARY KEY (document, n)) STRICT, WITHOUT ROWID;

-- The hours of care a week that a family wants, in hundredths. By is who said so.
CREATE TABLE care_hours (
  matter INTEGER PRIMARY KEY REFERENCES matter, hours INTEGER NOT NULL, at INTEGER NOT NULL, by INTEGER NOT NULL) STRICT;

-- A request may be about a child for whom somebody asks.
ALTER TABLE request ADD COLUMN about INTEGER NOT NULL DEFAULT 0;
CREATE INDEX request_matter ON request (matter, settled);
