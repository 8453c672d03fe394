package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"ennakko/app"
	"ennakko/criteria"
	"ennakko/fault"
	"ennakko/intake"
	"ennakko/library"
	"ennakko/register/fhir"
	"ennakko/store"
)

// clinic is a folder of data with the health record of one person.
type clinic struct {
	t       *testing.T
	a       *app.App
	l       *library.Library
	folder  string // of FHIR files
	history history
}

func newClinic(t *testing.T, data string) *clinic {
	t.Helper()
	l, err := library.Load(os.DirFS("../library/testdata"), "measures", app.Catalog())
	if err != nil {
		t.Fatal(err)
	}
	c := &clinic{t: t, l: l, folder: filepath.Join(t.TempDir(), "bundles")}
	c.history.records = []res{office("v1", "2025-03-03"), ill("icd10|I10", "2019-05-05"), bp("2025-01-20", 150, 95).with("id", "first")}
	c.open(app.Config{Data: data, New: true})
	c.snapshot("2025-03-31")
	return c
}

// open opens a folder of data, and closes the one before.
func (c *clinic) open(conf app.Config) {
	c.t.Helper()
	c.close()
	conf.Clock = app.NewSteppedClock(begin)
	a, err := app.Open(c.t.Context(), conf)
	if err != nil {
		c.t.Fatal(err)
	}
	c.a = a
	c.t.Cleanup(c.close)
}

func (c *clinic) close() {
	if c.a != nil {
		if err := c.a.Close(context.WithoutCancel(c.t.Context())); err != nil {
			c.t.Error(err)
		}
	}
	c.a = nil
}

// snapshot hands the record over as of a day.
func (c *clinic) snapshot(day string) intake.HealthResult {
	c.t.Helper()
	res, err := c.a.ImportOf(c.t.Context(), c.file(day), "officer:test", time.Time{}, silent)
	if err != nil {
		c.t.Fatal(err)
	}
	return *res.Health
}

// file writes the record as the snapshot of a day.
func (c *clinic) file(day string) string {
	c.t.Helper()
	folder := filepath.Join(c.folder, day)
	write(c.t, folder, []history{c.history})
	if err := os.WriteFile(filepath.Join(folder, "snapshot.yaml"), []byte("snapshot: "+day+"\nsource: a clinic\n"), 0o600); err != nil {
		c.t.Fatal(err)
	}
	return folder
}

// event sends a resource, and says whether it was fresh.
func (c *clinic) event(r res) (bool, error) {
	c.t.Helper()
	if id, ok := r["id"].(string); ok {
		r = r.with("id", patient(0)+"-"+id)
	}
	b, err := json.Marshal(r.with("subject", res{"reference": "Patient/" + patient(0)}))
	if err != nil {
		c.t.Fatal(err)
	}
	e, err := fhir.ReadEvent(bytes.NewReader(b), nil)
	if err != nil {
		c.t.Fatal(err)
	}
	added, err := c.a.AddEvent(c.t.Context(), e, c.l, time.Date(2025, 12, 31, 0, 0, 0, 0, time.UTC), "officer:event")
	return added.Fresh, err
}

func (c *clinic) send(want bool, list ...res) {
	c.t.Helper()
	for _, r := range list {
		if fresh, err := c.event(r); err != nil || fresh != want {
			c.t.Errorf("an event is fresh: %v, %v", fresh, err)
		}
	}
}

// knows checks which systolic readings the whole city and one person alone have.
func (c *clinic) knows(when string, want ...string) {
	c.t.Helper()
	id, err := c.a.DB.PersonByPatient(c.t.Context(), patient(0))
	if err != nil {
		c.t.Fatal(err)
	}
	whole, err := c.a.Population(c.t.Context(), c.l.Language(), []string{"systolic"}, "officer:test", "readings", func(int, int) {})
	if err != nil {
		c.t.Fatal(err)
	}
	defer whole.Close()
	one, err := c.a.CareFacts(c.t.Context(), c.l.Language(), []string{"systolic"}, id, "officer:test", "readings")
	if err != nil {
		c.t.Fatal(err)
	}
	for how, of := range map[string]criteria.Facts{"of the columns": whole.Columns.Person(id), "of the person": one} {
		list, _ := of.Facts("systolic")
		var got []string
		for _, f := range list {
			got = append(got, fmt.Sprintf("%s %g", f.From.Format("01-02"), f.Value))
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			c.t.Errorf("%s, %s: %s, not %s", when, how, strings.Join(got, "; "), strings.Join(want, "; "))
		}
	}
}

// waiting is how many records wait for the next snapshot.
func (c *clinic) waiting() int {
	c.t.Helper()
	list, err := c.a.DB.NewRecords(c.t.Context(), time.Time{}, store.NewRecordsOf{})
	if err != nil {
		c.t.Fatal(err)
	}
	return len(list)
}

