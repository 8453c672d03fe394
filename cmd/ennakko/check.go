package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"ennakko/app"
	"ennakko/coding"
	"ennakko/fault"
	"ennakko/fee"
	"ennakko/library"
	"ennakko/service"
)

// checked is a pack or library in which nothing is wrong.
type checked struct {
	Name     string          `json:"name"`
	Version  string          `json:"version"`
	Hash     string          `json:"hash,omitempty"`
	Criteria int             `json:"criteria,omitempty"`
	Codes    int             `json:"codes,omitempty"` // of a value set
	Library  *checkedLibrary `json:"library,omitempty"`
	Families int             `json:"families,omitempty"` // made-up families of a pack of fees
}

// checkedLibrary is what was measured of a library.
type checkedLibrary struct {
	States     map[library.State]int `json:"states"`
	People     int                   `json:"people"`
	Pairs      int                   `json:"pairs"`
	Clauses    int                   `json:"clauses"`
	Coverage   float64               `json:"clause_coverage"` // share of clauses seen true, false and unknown
	Exclusions int                   `json:"exclusions"`
	Guarded    int                   `json:"exclusions_guarded"` // without which a verdict changes
	Pins       []library.Pin         `json:"pins"`
}

func (p *program) checkCommand() *cobra.Command {
	return &cobra.Command{Use: "check FOLDER", Short: "Check packs and libraries: all faults at once, with file and line", Args: args(cobra.ExactArgs(1)),
		Long: `Check a pack, or every pack in a folder: its five conditions, criteria, messages in three
languages, and the made-up people who each must get the finding they are written
with. A library of criteria of care (a folder with library.yaml, alone or beside
packs) is tried on its made-up people too: every sub-condition must be seen true,
false and unknown, no exclusion may be missed by nobody, and no condition may be
such that it can never hold. A pack of fees (a folder with fee.yaml) is tried on its
made-up families, who must each get the fee they are written with. A folder of value sets (FHIR ValueSet JSON or CSV) is
read, too. All faults come at once, each with its file and line.
With --json, a library shows the hash of each criterion, concept and value set.`,
		Example: `  ennakko check packs
  ennakko check packs/pre-primary
  ennakko check packs/health
  ennakko check packs/early-education-fee
  ennakko check valuesets`,
		RunE: func(_ *cobra.Command, a []string) error {
			if _, err := os.Stat(a[0]); err != nil {
				return fault.New(fault.Missing, "cmd.check", "there is no folder of packs of that name")
			}
			out, err := checkNamed(a[0])
			if err != nil {
				return err
			}
			return p.show(out, func(w io.Writer) {
				for _, k := range out {
					showChecked(w, k)
				}
			})
		}}
}

// checkNamed checks one pack, if the folder is one, or what is in the folder.
func checkNamed(folder string) ([]checked, error) {
	if _, err := os.Stat(filepath.Join(folder, "service.yaml")); err != nil {
		return checkFolder(os.DirFS(folder))
	}
	whole, err := filepath.Abs(folder)
	if err != nil {
		return nil, fault.Wrap(err, "cmd.check", "the folder cannot be found")
	}
	k, err := service.Load(os.DirFS(filepath.Dir(whole)), filepath.Base(whole), app.Catalog())
	if err == nil {
		err = k.Test()
	}
	if err != nil {
		return nil, err
	}
	return []checked{ofPack(k)}, nil
}

func ofPack(k *service.Pack) checked {
	return checked{Name: k.Name(), Version: k.Version(), Hash: k.Hash(), Criteria: len(k.Criteria())}
}

