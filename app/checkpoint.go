package app

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"ennakko/fault"
)

// Published is a checkpoint as it was published on a day.
type Published struct {
	Day  string // 2026-10-05
	Text string // the checkpoint as the log signed it
}

// checkpointFolder is where published checkpoints are kept, in the folder of data.
const checkpointFolder = "checkpoints"

// Checkpoints are those that were published, newest first.
func (a *App) Checkpoints() ([]Published, error) { return publishedIn(a.path(checkpointFolder)) }

func publishedIn(folder string) ([]Published, error) {
	const op = "app.Checkpoints"
	list, err := os.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fault.Wrap(err, op, "the published checkpoints cannot be read")
	}
	var out []Published
	for _, e := range list {
		day, isText := strings.CutSuffix(e.Name(), ".txt")
		if _, err := time.Parse(time.DateOnly, day); !isText || err != nil {
			continue
		}
		b, err := os.ReadFile(filepath.Join(folder, e.Name())) //nolint:gosec // the name is a day
		if err != nil {
			return nil, fault.Wrap(err, op, "the published checkpoint of %s cannot be read", day)
		}
		out = append(out, Published{day, string(b)})
	}
	slices.Reverse(out) // names are in the order of days
	return out, nil
}

// PublishCheckpoint writes the newest checkpoint of the record as a file of the day into
// the city's own folder, and into others, such as one that other people copy. A file that
// is there is never changed: a second time on one day nothing is written. It refuses when
// the record did not grow out of what was published before (Tampered), and on a day before
// the newest that was published (Conflict). Added is false when the day has its file in
// every folder.
//
// Source: RFC 6962, section 4.4 and 5.3 (auditors compare checkpoints over time).
func (a *App) PublishCheckpoint(ctx context.Context, others ...string) (p Published, added bool, err error) {
	const op = "app.PublishCheckpoint"
	if a.Log == nil {
		return p, false, fault.New(fault.Conflict, op, "the log of the record is on another machine").Do("publish the checkpoint there")
	}
	if p.Text, err = a.Log.Checkpoint(ctx); err != nil {
		return p, false, err
	}
	p.Day = a.Now().In(a.zone).Format(time.DateOnly)
	folders := append([]string{a.path(checkpointFolder)}, others...)
	for _, folder := range folders {
		if err := a.mayPublish(ctx, p, folder); err != nil {
			return p, false, err
		}
	}
	for _, folder := range folders {
		fresh, err := publish(folder, p)
		if err != nil {
			return p, added, err
		}
		added = added || fresh
	}
	return p, added, nil
}

// mayPublish holds the newest checkpoint of a folder against the record.
func (a *App) mayPublish(ctx context.Context, p Published, folder string) error {
	before, err := publishedIn(folder)
	if err != nil || len(before) == 0 {
		return err
	}
	if before[0].Day > p.Day {
		return fault.New(fault.Conflict, "app.PublishCheckpoint", "a checkpoint of %s is published, which is later than today", before[0].Day).Do("put the machine's clock right")
	}
	return a.Log.GoesOn(ctx, before[0].Text)
}

// publish writes a file of a day, whole or not at all, and never over another.
func publish(folder string, p Published) (bool, error) {
	const op = "app.PublishCheckpoint"
	if err := os.MkdirAll(folder, 0o755); err != nil { //nolint:gosec // it is for everybody
		return false, fault.Wrap(err, op, "the folder of published checkpoints cannot be made")
	}
	part, err := os.CreateTemp(folder, "checkpoint-*.part")
	if err != nil {
		return false, fault.Wrap(err, op, "the checkpoint cannot be written")
	}
	defer func() { _ = os.Remove(part.Name()) }()
	_, err = part.WriteString(p.Text)
	if err = errors.Join(err, part.Chmod(0o644), part.Sync(), part.Close()); err == nil {
		err = os.Link(part.Name(), filepath.Join(folder, p.Day+".txt"))
	}
	if errors.Is(err, fs.ErrExist) {
		return false, nil
	}
	return err == nil, fault.Wrap(err, op, "the checkpoint cannot be written")
}
