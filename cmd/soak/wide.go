package main

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"ennakko/packs"
)

// A wide round offers a place to every child of up to six years, not only to
// those who turn six: some four times as many families live in the same city.
// There are no made-up identity codes for a city that is so much larger.
const morePlaces = 5

// wide are the lines of packs/pre-primary that say how old the children are, and
// what stands there in a wide round.
var wide = []struct{ file, only, upToSix string }{
	{"criteria.yaml", "population.birth_date.latest().year() + param.starting_age == as_of.year()", "population.birth_date.latest().year() + param.starting_age >= as_of.year()"},
	{"service.yaml", "  to: date(as_of.year() - param.starting_age + 1, 1, 1)", "  to: date(as_of.year() + 1, 1, 1)"},
}

// wideFiles are the register files with room for them all.
func wideFiles(dir string) error {
	path := filepath.Join(dir, "units.csv")
	text, err := os.ReadFile(path) //nolint:gosec // the soak's own folder
	if err != nil {
		return err
	}
	r := csv.NewReader(bytes.NewReader(text))
	r.Comma = ';'
	rows, err := r.ReadAll()
	if err != nil {
		return err
	}
	var out bytes.Buffer
	w := csv.NewWriter(&out)
	w.Comma = ';'
	for i, row := range rows {
		if last := len(row) - 1; i > 0 && row[last] != "" {
			n, err := strconv.Atoi(row[last])
			if err != nil {
				return err
			}
			row[last] = strconv.Itoa(morePlaces * n)
		}
		if err := w.Write(row); err != nil {
			return err
		}
	}
	w.Flush()
	return errors.Join(w.Error(), os.WriteFile(path, out.Bytes(), 0o600))
}

// widePacks writes the services into a folder, the one of pre-primary education
// for all children of up to six.
func widePacks(dir string) error {
	if err := os.CopyFS(dir, packs.FS); err != nil {
		return err
	}
	for _, w := range wide {
		path := filepath.Join(dir, "pre-primary", w.file)
		text, err := os.ReadFile(path) //nolint:gosec // the soak's own folder
		if err != nil {
			return err
		}
		if !bytes.Contains(text, []byte(w.only)) {
			return errors.New("packs/pre-primary/" + w.file + " does not say any more whom a wide round is to find: see wide.go")
		}
		if err := os.WriteFile(path, bytes.Replace(text, []byte(w.only), []byte(w.upToSix), 1), 0o600); err != nil { //nolint:gosec // the soak's own folder
			return err
		}
	}
	return nil
}

// services are the packs of the round, and the line of the settings that names them.
func (c *city) services() (of fs.FS, line string, err error) {
	if !c.wide {
		return packs.FS, "", nil
	}
	dir := filepath.Join(c.dir, "packs")
	return os.DirFS(dir), "packs: " + dir + "\n", widePacks(dir)
}
