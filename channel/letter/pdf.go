package letter

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"codeberg.org/go-pdf/fpdf"
	"github.com/go-fonts/liberation/liberationsansregular"
	"golang.org/x/image/font/sfnt"

	"ennakko/fault"
)

// Head is what all letters share.
type Head struct {
	Sender []string  // one to five lines: the city, its office, the return address
	Day    time.Time // printed as the day of the letter

	// Left and Top are where the recipient begins, in millimetres from the
	// paper's edge; 0 is 20 and 50. That is inside the usual Finnish window
	// (left side, sheets of A4 folded to C5 or E65). Print one and fold it
	// before printing a thousand: windows differ.
	Left, Top float64
}

// The page, in millimetres: A4 as SFS 2487 arranges it, with the text below
// the fold of the window.
const (
	left, right, bottom = 20.0, 20.0, 277.0
	senderTop           = 12.0
	bodyTop             = 100.0
	window              = 85.0 // the width to use
	family              = "liberation"
)

// PDF writes one page for each letter, in the order given, with only the
// recipient and the address where the window is. Text that is long is set
// smaller. The font (Liberation Sans, SIL Open Font License) has all letters of
// Finnish, Swedish, the Sámi languages and the rest of Latin, Greek and
// Cyrillic. Errors are Invalid, all at once: a text that does not fit on a
// page, or characters that the font lacks.
func PDF(w io.Writer, rows []Row, h Head) error {
	const op = "letter.PDF"
	if err := check(op, rows); err != nil {
		return err
	}
	if len(h.Sender) == 0 || len(h.Sender) > 5 || h.Day.IsZero() {
		return fault.New(fault.Invalid, op, "the letters have no sender of 1 to 5 lines, or no day")
	}
	if h.Left == 0 {
		h.Left = 20
	}
	if h.Top == 0 {
		h.Top = 50
	}
	if h.Left < 5 || h.Left > 120 || h.Top < 40 || h.Top > 70 {
		return fault.New(fault.Invalid, op, "the recipient would stand outside any window, or in the sender or the text").Do("left is 5 to 120 mm, top 40 to 70 mm")
	}
	if err := known(op, rows, h); err != nil {
		return err
	}
	p := newPage(h)
	var faults fault.List
	for i, r := range rows {
		if !p.letter(r.r) {
			faults.Add(fault.New(fault.Invalid, op, "the text does not fit on one page").Where("letter %d", i+1).Do("shorten the text"))
		}
	}
	if len(rows) == 0 {
		p.f.AddPage()
	}
	if err := faults.Err(); err != nil {
		return err
	}
	if err := p.f.Output(w); err != nil {
		return fault.New(fault.Internal, op, "the letters could not be written").Because(err)
	}
	return nil
}

// known checks that the font has all characters.
func known(op string, rows []Row, h Head) error {
	font, err := sfnt.Parse(liberationsansregular.TTF)
	if err != nil {
		return fault.New(fault.Internal, op, "the font cannot be read").Because(err)
	}
	var buf sfnt.Buffer
	has := map[rune]bool{'\n': true}
	lacking := func(s string) (rune, bool) {
		for _, c := range s {
			ok, seen := has[c]
			if !seen {
				g, err := font.GlyphIndex(&buf, c)
				ok = err == nil && g != 0 && c <= 0xffff
				has[c] = ok
			}
			if !ok {
				return c, true
			}
		}
		return 0, false
	}
	var faults fault.List
	if c, yes := lacking(strings.Join(h.Sender, "\n")); yes {
		faults.Add(fault.New(fault.Invalid, op, "the font has no %U", c).Where("the sender"))
	}
	for i, x := range rows {
		if c, yes := lacking(x.r.recipient + "\n" + strings.Join(x.r.address, "\n") + "\n" + x.r.text); yes {
			faults.Add(fault.New(fault.Invalid, op, "the font has no %U", c).Where("letter %d", i+1).Do("write it with other letters, or by hand"))
		}
	}
	return faults.Err()
}

// page sets letters into a document.
type page struct {
	f *fpdf.Fpdf
	h Head
}

func newPage(h Head) page {
	f := fpdf.New("P", "mm", "A4", "")
	f.SetCreationDate(h.Day)
	f.SetModificationDate(h.Day)
	f.SetCatalogSort(true)
	f.SetTitle("Letters", true)
	f.SetMargins(left, senderTop, right)
	f.SetAutoPageBreak(false, 0)
	f.AddUTF8FontFromBytes(family, "", slices.Clone(liberationsansregular.TTF))
	return page{f, h}
}

// letter sets one letter on a page of its own. It reports false when the text
// does not fit.
func (p page) letter(r *row) bool {
	p.f.AddPage()
	p.lines(left, senderTop, 9, 4, p.h.Sender)
	p.f.SetFont(family, "", 10)
	width, _ := p.f.GetPageSize()
	for i, line := range []string{day(p.h.Day, r.language), fmt.Sprintf("%s %d", words(r.language).reference, r.ref)} {
		p.f.Text(width-right-p.f.GetStringWidth(line), senderTop+float64(i)*5, line)
	}
	p.address(append([]string{r.recipient}, r.address...))
	for size := 11.0; size >= 9; size -= 0.5 {
		leading := size * 0.46 // mm: 1.3 times the size
		p.f.SetFont(family, "", size)
		text := p.wrap(r.text, width-left-right)
		if bodyTop+float64(len(text))*leading <= bottom {
			p.lines(left, bodyTop, size, leading, text)
			return true
		}
	}
	return false
}

// address sets the recipient, as small as it must be for the window.
func (p page) address(lines []string) {
	size := 11.0
	for ; size > 8; size -= 0.5 {
		p.f.SetFont(family, "", size)
		if !slices.ContainsFunc(lines, func(s string) bool { return p.f.GetStringWidth(s) > window }) {
			break
		}
	}
	p.lines(p.h.Left, p.h.Top, size, 5, lines)
}

// lines sets lines under each other; y is the foot of the first.
func (p page) lines(x, y, size, leading float64, lines []string) {
	p.f.SetFont(family, "", size)
	for i, s := range lines {
		p.f.Text(x, y+float64(i)*leading, s)
	}
}

// wrap breaks a text into lines of the width at the present size. A word that
// is longer than a line is broken where it must be.
func (p page) wrap(text string, width float64) (out []string) {
	for _, paragraph := range strings.Split(text, "\n") {
		line := ""
		for _, word := range strings.Split(paragraph, " ") {
			switch next := strings.TrimPrefix(line+" "+word, " "); {
			case p.f.GetStringWidth(next) <= width:
				line = next
				continue
			case line != "":
				out = append(out, line)
			}
			line = word
			for p.f.GetStringWidth(line) > width {
				r := []rune(line)
				n := len(r)
				for n > 1 && p.f.GetStringWidth(string(r[:n])) > width {
					n--
				}
				out, line = append(out, string(r[:n])), string(r[n:])
			}
		}
		out = append(out, line)
	}
	return out
}
