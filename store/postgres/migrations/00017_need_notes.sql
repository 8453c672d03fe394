-- +goose Up
-- What an expert noted of somebody who was named as one who may need much. The words are
-- sealed. Day is the day of the call or the visit; the newest note of a person says how
-- far the matter is.
CREATE TABLE need_note (
  id BIGINT PRIMARY KEY, person BIGINT NOT NULL, at BIGINT NOT NULL, officer TEXT COLLATE "C" NOT NULL, day TEXT COLLATE "C" NOT NULL, state TEXT COLLATE "C" NOT NULL, words BYTEA NOT NULL);
CREATE INDEX need_note_person ON need_note (person);
