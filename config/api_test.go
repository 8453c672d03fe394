package config_test

import (
	"strings"
	"testing"
)

const pagesForAPI = `
pages: {listen: "127.0.0.1:8080", address: "https://ennakko.example.fi", sign_in: {issuer: "https://idp.example.fi", client_id: a, client_secret: b}}
`

func TestAllThatIsWrongWithTheProtocolsIsToldAtOnce(t *testing.T) {
	for _, tt := range []struct{ yaml, want string }{
		{pagesForAPI + `api: {organisation: {business_id: 0201256-6, name: x}, data_use_monitor: true, callers: [{name: portal, token_sha256: x, roles: [usage reader]}]}`, ""},
		{pagesForAPI + `api: {organisation: {business_id: 0201256-6, name: x}, gdpr: {audience: a}}`, ""},
		{`api: {organisation: {business_id: 0201256-6, name: x}, gdpr: {audience: a}}`, "api needs pages"},
		{pagesForAPI + `api: {gdpr: {audience: a}}`, "api.organisation lacks"},
		{pagesForAPI + `api: {organisation: {business_id: a, name: x}}`, "api names no protocol"},
		{pagesForAPI + `api: {organisation: {business_id: a, name: x}, gdpr: {}}`, "api.gdpr.audience is missing"},
		{pagesForAPI + `api: {organisation: {business_id: a, name: x}, consent: true}`, "api has no callers"},
		{pagesForAPI + `api: {organisation: {business_id: a, name: x}, consent: true, listen: "0.0.0.0:1", callers: [{name: x}]}`, "api.listen needs certificate"},
		{pagesForAPI + `api: {organisation: {business_id: a, name: x}, consent: true, listen: x, callers: [{name: x}]}`, "api.listen is not an address"},
		{pagesForAPI + `api: {organisation: {business_id: a, name: x}, consent: true, callers: [{name: x, subject: CN=x}]}`, "no line that asks for one"},
	} {
		_, err := read(t, whole+tt.yaml, sourcesKeys)
		if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%s: %v", tt.yaml, err)
		}
	}
}
