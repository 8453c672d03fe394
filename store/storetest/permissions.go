package storetest

import (
	"bytes"
	"context"
	"slices"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"ennakko/audit"
	"ennakko/fault"
	"ennakko/permission"
	"ennakko/person"
	"ennakko/store"
)

// Permitted is what is exercised of permissions.
type Permitted interface {
	Standing(ctx context.Context, purpose string, fields []permission.Field, who *roaring.Bitmap, at time.Time) (*roaring.Bitmap, error)
	PermitsOf(ctx context.Context, who person.ID) ([]store.Permit, error)
	PermitsAbout(ctx context.Context, about person.ID) ([]store.Permit, error)
	PermitsDue(ctx context.Context, now time.Time, limit int) ([]store.Permit, error)
	PermitsLapsed(ctx context.Context, now time.Time, limit int) ([]store.Permit, error)
	PermitsEnding(ctx context.Context, purpose string, version int, now, until time.Time, limit int) ([]store.Permit, error)
	PermitEvents(ctx context.Context, id int64) ([]store.PermitEvent, error)
	PermitReceipt(ctx context.Context, id int64, n int) ([]byte, error)
	OwedReceipts(ctx context.Context, permission int64, limit int) ([]store.OwedReceipt, error)
	AnyReceipt(ctx context.Context) (bool, error)
	Handovers(ctx context.Context, id int64) ([]store.Handover, error)
	KeptAgreement(ctx context.Context, purpose string, version int, at time.Time) (store.Agreement, error)
	MattersOf(ctx context.Context, purpose string, who person.ID) ([]store.MatterID, error)
	MattersDue(ctx context.Context, purpose, permits string, limit int) ([]store.MatterID, error)
	Proposals(ctx context.Context, act audit.Act, id store.MatterID) ([]store.Proposal, error)
	Requests(ctx context.Context, act audit.Act, limit int) ([]store.Request, error)
	RequestsOf(ctx context.Context, act audit.Act, who person.ID) ([]store.Request, error)
	Precedents(ctx context.Context) ([]store.Precedent, error)
	SourceMarks(ctx context.Context, id int64) ([]store.SourceMark, error)
}

const feePurpose = "p"

var feeFields = []permission.Field{"income.wages", "income.benefits"}

// feeAgreement is a version of an agreement over the fields.
func feeAgreement(version int, fields ...permission.Field) store.Agreement {
	return store.Agreement{Purpose: feePurpose, Version: version, Hash: "h" + string(rune('0'+version)), Since: Start, Fields: fields, Content: `{"version":1}`}
}

// grantFor opens fields of people, as permission.Check does after it has looked.
func (s *suite) grantFor(fields []permission.Field, who ...person.ID) permission.Grant {
	s.Helper()
	words := map[person.Language]string{"fi": "x", "sv": "x", "en": "x"}
	p, err := permission.NewPurpose(permission.Spec{ID: feePurpose, Name: words, Why: words, Basis: "b", Law: "l", Controller: "c", Fields: append([]permission.Field{"income.other"}, feeFields...), Until: Start.AddDate(9, 0, 0), Retention: "r"})
	s.must(err)
	g, err := permission.Check(s.act(), p, fields, permission.Just(who...), nil)
	s.must(err)
	return g
}

// give makes a standing permission of a person in a child's matter, until a day
// later.
func (s *suite) give(subject, about person.ID) (id int64) {
	s.Helper()
	s.write(func(tx store.Tx) error {
		if err := tx.AddAgreement(feeAgreement(1, feeFields...)); err != nil {
			return err
		}
		p := store.Permit{Purpose: feePurpose, Subject: subject, About: about, State: "standing", Version: 1, Until: Start.AddDate(0, 0, 1), Due: Start}
		var n int
		var err error
		if id, n, err = tx.NextReceipt(p); err != nil {
			return err
		}
		kept, err := tx.SavePermit(p, store.PermitEvent{N: n, Kind: "give", At: Start, By: subject, Version: 1, Hash: "h1", Way: "permit", Signers: []person.ID{subject, 33}, Receipt: []byte("signed")})
		if kept != id || n != 1 {
			s.Errorf("permission %d with event %d was kept as %d", id, n, kept)
		}
		return err
	})
	return id
}

