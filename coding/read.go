package coding

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	"ennakko/fault"
)

// MaxFile is the most bytes that a file of one value set may have.
const MaxFile = 64 << 20

// fhirSet is the part of a FHIR R4 ValueSet that says which codes are in it.
type fhirSet struct {
	ResourceType string `json:"resourceType"`
	ID           string `json:"id"`
	URL          string `json:"url"`
	Version      string `json:"version"`
	Title        string `json:"title"`
	Name         string `json:"name"`
	Compose      *struct {
		Include []fhirPart `json:"include"`
		Exclude []fhirPart `json:"exclude"`
	} `json:"compose"`
	Expansion *struct {
		Total    *int           `json:"total"`
		Contains []fhirContains `json:"contains"`
	} `json:"expansion"`
	Entry []struct { // of a Bundle
		Resource json.RawMessage `json:"resource"`
	} `json:"entry"`
}

type fhirPart struct {
	System  string `json:"system"`
	Concept []struct {
		Code string `json:"code"`
	} `json:"concept"`
	Filter   []json.RawMessage `json:"filter"`
	ValueSet []string          `json:"valueSet"`
}

type fhirContains struct {
	System   string         `json:"system"`
	Code     string         `json:"code"`
	Abstract bool           `json:"abstract"`
	Contains []fhirContains `json:"contains"`
}

const (
	readOp     = "coding.ReadValueSet"
	expandHint = "have a terminology server expand the value set ($expand), and use what it gives"
)

func badSet(hint, format string, args ...any) error {
	return fault.New(fault.Invalid, readOp, format, args...).Do("%s", hint)
}

// ReadFHIR reads a FHIR R4 ValueSet in JSON. The codes are those of its
// expansion, or else those that its definition lists. A definition that only a
// terminology server can work out (filters, whole systems, other value sets)
// and an expansion that is only a part are faults.
func ReadFHIR(name string, r io.Reader) (*ValueSet, error) {
	var f fhirSet
	if err := json.NewDecoder(io.LimitReader(r, MaxFile)).Decode(&f); err != nil {
		return nil, badSet("look at quotes, commas and brackets", "this is not JSON of FHIR")
	}
	if f.ResourceType != "ValueSet" {
		return nil, badSet("a file holds one ValueSet, or a Bundle of them", "this is not a ValueSet of FHIR")
	}
	return f.set(name)
}

// ReadBundle reads the value sets of a FHIR R4 Bundle in JSON, as the packages of
// measures hold them. Each goes by its id, or by its name if it has none. What is no
// ValueSet in the bundle is passed over. The error is a list of faults, each with the
// number of its entry.
func ReadBundle(r io.Reader) ([]*ValueSet, error) {
	var b fhirSet
	if err := json.NewDecoder(io.LimitReader(r, MaxFile)).Decode(&b); err != nil {
		return nil, badSet("look at quotes, commas and brackets", "this is not JSON of FHIR")
	}
	if b.ResourceType != "Bundle" {
		return nil, badSet("a file holds one ValueSet, or a Bundle of them", "this is not a Bundle of FHIR")
	}
	return b.sets()
}

// sets are the value sets of a Bundle.
func (f fhirSet) sets() (out []*ValueSet, err error) {
	var faults fault.List
	names := map[string]bool{}
	for i, e := range f.Entry {
		var x fhirSet
		var s *ValueSet
		err := json.Unmarshal(e.Resource, &x)
		if err == nil && x.ResourceType != "ValueSet" {
			continue
		}
		name := cmp.Or(x.ID, x.Name)
		switch {
		case err != nil:
			err = badSet("look at its resource", "the entry cannot be read")
		case name == "":
			err = badSet("give it an id", "the value set has neither an id nor a name")
		case names[name]:
			err = badSet("take one of them away", "another value set of the bundle has this id")
		default:
			names[name] = true
			s, err = x.set(name)
		}
		if err == nil {
			out = append(out, s)
		}
		for _, one := range fault.All(err, readOp) {
			faults.Add(one.Where("entry %d", i+1))
		}
	}
	if err := faults.Err(); err != nil {
		return nil, err
	}
	if len(out) == 0 {
		return nil, badSet("a file holds one ValueSet, or a Bundle of them", "the Bundle holds no ValueSet")
	}
	return out, nil
}

// set is the value set of a resource.
func (f fhirSet) set(name string) (*ValueSet, error) {
	s := &ValueSet{Name: name, Address: f.URL, Version: f.Version, Title: f.Title, codes: map[Code]bool{}}
	if s.Title == "" {
		s.Title = f.Name
	}
	var err error
	switch {
	case f.Expansion != nil && len(f.Expansion.Contains) > 0:
		n := s.expanded(f.Expansion.Contains)
		if f.Expansion.Total != nil && *f.Expansion.Total > n {
			return nil, badSet(expandHint+", all pages of it", "the expansion holds %d of %d codes", n, *f.Expansion.Total)
		}
	case f.Compose != nil:
		err = errors.Join(s.composed(f.Compose.Include, true), s.composed(f.Compose.Exclude, false))
	}
	if err == nil && s.Len() == 0 {
		err = badSet(expandHint, "the value set holds no code")
	}
	if err != nil {
		return nil, err
	}
	return s, nil
}

func (s *ValueSet) expanded(list []fhirContains) int {
	n := 0
	for _, c := range list {
		n++
		if !c.Abstract && c.Code != "" {
			s.codes[New(c.System, c.Code)] = true
		}
		n += s.expanded(c.Contains)
	}
	return n
}

