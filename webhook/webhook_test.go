package webhook_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"ennakko/audit"
	"ennakko/fault"
	"ennakko/person"
	"ennakko/store"
	"ennakko/store/sqlite"
	"ennakko/store/tables"
	"ennakko/store/vault"
	"ennakko/webhook"
)

var morning = time.Date(2026, 11, 25, 8, 0, 0, 0, time.UTC)

const key = "a key of thirty-two bytes, or so"

// told is one request as a receiver had it.
type told struct {
	head http.Header
	body string
}

// receiver is another system.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	got    []told
	answer func(n int, w http.ResponseWriter) // to the request of a number, from 1
}

func newReceiver(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{}
	r.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		b, _ := io.ReadAll(q.Body)
		r.mu.Lock()
		r.got = append(r.got, told{q.Header.Clone(), string(b)})
		n, answer := len(r.got), r.answer
		r.mu.Unlock()
		if answer != nil {
			answer(n, w)
		}
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) requests() []told {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.got)
}

func (r *receiver) host() string { return strings.TrimPrefix(r.URL, "https://") }

// bench is a store with a webhook, and a sender to it.
type bench struct {
	*testing.T
	db   *tables.DB
	now  time.Time
	opt  webhook.Options
	hook store.WebhookID
	sent int64 // permissions
}

func newBench(t *testing.T, r *receiver) *bench {
	t.Helper()
	dir := t.TempDir()
	v, err := vault.Open(filepath.Join(dir, "keys"))
	b := &bench{T: t, now: time.Now().UTC().Truncate(time.Second)}
	b.must(err)
	b.db, err = sqlite.Open(t.Context(), filepath.Join(dir, "x.db"), v, sqlite.Options{})
	b.must(err)
	t.Cleanup(func() { _ = b.db.Close() })
	roots := x509.NewCertPool()
	roots.AddCert(r.Certificate())
	b.opt = webhook.Options{DB: b.db, Callers: map[string]webhook.Caller{"school": {Hosts: []string{r.host()}, All: true}}, Inside: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, Roots: roots,
		Holder: "w1", Record: func() time.Time { return morning }, Now: func() time.Time { return b.now }}
	b.write(func(tx store.Tx) (err error) {
		b.hook, err = tx.AddWebhook(store.Webhook{Caller: "school", Address: r.URL + "/hook", Everyone: true, Since: morning}, []byte(key))
		return err
	})
	return b
}

