// Package config reads the program's one file of settings. Everything is checked
// before anything is opened, and all that is wrong is told at once.
//
// A value may name a variable of the environment: password: ${GATEWAY_PASSWORD}.
// Secrets belong there and not into the file.
package config

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/url"
	"os"
	"reflect"
	"regexp"
	"time"

	"go.yaml.in/yaml/v3"

	"ennakko/fault"
	"ennakko/trace"
)

// Config is all settings of a running city.
type Config struct {
	Data     string    `yaml:"data"`    // the folder of keys, facts and the log of the record
	Packs    string    `yaml:"packs"`   // a folder of services; "": the built-in ones
	Facts    string    `yaml:"facts"`   // a storage of facts that machines share; "": the folder of data
	Record   string    `yaml:"record"`  // where the log of the record is: "here", in the folder of data, or "elsewhere", on another machine
	Service  string    `yaml:"service"` // the one that is run
	Database Database  `yaml:"database"`
	Gateways []Gateway `yaml:"gateways"` // in order of preference
	Worker   Worker    `yaml:"worker"`
	Pages    *Pages    `yaml:"pages"` // nil: this city has workers only
	Backup   Backup    `yaml:"backup"`
	Erase    Erase     `yaml:"erase"`
	Mail     *Mail     `yaml:"mail"`    // nil: officers are not told by e-mail
	Letters  *Letters  `yaml:"letters"` // nil: letters are printed by the city
	Sources  *Sources  `yaml:"sources"` // nil: no register of others is asked
	API      *API      `yaml:"api"`     // nil: no other system may ask
	Traces   *Traces   `yaml:"traces"`  // nil: no collector is told how long things take
	Trial    *Trial    `yaml:"trial"`   // nil in a real city

	Oversight Oversight `yaml:"oversight"` // what is unusual in the readings of staff
}

// Database is where the records are.
type Database struct {
	Writer string `yaml:"writer"`
	Reader string `yaml:"reader"`
}

// Gateway is one way to telephones.
type Gateway struct {
	Kind string `yaml:"kind"` // smpp or kannel
	Name string `yaml:"name"`

	// Of smpp.
	Address    string        `yaml:"address"`
	SystemID   string        `yaml:"system_id"`
	SystemType string        `yaml:"system_type"`
	TwoBinds   bool          `yaml:"two_binds"`
	TLS        bool          `yaml:"tls"`
	HexIDs     bool          `yaml:"hex_ids"`
	Answer     time.Duration `yaml:"answer"`
	RefTag     uint16        `yaml:"ref_tag"`

	// Of kannel.
	Send   string `yaml:"send"`   // the address of sendsms
	Listen string `yaml:"listen"` // where reports and answers are taken
	Own    string `yaml:"own"`    // that address as Kannel sees it
	Secret string `yaml:"secret"`
	Status string `yaml:"status"` // its status page: http://127.0.0.1:13000/status.xml; "": it is not asked

	StatusPassword string `yaml:"status_password"`

	Username string `yaml:"username"`
	Password string `yaml:"password"`
	Window   int    `yaml:"window"`
}

// Worker is how this process works beside others.
type Worker struct {
	Lease  time.Duration `yaml:"lease"`  // how long it may be silent before others take over (5s)
	Doubt  time.Duration `yaml:"doubt"`  // how long a send may stay uncertain before a person sees it (2h)
	Listen string        `yaml:"listen"` // where health and metrics are told; "": nowhere
	Jobs   int           `yaml:"jobs"`   // background jobs at once (2)
}

// Backup is how backups are taken by themselves.
type Backup struct {
	Folder string        `yaml:"folder"` // on this machine; "": none are taken
	Every  time.Duration `yaml:"every"`  // how often (1h)
}

// Erase is how what may no longer be kept is erased by itself.
type Erase struct {
	Daily bool   `yaml:"daily"`
	Owner string `yaml:"owner"` // of the tables in PostgreSQL, who alone may erase
}

// Pages are the city's pages and the provider at which people log in.
type Pages struct {
	Listen  string `yaml:"listen"`  // where a proxy that ends TLS finds them
	Address string `yaml:"address"` // how browsers ask for them: https://ennakko.example.fi
	SignIn  struct {
		Issuer       string `yaml:"issuer"`
		ClientID     string `yaml:"client_id"`
		ClientSecret string `yaml:"client_secret"`
	} `yaml:"sign_in"`
}

