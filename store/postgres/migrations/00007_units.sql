-- +goose Up
-- Units are not of early education alone.
ALTER TABLE unit ADD COLUMN kind text NOT NULL DEFAULT 'early_education';
