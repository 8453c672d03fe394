-- Who of the staff has logged in, with their roles and, when the log-in said who they
-- are, their number among the people: so that readings of relatives are seen.
CREATE TABLE staff (
  actor TEXT PRIMARY KEY, roles TEXT NOT NULL, person INTEGER NOT NULL, seen INTEGER NOT NULL) STRICT, WITHOUT ROWID;
-- People of whom a reading is looked into because many know them. The city keeps the list.
CREATE TABLE famous (
  person INTEGER PRIMARY KEY, since INTEGER NOT NULL, by TEXT NOT NULL) STRICT;
-- Unusual readings that the data-protection officer looked into. Through is the entry up
-- to which that was; the words are sealed.
CREATE TABLE looked (
  id INTEGER PRIMARY KEY, kind TEXT NOT NULL, actor TEXT NOT NULL, person INTEGER NOT NULL, through INTEGER NOT NULL, at INTEGER NOT NULL,
  by TEXT NOT NULL, words BLOB) STRICT;