func (s *ValueSet) composed(parts []fhirPart, in bool) error {
	for _, p := range parts {
		switch {
		case len(p.Filter) > 0:
			return badSet(expandHint, "the definition has a filter")
		case len(p.ValueSet) > 0:
			return badSet(expandHint, "the definition names other value sets")
		case len(p.Concept) == 0:
			return badSet(expandHint, "the definition takes a whole code system")
		}
		for _, c := range p.Concept {
			if code := New(p.System, c.Code); in {
				s.codes[code] = true
			} else {
				delete(s.codes, code)
			}
		}
	}
	return nil
}

// ReadCSV reads a value set from a table with a heading: system, code and, if
// wanted, display. A code that ends in * stands for all that begin with it.
// The error is a list of faults, each with its row (the heading is row 1).
func ReadCSV(name string, r io.Reader) (*ValueSet, error) {
	rows := csv.NewReader(io.LimitReader(r, MaxFile))
	rows.FieldsPerRecord = -1
	head, err := rows.Read()
	for i := range head {
		head[i] = strings.ToLower(strings.TrimSpace(strings.TrimPrefix(head[i], "\ufeff")))
	}
	system, code := slices.Index(head, "system"), slices.Index(head, "code")
	unknown := slices.ContainsFunc(head, func(h string) bool { return h != "system" && h != "code" && h != "display" })
	if err != nil || system < 0 || code < 0 || unknown {
		return nil, badSet("write: system,code,display", "the first row does not name the columns")
	}
	s := &ValueSet{Name: name, codes: map[Code]bool{}}
	var faults fault.List
	for n := 2; ; n++ {
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		at := func(hint, format string, args ...any) {
			faults.Add(fault.New(fault.Invalid, readOp, format, args...).Where("row %d", n).Do("%s", hint))
		}
		switch {
		case err != nil:
			at("look at the quotes", "the row cannot be read")
		case len(row) != len(head):
			at("put quotes around a text with a comma", "the row has %d cells, not %d", len(row), len(head))
		case strings.TrimSpace(row[system]) == "" || strings.Trim(row[code], " *") == "":
			at("fill both", "the system or the code is empty")
		default:
			s.add(ParsePattern(row[system] + "|" + row[code]))
		}
	}
	if s.Len() == 0 && len(faults) == 0 {
		return nil, badSet("add rows", "the value set holds no code")
	}
	if err := faults.Err(); err != nil {
		return nil, err
	}
	return s, nil
}

// ReadFile reads the value sets of a file by the ending of its name: .json or .csv. One
// alone has the name of the file without the ending; those of a Bundle have their own.
func ReadFile(fsys fs.FS, file string) (sets []*ValueSet, err error) {
	f, err := fsys.Open(file)
	if err != nil {
		return nil, fault.New(fault.Missing, readOp, "the file cannot be read").Where("%s", file)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	ext := path.Ext(file)
	name := strings.TrimSuffix(path.Base(file), ext)
	var s *ValueSet
	switch ext {
	case ".json":
		sets, err = readJSON(name, f)
	case ".csv":
		s, err = ReadCSV(name, f)
		sets = []*ValueSet{s}
	default:
		err = badSet("end its name in .json or .csv", "the file is no value set")
	}
	if err != nil {
		return nil, placed(err, file)
	}
	return sets, nil
}

// readJSON reads a ValueSet, or a Bundle of them.
func readJSON(name string, r io.Reader) ([]*ValueSet, error) {
	b, err := io.ReadAll(io.LimitReader(r, MaxFile))
	if err != nil {
		return nil, fault.Wrap(err, readOp, "the file cannot be read")
	}
	var kind struct {
		ResourceType string `json:"resourceType"`
	}
	if json.Unmarshal(b, &kind) == nil && kind.ResourceType == "Bundle" {
		return ReadBundle(bytes.NewReader(b))
	}
	s, err := ReadFHIR(name, bytes.NewReader(b))
	return []*ValueSet{s}, err
}

// placed puts the file before where each fault lies.
func placed(err error, file string) error {
	var list fault.List
	var walk func(error)
	walk = func(err error) {
		if joined, ok := err.(interface{ Unwrap() []error }); ok {
			for _, e := range joined.Unwrap() {
				walk(e)
			}
			return
		}
		if f, ok := errors.AsType[*fault.Error](err); ok {
			list.Add(f.Where("%s", strings.TrimSuffix(file+" "+f.At, " ")))
		}
	}
	walk(err)
	return list.Err()
}

// NamedTwice is the fault of a value set whose name another file has taken.
func NamedTwice(name string) *fault.Error {
	return fault.New(fault.Invalid, readOp, "another file has a value set of this name: %s", name).Do("give one of them another name; a name is that of the file without its ending, or the id in a Bundle")
}

// ReadFolder reads all value sets of a folder, in order of their names. Files
// whose names begin with a point, and README and LICENSE files, are passed
// over. The error tells of every file that is wrong.
func ReadFolder(fsys fs.FS, dir string) ([]*ValueSet, error) {
	entries, err := fs.ReadDir(fsys, dir)
	if err != nil {
		return nil, fault.New(fault.Missing, readOp, "the folder of value sets cannot be read").Where("%s", dir)
	}
	var sets []*ValueSet
	var errs []error
	seen := map[string]bool{}
	for _, e := range entries {
		if e.IsDir() || strings.HasPrefix(e.Name(), ".") || strings.HasPrefix(e.Name(), "README") || strings.HasPrefix(e.Name(), "LICENSE") {
			continue
		}
		list, err := ReadFile(fsys, path.Join(dir, e.Name()))
		for _, s := range list {
			if seen[s.Name] {
				err = errors.Join(err, NamedTwice(s.Name).Where("%s", path.Join(dir, e.Name())))
			}
			seen[s.Name] = true
		}
		if err != nil {
			errs = append(errs, err)
			continue
		}
		sets = append(sets, list...)
	}
	return sets, errors.Join(errs...)
}
