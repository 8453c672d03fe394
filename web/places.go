package web

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"ennakko/access"
	"ennakko/fault"
	"ennakko/offer"
	"ennakko/person"
	"ennakko/place"
	"ennakko/store"
)

// placesView is how places are assigned in a round.
type placesView struct {
	Round      store.Round
	Path       string
	Tabs       []link
	Job        jobView
	Cohort     *cohortView
	Areas      []link // the major districts
	Area       string
	Units      []unitView
	CanChange  bool
	Chosen     *unitView // whose capacity is being changed
	Fault      string
	Written    string
	Full, Free int // units
}

// unitView is one unit and language.
type unitView struct {
	store.UnitFill
	Title   string
	Key     string // unit and language, as the form names them
	Percent int
	Free    int
	Changed bool
}

// places shows how full the units are and who could not be placed.
func (s *site) places(w http.ResponseWriter, r *http.Request) error {
	v, err := s.placesView(r)
	if err != nil {
		return err
	}
	return s.renderPlaces(w, r, http.StatusOK, v)
}

func (s *site) renderPlaces(w http.ResponseWriter, r *http.Request, status int, v placesView) error {
	t := s.words(r)
	return s.render(w, r, status, "places.html", view{words: t, Title: t.T("places.title"), Path: v.Path, Data: v})
}

func (s *site) placesView(r *http.Request) (placesView, error) {
	t := s.words(r)
	rd, err := s.roundOf(r)
	if err != nil {
		return placesView{}, err
	}
	v := placesView{Round: rd, Path: roundPath(rd.ID) + "/places", Job: s.jobView(t), Area: r.URL.Query().Get("area")}
	v.Tabs = s.tabs(r, t, rd, v.Path)
	v.CanChange = rd.State == store.Prepared && !v.Job.Busy && s.can(r, access.ChangeCapacity, access.On{})
	if v.Cohort, err = s.cohortView(r.Context(), t, rd); err != nil {
		return v, err
	}
	fill, err := s.figures.UnitFill(r.Context(), rd.ID, rd.AsOf)
	if err != nil {
		return v, err
	}
	v.areas(t)
	chosen := r.URL.Query().Get("unit")
	for _, u := range fill {
		x := unitOf(t, u)
		if x.Free == 0 {
			v.Full++
		} else {
			v.Free++
		}
		if x.Key == chosen && v.CanChange {
			c := x
			v.Chosen = &c
		}
		if areaOf(u.District) == v.Area {
			v.Units = append(v.Units, x)
		}
	}
	return v, nil
}

func unitOf(t words, u store.UnitFill) unitView {
	x := unitView{UnitFill: u, Title: u.Name[t.Lang], Key: u.Unit + "/" + u.Language, Free: max(0, u.Places-u.Held), Changed: u.Places != u.Registered}
	if x.Title == "" {
		x.Title = u.Name[person.Finnish]
	}
	if u.Places > 0 {
		x.Percent = 100 * u.Held / u.Places
	}
	return x
}

// areaOf is the major district of a unit; "" when it is not known.
func areaOf(district string) string {
	d, err := place.ParseDistrict(district)
	if err != nil {
		return ""
	}
	return string(d.Suurpiiri())
}

// allAreas are the major districts in order.
func allAreas(t words) []namedKey {
	var out []namedKey
	for _, a := range place.Districts() {
		if a.Level != place.Suurpiiri {
			continue
		}
		label := a.Name
		if key := "district." + string(a.Code); t.Has(key) {
			label = t.T(key)
		}
		out = append(out, namedKey{string(a.Code), label})
	}
	return out
}

// areas lists the major districts; the first is shown when none is chosen.
func (v *placesView) areas(t words) {
	all := allAreas(t)
	if !slices.ContainsFunc(all, func(a namedKey) bool { return a.key == v.Area }) && len(all) > 0 {
		v.Area = all[0].key
	}
	for _, a := range all {
		v.Areas = append(v.Areas, link{v.Path + "?area=" + a.key, a.label, a.key == v.Area})
	}
}

// changePlaces changes a unit's capacity and assigns all places again.
func (s *site) changePlaces(w http.ResponseWriter, r *http.Request) error {
	const op = "web.changePlaces"
	rd, err := s.roundOf(r)
	if err != nil {
		return err
	}
	if rd.State != store.Prepared {
		return fault.New(fault.Conflict, op, "places can be changed only before the round is approved")
	}
	unit, language, _ := strings.Cut(r.PostFormValue("unit"), "/")
	n, err := strconv.Atoi(strings.TrimSpace(r.PostFormValue("places")))
	if err != nil || n < 0 || n > 500 {
		q := r.URL.Query()
		q.Set("unit", r.PostFormValue("unit"))
		q.Set("area", r.PostFormValue("area"))
		r.URL.RawQuery = q.Encode()
		v, verr := s.placesView(r)
		if verr != nil {
			return verr
		}
		v.Fault, v.Written = "places.fault", r.PostFormValue("places")
		return s.renderPlaces(w, r, http.StatusUnprocessableEntity, v)
	}
	change := store.PlaceCount{Place: offer.Place{Unit: unit, Language: language}, Places: n}
	if err := s.matters.Reassign(s.ctx, rd.ID, change, whoOf(r).Actor()); err != nil {
		return err
	}
	http.Redirect(w, r, roundPath(rd.ID)+"#now", http.StatusSeeOther)
	return nil
}
