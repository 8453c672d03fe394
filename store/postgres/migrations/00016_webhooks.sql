-- +goose Up
-- Addresses of other systems that are told when a permission changes, and what each
-- is to be told. The key of their signatures is sealed. A webhook that was taken
-- away stays as a row without address and key, so that its number is nobody else's.
-- Everyone: it is told of all permissions, else of those of its caller's own
-- individuals. Fails and due are how often in a row it did not answer well, and when
-- it is tried again.
CREATE TABLE webhook (
  id BIGINT PRIMARY KEY, caller TEXT COLLATE "C" NOT NULL, address TEXT COLLATE "C" NOT NULL, disabled BIGINT NOT NULL, everyone BIGINT NOT NULL, secret BYTEA, since BIGINT NOT NULL,
  gone BIGINT NOT NULL, fails BIGINT NOT NULL, due BIGINT NOT NULL);
CREATE TABLE webhook_delivery (
  webhook BIGINT NOT NULL REFERENCES webhook, permission BIGINT NOT NULL, n BIGINT NOT NULL, name TEXT COLLATE "C" NOT NULL, state TEXT COLLATE "C" NOT NULL, since BIGINT NOT NULL,
  tries BIGINT NOT NULL, due BIGINT NOT NULL, said TEXT COLLATE "C" NOT NULL, ended BIGINT NOT NULL, PRIMARY KEY (webhook, permission, n));
CREATE INDEX webhook_delivery_due ON webhook_delivery (state, webhook, due);
CREATE INDEX webhook_delivery_permission ON webhook_delivery (permission);
