package fee

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"ennakko/strictyaml"
)

// figures reads fee.yaml.
func (r *reading) figures(x strictyaml.Node) {
	p := r.pack
	k := x.Keys("name", "version", "owner", "phone", "title", "provisions", "periods", "hours", "pre_primary", "holiday_pay", "average", "kinds")
	p.name, p.version, p.owner, p.phone = k["name"].Name(), k["version"].TextUpTo(40), k["owner"].Text(), k["phone"].TextUpTo(40)
	p.title = k["title"].Texts()
	for _, e := range k["provisions"].List() {
		f := e.Keys("id", "cite", "checked")
		id := f["id"].Name()
		if _, twice := r.provisions[id]; twice && id != "" {
			f["id"].Bad("keep one of them", "the provision %s stands twice", id)
		}
		r.provisions[id] = f["cite"].Texts()
		f["checked"].Text()
	}
	for _, e := range k["periods"].List() {
		r.period(e)
	}
	for _, e := range k["hours"].List() {
		p.shares = append(p.shares, readShares(e))
	}
	for _, e := range k["pre_primary"].List() {
		f := e.Keys("from", "free_hours", "source")
		f["source"].Text()
		p.free = append(p.free, dated{f["from"].Day(), hundredths(f["free_hours"], 100)})
	}
	for _, e := range k["holiday_pay"].List() {
		f := e.Keys("from", "percent", "source")
		f["source"].Text()
		p.holiday = append(p.holiday, dated{f["from"].Day(), hundredths(f["percent"], 100)})
	}
	for _, e := range k["average"].List() {
		f := e.Keys("from", "steady_months", "months", "fresh_months", "change_percent", "source")
		f["source"].Text()
		a := averaging{f["from"].Day(), f["steady_months"].Whole(1, 12), f["months"].Whole(1, 24), f["fresh_months"].Whole(1, 24), f["change_percent"].Whole(1, 100)}
		if a.steady > a.months {
			f["steady_months"].Bad("make it at most the months of the average", "income is steady over more months than it is averaged over")
		}
		p.average = append(p.average, a)
	}
	for _, e := range k["kinds"].List() {
		r.kind(e)
	}
	if _, ok := p.kinds[otherKind]; k["kinds"].There() && !ok {
		k["kinds"].Bad("add it, with treatment: person", "the kind %s, for what the pack does not know, is missing", otherKind)
	}
	r.order(k)
}

// order checks that what is dated stands in order, and begins with the periods.
func (r *reading) order(k map[string]strictyaml.Node) {
	p := r.pack
	begin := time.Time{}
	if len(p.periods) > 0 {
		begin = p.periods[0].From
	}
	inOrder(k["periods"], p.periods, begin, func(x Period) time.Time { return x.From })
	inOrder(k["hours"], p.shares, begin, func(x shares) time.Time { return x.from })
	inOrder(k["pre_primary"], p.free, begin, func(x dated) time.Time { return x.from })
	inOrder(k["holiday_pay"], p.holiday, begin, func(x dated) time.Time { return x.from })
	inOrder(k["average"], p.average, begin, func(x averaging) time.Time { return x.from })
}

func inOrder[T any](x strictyaml.Node, list []T, begin time.Time, from func(T) time.Time) {
	if len(list) == 0 {
		return
	}
	if from(list[0]).After(begin) {
		x.Bad("let it begin with the first of the periods", "the first entry begins after the first period")
	}
	for i := 1; i < len(list); i++ {
		if !from(list[i]).After(from(list[i-1])) {
			x.Bad("put the oldest first", "entry %d does not begin after the one before it", i+1)
		}
	}
}

