package web

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"ennakko/conversation"
	"ennakko/store"
)

// newSites makes the handler of the pages of several services. What belongs to one
// service, round or case goes to its service; what residents see, and the phones of
// a demonstration, to the service whose round was approved last; the rest to the
// first.
func newSites(list []parts) (http.Handler, error) {
	if len(list) == 1 {
		return newSite(list[0])
	}
	var all []*site
	handlers := map[*site]http.Handler{}
	for _, p := range list {
		s, err := openSite(p)
		if err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	for _, s := range all {
		s.beside = all
		handlers[s] = s.handler()
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		handlers[siteOf(r.Context(), all, r.URL.Path)].ServeHTTP(w, r)
	}), nil
}

// siteOf is the service to which an address belongs. What cannot be found out is
// left to the first, which says that there is no such page.
func siteOf(ctx context.Context, all []*site, path string) *site {
	part := strings.Split(strings.Trim(path, "/")+"//", "/")
	n, err := strconv.ParseInt(part[2], 10, 64)
	numbered := err == nil
	switch {
	case part[0] == "desk" && part[1] == "services":
		for _, s := range all {
			if s.pack.Name() == part[2] {
				return s
			}
		}
	case part[0] == "desk" && part[1] == "rounds" && numbered:
		return ofRound(ctx, all, store.RoundID(n))
	case numbered && (part[0] == "desk" && part[1] == "cases" || part[0] == "my" && part[1] == "offers" || part[0] == "demo" && part[1] == "handset"):
		if id, err := all[0].matters.RoundOf(ctx, conversation.CaseID(n)); err == nil {
			return ofRound(ctx, all, id)
		}
	case part[0] == "", part[0] == "my", part[0] == "open", part[0] == "demo" && part[1] == "handset", part[0] == "desk" && part[1] == "search":
		return newestOf(ctx, all)
	}
	return all[0]
}

func ofRound(ctx context.Context, all []*site, id store.RoundID) *site {
	for _, s := range all {
		rounds, err := s.rounds.Rounds(ctx)
		for _, rd := range rounds {
			if err == nil && rd.ID == id {
				return s
			}
		}
	}
	return all[0]
}

// newestOf is the service whose round was approved last.
func newestOf(ctx context.Context, all []*site) *site {
	best, newest := all[0], store.RoundID(0)
	for _, s := range all {
		if rd, found, err := s.rounds.Round(ctx); err == nil && found && rd.State != store.Prepared && rd.ID > newest {
			best, newest = s, rd.ID
		}
	}
	return best
}

// others are the services beside the first, on the first one's pages.
func (s *site) others() []*site {
	if len(s.beside) == 0 || s.beside[0] != s {
		return nil
	}
	return s.beside[1:]
}

// services are all services of the city, this one included.
func (s *site) services() []*site {
	if len(s.beside) == 0 {
		return []*site{s}
	}
	return s.beside
}

// ofRound is the service of a round.
func (s *site) ofRound(ctx context.Context, id store.RoundID) *site {
	if len(s.beside) == 0 {
		return s
	}
	return ofRound(ctx, s.beside, id)
}

// first is the service that leads newcomers.
func (s *site) first() *site {
	if len(s.beside) == 0 {
		return s
	}
	return s.beside[0]
}
