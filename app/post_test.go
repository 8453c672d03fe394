package app_test

import (
	"slices"
	"strings"
	"testing"

	"ennakko/audit/log"
	"ennakko/channel/suomifi"
	"ennakko/fault"
	"ennakko/store"
	"ennakko/testcity/post"
)

func (n noPhones) office(t *testing.T) (*suomifi.Client, *post.Office) {
	t.Helper()
	o := post.New()
	t.Cleanup(o.Close)
	c, err := suomifi.New(suomifi.Options{Server: o.URL, Username: post.Username, Password: post.Password, Service: "s",
		Sender:        suomifi.Address{Name: "City", Street: "Town Hall 1", PostalCode: "00100", PostOffice: "Helsinki"},
		PostiUsername: "city", PostiPassword: "posti", PostiContact: "letters@city.example"})
	if err != nil {
		t.Fatal(err)
	}
	return c, o
}

func TestLettersGoByTheNationalServiceOnce(t *testing.T) {
	n := newNoPhones(t)
	c, o := n.office(t)
	o.Mailbox("211182-905S")
	o.Break(post.AnswerLost, 1)
	if _, _, err := n.Post(t.Context(), n.pack, n.round.ID, "officer:post", c, silent); fault.KindOf(err) != fault.Later {
		t.Fatalf("the answer was lost: %v", err)
	}
	for range 2 {
		if _, _, err := n.Post(t.Context(), n.pack, n.round.ID, "officer:post", c, silent); err != nil {
			t.Fatal(err)
		}
	}
	l := o.Letters()
	if len(l) != 2 {
		t.Fatalf("%d letters to two guardians", len(l))
	}
	slices.SortFunc(l, func(a, b post.Letter) int { return strings.Compare(a.Body, b.Body) })
	holds(t, l[0].Body, true, "Dear Helmi Naava", "Kielo daycare centre")
	holds(t, l[1].Body, true, "Hyvä Otto Halla", "Päiväkoti Kielo")
	if !strings.HasPrefix(l[0].Pages, "%PDF") || l[0].Printed == l[1].Printed || !strings.Contains(l[0].To+l[1].To, "Routakuja 8, 00630 HELSINKI FI") {
		t.Errorf("to %s and %s", l[0].To, l[1].To)
	}
	list, _ := n.letters(t, "printed")
	if len(list.Rows) != 0 || list.Posted != 1 {
		t.Errorf("%d letters are printed, too; %d children left out", len(list.Rows), list.Posted)
	}
	for _, x := range l {
		if x.Printed {
			o.Return(x.ID)
		} else {
			o.Reads(x.ID)
		}
	}
	_, fates, err := n.Post(t.Context(), n.pack, n.round.ID, "officer:post", c, silent)
	if err != nil || fates[suomifi.Returned] != 1 || fates[suomifi.Read] != 1 {
		t.Errorf("%v, %v", fates, err)
	}
	f, err := n.DB.Funnel(t.Context(), n.round.ID)
	if err != nil || f.Items["by hand"] != 1 {
		t.Errorf("a letter came back: matters %v, %v", f.Items, err)
	}
	if again, _, err := n.Post(t.Context(), n.pack, n.round.ID, "officer:post", c, silent); err != nil || again.Sent != 0 || len(o.Letters()) != 2 {
		t.Errorf("%d letters again, %v", again.Sent, err)
	}
	if err := n.Sequence(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := n.Verify(t.Context(), log.VerifyOptions{}); err != nil {
		t.Error(err)
	}
}

func TestALetterThatIsNotTakenIsBeforeAPerson(t *testing.T) {
	n := newNoPhones(t)
	c, o := n.office(t)
	o.Break(post.NotTaken, 1)
	got, _, err := n.Post(t.Context(), n.pack, n.round.ID, "officer:post", c, silent)
	if err != nil || got.Refused != 1 || got.Sent != 1 {
		t.Fatalf("%d refused, %d sent, %v", got.Refused, got.Sent, err)
	}
	f, err := n.DB.Funnel(t.Context(), n.round.ID)
	if err != nil || f.Items["by hand"] != 1 {
		t.Errorf("matters %v, %v", f.Items, err)
	}
	all, err := n.DB.Posts(t.Context(), n.round.ID)
	if err != nil || len(all) != 2 || !slices.ContainsFunc(all, func(p store.Post) bool { return p.State == store.PostRefused }) {
		t.Errorf("%d letters are kept, %v", len(all), err)
	}
}

func TestAProtectedFamilyGetsNoLetterByTheNationalService(t *testing.T) {
	n := newNoPhones(t)
	n.comes(t, "2021-01-05", "2015-03-14;;0\n", "2015-03-14;;1\n")
	c, o := n.office(t)
	got, _, err := n.Post(t.Context(), n.pack, n.round.ID, "officer:post", c, silent)
	if err != nil || got.Forwarded != 1 || got.Sent != 0 || len(o.Letters()) != 0 {
		t.Errorf("%d forwarded, %d sent, %v", got.Forwarded, got.Sent, err)
	}
	if list, _ := n.letters(t, "printed"); list.Forwarded != 2 {
		t.Errorf("%d letters to be forwarded", list.Forwarded)
	}
}
