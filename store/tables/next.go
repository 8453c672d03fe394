package tables

// next is the number of the next row of a table. Numbers are given by the one
// writer, so that none is given twice and none is left out by a write that was
// not kept.
func (t *tx) next(table string) (int64, error) {
	var last *int64
	if _, err := t.one("SELECT max(id) FROM "+table, nil, &last); err != nil || last == nil {
		return 1, err
	}
	return *last + 1, nil
}
