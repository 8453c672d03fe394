package parquet

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"

	"ennakko/fault"
	"ennakko/person"
	"ennakko/register"
)

// Change is a file of facts and the one that takes its place. Now has no path
// when no row is left.
type Change struct{ Old, Now File }

// Without writes files anew without what they say of a person, who may be the
// one of whom a fact is or the one whom it names. The old files stay: the caller
// removes them when the records name the new ones. Files that say nothing of the
// person are not in the answer. With an error nothing new is left.
func (s Shelf) Without(ctx context.Context, files []File, id person.ID, progress func(done, total int)) (out []Change, err error) {
	const op = "parquet.Without"
	if err := s.Bring(ctx, files); err != nil {
		return nil, err
	}
	db, err := sql.Open("duckdb", "")
	if err != nil {
		return nil, fault.Wrap(err, op, "DuckDB does not open")
	}
	defer func() { _ = db.Close() }()
	defer func() {
		if err == nil {
			return
		}
		for _, c := range out {
			_ = s.Remove(ctx, c.Now)
		}
		out = nil
	}()
	for i, f := range files {
		c, changed, err := without(ctx, db, s.Root, f, id)
		if err != nil {
			return out, err
		}
		if changed {
			out = append(out, c)
		}
		if changed && c.Now.Path != "" {
			if err := s.Keep(ctx, []File{c.Now}); err != nil {
				return out, err
			}
		}
		progress(i+1, len(files))
	}
	return out, nil
}

func without(ctx context.Context, db *sql.DB, root string, f File, id person.ID) (Change, bool, error) {
	const op = "parquet.Without"
	spec, ok := register.Spec(f.Field)
	if !ok {
		return Change{}, false, fault.New(fault.Internal, op, "there is no field %q", f.Field)
	}
	about := fmt.Sprintf("person = %d", id)
	if spec.Kind == register.Person {
		about += fmt.Sprintf(" OR value = %d", id)
	} else if f.Partition != int(id>>PartitionBits) {
		return Change{}, false, nil
	}
	old := quote(filepath.Join(root, filepath.FromSlash(f.Path)))
	var gone int64
	if err := db.QueryRowContext(ctx, "SELECT count(*) FROM read_parquet("+old+") WHERE "+about).Scan(&gone); err != nil {
		return Change{}, false, fault.Wrap(err, op, "the file %s cannot be read", f.Path)
	}
	if gone == 0 {
		return Change{}, false, nil
	}
	c := Change{Old: f, Now: File{Field: f.Field, Partition: f.Partition, Rows: f.Rows - gone}}
	if c.Now.Rows == 0 {
		return c, true, nil
	}
	order := factOrder
	if spec.Kind == register.Record {
		order = recordOrder
	}
	tmp := filepath.Join(root, filepath.FromSlash(f.Path)) + ".new"
	if _, err := db.ExecContext(ctx, "COPY (SELECT * FROM read_parquet("+old+") WHERE NOT ("+about+") ORDER BY "+order+") TO "+quote(tmp)+" (FORMAT parquet, COMPRESSION zstd)"); err != nil {
		_ = os.Remove(tmp)
		return Change{}, false, fault.New(fault.Internal, op, "the file %s cannot be written anew", f.Path).Because(err).Do("look whether the disk is full")
	}
	sum, err := hashFile(tmp)
	if err != nil {
		return Change{}, false, fault.Wrap(err, op, "the file %s cannot be read back", f.Path)
	}
	stem, _, _ := strings.Cut(path.Base(f.Path), ".")
	c.Now.SHA256, c.Now.Path = sum, path.Dir(f.Path)+"/"+stem+"."+sum[:12]+".parquet"
	final := filepath.Join(root, filepath.FromSlash(c.Now.Path))
	if err := os.Rename(tmp, final); err != nil {
		return Change{}, false, fault.Wrap(err, op, "the file %s cannot be put in its place", f.Path)
	}
	return c, true, syncDir(filepath.Dir(final))
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fault.Wrap(err, "parquet.sync", "the folder of facts cannot be read")
	}
	defer func() { _ = d.Close() }()
	return fault.Wrap(d.Sync(), "parquet.sync", "the folder of facts cannot be written")
}

func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
