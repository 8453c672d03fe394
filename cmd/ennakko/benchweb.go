package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"ennakko/access"
	"ennakko/app"
	"ennakko/fault"
	"ennakko/signin"
	"ennakko/store"
	"ennakko/web"
)

type benchWebFlags struct {
	place
	requests, clients int
}

func (p *program) benchWebCommand() *cobra.Command {
	f := benchWebFlags{}
	c := &cobra.Command{Use: "web", Short: "Measure how fast the pages answer", Args: args(cobra.NoArgs),
		Long: `Ask for every page in turn, as the roles that may see it, over HTTP on loopback,
from several clients at once, on a folder of data that has a round, and tell how
long the answers took.`,
		Example: `  ennakko bench web --data D --json`,
		RunE: func(c *cobra.Command, _ []string) error {
			if f.requests < 1 || f.clients < 1 || f.clients > 100 {
				return fault.New(fault.Invalid, "cmd.bench", "--requests is less than 1, or --clients is not from 1 to 100")
			}
			return p.runBenchWeb(c.Context(), f)
		}}
	f.flags(c)
	c.Flags().IntVar(&f.requests, "requests", 2000, "how many pages are asked for")
	c.Flags().IntVar(&f.clients, "clients", 2, "how many are asked for at once")
	return c
}

// asked is a page and who asks for it: the index of a session, or nobody.
type asked struct {
	path string
	who  access.Role
}

// benchPages are the pages that stand still; those that are told of changes
// answer without end. The round and the case are filled in.
var benchPages = []asked{{"/", ""}, {"/open", ""}, {"/demo", ""}, {"/demo/handset", ""}, {"/demo/handset/%[2]d/0", ""},
	{"/desk", access.Leader}, {"/desk/services/pre-primary", access.Preparer}, {"/desk/messages", access.Preparer}, {"/desk/rounds/%[1]d", access.Leader},
	{"/desk/rounds/%[1]d/found", access.Leader}, {"/desk/rounds/%[1]d/queue", access.Expert}, {"/desk/cases/%[2]d", access.Expert}, {"/desk/search", access.Expert},
	{"/desk/record", access.DPO}, {"/desk/record?show=readings", access.DPO},
	{"/", access.Resident}, {"/my/offers/%[2]d", access.Resident}, {"/my/uses", access.Resident}, {"/my/uses?child=%[2]d", access.Resident}, {"/my/uses/%[3]d", access.Resident}}

// benchWebResult is how fast the pages answered; its names are a contract.
type benchWebResult struct {
	Requests int         `json:"requests"`
	Clients  int         `json:"clients"`
	P50      float64     `json:"p50_ms"`
	P99      float64     `json:"p99_ms"`
	Max      float64     `json:"max_ms"`
	Slowest  string      `json:"slowest_page"`
	Pages    []benchPage `json:"pages"`
}

type benchPage struct {
	Page string  `json:"page"`
	P50  float64 `json:"p50_ms"`
	P99  float64 `json:"p99_ms"`
	Max  float64 `json:"max_ms"`
}

func (p *program) runBenchWeb(ctx context.Context, f benchWebFlags) error {
	clock := app.NewPacedClock(demoDay, 0, time.Now)
	ap, err := f.open(ctx, clock, false)
	if err != nil {
		return err
	}
	out, err := func() (benchWebResult, error) {
		unlock, err := ap.Lock() // a live service settles cut-off sends when it begins
		if err != nil {
			return benchWebResult{}, err
		}
		defer unlock()
		pack, err := ap.Pack("pre-primary")
		if err != nil {
			return benchWebResult{}, err
		}
		r, err := ap.Round(ctx, pack.Name(), 0)
		if err != nil {
			return benchWebResult{}, err
		}
		clock.To(r.Schedule.InquiryAt)
		live, err := ap.NewLive(ctx, pack, clock)
		if err != nil {
			return benchWebResult{}, err
		}
		policies, err := access.Load(access.Embedded())
		if err != nil {
			return benchWebResult{}, err
		}
		door, err := signin.NewClient(signin.Config{Issuer: "http://127.0.0.1:1", ClientID: "bench", ClientSecret: "bench", Redirect: "http://127.0.0.1:1/",
			AfterLogout: "http://127.0.0.1:1/", Staff: true, Residents: true}, time.Now)
		if err != nil {
			return benchWebResult{}, err
		}
		pages, err := p.signedIn(ctx, ap, r, clock.Now())
		if err != nil {
			return benchWebResult{}, err
		}
		handler, err := web.New(web.Config{Live: live, Context: ctx, Door: door, Policies: policies, Pace: clock})
		if err != nil {
			return benchWebResult{}, err
		}
		return ask(ctx, handler, pages, f)
	}()
	if cerr := ap.Close(ctx); err == nil {
		err = cerr
	}
	if err != nil {
		return err
	}
	return p.show(out, func(w io.Writer) {
		for _, x := range out.Pages {
			_, _ = fmt.Fprintf(w, "%-24s half within %6.1f ms, 99 %% within %6.1f ms, the slowest %6.1f ms\n", x.Page, x.P50, x.P99, x.Max)
		}
		_, _ = fmt.Fprintf(w, "%d pages, %d at once: half within %.1f ms, 99 %% within %.1f ms, the slowest %.1f ms (%s)\n",
			out.Requests, out.Clients, out.P50, out.P99, out.Max, out.Slowest)
	})
}

