package tables

// next is the number of the next row of a table. Numbers are given by the one
// writer, so that none is given twice and none is left out by a write that was
// not kept.
func (t *tx) next(table string) (int64, error) { return t.nextOf(table, "id") }

// nextOf is next by another column. A write asks once: nobody else writes now.
func (t *tx) nextOf(table, column string) (int64, error) {
	last, known := t.last[table]
	if !known {
		var most *int64
		if _, err := t.one("SELECT max("+column+") FROM "+table, nil, &most); err != nil {
			return 0, err
		}
		if most != nil {
			last = *most
		}
	}
	t.last[table] = last + 1
	return last + 1, nil
}
