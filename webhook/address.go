package webhook

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"ennakko/fault"
)

// mostAddress is how long an address may be, in bytes.
const mostAddress = 500

var hostForm = regexp.MustCompile(`^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$`)

// ParseHost checks a host that the settings permit: a name in small letters, as
// hooks.school.example, or with a port: hooks.school.example:8443. Without one, only
// port 443 is meant.
func ParseHost(s string) error {
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		host, port = s, "443"
	}
	n, err := strconv.Atoi(port)
	if _, notIP := netip.ParseAddr(host); (!hostForm.MatchString(host) && notIP != nil) || err != nil || n < 1 || n > 65535 {
		return fault.New(fault.Invalid, "webhook.ParseHost", "a host of webhooks is not written as hooks.school.example or hooks.school.example:8443")
	}
	return nil
}

// ParseAddress checks an address that another system names: https, on one of the hosts
// that the settings permit, with nothing in it that does not belong there. A fault never
// repeats it.
func ParseAddress(s string, hosts []string) (string, error) {
	const op = "webhook.ParseAddress"
	u, err := url.Parse(s)
	switch {
	case err != nil || len(s) > mostAddress || u.Opaque != "" || u.Hostname() == "" || u.User != nil || u.Fragment != "" || strings.ContainsAny(s, " \t\r\n\\"):
		return "", fault.New(fault.Invalid, op, "the address is not one: write https://host/path, without a name, a password or a fragment")
	case u.Scheme != "https":
		return "", fault.New(fault.Invalid, op, "the address does not begin with https://")
	}
	host := strings.ToLower(u.Hostname())
	with := net.JoinHostPort(host, cmpOr(u.Port(), "443"))
	if !slices.ContainsFunc(hosts, func(h string) bool { return h == with || net.JoinHostPort(h, "443") == with }) {
		return "", fault.New(fault.Refused, op, "the settings of the city do not permit this host to this system").Do("ask the city to permit it")
	}
	return u.String(), nil
}

func cmpOr(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// special are networks that are not of the public internet, beside those that the
// standard library knows. Sources: IANA IPv4 and IPv6 Special-Purpose Address
// Registries; RFC 6052 (an address there stands for any of IPv4), RFC 3056 and 4380
// likewise.
var special = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("192.0.0.0/24"), netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("192.88.99.0/24"),
	netip.MustParsePrefix("198.18.0.0/15"), netip.MustParsePrefix("198.51.100.0/24"), netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("240.0.0.0/4"),
	netip.MustParsePrefix("::/96"), netip.MustParsePrefix("64:ff9b::/96"), netip.MustParsePrefix("64:ff9b:1::/48"), netip.MustParsePrefix("100::/64"), netip.MustParsePrefix("2001::/23"),
	netip.MustParsePrefix("2001:db8::/32"), netip.MustParsePrefix("2002::/16"), netip.MustParsePrefix("3fff::/20"), netip.MustParsePrefix("5f00::/16"), netip.MustParsePrefix("fec0::/10"),
}

// reachable says whether an address of a machine may be called: a public one, or one
// of the networks inside that the settings name.
func reachable(ip netip.Addr, inside []netip.Prefix) bool {
	ip = ip.Unmap().WithZone("")
	in := func(p netip.Prefix) bool { return p.Contains(ip) }
	if slices.ContainsFunc(inside, in) {
		return true
	}
	return ip.IsGlobalUnicast() && !ip.IsPrivate() && !slices.ContainsFunc(special, in)
}

// errInside is why a line was not opened.
var errInside = errors.New("the host is in a network that may not be called")

// newClient makes what calls out. It looks at the address of the machine when the line
// is opened, so a name that leads elsewhere meanwhile leads nowhere. It follows nobody
// to another address, and asks no proxy.
func newClient(inside []netip.Prefix, roots *x509.CertPool) *http.Client {
	d := &net.Dialer{Timeout: 5 * time.Second, Control: func(_, address string, _ syscall.RawConn) error {
		to, err := netip.ParseAddrPort(address)
		if err != nil || !reachable(to.Addr(), inside) {
			return errInside
		}
		return nil
	}}
	return &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{DialContext: d.DialContext, TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots}, TLSHandshakeTimeout: 5 * time.Second,
			MaxIdleConnsPerHost: 1, IdleConnTimeout: 30 * time.Second, MaxResponseHeaderBytes: 16 << 10, DisableCompression: true}}
}

// trouble says why there was no answer, without the address.
func trouble(err error) string {
	var cert *tls.CertificateVerificationError
	switch {
	case errors.Is(err, errInside):
		return errInside.Error()
	case errors.As(err, &cert):
		return "its certificate is not trusted"
	case errors.Is(err, context.DeadlineExceeded):
		return "no answer in time"
	}
	if e, ok := errors.AsType[*net.OpError](err); ok && e.Op == "dial" {
		return "it cannot be reached"
	}
	return "the line broke"
}