// fetched keeps an answer under a permission.
func (s *suite) fetched(permit int64, subject person.ID, request, content string) (id int64) {
	s.Helper()
	g := s.grantFor(feeFields, subject)
	s.write(func(tx store.Tx) (err error) {
		id, err = tx.BeginHandover(g, store.Handover{Permission: permit, Source: "incomes", Request: request, Fields: feeFields, Asked: Start})
		if err == nil && content != "" {
			err = tx.KeepHandover(g, id, []byte(content), Start.AddDate(0, 0, 30), Start)
		}
		return err
	})
	return id
}

func (s *suite) refused(what string, want fault.Kind, do func(tx store.Tx) error) {
	s.Helper()
	before := s.entryCount()
	if err := s.s.Write(s.ctx, s.act(), do); fault.KindOf(err) != want || err == nil || s.entryCount() != before {
		s.Errorf("%s: error %v, %d entries", what, err, s.entryCount()-before)
	}
}

func agreements(s *suite) {
	a := feeAgreement(1, feeFields...)
	for range 2 {
		s.write(func(tx store.Tx) error { return tx.AddAgreement(a) })
	}
	s.refused("other words under the same version", fault.Conflict, func(tx store.Tx) error {
		b := a
		b.Hash = "other"
		return tx.AddAgreement(b)
	})
	s.write(func(tx store.Tx) error {
		b := feeAgreement(2, feeFields[0])
		b.Since = Start.AddDate(0, 0, 5)
		return tx.AddAgreement(b)
	})
	for at, want := range map[time.Time]int{Start: 1, Start.AddDate(0, 0, 4): 1, Start.AddDate(0, 0, 5): 2} {
		if got, err := s.s.KeptAgreement(s.ctx, feePurpose, 0, at); err != nil || got.Version != want {
			s.Errorf("on %v it is version %d, %v", at, got.Version, err)
		}
	}
	old, err := s.s.KeptAgreement(s.ctx, feePurpose, 1, Start.AddDate(1, 0, 0))
	s.must(err)
	if old.Content != a.Content || !slices.Equal(old.Fields, feeFields) || !old.Since.Equal(Start) {
		s.Errorf("the older version reads back as %+v", old)
	}
	for _, none := range []error{s.noAgreement("other", 0, Start), s.noAgreement(feePurpose, 3, Start), s.noAgreement(feePurpose, 0, Start.AddDate(0, 0, -1))} {
		if fault.KindOf(none) != fault.Missing {
			s.Errorf("an agreement that is not there: %v", none)
		}
	}
}

func (s *suite) noAgreement(purpose string, version int, at time.Time) error {
	_, err := s.s.KeptAgreement(s.ctx, purpose, version, at)
	return err
}

