package fee

import (
	"ennakko/fault"
	"ennakko/permission"
	"ennakko/strictyaml"
)

// Agreement is the newest text by which a grown-up may permit the fetching of
// income.
func (p *Pack) Agreement() permission.Agreement { return p.agreements[len(p.agreements)-1] }

// Agreements is a copy of all versions of the agreement, the oldest first.
func (p *Pack) Agreements() []permission.Agreement {
	return append([]permission.Agreement(nil), p.agreements...)
}

// agreement reads agreement.yaml.
func (r *reading) agreement(x strictyaml.Node) {
	k := x.Keys("agreements")
	var last permission.AgreementSpec
	for i, e := range k["agreements"].List() {
		before := r.faults.Len()
		s := r.agreementSpec(e)
		switch {
		case s.Version != i+1:
			e.Bad("number the versions from 1, the oldest first", "version %d belongs here", i+1)
		case i > 0 && s.Purpose != last.Purpose:
			e.Bad("give all versions one purpose", "the purpose is not that of the version before")
		case i > 0 && !s.From.After(last.From):
			e.Bad("let it begin later", "version %d does not begin after the one before it", i+1)
		}
		last = s
		a, err := permission.NewAgreement(s)
		if err != nil && before == r.faults.Len() {
			for _, f := range fault.All(err, loadOp) {
				e.Bad(f.Hint, "%s", f.Show)
			}
		}
		r.pack.agreements = append(r.pack.agreements, a)
	}
}

func (r *reading) agreementSpec(x strictyaml.Node) permission.AgreementSpec {
	k := x.Keys("purpose", "version", "from", "user", "sources", "basis", "law", "conditions", "keep", "lasts", "recipients", "signers", "title", "why", "without", "ways", "?", "keep_law", "keep_why", "renew")
	s := permission.AgreementSpec{Purpose: k["purpose"].Name(), Version: k["version"].Whole(1, 10000), From: k["from"].Day(), User: party(k["user"]),
		Basis: k["basis"].Text(), Law: k["law"].Text(), Keep: length(k["keep"]), Lasts: length(k["lasts"]), Renew: length(k["renew"]), Title: k["title"].Texts(), Why: k["why"].Texts(), Without: k["without"].Texts(),
		Signers: permission.Signers(k["signers"].OneOf(string(permission.Self), string(permission.OneGuardian), string(permission.AllGuardians)))}
	for _, e := range k["sources"].List() {
		f := e.Keys("id", "name", "controller", "fields")
		src := permission.SourceSpec{ID: f["id"].Name(), Name: f["name"].Texts(), Controller: party(f["controller"])}
		for _, g := range f["fields"].List() {
			h := g.Keys("field", "what")
			src.Fields = append(src.Fields, permission.SourceField{Field: permission.Field(h["field"].Text()), What: h["what"].Texts()})
		}
		s.Sources = append(s.Sources, src)
	}
	for _, e := range k["conditions"].List() {
		f := e.Keys("kind", "source", "?", "words")
		c := permission.Condition{Kind: permission.ConditionKind(f["kind"].Text()), Source: f["source"].Text()}
		if f["words"].There() {
			c.Words = f["words"].Texts()
		}
		s.Conditions = append(s.Conditions, c)
	}
	if k["keep_law"].There() {
		s.KeepLaw = k["keep_law"].Text()
	}
	if k["keep_why"].There() {
		s.KeepWhy = k["keep_why"].Texts()
	}
	if to := k["recipients"]; to.IsList() {
		for _, e := range to.List() {
			s.Recipients = append(s.Recipients, e.Texts())
		}
	} else {
		to.OneOf("none")
	}
	r.ways(k["ways"], &s)
	return s
}

// Ways of a family's answer, in the order in which they stand side by side.
const (
	WayPermit    = permission.WayPermit // the income is fetched
	WayDocuments = "documents"          // the family sends documents
	WayHighest   = "highest-fee"        // the family accepts the highest fee
)

func (r *reading) ways(x strictyaml.Node, s *permission.AgreementSpec) {
	order := []string{WayPermit, WayDocuments, WayHighest}
	list := x.List()
	for i, e := range list {
		f := e.Keys("id", "title", "then")
		w := permission.Way{ID: f["id"].OneOf(order...), Title: f["title"].TextsUpTo(maxWayTitle), Then: f["then"].TextsUpTo(maxWayText)}
		if w.ID != "" && (i >= len(order) || w.ID != order[i]) {
			f["id"].Bad("write permit, documents and highest-fee, in this order", "the way stands in another place")
		}
		s.Ways = append(s.Ways, w)
	}
	if len(list) > 0 && len(list) != len(order) {
		x.Bad("write permit, documents and highest-fee, in this order", "there are %d ways and not %d", len(list), len(order))
	}
}

// The ways stand side by side with equal weight: none may be told at greater
// length than fits the same box.
const (
	maxWayTitle = 60
	maxWayText  = 220
)

func party(x strictyaml.Node) permission.Party {
	k := x.Keys("id", "name")
	return permission.Party{ID: k["id"].TextUpTo(20), Name: k["name"].Texts()}
}

func length(x strictyaml.Node) permission.Period {
	if !x.There() {
		return permission.Period{}
	}
	p, err := permission.ParsePeriod(x.TextUpTo(20))
	if err != nil {
		x.Bad("write it as P10Y, P1Y6M or P30D", "a length of time belongs here")
	}
	return p
}
