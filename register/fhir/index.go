package fhir

import (
	"context"

	"ennakko/coding"
)

// Index is what a first pass over a folder found: patients, and the visits and
// medicines to which other resources refer.
type Index struct {
	folder   *Folder
	patients []Patient
	who      map[ref]int32         // patient by reference
	bad      map[inFile]struct{}   // references to a patient that was set aside, in that file
	visits   map[visitKey]visit    // by patient and reference
	drugs    map[ref][]coding.Code // of Medication resources
	report   Report
}

// inFile is a reference as one file means it.
type inFile struct {
	file int32
	r    ref
}

type visitKey struct {
	patient int32
	r       ref
}

// visit is an encounter as the resources of it need it.
type visit struct {
	number uint32 // within the patient, from 1
	class  string
}

// found is what the first pass makes of one item.
type found struct {
	row     int
	typ     string
	keys    [2]ref
	fault   refusal
	patient *Patient
	subject ref // of a visit
	class   string
	drug    []coding.Code
}

// Index reads the folder for the first time.
func (f *Folder) Index(ctx context.Context, progress Progress) (*Index, error) {
	x := &Index{folder: f, who: map[ref]int32{}, bad: map[inFile]struct{}{}, visits: map[visitKey]visit{}, drugs: map[ref][]coding.Code{},
		report: Report{Types: map[string]*Count{}}}
	type batch struct {
		file  int
		found []found
	}
	var visits []found
	var files []int32
	err := pass(ctx, f, progress, func(p *parser, c *chunk) batch {
		b := batch{file: c.file}
		for _, i := range c.items {
			if i.fault.reason != "" || !wanted(c.raw(i), i.entry, "Patient", "Encounter", "Medication") {
				continue
			}
			if got, ok := p.find(c.raw(i), i); ok {
				b.found = append(b.found, got)
			}
		}
		return b
	}, func(b batch) error {
		for _, got := range b.found {
			switch got.typ {
			case "Patient":
				x.addPatient(b.file, got)
			case "Medication":
				x.addDrug(b.file, got)
			case "Encounter":
				visits, files = append(visits, got), append(files, int32(b.file))
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	x.number(visits, files)
	return x, nil
}

// find reads what the first pass needs of an item; false: nothing.
func (p *parser) find(raw []byte, i item) (found, bool) {
	in := p.parse(raw, i.entry)
	out := found{row: i.row, typ: in.typ, fault: in.fault}
	if in.v == nil {
		return out, false // the second pass sets it aside
	}
	out.keys = keysOf(in.fullURL, in.typ, in.v.GetStringBytes("id"))
	switch in.typ {
	case "Patient":
		if out.fault.reason == "" {
			pat, why := p.patient(in.v)
			out.patient, out.fault = &pat, why
			if pat.ID == "" && len(in.fullURL) > 0 && clean(in.fullURL) {
				pat.ID = string(in.fullURL)
			}
			if pat.ID == "" && why.reason == "" {
				out.fault = refusal{"the patient has no id", ""}
			}
		}
	case "Medication":
		if out.fault.reason == "" {
			out.drug, out.fault = p.medication(in.v)
		}
	case "Encounter":
		if out.fault.reason != "" {
			return out, false
		}
		b := p.resource(in.typ, in.v)
		if b.fault.reason != "" {
			return out, false
		}
		out.subject = refOf(in.v.GetStringBytes("subject", "reference"))
		out.class = b.rec.Class
	default:
		return out, false
	}
	return out, true
}

func (x *Index) place(file int, got found) SetAside {
	return SetAside{File: x.folder.files[file].name, Row: got.row, Type: got.typ, Reason: got.fault.reason, Hint: got.fault.hint}
}

var anotherPatient = refusal{"another patient with this id came before; what refers to this one in the same file is set aside, too", "give the files of one source in one folder, and those of another in another"}

// addPatient keeps a patient. The same one again is kept once.
func (x *Index) addPatient(file int, got found) {
	if got.fault.reason == "" {
		for _, k := range got.keys {
			i, twice := x.who[k]
			if k == 0 || !twice {
				continue
			}
			if x.patients[i].like(got.patient) {
				x.report.of(got.typ).Kept++
				x.name(i, got.keys)
				return
			}
			got.fault = anotherPatient
		}
	}
	if got.fault.reason != "" {
		x.report.setAside(x.place(file, got))
		for _, k := range got.keys {
			x.bad[inFile{int32(file), k}] = struct{}{}
		}
		return
	}
	got.patient.SetAside = x.place(file, got)
	x.report.of(got.typ).Kept++
	x.patients = append(x.patients, *got.patient)
	x.name(int32(len(x.patients)-1), got.keys)
}

func (x *Index) name(i int32, keys [2]ref) {
	for _, k := range keys {
		if k != 0 {
			x.who[k] = i
		}
	}
}

func (x *Index) addDrug(file int, got found) {
	if got.fault.reason != "" {
		x.report.setAside(x.place(file, got))
		return
	}
	x.report.of(got.typ).Kept++
	for _, k := range got.keys {
		if k != 0 {
			x.drugs[k] = got.drug
		}
	}
}

// number gives visits their numbers within their patients.
func (x *Index) number(visits []found, files []int32) {
	next := make([]uint32, len(x.patients))
	for n, v := range visits {
		i, ok := x.patient(files[n], v.subject)
		if !ok {
			continue
		}
		first := true
		for _, k := range v.keys {
			if k == 0 {
				continue
			}
			if _, twice := x.visits[visitKey{i, k}]; twice {
				first = false
			}
		}
		if !first {
			continue // the second pass sets the second aside
		}
		next[i]++
		for _, k := range v.keys {
			if k != 0 {
				x.visits[visitKey{i, k}] = visit{next[i], v.class}
			}
		}
	}
}

// patient finds the patient to whom a reference leads from a file.
func (x *Index) patient(file int32, r ref) (int32, bool) {
	if _, bad := x.bad[inFile{file, r}]; bad || r == 0 {
		return 0, false
	}
	i, ok := x.who[r]
	return i, ok
}

// Patients lists the patients in the order of the files. A patient's place in the
// list is its number for Records.
func (x *Index) Patients() []Patient { return x.patients }
