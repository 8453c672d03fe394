package config

import (
	"net"
	"net/url"

	"ennakko/fault"
	"ennakko/register/standing"
	"ennakko/register/xroad"
)

// Sources are registers of others that are asked under people's permissions, and
// that ask the city in turn whether a permission stands.
type Sources struct {
	Listen      string           `yaml:"listen"`      // where sources ask
	Certificate string           `yaml:"certificate"` // ours, for both directions
	Key         string           `yaml:"key"`
	Roots       string           `yaml:"roots"`        // who certifies the sources' adapters
	Server      string           `yaml:"server"`       // our security server, through which sources are asked
	ServerRoots string           `yaml:"server_roots"` // who certifies it
	Client      string           `yaml:"client"`       // who we are in the exchange layer: FI/MUN/0201256-6/ennakko
	Registers   []SourceRegister `yaml:"registers"`
	Contact     Contact          `yaml:"contact"` // of the city, for receipts
}

// SourceRegister is one register of somebody else.
type SourceRegister struct {
	ID        string `yaml:"id"`         // as agreements name it: incomes-register
	Service   string `yaml:"service"`    // in the exchange layer
	Subject   string `yaml:"subject"`    // of its adapter's certificate
	PersonKey string `yaml:"person_key"` // for the marks of people; the register has the same
}

// Contact is how people reach who uses their data.
type Contact struct {
	BusinessID string `yaml:"business_id"` // as agreements name the user of the data
	Address    string `yaml:"address"`     // postal, in one line
	Email      string `yaml:"email"`
	URL        string `yaml:"url"`
}

func (s Sources) check(bad func(hint, format string, args ...any)) {
	const page = "see docs/sources.md"
	if _, _, err := net.SplitHostPort(s.Listen); err != nil {
		bad("listen: 0.0.0.0:8444", "sources.listen is not an address")
	}
	for _, x := range [][2]string{{"certificate", s.Certificate}, {"key", s.Key}, {"roots", s.Roots}, {"contact.business_id", s.Contact.BusinessID}, {"contact.address", s.Contact.Address}} {
		if x[1] == "" {
			bad(page, "sources.%s is missing", x[0])
		}
	}
	u, err := url.Parse(s.Server)
	if err != nil || u.Host == "" || u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname())) {
		bad("server: https://security-server.city.example", "sources.server is not the https address of the security server")
	} else if u.Scheme == "https" && s.ServerRoots == "" {
		bad(page, "sources.server_roots is missing")
	}
	say := func(where string, err error) {
		if f, ok := err.(*fault.Error); ok { //nolint:errorlint // made by the parsers themselves
			bad(f.Hint, "%s: %s", where, f.Show)
		}
	}
	_, err = xroad.ParseClient(s.Client)
	say("sources.client", err)
	if len(s.Registers) == 0 {
		bad(page, "sources names no register")
	}
	ids, subjects := map[string]bool{}, map[string]bool{}
	for i, r := range s.Registers {
		if r.ID == "" || ids[r.ID] || r.Subject == "" || subjects[r.Subject] {
			bad("give each an id and a subject of its own", "register %d of sources has no id or subject, or that of another", i+1)
		}
		ids[r.ID], subjects[r.Subject] = true, true
		_, err := xroad.ParseService(r.Service)
		say("sources.registers, "+r.ID, err)
		_, err = standing.ParseKey(r.PersonKey)
		say("sources.registers, "+r.ID, err)
	}
}
