-- +goose Up
-- Single records that came in since the last snapshot of their register. Content
-- is sealed. A record that a newer one of the same resource took the place of has
-- replaced, one that a snapshot has taken in has folded: what was known when can
-- still be told.
CREATE TABLE new_record (
  id BIGINT PRIMARY KEY, person BIGINT NOT NULL, kind TEXT COLLATE "C" NOT NULL, resource BYTEA NOT NULL, at BIGINT NOT NULL,
  replaced BIGINT NOT NULL DEFAULT 0, folded BIGINT NOT NULL DEFAULT 0, content BYTEA NOT NULL);
CREATE INDEX new_record_person ON new_record (person);
CREATE INDEX new_record_folded ON new_record (folded);
