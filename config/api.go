package config

import (
	"net"
	"net/netip"
	"net/url"

	"ennakko/fault"
)

// API are the protocols in which other systems ask. Nothing is served that is not
// named here.
type API struct {
	Listen      string `yaml:"listen"`      // a line of its own, on which callers show certificates; "": with the pages, and tokens alone
	Certificate string `yaml:"certificate"` // of that line
	Key         string `yaml:"key"`
	Roots       string `yaml:"roots"` // who certifies the callers

	Organisation struct {
		BusinessID string `yaml:"business_id"`
		Name       string `yaml:"name"`
	} `yaml:"organisation"` // the city, as other systems name it

	DataUseMonitor bool `yaml:"data_use_monitor"`
	Consent        bool `yaml:"consent"`
	GDPR           *struct {
		Audience string `yaml:"audience"` // of the tokens of the provider at which people log in
	} `yaml:"gdpr"`
	Callers []APICaller `yaml:"callers"`

	// WebhookNetworks are networks that are not public and in which webhooks may lead
	// all the same: 10.20.0.0/16.
	WebhookNetworks []string `yaml:"webhook_networks"`
}

// Networks are the networks of WebhookNetworks.
func (a API) Networks() ([]netip.Prefix, error) {
	var out []netip.Prefix
	for _, s := range a.WebhookNetworks {
		p, err := netip.ParsePrefix(s)
		if err != nil {
			return nil, fault.New(fault.Invalid, "config.Read", "api.webhook_networks holds what is no network").Do("write each as 10.20.0.0/16")
		}
		out = append(out, p.Masked())
	}
	return out, nil
}

// APICaller is another system that may ask.
type APICaller struct {
	Name         string   `yaml:"name"`         // in the record
	BusinessID   string   `yaml:"business_id"`  // of who runs it
	Organisation string   `yaml:"organisation"` // its name
	Subject      string   `yaml:"subject"`      // of its certificate; "": it has none
	TokenSHA256  string   `yaml:"token_sha256"` // of its token; "": it has none
	ClientID     string   `yaml:"client_id"`    // by which people sign in it, at the provider; "": nobody does
	Roles        []string `yaml:"roles"`
	Webhooks     []string `yaml:"webhooks"` // the hosts on which it may be told of permissions: hooks.school.example
}

func (a API) check(pages *Pages, bad func(hint, format string, args ...any)) {
	const page = "see docs/protocols.md"
	if pages == nil {
		bad(page, "api needs pages: their address and provider are the protocols', too")
	}
	if a.Organisation.BusinessID == "" || a.Organisation.Name == "" {
		bad("organisation: {business_id: 0201256-6, name: Helsingin kaupunki}", "api.organisation lacks business_id or name")
	}
	if !a.DataUseMonitor && !a.Consent && a.GDPR == nil {
		bad(page, "api names no protocol: data_use_monitor, gdpr or consent")
	}
	if a.GDPR != nil && a.GDPR.Audience == "" {
		bad("it is agreed on with the profile's keepers", "api.gdpr.audience is missing")
	}
	if (a.DataUseMonitor || a.Consent) && len(a.Callers) == 0 {
		bad(page, "api has no callers: nobody could ask")
	}
	if a.Listen != "" {
		if _, _, err := net.SplitHostPort(a.Listen); err != nil {
			bad("listen: 0.0.0.0:8445", "api.listen is not an address")
		}
		if a.Certificate == "" || a.Key == "" || a.Roots == "" {
			bad(page, "api.listen needs certificate, key and roots")
		}
	}
	if _, err := a.Networks(); err != nil {
		bad("write each as 10.20.0.0/16", "api.webhook_networks holds what is no network")
	}
	for i, c := range a.Callers {
		if len(c.Webhooks) > 0 && !a.Consent {
			bad("consent: true", "api caller %d has webhooks, and consent is not switched on", i+1)
		}
		if c.Subject != "" && a.Listen == "" {
			bad("set api.listen, or give it a token", "api caller %d has a certificate, and there is no line that asks for one", i+1)
		}
	}
	if pages != nil && a.Listen == "" {
		if u, err := url.Parse(pages.Address); err == nil && u.Scheme != "https" && !loopback(u.Hostname()) {
			bad("address: https://ennakko.example.fi", "tokens would go over a line that is not sealed")
		}
	}
}
