package web

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"ennakko/access"
	"ennakko/fault"
	"ennakko/service"
	"ennakko/store"
)

// serviceView is one service: what it is, on what basis, and its rounds.
type serviceView struct {
	Pack      *service.Pack
	Criteria  []service.Criterion
	Path      string
	Rounds    []store.Round
	Job       jobView
	CanFind   bool // now, by the reader
	Free      bool // no round is under way
	CanTry    bool
	AsOf      string
	AsOfFault string // text key of what is wrong with it
}

// packOf is the service that the address names.
func (s *site) packOf(r *http.Request) (*service.Pack, error) {
	if r.PathValue("service") != s.pack.Name() {
		return nil, missing("web.service")
	}
	return s.pack, nil
}

func (s *site) service(w http.ResponseWriter, r *http.Request) error {
	v, err := s.serviceView(r)
	if err != nil {
		return err
	}
	return s.showService(w, r, http.StatusOK, v)
}

func (s *site) serviceView(r *http.Request) (serviceView, error) {
	pack, err := s.packOf(r)
	if err != nil {
		return serviceView{}, err
	}
	v := serviceView{Pack: pack, Criteria: pack.Criteria(), Path: servicePath(pack.Name())}
	return v, s.fresh(r, &v)
}

// fresh fills in what changes while the page is open.
func (s *site) fresh(r *http.Request, v *serviceView) (err error) {
	t := s.words(r)
	v.Job = s.jobView(t)
	if v.Rounds, err = s.rounds.Rounds(r.Context()); err != nil {
		return err
	}
	v.Free = !v.Job.Busy && (len(v.Rounds) == 0 || v.Rounds[0].State == store.Closed)
	v.CanTry = s.can(r, access.TryCriteria, access.On{})
	v.CanFind = v.Free && s.can(r, access.Prepare, access.On{})
	v.AsOf = s.clock.Now().In(t.zone).Format(time.DateOnly)
	return nil
}

func (v serviceView) state() string {
	return fmt.Sprintf("%d %t %t", len(v.Rounds), v.Job.Busy, v.CanFind)
}

func (s *site) showService(w http.ResponseWriter, r *http.Request, status int, v serviceView) error {
	t := s.words(r)
	return s.render(w, r, status, "service.html", view{words: t, Title: v.Pack.Title(t.Lang), Path: v.Path, Events: v.Path + "/events", State: v.state(), Data: v})
}

// serviceEvents tells the service's page what changes.
func (s *site) serviceEvents(w http.ResponseWriter, r *http.Request) error {
	v, err := s.serviceView(r)
	if err != nil {
		return err
	}
	t := s.words(r)
	return s.stream(w, r, func(ctx context.Context) (news, error) {
		if err := s.fresh(r.WithContext(ctx), &v); err != nil {
			return news{}, err
		}
		job, err := s.part("service.html", "job", view{words: t, Data: v})
		return news{State: v.state(), Parts: map[string]string{"job": job}}, err
	})
}

// find begins to find people and to hold places.
func (s *site) find(w http.ResponseWriter, r *http.Request) error {
	v, err := s.serviceView(r)
	if err != nil {
		return err
	}
	v.AsOf = r.PostFormValue("as_of")
	asOf, err := time.Parse(time.DateOnly, v.AsOf)
	switch {
	case !v.CanFind:
		return fault.New(fault.Conflict, "web.find", "a round is under way").Do("wait until it is closed")
	case err != nil || asOf.Year() < 2000 || asOf.Year() > 2100:
		v.AsOfFault = "find.badday"
		return s.showService(w, r, http.StatusUnprocessableEntity, v)
	}
	if err := s.rounds.Prepare(s.ctx, asOf, whoOf(r).Actor()); err != nil {
		return err
	}
	http.Redirect(w, r, v.Path+"#now", http.StatusSeeOther)
	return nil
}
