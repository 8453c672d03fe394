-- How far a background job has come; the jobs themselves are in the tables of
-- the queue, which River makes.
CREATE TABLE job_progress (
  job INTEGER PRIMARY KEY,
  what TEXT NOT NULL,
  done INTEGER NOT NULL,
  total INTEGER NOT NULL
);

-- A round that is being prepared, and its parts: partitions of people. What was
-- found in a part is sealed, and goes when the round is there.
CREATE TABLE preparation (
  id INTEGER PRIMARY KEY,
  service TEXT NOT NULL,
  pack_hash TEXT NOT NULL,
  as_of TEXT NOT NULL,
  officer TEXT NOT NULL,
  asked INTEGER NOT NULL,
  state TEXT NOT NULL,
  round INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE preparation_part (
  preparation INTEGER NOT NULL REFERENCES preparation(id),
  part INTEGER NOT NULL,
  done INTEGER NOT NULL DEFAULT 0,
  worker TEXT NOT NULL DEFAULT '',
  found BLOB,
  PRIMARY KEY (preparation, part)
);

-- Who does what one alone may do, and when it said so last.
CREATE TABLE keeper (
  name TEXT PRIMARY KEY,
  holder TEXT NOT NULL,
  seen INTEGER NOT NULL
);
