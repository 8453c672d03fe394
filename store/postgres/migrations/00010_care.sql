-- +goose Up
-- Appointments: a place may have its moment. Of one unit a moment can be given only
-- as many times as it has seats then, over all rounds and services.
ALTER TABLE place ADD COLUMN at BIGINT;
ALTER TABLE place ADD COLUMN seat BIGINT;
CREATE UNIQUE INDEX place_at ON place (unit, at, seat) WHERE at IS NOT NULL;
-- Those whom a fair lot lets wait, so that what a round brings about can be seen
-- beside them; and the lot itself.
CREATE TABLE later (
  round BIGINT NOT NULL REFERENCES round, person BIGINT NOT NULL, until TEXT COLLATE "C" NOT NULL, PRIMARY KEY (round, person));
CREATE INDEX later_person ON later (person);
-- Who competed for a place in a round with a lot, and did not have to be invited at once.
CREATE TABLE drawn (
  round BIGINT NOT NULL REFERENCES round, person BIGINT NOT NULL, PRIMARY KEY (round, person));
CREATE TABLE lot (
  round BIGINT PRIMARY KEY REFERENCES round, seed TEXT COLLATE "C" NOT NULL, share BIGINT NOT NULL, weeks BIGINT NOT NULL, harmed BIGINT NOT NULL,
  eligible BIGINT NOT NULL, later BIGINT NOT NULL);
