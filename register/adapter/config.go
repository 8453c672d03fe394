package adapter

import (
	"net"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"ennakko/fault"
	"ennakko/permission"
	"ennakko/register/certificate"
	"ennakko/register/standing"
	"ennakko/register/xroad"
	"ennakko/strictyaml"
)

// Config is all that an adapter is set up with. Read reads it from a file.
type Config struct {
	Listen  string            // where clients call: 0.0.0.0:8443
	Tell    string            // where health and metrics are told; "": nowhere
	Lines   certificate.Files // our certificate, and who certifies clients
	Marks   string            // the folder of the journal
	AtOnce  int               // requests at once (64)
	Within  time.Duration     // from the last question about the permission until the last byte has left (1s)
	Service xroad.ServiceID   // how an exchange layer calls the register; zero: there is none before us

	Register    Register
	Permissions Permissions
	Calls       []Call
	Clients     []Caller
}

// Register is the register's own interface behind the adapter.
type Register struct {
	URL     string
	Lines   certificate.Files // none: without certificates, on this machine
	Timeout time.Duration     // for a whole answer (20s)
	Largest int               // of an answer, in bytes (1 MiB)
}

// Permissions is the city's permission service.
type Permissions struct {
	URL     string
	Lines   certificate.Files
	Timeout time.Duration // for one question (2s)
	Key     standing.Key
}

// Call is one call of the register that may be made: a POST with JSON, which
// answers with JSON about one person.
type Call struct {
	Path    string // below the register's address
	Person  string // where the identity code stands in the request: /person
	About   string // where it stands in the answer; "": the answer does not say whom it is about
	Request []string
	Always  []string // what is handed over whatever the fields are: what says nothing new about the person
	Fields  []Field
}

// Field is a field, as agreements name it, with its places in the answer.
type Field struct {
	Name   permission.Field
	Places []string
}

// Caller is a client that may call.
type Caller struct {
	Name        string // in marks and the log
	Certificate string // the subject of its certificate: CN=ennakko.city.example
	Member      xroad.ClientID
	Purposes    []Purpose
}

// Purpose is what a client may ask for, and for which fields.
type Purpose struct {
	ID     string
	Fields []permission.Field
}

const page = "docs/sources.md"

// Read reads a file of settings. All that is wrong is told at once. Getenv gives
// variables of the environment, in which secrets stand.
func Read(file string, getenv func(string) string) (Config, error) {
	b, err := os.ReadFile(file) //nolint:gosec // the operator's own file
	if err != nil {
		return Config{}, fault.New(fault.Missing, "adapter.Read", "the file of settings cannot be read").Because(err).Do("name it with --config")
	}
	l := &strictyaml.Faults{Op: "adapter.Read", Dir: filepath.Dir(file), Files: []string{filepath.Base(file)}, Page: page}
	r := reader{getenv}
	c := r.config(strictyaml.Document(filepath.Base(file), b, l))
	return c, l.Err()
}

type reader struct{ getenv func(string) string }

func (r reader) config(x strictyaml.Node) (c Config) {
	k := x.Keys("listen", "certificate", "key", "client_roots", "marks", "register", "permissions", "calls", "clients", "?", "tell", "at_once", "hand_over_within", "service")
	c.Listen, c.Tell, c.Marks = address(k["listen"]), address(k["tell"]), k["marks"].Text()
	c.Lines = certificate.Files{Certificate: k["certificate"].Text(), Key: k["key"].Text(), Roots: k["client_roots"].Text()}
	c.AtOnce, c.Within = 64, time.Second
	if k["at_once"].There() {
		c.AtOnce = k["at_once"].Whole(1, 10_000)
	}
	if k["hand_over_within"].There() {
		c.Within = k["hand_over_within"].Lasting(10 * time.Second)
	}
	if s := k["service"]; s.There() {
		c.Service = parsed(s, xroad.ParseService)
	}
	c.Register = register(k["register"])
	c.Permissions = r.permissions(k["permissions"])
	known := map[permission.Field]bool{}
	seen := map[string]bool{}
	for _, n := range k["calls"].List() {
		call := readCall(n, known)
		if seen[call.Path] {
			n.Bad("put both into one", "two calls have one path")
		}
		seen[call.Path] = true
		c.Calls = append(c.Calls, call)
	}
	c.Clients = callers(k["clients"], known)
	return c
}

// parsed reads a text with a reader of its own.
func parsed[T any](x strictyaml.Node, parse func(string) (T, error)) T {
	s := x.Text()
	var zero T
	if s == "" {
		return zero
	}
	v, err := parse(s)
	if e, ok := err.(*fault.Error); ok { //nolint:errorlint // made by parse itself
		x.Bad(e.Hint, "%s", e.Show)
	}
	return v
}

func address(x strictyaml.Node) string {
	s := x.Text()
	if s == "" {
		return ""
	}
	if _, port, err := net.SplitHostPort(s); err != nil || port == "" {
		x.Bad("write it as 127.0.0.1:8443", "this is no address to serve on")
	}
	return s
}

func link(x strictyaml.Node) string {
	s := x.Text()
	if s == "" {
		return ""
	}
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.RawQuery != "" || u.User != nil || u.Fragment != "":
		x.Bad("write it as https://register.example/api", "this is no address of a server")
	case u.Scheme == "http" && !loopback(u.Hostname()):
		x.Bad("write https://, or run the adapter on the same machine", "this is an address on another machine without TLS")
	}
	return s
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func files(k map[string]strictyaml.Node, link strictyaml.Node) certificate.Files {
	f := certificate.Files{Certificate: k["certificate"].Text(), Key: k["key"].Text(), Roots: k["roots"].Text()}
	if strings.HasPrefix(link.Word(), "https:") && (f.Certificate == "" || f.Key == "" || f.Roots == "") {
		link.Bad("add certificate, key and roots: who certifies that server", "there are no certificates for this address")
	}
	return f
}

