package fhir

import (
	"bytes"
	"errors"
	"io"
)

const (
	chunkSize   = 256 << 10 // bytes of resources that are worked on together
	maxResource = 64 << 20  // bytes that a resource may have
)

// item is one resource as it stands in a file: a line, or an entry of a bundle.
type item struct {
	row   int // line of the file, or number of the entry; from 1
	from  int // in chunk.data
	to    int
	entry bool
	fault refusal // the file is broken here; there is no resource
}

// chunk is some items of one file.
type chunk struct {
	file  int
	data  []byte
	items []item
}

func (c *chunk) raw(i item) []byte { return c.data[i.from:i.to] }

// pile gathers items into chunks.
type pile struct {
	file int
	c    chunk
	out  func(chunk) error
}

func (p *pile) add(row int, raw []byte, entry bool) error {
	if p.c.data == nil {
		p.c = chunk{file: p.file, data: make([]byte, 0, chunkSize+chunkSize/4)}
	}
	from := len(p.c.data)
	p.c.data = append(p.c.data, raw...)
	p.c.items = append(p.c.items, item{row: row, from: from, to: len(p.c.data), entry: entry})
	if len(p.c.data) >= chunkSize {
		return p.flush()
	}
	return nil
}

func (p *pile) broken(row int, reason, hint string) error {
	p.c.file = p.file
	p.c.items = append(p.c.items, item{row: row, fault: refusal{reason, hint}})
	return nil
}

func (p *pile) flush() error {
	if len(p.c.items) == 0 {
		return nil
	}
	c := p.c
	p.c = chunk{}
	return p.out(c)
}

// lines cuts NDJSON into its lines. Empty ones are passed over.
func (p *pile) lines(r io.Reader) error {
	buf := make([]byte, 0, 1<<20)
	row, skipping := 1, false
	for {
		if len(buf) == cap(buf) {
			buf = append(buf, 0)[:len(buf)]
		}
		n, err := r.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		at := 0
		for {
			end := bytes.IndexByte(buf[at:], '\n')
			if end < 0 {
				break
			}
			if line := bytes.TrimSpace(buf[at : at+end]); len(line) > 0 && !skipping {
				if err := p.add(row, line, false); err != nil {
					return err
				}
			}
			at, row, skipping = at+end+1, row+1, false
		}
		buf = append(buf[:0], buf[at:]...)
		switch {
		case errors.Is(err, io.EOF):
			if line := bytes.TrimSpace(buf); len(line) > 0 && !skipping {
				return p.add(row, line, false)
			}
			return nil
		case err != nil:
			return p.broken(row, "the file cannot be read on from here", "write the file anew")
		case len(buf) > maxResource && !skipping:
			skipping, buf = true, buf[:0]
			if err := p.broken(row, "the line is longer than 64 MiB", ""); err != nil {
				return err
			}
		case skipping:
			buf = buf[:0]
		}
	}
}

// cutter cuts the entries out of a bundle while it is read. It knows JSON only
// as far as brackets and strings go; what it cuts out is parsed by others.
type cutter struct {
	p   *pile
	r   io.Reader
	buf []byte
	pos int // next byte to look at
	// hold is where bytes begin that are still needed; none: -1.
	hold  int
	depth int
	// string under reading at depth 1, the last one read, and the key before a value
	last, key string
	kind      string // resourceType of the whole
	bundle    string // type of the bundle
	inEntries bool
	entries   int
	done      bool // the object is closed
}

// errWhole says that the file is no bundle: it is one resource.
var errWhole = errors.New("one resource")

const ndjsonHint = "see that the file is complete; NDJSON must be named *.ndjson"