// checkFolder checks a library, or all packs and libraries in a folder.
func checkFolder(fsys fs.FS) ([]checked, error) {
	if library.Is(fsys, ".") {
		k, err := checkLibrary(fsys, ".")
		return []checked{k}, err
	}
	if fee.Is(fsys, ".") {
		k, err := checkFees(fsys, ".")
		return []checked{k}, err
	}
	out := []checked{}
	var errs []error
	entries, err := fs.ReadDir(fsys, ".")
	if err != nil {
		return nil, fault.New(fault.Missing, "cmd.check", "the folder cannot be read")
	}
	if slices.ContainsFunc(entries, isSet) && !slices.ContainsFunc(entries, fs.DirEntry.IsDir) {
		return checkSets(fsys)
	}
	known, others := 0, 0
	for _, e := range entries {
		switch {
		case !e.IsDir() || strings.HasPrefix(e.Name(), "."):
		case library.Is(fsys, e.Name()):
			known++
			k, err := checkLibrary(fsys, e.Name())
			if errs = append(errs, err); err == nil {
				out = append(out, k)
			}
		case fee.Is(fsys, e.Name()):
			known++
			k, err := checkFees(fsys, e.Name())
			if errs = append(errs, err); err == nil {
				out = append(out, k)
			}
		default:
			others++
		}
	}
	if known > 0 && others == 0 {
		return out, errors.Join(errs...)
	}
	list, err := service.CheckAll(fsys, app.Catalog())
	for _, k := range list {
		out = append(out, ofPack(k))
	}
	return out, errors.Join(append(errs, err)...)
}

// isSet reports whether a file can be a value set, by its name.
func isSet(e fs.DirEntry) bool {
	return !e.IsDir() && (strings.HasSuffix(e.Name(), ".json") || strings.HasSuffix(e.Name(), ".csv"))
}

// checkSets reads a folder of value sets.
func checkSets(fsys fs.FS) ([]checked, error) {
	sets, err := coding.ReadFolder(fsys, ".")
	out := []checked{}
	for _, s := range sets {
		out = append(out, checked{Name: s.Name, Version: s.Version, Codes: s.Len()})
	}
	return out, err
}

// checkFees checks a pack of fees.
func checkFees(fsys fs.FS, dir string) (checked, error) {
	p, err := fee.Load(fsys, dir)
	if err == nil {
		err = p.Test()
	}
	if err != nil {
		return checked{}, err
	}
	return checked{Name: p.Name(), Version: p.Version(), Hash: p.Hash(), Families: p.Cases()}, nil
}

func checkLibrary(fsys fs.FS, dir string) (checked, error) {
	l, err := library.Load(fsys, dir, app.Catalog())
	if err != nil {
		return checked{}, err
	}
	r, err := l.Check()
	if err != nil {
		return checked{}, err
	}
	return checked{Name: l.Name(), Version: l.Version(), Hash: l.Hash(), Criteria: r.Criteria,
		Library: &checkedLibrary{States: l.States(), People: r.People, Pairs: r.Pairs, Clauses: r.Clauses, Coverage: r.Share(),
			Exclusions: r.Exclusions, Guarded: r.Guarded, Pins: l.Pins()}}, nil
}

func showChecked(w io.Writer, k checked) {
	if k.Codes > 0 {
		_, _ = fmt.Fprintf(w, "%s: good (value set of %d codes)\n", strings.TrimSpace(k.Name+" "+k.Version), k.Codes)
		return
	}
	if k.Families > 0 {
		_, _ = fmt.Fprintf(w, "%s %s: good (%d made-up families, hash %.12s)\n", k.Name, k.Version, k.Families, k.Hash)
		return
	}
	_, _ = fmt.Fprintf(w, "%s %s: good (%d criteria, hash %.12s)\n", k.Name, k.Version, k.Criteria, k.Hash)
	if k.Library == nil {
		return
	}
	l := k.Library
	var states []string
	for _, s := range []library.State{library.Draft, library.Tested, library.Approved, library.InUse, library.Retired} {
		if n := l.States[s]; n > 0 {
			states = append(states, fmt.Sprintf("%d %s", n, s))
		}
	}
	_, _ = fmt.Fprintf(w, "  criteria: %s\n  made-up people: %d, tried on criteria %d times\n", strings.Join(states, ", "), l.People, l.Pairs)
	_, _ = fmt.Fprintf(w, "  sub-conditions: %d, seen true, false and unknown: %.1f %%\n", l.Clauses, 100*l.Coverage)
	_, _ = fmt.Fprintf(w, "  exclusions: %d, without which somebody's verdict changes: %d\n", l.Exclusions, l.Guarded)
}
