package store

import (
	"time"

	"ennakko/person"
)

// Staff is somebody of the city's staff who has logged in.
type Staff struct {
	Actor  string // the name in the record: "officer:liisa"
	Roles  []string
	Person person.ID // 0: the log-in did not say who they are, or the registers hold nothing of them
	Seen   time.Time
}

// Looked is a look of the data-protection officer into an unusual reading.
type Looked struct {
	ID      int64
	Kind    string
	Actor   string    // whose readings; "": of several
	Person  person.ID // of whom; 0: of several
	Through uint64    // the newest entry of the record that was looked at
	At      time.Time
	By      string
	Words   string // sealed in the store
}

// Oversight is what is written of the watch over readings.
type Oversight interface {
	// SeeStaff notes who of the staff has logged in, in the place of what was noted.
	SeeStaff(s Staff) error
	// PersonOfStaff is who a member of the staff is in the registers, by their name in the
	// record; 0: the log-in did not say, or they have not logged in.
	PersonOfStaff(actor string) (person.ID, error)
	// SetFamous puts a person on the list of famous people, or takes them off it.
	SetFamous(who person.ID, on bool, by string, now time.Time) error
	// AddLooked keeps a look into an unusual reading.
	AddLooked(l Looked) (int64, error)
}

// PermitCount counts what became of permissions in one week.
type PermitCount struct {
	Purpose string
	Kind    string // of the event: "give"
	Week    time.Time
	N       int
}

// WithdrawalCount counts what withdrawals and other ends of permissions did.
type WithdrawalCount struct {
	Purpose  string
	Ended    int // permissions that stood and stand no more
	Deleted  int // answers of sources that were kept and are gone
	Dropped  int // answers that came when the permission stood no more
	Emptied  int // proposals without their content, since it rested on them
	Kept     int // decisions that rest on them and are kept by law
	Standing int // permissions that stand
}
