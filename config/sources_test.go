package config_test

import (
	"os"
	"strings"
	"testing"
)

// sourcesOfTheGuide are the settings of the city's side as docs/sources.md has them.
func sourcesOfTheGuide(t *testing.T) string {
	t.Helper()
	page, err := os.ReadFile("../docs/sources.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(page), "## The city's side")
	_, rest, _ = strings.Cut(rest, "```yaml\n")
	text, _, ok := strings.Cut(rest, "```")
	if !ok {
		t.Fatal("the page has no settings of the city's side")
	}
	return text
}

var sourcesKeys = map[string]string{"DBPASSWORD": "x", "PASSWORD": "y", "INCOMES_PERSON_KEY": strings.Repeat("6b", 32)}

func TestTheGuidesSourcesAreSettings(t *testing.T) {
	c, err := read(t, whole+sourcesOfTheGuide(t), sourcesKeys)
	if err != nil {
		t.Fatal(err)
	}
	if s := c.Sources; s == nil || len(s.Registers) != 1 || s.Registers[0].ID != "incomes-register" || s.Registers[0].PersonKey != sourcesKeys["INCOMES_PERSON_KEY"] || s.Contact.BusinessID != "0201256-6" {
		t.Errorf("%+v", c.Sources)
	}
}

func TestAllThatIsWrongWithSourcesIsToldAtOnceAndNoKey(t *testing.T) {
	text := whole + sourcesOfTheGuide(t)
	for old, wrong := range map[string]string{
		"listen: 0.0.0.0:8444":                             "listen: here",
		"server: https://security-server.city.example":     "server: http://security-server.city.example",
		"client: FI/MUN/0201256-6/ennakko":                 "client: ennakko",
		"service: FI/GOV/0000000-0/register/incomes":       "service: incomes",
		"subject: CN=incomes-adapter.register.example":     "subject: ''",
		"  roots: /etc/ennakko/sources.pem":                "  roots: ''",
		"business_id: 0201256-6":                           "business_id: ''",
		"certificate: /etc/ennakko/ennakko.pem # for both": "certificate: '' # for both",
	} {
		if !strings.Contains(text, old) {
			t.Fatalf("the page does not hold %q", old)
		}
		text = strings.Replace(text, old, wrong, 1)
	}
	_, err := read(t, text, map[string]string{"DBPASSWORD": "x", "PASSWORD": "y", "INCOMES_PERSON_KEY": "hunter2"})
	if err == nil {
		t.Fatal("it was taken")
	}
	for _, want := range []string{"sources.listen", "sources.server is not", "sources.client: ", "sources.registers, incomes-register: the service's", "key of people", "no id or subject", "sources.roots is missing", "contact.business_id is missing", "sources.certificate is missing"} {
		if n := strings.Count(err.Error(), want); n != 1 {
			t.Errorf("%d times %q in:\n%v", n, want, err)
		}
	}
	if strings.Contains(err.Error(), "hunter2") {
		t.Errorf("the key is told: %v", err)
	}
	for _, cut := range []string{"server_roots: ", "  registers:", "id: ", "contact:"} {
		before, after, _ := strings.Cut(whole+sourcesOfTheGuide(t), cut)
		if _, err := read(t, before+"x-"+strings.TrimSpace(cut)+after, sourcesKeys); err == nil {
			t.Errorf("without %s it was taken", cut)
		}
	}
}
