package web

import (
	"context"
	"slices"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// task is something that somebody does on a page: places to go to by Tab, with
// what is typed there.
type task struct {
	name, who, path string
	city            func() *city
	keys            []stop
	asks            string // what the city is asked
}

// stop is an element and the keys that are pressed when it has the focus.
type stop struct{ element, keys string }

// tasks are all that can be done on the pages, and ways that lead there. Each is done by keyboard alone,
// and again without JavaScript.
var tasks = []task{
	{"find people", asPreparer, "/desk/services/pre-primary", newCity, []stop{{`form[action$="/find"] button`, kb.Enter}}, "prepare 2021-01-07 officer:liisa"},
	{"try criteria", asPreparer, "/desk/services/pre-primary/try", newCity, []stop{{`#out\.alive`, " "}, {`form[action*="/try"] button`, kb.Enter}}, "try 2021-01-07 officer:liisa"},
	{"change places", asPreparer, "/desk/rounds/3/places?unit=u1/fi", func() *city { return newCity().prepared() },
		[]stop{{`form[action$="/places"] button`, kb.Enter}}, "reassign 3 u1/fi 21 officer:liisa"},
	{"send a test", asPreparer, "/desk/messages", newCity, []stop{{"#number", "0457000017"}, {`form[action^="/desk/messages"] button`, kb.Enter}}, "test officer:liisa " + aNumber + " false"},
	{"approve", asApprover, "/desk/rounds/3", func() *city { return newCity().prepared() }, []stop{{`form[action$="/approve"] button`, kb.Enter}}, "approve 3 officer:matti"},
	{"pause", asApprover, "/desk/rounds/3", func() *city { return newCity().running() },
		[]stop{{"details.hold summary", kb.Enter}, {"#hold-words", "The text is wrong"}, {`form[action$="/pause"] button`, kb.Enter}}, "pause 3 officer:matti The text is wrong"},
	{"settle a matter", asExpert, "/desk/cases/12", func() *city { return newCity().running() },
		[]stop{{"#words-5", "Called them"}, {`form[action$="/settle"] button`, kb.Enter}}, "settle 3 5 officer:sari Called them"},
	{"note an answer", asExpert, "/desk/cases/12", func() *city { return newCity().running() },
		[]stop{{"#accept", " "}, {"#phone", " "}, {`form[action$="/answer"] button`, kb.Enter}}, "decide 3 12 accept phone officer:sari"},
	{"search", asExpert, "/desk/search", func() *city { return newCity().running() }, []stop{{"#q", "Virtanen"}, {`form[action="/desk/search"] button`, kb.Enter}}, "search officer:sari"},
	{"answer", "aino", "/my/offers/12", func() *city { return newCity().running() }, []stop{{"#yes", " "}, {`form[action="/my/offers/12"] button`, kb.Enter}}, "answer online 12 17 accept"},
	{"object", "aino", "/", func() *city { return newCity().running() }, []stop{{`form[action="/my/objections"] button`, kb.Enter}}, "object 17 17 true"},
	{"ask for a correction", "aino", "/my/requests", func() *city { return newCity().running() },
		[]stop{{"#kind-access", " "}, {"#words", "All that you have"}, {`form[action^="/my/requests"] button`, kb.Enter}}, "ask 17 0 access All that you have"},
	{"permit the fetch", "aino", "/my/fees/5", func() *city { return newCity().withOma(feeOffered) }, []stop{{`button[value="permit"]`, kb.Enter}}, "choose 17 5 permit"},
	{"send documents", "aino", "/my/fees/5", func() *city { return newCity().withOma(feeOffered) }, []stop{{`button[value="documents"]`, kb.Enter}}, "choose 17 5 documents"},
	{"pay the highest fee", "aino", "/my/fees/5", func() *city { return newCity().withOma(feeOffered) }, []stop{{`button[value="highest-fee"]`, kb.Enter}}, "choose 17 5 highest-fee"},
	{"put it off", "aino", "/my/fees/5", func() *city { return newCity().withOma(feeOffered) }, []stop{{`button[value="not-now"]`, kb.Enter}}, "choose 17 5 not-now"},
	{"accept the fee", "aino", "/my/fees/5", func() *city { return newCity().withOma(feeProposed) }, []stop{{`button[value="accept"]`, kb.Enter}}, "answer fee 17 5 true"},
	{"ask a person", "aino", "/my/fees/5", func() *city { return newCity().withOma(feeAnew) },
		[]stop{{"#words", "I was ill in May"}, {`button[value="person"]`, kb.Enter}}, "answer fee 17 5 false I was ill in May"},
	{"give a permission anew", "aino", "/my/permissions/9", func() *city { return newCity().ending() }, []stop{{`button[name=anew][value=yes]`, kb.Enter}}, "decide anew 17 9 true " + textNow()},
	{"take a permission back", "aino", "/my/permissions/9", func() *city { return newCity().withOma(feeAccepted) }, []stop{{`form[action$="/take-back"] button`, kb.Enter}}, "take back 17 9"},
	{"say how many hours", "aino", "/my/fees/5", func() *city { return newCity().withOma(feeProposed) }, []stop{{"#week", kb.End + "\b\b\b\b25"}, {`form[action$="/hours"] button`, kb.Enter}}, "set hours 17 5 2500"},
	{"ask for a place", "aino", "/my/fees/5", func() *city { return newCity().withoutPlace() }, []stop{{"#wish", "From August, in Swedish"}, {`form[action$="/place"] button`, kb.Enter}}, "ask for a place 17 5 From August, in Swedish"},
	{"delete a document", "aino", "/my/fees/5", func() *city { return newCity().withDocuments() }, []stop{{`form[action$="/documents/21/delete"] button`, kb.Enter}}, "delete document 17 5 21"},
	{"assess an income", asExpert, "/desk/fees/4", func() *city { return newCity().withOma(feePerson) },
		[]stop{{"#amount-1-1", "3200,50"}, {"#reason", "From the pay slips"}, {`button[value="propose"]`, kb.Enter}}, "assess 4 officer:sari 1 wages 320050, 2 fetched From the pay slips"},
	{"settle a task", asExpert, "/desk/fees/4", func() *city { return newCity().withOma(feePerson) }, []stop{{"#words", "It is right"}, {`form[action="/desk/fees/4"] button`, kb.Enter}}, "settle fee 4 officer:sari It is right"},
	{"erase own data", "aino", "/my/erase", func() *city { return newCity().withOma(feeAccepted) }, []stop{{"#sure", " "}, {`form[action="/my/erase"] button`, kb.Enter}}, "erase own data 17 now"},
	{"run the criteria of care", asPreparer, "/desk/care", func() *city { return newCity().withCare(false) }, []stop{{`form[action$="/care/run"] button`, kb.Enter}}, "run care 2021-01-07 officer:liisa"},
	{"judge the signs", asPreparer, "/desk/care-needs", func() *city { return newCity().withCare(false) }, []stop{{`form[action$="/care-needs/run"] button`, kb.Enter}}, "needs 2020 officer:liisa"},
	{"try another threshold", asPreparer, "/desk/care/hypertension-treated/what-if", func() *city { return newCity().withCare(true) },
		[]stop{{`form[action*="/what-if"] button`, kb.Enter}}, "what if hypertension-treated map[] officer:liisa"},
	{"see why", asExpert, "/desk/care/hypertension-treated/worklist", func() *city { return newCity().withCare(true) }, []stop{{`a[href$="/worklist/2"]`, kb.Enter}}, "explain hypertension-treated 2 officer:sari"},
	{"see why somebody may need much", asExpert, "/desk/care-needs/worklist", func() *city { return newCity().withCare(true) }, []stop{{`a[href$="/worklist/2"]`, kb.Enter}}, "explain need 2 officer:sari"},
	{"note a call", asExpert, "/desk/care-needs/worklist/2", func() *city { return newCity().withCare(true) },
		[]stop{{"#words", "No answer"}, {`form[action$="/note"] button`, kb.Enter}}, `note need 2 w77 2021-01-07 in hand "No answer" officer:sari`},
	{"object to being named", "aino", "/", func() *city { return newCity().running().withCare(true) }, []stop{{`#naming button`, kb.Enter}}, "object to naming 17 true"},
	{"see what came of a round", asLeader, "/desk/rounds/3", func() *city { return newCity().running().withCare(true) }, []stop{{`a[href$="/rounds/3/effect"]`, kb.Enter}}, "effect 3 officer:anna"},
	{"answer on the phone", "", "/demo/handset/12/0", func() *city { return newCity().running() }, []stop{{"#text", "A"}, {`#write .hds-button`, kb.Enter}}, "answer " + aNumber + " A"},
}

// tabTo presses Tab until the element has the focus.
func tabTo(t *testing.T, ctx context.Context, element string) {
	t.Helper()
	for range 120 {
		see(t, ctx, chromedp.KeyEvent(kb.Tab))
		if ask(t, ctx, chromedp.Evaluate[bool](`document.activeElement.matches(`+quote(element)+`)`)) {
			return
		}
	}
	t.Fatalf("Tab does not reach %s", element)
}

func quote(s string) string {
	out := []rune{'"'}
	for _, c := range s {
		if c == '"' || c == '\\' {
			out = append(out, '\\')
		}
		out = append(out, c)
	}
	return string(append(out, '"'))
}

func TestTheKeyboardAloneDoesEveryTask(t *testing.T) {
	ctx := browser(t)
	for _, x := range tasks {
		t.Run(x.name, func(t *testing.T) {
			c := x.city()
			address := serve(t, c)
			enter(t, ctx, address, x.who)
			see(t, ctx, chromedp.Navigate(address+x.path), chromedp.WaitReady("main h1"))
			for _, s := range x.keys {
				tabTo(t, ctx, s.element)
				see(t, ctx, chromedp.KeyEvent(s.keys))
			}
			asked(t, ctx, c, x)
		})
	}
}

// asked waits until the next page is there and the city was asked.
func asked(t *testing.T, ctx context.Context, c *city, x task) {
	t.Helper()
	heard := make(chan struct{})
	go func() {
		defer close(heard)
		c.until(t.Context(), x.asks)
	}()
	select {
	case <-heard:
	case <-ctx.Done():
	}
	see(t, ctx, chromedp.WaitReady("main h1"))
	if !slices.Contains(c.requests(), x.asks) {
		t.Errorf("the city was asked %q, not %q", c.requests(), x.asks)
	}
}

// withoutScripts turns JavaScript off in the pages.
func withoutScripts(t *testing.T, ctx context.Context) {
	t.Helper()
	see(t, ctx, chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
		return err
	}))
}

func TestWithoutJavaScriptEveryTaskCanBeDone(t *testing.T) {
	ctx := browser(t)
	withoutScripts(t, ctx)
	for _, x := range tasks {
		t.Run(x.name, func(t *testing.T) {
			c := x.city()
			address := serve(t, c)
			enter(t, ctx, address, x.who)
			see(t, ctx, chromedp.Navigate(address+x.path), chromedp.WaitReady("main h1"))
			for _, s := range x.keys {
				if s.keys == kb.Enter || s.keys == " " {
					see(t, ctx, chromedp.Click(s.element))
				} else {
					see(t, ctx, chromedp.SendKeys(s.element, s.keys))
				}
			}
			asked(t, ctx, c, x)
		})
	}
}
