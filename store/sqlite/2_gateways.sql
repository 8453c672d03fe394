-- What gateways call the parts of a message that they took, so that a report
-- finds its message; and reports that came before the gateway's answer.
CREATE TABLE gateway_part (
  gateway TEXT NOT NULL, id TEXT NOT NULL, ref TEXT NOT NULL, part INTEGER NOT NULL, state TEXT NOT NULL DEFAULT '', PRIMARY KEY (gateway, id)) STRICT, WITHOUT ROWID;
CREATE INDEX gateway_part_ref ON gateway_part (ref);
CREATE TABLE early_report (
  gateway TEXT NOT NULL, id TEXT NOT NULL, state TEXT NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (gateway, id, state)) STRICT, WITHOUT ROWID;
-- Processes that send, with when they were last seen by the database's clock,
-- and which of them is handing a message over.
CREATE TABLE worker (id TEXT PRIMARY KEY, seen INTEGER NOT NULL) STRICT;
ALTER TABLE outbox ADD COLUMN worker TEXT NOT NULL DEFAULT '';
-- How many messages may be handed over now, over all processes.
CREATE TABLE allowance (name TEXT PRIMARY KEY, tokens REAL NOT NULL, at INTEGER NOT NULL) STRICT;