// page is a page with the cookie of whoever asks for it.
type page struct{ path, cookie string }

// signedIn gives every page a session of a role. The resident is a guardian of
// the round's first case that has one.
func (p *program) signedIn(ctx context.Context, ap *app.App, r store.Round, now time.Time) ([]page, error) {
	hs, err := (&app.Live{App: ap, Clock: app.NewPacedClock(now, 0, time.Now)}).Family(ctx, r.ID, 1)
	if err != nil {
		return nil, err
	}
	uses, err := ap.DB.UsesBefore(ctx, hs[0].Person, 0, 1)
	if err != nil {
		return nil, err
	}
	entry := uint64(1)
	if len(uses) > 0 {
		entry = uses[0].Seq
	}
	sessions, tokens := signin.NewSessions(ap.DB, time.Now), map[access.Role]string{}
	var out []page
	for _, x := range benchPages {
		if x.who != "" && tokens[x.who] == "" {
			w := access.Who{ID: "bench", Name: "Bench", Roles: []access.Role{x.who}, Level: access.Substantial}
			if x.who == access.Resident {
				w.Person = hs[0].Person
			}
			if tokens[x.who], err = sessions.Begin(ctx, w, now); err != nil {
				return nil, err
			}
		}
		path := x.path
		if strings.Contains(path, "%") {
			path = fmt.Sprintf(path+"%[4]s", r.ID, hs[0].Case, entry, "")
		}
		out = append(out, page{path, tokens[x.who]})
	}
	return out, nil
}

// ask asks for the pages in turn and measures the whole answer.
func ask(ctx context.Context, handler http.Handler, pages []page, f benchWebFlags) (benchWebResult, error) {
	srv := httptest.NewServer(handler)
	defer srv.Close()
	took := make([]float64, f.requests) // milliseconds
	var next atomic.Int64
	g, ctx := errgroup.WithContext(ctx)
	for range f.clients {
		g.Go(func() error {
			for {
				i := int(next.Add(1)) - 1
				if i >= f.requests {
					return nil
				}
				start := time.Now()
				if err := answers(ctx, srv, pages[i%len(pages)]); err != nil {
					return err
				}
				took[i] = float64(time.Since(start).Microseconds()) / 1000
			}
		})
	}
	if err := g.Wait(); err != nil {
		return benchWebResult{}, err
	}
	out := benchWebResult{Requests: f.requests, Clients: f.clients, P50: quantile(took, 0.5), P99: quantile(took, 0.99), Max: slices.Max(took)}
	for n := range pages {
		var its []float64
		for i := n; i < len(took); i += len(pages) {
			its = append(its, took[i])
		}
		if len(its) == 0 {
			continue
		}
		x := benchPage{pages[n].path, quantile(its, 0.5), quantile(its, 0.99), slices.Max(its)}
		out.Pages = append(out.Pages, x)
		if x.Max == out.Max {
			out.Slowest = x.Page
		}
	}
	return out, nil
}

func answers(ctx context.Context, srv *httptest.Server, to page) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, srv.URL+to.path, nil)
	if err != nil {
		return fault.Wrap(err, "cmd.bench", "the page cannot be asked for")
	}
	if to.cookie != "" {
		r.Header.Set("Cookie", web.SessionCookie+"="+to.cookie)
	}
	w, err := srv.Client().Do(r)
	if err != nil {
		return fault.Wrap(err, "cmd.bench", "the page does not answer")
	}
	_, err = io.Copy(io.Discard, w.Body)
	_ = w.Body.Close()
	if err == nil && w.StatusCode != http.StatusOK {
		err = fault.New(fault.Internal, "cmd.bench", "the page answers with status %d", w.StatusCode).Where("%s", to.path)
	}
	return err
}
