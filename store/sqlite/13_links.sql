-- How other systems know people. Profile links an id at the log-in service, as a
-- keyed hash, to the person who logged in with it. Individual is the number that
-- one calling system has for a person; another system has another.
CREATE TABLE profile (hash BLOB PRIMARY KEY, person INTEGER NOT NULL, since INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX profile_person ON profile (person);
CREATE TABLE individual (
  id TEXT PRIMARY KEY, caller TEXT NOT NULL, person INTEGER NOT NULL, provider TEXT NOT NULL, since INTEGER NOT NULL,
  UNIQUE (caller, person)) STRICT, WITHOUT ROWID;
CREATE INDEX individual_person ON individual (person);
