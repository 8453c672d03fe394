// Package document tells by a file's content what kind of document it is, and
// how large one may be. The name that a file was given says nothing here.
//
// A file of a kind that is listed may still hold more than it shows: whoever hands
// one out does so as a file to keep, which no page may run.
package document

import (
	"bytes"
	"encoding/binary"
	"image/jpeg"
	"image/png"
	"slices"

	"ennakko/fault"
)

// Kind is a kind of document.
type Kind string

// The kinds that are taken.
const (
	PDF  Kind = "pdf"
	JPEG Kind = "jpeg"
	PNG  Kind = "png"
	HEIC Kind = "heic" // as telephones take photographs
)

// Kinds lists the kinds that are taken.
func Kinds() []Kind { return []Kind{PDF, JPEG, PNG, HEIC} }

// Known reports whether the kind is one that is taken.
func (k Kind) Known() bool { return slices.Contains(Kinds(), k) }

// MediaType is the kind's name on the wire. Source: RFC 8118 (PDF), RFC 2046
// (JPEG), the registry of IANA (PNG, HEIC).
func (k Kind) MediaType() string {
	switch k {
	case PDF:
		return "application/pdf"
	case JPEG:
		return "image/jpeg"
	case PNG:
		return "image/png"
	case HEIC:
		return "image/heic"
	}
	return "application/octet-stream"
}

// Extension ends the name of a file of the kind.
func (k Kind) Extension() string {
	if k == JPEG {
		return "jpg"
	}
	return string(k)
}

// Bounds of documents. A photograph of a telephone has some 3 to 8 MB.
const (
	MostBytes = 10 << 20 // of one document
	MostSides = 30_000   // pixels of a side of an image
)

// Of tells what kind of document a content is. An empty content, one that is too
// large, and one of no kind that is taken are faults of kind Invalid; they hold
// nothing of the content.
func Of(content []byte) (Kind, error) {
	const op = "document.Of"
	switch {
	case len(content) == 0:
		return "", fault.New(fault.Invalid, op, "the file is empty").Do("choose another file")
	case len(content) > MostBytes:
		return "", fault.New(fault.Invalid, op, "the file is larger than %d MB", MostBytes>>20).Do("send a smaller picture, or the pages one by one")
	case isPDF(content):
		return PDF, nil
	case isJPEG(content):
		return JPEG, nil
	case isPNG(content):
		return PNG, nil
	case isHEIC(content):
		return HEIC, nil
	}
	return "", fault.New(fault.Invalid, op, "the file is no PDF, JPEG, PNG or HEIC").Do("take a photograph of the document, or save it as a PDF")
}

// isPDF wants the header at the very beginning and the end of a file near the end:
// one that was cut off on its way is none. Source: ISO 32000-1, 7.5.2 and 7.5.5.
func isPDF(b []byte) bool {
	return bytes.HasPrefix(b, []byte("%PDF-")) && bytes.Contains(b[max(0, len(b)-2048):], []byte("%%EOF"))
}

// isJPEG reads the head of the image: its size must be one that can be shown.
func isJPEG(b []byte) bool {
	if !bytes.HasPrefix(b, []byte{0xff, 0xd8, 0xff}) {
		return false
	}
	c, err := jpeg.DecodeConfig(bytes.NewReader(b))
	return err == nil && fits(c.Width, c.Height)
}

func isPNG(b []byte) bool {
	if !bytes.HasPrefix(b, []byte("\x89PNG\r\n\x1a\n")) {
		return false
	}
	c, err := png.DecodeConfig(bytes.NewReader(b))
	return err == nil && fits(c.Width, c.Height)
}

func fits(width, height int) bool {
	return width > 0 && height > 0 && width <= MostSides && height <= MostSides
}

// isHEIC looks for the box that names the brands of the file: one of them must be an
// image coded with HEVC. Source: ISO/IEC 14496-12, 4.3; ISO/IEC 23008-12, annex B.
func isHEIC(b []byte) bool {
	if len(b) < 16 || string(b[4:8]) != "ftyp" {
		return false
	}
	size := int(binary.BigEndian.Uint32(b))
	if size < 16 || size%4 != 0 || size > len(b) || size > 1024 {
		return false
	}
	brands := []string{string(b[8:12])}
	for i := 16; i+4 <= size; i += 4 { // after the minor version
		brands = append(brands, string(b[i:i+4]))
	}
	return len(b) > size && slices.ContainsFunc(brands, func(brand string) bool {
		return slices.Contains([]string{"heic", "heix", "heim", "heis"}, brand)
	})
}
