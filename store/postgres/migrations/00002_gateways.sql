-- +goose Up
-- What gateways call the parts of a message that they took, so that a report
-- finds its message; and reports that came before the gateway's answer.
CREATE TABLE gateway_part (
  gateway TEXT COLLATE "C" NOT NULL, id TEXT COLLATE "C" NOT NULL, ref TEXT COLLATE "C" NOT NULL, part BIGINT NOT NULL, state TEXT COLLATE "C" NOT NULL DEFAULT '', PRIMARY KEY (gateway, id));
CREATE INDEX gateway_part_ref ON gateway_part (ref);
CREATE TABLE early_report (
  gateway TEXT COLLATE "C" NOT NULL, id TEXT COLLATE "C" NOT NULL, state TEXT COLLATE "C" NOT NULL, at BIGINT NOT NULL, PRIMARY KEY (gateway, id, state));
-- Processes that send, with when they were last seen by the database's clock,
-- and which of them is handing a message over.
CREATE TABLE worker (id TEXT COLLATE "C" PRIMARY KEY, seen BIGINT NOT NULL);
ALTER TABLE outbox ADD COLUMN worker TEXT COLLATE "C" NOT NULL DEFAULT '';
-- How many messages may be handed over now, over all processes.
CREATE TABLE allowance (name TEXT COLLATE "C" PRIMARY KEY, tokens DOUBLE PRECISION NOT NULL, at BIGINT NOT NULL);
