package library

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"ennakko/coding"
	"ennakko/criteria"
	"ennakko/fault"
	"ennakko/person"
	"ennakko/strictyaml"
)

const loadOp = "library.Load"

// The files and folders of a library.
const (
	libraryFile    = "library.yaml"
	changesFile    = "CHANGES.md"
	conceptsFolder = "concepts"
	setsFolder     = "valuesets"
	criteriaFolder = "criteria"
	peopleFolder   = "people"
)

const (
	maxFile  = 4 << 20 // bytes of one YAML file
	maxFiles = 5000
)

// Is reports whether a folder is a library: it has a library.yaml.
func Is(fsys fs.FS, dir string) bool {
	_, err := fs.Stat(fsys, path.Join(dir, libraryFile))
	return err == nil
}

// Load reads the library in a folder of fsys and checks its form, against the
// catalogue of the registers' fields. The error is a list of all that is
// wrong, each with its file and line and what to do about it. It does not try
// the criteria on the made-up people: Check does.
func Load(fsys fs.FS, dir string, catalog criteria.Catalog) (*Library, error) {
	if !fs.ValidPath(dir) {
		return nil, fault.New(fault.Invalid, loadOp, "the folder's name is not a plain path").Do("name it without .. and without / in front")
	}
	if !Is(fsys, dir) {
		return nil, fault.New(fault.Missing, loadOp, "there is no library in the folder").Where("%s", dir).Do("a library is a folder with library.yaml in it; see docs/criteria.md")
	}
	files, err := list(fsys, dir)
	if err != nil {
		return nil, err
	}
	r := &reading{fsys: fsys, dir: dir, catalog: catalog, exclusions: map[string]Exclusion{}, shapes: map[string]*shape{}, places: map[string]strictyaml.Node{},
		faults: &strictyaml.Faults{Op: loadOp, Dir: dir, Files: files, Page: "docs/criteria.md"},
		lib: &Library{dir: dir, sets: map[string]*coding.ValueSet{}, setHash: map[string]string{}, concepts: map[string]criteria.Concept{}, lists: map[string][]string{},
			paramTitles: map[string]Texts{}, paramUnits: map[string]coding.Unit{}}}
	r.all(files)
	if err := r.faults.Err(); err != nil {
		return nil, err
	}
	return r.lib, nil
}

// list is the files of a library in the order in which they are read.
func list(fsys fs.FS, dir string) ([]string, error) {
	var out []string
	err := fs.WalkDir(fsys, dir, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if strings.HasPrefix(d.Name(), ".") && file != dir {
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if !d.IsDir() {
			out = append(out, strings.TrimPrefix(file, dir+"/"))
		}
		return nil
	})
	if err != nil || len(out) > maxFiles {
		return nil, fault.New(fault.Missing, loadOp, "the folder cannot be read, or has more than %d files", maxFiles).Where("%s", dir)
	}
	slices.SortFunc(out, func(a, b string) int {
		if x, y := rank(a), rank(b); x != y {
			return x - y
		}
		return strings.Compare(a, b)
	})
	return out, nil
}

// rank is the order of reading: what others speak of comes first.
func rank(file string) int {
	folder, _, inFolder := strings.Cut(file, "/")
	if !inFolder {
		return 0
	}
	return 1 + slices.Index([]string{setsFolder, conceptsFolder, criteriaFolder, peopleFolder}, folder)
}

// reading is a library on its way in.
type reading struct {
	fsys    fs.FS
	dir     string
	catalog criteria.Catalog
	faults  *strictyaml.Faults
	lib     *Library

	concepts    []criteria.Concept
	definitions []criteria.Definition
	params      []criteria.Param
	units       []criteria.ParamSpec
	exclusions  map[string]Exclusion       // shared, by name
	shapes      map[string]*shape          // by name
	places      map[string]strictyaml.Node // of concepts, definitions and exclusions
}

// all reads every file.
func (r *reading) all(files []string) {
	h := sha256.New()
	content := map[string][]byte{}
	for _, file := range slices.Sorted(slices.Values(files)) {
		b, err := r.open(file)
		if err != nil {
			continue
		}
		content[file] = b
		_, _ = fmt.Fprintf(h, "%s\n%d\n", file, len(b))
		_, _ = h.Write(b)
	}
	r.lib.hash = hex.EncodeToString(h.Sum(nil))
	of := func(folder string, do func(x strictyaml.Node)) {
		for _, file := range files {
			if strings.HasPrefix(file, folder+"/") {
				do(strictyaml.Document(file, content[file], r.faults))
			}
		}
	}
	r.strange(files)
	r.head(strictyaml.Document(libraryFile, content[libraryFile], r.faults), string(content[changesFile]))
	r.valueSets(files, content)
	of(conceptsFolder, func(x strictyaml.Node) {
		r.vocabulary(x.Keys("?", "concepts", "definitions", "parameters", "exclusions", "shapes"))
	})
	var families []family
	of(criteriaFolder, func(x strictyaml.Node) { families = append(families, r.family(x)) })
	if !r.speak() {
		return
	}
	for _, f := range families {
		r.criteriaOf(f)
	}
	if len(r.lib.criteria) == 0 && r.faults.Len() == 0 {
		r.faults.Add(libraryFile, 1, "", "add a file to the folder criteria", "the library has no criterion")
	}
	of(peopleFolder, r.people)
}