func register(x strictyaml.Node) Register {
	k := x.Keys("url", "?", "certificate", "key", "roots", "timeout", "largest")
	r := Register{URL: link(k["url"]), Lines: files(k, k["url"]), Timeout: 20 * time.Second, Largest: 1 << 20}
	if k["timeout"].There() {
		r.Timeout = k["timeout"].Lasting(10 * time.Minute)
	}
	if k["largest"].There() {
		r.Largest = k["largest"].Whole(1, 64<<20)
	}
	return r
}

var variable = regexp.MustCompile(`^\$\{([A-Za-z_][A-Za-z0-9_]*)\}$`)

func (r reader) permissions(x strictyaml.Node) Permissions {
	k := x.Keys("url", "person_key", "?", "certificate", "key", "roots", "timeout")
	p := Permissions{URL: link(k["url"]), Lines: files(k, k["url"]), Timeout: 2 * time.Second}
	if k["timeout"].There() {
		p.Timeout = k["timeout"].Lasting(time.Minute)
	}
	if m := variable.FindStringSubmatch(k["person_key"].Text()); m != nil {
		key, err := standing.ParseKey(r.getenv(m[1]))
		if err != nil {
			k["person_key"].Bad("make a key with openssl rand -hex 32, give it to the city by a safe way, and set the variable "+m[1], "the variable holds no key of people")
		}
		p.Key = key
	} else if k["person_key"].There() {
		k["person_key"].Bad("write ${PERSON_KEY}: a secret does not belong into the file", "the key of people is not the name of a variable")
	}
	return p
}

func readCall(x strictyaml.Node, known map[permission.Field]bool) (c Call) {
	k := x.Keys("path", "person", "answer_person", "request", "fields", "?", "always")
	c.Path = k["path"].Text()
	if c.Path != "" && (path.Clean("/"+c.Path) != "/"+c.Path || strings.ContainsAny(c.Path, "?#%*")) {
		k["path"].Bad("write it as v1/incomes", "this is no path below the register's address")
	}
	var request, answer shape
	put := func(n strictyaml.Node, s *shape) string {
		p := n.Text()
		if p == "" {
			return ""
		}
		if e, ok := s.add(p).(*fault.Error); ok { //nolint:errorlint // made by add itself
			n.Bad(e.Hint, "%s", e.Show)
		}
		return p
	}
	single := func(n strictyaml.Node, s *shape) string {
		p := put(n, s)
		if strings.Contains(p, "*") {
			n.Bad("a call is about one person", "the person's place is in a list")
		}
		return p
	}
	c.Person, c.About = single(k["person"], &request), single(k["answer_person"], &answer)
	for _, n := range k["request"].List() {
		c.Request = append(c.Request, put(n, &request))
	}
	if k["always"].There() {
		for _, n := range k["always"].List() {
			c.Always = append(c.Always, put(n, &answer))
		}
	}
	for _, f := range k["fields"].Pairs() {
		field := Field{Name: fieldName(f.Key, f.Name)}
		for _, n := range f.Value.List() {
			field.Places = append(field.Places, put(n, &answer))
		}
		known[field.Name] = true
		c.Fields = append(c.Fields, field)
	}
	if k["fields"].IsGroup() && len(c.Fields) == 0 {
		k["fields"].Bad("add them, with their places in the answer", "the call has no fields")
	}
	return c
}

var fieldForm = regexp.MustCompile(`^[a-z][a-z0-9._-]{0,99}$`)

func fieldName(x strictyaml.Node, s string) permission.Field {
	if !fieldForm.MatchString(s) {
		x.Bad("use small letters, digits, and . _ - between", "this is no name of a field")
	}
	return permission.Field(s)
}

func callers(x strictyaml.Node, known map[permission.Field]bool) (out []Caller) {
	names, who := map[string]bool{}, map[[2]string]bool{}
	for _, n := range x.List() {
		k := n.Keys("name", "certificate", "member", "purposes")
		c := Caller{Name: k["name"].Name(), Certificate: k["certificate"].Text(), Member: parsed(k["member"], xroad.ParseClient)}
		if names[c.Name] || who[[2]string{c.Certificate, c.Member.String()}] {
			n.Bad("put both into one", "two clients have one name, or one certificate and member")
		}
		names[c.Name], who[[2]string{c.Certificate, c.Member.String()}] = true, true
		if c.Certificate != "" && !strings.Contains(c.Certificate, "=") {
			k["certificate"].Bad("openssl x509 -in FILE -noout -subject -nameopt RFC2253 prints it", "this is no subject of a certificate")
		}
		for _, p := range k["purposes"].Pairs() {
			purpose := Purpose{ID: p.Name}
			if !fieldForm.MatchString(p.Name) {
				p.Key.Bad("use small letters, digits and -", "this is no purpose's id")
			}
			for _, f := range p.Value.List() {
				name := permission.Field(f.Text())
				if name != "" && !known[name] {
					f.Bad("name it among the fields of a call, or take it away", "no call has this field")
				}
				purpose.Fields = append(purpose.Fields, name)
			}
			c.Purposes = append(c.Purposes, purpose)
		}
		if k["purposes"].IsGroup() && len(c.Purposes) == 0 {
			k["purposes"].Bad("add one, with its fields", "the client has no purpose")
		}
		out = append(out, c)
	}
	return out
}
