-- Single records that came in since the last snapshot of their register. Content
-- is sealed. A record that a newer one of the same resource took the place of has
-- replaced, one that a snapshot has taken in has folded: what was known when can
-- still be told.
CREATE TABLE new_record (
  id INTEGER PRIMARY KEY, person INTEGER NOT NULL, kind TEXT NOT NULL, resource BLOB NOT NULL, at INTEGER NOT NULL,
  replaced INTEGER NOT NULL DEFAULT 0, folded INTEGER NOT NULL DEFAULT 0, content BLOB NOT NULL) STRICT;
CREATE INDEX new_record_person ON new_record (person);
CREATE INDEX new_record_folded ON new_record (folded);
