package service

import (
	"io/fs"
	"path"
	"slices"
	"strings"

	"ennakko/criteria"
	"ennakko/fault"
	"ennakko/permission"
	"ennakko/person"
	"ennakko/strictyaml"
)

const loadOp = "service.Load"

// The files of a pack.
const (
	serviceFile  = "service.yaml"
	criteriaFile = "criteria.yaml"
	messagesFile = "messages.yaml"
	peopleFile   = "people.yaml"
	changesFile  = "CHANGES.md"
)

func files() []string {
	return []string{serviceFile, criteriaFile, messagesFile, peopleFile, changesFile}
}

// Load reads the pack in a folder and checks it against the catalogue of
// fields. The error is a list of all that is wrong, each with its file and
// line and what to do about it. Load does not run the made-up people: Test
// does.
func Load(fsys fs.FS, dir string, catalog criteria.Catalog) (*Pack, error) {
	l := &strictyaml.Faults{Op: loadOp, Dir: dir, Files: files(), Page: "docs/packs.md"}
	content, err := l.ReadFolder(fsys, "a pack")
	if err != nil {
		return nil, err
	}
	if err := l.Err(); err != nil {
		return nil, err
	}
	r := reading{pack: &Pack{hash: strictyaml.Hash(files(), content), titles: map[string]map[person.Language]string{}}, catalog: catalog, faults: l}
	r.service(strictyaml.Document(serviceFile, content[serviceFile], l))
	if r.pack.name != "" && r.pack.name != path.Base(dir) {
		l.Add(serviceFile, 1, "", "give both the same name", "the pack %q stands in the folder %q", r.pack.name, path.Base(dir))
	}
	r.criteria(strictyaml.Document(criteriaFile, content[criteriaFile], l))
	r.messages(strictyaml.Document(messagesFile, content[messagesFile], l))
	r.people(strictyaml.Document(peopleFile, content[peopleFile], l))
	l.Told(r.pack.version, changesFile, string(content[changesFile]))
	if err := l.Err(); err != nil {
		return nil, err
	}
	return r.pack, nil
}

// reading is a pack on its way in.
type reading struct {
	pack     *Pack
	catalog  criteria.Catalog
	faults   *strictyaml.Faults
	language *criteria.Language // nil until the parameters are read
	fields   []permission.Field // what the purpose covers

	comparison strictyaml.Node            // its keys, until the parameters are known
	cohort     map[string]strictyaml.Node // the cohort's keys, until the parameters are known
	checkedBy  []strictyaml.Node          // names of criteria in the conditions
	lines      []strictyaml.Node          // the criteria's own places, in their order
}

// CheckAll loads and tests every pack in the folders of fsys. It returns those
// in which nothing is wrong, and all that is wrong with the others. A folder
// with a library of criteria of care or a pack of fees in it is passed over.
func CheckAll(fsys fs.FS, catalog criteria.Catalog) ([]*Pack, error) {
	entries, err := fs.ReadDir(fsys, ".")
	if err != nil {
		return nil, fault.New(fault.Missing, "service.CheckAll", "the folder of packs cannot be read")
	}
	var packs []*Pack
	var errs fault.List
	folders := 0
	for _, e := range entries {
		if !e.IsDir() || strings.HasPrefix(e.Name(), ".") {
			continue
		}
		if slices.ContainsFunc([]string{"library.yaml", "fee.yaml"}, func(name string) bool {
			_, err := fs.Stat(fsys, path.Join(e.Name(), name))
			return err == nil
		}) {
			continue
		}
		folders++
		p, err := Load(fsys, e.Name(), catalog)
		if err == nil {
			err = p.Test()
		}
		if err != nil {
			errs = append(errs, faultsOf(err)...)
			continue
		}
		packs = append(packs, p)
	}
	if folders == 0 {
		return nil, fault.New(fault.Missing, "service.CheckAll", "there is no pack in the folder").Do("a pack is a folder with service.yaml in it")
	}
	return packs, errs.Err()
}
