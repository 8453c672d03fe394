-- +goose Up
-- How other systems know people. Profile links an id at the log-in service, as a
-- keyed hash, to the person who logged in with it. Individual is the number that
-- one calling system has for a person; another system has another.
CREATE TABLE profile (hash BYTEA PRIMARY KEY, person BIGINT NOT NULL, since BIGINT NOT NULL);
CREATE INDEX profile_person ON profile (person);
CREATE TABLE individual (
  id TEXT COLLATE "C" PRIMARY KEY, caller TEXT COLLATE "C" NOT NULL, person BIGINT NOT NULL, provider TEXT COLLATE "C" NOT NULL, since BIGINT NOT NULL,
  UNIQUE (caller, person));
CREATE INDEX individual_person ON individual (person);
