-- +goose Up
-- Letters that go by the national service, by the name under which it takes one
-- once, and how far its events were read.
CREATE TABLE post (
  id TEXT COLLATE "C" PRIMARY KEY, case_id BIGINT NOT NULL REFERENCES kase, person BIGINT NOT NULL, state TEXT COLLATE "C" NOT NULL,
  message TEXT COLLATE "C" NOT NULL, at BIGINT NOT NULL);
CREATE INDEX post_case ON post (case_id);
CREATE INDEX post_message ON post (message);
CREATE TABLE mark (name TEXT COLLATE "C" PRIMARY KEY, value TEXT COLLATE "C" NOT NULL);