// Mail tells officers by e-mail that something waits for them.
type Mail struct {
	Server   string        `yaml:"server"` // host:port
	Username string        `yaml:"username"`
	Password string        `yaml:"password"`
	Plain    bool          `yaml:"plain"` // without TLS
	From     string        `yaml:"from"`
	To       []string      `yaml:"to"`
	Desk     string        `yaml:"desk"`
	Every    time.Duration `yaml:"every"` // no more often than this (1h)
}

// Letters hands letters over to Suomi.fi Messages.
type Letters struct {
	Server   string `yaml:"server"`
	Username string `yaml:"username"`
	Password string `yaml:"password"`
	Service  string `yaml:"service"` // the city's service in Suomi.fi
	Sender   struct {
		Name       string `yaml:"name"`
		Street     string `yaml:"street"`
		PostalCode string `yaml:"postal_code"`
		PostOffice string `yaml:"post_office"`
	} `yaml:"sender"`
	PostiUsername string `yaml:"posti_username"` // the city's agreement on printing
	PostiPassword string `yaml:"posti_password"`
	PostiContact  string `yaml:"posti_contact"` // an e-mail address
}

// Traces tells a collector of OpenTelemetry how long things take.
type Traces struct {
	Endpoint string   `yaml:"endpoint"` // for OTLP over HTTP
	Ratio    *float64 `yaml:"ratio"`    // which part of all is told; nil: all
}

// Part is which part of all traces is told, from above 0 to 1.
func (t Traces) Part() float64 {
	if t.Ratio == nil {
		return 1
	}
	return *t.Ratio
}

// Trial lets the time run faster, for trials with made-up people. All processes
// that work together must have the same.
type Trial struct {
	From  time.Time `yaml:"from"`  // the made-up moment
	At    time.Time `yaml:"at"`    // the real moment at which it was that
	Speed float64   `yaml:"speed"` // made-up seconds in a real one
}

// Read reads a file of settings. Getenv gives variables of the environment.
func Read(path string, getenv func(string) string) (Config, error) {
	const op = "config.Read"
	b, err := os.ReadFile(path) //nolint:gosec // the caller's own file
	if err != nil {
		return Config{}, fault.New(fault.Missing, op, "the file of settings cannot be read").Because(err).Do("name it with --config")
	}
	var l fault.List
	c := Config{Record: "here", Service: "pre-primary", Worker: Worker{Lease: 5 * time.Second, Doubt: 2 * time.Hour, Jobs: 2}, Backup: Backup{Every: time.Hour}, Oversight: usualOversight()}
	d := yaml.NewDecoder(bytes.NewReader(b))
	d.KnownFields(true)
	if err := d.Decode(&c); err != nil && !errors.Is(err, io.EOF) {
		told(err, &l)
		return c, l.Err()
	}
	expand(reflect.ValueOf(&c).Elem(), getenv, &l)
	if c.Mail != nil && c.Mail.Every == 0 {
		c.Mail.Every = time.Hour
	}
	c.check(&l)
	return c, l.Err()
}

var variable = regexp.MustCompile(`\$\{([A-Za-z_][A-Za-z0-9_]*)\}`)

// expand puts variables in, in all texts.
func expand(v reflect.Value, getenv func(string) string, l *fault.List) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Field(i).CanSet() {
				expand(v.Field(i), getenv, l)
			}
		}
	case reflect.Pointer:
		if !v.IsNil() {
			expand(v.Elem(), getenv, l)
		}
	case reflect.Slice:
		for i := range v.Len() {
			expand(v.Index(i), getenv, l)
		}
	case reflect.String:
		v.SetString(variable.ReplaceAllStringFunc(v.String(), func(m string) string {
			name := variable.FindStringSubmatch(m)[1]
			value := getenv(name)
			if value == "" {
				l.Add(fault.New(fault.Invalid, "config.Read", "the variable %s is not set", name).Do("set it in the environment of the program"))
			}
			return value
		}))
	}
}

// told turns the library's faults into ours. They may hold values: of those only
// the line is told.
func told(err error, l *fault.List) {
	lines := []string{err.Error()}
	if e, ok := errors.AsType[*yaml.TypeError](err); ok {
		lines = e.Errors
	}
	at := regexp.MustCompile(`line (\d+)(?:: field (\S+) not found)?`)
	for _, s := range lines {
		m := at.FindStringSubmatch(s)
		switch {
		case m == nil:
			l.Add(fault.New(fault.Invalid, "config.Read", "the file of settings is not YAML"))
		case m[2] != "":
			l.Add(fault.New(fault.Invalid, "config.Read", "the setting %s is not known", m[2]).Where("line %s", m[1]).Do("see docs/operations.md"))
		default:
			l.Add(fault.New(fault.Invalid, "config.Read", "a value of another form belongs here").Where("line %s", m[1]).Do("see docs/operations.md: lengths of time as 5s or 2h, numbers in digits"))
		}
	}
}

