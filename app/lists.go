package app

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"time"

	"ennakko/channel/letter"
	"ennakko/channel/suomifi"
	"ennakko/conversation"
	"ennakko/fault"
	"ennakko/person"
	"ennakko/round"
	"ennakko/service"
	"ennakko/store"
	"ennakko/work"
)

// Names of the files of a letter list.
const (
	LettersCSV = "letters.csv"
	LettersPDF = "letters.pdf"
)

// Round finds a round of a service: the newest, or the one with a number.
func (a *App) Round(ctx context.Context, service string, number int64) (store.Round, error) {
	const op = "app.Round"
	if number == 0 {
		r, found, err := a.Newest(ctx, service)
		if err == nil && !found {
			err = fault.New(fault.Missing, op, "there is no round of this service").Do("run one first: ennakko round run")
		}
		return r, err
	}
	r, err := a.DB.Round(ctx, store.RoundID(number))
	if err == nil && r.Service != service {
		err = fault.New(fault.Missing, op, "round %d is one of another service", number)
	}
	return r, err
}

// Known is the newest day of which registers have come in.
func (a *App) Known(ctx context.Context) (time.Time, error) { return a.known(ctx) }

// known is the day of the newest registers.
func (a *App) known(ctx context.Context) (newest time.Time, err error) {
	all, err := a.DB.Snapshots(ctx)
	for _, s := range all {
		newest = maxTime(newest, s.Day)
	}
	if err == nil && newest.IsZero() {
		err = fault.New(fault.Missing, "app.known", "no registers have come in").Do("import them first: ennakko register import")
	}
	return newest, err
}

// Letters writes the letter list of a round into a folder, as a table and as
// letters to print. Both files appear, or neither; only the owner may read them.
func (a *App) Letters(ctx context.Context, p *service.Pack, id store.RoundID, officer, folder string, day time.Time) (round.Letters, error) {
	rooms, known, done, err := a.newestRooms(ctx, p)
	if err != nil {
		return round.Letters{}, err
	}
	defer done()
	list, err := round.WriteLetters(ctx, rooms, id, officer, known, a.Now())
	if err != nil {
		return list, err
	}
	return list, writeAll(folder, map[string]func(io.Writer) error{
		LettersCSV: func(w io.Writer) error { return letter.CSV(w, list.Rows) },
		LettersPDF: func(w io.Writer) error {
			return letter.PDF(w, list.Rows, letter.Head{Sender: []string{p.Owner(), p.Phone()}, Day: day})
		},
	})
}

// Post hands the letters of a round over to the national service, and reads
// what became of those of before.
func (a *App) Post(ctx context.Context, p *service.Pack, id store.RoundID, officer string, o round.PostOffice, progress func(string, int, int)) (round.Posted, map[suomifi.Fate]int, error) {
	rooms, known, done, err := a.newestRooms(ctx, p)
	if err != nil {
		return round.Posted{}, nil, err
	}
	defer done()
	rooms.Progress = progress
	sent, err := round.Post(ctx, rooms, id, officer, known, a.Now(), o)
	if err != nil {
		return sent, nil, err
	}
	fates, err := round.Fates(ctx, rooms, officer, a.Now(), o)
	return sent, fates, err
}

// Failsafe is the failsafe list of a round, without names.
func (a *App) Failsafe(ctx context.Context, p *service.Pack, id store.RoundID, l person.Language) ([]round.OnFailsafe, error) {
	return round.Failsafe(ctx, round.Rooms{Store: a.DB, Pack: p}, id, l)
}

// FailsafeFile writes the failsafe list with names and numbers into a file that
// only its owner may read.
func (a *App) FailsafeFile(ctx context.Context, p *service.Pack, id store.RoundID, list []round.OnFailsafe, officer, path string) error {
	rooms, known, done, err := a.newestRooms(ctx, p)
	if err != nil {
		return err
	}
	defer done()
	table, err := round.FailsafeTable(ctx, rooms, id, list, officer, known, a.Now())
	if err != nil {
		return err
	}
	return writeAll(filepath.Dir(path), map[string]func(io.Writer) error{
		filepath.Base(path): func(w io.Writer) error { return letter.Table(w, round.FailsafeHeader(), table) },
	})
}

func (a *App) newestRooms(ctx context.Context, p *service.Pack) (round.Rooms, time.Time, func(), error) {
	known, err := a.known(ctx)
	if err != nil {
		return round.Rooms{}, known, nil, err
	}
	rooms, done, err := a.Rooms(ctx, p, known, nil)
	return rooms, known, done, err
}

// writeAll writes files of a folder, all or none.
func writeAll(folder string, files map[string]func(io.Writer) error) error {
	const op = "app.writeAll"
	content := map[string][]byte{}
	for name, write := range files {
		if info, err := os.Lstat(filepath.Join(folder, name)); err == nil && !info.Mode().IsRegular() {
			return fault.New(fault.Conflict, op, "there is something else than a file where %s would be", name).Do("name another folder")
		}
		var b bytes.Buffer
		if err := write(&b); err != nil {
			return err
		}
		content[name] = b.Bytes()
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return fault.Wrap(err, op, "the folder cannot be made")
	}
	var made []string
	defer func() {
		for _, path := range made {
			_ = os.Remove(path)
		}
	}()
	for name, b := range content {
		tmp := filepath.Join(folder, "."+name+".new")
		made = append(made, tmp)
		if err := durable(tmp, b); err != nil {
			return fault.Wrap(err, op, "%s cannot be written", name)
		}
	}
	for name := range content {
		if err := os.Rename(filepath.Join(folder, "."+name+".new"), filepath.Join(folder, name)); err != nil {
			return fault.Wrap(err, op, "%s cannot be put in its place", name)
		}
	}
	return nil
}

func durable(path string, b []byte) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	return errors.Join(err, f.Sync(), f.Close())
}

// Note notes what the guardians of a case told an officer. A round that still
// runs although its last day has passed goes by a made-up clock: then so does
// the note.
func (a *App) Note(ctx context.Context, p *service.Pack, r store.Round, c conversation.CaseID, want conversation.Choice, way work.Way, officer string) error {
	now := a.Now()
	if r.State == store.Running && now.After(r.Schedule.CloseAt) {
		_, last, err := a.DB.LastRoundEntry(ctx)
		if err != nil {
			return err
		}
		now = last
	}
	return a.Worker(p).Decide(ctx, r.ID, c, want, way, officer, now)
}
