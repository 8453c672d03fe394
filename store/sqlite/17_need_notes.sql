-- What an expert noted of somebody who was named as one who may need much. The words are
-- sealed. Day is the day of the call or the visit; the newest note of a person says how
-- far the matter is.
CREATE TABLE need_note (
  id INTEGER PRIMARY KEY, person INTEGER NOT NULL, at INTEGER NOT NULL, officer TEXT NOT NULL, day TEXT NOT NULL, state TEXT NOT NULL, words BLOB NOT NULL) STRICT;
CREATE INDEX need_note_person ON need_note (person);
