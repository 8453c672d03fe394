// Package letter makes the letter list: a table for the desk or the printing
// house (CSV), and letters ready to fold into window envelopes (PDF). It is how
// families are reached who have no number that takes a text message.
//
// A row for a family under non-disclosure for personal safety (turvakielto; Act
// 661/2009, section 36) has no room for an address, a district, a unit or a
// free text: ProtectedLetter lacks the fields, and its words are this
// package's own. Such a letter goes out through the population register's
// authority, who alone knows where to.
package letter

import (
	"fmt"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"ennakko/fault"
	"ennakko/person"
)

// Letter is a letter to an address.
type Letter struct {
	Ref       int64 // the number to name when one answers, from 1
	Recipient string
	Address   []string // one to four lines, the last with postal code and post office
	Language  person.Language
	Text      string // rendered: what the recipient reads
	Child     string
	Reason    string // why by letter; for the list, not for the recipient
}

// ProtectedLetter is a letter to a family under non-disclosure.
type ProtectedLetter struct {
	Ref       int64 // as of a Letter
	Recipient string
	Language  person.Language
	Child     string
	Phone     string    // the city's, to call
	By        time.Time // the day until which to call
}

// Row is one letter of the list, from NewRow or NewProtectedRow. It is
// personal data: it does not print or marshal.
type Row struct{ r *row }

type row struct {
	ref       int64
	recipient string
	address   []string
	language  person.Language
	text      string
	child     string
	reason    string
	protected bool
}

// The limits of a row. Four lines and the recipient fill the window.
const (
	longestLine = 60   // characters
	longestText = 4000 // characters
	mostLines   = 4
	mostRef     = 999_999_999
)

// NewRow makes a row of a letter to an address. Errors are Invalid, and repeat
// nothing of the letter.
func NewRow(l Letter) (Row, error) {
	const op = "letter.NewRow"
	if err := checkNames(op, l.Ref, l.Recipient, l.Child, l.Language); err != nil {
		return Row{}, err
	}
	if len(l.Address) == 0 || len(l.Address) > mostLines {
		return Row{}, fault.New(fault.Invalid, op, "the letter has %d address lines, not 1 to %d", len(l.Address), mostLines).Do("serve a family without an address in person")
	}
	r := row{ref: l.Ref, recipient: tidy(l.Recipient), language: l.Language, text: tidy(l.Text), child: tidy(l.Child), reason: tidy(l.Reason)}
	for _, line := range l.Address {
		if !oneLine(line) {
			return Row{}, fault.New(fault.Invalid, op, "an address line is empty, longer than %d characters or more than one line", longestLine)
		}
		r.address = append(r.address, tidy(line))
	}
	if r.text == "" || len([]rune(r.text)) > longestText || strings.ContainsFunc(r.text, func(c rune) bool { return unicode.IsControl(c) && c != '\n' }) {
		return Row{}, fault.New(fault.Invalid, op, "the text is empty, longer than %d characters, or has control characters", longestText)
	}
	if r.reason != "" && !oneLine(r.reason) {
		return Row{}, fault.New(fault.Invalid, op, "the reason is longer than %d characters or more than one line", longestLine)
	}
	return Row{&r}, nil
}

// NewProtectedRow makes a row of a letter that the population register's
// authority forwards. Names with digits are refused, so no address can pass as
// a name. Errors are Invalid, and repeat nothing of the letter.
func NewProtectedRow(l ProtectedLetter) (Row, error) {
	const op = "letter.NewProtectedRow"
	if err := checkNames(op, l.Ref, l.Recipient, l.Child, l.Language); err != nil {
		return Row{}, err
	}
	if strings.ContainsFunc(l.Recipient+l.Child, func(c rune) bool {
		return !unicode.IsLetter(c) && !unicode.IsMark(c) && !strings.ContainsRune(" -'’.", c)
	}) {
		return Row{}, fault.New(fault.Invalid, op, "a name has a character that names do not have").Do("give names only, never an address")
	}
	if l.Phone == "" || len(l.Phone) > 20 || strings.Trim(l.Phone, "+ -0123456789") != "" {
		return Row{}, fault.New(fault.Invalid, op, "the telephone number to call is missing or has other signs than digits, spaces, + and -")
	}
	if l.By.IsZero() {
		return Row{}, fault.New(fault.Invalid, op, "the day until which to call is missing")
	}
	w := words(l.Language)
	r := row{ref: l.Ref, recipient: tidy(l.Recipient), language: l.Language, child: tidy(l.Child), reason: "non-disclosure", protected: true, address: []string{w.forwarded}}
	r.text = strings.NewReplacer("{guardian}", r.recipient, "{child}", r.child, "{phone}", l.Phone, "{day}", day(l.By, l.Language)).Replace(w.body)
	return Row{&r}, nil
}

func checkNames(op string, ref int64, recipient, child string, l person.Language) error {
	if ref < 1 || ref > mostRef {
		return fault.New(fault.Invalid, op, "the letter has no number to name when one answers")
	}
	if _, err := person.ParseLanguage(string(l)); err != nil {
		return fault.Wrap(err, op, "the letter has no language")
	}
	if !oneLine(recipient) || !oneLine(child) {
		return fault.New(fault.Invalid, op, "the recipient's or the child's name is empty, longer than %d characters or more than one line", longestLine)
	}
	return nil
}

func oneLine(s string) bool {
	s = tidy(s)
	return s != "" && len([]rune(s)) <= longestLine && !strings.ContainsFunc(s, unicode.IsControl)
}

// tidy composes letters and their marks, and makes line ends alike.
func tidy(s string) string {
	return norm.NFC.String(strings.TrimSpace(strings.ReplaceAll(strings.ToValidUTF8(s, "\ufffd"), "\r\n", "\n")))
}

// IsZero reports whether the row did not come from a constructor.
func (r Row) IsZero() bool { return r.r == nil }

// Protected reports whether the letter is forwarded and bears no address.
func (r Row) Protected() bool { return r.r != nil && r.r.protected }

// Text is what the recipient reads, for another way to bring it than on paper.
// It is personal data.
func (r Row) Text() string {
	if r.r == nil {
		return ""
	}
	return r.r.text
}

const mask = "[letter]"

// Format hides the row from every verb of fmt.
func (Row) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, mask) }

// MarshalText hides the row from encoders.
func (Row) MarshalText() ([]byte, error) { return []byte(mask), nil }

// check refuses rows that came from no constructor.
func check(op string, rows []Row) error {
	for i, r := range rows {
		if r.IsZero() {
			return fault.New(fault.Internal, op, "the row came from no constructor").Where("letter %d", i+1)
		}
	}
	return nil
}
