-- +goose Up
-- An entry of the record may lose its content by law and nothing else: its place
-- and its leaf stay. Only the owner of the tables may do so.
-- +goose StatementBegin
CREATE FUNCTION audit_blanks() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN
  IF TG_OP = 'UPDATE' AND TG_TABLE_NAME = 'audit_entry' THEN
    IF NEW.seq = OLD.seq AND NEW.leaf = OLD.leaf AND NEW.at = 0 AND length(NEW.salt) = 0 AND length(NEW.people) = 0 AND NEW.fields = '[]'
      AND NEW.actor || NEW.verb || NEW.purpose || NEW.basis || NEW.object || NEW.detail = '' THEN
      RETURN NEW;
    END IF;
  ELSIF TG_OP = 'DELETE' AND TG_TABLE_NAME <> 'audit_entry' THEN
    IF EXISTS (SELECT 1 FROM audit_entry e WHERE e.seq = OLD.seq AND e.verb = '') THEN
      RETURN OLD;
    END IF;
  END IF;
  RAISE EXCEPTION 'an audit row is never changed or deleted';
END $$;
-- +goose StatementEnd
CREATE TRIGGER audit_entry_blanks BEFORE UPDATE OR DELETE ON audit_entry FOR EACH ROW EXECUTE FUNCTION audit_blanks();
CREATE TRIGGER audit_person_blanks BEFORE UPDATE OR DELETE ON audit_person FOR EACH ROW EXECUTE FUNCTION audit_blanks();
CREATE TRIGGER audit_mass_blanks BEFORE UPDATE OR DELETE ON audit_mass FOR EACH ROW EXECUTE FUNCTION audit_blanks();
DROP TRIGGER audit_entry_stays ON audit_entry;
DROP TRIGGER audit_person_stays ON audit_person;
DROP TRIGGER audit_mass_stays ON audit_mass;
CREATE TRIGGER audit_entry_stays BEFORE TRUNCATE ON audit_entry EXECUTE FUNCTION audit_stays();
CREATE TRIGGER audit_person_stays BEFORE TRUNCATE ON audit_person EXECUTE FUNCTION audit_stays();
CREATE TRIGGER audit_mass_stays BEFORE TRUNCATE ON audit_mass EXECUTE FUNCTION audit_stays();
-- Facts that no round needs any more are erased; that there was a snapshot stays.
ALTER TABLE snapshot ADD COLUMN dropped BIGINT NOT NULL DEFAULT 0;
