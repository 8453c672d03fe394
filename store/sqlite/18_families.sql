-- What a matter's family was when its fee was worked out last, as a keyed digest that
-- says nothing by itself; '': not known. When a register says otherwise, the fee is
-- worked out anew.
ALTER TABLE matter ADD COLUMN family TEXT NOT NULL DEFAULT '';
-- Whose session it is; 0: nobody's in the registers, or from before it was kept. Who is
-- erased is logged out everywhere.
ALTER TABLE session ADD COLUMN person INTEGER NOT NULL DEFAULT 0;
CREATE INDEX session_person ON session (person);
