// Package house_test keeps the house in order: the floors of the packages, who
// may import what, and programs that must not compile.
package house_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// floors lists every package with its floor. A package imports only lower
// floors; docs/decisions/002-floors.md says why they stand as they do.
var floors = map[string]int{
	"fault": 0,

	"trace": 5,

	"audit": 10, "person": 10, "place": 10,

	"audit/log": 20, "permission": 20, "access": 20, "document": 20,

	"strictyaml": 20, "strictjson": 15, "coding": 20, "clinical": 25, "register": 30, "criteria": 30, "packs": 30,
	"permission/receipt": 30, "permission/precedent": 30,

	"library": 40, "fee": 40, "population": 45, "population/rival": 50, "register/csv": 40, "register/parquet": 40, "register/objects": 40, "register/certificate": 32, "register/xroad": 40, "register/standing": 41, "register/incomes": 42, "register/adapter": 45, "register/fhir": 40, "service": 40, "offer/assign": 40, "testcity": 42, "testcity/idp": 40, "testcity/ca": 40, "testcity/incomes": 50, "testcity/wire": 30, "testcity/pg": 40, "testcity/smsc": 76, "testcity/kannelbox": 40,

	"offer": 50, "reply": 50, "effect": 55, "needs": 55,

	"conversation": 60, "oversight": 60,

	"channel": 70,

	"channel/sms": 75, "channel/letter": 75, "channel/phone": 75, "channel/smpp": 77, "channel/kannel": 77, "channel/email": 75, "channel/suomifi": 75, "testcity/post": 40, "config": 70, "store": 75, "store/vault": 75,

	"signin": 80, "work": 80, "work/jobs": 86, "intake": 80, "store/tables": 80, "store/sqlite": 85, "store/postgres": 85, "store/storetest": 80,

	"round": 85,

	"omadata": 88,

	"app": 90,

	"webhook": 89,

	"api": 92,

	"web": 95,

	"cmd/ennakko": 100, "cmd/soak": 100,
}

// only lists who may import a package that is a door to something.
var only = map[string][]string{
	"database/sql":                           {"store/tables", "store/sqlite", "store/postgres", "store/storetest", "register/parquet", "population/rival", "channel/phone", "cmd/soak"},
	"github.com/minio/minio-go/v7":           {"register/objects"},
	"github.com/riverqueue/river":            {"store/tables", "work/jobs"},
	"modernc.org/sqlite":                     {"store/sqlite", "channel/phone"},
	"github.com/duckdb/duckdb-go/v2":         {"register/parquet", "population/rival"},
	"github.com/duckdb/duckdb-go-bindings":   {"register/parquet"},
	"cel.dev/cel-go/cel":                     {"criteria"},
	"github.com/sony/gobreaker/v2":           {"register/xroad"},
	"github.com/go-json-experiment/json":     {"strictjson"},
	"github.com/tink-crypto/tink-go/v2":      {"store/vault"},
	"github.com/transparency-dev/tessera":    {"audit/log"},
	"net/http":                               {"web", "signin", "testcity/idp", "channel/kannel", "channel/suomifi", "testcity/post", "cmd/ennakko", "register/xroad", "register/standing", "register/incomes", "register/adapter", "testcity/incomes", "api", "webhook"},
	"github.com/zitadel/oidc/v3/pkg/op":      {"testcity/idp"},
	"github.com/coreos/go-oidc/v3/oidc":      {"signin"},
	"github.com/getkin/kin-openapi/openapi3": {}, // tests alone
	"github.com/cedar-policy/cedar-go":       {"access"},
	"go.opentelemetry.io/otel/trace":         {"trace"},
	"go.opentelemetry.io/otel/sdk/trace":     {"trace"},
	"math/rand":                              {},
	"log":                                    {},
}

type pkg struct {
	ImportPath  string
	Imports     []string
	TestImports []string
}

const module = "ennakko/"

