-- Letters that go by the national service, by the name under which it takes one
-- once, and how far its events were read.
CREATE TABLE post (
  id TEXT PRIMARY KEY, case_id INTEGER NOT NULL REFERENCES kase, person INTEGER NOT NULL, state TEXT NOT NULL, message TEXT NOT NULL,
  at INTEGER NOT NULL) STRICT;
CREATE INDEX post_case ON post (case_id);
CREATE INDEX post_message ON post (message);
CREATE TABLE mark (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
