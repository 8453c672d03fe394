package store

import (
	"time"

	"ennakko/person"
)

// Document is a document that a grown-up sent in a matter.
type Document struct {
	ID     int64
	Matter MatterID
	Person person.ID // who sent it
	Came   time.Time
	Kind   string    // as the package document calls it
	Size   int       // bytes
	Name   string    // as the sender called it; sealed in the store. Empty when it is gone
	Until  time.Time // it is kept until then, since a decision rests on it; zero: none does
	Gone   time.Time // its content was deleted then; zero: it is there
	Why    string    // it is gone
}

// SentIn counts the documents of a matter that are there, and says when the newest came.
type SentIn struct {
	N      int
	Newest time.Time
}

// Why a document is gone.
const (
	GoneBySender  = "sender"    // who sent it deleted it
	GoneByWay     = "way"       // the sender tells the income in another way
	GoneUnneeded  = "unneeded"  // a decision was made that does not rest on it
	GoneDecided   = "decided"   // a decision rests on it, and its time is over
	GoneUndecided = "undecided" // no decision came of it in a long time
)

// Documents is what is written and read of documents, and of the hours of care that
// a family wants.
type Documents interface {
	// AddDocument keeps a document. The same content from the same person in the same
	// matter is kept once: fresh is false when it is there.
	AddDocument(d Document, content []byte) (id int64, fresh bool, err error)
	// DocumentsIn are the documents of a matter, oldest first, also those that are gone.
	DocumentsIn(id MatterID) ([]Document, error)
	// OpenDocument gives a document's content: a reading, of which the act of the write
	// tells. One that is gone, or never was, is Missing.
	OpenDocument(id int64) (Document, []byte, error)
	// DeleteDocument takes a document's content and name away. One that is gone is a
	// conflict.
	DeleteDocument(id int64, why string, now time.Time) error
	// KeepDocuments says until when the documents of a matter are kept on which a
	// decision rests now.
	KeepDocuments(id MatterID, until time.Time) (int, error)
	// DeleteDocuments takes away, at most limit of them, documents whose time is over, and
	// those without a decision that came before a moment.
	DeleteDocuments(now, undecided time.Time, limit int) (int, error)
	// SetHours notes the hours of care a week, in hundredths, that a family wants.
	SetHours(id MatterID, hours int, by person.ID, now time.Time) error
	// HoursOf are those of a child's matter for a purpose; ok is false when the family
	// has said nothing.
	HoursOf(purpose string, child person.ID) (hours int, ok bool, err error)
}
