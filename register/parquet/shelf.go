package parquet

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"ennakko/fault"
)

// Remote is a storage of objects that several machines share.
type Remote interface {
	// Put keeps a file under a path; the same again is no error.
	Put(ctx context.Context, path, file string) error
	// Get writes the object of a path into a new file.
	Get(ctx context.Context, path, file string) error
	// Remove takes an object away; one that is not there is no error.
	Remove(ctx context.Context, path string) error
}

// Shelf is where the files of facts stand: a folder, or a storage that machines
// share, with a folder on each as its copy. Files never change, so a copy is
// good when it is there.
type Shelf struct {
	Root   string
	Remote Remote // nil: the folder is all there is
}

// Keep puts files that were just written into the storage.
func (s Shelf) Keep(ctx context.Context, files []File) error {
	if s.Remote == nil {
		return nil
	}
	for _, f := range files {
		if err := s.Remote.Put(ctx, f.Path, s.file(f)); err != nil {
			return err
		}
	}
	return nil
}

// Bring sees that files stand in the folder. What comes from the storage is held
// against the hash that the records have of it.
func (s Shelf) Bring(ctx context.Context, files []File) error {
	if s.Remote == nil {
		return nil
	}
	for _, f := range files {
		if _, err := os.Stat(s.file(f)); err == nil {
			continue
		}
		if err := s.bring(ctx, f); err != nil {
			return err
		}
	}
	return nil
}

func (s Shelf) bring(ctx context.Context, f File) error {
	const op = "parquet.Bring"
	if err := os.MkdirAll(filepath.Dir(s.file(f)), 0o700); err != nil {
		return fault.Wrap(err, op, "the folder of facts cannot be written")
	}
	b := make([]byte, 8)
	_, _ = rand.Read(b) // it never fails
	tmp := s.file(f) + "." + hex.EncodeToString(b) + ".tmp"
	defer func() { _ = os.Remove(tmp) }()
	if err := s.Remote.Get(ctx, f.Path, tmp); err != nil {
		return err
	}
	part := f
	part.Path = f.Path + strings.TrimPrefix(tmp, s.file(f))
	if err := Check(s.Root, part); err != nil {
		return fault.New(fault.Tampered, op, "the file of facts %s is not in the storage as it was written", f.Path)
	}
	return fault.Wrap(os.Rename(tmp, s.file(f)), op, "the folder of facts cannot be written")
}

// Remove takes a file away, here and in the storage; one without a path is none.
func (s Shelf) Remove(ctx context.Context, f File) error {
	if f.Path == "" {
		return nil
	}
	if s.Remote != nil {
		if err := s.Remote.Remove(ctx, f.Path); err != nil {
			return err
		}
	}
	if err := os.Remove(s.file(f)); err != nil && !os.IsNotExist(err) {
		return fault.Wrap(err, "parquet.Remove", "the file %s cannot be removed", f.Path)
	}
	switch _, err := os.Stat(filepath.Dir(s.file(f))); {
	case os.IsNotExist(err): // never copied to this machine
		return nil
	case err != nil:
		return fault.Wrap(err, "parquet.Remove", "the folder of facts cannot be read")
	}
	return syncDir(filepath.Dir(s.file(f)))
}

// Strays lists files in the folders of snapshots that no record names: an erasure
// that was cut off left them, or one on another machine. Snapshots are named as
// in paths, "population/2021-01-04"; list them before the files.
func (s Shelf) Strays(snapshots []string, files []File) ([]File, error) {
	known := map[string]bool{}
	for _, f := range files {
		known[f.Path] = true
	}
	var out []File
	for _, folder := range snapshots {
		root := filepath.Join(s.Root, filepath.FromSlash(folder))
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				if os.IsNotExist(err) {
					return nil
				}
				return err
			}
			rel, err := filepath.Rel(s.Root, path)
			if p := filepath.ToSlash(rel); err == nil && !known[p] && !strings.HasSuffix(p, ".tmp") {
				out = append(out, File{Path: p})
			}
			return err
		})
		if err != nil {
			return nil, fault.Wrap(err, "parquet.Strays", "the folder of facts cannot be read")
		}
	}
	return out, nil
}

func (s Shelf) file(f File) string { return filepath.Join(s.Root, filepath.FromSlash(f.Path)) }