func (b *bench) must(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

func (b *bench) write(do func(store.Tx) error) {
	b.Helper()
	act, err := audit.Begin("officer:test", "test", "p", "law", morning)
	b.must(err)
	b.must(b.db.Write(b.Context(), act, do))
}

// give gives a permission of a person.
func (b *bench) give(who person.ID) {
	b.Helper()
	b.sent++
	b.write(func(tx store.Tx) error {
		_, err := tx.SavePermit(store.Permit{Purpose: "p", Subject: who, About: 1, State: "standing", Version: 1, Until: morning.AddDate(1, 0, 0)},
			store.PermitEvent{N: 1, Kind: "give", At: morning, By: who, Version: 1, Hash: "h", Signers: []person.ID{who}})
		return err
	})
}

// step lets a sender tell what waits now.
func (b *bench) step() int {
	b.Helper()
	s, err := webhook.New(b.opt)
	b.must(err)
	n, err := s.Step(b.Context())
	b.must(err)
	return n
}

func (b *bench) state(state string) []store.Delivery {
	b.Helper()
	all, err := b.db.Deliveries(b.Context(), b.hook, state, 100)
	b.must(err)
	return all
}

func TestAnEventIsToldOnceSignedAndSaysNothingAboutAnybody(t *testing.T) {
	r := newReceiver(t)
	b := newBench(t, r)
	b.give(4711)
	if n := b.step(); n != 1 {
		t.Fatalf("%d tries", n)
	}
	if n := b.step(); n != 0 {
		t.Errorf("it is told again: %d", n)
	}
	got := r.requests()
	if len(got) != 1 {
		t.Fatalf("%d requests", len(got))
	}
	// The signature, as a receiver checks it that knows Standard Webhooks alone.
	h := got[0].head
	m := hmac.New(sha256.New, []byte(key))
	m.Write([]byte(h.Get("webhook-id") + "." + h.Get("webhook-timestamp") + "." + got[0].body))
	if want := "v1," + base64.StdEncoding.EncodeToString(m.Sum(nil)); h.Get("webhook-signature") != want {
		t.Errorf("signed %s, not %s", h.Get("webhook-signature"), want)
	}
	if h.Get("webhook-id") != "1-1" || h.Get("webhook-timestamp") != strconv.FormatInt(b.now.Unix(), 10) || h.Get("Content-Type") != "application/json" {
		t.Errorf("%v", h)
	}
	var body map[string]any
	b.must(json.Unmarshal([]byte(got[0].body), &body))
	if body["consentRecordId"] != "1" || body["webhookEvent"].(map[string]any)["name"] != "consent-record.given" || len(body) != 4 || strings.Contains(got[0].body, "4711") {
		t.Errorf("%s", got[0].body)
	}
	uses, err := b.db.Uses(t.Context(), 4711, 9)
	b.must(err)
	if len(uses) != 1 || uses[0].Actor != "system:webhooks" || uses[0].Object != "webhook of school" || uses[0].Verb != "tell school of a permission" {
		t.Errorf("the person's record: %+v", uses)
	}
}

func TestWhatIsNotTakenIsToldAgainLaterUnderTheSameNumber(t *testing.T) {
	r := newReceiver(t)
	b := newBench(t, r)
	r.answer = func(n int, w http.ResponseWriter) {
		switch n {
		case 1:
			w.WriteHeader(http.StatusInternalServerError)
		case 2:
			w.Header().Set("Retry-After", "600")
			w.WriteHeader(http.StatusServiceUnavailable)
		case 3:
			http.Redirect(w, &http.Request{}, "https://elsewhere.example/", http.StatusFound)
		}
	}
	b.give(1)
	b.give(2)
	if n := b.step(); n != 1 {
		t.Errorf("%d tries of a receiver that fails: the others wait with it", n)
	}
	if n := b.step(); n != 0 {
		t.Errorf("it is tried again at once: %d", n)
	}
	b.now = b.now.Add(5 * time.Second) // the first gap
	if n := b.step(); n != 1 {
		t.Errorf("%d tries after the gap", n)
	}
	for _, after := range []time.Duration{11 * time.Second, 588 * time.Second} {
		b.now = b.now.Add(after)
		if n := b.step(); n != 0 {
			t.Errorf("it wants to be left alone for ten minutes, and %d are tried", n)
		}
	}
	b.now = b.now.Add(time.Second)
	if n := b.step(); n != 1 { // it sends us elsewhere: nobody goes there
		t.Errorf("%d", n)
	}
	for b.now = b.now.Add(20 * time.Minute); b.step() > 0; b.now = b.now.Add(20 * time.Minute) {
	}
	var ids []string
	for _, x := range r.requests() {
		ids = append(ids, x.head.Get("webhook-id"))
	}
	slices.Sort(ids)
	if first, _, _ := strings.Cut(r.requests()[0].body, `"timestamp"`); len(ids) != 5 || ids[0] != "1-1" || ids[4] != "2-1" || !strings.Contains(first, "consent-record.given") {
		t.Errorf("%v", ids)
	}
	if taken := b.state(store.DeliveryTaken); len(taken) != 2 || taken[0].Tries+taken[1].Tries != 5 || taken[0].Said != "HTTP 200" {
		t.Errorf("%+v", taken)
	}
}

func TestWhatNobodyTakesForThreeDaysIsGivenUpAndCanBeToldAgain(t *testing.T) {
	r := newReceiver(t)
	b := newBench(t, r)
	ok := false
	r.answer = func(_ int, w http.ResponseWriter) {
		if !ok {
			w.WriteHeader(http.StatusBadRequest)
		}
	}
	b.give(1)
	began := b.now
	for ; b.now.Sub(began) < 74*time.Hour; b.now = b.now.Add(time.Hour) {
		b.step()
	}
	gone := b.state(store.DeliveryGivenUp)
	if len(gone) != 1 || gone[0].Said != "HTTP 400" || gone[0].Ended.Sub(began) < 72*time.Hour || gone[0].Tries < 70 {
		t.Fatalf("%+v", gone)
	}
	ok = true
	b.write(func(tx store.Tx) error { _, err := tx.AgainDeliveries(b.hook); return err })
	if n := b.step(); n != 1 || len(b.state(store.DeliveryTaken)) != 1 {
		t.Errorf("%d", n)
	}
}

func TestNothingIsSentWhereTheSettingsDoNotPermitIt(t *testing.T) {
	r := newReceiver(t)
	for what, change := range map[string]func(*webhook.Options){
		"the caller is not in the settings any more": func(o *webhook.Options) { o.Callers = nil },
		"the caller may see nothing any more":        func(o *webhook.Options) { o.Callers = map[string]webhook.Caller{"school": {Hosts: []string{r.host()}}} },
		"the caller may see its own individuals only": func(o *webhook.Options) {
			o.Callers = map[string]webhook.Caller{"school": {Hosts: []string{r.host()}, Own: true}}
		},
		"the host is not permitted any more": func(o *webhook.Options) {
			o.Callers = map[string]webhook.Caller{"school": {Hosts: []string{"x.example"}, All: true}}
		},
	} {
		b := newBench(t, r)
		change(&b.opt)
		b.give(1)
		if n := b.step(); n != 0 || len(r.requests()) != 0 || len(b.state(store.DeliveryGivenUp)) != 1 {
			t.Errorf("%s: %d tries, %d requests, %+v", what, n, len(r.requests()), b.state(store.DeliveryWaiting))
		}
	}
	for what, change := range map[string]struct {
		do   func(*webhook.Options)
		said string
	}{
		"a machine of the city's own network": {func(o *webhook.Options) { o.Inside = nil }, "the host is in a network that may not be called"},
		"a certificate that nobody trusts":    {func(o *webhook.Options) { o.Roots = nil }, "its certificate is not trusted"},
	} {
		b := newBench(t, r)
		change.do(&b.opt)
		b.give(1)
		b.step()
		if all := b.state(store.DeliveryWaiting); len(r.requests()) != 0 || len(all) != 1 || all[0].Said != change.said {
			t.Errorf("%s: %d requests, %+v", what, len(r.requests()), all)
		}
	}
}

// One process has the word; when it ends, another goes on.
func TestOneProcessTellsAndAnotherTakesOver(t *testing.T) {
	r := newReceiver(t)
	b := newBench(t, r)
	if held, err := b.db.Hold(t.Context(), "webhooks", "another", time.Hour); err != nil || !held {
		t.Fatal(held, err)
	}
	taken := make(chan struct{}, 1)
	r.answer = func(int, http.ResponseWriter) { taken <- struct{}{} }
	b.give(1)
	s, err := webhook.New(b.opt)
	b.must(err)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	if held, err := b.db.Hold(t.Context(), "webhooks", "another", time.Hour); err != nil || !held {
		t.Fatal("another took the word from who has it", held, err)
	}
	if len(r.requests()) != 0 {
		t.Error("two tell at once")
	}
	// The other is silent: by the database's clock it has not been there for the lease.
	if held, err := b.db.Hold(t.Context(), "webhooks", "w1", -time.Hour); err != nil || !held {
		t.Fatal(held, err)
	}
	<-taken
	stop()
	b.must(<-ended)
}

func TestAnAddressIsHttpsOnAHostThatIsPermitted(t *testing.T) {
	hosts := []string{"hooks.school.example", "other.example:8443"}
	for address, want := range map[string]fault.Kind{
		"https://hooks.school.example/in?x=1": 0, "https://HOOKS.school.example:443/": 0, "https://other.example:8443": 0,
		"http://hooks.school.example/": fault.Invalid, "https://other.example/": fault.Refused, "https://hooks.school.example:8443/": fault.Refused, "https://evil.example/hooks.school.example": fault.Refused,
		"https://hooks.school.example.evil.example/": fault.Refused, "https://hooks.school.example@evil.example/": fault.Invalid, "https://u:p@hooks.school.example/": fault.Invalid, "https://hooks.school.example/#x": fault.Invalid,
		"https:hooks.school.example": fault.Invalid, "//hooks.school.example/": fault.Invalid, "https://": fault.Invalid, "": fault.Invalid, "https://hooks.school.example/ x": fault.Invalid, `https://evil.example\@hooks.school.example/`: fault.Invalid,
		"https://127.0.0.1/": fault.Refused, "ftp://hooks.school.example/": fault.Invalid, "https://hooks.school.example/" + strings.Repeat("x", 500): fault.Invalid,
	} {
		got, err := webhook.ParseAddress(address, hosts)
		if want == 0 {
			if u, perr := url.Parse(got); err != nil || perr != nil || u.Scheme != "https" {
				t.Errorf("%s: %v", address, err)
			}
			continue
		}
		if err == nil || fault.KindOf(err) != want || len(address) > 10 && strings.Contains(err.Error(), address) {
			t.Errorf("%s: %v", address, err)
		}
	}
	for _, bad := range []string{"", "https://x.example", "x.example/y", "X.example", "x.example:0", "x.example:y", "-x.example", "x y"} {
		if webhook.ParseHost(bad) == nil {
			t.Errorf("%q is a host", bad)
		}
	}
	for _, good := range append(hosts, "localhost:8443", "10.1.2.3", "[::1]:8443") {
		if err := webhook.ParseHost(good); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
}

func TestOnlyPublicNetworksAreCalled(t *testing.T) {
	inside := []netip.Prefix{netip.MustParsePrefix("10.20.0.0/16")}
	for ip, want := range map[string]bool{"8.8.8.8": true, "2a00:1450::1": true, "10.20.1.1": true, "::ffff:10.20.1.1": true,
		"127.0.0.1": false, "::1": false, "::ffff:127.0.0.1": false, "10.21.0.1": false, "192.168.1.1": false, "172.16.0.1": false, "169.254.169.254": false, "fe80::1": false, "fe80::1%eth0": false,
		"fd00:ec2::254": false, "0.0.0.0": false, "::": false, "100.64.0.1": false, "224.0.0.1": false, "ff02::1": false, "255.255.255.255": false, "198.18.0.1": false, "192.0.0.192": false,
		"64:ff9b::7f00:1": false, "2002:7f00:1::": false, "2001:0:1::": false, "::127.0.0.1": false, "2001:db8::1": false, "fec0::1": false} {
		if got := webhook.Reachable(netip.MustParseAddr(ip), inside); got != want {
			t.Errorf("%s: %v", ip, got)
		}
	}
}

func TestAKeyIsLongEnoughAndNeverRepeated(t *testing.T) {
	coded := "whsec_" + base64.StdEncoding.EncodeToString([]byte(key))
	for s, want := range map[string]string{key: key, coded: key, "short": "", "whsec_%%%": "", "whsec_c2hvcnQ=": "", strings.Repeat("x", 65): "", "": ""} {
		got, err := webhook.ParseKey(s)
		if string(got) != want || (err == nil) != (want != "") || err != nil && s != "" && strings.Contains(err.Error(), s) {
			t.Errorf("%q: %q, %v", s, got, err)
		}
	}
	// Standard Webhooks' own example of a signature.
	k, err := webhook.ParseKey("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	if err != nil {
		t.Fatal(err)
	}
	if got := webhook.Sign(k, "msg_p5jXN8AQM9LWM0D4loKWxJek", time.Unix(1614265330, 0), []byte(`{"test": 2432232314}`)); got != "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=" {
		t.Errorf("%s", got)
	}
}
