package store

import (
	"time"

	"ennakko/person"
	"ennakko/register/parquet"
)

// Erased counts what was erased.
type Erased struct {
	People   int `json:"people"`
	Cases    int `json:"cases"`
	Messages int `json:"messages"` // out and in
	Findings int `json:"findings"`
	Entries  int `json:"entries"` // of the record: only their leaves are left
	Files    int `json:"files"`   // of facts, written anew or removed

	Permissions int `json:"permissions"` // with what was fetched under them
}

// Add adds the counts of another erasure.
func (e *Erased) Add(o Erased) {
	e.People, e.Cases, e.Messages, e.Findings, e.Entries, e.Files = e.People+o.People, e.Cases+o.Cases, e.Messages+o.Messages, e.Findings+o.Findings, e.Entries+o.Entries, e.Files+o.Files
	e.Permissions += o.Permissions
}

// Erasing takes people out of the records. What is left of a case or a finding
// is a row for the counts, with a number that is nobody's. In PostgreSQL only
// the owner of the tables may do it.
type Erasing interface {
	// Engaged are the rounds that are not closed in which a person has a part.
	Engaged(id person.ID) ([]RoundID, error)
	// Decided counts the decisions, made since a moment, in matters in which a person
	// has a part: the law keeps them.
	Decided(id person.ID, since time.Time) (int, error)
	// ErasePerson takes out what is known of a person: identity, number, and the
	// person's part in all rounds. An objection stays, with what is needed to know
	// the person again: else they would be written to again.
	ErasePerson(id person.ID) (Erased, error)
	// EraseRound takes all people out of a closed round.
	EraseRound(id RoundID) (Erased, error)
	// EraseEntries leaves no more than the leaves of the entries that are about one
	// person and nobody else, or that are older than a moment, up to the number of
	// an entry that stands in the log. The act of the write says which.
	EraseEntries(about person.ID, before time.Time, upTo uint64) (int, error)
	// ReplaceFile puts a file of facts in the place of another; one without rows
	// takes it away.
	ReplaceFile(old, now parquet.File) error
	// DropSnapshot takes the content of a snapshot away and leaves what is known
	// about it: its day, how many rows it had.
	DropSnapshot(id int64) error
}

// EraseVerb is the verb of the entries that say which entries were erased.
const EraseVerb = "erase from the record"
