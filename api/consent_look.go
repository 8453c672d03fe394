package api

import (
	"net/http"
	"slices"

	"github.com/RoaringBitmap/roaring/v2"

	"ennakko/fault"
	"ennakko/permission"
	"ennakko/store"
)

// kept is a permission as the records have it. That it stands there is the word of
// the record: the registers are asked when data is handed over, not here.
func (s *server) kept(r *http.Request, c Caller, p store.Permit) (*recordForm, error) {
	number, err := s.numberFor(c.Name, p.Subject)
	if err != nil {
		return nil, err
	}
	a, err := s.versionOf(p)
	if err != nil {
		return nil, err
	}
	var in *bool
	if recordState(p.State) != stateUnsigned {
		in = new(p.State == permission.Standing.String() && p.Until.After(s.Now()))
	}
	return s.record(r, number, p.ID, a, p.State, in)
}

func (s *server) versionOf(p store.Permit) (permission.Agreement, error) {
	all := s.byVersion()
	i := slices.IndexFunc(all, func(a permission.Agreement) bool { return a.Purpose() == p.Purpose && a.Version() == p.Version })
	if i < 0 {
		return permission.Agreement{}, fault.New(fault.Internal, "api.consent", "a permission is under a version that the pack has no more")
	}
	return all[i], nil
}

// lookAll lists permissions of the record; the look is on it.
func (s *server) lookAll(w http.ResponseWriter, r *http.Request, c Caller, of, verb, basis string) error {
	p, _, err := pageOf(r)
	if err != nil {
		return err
	}
	all, err := s.DB.AllPermits(r.Context(), of, p.offset, p.limit)
	if err != nil {
		return err
	}
	people := roaring.New()
	out := recordsAnswer{[]*recordForm{}}
	for _, x := range all {
		f, err := s.kept(r, c, x)
		if err != nil {
			return err
		}
		people.Add(uint32(x.Subject))
		out.Records = append(out.Records, f)
	}
	if err := s.noted(r, c, verb, basis, people); err != nil {
		return err
	}
	answer(w, http.StatusOK, out)
	return nil
}

func (s *server) lookOne(w http.ResponseWriter, r *http.Request, c Caller, own bool, verb, basis string) error {
	if _, err := query(r); err != nil {
		return err
	}
	id, ok := recordID(r.PathValue("record"))
	if !ok {
		return refuse("no-such-record", "there is no such record")
	}
	p, err := s.DB.Permit(r.Context(), id)
	if err != nil {
		return known(err, "record")
	}
	out := recordAnswer{}
	if own {
		number, err := s.numberFor(c.Name, p.Subject)
		if err != nil {
			return err
		}
		if _, err := s.DB.Individual(r.Context(), c.Name, number); err != nil {
			return known(err, "record")
		}
		if out.Revision, err = s.recordRevision(r, id); err != nil {
			return err
		}
	}
	if out.Record, err = s.kept(r, c, p); err != nil {
		return err
	}
	if err := s.noted(r, c, verb, basis, roaring.BitmapOf(uint32(p.Subject))); err != nil {
		return err
	}
	answer(w, http.StatusOK, out)
	return nil
}

// The verbs of looks by other systems.
const (
	verbVerify = "verify permissions"
	verbAudit  = "audit permissions"
)

// verifyAll lists the permissions of the caller's own individuals.
func (s *server) verifyAll(w http.ResponseWriter, r *http.Request, c Caller) error {
	return s.lookAll(w, r, c, c.Name, verbVerify, "GDPR 7(1)")
}

func (s *server) verifyOne(w http.ResponseWriter, r *http.Request, c Caller) error {
	return s.lookOne(w, r, c, true, verbVerify, "GDPR 7(1)")
}

func (s *server) auditAll(w http.ResponseWriter, r *http.Request, c Caller) error {
	return s.lookAll(w, r, c, "", verbAudit, "GDPR 5(2)")
}

func (s *server) auditOne(w http.ResponseWriter, r *http.Request, c Caller) error {
	return s.lookOne(w, r, c, false, verbAudit, "GDPR 5(2)")
}
