package tables

import (
	"bytes"
	"context"
	"encoding/json"
	"math"
	"slices"
	"strings"
	"time"

	"ennakko/clinical"
	"ennakko/coding"
	"ennakko/fault"
	"ennakko/person"
	"ennakko/store"
)

// newRecord is what the content of a new record is bound to when it is sealed.
const newRecord = "new_record"

// keptRecord is a record as it is sealed.
type keptRecord struct {
	Codes     []coding.Code `json:"codes"`
	From      int32         `json:"from"`
	Until     int32         `json:"until"`
	Minute    int32         `json:"minute"`
	Value     *float64      `json:"value,omitempty"`
	Unit      string        `json:"unit,omitempty"`
	ValueCode coding.Code   `json:"value_code"`
	Status    string        `json:"status,omitempty"`
	Class     string        `json:"class,omitempty"`
	Encounter uint32        `json:"encounter,omitempty"`
	Source    string        `json:"source"`
}

func encodeRecord(r *clinical.Record) ([]byte, error) {
	k := keptRecord{Codes: r.Codes, From: r.From, Until: r.Until, Minute: r.Minute, Unit: r.Unit, ValueCode: r.ValueCode, Status: r.Status,
		Class: r.Class, Encounter: r.Encounter, Source: r.Source}
	if !math.IsNaN(r.Value) {
		k.Value = &r.Value
	}
	b, err := json.Marshal(k)
	return b, fault.Wrap(err, "store.delta", "a record cannot be written")
}

func decodeRecord(id int64, who person.ID, kind string, group int64, plain []byte) (store.NewRecord, error) {
	const op = "store.delta"
	var k keptRecord
	if json.Unmarshal(plain, &k) != nil {
		return store.NewRecord{}, fault.New(fault.Tampered, op, "a kept record is not readable")
	}
	what, err := clinical.ParseKind(kind)
	if err != nil {
		return store.NewRecord{}, err
	}
	r := clinical.Record{Person: who, Kind: what, Codes: k.Codes, From: k.From, Until: k.Until, Minute: k.Minute, Value: math.NaN(), Unit: k.Unit,
		ValueCode: k.ValueCode, Status: k.Status, Class: k.Class, Encounter: k.Encounter, Source: k.Source, Group: clinical.NewGroups + uint32(group%int64(clinical.NewGroups))} //nolint:gosec // below 2^32
	if k.Value != nil {
		r.Value = *k.Value
	}
	return store.NewRecord{ID: id, Record: r}, nil
}

// AddNewRecords: see store.Delta.
func (t *tx) AddNewRecords(records []clinical.Record) (fresh bool, err error) {
	const op = "store.AddNewRecords"
	if len(records) == 0 {
		return false, fault.New(fault.Internal, op, "there are no records")
	}
	who, source := records[0].Person, records[0].Source
	for _, r := range records {
		if !r.Person.Known() || r.Person != who || r.Source != source || len(r.Codes) == 0 {
			return false, fault.New(fault.Internal, op, "the records are not of one resource of one person")
		}
	}
	contents := make([][]byte, len(records))
	for i := range records {
		if contents[i], err = encodeRecord(&records[i]); err != nil {
			return false, err
		}
	}
	name := contents[0] // a resource without a name is what it says
	if _, id, named := strings.Cut(source, "/"); named && id != "" {
		name = []byte(source)
	}
	resource, err := t.db.vault.Hash(newRecord, string(name))
	if err != nil {
		return false, err
	}
	before, ids, err := t.newContents(who, resource)
	if err != nil || slices.EqualFunc(before, contents, bytes.Equal) {
		return false, err
	}
	for _, id := range ids {
		if _, err := t.exec("UPDATE new_record SET replaced = ? WHERE id = ?", micro(t.at), id); err != nil {
			return false, err
		}
	}
	for i, r := range records {
		id, err := t.next("new_record")
		if err != nil {
			return false, err
		}
		sealed, err := t.sealValue(newRecord, uint64(id), contents[i]) //nolint:gosec // numbers begin with 1
		if err != nil {
			return false, err
		}
		if _, err := t.exec("INSERT INTO new_record (id, person, kind, resource, at, content) VALUES (?,?,?,?,?,?)",
			id, int64(who), r.Kind.String(), resource, micro(t.at), sealed); err != nil {
			return false, err
		}
	}
	return true, nil
}

