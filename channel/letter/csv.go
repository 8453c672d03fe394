package letter

import (
	"encoding/csv"
	"io"
	"strconv"
	"strings"

	"ennakko/fault"
)

// CSV writes the list with one row for each letter, in the order given. A
// protected letter has the words of forwarding as its address.
func CSV(w io.Writer, rows []Row) error {
	if err := check("letter.CSV", rows); err != nil {
		return err
	}
	table := make([][]string, 0, len(rows))
	for _, x := range rows {
		r := x.r
		delivery := "post"
		if r.protected {
			delivery = "forwarded"
		}
		cells := append(make([]string, 0, 11), strconv.FormatInt(r.ref, 10), delivery, r.recipient)
		for i := range mostLines {
			line := ""
			if i < len(r.address) {
				line = r.address[i]
			}
			cells = append(cells, line)
		}
		table = append(table, append(cells, string(r.language), r.child, r.reason, r.text))
	}
	return Table(w, []string{"reference", "delivery", "recipient", "address_1", "address_2", "address_3", "address_4", "language", "child", "reason", "text"}, table)
}

// Table writes rows as spreadsheets in Finland open them: semicolons, UTF-8 with
// a byte-order mark. A cell that a spreadsheet would take for a formula begins
// with an apostrophe.
func Table(w io.Writer, header []string, rows [][]string) error {
	broken := fault.New(fault.Internal, "letter.Table", "the list could not be written")
	if _, err := io.WriteString(w, "\ufeff"); err != nil {
		return broken.Because(err)
	}
	c := csv.NewWriter(w)
	c.Comma, c.UseCRLF = ';', true
	_ = c.Write(header) // Error tells below
	for _, cells := range rows {
		safe := make([]string, len(cells))
		for i, s := range cells {
			safe[i] = guarded(s)
		}
		_ = c.Write(safe)
	}
	if c.Flush(); c.Error() != nil {
		return broken.Because(c.Error())
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
