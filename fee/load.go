package fee

import (
	"io/fs"
	"path"

	"ennakko/person"
	"ennakko/strictyaml"
)

const loadOp = "fee.Load"

// The files of a pack of fees.
const (
	feeFile       = "fee.yaml"
	agreementFile = "agreement.yaml"
	messagesFile  = "messages.yaml"
	documentsFile = "documents.yaml"
	peopleFile    = "people.yaml"
	changesFile   = "CHANGES.md"
)

func files() []string {
	return []string{feeFile, agreementFile, messagesFile, documentsFile, peopleFile, changesFile}
}

// Is reports whether the folder holds a pack of fees.
func Is(fsys fs.FS, dir string) bool {
	_, err := fs.Stat(fsys, path.Join(dir, feeFile))
	return err == nil
}

// Load reads the pack in a folder. The error is a list of all that is wrong,
// each with its file and line and what to do about it. Load does not run the
// made-up families: Test does.
func Load(fsys fs.FS, dir string) (*Pack, error) {
	l := &strictyaml.Faults{Op: loadOp, Dir: dir, Files: files(), Page: "docs/fee.md"}
	content, err := l.ReadFolder(fsys, "a pack of fees")
	if err != nil {
		return nil, err
	}
	if err := l.Err(); err != nil {
		return nil, err
	}
	r := reading{pack: &Pack{hash: strictyaml.Hash(files(), content), kinds: map[Kind]kind{}}, faults: l, provisions: map[string]map[person.Language]string{}}
	r.figures(strictyaml.Document(feeFile, content[feeFile], l))
	if name := r.pack.name; name != "" && dir != "." && name != path.Base(dir) {
		l.Add(feeFile, 1, "", "give both the same name", "the pack %q stands in the folder %q", name, path.Base(dir))
	}
	r.agreement(strictyaml.Document(agreementFile, content[agreementFile], l))
	r.texts(strictyaml.Document(messagesFile, content[messagesFile], l))
	r.documents(strictyaml.Document(documentsFile, content[documentsFile], l))
	r.people(strictyaml.Document(peopleFile, content[peopleFile], l))
	l.Told(r.pack.version, changesFile, string(content[changesFile]))
	if err := l.Err(); err != nil {
		return nil, err
	}
	return r.pack, nil
}

// reading is a pack on its way in.
type reading struct {
	pack       *Pack
	faults     *strictyaml.Faults
	provisions map[string]map[person.Language]string
}