// newContents are the records of a resource that stand now.
func (t *tx) newContents(who person.ID, resource []byte) (contents [][]byte, ids []int64, err error) {
	err = t.query("SELECT id, content FROM new_record WHERE person = ? AND resource = ? AND replaced = 0 AND folded = 0 ORDER BY id", []any{int64(who), resource}, func(scan func(...any) error) error {
		var id int64
		var sealed []byte
		if err := scan(&id, &sealed); err != nil {
			return fault.Wrap(err, "store.delta", "the store cannot be read")
		}
		plain, err := t.db.vault.Open(newRecord, uint64(id), sealed) //nolint:gosec // numbers begin with 1
		contents, ids = append(contents, plain), append(ids, id)
		return err
	})
	return contents, ids, err
}

// FoldNewRecords: see store.Delta.
func (t *tx) FoldNewRecords(snapshot, upTo int64, taken int) error {
	var stand int
	if _, err := t.one("SELECT count(*) FROM new_record WHERE replaced = 0 AND folded = 0 AND id <= ?", []any{upTo}, &stand); err != nil {
		return err
	}
	if stand != taken {
		return fault.New(fault.Later, "store.FoldNewRecords", "an event was corrected while the import ran; nothing came in").Do("import again")
	}
	_, err := t.exec("UPDATE new_record SET folded = ? WHERE folded = 0 AND id <= ?", snapshot, upTo)
	return err
}

// NewRecords lists the records that came in since the newest snapshots, in the
// order in which they came: those that stand now, or, with known, those that were
// known on that day beside the snapshots of that day. All records of one resource
// have one group, which no resource of a snapshot has.
func (d *DB) NewRecords(ctx context.Context, known time.Time, of store.NewRecordsOf) ([]store.NewRecord, error) {
	var out []store.NewRecord
	where, args := "n.replaced = 0 AND n.folded = 0", []any{of.After}
	if !known.IsZero() {
		end := micro(known.AddDate(0, 0, 1))
		where = "n.at < ? AND (n.replaced = 0 OR n.replaced >= ?) AND (n.folded = 0 OR n.folded IN (SELECT id FROM snapshot WHERE day > ?))"
		args = append(args, end, end, known.Format(time.DateOnly))
	}
	wanted := map[person.ID]bool{}
	for _, id := range of.People {
		wanted[id] = true
	}
	if len(of.People) == 1 {
		where, args = where+" AND n.person = ?", append(args, int64(of.People[0]))
	}
	groups := map[string]int64{}
	err := d.rows(ctx, "SELECT n.id, n.person, n.kind, n.resource, n.content FROM new_record n WHERE n.id > ? AND "+where+" ORDER BY n.id", args, func(scan func(...any) error) error {
		var id, who int64
		var kind string
		var resource, sealed []byte
		if err := scan(&id, &who, &kind, &resource, &sealed); err != nil || len(wanted) > 0 && !wanted[person.ID(who)] { //nolint:gosec // numbers of people
			return err
		}
		plain, err := d.vault.Open(newRecord, uint64(id), sealed) //nolint:gosec // numbers begin with 1
		if err != nil {
			return err
		}
		group, ok := groups[string(resource)]
		if !ok {
			group = id
			groups[string(resource)] = id
		}
		r, err := decodeRecord(id, person.ID(who), kind, group, plain) //nolint:gosec // numbers of people
		out = append(out, r)
		return err
	})
	return out, err
}

// LastNewRecord is the number of the newest record that came in, also when it was
// erased; 0 if none did.
func (d *DB) LastNewRecord(ctx context.Context) (int64, error) {
	var last *int64
	query, args := newestNumber("new_record", "id")
	_, err := d.row(ctx, query, args, &last)
	if err != nil || last == nil {
		return 0, err
	}
	return *last, nil
}
