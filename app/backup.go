package app

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"ennakko/audit"
	"ennakko/fault"
	"ennakko/register/parquet"
	"ennakko/store"
	"ennakko/store/sqlite"
	"ennakko/store/tables"
)

// What stands in a backup, beside the folders record and facts. The records are
// one SQLite file, whatever database the city has. They are not under the name
// of records that run: nobody can go on from a backup without bringing it back.
const (
	backupList = "backup.json"
	backupFile = "records.db"
)

// Backup is what a backup says of itself.
type Backup struct {
	Format     int          `json:"format"`
	At         time.Time    `json:"at"`         // all that was kept up to then is in it, and no more
	Entries    uint64       `json:"entries"`    // of the record
	Checkpoint string       `json:"checkpoint"` // of the log in it
	Files      []BackupFile `json:"files"`
}

// BackupFile is one file of a backup, by its path in it.
type BackupFile struct {
	Path   string `json:"path"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// Backup copies everything but the keys into the new folder to, while rounds and
// imports go on: the records as they are at one moment, their log, and the files
// of facts. The folder appears when it is whole.
func (a *App) Backup(ctx context.Context, to string, progress func(what string, done, total int)) (Backup, error) {
	const op = "app.Backup"
	if a.Log == nil {
		return Backup{}, fault.New(fault.Refused, op, "the log of the record is on another machine").Do("take the backup there")
	}
	if _, err := os.Lstat(to); !errors.Is(err, fs.ErrNotExist) {
		return Backup{}, fault.New(fault.Conflict, op, "the folder for the backup is there already").Do("name a new one, such as one with the day in its name")
	}
	part := to + ".part"
	if err := os.RemoveAll(part); err != nil { // of a backup that was cut off
		return Backup{}, fault.Wrap(err, op, "an unfinished backup cannot be removed")
	}
	if err := os.MkdirAll(part, 0o700); err != nil {
		return Backup{}, fault.Wrap(err, op, "the folder for the backup cannot be made")
	}
	b, err := a.backup(ctx, part, progress)
	if err != nil {
		return b, errors.Join(err, os.RemoveAll(part))
	}
	if err := os.Rename(part, to); err != nil {
		return b, fault.Wrap(err, op, "the backup cannot be put in its place")
	}
	if err := syncFolder(filepath.Dir(to)); err != nil {
		return b, err
	}
	return b, a.noteBackup(ctx, b)
}

// newestBackup names, beside what was read how far, when the newest backup was
// made.
const newestBackup = "newest backup"

// noteBackup puts on the record that everything was copied.
func (a *App) noteBackup(ctx context.Context, b Backup) error {
	act, err := audit.Begin("system:backup", "make a backup", "keeping the records safe", "GDPR 32(1)(c)", a.Now())
	if err != nil {
		return err
	}
	return a.DB.Write(ctx, act, func(tx store.Tx) error {
		tx.Detail("%d entries, %d files", b.Entries, len(b.Files))
		return tx.SetMark(newestBackup, b.At.UTC().Format(time.RFC3339))
	})
}

// NewestBackup is when the newest backup was made; zero: never.
func (a *App) NewestBackup(ctx context.Context) (time.Time, error) {
	kept, err := a.DB.Mark(ctx, newestBackup)
	if err != nil || kept == "" {
		return time.Time{}, err
	}
	at, err := time.Parse(time.RFC3339, kept)
	return at, fault.Wrap(err, "app.NewestBackup", "the time of the newest backup is not readable")
}

func (a *App) backup(ctx context.Context, part string, progress func(string, int, int)) (Backup, error) {
	b := Backup{Format: 1}
	var moment *tables.Snapshot
	checkpoint, _, err := a.Log.Copy(ctx, filepath.Join(part, "record"), func() (err error) {
		b.At = a.Now() // whatever was done by now is seen
		moment, err = a.DB.Snapshot(ctx)
		return err
	})
	if err != nil {
		return b, err
	}
	b.Checkpoint = checkpoint
	b.Entries, _, err = moment.Last(ctx)
	if err == nil {
		_, err = sqlite.Fill(ctx, filepath.Join(part, backupFile), moment, progress)
	}
	if err = errors.Join(err, moment.Close()); err != nil {
		return b, err
	}
	if err := a.backupFacts(ctx, part, progress); err != nil {
		return b, err
	}
	if b.Files, err = listed(part); err != nil {
		return b, err
	}
	text, err := json.MarshalIndent(b, "", "  ")
	if err != nil {
		return b, fault.Wrap(err, "app.Backup", "the list of the backup cannot be written")
	}
	return b, writeSynced(filepath.Join(part, backupList), bytes.NewReader(append(text, '\n')))
}

// backupFacts copies the files of facts that the copied records name.
func (a *App) backupFacts(ctx context.Context, part string, progress func(string, int, int)) error {
	copied, err := sqlite.Open(ctx, filepath.Join(part, backupFile), nil, sqlite.Options{})
	if err != nil {
		return err
	}
	files, err := copied.AllFiles(ctx)
	if err = errors.Join(err, closeWhole(copied, filepath.Join(part, backupFile))); err != nil {
		return err
	}
	for i, f := range files {
		progress("files of facts", i, len(files))
		if err := ctx.Err(); err != nil {
			return fault.New(fault.Later, "app.Backup", "the backup was stopped").Because(err)
		}
		if err := a.shelf().Bring(ctx, []parquet.File{f}); err != nil {
			return err
		}
		path := filepath.FromSlash(f.Path)
		if err := copySynced(a.path("facts", path), filepath.Join(part, "facts", path)); err != nil {
			return err
		}
		if err := parquet.Check(filepath.Join(part, "facts"), f); err != nil {
			return err
		}
	}
	return nil
}

// closeWhole closes a file of records and takes away what the engine leaves
// beside it.
func closeWhole(d *tables.DB, path string) error {
	err := d.Close()
	for _, more := range []string{"-wal", "-shm"} {
		if rerr := os.Remove(path + more); !errors.Is(rerr, fs.ErrNotExist) {
			err = errors.Join(err, rerr)
		}
	}
	return fault.Wrap(err, "app.Backup", "the file of records cannot be closed")
}

// listed lists the files under a folder with their hashes.
func listed(dir string) ([]BackupFile, error) {
	var out []BackupFile
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		f, err := fileOf(path)
		f.Path = filepath.ToSlash(rel)
		out = append(out, f)
		return err
	})
	return out, fault.Wrap(err, "app.Backup", "the backup cannot be read")
}

func fileOf(path string) (BackupFile, error) {
	f, err := os.Open(filepath.Clean(path))
	if err != nil {
		return BackupFile{}, err
	}
	defer func() { _ = f.Close() }()
	h := sha256.New()
	n, err := io.Copy(h, f)
	return BackupFile{Size: n, SHA256: hex.EncodeToString(h.Sum(nil))}, err
}

func copySynced(from, to string) error {
	f, err := os.Open(filepath.Clean(from))
	if err != nil {
		return fault.Wrap(err, "app.Backup", "a file cannot be read")
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return fault.Wrap(err, "app.Backup", "a file cannot be read")
	}
	return errors.Join(writeSynced(to, f), os.Chmod(to, info.Mode().Perm()))
}

func writeSynced(path string, from io.Reader) error {
	const op = "app.Backup"
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fault.Wrap(err, op, "a folder cannot be made")
	}
	f, err := os.OpenFile(filepath.Clean(path), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fault.Wrap(err, op, "a file cannot be made")
	}
	_, err = io.Copy(f, from)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fault.New(fault.Internal, op, "a file cannot be written").Because(err).Do("look whether the disk is full")
	}
	return nil
}
