package app

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"ennakko/fault"
	"ennakko/omadata"
	"ennakko/store"
	"ennakko/work"
)

// Lost is a time of which the records are lost.
type Lost struct {
	Since time.Time `json:"since"` // when the backup was taken
	Until time.Time `json:"until"` // when the last message can have gone out
}

// Restored says what bringing back has come to.
type Restored struct {
	Lost
	Entries   uint64 `json:"entries"`   // of the record, those of the bringing back included
	Paused    int    `json:"paused"`    // rounds that wait for an officer
	Uncertain int    `json:"uncertain"` // sends of which nobody knows whether they went out

	Permissions int `json:"permissions"` // that were ended: nobody knows who took theirs back in the lost time
}

// Restore brings a backup back into the new folder c.Data, with the keys of
// another folder. Until is when the city stopped: what would have been sent
// between the backup and then is uncertain, and goes before a person instead of
// to a phone. Rounds are paused. The folder appears when it is whole; the records
// in it can then be moved to PostgreSQL.
func Restore(ctx context.Context, c Config, from, keys string, until time.Time, progress func(what string, done, total int)) (Restored, error) {
	const op = "app.Restore"
	// An empty folder may stand there.
	if there, err := os.ReadDir(c.Data); len(there) > 0 || err != nil && !errors.Is(err, fs.ErrNotExist) {
		return Restored{}, fault.New(fault.Conflict, op, "something stands where the backup is to be brought back to").Do("name a new folder")
	}
	b, err := readBackup(from)
	if err != nil {
		return Restored{}, err
	}
	if until.Before(b.At) {
		return Restored{}, fault.New(fault.Invalid, op, "the city cannot have stopped before the backup was taken").Where("%s", b.At.Format(time.RFC3339))
	}
	part := c
	part.Data, part.Database, part.Families = c.Data+".part", Database{}, false
	if err := os.RemoveAll(part.Data); err != nil {
		return Restored{}, fault.Wrap(err, op, "what was left of an earlier try cannot be removed")
	}
	if err := bring(ctx, b, from, keys, part.Data, progress); err != nil {
		return Restored{}, errors.Join(err, os.RemoveAll(part.Data))
	}
	done, err := part.goOn(ctx, Lost{b.At, until}, progress)
	if err != nil {
		return done, errors.Join(err, os.RemoveAll(part.Data))
	}
	err = os.Remove(c.Data)
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	if err == nil {
		err = os.Rename(part.Data, c.Data)
	}
	if err != nil {
		return done, fault.Wrap(err, op, "the folder cannot be put in its place")
	}
	return done, syncFolder(filepath.Dir(c.Data))
}

// goOn opens records that were brought back, and goes through the time that is
// lost.
func (c Config) goOn(ctx context.Context, l Lost, progress func(string, int, int)) (Restored, error) {
	progress("going through the time that is lost", 0, 1)
	a, err := Open(ctx, c)
	if err != nil {
		return Restored{}, err
	}
	done, err := a.Lost(ctx, l)
	if err == nil {
		err = a.Sequence(ctx)
	}
	return done, errors.Join(err, a.Close(context.WithoutCancel(ctx)))
}

// Lost goes through a time of which the records are lost. It is for records that
// were brought back by other means than Restore, such as PostgreSQL's own. No
// worker may run.
func (a *App) Lost(ctx context.Context, l Lost) (Restored, error) {
	out := Restored{Lost: l}
	rounds, err := a.DB.Rounds(ctx)
	if err != nil {
		return out, err
	}
	now := maxTime(a.Now(), l.Until)
	services := map[string]*work.Worker{}
	for i, r := range rounds {
		// Sends of ended rounds are gone through, too, with the last service's rules.
		open := r.State == store.Running || r.State == store.Paused
		if services[r.Service] != nil || !open && (len(services) > 0 || i < len(rounds)-1) {
			continue
		}
		p, err := a.Pack(r.Service)
		if err != nil {
			return out, err
		}
		w := a.Worker(p)
		services[r.Service] = w
		if err := w.Lost(ctx, l.Since, l.Until, now, a.DB.NextTimer); err != nil {
			return out, err
		}
	}
	for _, r := range rounds {
		if r.State == store.Running {
			words := "The records were brought back from a backup of " + l.Since.UTC().Format(time.RFC3339) + "."
			if err := services[r.Service].HoldLost(ctx, r.ID, "system:restore", words, l.Since, now); err != nil {
				return out, err
			}
			out.Paused++
		}
		f, err := a.DB.Funnel(ctx, r.ID)
		if err != nil {
			return out, err
		}
		out.Uncertain += f.Messages["uncertain"]
	}
	if out.Permissions, err = omadata.EndAfterLoss(ctx, a.DB, func() time.Time { return now }); err != nil {
		return out, err
	}
	out.Entries, err = a.DB.Last(ctx)
	return out, err
}

func readBackup(from string) (Backup, error) {
	const op = "app.Restore"
	var b Backup
	text, err := os.ReadFile(filepath.Join(from, backupList)) //nolint:gosec // the caller's own folder
	if err != nil {
		return b, fault.New(fault.Missing, op, "there is no backup in the folder").Because(err).Do("name the folder that ennakko backup made")
	}
	if err := json.Unmarshal(text, &b); err != nil || b.Format != 1 || b.At.IsZero() {
		return b, fault.New(fault.Tampered, op, "the list of the backup is not as it was written").Where(backupList)
	}
	return b, nil
}

// bring copies a backup and the keys into a new folder, and wants every byte to
// be as it was.
func bring(ctx context.Context, b Backup, from, keys, to string, progress func(string, int, int)) error {
	const op = "app.Restore"
	for i, f := range b.Files {
		progress("bringing files back", i, len(b.Files))
		if err := ctx.Err(); err != nil {
			return fault.New(fault.Later, op, "bringing back was stopped").Because(err)
		}
		if !filepath.IsLocal(filepath.FromSlash(f.Path)) {
			return fault.New(fault.Tampered, op, "the list of the backup names a file outside it").Where(backupList)
		}
		name := filepath.FromSlash(f.Path)
		path := filepath.Join(to, name)
		if f.Path == backupFile {
			path = filepath.Join(to, embedded)
		}
		if err := copySynced(filepath.Join(from, name), path); err != nil {
			return err
		}
		is, err := fileOf(path)
		if err != nil || is.SHA256 != f.SHA256 {
			return fault.New(fault.Tampered, op, "a file of the backup is not as it was written").Where("%s", f.Path).Because(err).Do("take another backup")
		}
	}
	names, err := os.ReadDir(keys)
	if err != nil {
		return fault.New(fault.Missing, op, "the folder of keys cannot be read").Because(err).Do("name it with --keys: the backup has no keys in it")
	}
	for _, n := range names {
		if n.Type().IsRegular() {
			if err := copySynced(filepath.Join(keys, n.Name()), filepath.Join(to, "keys", n.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}
