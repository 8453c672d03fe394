-- An entry of the record may lose its content by law and nothing else: its place
-- and its leaf stay.
DROP TRIGGER audit_entry_stays;
CREATE TRIGGER audit_entry_stays BEFORE UPDATE ON audit_entry
  WHEN NOT (NEW.seq = OLD.seq AND NEW.leaf = OLD.leaf AND NEW.at = 0 AND NEW.salt = x'' AND NEW.people = x'' AND NEW.fields = '[]'
    AND NEW.actor || NEW.verb || NEW.purpose || NEW.basis || NEW.object || NEW.detail = '')
  BEGIN SELECT RAISE(ABORT, 'an audit entry is never changed'); END;
-- Facts that no round needs any more are erased; that there was a snapshot stays.
ALTER TABLE snapshot ADD COLUMN dropped INTEGER NOT NULL DEFAULT 0;
