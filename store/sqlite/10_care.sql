-- Appointments: a place may have its moment. Of one unit a moment can be given only
-- as many times as it has seats then, over all rounds and services.
ALTER TABLE place ADD COLUMN at INTEGER;
ALTER TABLE place ADD COLUMN seat INTEGER;
CREATE UNIQUE INDEX place_at ON place (unit, at, seat) WHERE at IS NOT NULL;
-- Those whom a fair lot lets wait, so that what a round brings about can be seen
-- beside them; and the lot itself.
CREATE TABLE later (
  round INTEGER NOT NULL REFERENCES round, person INTEGER NOT NULL, until TEXT NOT NULL, PRIMARY KEY (round, person)) STRICT, WITHOUT ROWID;
CREATE INDEX later_person ON later (person);
-- Who competed for a place in a round with a lot, and did not have to be invited at once.
CREATE TABLE drawn (
  round INTEGER NOT NULL REFERENCES round, person INTEGER NOT NULL, PRIMARY KEY (round, person)) STRICT, WITHOUT ROWID;
CREATE TABLE lot (
  round INTEGER PRIMARY KEY REFERENCES round, seed TEXT NOT NULL, share INTEGER NOT NULL, weeks INTEGER NOT NULL, harmed INTEGER NOT NULL,
  eligible INTEGER NOT NULL, later INTEGER NOT NULL) STRICT;
