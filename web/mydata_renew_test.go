package web

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"testing"
)

func TestAPermissionThatEndsSoonIsGivenAnewOrLetGo(t *testing.T) {
	c := newCity().ending()
	h := handlerOf(t, c)
	shows(t, h, "aino", "/?lang=en", []string{"The permission ends soon", `href="/my/permissions/9#anew"`, "We ask this only once"}, nil)
	body := shows(t, h, "aino", "/my/permissions/9?lang=en", []string{"in force until 7 January 2022", "It was asked whether the permission goes on", "lasts: 1 year", textNow()}, []string{"has changed"})
	buttons := regexp.MustCompile(`<button class="([^"]*)" name="anew" value="([^"]*)">`).FindAllStringSubmatch(body, -1)
	if len(buttons) != 2 || buttons[0][1] != buttons[1][1] {
		t.Errorf("the buttons weigh differently: %q", buttons)
	}
	for want, location := range map[string]string{"no": "let-go", "yes": "anew"} {
		c := newCity().ending()
		w := post(t, handlerOf(t, c), "aino", "/my/permissions/9/anew", url.Values{"anew": {want}, "text": {textNow()}})
		if w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/my/permissions/9?done="+location {
			t.Errorf("%s: status %d, to %s", want, w.Code, w.Header().Get("Location"))
		}
		if got := c.requests(); !slices.Equal(got, []string{"decide anew 17 9 " + map[string]string{"yes": "true", "no": "false"}[want] + " " + textNow()}) {
			t.Errorf("%q", got)
		}
	}
	c.oma.permit.LetGo = true
	shows(t, h, "aino", "/my/permissions/9?lang=en&done=let-go", []string{"the permission will end", "You can still change your mind", `value="yes"`}, []string{`name="anew" value="no"`})
	shows(t, h, "aino", "/?lang=en", []string{"The permission will not be given anew."}, []string{"We ask this only once"})
}

func TestWhatIsNotAsItWasShownIsNotGivenAnew(t *testing.T) {
	for name, tt := range map[string]struct {
		form   url.Values
		change func(*oma)
		status int
	}{
		"nothing was chosen":    {url.Values{"anew": {"perhaps"}, "text": {textNow()}}, func(*oma) {}, http.StatusUnprocessableEntity},
		"another text":          {url.Values{"anew": {"yes"}, "text": {"old"}}, func(*oma) {}, http.StatusConflict},
		"it is taken back":      {url.Values{"anew": {"yes"}, "text": {textNow()}}, func(o *oma) { o.at(feeTakenBack); o.permit.Soon = false }, http.StatusConflict},
		"it ends as it is sent": {url.Values{"anew": {"yes"}, "text": {textNow()}}, func(o *oma) { o.ended = true }, http.StatusConflict},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCity().ending()
			tt.change(c.oma)
			if w := post(t, handlerOf(t, c), "aino", "/my/permissions/9/anew", tt.form); w.Code != tt.status || len(c.requests()) != 0 {
				t.Errorf("status %d, %q", w.Code, c.requests())
			}
		})
	}
}
