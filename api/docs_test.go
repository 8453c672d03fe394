package api_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"ennakko/access"
	"ennakko/api"
)

// The lines of docs/protocols.md are run as they stand.
func TestTheLinesOfTheGuideRun(t *testing.T) {
	if _, err := exec.LookPath("curl"); err != nil {
		t.Fatal("there is no curl here: make test-tools installs it")
	}
	c := newCity(t)
	everything := "token-of-everything-00000000000000000"
	callers, err := api.NewCallers([]api.Caller{{Name: "curl", ID: "0000000-0", Token: api.TokenHash(everything), Hosts: []string{"localhost:8443"}, Roles: access.SystemRoles()}})
	c.must(err)
	c.serve(callers)
	site := httptest.NewServer(api.Beside(http.NotFoundHandler(), c.api))
	defer site.Close()
	b, err := os.ReadFile("../docs/protocols.md")
	c.must(err)
	n := 0
	for _, block := range regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(string(b), -1) {
		for _, line := range strings.Split(strings.TrimSpace(block[1]), "\n") {
			n++
			run := exec.CommandContext(t.Context(), "sh", "-c", line+` -w '\n%{http_code}'`)
			run.Env = append(os.Environ(), "CITY="+site.URL, "TOKEN="+everything, "CODE="+c.code[c.adults[0]], "PROFILE="+mother, "QUERY_TOKEN="+c.token("mother", gdprAudience, "gdprquery", ""),
				"HOOK_KEY="+hookKey, "DELETE_TOKEN="+c.token("mother", gdprAudience, "gdprdelete", ""))
			out, err := run.CombinedOutput()
			if err != nil || !strings.HasSuffix(string(out), "\n200") && !strings.HasSuffix(string(out), "\n204") {
				t.Errorf("%s: %v\n%s", line, err, out)
			}
		}
	}
	if n != 10 {
		t.Errorf("the guide has %d lines", n)
	}
}
