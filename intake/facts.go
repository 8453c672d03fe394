package intake

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"ennakko/clinical"
	"ennakko/fault"
	"ennakko/person"
	"ennakko/register"
	"ennakko/register/parquet"
	"ennakko/store"
)

// Files of health records in the layout of facts.
const (
	factsFolder = "health"
	peopleFile  = "people.csv"
)

// runFacts imports health records that stand in files of facts.
func runFacts(ctx context.Context, s Store, opt Options) (*health, error) {
	h, _, err := newHealth(ctx, s, opt, Facts)
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(opt.Folder, factsFolder)
	files := map[clinical.Kind]string{}
	for _, k := range clinical.Kinds() {
		glob := filepath.Join(dir, k.String()+"*.parquet")
		found, err := filepath.Glob(glob)
		if err != nil {
			return nil, fault.Wrap(err, "intake.Run", "the folder of health records cannot be read")
		}
		if len(found) > 0 {
			files[k], h.res.Files = glob, h.res.Files+len(found)
		}
	}
	opt.Progress("comparing files with those that came before", 0, 1)
	if h.hash, err = hashFolder(dir); err != nil {
		return nil, err
	}
	fresh, err := h.plan()
	if err != nil || !fresh {
		return h, err
	}
	defer h.close()
	if h.own = false; h.known == 0 {
		return nil, fault.New(fault.Missing, "intake.Run", "there is no population register to which the health records could belong").Do("import population.csv first, or with them")
	}
	numbers, err := h.theirNumbers(filepath.Join(dir, peopleFile))
	if err != nil {
		return nil, err
	}
	var exports []parquet.Export
	for i, k := range clinical.Kinds() {
		opt.Progress("checking health records", i, len(clinical.Kinds()))
		if files[k] == "" {
			continue
		}
		if err := h.handOver(k, files[k], numbers); err != nil {
			return nil, err
		}
		exports = append(exports, parquet.RecordExport(k))
	}
	read, err := h.stageRead()
	if err != nil {
		return nil, err
	}
	return h, stopped(ctx, h.keep(append(exports, read)))
}

func (h *health) handOver(k clinical.Kind, glob string, numbers *parquet.Table) error {
	counts, err := h.facts.HandOver(h.ctx, k, glob, numbers)
	if err != nil {
		return fault.Wrap(err, "intake.Run", "the file %s cannot be read", k.String()+".parquet")
	}
	h.res.Types = append(h.res.Types, TypeResult{Type: k.String(), Kept: int(counts.Rows), SetAside: int(counts.Nobody + counts.Faulty)})
	h.res.Records += int(counts.Rows)
	h.res.Resources += int(counts.Rows + counts.Nobody + counts.Faulty)
	for _, a := range []struct {
		n      int64
		reason string
		hint   string
	}{{counts.Nobody, "rows are of people who are not in people.csv, or not in the population register", ""},
		{counts.Faulty, "rows have no code of a code system, or end before they begin", "a code is written system|code"}} {
		if a.n > 0 {
			h.aside = append(h.aside, store.SetAsideRow{File: factsFolder + "/" + k.String() + ".parquet", Column: k.String(), Reason: fmt.Sprintf("%d %s", a.n, a.reason), Hint: a.hint})
		}
	}
	return nil
}

// theirNumbers reads whose number in the files is whose.
func (h *health) theirNumbers(path string) (*parquet.Table, error) {
	const op = "intake.Run"
	file, err := os.Open(path)
	if err != nil {
		return nil, fault.Wrap(err, op, "the file health/people.csv cannot be read")
	}
	defer func() { _ = file.Close() }()
	t, err := h.facts.Table(h.ctx, "numbers", parquet.Column{Name: "theirs", Kind: register.Person})
	if err != nil {
		return nil, err
	}
	lines := bufio.NewScanner(file)
	if !lines.Scan() || strings.TrimSpace(lines.Text()) != "person;code" {
		return nil, fault.New(fault.Invalid, op, "the first row is not person;code").Where("health/people.csv").Do("see docs/registers.md")
	}
	seen, ours := map[uint64]bool{}, map[person.ID]bool{}
	for row := 2; lines.Scan(); row++ {
		n, id, reason, err := h.oneOfTheirs(lines.Text())
		if err != nil {
			return nil, err
		}
		if reason == "" && (seen[n] || ours[id]) {
			reason = "the number or the identity code stands twice"
		}
		if reason != "" {
			h.aside = append(h.aside, store.SetAsideRow{File: "health/people.csv", Row: row, Reason: reason})
			continue
		}
		seen[n], ours[id] = true, true
		if err := t.Append(uint32(id), uint32(n)); err != nil {
			return nil, err
		}
		h.read = append(h.read, id)
	}
	if lines.Err() != nil {
		return nil, fault.Wrap(lines.Err(), op, "the file health/people.csv cannot be read")
	}
	return t, nil
}

func (h *health) oneOfTheirs(line string) (n uint64, id person.ID, reason string, err error) {
	n, c, reason := theirRow(line)
	if reason != "" {
		return 0, 0, reason, nil
	}
	hash, err := h.store.CodeHash(c)
	if err != nil {
		return 0, 0, "", err
	}
	id, ok := h.ids[hash]
	if !ok {
		return 0, 0, notThere, nil
	}
	return n, id, "", nil
}

func theirRow(line string) (n uint64, c person.Code, reason string) {
	number, code, _ := strings.Cut(strings.TrimSpace(line), ";")
	n, err := strconv.ParseUint(number, 10, 32)
	if err != nil {
		return 0, c, "the row is not a number and an identity code"
	}
	if c, err = person.ParseCode(code); err != nil {
		return 0, c, "the identity code is not one"
	}
	return n, c, ""
}

// hashFolder is the SHA-256 of the names and contents of the files of a folder.
func hashFolder(dir string) (string, error) {
	entries, err := os.ReadDir(dir)
	sum := sha256.New()
	for _, e := range entries {
		if err != nil || e.IsDir() {
			continue
		}
		var f *os.File
		if f, err = os.Open(filepath.Join(dir, e.Name())); err != nil {
			continue
		}
		_, _ = io.WriteString(sum, e.Name()+"\x00")
		_, err = io.Copy(sum, f)
		_ = f.Close()
	}
	return hex.EncodeToString(sum.Sum(nil)), fault.Wrap(err, "intake.Run", "the folder of health records cannot be read")
}