func permits(s *suite) {
	id := s.give(1, 9)
	ledger := func(at time.Time, fields ...permission.Field) []uint32 {
		out, err := s.s.Standing(s.ctx, feePurpose, fields, roaring.BitmapOf(1, 2, 3), at)
		s.must(err)
		return out.ToArray()
	}
	s.give(4, 9) // nobody asks about 4
	if got := ledger(Start, feeFields...); !slices.Equal(got, []uint32{1}) {
		s.Errorf("standing: %v", got)
	}
	for what, got := range map[string][]uint32{"when its time is over": ledger(Start.AddDate(0, 0, 1), feeFields...), "for a field that was not agreed on": ledger(Start, "income.other"),
		"for a field with any letter": ledger(Start, "income_wages")} {
		if len(got) != 0 {
			s.Errorf("%s it stands: %v", what, got)
		}
	}
	s.write(func(tx store.Tx) error {
		p, ok, err := tx.Permit(feePurpose, 1, 9)
		if !ok || p.ID != id || p.Events != 1 || !p.Due.Equal(Start) {
			s.Errorf("%+v", p)
		}
		if _, there, err := tx.Permit(feePurpose, 1, 8); there || err != nil {
			s.Errorf("a permission in another matter: %v, %v", there, err)
		}
		in, err2 := tx.Standing(feePurpose, feeFields, 9, Start, 0, 10)
		out, err3 := tx.Standing(feePurpose, feeFields, 8, Start, 0, 10)
		after, err4 := tx.Standing(feePurpose, feeFields, 9, Start, id, 10)
		if len(in) != 2 || len(out) != 0 || len(after) != 1 {
			s.Errorf("%d stand in the matter, %d in another, %d after the first", len(in), len(out), len(after))
		}
		if err = firstOf(err, err2, err3, err4); err != nil {
			return err
		}
		p.State, p.Until, p.Due = "withdrawn", time.Time{}, time.Time{}
		_, err = tx.SavePermit(p, store.PermitEvent{N: 2, Kind: "withdraw", At: Start.Add(time.Minute), By: 1, Version: 1, Hash: "h1", Receipt: []byte("signed too")})
		if in, _ := tx.Standing(feePurpose, feeFields, 9, Start, 0, 10); len(in) != 1 {
			s.Error("what is withdrawn stands in the same write")
		}
		return err
	})
	if got := ledger(Start, feeFields...); len(got) != 0 {
		s.Errorf("withdrawn, and standing: %v", got)
	}
	s.refused("an event that does not follow", fault.Conflict, func(tx store.Tx) error {
		p, err := tx.PermitOf(id)
		if err != nil {
			return err
		}
		p.Events--
		_, err = tx.SavePermit(p, store.PermitEvent{N: 2, Kind: "give", At: Start})
		return err
	})
	s.refused("no such permission", fault.Missing, func(tx store.Tx) error { _, err := tx.PermitOf(99); return err })
	s.permitsRead(id)
}

// permitsRead: events, receipts and what is due read back.
func (s *suite) permitsRead(id int64) {
	s.Helper()
	events, err := s.s.PermitEvents(s.ctx, id)
	s.must(err)
	receipt, err := s.s.PermitReceipt(s.ctx, id, 2)
	s.must(err)
	if len(events) != 2 || events[0].Kind != "give" || events[0].Way != "permit" || events[1].By != 1 || !slices.Equal(events[0].Signers, []person.ID{1, 33}) || string(receipt) != "signed too" {
		s.Errorf("%+v", events)
	}
	due, err := s.s.PermitsDue(s.ctx, Start, 10)
	s.must(err)
	lapsed, err := s.s.PermitsLapsed(s.ctx, Start.AddDate(0, 0, 1), 10)
	s.must(err)
	if len(due) != 1 || due[0].Subject != 4 || len(lapsed) != 1 || lapsed[0].Subject != 4 {
		s.Errorf("due %d, lapsed %d", len(due), len(lapsed))
	}
	s.permitsEnding(due[0])
}

// permitsEnding: who is to be asked anew is found until they were asked, and again
// after they have given it anew.
func (s *suite) permitsEnding(p store.Permit) {
	s.Helper()
	finds := func(what string, want int, version int, until time.Time) {
		s.Helper()
		got, err := s.s.PermitsEnding(s.ctx, feePurpose, version, Start, until, 10)
		s.must(err)
		if len(got) != want || want == 1 && got[0].ID != p.ID {
			s.Errorf("%s: %d end, want %d", what, len(got), want)
		}
	}
	finds("soon", 1, 1, p.Until)
	finds("not so soon", 0, 1, p.Until.Add(-time.Microsecond))
	finds("under another version", 0, 2, p.Until)
	for _, step := range []struct {
		kind string
		want int
	}{{"remind", 0}, {"renew", 1}, {"decline", 0}, {"renew", 1}, {"ask", 0}} {
		s.write(func(tx store.Tx) error {
			p.Events++
			_, err := tx.SavePermit(store.Permit{ID: p.ID, Purpose: p.Purpose, Subject: p.Subject, About: p.About, State: p.State, Version: p.Version, Until: p.Until, Due: p.Due, Events: p.Events - 1},
				store.PermitEvent{N: p.Events, Kind: step.kind, At: Start, By: p.Subject, Version: 1, Hash: "h1"})
			return err
		})
		finds("after "+step.kind, step.want, 1, p.Until)
	}
}