func (r *reading) period(x strictyaml.Node) {
	k := x.Keys("from", "limits", "increment", "percent", "highest", "lowest", "second_child", "later_children", "source", "checked")
	p := Period{From: k["from"].Day(), Increment: k["increment"].Whole(1, 10000), Percent: hundredths(k["percent"], 100), Highest: k["highest"].Whole(1, 10000),
		Lowest: k["lowest"].Whole(1, 10000), Second: k["second_child"].Whole(0, 100), Later: k["later_children"].Whole(0, 100), Source: k["source"].Text(), Checked: k["checked"].Text()}
	rows := k["limits"].List()
	for i, e := range rows {
		f := e.Keys("size", "euros", "source")
		size := f["size"].Whole(smallestSize, largestSize)
		if size != smallestSize+i {
			f["size"].Bad("write one row for each size from 2 to 6", "the row of a family of %d belongs here", smallestSize+i)
			continue
		}
		p.Limits[i] = Limit{f["euros"].Whole(1, 100000), f["source"].Text()}
		if i > 0 && p.Limits[i].Euros < p.Limits[i-1].Euros {
			f["euros"].Bad("look at the source again", "the limit is lower than that of a smaller family")
		}
	}
	if n := largestSize - smallestSize + 1; len(rows) > 0 && len(rows) != n {
		k["limits"].Bad("write one row for each size from 2 to 6", "there are %d limits and not %d", len(rows), n)
	}
	if p.Later > p.Second {
		k["later_children"].Bad("look at the source again", "a later child pays more than the second")
	}
	if p.Lowest >= p.Highest && p.Highest > 0 {
		k["lowest"].Bad("look at the source again", "the lowest fee is not below the highest")
	}
	r.pack.periods = append(r.pack.periods, p)
}

func readShares(x strictyaml.Node) shares {
	k := x.Keys("from", "part_up_to", "part_percent", "full_from", "source", "?", "steps")
	s := shares{from: k["from"].Day(), partUpTo: Hours(hundredths(k["part_up_to"], 100)), partPercent: k["part_percent"].Whole(1, 100), fullFrom: Hours(hundredths(k["full_from"], 100))}
	k["source"].Text()
	if s.partUpTo >= s.fullFrom && s.fullFrom > 0 {
		k["part_up_to"].Bad("make it less than full_from", "part time reaches into full time")
	}
	if !k["steps"].There() {
		return s
	}
	hours, percent := s.partUpTo, s.partPercent
	for _, e := range k["steps"].List() {
		f := e.Keys("up_to", "percent")
		step := hourStep{Hours(hundredths(f["up_to"], 100)), f["percent"].Whole(1, 100)}
		if step.upTo <= hours || step.upTo > s.fullFrom || step.percent < percent {
			e.Bad("put the fewest hours first; no step may cost less than the one before it", "the steps do not rise")
		}
		hours, percent = step.upTo, step.percent
		s.steps = append(s.steps, step)
	}
	return s
}

func (r *reading) kind(x strictyaml.Node) {
	k := x.Keys("name", "treatment", "title", "source", "?", "holiday_pay")
	name := Kind(k["name"].Name())
	v := kind{treatment(k["treatment"].OneOf(string(counted), string(leftOut), string(deducted), string(holiday), string(unclear))), k["holiday_pay"].Yes(), k["title"].Texts(), k["source"].Text(), len(r.pack.kinds)}
	if v.holiday && v.treatment != counted {
		k["holiday_pay"].Bad("take it away", "holiday pay is added only to a kind that is counted")
	}
	if _, twice := r.pack.kinds[name]; twice && name != "" {
		k["name"].Bad("keep one of them", "the kind %s stands twice", name)
	}
	r.pack.kinds[name] = v
}

var decimal = regexp.MustCompile(`^(-?)([0-9]{1,8})(?:\.([0-9]{1,2}))?$`)

// hundredths reads a number with at most two decimals, from 0 to most, exactly.
func hundredths(x strictyaml.Node, most int) int {
	v, ok := parseHundredths(x.Word())
	if x.There() && (!ok || v < 0 || v > most*100) {
		x.Bad("write it in digits, with a point and at most two decimals", "a number from 0 to %d belongs here", most)
		return 0
	}
	return v
}

// parseHundredths is a number such as 5500, 27.5 or -10.75 times a hundred.
func parseHundredths(s string) (int, bool) {
	m := decimal.FindStringSubmatch(s)
	if m == nil {
		return 0, false
	}
	v, err := strconv.Atoi(m[2] + m[3] + strings.Repeat("0", 2-len(m[3])))
	if m[1] != "" {
		v = -v
	}
	return v, err == nil
}
