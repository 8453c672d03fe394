// Package fhir reads health records as HL7 FHIR R4 says them: bundles and
// NDJSON, the form of bulk export. It reads a folder twice: first for patients,
// visits and medicines, to which the other resources refer, then for everything
// else. Both passes stream, so a file may be larger than the memory.
//
// A resource comes in, is set aside with its place and a reason that repeats
// nothing of it, or is passed over because its type is not one that is read. All
// three are counted, and add up.
//
// Sources: hl7.org/fhir/R4 (the resources and their states), hl7.org/fhir/uv/bulkdata
// (NDJSON). Profiles need not be declared and are not checked.
package fhir

import (
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"ennakko/fault"
)

// Folder is a folder of FHIR files.
type Folder struct {
	root  string
	files []file
	bytes int64
	zone  *time.Location
}

type file struct {
	name   string // below the folder, with slashes
	size   int64
	ndjson bool
}

// Open lists the FHIR files of a folder and those below it: *.json and *.ndjson,
// plain or gzipped. Files of other names are passed over; a folder may have none.
// Zone is that of the calendar of days; nil: a day is the one that is written,
// whatever its zone.
func Open(path string, zone *time.Location) (*Folder, error) {
	f := &Folder{root: path, zone: zone}
	err := filepath.WalkDir(path, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasPrefix(d.Name(), ".") {
			return err
		}
		base := strings.TrimSuffix(d.Name(), ".gz")
		ndjson := strings.HasSuffix(base, ".ndjson")
		if !ndjson && !strings.HasSuffix(base, ".json") {
			return nil
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(path, p)
		f.files = append(f.files, file{filepath.ToSlash(rel), info.Size(), ndjson})
		f.bytes += info.Size()
		return err
	})
	if err != nil {
		return nil, fault.New(fault.Missing, "fhir.Open", "the folder of FHIR files cannot be read").Because(err).Do("name a folder with *.json or *.ndjson files")
	}
	return f, nil
}

// Files is how many FHIR files there are.
func (f *Folder) Files() int { return len(f.files) }

// Bytes is how many bytes they have as they stand there.
func (f *Folder) Bytes() int64 { return f.bytes }

// Hash is the SHA-256 of the files' names and contents, in the order of names:
// the same files have the same hash.
func (f *Folder) Hash(ctx context.Context) (string, error) {
	sum := sha256.New()
	for _, x := range f.files {
		if err := ctx.Err(); err != nil {
			return "", err
		}
		one, err := f.hashOf(x)
		if err != nil {
			return "", fault.New(fault.Invalid, "fhir.Hash", "the file cannot be read").Where("%s", x.name).Because(err)
		}
		_, _ = io.WriteString(sum, x.name+"\x00")
		_, _ = sum.Write(one)
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

func (f *Folder) hashOf(x file) ([]byte, error) {
	r, err := os.Open(filepath.Join(f.root, filepath.FromSlash(x.name)))
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.Close() }()
	h := sha256.New()
	_, err = io.Copy(h, r)
	return h.Sum(nil), err
}

// opened is a file under reading, unpacked, that counts its bytes as they stand.
type opened struct {
	io.Reader
	close []io.Closer
}

func (o opened) Close() error {
	var errs []error
	for i := len(o.close) - 1; i >= 0; i-- {
		errs = append(errs, o.close[i].Close())
	}
	return errors.Join(errs...)
}

// counting tells of the bytes that pass.
type counting struct {
	r    io.Reader
	tell func(n int)
}

func (c counting) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.tell(n)
	return n, err
}

func (f *Folder) open(x file, tell func(n int)) (opened, error) {
	r, err := os.Open(filepath.Join(f.root, filepath.FromSlash(x.name)))
	if err != nil {
		return opened{}, err
	}
	o := opened{counting{r, tell}, []io.Closer{r}}
	if strings.HasSuffix(x.name, ".gz") {
		z, err := gzip.NewReader(o.Reader)
		if err != nil {
			return opened{}, errors.Join(err, r.Close())
		}
		o.Reader, o.close = z, append(o.close, z)
	}
	return o, nil
}

// SetAside is a resource that does not come in. It says nothing of what stood in
// it.
type SetAside struct {
	File   string
	Row    int    // line of an NDJSON file, number of the entry in a bundle; from 1
	Type   string // of the resource; "" if it cannot be told
	Reason string
	Hint   string
}

// Count is what became of the resources of one type.
type Count struct {
	Kept     int
	SetAside int
	Passed   int // passed over: not a type that is read
}

// Report says what came of all resources.
type Report struct {
	Types   map[string]*Count // by type of resource; "" where it cannot be told
	Aside   []SetAside        // with their places, the first MostAside of them
	Records int               // rows of records that were made
}

// Total adds up all types.
func (r *Report) Total() Count {
	var c Count
	for _, t := range r.Types {
		c.Kept, c.SetAside, c.Passed = c.Kept+t.Kept, c.SetAside+t.SetAside, c.Passed+t.Passed
	}
	return c
}

func (r *Report) of(typ string) *Count {
	c, ok := r.Types[typ]
	if !ok {
		c = &Count{}
		r.Types[typ] = c
	}
	return c
}

// MostAside is of how many resources that are set aside the place is kept.
const MostAside = 100_000

func (r *Report) setAside(s SetAside) {
	r.of(s.Type).SetAside++
	if len(r.Aside) < MostAside {
		r.Aside = append(r.Aside, s)
	}
}

// refusal is why a resource is set aside.
type refusal struct{ reason, hint string }
