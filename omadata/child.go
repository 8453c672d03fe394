package omadata

import (
	"context"
	"slices"

	"ennakko/person"
	"ennakko/store"
)

// ChildOf is the child of a matter in which somebody has a say now, for what they do on
// the child's behalf. To others the matter is not there.
func (s *Service) ChildOf(ctx context.Context, who person.ID, n store.MatterID) (person.ID, error) {
	f, err := s.familyOf(ctx, reading{who: who, verb: "look whose matter it is"}, n)
	if err != nil {
		return 0, err
	}
	if !slices.Contains(f.adults, who) {
		return 0, noMatter("omadata.ChildOf")
	}
	return f.matter.Child, nil
}
