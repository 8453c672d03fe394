package fee

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

	"ennakko/fault"
	"ennakko/person"
	"ennakko/strictyaml"
)

const loadOp = "fee.Load"

// The files of a pack of fees.
const (
	feeFile       = "fee.yaml"
	agreementFile = "agreement.yaml"
	messagesFile  = "messages.yaml"
	peopleFile    = "people.yaml"
	changesFile   = "CHANGES.md"
)

// maxFile is the most bytes that one file of a pack may have.
const maxFile = 1 << 20

func files() []string {
	return []string{feeFile, agreementFile, messagesFile, peopleFile, changesFile}
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
	content, err := read(fsys, dir, l)
	if err != nil {
		return nil, err
	}
	if err := l.Err(); err != nil {
		return nil, err
	}
	r := reading{pack: &Pack{hash: hash(content), kinds: map[Kind]kind{}}, faults: l, provisions: map[string]map[person.Language]string{}}
	r.figures(strictyaml.Document(feeFile, content[feeFile], l))
	if name := r.pack.name; name != "" && dir != "." && name != path.Base(dir) {
		l.Add(feeFile, 1, "", "give both the same name", "the pack %q stands in the folder %q", name, path.Base(dir))
	}
	r.agreement(strictyaml.Document(agreementFile, content[agreementFile], l))
	r.texts(strictyaml.Document(messagesFile, content[messagesFile], l))
	r.people(strictyaml.Document(peopleFile, content[peopleFile], l))
	r.changes(string(content[changesFile]))
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

// read reads the files. What is wrong with the folder is told at once.
func read(fsys fs.FS, dir string, l *strictyaml.Faults) (map[string][]byte, error) {
	if !fs.ValidPath(dir) {
		return nil, fault.New(fault.Invalid, loadOp, "the folder's name is not a plain path").Do("name it without .. and without / in front")
	}
	entries, err := fs.ReadDir(fsys, dir)
	if err != nil {
		return nil, fault.New(fault.Missing, loadOp, "the folder cannot be read").Where("%s", dir).Do("a pack of fees is a folder with fee.yaml in it")
	}
	belong := "files of a pack of fees: " + strings.Join(files(), ", ")
	content := map[string][]byte{}
	for _, e := range entries {
		name := e.Name()
		switch {
		case strings.HasPrefix(name, "."):
			continue
		case !slices.Contains(files(), name):
			l.Add(feeFile, 0, "", belong, "the file %q does not belong to a pack of fees", strictyaml.Cut(name, 60))
			continue
		}
		b, err := readFile(fsys, path.Join(dir, name))
		switch {
		case err != nil:
			l.Add(name, 0, "", "look at the file's rights", "the file cannot be read")
		case len(b) > maxFile:
			l.Add(name, 0, "", "a pack is short enough to be read", "the file is longer than %d bytes", maxFile)
		}
		content[name] = b
	}
	for _, name := range files() {
		if _, ok := content[name]; !ok {
			l.Add(name, 0, "", belong, "the file is missing")
		}
	}
	return content, nil
}

func readFile(fsys fs.FS, name string) (b []byte, err error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return io.ReadAll(io.LimitReader(f, maxFile+1))
}

// hash is described at Pack.Hash.
func hash(content map[string][]byte) string {
	h := sha256.New()
	for _, name := range files() {
		_, _ = fmt.Fprintf(h, "%s\n%d\n", name, len(content[name]))
		_, _ = h.Write(content[name])
	}
	return hex.EncodeToString(h.Sum(nil))
}

// changes checks that CHANGES.md tells of this version.
func (r *reading) changes(text string) {
	if r.pack.version == "" {
		return
	}
	heading := regexp.MustCompile(`(?m)^## ` + regexp.QuoteMeta(r.pack.version) + `\b`)
	if !heading.MatchString(text) {
		r.faults.Add(changesFile, 1, "", "add the line: ## "+r.pack.version, "the version %s is not told of", r.pack.version)
	}
}
