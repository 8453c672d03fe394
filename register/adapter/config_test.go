package adapter_test

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"ennakko/fault"
	"ennakko/register/adapter"
	"ennakko/register/incomes"
	standin "ennakko/testcity/incomes"
)

// manual is the file of settings as the page for engineers has it.
func manual(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile("../../docs/sources.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(b), "```yaml\n")
	text, _, ok := strings.Cut(rest, "```")
	if !ok {
		t.Fatal("there are no settings in the page")
	}
	return text
}

func read(t *testing.T, text string) (adapter.Config, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "adapter.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return adapter.Read(file, func(name string) string {
		if name == "PERSON_KEY" {
			return strings.Repeat("6b", 32)
		}
		return ""
	})
}

// The settings of the page are those with which the made-up register works.
func TestTheSettingsOfThePageAreWhole(t *testing.T) {
	c, err := read(t, manual(t))
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Calls) != 1 || !reflect.DeepEqual(c.Calls[0], standin.GuardedCall()) {
		t.Errorf("%+v", c.Calls)
	}
	if c.Listen != "0.0.0.0:8443" || c.AtOnce != 64 || c.Within != time.Second || c.Register.Timeout != 20*time.Second || c.Register.Largest != 1<<20 || c.Permissions.Timeout != 2*time.Second || c.Permissions.Key.IsZero() {
		t.Errorf("%+v", c)
	}
	if len(c.Clients) != 1 || c.Clients[0].Member.String() != standin.Member || c.Clients[0].Purposes[0].ID != "early-education-fee-income" || len(c.Clients[0].Purposes[0].Fields) != 3 || c.Clients[0].Purposes[0].Fields[2] != incomes.FieldCents {
		t.Errorf("%+v", c.Clients)
	}
	if c.Service.String() != standin.ServiceID {
		t.Errorf("%s", c.Service)
	}
}

// And an adapter with them guards a register: the page's call, client and fields.
func TestAnAdapterSetUpByThePageHandsOver(t *testing.T) {
	page, err := read(t, manual(t))
	if err != nil {
		t.Fatal(err)
	}
	s := open(t, func(o *standin.SourceOptions) {
		o.Guard = func(c adapter.Config) adapter.Config {
			c.Calls, c.Clients, c.Service = page.Calls, page.Clients, page.Service
			c.Clients[0].Certificate = "CN=ennakko" // as the made-up city is called
			return c
		}
	})
	q := s.request()
	q.Purpose = page.Clients[0].Purposes[0].ID
	if a, err := s.Incomes.Fetch(t.Context(), q); err != nil || len(a.Income) < 10 {
		t.Errorf("%d, %v", len(a.Income), err)
	}
}

func TestAllThatIsWrongWithTheSettingsIsToldAtOnce(t *testing.T) {
	text := manual(t)
	for old, new := range map[string]string{
		"listen: 0.0.0.0:8443":                        "listen: everywhere",
		"at_once: 64":                                 "at_once: 0",
		"hand_over_within: 1s":                        "hand_over_within: 1h",
		"url: https://127.0.0.1:9443/api":             "url: http://register.example/api",
		"url: https://ennakko.city.example:8444":      "url: ennakko.city.example",
		"person_key: ${PERSON_KEY}":                   "person_key: 6b6b6b",
		"path: incomes ":                              "path: ../incomes ",
		"person: /person  ":                           "person: /people/*",
		"request: [/from, /to":                        "request: [from, /to",
		`incomes.kind: ["/months/*/rows/*/kind"]`:     `incomes.kind: ["/months/*/rows"]`,
		"[incomes.month, incomes.kind,":               "[incomes.month, incomes.account,",
		"member: FI/MUN/0201256-6/ennakko":            "member: ennakko",
		"certificate: CN=ennakko.city.example,O=City": "certificate: ennakko",
		"tell: 127.0.0.1:9101":                        "tel: 127.0.0.1:9101",
		"service: FI/GOV/0000000-0/register/incomes":  "service: incomes",
	} {
		if !strings.Contains(text, old) {
			t.Fatalf("the page does not hold %q", old)
		}
		text = strings.Replace(text, old, new, 1)
	}
	_, err := read(t, text)
	if err == nil || fault.KindOf(err) != fault.Invalid {
		t.Fatal(err)
	}
	for _, want := range []string{"no address to serve on", "whole number from 1 to 10000", "length of time up to 10s", "without TLS", "no address of a server", "not the name of a variable", "no path below", "the person's place is in a list",
		"no place in a JSON text", "contradict each other", "no call has this field", "three or four parts", "no subject of a certificate", `"tel" is not known`, "four or five parts"} {
		if n := strings.Count(err.Error(), want); n != 1 {
			t.Errorf("%d times %q in:\n%v", n, want, err)
		}
	}
	if !strings.Contains(err.Error(), "adapter.yaml:1: ") {
		t.Errorf("no line is told: %v", err)
	}
}

func TestEachSettingThatIsNeededIsAskedFor(t *testing.T) {
	text := manual(t)
	for _, key := range []string{"listen", "certificate", "key", "client_roots", "marks", "register", "permissions", "calls", "clients"} {
		if _, err := read(t, strings.Replace(text, "\n"+key+":", "\nx-"+key+":", 1)); key != "listen" && (err == nil || !strings.Contains(err.Error(), `the key "`+key+`" is missing`)) {
			t.Errorf("%s: %v", key, err)
		}
	}
	for name, text := range map[string]string{
		"no file of roots": strings.Replace(text, "  roots: /etc/ennakko-adapter/city.pem\n", "", 1),
		"two clients":      text + strings.ReplaceAll(text[strings.Index(text, "  - name: city"):], "name: city", "name: city-too"),
		"one name":         text + strings.ReplaceAll(text[strings.Index(text, "  - name: city"):], "CN=ennakko", "CN=other"),
		"a key too short":  strings.Replace(text, "${PERSON_KEY}", "${OTHER_KEY}", 1),
		"empty":            "",
	} {
		if _, err := read(t, text); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := adapter.Read(filepath.Join(t.TempDir(), "none.yaml"), os.Getenv); fault.KindOf(err) != fault.Missing {
		t.Error(err)
	}
}
