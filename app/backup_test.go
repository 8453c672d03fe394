package app_test

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"ennakko/app"
	"ennakko/audit/log"
	"ennakko/conversation"
	"ennakko/fault"
	"ennakko/packs"
	"ennakko/store"
)

const day = 24 * time.Hour

func silent(string, int, int) {}

// TestABackupTakenInARoundIsBroughtBack takes a backup while a round runs, lets
// the city run on for days and then loses it, and goes on elsewhere: no phone
// may get a message twice, and what nobody can know is put before a person.
func TestABackupTakenInARoundIsBroughtBack(t *testing.T) {
	for name, c := range map[string]struct {
		at    func(store.Schedule) time.Time
		least int // sends that are uncertain for ever
	}{
		"before the notice":   {func(s store.Schedule) time.Time { return s.NoticeAt.Add(-time.Hour) }, 300},
		"before the inquiry":  {func(s store.Schedule) time.Time { return s.InquiryAt.Add(-time.Second) }, 150},
		"while answers come":  {func(s store.Schedule) time.Time { return s.InquiryAt.Add(3 * time.Hour) }, 0},
		"before the reminder": {func(s store.Schedule) time.Time { return s.ReminderAt.Add(-time.Hour) }, 10},
		"before the deadline": {func(s store.Schedule) time.Time { return s.Deadline.Add(-time.Hour) }, 0},
	} {
		t.Run(name, func(t *testing.T) { lostAndFound(t, c.at, c.least) })
	}
}

func lostAndFound(t *testing.T, backup func(store.Schedule) time.Time, least int) {
	old, to := city(t), filepath.Join(t.TempDir(), "backup")
	made, crash := runAndBackUp(t, old, to, backup)

	data := filepath.Join(t.TempDir(), "elsewhere")
	clock := app.NewSteppedClock(crash.Add(time.Hour))
	c := configOf(data, clock)
	got, err := app.Restore(t.Context(), c, to, filepath.Join(old, "keys"), crash, silent)
	if err != nil {
		t.Fatal(err)
	}
	// The world outside goes on where it was.
	if err := os.Remove(filepath.Join(data, "network.db")); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(old, "network.db"), filepath.Join(data, "network.db")); err != nil {
		t.Fatal(err)
	}
	a, err := app.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close(context.Background()) })
	if _, err := a.Verify(t.Context(), log.VerifyOptions{Remembered: made.Checkpoint}); err != nil {
		t.Fatalf("the record does not go on from the backup's checkpoint: %v", err)
	}
	r, _, err := a.Newest(t.Context(), "pre-primary")
	if err != nil {
		t.Fatal(err)
	}
	if r.State != store.Paused || got.Paused != 1 || !got.Since.Equal(made.At) {
		t.Errorf("the round is %s: %+v", r.State, got)
	}
	if f, err := a.DB.Funnel(t.Context(), r.ID); err != nil || f.Stages[string(conversation.Silent)] != 0 {
		t.Errorf("a deadline passed in the lost time: %v, %v", f.Stages, err)
	}
	d := resume(t, a, r, made.At, clock.Now())
	stop := a.Sequencing(t.Context(), nil)
	if r, err = a.DB.Round(t.Context(), r.ID); err == nil {
		err = d.RunToEnd(t.Context(), r, clock, func(time.Time) {})
	}
	stop()
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Sequence(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Verify(t.Context(), log.VerifyOptions{}); err != nil {
		t.Error(err)
	}
	nothingTwice(t, old, data)
	settled(t, a, r, least)
}

