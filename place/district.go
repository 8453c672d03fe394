package place

import (
	_ "embed"
	"encoding/json"
	"strings"
	"sync"

	"github.com/paulmach/orb"

	"ennakko/fault"
)

// District is the code of an area (kokotunnus) that has passed ParseDistrict:
// municipality (3 digits), major district (suurpiiri, 1), district
// (peruspiiri, 3), sub-district (osa-alue, 3). Parents end in zeros. The
// statistics of the capital region and the city's map service use this code.
type District string

const (
	codeLength       = 10
	municipalityEnds = 3 // digits of the municipality
	suurpiiriEnds    = 4 // and of the major district
	peruspiiriEnds   = 7 // and of the district
)

// ParseDistrict reads the ten digits of an area in any municipality. Spaces
// around are accepted. The error never repeats the input.
func ParseDistrict(s string) (District, error) {
	s = strings.TrimSpace(s)
	if len(s) != codeLength || strings.Trim(s, "0123456789") != "" {
		return "", fault.New(fault.Invalid, "place.ParseDistrict", "the district does not have 10 digits").
			Do("it is the municipality's 3 digits, the major district's 1, the district's 3 and the sub-district's 3; a spreadsheet may have dropped a zero at the front")
	}
	return District(s), nil
}

// IsZero reports whether the code did not come from ParseDistrict.
func (d District) IsZero() bool { return d == "" }

// Municipality is the first three digits: Helsinki is 091.
func (d District) Municipality() string { return d.front(municipalityEnds) }

// Suurpiiri is the code of the major district that the area lies in.
func (d District) Suurpiiri() District { return d.parent(suurpiiriEnds) }

// Peruspiiri is the code of the district that the area lies in. For a major
// district it is the major district itself.
func (d District) Peruspiiri() District { return d.parent(peruspiiriEnds) }

func (d District) front(n int) string {
	if len(d) != codeLength {
		return ""
	}
	return string(d[:n])
}

func (d District) parent(n int) District {
	if len(d) != codeLength {
		return ""
	}
	return d[:n] + District(strings.Repeat("0", codeLength-n))
}

// Level says how large an area is.
type Level string

// The levels of Helsinki's division into areas.
const (
	Suurpiiri  Level = "suurpiiri"  // major district: 8
	Peruspiiri Level = "peruspiiri" // district: 34
	OsaAlue    Level = "osa-alue"   // sub-district: 137
)

// Area is one area of Helsinki.
type Area struct {
	Code    District
	Name    string // in Finnish
	Level   Level
	Outline orb.MultiPolygon // WGS 84, cut at the shore; see data/README.md
}

//go:embed data/helsinki.json
var helsinki []byte

type areas struct {
	list []Area
	at   map[District]int
}

var loadAreas = sync.OnceValue(func() areas {
	var raw []struct {
		Code    District         `json:"code"`
		Name    string           `json:"name"`
		Level   Level            `json:"level"`
		Outline orb.MultiPolygon `json:"outline"`
	}
	if err := json.Unmarshal(helsinki, &raw); err != nil {
		panic("place: the embedded areas are not readable: " + err.Error())
	}
	a := areas{make([]Area, len(raw)), make(map[District]int, len(raw))}
	for i, r := range raw {
		a.list[i] = Area(r)
		a.at[r.Code] = i
	}
	return a
})

// Districts lists Helsinki's areas in the order of their codes, so that each
// parent stands before its children. The division is that of about 2010. Do
// not change the outlines: they are shared.
func Districts() []Area { return append([]Area(nil), loadAreas().list...) }

// AreaOf finds one of Helsinki's areas by its code. The code of a part into
// which a sub-district was split later (0911105311, Kotkavuori) gives the
// undivided sub-district (0911105310, Lauttasaari).
func AreaOf(d District) (Area, bool) {
	a := loadAreas()
	i, ok := a.at[d]
	if !ok && len(d) == codeLength {
		i, ok = a.at[d[:codeLength-1]+"0"]
		ok = ok && a.list[i].Level == OsaAlue
	}
	if !ok {
		return Area{}, false
	}
	return a.list[i], true
}
