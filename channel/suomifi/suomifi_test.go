package suomifi_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"ennakko/channel/suomifi"
	"ennakko/fault"
	"ennakko/testcity/post"
)

func options(server string) suomifi.Options {
	return suomifi.Options{Server: server, Username: post.Username, Password: post.Password, Service: "city-pre-primary",
		Sender:        suomifi.Address{Name: "City", Street: "Town Hall 1", PostalCode: "00100", PostOffice: "Helsinki"},
		PostiUsername: "city", PostiPassword: "posti", PostiContact: "letters@city.example"}
}

func client(t *testing.T) (*suomifi.Client, *post.Office) {
	t.Helper()
	o := post.New()
	t.Cleanup(o.Close)
	c, err := suomifi.New(options(o.URL))
	if err != nil {
		t.Fatal(err)
	}
	return c, o
}

func letter(id, code string) suomifi.Letter {
	return suomifi.Letter{ID: id, Code: code, Title: "A place", Body: "Hello", PDF: []byte("%PDF-1.7"),
		To: suomifi.Address{Name: "Maija Mallikas", Street: "Katu 1", PostalCode: "00200", PostOffice: "Helsinki"}}
}

func TestALetterIsReadInTheMailboxOrPrinted(t *testing.T) {
	c, o := client(t)
	o.Mailbox("131052-308T")
	if _, err := c.Send(t.Context(), letter("a", "131052-308T")); err != nil {
		t.Fatal(err)
	}
	printed, err := c.Send(t.Context(), letter("b", "010190-999R"))
	if err != nil {
		t.Fatal(err)
	}
	o.Return("b")
	events, mark, err := c.Events(t.Context(), "")
	if err == nil { // the office tells two at a time
		var more []suomifi.Event
		more, mark, err = c.Events(t.Context(), mark)
		events = append(events, more...)
	}
	if err != nil || len(events) != 3 || events[0].Fate != suomifi.InMailbox || events[1].Fate != suomifi.Printed || events[2].Fate != suomifi.Returned || events[2].Message != printed {
		t.Fatalf("%v %v", events, err)
	}
	if events, again, err := c.Events(t.Context(), mark); err != nil || len(events) != 0 || again != mark {
		t.Errorf("%v %q %v", events, again, err)
	}
	l := o.Letters()
	if len(l) != 2 || l[0].ID != "a" || l[0].Printed || l[0].Pages != "%PDF-1.7" || !l[1].Printed || l[1].To != "Maija Mallikas, Katu 1, 00200 Helsinki FI" {
		t.Errorf("%+v", l)
	}
}

func TestARepeatMakesNoSecondLetter(t *testing.T) {
	c, o := client(t)
	first, err := c.Send(t.Context(), letter("a", "131052-308T"))
	if err != nil {
		t.Fatal(err)
	}
	if second, err := c.Send(t.Context(), letter("a", "131052-308T")); err != nil || second != first {
		t.Errorf("%s, then %s: %v", first, second, err)
	}
	o.Break(post.AnswerLost, 1)
	if _, err := c.Send(t.Context(), letter("b", "131052-308T")); fault.KindOf(err) != fault.Later {
		t.Errorf("an answer was lost: %v", err)
	}
	if _, err := c.Send(t.Context(), letter("b", "131052-308T")); err != nil || len(o.Letters()) != 2 {
		t.Errorf("%d letters, %v", len(o.Letters()), err)
	}
}

func TestWhatTheServiceSaysIsTold(t *testing.T) {
	c, o := client(t)
	for how, want := range map[post.Trouble]fault.Kind{post.Down: fault.Later, post.TooMuch: fault.Later, post.NotTaken: fault.Invalid, post.Babble: fault.Later} {
		o.Break(how, 1)
		if _, err := c.Send(t.Context(), letter(string(how), "131052-308T")); fault.KindOf(err) != want {
			t.Errorf("%s: %v", how, err)
		}
	}
	o.Forget() // the token has expired
	if _, err := c.Send(t.Context(), letter("after", "131052-308T")); err != nil {
		t.Errorf("with a token that has expired: %v", err)
	}
	bad := options(o.URL)
	bad.Password = "other"
	wrong, err := suomifi.New(bad)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := wrong.Send(t.Context(), letter("x", "131052-308T")); fault.KindOf(err) != fault.Refused || strings.Contains(err.Error(), "other") {
		t.Errorf("a wrong password: %v", err)
	}
	half := letter("half", "131052-308T")
	half.To.Street = ""
	if _, err := c.Send(t.Context(), half); fault.KindOf(err) != fault.Invalid {
		t.Errorf("half a letter: %v", err)
	}
}

func TestALetterDoesNotPrint(t *testing.T) {
	if s := fmt.Sprintf("%v %+v %#v %s", letter("a", "131052-308T"), letter("a", "131052-308T"), letter("a", "131052-308T"), letter("a", "131052-308T")); strings.Contains(s, "Mallikas") || strings.Contains(s, "131052") {
		t.Error(s)
	}
}

func TestFaultsNameNothingOfTheLetter(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if strings.HasSuffix(q.URL.Path, "token") {
			_, _ = fmt.Fprint(w, `{"access_token":"t"}`)
			return
		}
		http.Error(w, `{"reason":"Maija Mallikas 131052-308T is not known"}`, http.StatusBadRequest)
	}))
	defer s.Close()
	c, err := suomifi.New(options(s.URL))
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Send(t.Context(), letter("a", "131052-308T"))
	for e := err; e != nil; e = errors.Unwrap(e) {
		if strings.Contains(e.Error(), "Mallikas") || strings.Contains(e.Error(), "131052") {
			t.Error(e)
		}
	}
	if fault.KindOf(err) != fault.Invalid {
		t.Error(err)
	}
}

func TestAllThatIsMissingIsToldAtOnce(t *testing.T) {
	_, err := suomifi.New(suomifi.Options{Server: "http://api.example"})
	for _, s := range []string{"https", "username", "posti_contact", "street"} {
		if err == nil || !strings.Contains(err.Error(), s) {
			t.Errorf("%s: %v", s, err)
		}
	}
}
