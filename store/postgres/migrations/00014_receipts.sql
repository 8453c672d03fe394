-- +goose Up
-- Receipts that could not be made when their event was kept: a decision of a person
-- counts at once, and its receipt is made later. The counts are what the event took
-- away and what the law kept, for the receipt.
CREATE TABLE receipt_owed (
  permission BIGINT NOT NULL REFERENCES permission, n BIGINT NOT NULL, since BIGINT NOT NULL, handovers BIGINT NOT NULL, begun BIGINT NOT NULL,
  proposals BIGINT NOT NULL, kept BIGINT NOT NULL, PRIMARY KEY (permission, n));