func packages(t *testing.T) []pkg {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports", "./...").Output()
	if err != nil {
		t.Fatal(err)
	}
	var all []pkg
	for dec := json.NewDecoder(bytes.NewReader(out)); dec.More(); {
		var p pkg
		if err := dec.Decode(&p); err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	return all
}

func TestFloors(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range packages(t) {
		name := strings.TrimPrefix(p.ImportPath, module)
		if name == "ennakko" {
			continue
		}
		seen[name] = true
		mine, ok := floors[name]
		if !ok {
			t.Errorf("package %s has no floor; give it one in house_test.go", name)
			continue
		}
		for _, i := range p.Imports {
			if f, ok := floors[strings.TrimPrefix(i, module)]; ok && strings.HasPrefix(i, module) && f >= mine {
				t.Errorf("%s (floor %d) imports %s (floor %d)", name, mine, i, f)
			}
			if who, ok := only[i]; ok && !slices.Contains(who, name) {
				t.Errorf("%s may not import %s; it is the door of %v", name, i, who)
			}
		}
	}
	for name := range floors {
		if !seen[name] {
			t.Errorf("the floor of %s is listed, the package is not there", name)
		}
	}
}

// Each program must fail to compile, with these words.
func TestMustNotCompile(t *testing.T) {
	for _, tt := range []struct{ name, imports, body, want string }{
		{"forge an act", `"ennakko/audit"`, `_ = audit.Act{actor: "me"}`, "cannot refer to unexported field actor"},
		{"forge a grant", `"ennakko/permission"`, `_ = permission.Grant{fields: []permission.Field{"x"}}`, "cannot refer to unexported field fields"},
		{"forge a purpose", `"ennakko/permission"`, `_ = permission.Purpose{spec: permission.Spec{}}`, "cannot refer to unexported field spec"},
		{"forge a permission", `"ennakko/permission"`, `_ = permission.Permission{purpose: "fee"}`, "cannot refer to unexported field purpose"},
		{"change a permission past its life", `"ennakko/permission"`, `var p permission.Permission; p.answers = nil`, "p.answers undefined"},
		{"forge an agreement", `"ennakko/permission"`, `_ = permission.Agreement{hash: "x"}`, "cannot refer to unexported field hash"},
		{"compare agreements past their hash", `"ennakko/permission"`, `var a, b permission.Agreement; _ = a == b`, "cannot be compared"},
		{"forge a standing grant", `"ennakko/permission"`, `_ = permission.Grant{own: nil}`, "cannot refer to unexported field own"},
		{"keep grants in a map", `"ennakko/permission"`, `_ = map[permission.Grant]int{}`, "invalid map key"},
		{"compare acts", `"ennakko/audit"`, `var a, b audit.Act; _ = a == b`, "cannot be compared"},
		{"read a register without a grant", `"context"; "ennakko/register"`, `var r register.Reader; _, _ = r.Read(context.Background(), nil, "x")`, "not enough arguments"},
		{"use a sealed value as a string", `"ennakko/register"`, `var s register.Sealed[string]; var x string = s; _ = x`, "cannot use"},
		{"read the rows of a register past the seal", `"ennakko/register"`, `var r register.Row; _ = r.facts`, "r.facts undefined"},
		{"forge a finding", `"ennakko/criteria"`, `_ = criteria.Finding{verdict: criteria.Met}`, "cannot refer to unexported field verdict"},
		{"approve what is no draft", `"ennakko/offer"`, `_ = offer.Approved{by: "me"}`, "cannot refer to unexported field by"},
		{"open a case for a draft", `"ennakko/conversation"; "ennakko/offer"; "time"`, `_, _ = conversation.Open(1, offer.Drafted{}, conversation.Names{}, nil, time.Time{})`, "cannot use"},
		{"write about a draft", `"ennakko/channel"; "ennakko/offer"`, `_, _ = channel.About(offer.Drafted{}, channel.Envelope{}, "x")`, "cannot use"},
		{"send a text that is no message", `"context"; "ennakko/channel"`, `var c channel.Channel; _, _ = c.Submit(context.Background(), []string{"hello"})`, "cannot use"},
		{"write without an act", `"context"; "ennakko/store"; "ennakko/store/tables"`, `var d tables.DB; _ = d.Write(context.Background(), func(store.Tx) error { return nil })`, "not enough arguments"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir, err := os.MkdirTemp(".", "must-not-compile-")
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = os.RemoveAll(dir) }()
			src := fmt.Sprintf("package p\n\nimport (%s)\n\nfunc f() {%s}\n", tt.imports, tt.body)
			if err := os.WriteFile(filepath.Join(dir, "x.go"), []byte(src), 0o600); err != nil {
				t.Fatal(err)
			}
			out, err := exec.Command("go", "vet", "./"+dir).CombinedOutput()
			if err == nil {
				t.Fatalf("this compiles, and must not:\n%s", src)
			}
			if !strings.Contains(string(out), tt.want) {
				t.Fatalf("it failed for another reason than %q:\n%s", tt.want, out)
			}
		})
	}
}

// TestTheSecurityChecklistNamesRealTests keeps docs/security.md from promising
// tests that are not there.
func TestTheSecurityChecklistNamesRealTests(t *testing.T) {
	list, err := os.ReadFile("docs/security.md")
	if err != nil {
		t.Fatal(err)
	}
	there := map[string]bool{}
	err = fs.WalkDir(os.DirFS("."), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "node_modules" || d.Name() == "data" || d.Name() == ".git") {
			return fs.SkipDir
		}
		if !strings.HasSuffix(path, "_test.go") {
			return nil
		}
		b, err := os.ReadFile(path)
		for _, m := range regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(`).FindAllSubmatch(b, -1) {
			there[string(m[1])] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	named := regexp.MustCompile("`((?:Test|Fuzz)\\w+)`").FindAllSubmatch(list, -1)
	if len(named) < 50 {
		t.Fatalf("only %d tests are named", len(named))
	}
	for _, m := range named {
		if !there[string(m[1])] {
			t.Errorf("docs/security.md names %s, which is not there", m[1])
		}
	}
}

// TestValuesAreSealedInOnePlace keeps sealing where all that is sealed is listed:
// what is not listed could not be sealed anew, and would be lost with its key.
func TestValuesAreSealedInOnePlace(t *testing.T) {
	var where []string
	err := fs.WalkDir(os.DirFS("."), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "node_modules" || d.Name() == "data" || d.Name() == ".git") {
			return fs.SkipDir
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		b, err := os.ReadFile(path)
		if bytes.Contains(b, []byte("vault.Seal(")) {
			where = append(where, path)
		}
		return err
	})
	if err != nil || !slices.Equal(where, []string{"store/tables/sealed.go"}) {
		t.Errorf("values are sealed in %v, %v", where, err)
	}
}
