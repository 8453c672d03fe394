-- Receipts that could not be made when their event was kept: a decision of a person
-- counts at once, and its receipt is made later. The counts are what the event took
-- away and what the law kept, for the receipt.
CREATE TABLE receipt_owed (
  permission INTEGER NOT NULL REFERENCES permission, n INTEGER NOT NULL, since INTEGER NOT NULL, handovers INTEGER NOT NULL, begun INTEGER NOT NULL,
  proposals INTEGER NOT NULL, kept INTEGER NOT NULL, PRIMARY KEY (permission, n)) STRICT, WITHOUT ROWID;
