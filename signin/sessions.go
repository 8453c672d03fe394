package signin

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"

	"ennakko/access"
	"ennakko/audit"
	"ennakko/fault"
	"ennakko/person"
	"ennakko/store"
)

// How long a session lasts. Sources: OWASP ASVS 4.0.3, 3.3.2 (idle 30 minutes,
// twelve hours in all at level 2).
const (
	Idle       = 30 * time.Minute // without a page
	StaffLife  = 10 * time.Hour   // a working day
	PublicLife = 2 * time.Hour
)

// touchEvery is how often it is noted that a session is in use.
const touchEvery = time.Minute

// The purpose and the basis of what a log-in puts on the record.
const (
	purpose = "access control"
	basis   = "GDPR 32"
)

// Store keeps sessions. tables.DB does.
type Store interface {
	Write(ctx context.Context, act audit.Act, do func(store.Tx) error) error
	Session(ctx context.Context, hash []byte) (store.Session, bool, error)
	TouchSession(ctx context.Context, hash []byte, seen time.Time) error
	PersonByCode(ctx context.Context, c person.Code) (person.ID, error)
}

// Sessions are those who are logged in. A session is named by a random token
// that only the browser holds; the store holds its hash.
type Sessions struct {
	store Store
	now   func() time.Time // the machine's clock: sessions end in real time
	rand  io.Reader
}

// NewSessions makes sessions over a store.
func NewSessions(s Store, now func() time.Time) *Sessions {
	return &Sessions{store: s, now: now, rand: rand.Reader}
}

// kept is what the store seals.
type kept struct {
	Who access.Who `json:"who"`
}

// subject is a name that can stand in the record.
var subject = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$`)

// Who turns what a provider says into a person with roles. Somebody who has
// neither a role nor an identity code is refused.
func (s *Sessions) Who(ctx context.Context, id Identity) (access.Who, error) {
	const op = "signin.Who"
	if !subject.MatchString(id.Subject) {
		return access.Who{}, fault.New(fault.Refused, op, "the log-in service gave a name that cannot stand in the record").Do("names have 1 to 64 letters, digits, dots, dashes, underlines or at-signs")
	}
	w := access.Who{ID: id.Subject, Name: id.Name, Level: id.Level}
	for _, r := range access.StaffRoles() {
		if slices.Contains(id.Groups, string(r)) {
			w.Roles = append(w.Roles, r)
		}
	}
	if !w.Staff() {
		if id.Code.IsZero() {
			return access.Who{}, fault.New(fault.Refused, op, "you have no role here, and the log-in did not say who you are").Do("ask for a role, or use strong identification")
		}
		w.Roles = []access.Role{access.Resident}
	}
	if id.Code.IsZero() {
		return w, nil
	}
	number, err := s.store.PersonByCode(ctx, id.Code)
	if err != nil && fault.KindOf(err) != fault.Missing {
		return access.Who{}, err
	}
	w.Person = number // 0: the registers hold nothing of this person
	return w, nil
}

// Begin begins a session and returns its token. At is the moment on the record.
func (s *Sessions) Begin(ctx context.Context, w access.Who, at time.Time) (token string, err error) {
	const op = "signin.Begin"
	if w.Nobody() {
		return "", fault.New(fault.Refused, op, "nobody cannot log in")
	}
	b := make([]byte, 32)
	if _, err := io.ReadFull(s.rand, b); err != nil {
		return "", fault.Wrap(err, op, "no random number was to be had")
	}
	content, err := json.Marshal(kept{w})
	if err != nil {
		return "", fault.Wrap(err, op, "the session cannot be kept")
	}
	act, err := audit.Begin(w.Actor(), "log in", purpose, basis, at)
	if err != nil {
		return "", err
	}
	token = base64.RawURLEncoding.EncodeToString(b)
	now := s.now()
	err = s.store.Write(ctx, act, func(tx store.Tx) error {
		if w.Person != 0 {
			tx.About("", w.Person)
		}
		if err := link(tx, w, at); err != nil {
			return err
		}
		if w.Staff() {
			// Whose readings are watched is known by role, and where the log-in said so by person.
			staff := store.Staff{Actor: w.Actor(), Person: w.Person, Seen: at}
			for _, r := range w.Roles {
				staff.Roles = append(staff.Roles, string(r))
			}
			if err := tx.SeeStaff(staff); err != nil {
				return err
			}
		}
		return tx.AddSession(store.Session{Hash: hashOf(token), Content: content, Person: w.Person, Begun: now, Seen: now}, now.Add(-StaffLife))
	})
	return token, err
}

// link keeps which person stands behind a UUID of the log-in service, so that its
// programs can ask for a copy or an erasure at the person's own word.
func link(tx store.Tx, w access.Who, at time.Time) error {
	if !w.Is(access.Resident) || w.Level < access.Substantial || !w.Person.Known() || !IsProfile(w.ID) {
		return nil
	}
	_, err := tx.LinkProfile(strings.ToLower(w.ID), w.Person, at)
	return err
}

var profile = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

// IsProfile reports whether a name is a UUID (RFC 9562, section 4).
func IsProfile(name string) bool { return profile.MatchString(name) }

func hashOf(token string) []byte {
	h := sha256.Sum256([]byte(token))
	return h[:]
}

// Find finds the session of a token. One that was idle or lasted too long is
// not found.
func (s *Sessions) Find(ctx context.Context, token string) (access.Who, bool, error) {
	if len(token) != base64.RawURLEncoding.EncodedLen(32) {
		return access.Who{}, false, nil
	}
	found, ok, err := s.store.Session(ctx, hashOf(token))
	if err != nil || !ok {
		return access.Who{}, false, err
	}
	var k kept
	if err := json.Unmarshal(found.Content, &k); err != nil {
		return access.Who{}, false, fault.New(fault.Internal, "signin.Find", "a kept session is not readable")
	}
	life, now := PublicLife, s.now()
	if k.Who.Staff() {
		life = StaffLife
	}
	if now.Sub(found.Seen) > Idle || now.Sub(found.Begun) > life {
		return access.Who{}, false, nil
	}
	if now.Sub(found.Seen) > touchEvery {
		err = s.store.TouchSession(ctx, found.Hash, now)
	}
	return k.Who, true, err
}

// End ends the session of a token. One that is not there is none to end.
func (s *Sessions) End(ctx context.Context, token string, at time.Time) error {
	w, ok, err := s.Find(ctx, token)
	if err != nil || !ok {
		return err
	}
	act, err := audit.Begin(w.Actor(), "log out", purpose, basis, at)
	if err != nil {
		return err
	}
	return s.store.Write(ctx, act, func(tx store.Tx) error {
		if w.Person != 0 {
			tx.About("", w.Person)
		}
		return tx.EndSession(hashOf(token))
	})
}
