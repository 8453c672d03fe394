package strictyaml

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
)

// maxFile is the most that a file of a folder may hold, in bytes.
const maxFile = 1 << 20

// ReadFolder reads the files that the faults name, of the folder that they name.
// What says what such a folder is: "a pack". A folder that cannot be read is an
// error; a file that is missing, too long or does not belong is a fault beside
// the others.
func (l *Faults) ReadFolder(fsys fs.FS, what string) (map[string][]byte, error) {
	if !fs.ValidPath(l.Dir) {
		return nil, fault.New(fault.Invalid, l.Op, "the folder's name is not a plain path").Do("name it without .. and without / in front")
	}
	entries, err := fs.ReadDir(fsys, l.Dir)
	if err != nil {
		return nil, fault.New(fault.Missing, l.Op, "the folder cannot be read").Where("%s", l.Dir).Do("%s is a folder with %s in it", what, l.Files[0])
	}
	belong := "files of " + what + ": " + strings.Join(l.Files, ", ")
	content := map[string][]byte{}
	for _, e := range entries {
		name := e.Name()
		if strings.HasPrefix(name, ".") {
			continue
		}
		if !slices.Contains(l.Files, name) {
			l.Add(l.Files[0], 0, "", belong, "the file %q does not belong to %s", Cut(name, 60), what)
			continue
		}
		b, err := readFile(fsys, path.Join(l.Dir, name))
		switch {
		case err != nil:
			l.Add(name, 0, "", "look at the file's rights", "the file cannot be read")
		case len(b) > maxFile:
			l.Add(name, 0, "", "a pack is short enough to be read aloud", "the file is longer than %d bytes", maxFile)
		}
		content[name] = b
	}
	for _, name := range l.Files {
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

// Hash is the SHA-256 of the files in the order of their names given, with name
// and length before each, in hex.
func Hash(files []string, content map[string][]byte) string {
	h := sha256.New()
	for _, name := range files {
		_, _ = fmt.Fprintf(h, "%s\n%d\n", name, len(content[name]))
		_, _ = h.Write(content[name])
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Told checks that a file of changes tells of a version; none is not checked.
func (l *Faults) Told(version, file, text string) {
	if version == "" {
		return
	}
	heading := regexp.MustCompile(`(?m)^## ` + regexp.QuoteMeta(version) + `\b`)
	if !heading.MatchString(text) {
		l.Add(file, 1, "", "add the line: ## "+version, "the version %s is not told of", version)
	}
}
