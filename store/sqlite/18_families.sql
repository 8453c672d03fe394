-- What a matter's family was when its fee was worked out last, as a keyed digest that
-- says nothing by itself; '': not known. When a register says otherwise, the fee is
-- worked out anew.
ALTER TABLE matter ADD COLUMN family TEXT NOT NULL DEFAULT '';
