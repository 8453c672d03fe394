-- How far a background job has come; the jobs themselves are in the tables of
-- the queue, which River makes.
CREATE TABLE IF NOT EXISTS job_progress (
  job BIGINT PRIMARY KEY,
  what TEXT NOT NULL,
  done BIGINT NOT NULL,
  total BIGINT NOT NULL
);

-- A round that is being prepared, and its parts: partitions of people. What was
-- found in a part is sealed, and goes when the round is there.
CREATE TABLE IF NOT EXISTS preparation (
  id BIGINT PRIMARY KEY,
  service TEXT NOT NULL,
  pack_hash TEXT NOT NULL,
  as_of TEXT NOT NULL,
  officer TEXT NOT NULL,
  asked BIGINT NOT NULL,
  state TEXT NOT NULL,
  round BIGINT NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS preparation_part (
  preparation BIGINT NOT NULL REFERENCES preparation(id),
  part BIGINT NOT NULL,
  done BIGINT NOT NULL DEFAULT 0,
  worker TEXT NOT NULL DEFAULT '',
  found BYTEA,
  PRIMARY KEY (preparation, part)
);

-- Who does what one alone may do, and when it said so last.
CREATE TABLE IF NOT EXISTS keeper (
  name TEXT PRIMARY KEY,
  holder TEXT NOT NULL,
  seen BIGINT NOT NULL
);