// TestABackupThatIsNotWholeIsRefused spoils each kind of file, and brings nothing
// back by halves.
func TestABackupThatIsNotWholeIsRefused(t *testing.T) {
	old, to := city(t), filepath.Join(t.TempDir(), "backup")
	a, err := open(t.Context(), old, app.NewSteppedClock(begin))
	if err != nil {
		t.Fatal(err)
	}
	made, err := a.Backup(t.Context(), to, silent)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Backup(t.Context(), to, silent); fault.KindOf(err) != fault.Conflict {
		t.Errorf("over another backup: %v", err)
	}
	if err := a.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	data, keys := filepath.Join(t.TempDir(), "elsewhere"), filepath.Join(old, "keys")
	c := configOf(data, app.NewSteppedClock(begin.Add(day)))
	try := func(what, keys string, until time.Time, want fault.Kind) {
		t.Helper()
		if _, err := app.Restore(t.Context(), c, to, keys, until, silent); fault.KindOf(err) != want {
			t.Errorf("%s: %v", what, err)
		}
		for _, left := range []string{data, data + ".part"} {
			if _, err := os.Stat(left); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%s: something was left: %v", what, err)
			}
		}
	}
	if _, err := open(t.Context(), to, app.NewSteppedClock(begin)); err == nil {
		t.Error("a backup was opened as if it were a city")
	}
	if err := os.WriteFile(data, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := app.Restore(t.Context(), c, to, keys, begin.Add(day), silent); fault.KindOf(err) != fault.Conflict {
		t.Errorf("over a file: %v", err)
	}
	if err := os.Remove(data); err != nil {
		t.Errorf("the file is gone: %v", err)
	}
	try("no keys", filepath.Join(t.TempDir(), "none"), begin.Add(day), fault.Missing)
	try("a city that stopped before its backup", keys, begin.Add(-day), fault.Invalid)
	for _, f := range made.Files {
		path := filepath.Join(to, f.Path)
		if f.Size == 0 {
			continue
		}
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		b[len(b)/2] ^= 1
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		try(f.Path, keys, begin.Add(day), fault.Tampered)
		b[len(b)/2] ^= 1
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := app.Restore(t.Context(), c, to, keys, begin.Add(day), silent); err != nil {
		t.Errorf("the whole backup: %v", err)
	}
	if _, err := app.Restore(t.Context(), c, to, keys, begin.Add(day), silent); fault.KindOf(err) != fault.Conflict {
		t.Errorf("over a city: %v", err)
	}
}

func configOf(data string, clock app.Clock) app.Config {
	return app.Config{Data: data, Packs: packs.FS, Seed: 3, Clock: clock, Families: true}
}

// runAndBackUp runs a round, takes a backup beside it from a moment on, and
// loses the city two days later.
func runAndBackUp(t *testing.T, data, to string, at func(store.Schedule) time.Time) (made app.Backup, crash time.Time) {
	t.Helper()
	a, clock, r, d := started(t, data)
	stop := a.Sequencing(t.Context(), nil)
	moment := at(r.Schedule)
	crash = moment.Add(48 * time.Hour)
	if err := d.RunUntil(t.Context(), r, clock, moment, func(time.Time) {}); err != nil {
		t.Fatal(err)
	}
	done, held := make(chan error, 1), make(chan bool, 1000)
	go func() {
		var err error
		made, err = a.Backup(context.Background(), to, func(string, int, int) { held <- true })
		done <- err
	}()
	<-held // the moment is taken hold of: the round goes on while it is copied
	err := d.RunUntil(t.Context(), r, clock, crash, func(time.Time) {})
	stop()
	if err = errors.Join(err, <-done, a.Close(t.Context())); err != nil {
		t.Fatal(err)
	}
	if made.Entries == 0 || made.At.Before(moment) || !made.At.Before(crash) {
		t.Errorf("%d entries at %v; the moment was %v, the crash %v", made.Entries, made.At, moment, crash)
	}
	return made, crash
}

// resume lets the officer look at the round and go on.
func resume(t *testing.T, a *app.App, r store.Round, since, now time.Time) *app.Driver {
	t.Helper()
	pack, err := a.Pack("pre-primary")
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Worker(pack).Resume(t.Context(), r, since, "officer:test", "all is there again", now); err != nil {
		t.Fatal(err)
	}
	d, err := a.NewDriver(t.Context(), pack)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

var digits = regexp.MustCompile(`[0-9]+`)

// kindsOf are the kinds of messages by reference, in the records of a folder.
func kindsOf(t *testing.T, kinds map[string]string, folder string) {
	t.Helper()
	db := file(t, filepath.Join(folder, "ennakko.db"))
	rows, err := db.QueryContext(t.Context(), "SELECT ref, CASE urgent WHEN 1 THEN 'an answer' ELSE kind END FROM outbox")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var ref, kind string
		if err := rows.Scan(&ref, &kind); err != nil {
			t.Fatal(err)
		}
		kinds[ref] = kind
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
}

func file(t *testing.T, path string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// nothingTwice looks at what phones got from the city that was lost and from the
// one that was brought back: none got an unasked message twice. A date in it may
// be another one.
func nothingTwice(t *testing.T, old, data string) {
	t.Helper()
	kinds := map[string]string{}
	kindsOf(t, kinds, old)
	kindsOf(t, kinds, data)
	rows, err := file(t, filepath.Join(data, "network.db")).QueryContext(t.Context(), "SELECT ref, phone, text, taken FROM message")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	seen, n := map[string]bool{}, 0
	for rows.Next() {
		var ref, phone, text string
		var taken int
		if err := rows.Scan(&ref, &phone, &text, &taken); err != nil {
			t.Fatal(err)
		}
		if taken > 1 {
			t.Error("a message was handed over twice")
		}
		switch kind := conversation.Kind(kinds[ref]); kind {
		case "":
			t.Error("a message is in no records")
		case conversation.Notice, conversation.Inquiry, conversation.Reminder:
			n++
			if key := phone + string(kind) + digits.ReplaceAllString(text, ""); seen[key] {
				t.Errorf("a phone got a %s twice", kind)
			} else {
				seen[key] = true
			}
		}
	}
	if err := rows.Err(); err != nil || n == 0 {
		t.Fatal(n, err)
	}
}

// settled wants every uncertain send to be clear or before a person, and no place
// to be given twice.
func settled(t *testing.T, a *app.App, r store.Round, least int) {
	t.Helper()
	f, err := a.DB.Funnel(t.Context(), r.ID)
	if err != nil {
		t.Fatal(err)
	}
	db := file(t, filepath.Join(a.Data, "ennakko.db"))
	var open, uncertain int
	if err := db.QueryRowContext(t.Context(), `SELECT count(*), (SELECT count(*) FROM outbox WHERE state = 'uncertain') FROM outbox o WHERE state = 'uncertain' AND case_id IS NOT NULL
		AND NOT EXISTS (SELECT 1 FROM item i WHERE i.case_id = o.case_id AND i.kind = 'uncertain send')`).Scan(&open, &uncertain); err != nil {
		t.Fatal(err)
	}
	if open != 0 || uncertain < least || f.Overbooked != 0 || f.Messages["queued"]+f.Messages["submitting"] != 0 {
		t.Errorf("%d of %d uncertain sends are before nobody, %d overbooked, messages %v", open, uncertain, f.Overbooked, f.Messages)
	}
	if f.Stages["accepted"] < f.Offered/2 {
		t.Errorf("only %d of %d accepted: %v", f.Stages["accepted"], f.Offered, f.Stages)
	}
}
