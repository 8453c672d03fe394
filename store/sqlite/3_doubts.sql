-- Whose phone a report is of, so that it may tell of a send that is in doubt.
ALTER TABLE early_report ADD COLUMN phone TEXT NOT NULL DEFAULT '';
CREATE INDEX early_report_phone ON early_report (phone);
