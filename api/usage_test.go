package api_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"ennakko/api"
)

type usesSaid struct {
	Total  int `json:"totalUsages"`
	Usages []struct {
		LogTime                                            time.Time
		Action, ReceiverCode, ReceiverName, ReceiverSystem string
	}
}

func usageOf(who, about string, more ...string) asked {
	q := url.Values{"userCode": {about}}
	for i := 0; i+1 < len(more); i += 2 {
		q.Set(more[i], more[i+1])
	}
	return asked{Method: "GET", Path: api.UsagePrefix + "/v2/findUsage?" + q.Encode(), Token: portal, Header: map[string]string{"X-Road-UserId": who}}
}

func TestTheDataUseMonitorAnswersAsItsFileSays(t *testing.T) {
	c := newCity(t)
	p := newProtocol(t, "data-use-monitor/dumonitor-openapi.yaml", func(path string) string { return strings.TrimPrefix(path, api.UsagePrefix) })
	mother, child, father := c.code[c.adults[0]], c.code[c.child], c.code[c.adults[1]]
	find := func(q asked) (out usesSaid) {
		t.Helper()
		a := p.hold(c, q)
		if a.Status != http.StatusOK {
			t.Fatalf("%d %s", a.Status, a.Body)
		}
		if err := json.Unmarshal(a.Body, &out); err != nil {
			t.Fatal(err)
		}
		return out
	}
	all := find(usageOf("FI"+mother, "FI"+mother))
	if all.Total < 3 || len(all.Usages) != all.Total || all.Usages[0].Action == "" || all.Usages[0].ReceiverCode != "0201256-6" || all.Usages[0].ReceiverSystem != "Ennakko" {
		t.Fatalf("%+v", all)
	}
	// Looking is a use, too; it stands on the record under who looked.
	uses, err := c.app.DB.Uses(t.Context(), c.adults[0], 1)
	if err != nil || uses[0].Verb != "look at who used data" || uses[0].Detail != "through system:portal" || !strings.HasPrefix(uses[0].Actor, "resident:") {
		t.Errorf("the look is not on the record: %+v %v", uses, err)
	}
	page := find(usageOf(mother, mother, "offset", "1", "limit", "1"))
	if page.Total != all.Total+1 || len(page.Usages) != 1 || page.Usages[0].Action != all.Usages[0].Action {
		t.Errorf("%+v", page)
	}
	if none := find(usageOf(mother, mother, "limit", "0")); none.Total == 0 || len(none.Usages) != 0 {
		t.Errorf("%+v", none)
	}
	if past := find(usageOf(mother, mother, "periodEnd", "2020-01-01T00:00:00Z")); past.Total != 0 {
		t.Errorf("%+v", past)
	}
	if now := find(usageOf(mother, mother, "periodStart", day.Format(time.RFC3339), "periodEnd", day.Add(time.Hour).Format(time.RFC3339))); now.Total == 0 {
		t.Error("the period takes all away")
	}
	if ours := find(usageOf(mother, child)); ours.Total == 0 {
		t.Error("a guardian sees nothing of the child's")
	}
	if unknown := find(usageOf("131052-308T", "131052-308T")); unknown.Total != 0 {
		t.Errorf("%+v", unknown)
	}
	for name, q := range map[string]asked{
		"the other grown-up":   usageOf(mother, father),
		"the child of a child": usageOf(child, mother),
		"nobody":               usageOf(mother, "131052-308T"),
		"somebody for a child": usageOf("131052-308T", child),
	} {
		if a := p.hold(c, q); a.Status != http.StatusBadRequest || a.code() != "no-representation" {
			t.Errorf("%s: %d %s", name, a.Status, a.Body)
		}
	}
	wrong := []asked{usageOf(mother, "x"), usageOf("x", mother), usageOf(mother, mother, "limit", "-1"), usageOf(mother, mother, "limit", "1e3"), usageOf(mother, mother, "offset", "99999999999"),
		usageOf(mother, mother, "limit", "10001"), usageOf(mother, mother, "periodStart", "yesterday"), usageOf(mother, mother, "periodStart", "2026-01-02T00:00:00Z", "periodEnd", "2026-01-01T00:00:00Z"),
		usageOf(mother, mother, "usercode", mother), {Method: "GET", Path: api.UsagePrefix + "/v2/findUsage?userCode=" + mother + "&userCode=" + mother, Token: portal, Header: map[string]string{"X-Road-UserId": mother}},
		{Method: "GET", Path: api.UsagePrefix + "/v2/findUsage", Token: portal, Header: map[string]string{"X-Road-UserId": mother}},
		{Method: "GET", Path: api.UsagePrefix + "/v2/findUsage?userCode=" + mother, Token: portal},
		{Method: "GET", Path: api.UsagePrefix + "/v2/findUsage?userCode=" + mother + "&a=%zz", Token: portal, Header: map[string]string{"X-Road-UserId": mother}}}
	for _, op := range []string{"usagePeriod", "heartbeat"} {
		good := asked{Method: "GET", Path: api.UsagePrefix + "/v2/" + op, Token: portal}
		if a := p.hold(c, good); a.Status != http.StatusOK {
			t.Errorf("%s: %d %s", op, a.Status, a.Body)
		}
		good.Path += "?userCode=" + mother
		wrong = append(wrong, good)
	}
	for _, q := range wrong {
		if a := p.hold(c, q); a.Status != http.StatusBadRequest || strings.Contains(string(a.Body), mother) {
			t.Errorf("%s: %d %s", q.Path, a.Status, a.Body)
		}
	}
	p.whole(t)
	for _, code := range c.code {
		if strings.Contains(c.log.String(), code) {
			t.Error("an identity code stands in the log")
		}
	}
}

func TestACallerWhoIsNotKnownOrHasNoRoleGetsNothing(t *testing.T) {
	c := newCity(t)
	q := usageOf(c.code[c.adults[0]], c.code[c.adults[0]])
	for token, want := range map[string]int{"": 401, "x": 401, school: 403, auditor: 403, office: 403, portal: 200} {
		q.Token = token
		if a := c.ask(q); a.Status != want || want != 200 && strings.Contains(string(a.Body), "totalUsages") {
			t.Errorf("%q: %d %s", token, a.Status, a.Body)
		}
	}
	q.Token = ""
	for _, h := range []string{"Basic " + portal, "Bearer", "Bearer  " + portal, "Bearer " + portal + " x", portal} {
		q.Header["Authorization"] = h
		if a := c.ask(q); a.Status != 401 {
			t.Errorf("%q: %d", h, a.Status)
		}
	}
}