// Events between two snapshots are in a backup, are brought back, move to
// PostgreSQL, and go into the next snapshot: none is lost, none is there twice,
// and the newest word counts.
func TestEventsOutliveABackupAMoveAndTheNextSnapshot(t *testing.T) {
	if testing.Short() {
		t.Skip("a server is started; -short is make check's race run, make test runs this")
	}
	old, elsewhere, backup := filepath.Join(t.TempDir(), "data"), filepath.Join(t.TempDir(), "elsewhere"), filepath.Join(t.TempDir(), "backup")
	c := newClinic(t, old)
	c.send(true, bp("2025-04-10", 160, 99).with("id", "fresh"), bp("2025-04-10", 120, 70).with("id", "fresh"), bp("2025-04-12", 118, 76).with("id", "later"),
		bp("2025-04-13", 170, 99).with("id", "changed"), bp("2025-04-14", 130, 80))
	c.send(false, bp("2025-04-12", 118, 76).with("id", "later"), bp("2025-04-14", 130, 80))
	all := []string{"01-20 150", "04-10 120", "04-12 118", "04-13 170", "04-14 130"}
	c.knows("events came in", all...)
	waits := c.waiting()

	if _, err := c.a.Backup(t.Context(), backup, silent); err != nil {
		t.Fatal(err)
	}
	c.send(true, bp("2025-04-20", 199, 99)) // after the backup: lost with the machine
	c.close()
	if _, err := app.Restore(t.Context(), app.Config{Data: elsewhere, Clock: app.NewSteppedClock(begin.Add(day))}, backup, filepath.Join(old, "keys"), begin.Add(day), silent); err != nil {
		t.Fatal(err)
	}
	c.open(app.Config{Data: elsewhere})
	c.knows("a backup was brought back", all...)
	c.send(false, bp("2025-04-10", 120, 70).with("id", "fresh"))

	c.close()
	db, _ := database(t)
	moved, err := app.Move(t.Context(), app.Config{Data: elsewhere, Database: db}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if moved.Rows["new_record"] < waits {
		t.Errorf("%d records were moved of %d and more", moved.Rows["new_record"], waits)
	}
	c.open(app.Config{Data: elsewhere, Database: db})
	if n := c.waiting(); n != waits {
		t.Errorf("%d records wait for the next snapshot, before it were %d", n, waits)
	}
	c.knows("the records moved", all...)
	c.send(false, bp("2025-04-12", 118, 76).with("id", "later"), bp("2025-04-14", 130, 80))
	c.send(true, bp("2025-04-10", 121, 70).with("id", "fresh"))
	nextSnapshot(c)
}

// nextSnapshot hands over a record that has one of the events, has another
// corrected, and does not know of two.
func nextSnapshot(c *clinic) {
	t := c.t
	t.Helper()
	c.history.records = append(c.history.records, bp("2025-04-12", 118, 76).with("id", "later"), bp("2025-04-13", 125, 75).with("id", "changed"))
	after := []string{"01-20 150", "04-10 121", "04-12 118", "04-13 125", "04-14 130"}
	if h := c.snapshot("2025-06-30"); h.Events != 6 || c.waiting() != 0 { // two readings: a panel and two pressures each
		t.Errorf("%d rows of events were taken in, %d wait", h.Events, c.waiting())
	}
	c.knows("the next snapshot", after...)
	if h := c.snapshot("2025-06-30"); !h.Unchanged {
		t.Errorf("the same snapshot again: %+v", h)
	}
	c.knows("the same snapshot again", after...)
	if _, err := c.event(bp("2025-04-13", 126, 75).with("id", "changed")); fault.KindOf(err) != fault.Conflict {
		t.Errorf("a correction of what the snapshot has: %v", err)
	}
	c.send(true, bp("2025-07-07", 128, 78))
	c.knows("an event after it", append(after, "07-07 128")...)
	c.history.records = append(c.history.records, bp("2025-08-08", 131, 81).with("id", "last"))
	c.snapshot("2025-08-31")
	c.knows("a snapshot that leaves out what it was not told of", "01-20 150", "04-12 118", "04-13 125", "07-07 128", "08-08 131")
}

func TestTheNextSnapshotTakesEventsInOnce(t *testing.T) {
	c := newClinic(t, filepath.Join(t.TempDir(), "data"))
	c.send(true, bp("2025-04-10", 160, 99).with("id", "fresh"), bp("2025-04-10", 121, 70).with("id", "fresh"), bp("2025-04-12", 118, 76).with("id", "later"),
		bp("2025-04-13", 170, 99).with("id", "changed"), bp("2025-04-14", 130, 80))
	nextSnapshot(c)
}

// An event that is corrected while an import has its old word already stops the
// import: else both words would count.
func TestACorrectionDuringAnImportIsNotPassedOver(t *testing.T) {
	c := newClinic(t, filepath.Join(t.TempDir(), "data"))
	c.send(true, bp("2025-04-10", 160, 99).with("id", "fresh"))
	c.history.records = append(c.history.records, bp("2025-06-06", 140, 80).with("id", "more"))
	sent := false
	during := func(what string, _, _ int) {
		if strings.HasPrefix(what, "sorting and writing facts of health") && !sent {
			sent = true
			c.send(true, bp("2025-04-10", 120, 70).with("id", "fresh"))
		}
	}
	run := func() error {
		_, err := c.a.ImportOf(t.Context(), c.file("2025-06-30"), "officer:test", time.Time{}, during)
		return err
	}
	if err := run(); fault.KindOf(err) != fault.Later || !sent {
		t.Fatalf("the import went on: %v", err)
	}
	c.knows("the import stopped", "01-20 150", "04-10 120")
	if err := run(); err != nil {
		t.Fatal(err)
	}
	c.knows("the import ran again", "01-20 150", "04-10 120", "06-06 140")
	if n := c.waiting(); n != 0 {
		t.Errorf("%d records wait", n)
	}
}
