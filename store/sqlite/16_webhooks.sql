-- Addresses of other systems that are told when a permission changes, and what each
-- is to be told. The key of their signatures is sealed. A webhook that was taken
-- away stays as a row without address and key, so that its number is nobody else's.
-- Everyone: it is told of all permissions, else of those of its caller's own
-- individuals. Fails and due are how often in a row it did not answer well, and when
-- it is tried again.
CREATE TABLE webhook (
  id INTEGER PRIMARY KEY, caller TEXT NOT NULL, address TEXT NOT NULL, disabled INTEGER NOT NULL, everyone INTEGER NOT NULL, secret BLOB, since INTEGER NOT NULL,
  gone INTEGER NOT NULL, fails INTEGER NOT NULL, due INTEGER NOT NULL) STRICT;
CREATE TABLE webhook_delivery (
  webhook INTEGER NOT NULL REFERENCES webhook, permission INTEGER NOT NULL, n INTEGER NOT NULL, name TEXT NOT NULL, state TEXT NOT NULL, since INTEGER NOT NULL,
  tries INTEGER NOT NULL, due INTEGER NOT NULL, said TEXT NOT NULL, ended INTEGER NOT NULL, PRIMARY KEY (webhook, permission, n)) STRICT, WITHOUT ROWID;
CREATE INDEX webhook_delivery_due ON webhook_delivery (state, webhook, due);
CREATE INDEX webhook_delivery_permission ON webhook_delivery (permission);
