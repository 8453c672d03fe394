package csv

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"ennakko/fault"
)

// The files of a folder.
const (
	PopulationFile    = "population.csv"
	GuardianshipsFile = "guardianships.csv"
	ContactsFile      = "contacts.csv"
	EducationFile     = "early_education.csv"
	UnitsFile         = "units.csv"
)

// Folder is one snapshot of the registers, read into memory.
type Folder struct {
	Snapshot time.Time // the day the registers were read
	Source   string    // who hands it over
	files    map[string][]byte
	hashes   map[string]string
}

// maxFile is the most bytes that a file may have once unpacked.
const maxFile = 4 << 30

// Open reads the folder's snapshot.yaml and its files. Path is a folder.
func Open(path string) (*Folder, error) {
	const op = "register.csv"
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil, fault.New(fault.Missing, op, "the folder of register files cannot be read").Because(err).Do("name a folder with snapshot.yaml and .csv files; see docs/registers.md")
	}
	f := &Folder{files: map[string][]byte{}, hashes: map[string]string{}}
	charset, err := f.manifest(filepath.Join(path, "snapshot.yaml"))
	if err != nil {
		return nil, err
	}
	var l fault.List
	for _, e := range entries {
		base := strings.TrimSuffix(e.Name(), ".gz")
		if !strings.HasSuffix(base, ".csv") {
			continue
		}
		if !isRegisterFile(base) {
			l.Add(fault.New(fault.Invalid, op, "the file's name is not one of a register").Where("%s", e.Name()).Do("the files are population.csv, guardianships.csv, contacts.csv, early_education.csv and units.csv"))
			continue
		}
		if _, twice := f.files[base]; twice {
			l.Add(fault.New(fault.Invalid, op, "the file is there plain and gzipped").Where("%s", base).Do("keep one of them"))
			continue
		}
		raw, err := read(filepath.Join(path, e.Name()))
		if err == nil {
			f.files[base], err = decodeText(e.Name(), raw, charset)
		}
		if err != nil {
			l.Add(fault.New(fault.Invalid, op, "the file cannot be read").Where("%s", e.Name()).Because(err))
			continue
		}
		sum := sha256.Sum256(raw)
		f.hashes[base] = hex.EncodeToString(sum[:])
	}
	if len(f.files) == 0 && len(l) == 0 {
		l.Add(fault.New(fault.Missing, op, "the folder holds no register file").Do("see docs/registers.md"))
	}
	return f, l.Err()
}

// IsFile reports whether a file name is one of a register, plain or gzipped.
func IsFile(name string) bool { return isRegisterFile(strings.TrimSuffix(name, ".gz")) }

func isRegisterFile(name string) bool {
	switch name {
	case PopulationFile, GuardianshipsFile, ContactsFile, EducationFile, UnitsFile:
		return true
	}
	return false
}

func (f *Folder) manifest(path string) (charset string, err error) {
	const op = "register.csv"
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", fault.New(fault.Missing, op, "snapshot.yaml is missing").Do("write the day and the source of the snapshot; see docs/registers.md")
	}
	if err != nil {
		return "", fault.Wrap(err, op, "snapshot.yaml cannot be read")
	}
	var m struct {
		Snapshot string `yaml:"snapshot"`
		Source   string `yaml:"source"`
		Charset  string `yaml:"charset"`
		Zone     string `yaml:"zone"` // of FHIR files in the same folder
	}
	d := yaml.NewDecoder(bytes.NewReader(raw))
	d.KnownFields(true)
	if err := d.Decode(&m); err != nil {
		return "", fault.New(fault.Invalid, op, "the file is not what docs/registers.md describes").Where("snapshot.yaml").Because(err)
	}
	var l fault.List
	f.Snapshot, err = time.Parse(time.DateOnly, m.Snapshot)
	if err != nil {
		l.Add(fault.New(fault.Invalid, op, "snapshot is not a day").Where("snapshot.yaml").Do("write it as 2021-01-04"))
	}
	if f.Source = strings.TrimSpace(m.Source); f.Source == "" {
		l.Add(fault.New(fault.Invalid, op, "source is missing").Where("snapshot.yaml").Do("say who hands the files over"))
	}
	switch m.Charset {
	case "", "utf-8", "windows-1252":
	default:
		l.Add(fault.New(fault.Invalid, op, "the charset is not known").Where("snapshot.yaml").Do("use utf-8 or windows-1252"))
	}
	return m.Charset, l.Err()
}

func read(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	var r io.Reader = file
	if strings.HasSuffix(path, ".gz") {
		if r, err = gzip.NewReader(file); err != nil {
			return nil, err
		}
	}
	b, err := io.ReadAll(io.LimitReader(r, maxFile+1))
	if err == nil && len(b) > maxFile {
		err = errors.New("the file is larger than 4 GiB")
	}
	return b, err
}

// Has reports whether the file is in the folder.
func (f *Folder) Has(file string) bool { _, ok := f.files[file]; return ok }

// Hash is the SHA-256 of the file's unpacked bytes, "" if it is not there.
func (f *Folder) Hash(file string) string { return f.hashes[file] }

// Rows is an estimate of the number of rows of all files, for progress.
func (f *Folder) Rows() int {
	n := 0
	for _, b := range f.files {
		n += bytes.Count(b, []byte("\n"))
	}
	return n
}

func showOf(err error) string {
	if e, ok := errors.AsType[*fault.Error](err); ok {
		return e.Show
	}
	return "the cell is not valid"
}

func hintOf(err error) string {
	if e, ok := errors.AsType[*fault.Error](err); ok {
		return e.Hint
	}
	return ""
}
