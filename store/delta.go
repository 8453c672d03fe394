package store

import (
	"ennakko/clinical"
	"ennakko/person"
)

// NewRecord is one record that came in since the last snapshot of its register.
type NewRecord struct {
	ID     int64
	Record clinical.Record
}

// Delta is what comes between two snapshots: single records, each of which is
// known from the moment on at which it was kept.
type Delta interface {
	// AddNewRecords keeps the records of one resource of one person (by its
	// Source). The same again keeps nothing, and fresh is false; other records of
	// a resource that came before take the place of what it said.
	AddNewRecords(records []clinical.Record) (fresh bool, err error)
	// FoldNewRecords notes that a snapshot has taken in all records up to a number:
	// whoever knows the snapshot reads them there. Taken is how many it took: if
	// others stand now, because one was corrected or erased in the meantime, it is
	// a fault of kind Later.
	FoldNewRecords(snapshot, upTo int64, taken int) error
}

// NewRecordsOf is whose new records are asked for; the zero value is everyone's.
type NewRecordsOf struct {
	People []person.ID
	After  int64 // only those with a greater number
}