// owedReceipts: what is owed reads back, is made once, and then it is like any other.
func owedReceipts(s *suite) {
	if any, err := s.s.AnyReceipt(s.ctx); any || err != nil {
		s.Errorf("there is a receipt before the first: %v", err)
	}
	id, gone := s.give(1, 9), store.Deleted{Handovers: 1, Begun: 2, Proposals: 3, Kept: 4}
	other := s.give(2, 9)
	if any, err := s.s.AnyReceipt(s.ctx); !any || err != nil {
		s.Errorf("there is no receipt after the first: %v", err)
	}
	for i, x := range []int64{id, other} {
		s.write(func(tx store.Tx) error {
			p, err := tx.PermitOf(x)
			if err != nil {
				return err
			}
			at := Start.Add(time.Duration(2-i) * time.Minute)
			if _, err := tx.SavePermit(p, store.PermitEvent{N: 2, Kind: "withdraw", At: at, By: p.Subject, Version: 1, Hash: "h1"}); err != nil {
				return err
			}
			return tx.OweReceipt(store.OwedReceipt{Permission: x, N: 2, Since: at, Gone: gone})
		})
	}
	all, err := s.s.OwedReceipts(s.ctx, 0, 10)
	s.must(err)
	one, err := s.s.OwedReceipts(s.ctx, id, 10)
	s.must(err)
	if len(all) != 2 || all[0].Permission != other || len(one) != 1 || one[0] != all[1] || one[0].Gone != gone || !one[0].Since.Equal(Start.Add(2*time.Minute)) {
		s.Errorf("owed: %+v and %+v", all, one)
	}
	s.write(func(tx store.Tx) error {
		first, err := tx.KeepReceipt(id, 2, []byte("later"))
		again, err2 := tx.KeepReceipt(id, 2, []byte("again"))
		if !first || again {
			s.Errorf("kept %t, and again %t", first, again)
		}
		return firstOf(err, err2)
	})
	events, err := s.s.PermitEvents(s.ctx, id)
	s.must(err)
	theirs, err := s.s.PermitEvents(s.ctx, other)
	s.must(err)
	receipt, err := s.s.PermitReceipt(s.ctx, id, 2)
	s.must(err)
	if left, err := s.s.OwedReceipts(s.ctx, 0, 10); err != nil || len(left) != 1 || string(receipt) != "later" || !events[1].Signed || theirs[1].Signed {
		s.Errorf("%d are owed, the receipt is %q, %v", len(left), receipt, err)
	}
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func handovers(s *suite) {
	id := s.give(1, 9)
	right := s.grantFor(feeFields, 1)
	wrong := map[string]permission.Grant{"no grant": {}, "another person": s.grantFor(feeFields, 2), "fewer fields": s.grantFor(feeFields[:1], 1)}
	for what, g := range wrong {
		s.refused("to begin with "+what, fault.Refused, func(tx store.Tx) error {
			_, err := tx.BeginHandover(g, store.Handover{Permission: id, Source: "incomes", Request: "r0", Fields: feeFields, Asked: Start})
			return err
		})
	}
	open := s.fetched(id, 1, "r1", "")
	for what, g := range wrong {
		s.refused("to keep with "+what, fault.Refused, func(tx store.Tx) error { return tx.KeepHandover(g, open, []byte("x"), Start, Start) })
	}
	s.write(func(tx store.Tx) error {
		return tx.KeepHandover(right, open, []byte("SECRET"), Start.AddDate(0, 0, 30), Start)
	})
	s.refused("to keep twice", fault.Conflict, func(tx store.Tx) error { return tx.KeepHandover(right, open, []byte("x"), Start, Start) })
	s.refused("to end what has ended", fault.Conflict, func(tx store.Tx) error { return tx.EndHandover(open, store.HandoverDropped, "y", Start) })
	for what, g := range wrong {
		s.refused("to read with "+what, fault.Refused, func(tx store.Tx) error { _, err := tx.OpenHandover(g, open); return err })
	}
	s.refused("the same request twice", fault.Conflict, func(tx store.Tx) error {
		_, err := tx.BeginHandover(right, store.Handover{Permission: id, Source: "incomes", Request: "r1", Fields: feeFields, Asked: Start})
		return err
	})
	s.write(func(tx store.Tx) error {
		p, err := tx.OpenHandover(right, open)
		if string(p.Content) != "SECRET" || p.Subject != 1 || p.Handover.Request != "r1" || !slices.Equal(p.Handover.Fields, feeFields) {
			s.Errorf("%+v", p.Handover)
		}
		h, ok, err2 := tx.FreshHandover(feePurpose, "incomes", 1, Start.AddDate(0, 0, -1))
		_, late, err3 := tx.FreshHandover(feePurpose, "incomes", 1, Start.AddDate(0, 0, 2)) // the permission's time is over
		if !ok || h.ID != open || late {
			s.Errorf("fresh %v, and later %v", ok, late)
		}
		return firstOf(err, err2, err3)
	})
	proposalsRest(s, id, open)
	lost := s.fetched(id, 1, "r2", "")
	stale := s.fetched(id, 1, "r3", "old")
	s.write(func(tx store.Tx) error {
		n, err := tx.FailLost(Start.Add(time.Second), Start)
		m, err2 := tx.DeleteStale(Start.AddDate(0, 0, 30), 10)
		if n != 1 || m != 1 {
			s.Errorf("%d were lost, %d were stale", n, m)
		}
		return firstOf(err, err2)
	})
	s.refused("to read what is gone", fault.Missing, func(tx store.Tx) error { _, err := tx.OpenHandover(right, stale); return err })
	all, err := s.s.Handovers(s.ctx, id)
	s.must(err)
	if len(all) != 3 || all[0].ID != stale || all[1].ID != lost || all[1].State != store.HandoverFailed || all[2].State != store.HandoverDeleted || all[2].Why != "withdrawn" {
		s.Errorf("%+v", all)
	}
}

// proposalsRest: a withdrawal takes what was fetched and what was worked out of it,
// and leaves what was decided.
func proposalsRest(s *suite, permit, handover int64) {
	var matter store.MatterID
	var decided, open int64
	s.write(func(tx store.Tx) (err error) {
		matter, _, err = tx.OpenMatter(store.Matter{Purpose: feePurpose, Child: 9, Opened: Start, People: []store.MatterPerson{{Person: 1, Part: store.Guardian}}})
		if err != nil {
			return err
		}
		p := store.Proposal{Matter: matter, Made: Start, State: store.ProposalOpen, Content: []byte("54 EUR"), Grounds: []store.Basis{{Permission: permit, Handover: handover}}}
		if decided, err = tx.AddProposal(p); err != nil {
			return err
		}
		if err := tx.AnswerProposal(decided, store.ProposalAccepted, 1, "yes", Start); err != nil {
			return err
		}
		open, err = tx.AddProposal(p)
		return err
	})
	s.refused("to answer twice", fault.Conflict, func(tx store.Tx) error { return tx.AnswerProposal(decided, store.ProposalAsked, 1, "", Start) })
	var gone store.Deleted
	s.write(func(tx store.Tx) (err error) { gone, err = tx.DeleteHandovers(permit, "withdrawn", Start); return err })
	if gone != (store.Deleted{Handovers: 1, Proposals: 1, Kept: 1}) {
		s.Errorf("%+v", gone)
	}
	before := s.entryCount()
	all, err := s.s.Proposals(s.ctx, s.act(), matter)
	s.must(err)
	if s.entryCount() != before+1 || len(all) != 2 || all[0].ID != open || len(all[0].Content) != 0 || all[0].State != store.ProposalWithdrawn ||
		string(all[1].Content) != "54 EUR" || all[1].Words != "yes" || all[1].State != store.ProposalAccepted {
		s.Errorf("%+v", all)
	}
	defer s.write(func(tx store.Tx) error {
		early, err := tx.DeleteDecided(Start, 9)
		n, err2 := tx.DeleteDecided(Start.Add(time.Second), 9)
		left, err3 := tx.Decided(9, Start)
		if early != 0 || n != 1 || left != 0 {
			s.Errorf("%d and %d decisions were too old, %d are left", early, n, left)
		}
		return firstOf(err, err2, err3)
	})
	s.write(func(tx store.Tx) error {
		n, err := tx.Decided(9, Start)
		late, err2 := tx.Decided(1, Start.Add(time.Second))
		if n != 1 || late != 0 {
			s.Errorf("%d decisions, %d later ones", n, late)
		}
		return firstOf(err, err2)
	})
}

// erasingPermissions takes a child and a grown-up out of what was agreed, fetched
// and worked out.
func erasingPermissions(s *suite) {
	id, other := s.give(1, 9), s.give(2, 9)
	h := s.fetched(id, 1, "r1", "SECRET")
	kept := s.fetched(other, 2, "r2", "SECRET")
	var matter store.MatterID
	s.write(func(tx store.Tx) (err error) {
		if matter, _, err = tx.OpenMatter(store.Matter{Purpose: feePurpose, Child: 9, Opened: Start, People: []store.MatterPerson{{Person: 1, Part: store.Guardian}, {Person: 2, Part: store.Guardian}}}); err != nil {
			return err
		}
		if _, err = tx.AddProposal(store.Proposal{Matter: matter, Made: Start, State: store.ProposalOpen, Content: []byte("54 EUR"), Grounds: []store.Basis{{Permission: id, Handover: h}, {Permission: other, Handover: kept}}}); err != nil {
			return err
		}
		_, err = tx.AddRequest(store.Request{Kind: "k", Person: 1, Matter: matter, At: Start, Due: Start, Words: "w"})
		return err
	})
	s.write(func(tx store.Tx) error {
		e, err := tx.ErasePerson(1)
		if e.Permissions != 1 {
			s.Errorf("%+v", e)
		}
		return err
	})
	gone, err := s.s.PermitsOf(s.ctx, 1)
	s.must(err)
	there, err := s.s.PermitsOf(s.ctx, 2)
	s.must(err)
	in, err := s.s.MattersOf(s.ctx, feePurpose, 1)
	s.must(err)
	asked, err := s.s.RequestsOf(s.ctx, s.act(), 1)
	s.must(err)
	all, err := s.s.Proposals(s.ctx, s.act(), matter)
	s.must(err)
	if len(gone) != 0 || len(there) != 1 || len(in) != 0 || len(asked) != 0 || len(all) != 1 || len(all[0].Content) != 0 {
		s.Errorf("%d permissions, %d matters, %d requests are left; %d of the other; %+v", len(gone), len(in), len(asked), len(there), all)
	}
	s.write(func(tx store.Tx) error {
		p, err := tx.OpenHandover(s.grantFor(feeFields, 2), kept)
		if !bytes.Equal(p.Content, []byte("SECRET")) {
			s.Error("the other's answer is gone")
		}
		return err
	})
	s.write(func(tx store.Tx) error { _, err := tx.ErasePerson(33); return err }) // who had a say in the other's
	events, err := s.s.PermitEvents(s.ctx, other)
	s.must(err)
	if len(events) != 1 || slices.Contains(events[0].Signers, 33) || len(events[0].Signers) != 2 || events[0].By != 2 {
		s.Errorf("%+v", events)
	}
	s.write(func(tx store.Tx) error { _, err := tx.ErasePerson(9); return err })
	if left, err := s.s.PermitsAbout(s.ctx, 9); err != nil || len(left) != 0 {
		s.Errorf("%d permissions are left in the child's matter, %v", len(left), err)
	}
	if left, err := s.s.MattersOf(s.ctx, feePurpose, 2); err != nil || len(left) != 0 {
		s.Errorf("the child's matter is there: %v, %v", left, err)
	}
}