func (r *reading) open(file string) (b []byte, err error) {
	limit := maxFile
	if strings.HasPrefix(file, setsFolder+"/") {
		limit = coding.MaxFile
	}
	f, err := r.fsys.Open(path.Join(r.dir, file))
	if err == nil {
		b, err = io.ReadAll(io.LimitReader(f, int64(limit)+1))
		err = errors.Join(err, f.Close())
	}
	switch {
	case err != nil:
		r.faults.Add(file, 0, "", "look at the file's rights", "the file cannot be read")
	case len(b) > limit:
		r.faults.Add(file, 0, "", "divide it", "the file is longer than %d bytes", limit)
		err = fs.ErrInvalid
	}
	return b, err
}

// strange tells of files that have no place in a library.
func (r *reading) strange(files []string) {
	for _, file := range files {
		folder, name, in := strings.Cut(file, "/")
		base := path.Base(file)
		switch {
		case strings.HasPrefix(base, "README") || strings.HasPrefix(base, "LICENSE") || file == libraryFile || file == changesFile:
		case in && folder == setsFolder && !strings.Contains(name, "/"):
		case in && slices.Contains([]string{conceptsFolder, criteriaFolder, peopleFolder}, folder) && !strings.Contains(name, "/") && path.Ext(name) == ".yaml":
		default:
			r.faults.Add(file, 0, "", "a library is library.yaml, CHANGES.md and the folders concepts, valuesets, criteria and people", "the file does not belong to a library")
		}
	}
}

// head reads library.yaml.
func (r *reading) head(x strictyaml.Node, changes string) {
	k := x.Keys("name", "version", "title", "owner", "?", "mark", "languages", "not_for")
	l := r.lib
	l.languages = person.Languages()
	if k["languages"].There() {
		l.languages = nil
		for _, e := range k["languages"].List() {
			l.languages = append(l.languages, person.Language(e.OneOf("fi", "sv", "en")))
		}
	}
	if k["not_for"].There() {
		for _, e := range k["not_for"].List() {
			l.notFor = append(l.notFor, r.texts(e))
		}
	}
	l.name, l.version, l.owner = k["name"].Name(), k["version"].TextUpTo(40), k["owner"].Text()
	l.title, l.mark = r.texts(k["title"]), r.texts(k["mark"])
	heading := regexp.MustCompile(`(?m)^## ` + regexp.QuoteMeta(l.version) + `\b`)
	if l.version != "" && !heading.MatchString(changes) {
		r.faults.Add(changesFile, 1, "", "add the line: ## "+l.version, "the version %s is not told of", l.version)
	}
}

// texts reads a text in each of the library's languages. A library of one
// language may write it plainly.
func (r *reading) texts(x strictyaml.Node) Texts {
	if !x.There() {
		return nil
	}
	out := Texts{}
	if len(r.lib.languages) == 1 && !x.IsGroup() {
		out[r.lib.languages[0]] = x.Text()
		return out
	}
	names := make([]string, len(r.lib.languages))
	for i, l := range r.lib.languages {
		names[i] = string(l)
	}
	k := x.Keys(names...)
	for _, l := range r.lib.languages {
		out[l] = k[string(l)].Text()
	}
	return out
}

// valueSets reads the folder of value sets.
func (r *reading) valueSets(files []string, content map[string][]byte) {
	for _, file := range files {
		base := path.Base(file)
		if !strings.HasPrefix(file, setsFolder+"/") || strings.HasPrefix(base, "README") || strings.HasPrefix(base, "LICENSE") {
			continue
		}
		list, err := coding.ReadFile(r.fsys, path.Join(r.dir, file))
		for _, s := range list {
			if r.lib.sets[s.Name] != nil {
				err = errors.Join(err, coding.NamedTwice(s.Name))
			}
		}
		for _, f := range fault.All(err, loadOp) {
			at := strings.TrimSpace(strings.TrimPrefix(f.At, path.Join(r.dir, file)))
			r.faults.Add(file, 0, at, f.Hint, "%s", f.Show)
		}
		if err != nil {
			continue
		}
		sum := sha256.Sum256(content[file])
		for _, s := range list {
			r.lib.sets[s.Name], r.lib.setHash[s.Name] = s, hex.EncodeToString(sum[:])
		}
	}
}

func cmpText(a, b string) int { return strings.Compare(a, b) }
