package round

import (
	"context"
	"time"

	"ennakko/person"
	"ennakko/service"
	"ennakko/store"
)

// unplaced is the number of the one unit of a service that offers no place: it stands in
// no register, and has room for everyone.
const unplaced = "none"

// units are the units as they were known on a day. Those of a service that offers no
// place are one, with the service's own name.
func (r Rooms) units(ctx context.Context, known time.Time) ([]store.Unit, error) {
	if r.Pack.UnitKind() != service.NoUnit {
		return r.Store.Units(ctx, known)
	}
	u := store.Unit{ID: unplaced, Name: map[person.Language]string{}, Provider: "municipal", Language: everyLanguage, Places: 1, Kind: service.NoUnit}
	for _, l := range person.Languages() {
		u.Name[l] = r.Pack.Title(l)
	}
	return []store.Unit{u}, nil
}