func (c Config) check(l *fault.List) {
	bad := func(hint, format string, args ...any) {
		l.Add(fault.New(fault.Invalid, "config.Read", format, args...).Do("%s", hint))
	}
	if c.Data == "" {
		bad("data: /var/lib/ennakko", "the setting data is missing")
	}
	if c.Record != "here" && c.Record != "elsewhere" || c.Record == "elsewhere" && c.Database.Writer == "" {
		bad("record: here; or, on further machines with one PostgreSQL, record: elsewhere", "record says nothing that can be")
	}
	if c.Database.Reader != "" && c.Database.Writer == "" {
		bad("name the writer, too", "database has a reader and no writer")
	}
	if len(c.Gateways) == 0 {
		bad("see docs/operations.md", "there is no gateway: nothing could be sent")
	}
	seen := map[string]bool{}
	for i, g := range c.Gateways {
		if g.Name == "" || seen[g.Name] {
			bad("give each a name of its own, and never change it: reports are known by it", "gateway %d has no name, or that of another", i+1)
		}
		seen[g.Name] = true
		g.check(i+1, bad)
	}
	if c.Worker.Lease < time.Second || c.Worker.Lease > time.Minute {
		bad("5s is usual", "worker.lease is not from 1s to 1m")
	}
	if c.Worker.Doubt < time.Minute {
		bad("2h is usual", "worker.doubt is shorter than 1m")
	}
	if c.Worker.Jobs < 1 || c.Worker.Jobs > 64 {
		bad("2 is usual; one for each core", "worker.jobs is not from 1 to 64")
	}
	if c.Backup.Every < time.Minute || c.Backup.Every > 24*time.Hour {
		bad("1h is usual", "backup.every is not from 1m to 24h")
	}
	if c.Erase.Daily && c.Database.Writer != "" && c.Erase.Owner == "" {
		bad("erase: {daily: true, owner: ...}", "in PostgreSQL the owner of the tables must be named to erase")
	}
	if c.Mail != nil && c.Mail.Every < time.Second {
		bad("1h is usual", "mail.every is shorter than 1s")
	}
	if c.Pages != nil {
		c.Pages.check(bad)
	}
	if c.Sources != nil {
		c.Sources.check(bad)
	}
	if c.API != nil {
		c.API.check(c.Pages, bad)
	}
	c.Oversight.check(l)
	if t := c.Traces; t != nil {
		if f, ok := errors.AsType[*fault.Error](trace.Options{Endpoint: t.Endpoint, Ratio: t.Part()}.Check()); ok {
			l.Add(f)
		}
	}
	if t := c.Trial; t != nil && (t.From.IsZero() || t.At.IsZero() || t.Speed <= 0 || t.Speed > 1e6) {
		bad("write moments as 2021-01-07T06:00:00Z and a speed from above 0 to 1000000", "trial is not whole")
	}
}

func (p Pages) check(bad func(hint, format string, args ...any)) {
	if _, _, err := net.SplitHostPort(p.Listen); err != nil {
		bad("listen: 127.0.0.1:8080", "pages.listen is not an address")
	}
	u, err := url.Parse(p.Address)
	if err != nil || u.Host == "" || u.Path != "" || u.RawQuery != "" || u.User != nil || u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname())) {
		bad("address: https://ennakko.example.fi", "pages.address is not the https address of a site")
	}
	if p.SignIn.Issuer == "" || p.SignIn.ClientID == "" || p.SignIn.ClientSecret == "" {
		bad("the provider gives them when the city is made known to it", "pages.sign_in lacks issuer, client_id or client_secret")
	}
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func (g Gateway) check(n int, bad func(hint, format string, args ...any)) {
	need := map[string][]string{"smpp": {"address", g.Address, "system_id", g.SystemID}, "kannel": {"send", g.Send, "listen", g.Listen, "own", g.Own, "username", g.Username, "password", g.Password, "secret", g.Secret}}
	fields, known := need[g.Kind]
	if !known {
		bad("kind: smpp or kind: kannel", "gateway %d is of no kind that there is", n)
	}
	for i := 0; i+1 < len(fields); i += 2 {
		if fields[i+1] == "" {
			bad("see docs/operations.md", "gateway %d lacks %s", n, fields[i])
		}
	}
	if g.Window < 0 || g.Window > 1000 {
		bad("10 is usual; the operator says how many it allows", "gateway %d: window is not from 1 to 1000", n)
	}
}
