package fhir

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"sync/atomic"

	"github.com/valyala/fastjson"
	"golang.org/x/sync/errgroup"

	"ennakko/fault"
)

// Progress tells how many of the bytes of a pass are read.
type Progress func(done, total int64)

// pass reads all files once: one goroutine cuts them into chunks, as many as there
// are cores work on them, and take hears what came of each in the order of the
// files.
func pass[T any](ctx context.Context, f *Folder, progress Progress, work func(p *parser, c *chunk) T, take func(T) error) error {
	g, ctx := errgroup.WithContext(ctx)
	workers := runtime.GOMAXPROCS(0)
	type job struct {
		c   chunk
		out chan T
	}
	jobs, order := make(chan job), make(chan chan T, 4*workers)
	g.Go(func() error {
		defer close(jobs)
		defer close(order)
		return f.cut(ctx, progress, func(c chunk) error {
			j := job{c, make(chan T, 1)}
			select {
			case order <- j.out:
			case <-ctx.Done():
				return ctx.Err()
			}
			select {
			case jobs <- j:
			case <-ctx.Done():
				return ctx.Err()
			}
			return nil
		})
	})
	for range workers {
		g.Go(func() error {
			p := newParser(f.zone)
			for j := range jobs {
				j.out <- work(p, &j.c)
			}
			return nil
		})
	}
	g.Go(func() error {
		for out := range order {
			select {
			case t := <-out:
				if err := take(t); err != nil {
					return err
				}
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	})
	return g.Wait()
}

// cut goes through all files.
func (f *Folder) cut(ctx context.Context, progress Progress, out func(chunk) error) error {
	var done atomic.Int64
	tell := func(n int) { progress(done.Add(int64(n)), f.bytes) }
	for i, x := range f.files {
		p := &pile{file: i, out: out}
		if err := f.cutFile(x, p, tell); err != nil {
			return err
		}
		if err := errors.Join(p.flush(), ctx.Err()); err != nil {
			return err
		}
	}
	return nil
}

func (f *Folder) cutFile(x file, p *pile, tell func(int)) error {
	r, err := f.open(x, tell)
	if err != nil {
		return p.broken(1, "the file cannot be opened", "see that it is what its name says")
	}
	defer func() { _ = r.Close() }()
	if x.ndjson {
		return p.lines(r)
	}
	if err = p.bundleFile(r); !errors.Is(err, errWhole) {
		return err
	}
	whole, err := f.open(x, func(int) {})
	if err != nil {
		return p.broken(1, "the file cannot be opened", "see that it is what its name says")
	}
	defer func() { _ = whole.Close() }()
	b, err := io.ReadAll(io.LimitReader(whole, maxResource+1))
	if err != nil || len(b) > maxResource {
		return p.broken(1, "the resource is larger than 64 MiB, or cannot be read", "")
	}
	return p.add(1, b, false)
}

// bom begins files of some programs.
var bom = []byte("\xef\xbb\xbf")

// peek tells the type of a resource without parsing it, when it stands in front;
// "" when it does not.
func peek(raw []byte, entry bool) []byte {
	raw = bytes.TrimPrefix(raw, bom)
	if entry {
		_, after, ok := bytes.Cut(raw, []byte(`"resource"`))
		if !ok {
			return nil
		}
		if raw, ok = bytes.CutPrefix(bytes.TrimLeft(after, " \t\r\n"), []byte(":")); !ok {
			return nil
		}
	}
	for _, want := range [...]string{"{", `"resourceType"`, ":", `"`} {
		var ok bool
		if raw, ok = bytes.CutPrefix(bytes.TrimLeft(raw, " \t\r\n"), []byte(want)); !ok {
			return nil
		}
	}
	if end := bytes.IndexByte(raw, '"'); end > 0 && end < 64 && clean(raw[:end]) {
		return raw[:end]
	}
	return nil
}

// parsed is an item as JSON.
type parsed struct {
	v       *fastjson.Value
	typ     string
	fullURL []byte
	fault   refusal
}

var notJSON = refusal{"it is not whole JSON", ""}

// parse reads an item; its values are good until the next one is parsed.
func (p *parser) parse(raw []byte, entry bool) parsed {
	v, err := p.json.ParseBytes(bytes.TrimPrefix(raw, bom))
	if err != nil || v.Type() != fastjson.TypeObject {
		return parsed{typ: p.word(peek(raw, entry)), fault: notJSON}
	}
	out := parsed{v: v}
	if entry {
		out.fullURL = v.GetStringBytes("fullUrl")
		if out.v = v.Get("resource"); out.v == nil || out.v.Type() != fastjson.TypeObject {
			return parsed{fault: refusal{"the entry has no resource", "entries that only delete or ask are not read"}}
		}
		if string(v.GetStringBytes("request", "method")) == "DELETE" {
			out.fault = refusal{"the entry deletes the resource", ""}
		}
	}
	typ := out.v.GetStringBytes("resourceType")
	if len(typ) == 0 || len(typ) > 64 || !clean(typ) {
		return parsed{fault: refusal{"it is no FHIR resource: it has no resourceType", ""}}
	}
	out.typ = p.word(typ)
	return out
}

// wanted reports whether a pass has to parse an item.
func wanted(raw []byte, entry bool, types ...string) bool {
	typ := peek(raw, entry)
	if typ == nil {
		return true
	}
	for _, t := range types {
		if string(typ) == t {
			return true
		}
	}
	return false
}

// Manifest reads the file snapshot.yaml of the folder; nil if there is none.
func (f *Folder) Manifest() ([]byte, error) {
	b, err := os.ReadFile(filepath.Join(f.root, "snapshot.yaml"))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	return b, fault.Wrap(err, "fhir.Manifest", "snapshot.yaml cannot be read")
}
