-- Units are not of early education alone.
ALTER TABLE unit ADD COLUMN kind TEXT NOT NULL DEFAULT 'early_education';
