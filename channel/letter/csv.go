package letter

import (
	"encoding/csv"
	"io"
	"strings"

	"ennakko/fault"
)

// CSV writes the list with one row for each letter, in the order given:
// semicolons, UTF-8 with a byte-order mark, as spreadsheets in Finland open it.
// A cell that a spreadsheet would take for a formula begins with an apostrophe.
// A protected letter has the words of forwarding as its address.
func CSV(w io.Writer, rows []Row) error {
	const op = "letter.CSV"
	if err := check(op, rows); err != nil {
		return err
	}
	if _, err := io.WriteString(w, "\ufeff"); err != nil {
		return fault.New(fault.Internal, op, "the letter list could not be written").Because(err)
	}
	c := csv.NewWriter(w)
	c.Comma, c.UseCRLF = ';', true
	_ = c.Write([]string{"delivery", "recipient", "address_1", "address_2", "address_3", "address_4", "language", "child", "reason", "text"}) // Error tells below
	for _, x := range rows {
		r := x.r
		cells := make([]string, 0, 10)
		delivery := "post"
		if r.protected {
			delivery = "forwarded"
		}
		cells = append(cells, delivery, r.recipient)
		for i := range mostLines {
			line := ""
			if i < len(r.address) {
				line = r.address[i]
			}
			cells = append(cells, line)
		}
		cells = append(cells, string(r.language), r.child, r.reason, r.text)
		for i, s := range cells {
			cells[i] = guarded(s)
		}
		_ = c.Write(cells)
	}
	if c.Flush(); c.Error() != nil {
		return fault.New(fault.Internal, op, "the letter list could not be written").Because(c.Error())
	}
	return nil
}

// guarded keeps a spreadsheet from running a cell. Source: OWASP, CSV
// Injection; the wide forms of the signs count, too.
func guarded(s string) string {
	if t := strings.TrimLeft(s, " \t\r\n\u00a0\u200b\ufeff"); t != "" && strings.ContainsRune("=+-@＝＋－＠", []rune(t)[0]) {
		return "'" + s
	}
	return s
}
