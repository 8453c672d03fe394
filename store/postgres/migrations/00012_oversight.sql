-- +goose Up
-- Who of the staff has logged in, with their roles and, when the log-in said who they
-- are, their number among the people: so that readings of relatives are seen.
CREATE TABLE staff (
  actor TEXT COLLATE "C" PRIMARY KEY, roles TEXT COLLATE "C" NOT NULL, person BIGINT NOT NULL, seen BIGINT NOT NULL);
-- People of whom a reading is looked into because many know them. The city keeps the list.
CREATE TABLE famous (
  person BIGINT PRIMARY KEY, since BIGINT NOT NULL, by TEXT COLLATE "C" NOT NULL);
-- Unusual readings that the data-protection officer looked into. Through is the entry up
-- to which that was; the words are sealed.
CREATE TABLE looked (
  id BIGINT PRIMARY KEY, kind TEXT COLLATE "C" NOT NULL, actor TEXT COLLATE "C" NOT NULL, person BIGINT NOT NULL, through BIGINT NOT NULL, at BIGINT NOT NULL,
  by TEXT COLLATE "C" NOT NULL, words BYTEA);
