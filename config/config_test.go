package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ennakko/config"
	"ennakko/oversight"
)

func read(t *testing.T, text string, env map[string]string) (config.Config, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ennakko.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return config.Read(path, func(name string) string { return env[name] })
}

const whole = `data: /var/lib/ennakko
database: {writer: "postgres://w:${DBPASSWORD}@h/d"}
gateways:
  - kind: smpp
    name: a
    address: smsc.example:2775
    system_id: city
    password: ${PASSWORD} # not ${THIS}
  - {kind: kannel, name: b, send: "http://127.0.0.1:13013/", listen: "127.0.0.1:9013", own: "http://127.0.0.1:9013", username: u, password: p, secret: 0123456789abcdef}
worker: {lease: 3s}
mail: {server: "mail.example:587", password: "${PASSWORD}", to: ["${DBPASSWORD}@city.example"]}
traces: {endpoint: "http://127.0.0.1:4318"}
`

func TestSettingsAreReadWithTheirSecrets(t *testing.T) {
	c, err := read(t, whole, map[string]string{"DBPASSWORD": "x", "PASSWORD": `a"b: #c`})
	if err != nil {
		t.Fatal(err)
	}
	if c.Database.Writer != "postgres://w:x@h/d" || c.Gateways[0].Password != `a"b: #c` || c.Worker.Lease != 3*time.Second || c.Worker.Doubt != 2*time.Hour || c.Service != "pre-primary" {
		t.Errorf("%+v", c)
	}
	if c.Traces == nil || c.Traces.Part() != 1 {
		t.Error("the settings of traces are not as they were written")
	}
	if c.Mail == nil || c.Mail.Password != c.Gateways[0].Password || c.Mail.To[0] != "x@city.example" || c.Mail.Every != time.Hour {
		t.Error("the settings of mail are not as they were written")
	}
}

func TestAllThatIsWrongIsToldAtOnceAndNoSecret(t *testing.T) {
	_, err := read(t, `database: {reader: "postgres://r:hunter2@h/d"}
gateways:
  - {kind: pigeon, name: a, password: hunter2}
  - {kind: smpp, name: a, window: 2000}
worker: {lease: 10ms, doubt: 1s}
traces: {endpoint: "http://127.0.0.1:4318", ratio: 2}
trial: {speed: 0}
`, nil)
	for _, want := range []string{"data is missing", "no writer", "of no kind", "that of another", "lacks address", "lacks system_id", "window", "worker.lease", "worker.doubt", "ratio of traces", "trial"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not told: %v", want, err)
		}
	}
	for _, text := range []string{"data: x\npasword: hunter2\n", "data: [hunter2]\n", "data: ${HUNTER}\nworker: hunter2\n", ": hunter2 :\n\t"} {
		_, err := read(t, text, nil)
		if err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: %v", text, err)
		}
	}
	if _, err := read(t, "data: x\npasword: y\nworker: {leese: 1s}\n", nil); err == nil || !strings.Contains(err.Error(), "line 2: the setting pasword") || !strings.Contains(err.Error(), "line 3: the setting leese") {
		t.Errorf("%v", err)
	}
	if _, err := config.Read("/nowhere/x.yaml", os.Getenv); err == nil {
		t.Error("a file that is not there was read")
	}
}

func TestWhatIsUnusualIsASetting(t *testing.T) {
	usual, err := read(t, whole, map[string]string{"DBPASSWORD": "x", "PASSWORD": "y"})
	if err != nil || usual.Oversight.Rules() != oversight.Usual(nil) {
		t.Errorf("nothing is written, and the rules are %+v, %v", usual.Oversight, err)
	}
	other, err := read(t, whole+"oversight: {window: 2160h, least: 50, to: 17}\n", map[string]string{"DBPASSWORD": "x", "PASSWORD": "y"})
	want := oversight.Usual(nil)
	want.Window, want.Least, want.To = 90*24*time.Hour, 50, 17
	if err != nil || other.Oversight.Rules() != want {
		t.Errorf("%+v, %v", other.Oversight, err)
	}
	_, err = read(t, "oversight: {window: 1h, times: 0, from: 22, to: 6, readers: 1}\nworker: {lease: 10ms}\n", nil)
	for _, say := range []string{"oversight.window", "oversight.times", "oversight.from is not before oversight.to", "oversight.readers", "worker.lease", "data is missing"} {
		if err == nil || !strings.Contains(err.Error(), say) {
			t.Errorf("%q is not told: %v", say, err)
		}
	}
}

func TestTheGuidesSettingsAreSettings(t *testing.T) {
	guide, err := os.ReadFile("../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, part := range strings.Split(string(guide), "```yaml\n")[1:] {
		block, _, _ := strings.Cut(part, "```")
		all.WriteString(block)
	}
	path := filepath.Join(t.TempDir(), "ennakko.yaml")
	if err := os.WriteFile(path, []byte(all.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := config.Read(path, func(string) string { return "0123456789abcdef" })
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Gateways) < 2 || c.Pages == nil || c.Letters == nil || c.Letters.Sender.PostalCode != "00100" {
		t.Errorf("%+v", c)
	}
}

func TestPagesWithoutTheirNameAreRefused(t *testing.T) {
	for address, ok := range map[string]bool{"https://city.example": true, "http://127.0.0.1:8080": true, "http://city.example": false, "https://city.example/ennakko": false, "city.example": false} {
		_, err := read(t, `data: x
gateways: [{kind: smpp, name: a, address: "h:1", system_id: c}]
pages: {listen: "127.0.0.1:8080", address: "`+address+`", sign_in: {issuer: "https://login.example", client_id: c, client_secret: s}}
`, nil)
		if ok != (err == nil) || !ok && !strings.Contains(err.Error(), "pages.address") {
			t.Errorf("%s: %v", address, err)
		}
	}
}