// bundleFile cuts a bundle. It returns errWhole when the file is one resource.
func (p *pile) bundleFile(r io.Reader) error {
	c := &cutter{p: p, r: r, buf: make([]byte, 0, 1<<20), hold: -1}
	for {
		more, err := c.fill()
		if err != nil {
			return p.broken(c.entries+1, "the file cannot be read on from here", "write the file anew")
		}
		if !more {
			break
		}
		if stop, err := c.scan(); err != nil || stop {
			return err
		}
		if len(c.buf) > maxResource {
			return p.broken(c.entries+1, "the entry, or a text, is larger than 64 MiB", "")
		}
	}
	switch {
	case !c.done:
		return p.broken(c.entries+1, "the file is not whole JSON: it breaks off, or is none", ndjsonHint)
	case c.kind != "Bundle":
		return errWhole
	}
	return nil
}

// fill reads on, and keeps what is held.
func (c *cutter) fill() (bool, error) {
	from := c.pos
	if c.hold >= 0 {
		from = c.hold
	}
	c.buf = append(c.buf[:0], c.buf[from:]...)
	c.pos -= from
	if c.hold >= 0 {
		c.hold = 0
	}
	if len(c.buf) == cap(c.buf) {
		c.buf = append(c.buf, 0)[:len(c.buf)]
	}
	n, err := c.r.Read(c.buf[len(c.buf):cap(c.buf)])
	c.buf = c.buf[:len(c.buf)+n]
	if errors.Is(err, io.EOF) {
		return n > 0, nil
	}
	return true, err
}

// scan goes through what was read. It stops before a string that is not whole.
func (c *cutter) scan() (stop bool, err error) {
	for {
		c.pos += blanks(c.buf[c.pos:])
		if c.pos >= len(c.buf) {
			return false, nil
		}
		switch b := c.buf[c.pos]; b {
		case '"':
			end := stringEnd(c.buf[c.pos:])
			if end < 0 {
				return false, nil // read on
			}
			if c.depth == 1 {
				c.word(string(c.buf[c.pos+1 : c.pos+end-1]))
			}
			c.pos += end
			continue
		case ':':
			if c.depth == 1 {
				c.key = c.last
			}
		case ',':
			if c.depth == 1 {
				c.key = ""
			}
		case '{', '[':
			if c.done {
				return true, c.p.broken(c.entries+1, "there is more after the end of the bundle", ndjsonHint)
			}
			if c.open(b); c.inEntries && c.bundle == "history" {
				return true, c.p.broken(1, "a bundle of type history holds resources in several versions", "hand over the newest versions: a bulk export or a search")
			}
		case '}', ']':
			if err := c.shut(b); err != nil {
				return true, err
			}
		}
		c.pos++
	}
}

// blanks is how many bytes stand before the next one that means something to a
// cutter.
func blanks(b []byte) int {
	for i, c := range b {
		switch c {
		case '"', ':', ',', '{', '[', '}', ']':
			return i
		}
	}
	return len(b)
}

func (c *cutter) word(s string) {
	switch c.key {
	case "resourceType":
		c.kind = s
	case "type":
		c.bundle = s
	}
	c.last = s
}

func (c *cutter) open(b byte) {
	c.depth++
	if c.depth == 2 && b == '[' && c.key == "entry" && (c.kind == "Bundle" || c.kind == "") {
		c.inEntries = true
	}
	if c.inEntries && c.depth == 3 && b == '{' {
		c.hold = c.pos
	}
}

func (c *cutter) shut(b byte) error {
	c.depth--
	switch {
	case c.depth < 0:
		c.depth = 0
	case c.depth == 0:
		c.done = true
	case c.depth == 1 && b == ']':
		c.inEntries = false
	case c.depth == 2 && c.hold >= 0:
		c.entries++
		err := c.p.add(c.entries, c.buf[c.hold:c.pos+1], true)
		c.hold = -1
		return err
	}
	return nil
}

// stringEnd is the length of the JSON string that b begins with, -1 if it does
// not end in b.
func stringEnd(b []byte) int {
	at := 1
	for {
		end := bytes.IndexByte(b[at:], '"')
		if end < 0 {
			return -1
		}
		back := bytes.IndexByte(b[at:at+end], '\\')
		if back < 0 {
			return at + end + 1
		}
		at += back + 2
		if at >= len(b) {
			return -1
		}
	}
}
