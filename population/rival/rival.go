package rival

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	_ "github.com/duckdb/duckdb-go/v2" // DuckDB under database/sql

	"ennakko/criteria"
	"ennakko/fault"
)

// Answer is what SQL made of criteria.
type Answer struct {
	LoadSeconds float64            // tables of the concepts, sorted, in memory
	Seconds     float64            // all questions and all verdicts: the middle of three turns
	CPUSeconds  float64            // of that, of all cores together
	Counts      map[string][]int64 // of each criterion: how many people have each of the first five verdicts
	Left        []string           // criteria with a part that is not put into SQL here
}

// SQL answers criteria in DuckDB, over files of facts by field (as register
// names them). The facts stand in memory before the clock starts: a table for
// each concept, with nothing else in it, sorted by person. Then one pass over each
// table asks all of its questions for everyone, grouped by person, with a FILTER
// for each. Then each criterion is one query over the people joined with the
// answers that it needs. Of what was tried this was the fastest (decision 026).
func SQL(ctx context.Context, l *criteria.Language, cares []*criteria.Care, params criteria.Params, run criteria.Run, files map[string][]string, cpu func() float64, say func(string, ...any)) (*Answer, error) {
	const op = "rival.SQL"
	db, err := sql.Open("duckdb", "")
	if err != nil {
		return nil, fault.Wrap(err, op, "DuckDB does not open")
	}
	defer func() { _ = db.Close() }()
	db.SetMaxOpenConns(1)
	w := newWriter(l, params, run)
	out := &Answer{Counts: map[string][]int64{}}
	var asked []asked
	for _, c := range cares {
		w.touched = map[string]bool{}
		v, err := w.verdict(c)
		if err != nil {
			out.Left = append(out.Left, c.Name)
			continue
		}
		asked = append(asked, askedOf(c.Name, v, w.touched))
	}
	start := time.Now()
	if err := w.load(ctx, db, files); err != nil {
		return nil, err
	}
	out.LoadSeconds = time.Since(start).Seconds()
	say("SQL: %d tables in memory, %d questions, %.1f s", len(w.tables()), len(w.names), out.LoadSeconds)
	var took, spent []float64
	for range turns {
		out.Counts = map[string][]int64{}
		start, used := time.Now(), cpu()
		if err := out.ask(ctx, db, w, asked); err != nil {
			return nil, err
		}
		took, spent = append(took, time.Since(start).Seconds()), append(spent, cpu()-used)
		for _, query := range w.answers() { // off the clock
			if _, err := db.ExecContext(ctx, "DROP TABLE "+strings.Fields(query)[3]); err != nil {
				return nil, fault.Wrap(err, op, "the answers cannot be put away")
			}
		}
		say("SQL: all of it, %.2f s", took[len(took)-1])
	}
	slices.Sort(took)
	slices.Sort(spent)
	out.Seconds, out.CPUSeconds = took[turns/2], spent[turns/2]
	return out, nil
}

// turns is how often everything is asked. The turn in the middle counts, as with
// the engine that is compared.
const turns = 3

// ask asks all questions, and counts the verdicts on their answers.
func (a *Answer) ask(ctx context.Context, db *sql.DB, w *writer, asked []asked) error {
	for _, query := range w.answers() {
		if _, err := db.ExecContext(ctx, query); err != nil {
			return fault.Wrap(err, "rival.SQL", "the questions cannot be asked")
		}
	}
	for _, one := range asked {
		if err := a.count(ctx, db, one); err != nil {
			return err
		}
	}
	return nil
}

func newWriter(l *criteria.Language, params criteria.Params, run criteria.Run) *writer {
	return &writer{language: l, params: params, run: run, asked: map[string][]string{}, joined: map[string]string{}, names: map[string]string{}, wrapped: map[string]string{},
		tableFor: map[string]string{}, fields: map[string]string{}}
}

// tables lists the concepts of which something is asked.
func (w *writer) tables() []string {
	all := map[string]bool{}
	for key := range w.names {
		source, _, _ := strings.Cut(key, "|")
		all[plain(source)] = true
	}
	return slices.Sorted(maps.Keys(all))
}

func (w *writer) load(ctx context.Context, db *sql.DB, files map[string][]string) error {
	const op = "rival.load"
	list := func(field string) string {
		if len(files[field]) == 0 { // a register that came in, and says nothing of it
			return "(SELECT NULL::UINTEGER AS person, NULL::INTEGER AS day, NULL::VARCHAR AS value WHERE false)"
		}
		var quoted []string
		for _, f := range files[field] {
			quoted = append(quoted, quote(f))
		}
		return "read_parquet([" + strings.Join(quoted, ", ") + "])"
	}
	// age as criteria.YearsBetween counts it
	people := fmt.Sprintf(`CREATE TABLE people AS SELECT b.person, b.born, b.age, s.sex, r.person IS NOT NULL AS was_read FROM
		(SELECT person, DATE '1970-01-01' + arg_max(value, coalesce(day, -2147483648)) AS born, date_sub('year', DATE '1970-01-01' + arg_max(value, coalesce(day, -2147483648)), DATE '%s')::DOUBLE AS age FROM %s WHERE coalesce(day, -2147483648) <= %d GROUP BY person) b
		LEFT JOIN (SELECT person, arg_max(value, coalesce(day, -2147483648)) AS sex FROM %s WHERE coalesce(day, -2147483648) <= %d GROUP BY person) s USING (person)
		LEFT JOIN (SELECT DISTINCT person FROM %s) r USING (person) ORDER BY b.person`,
		w.run.AsOf.Format(time.DateOnly), list("population.birth_date"), w.asOf(), list("population.sex"), w.asOf(), list("health.read"))
	if _, err := db.ExecContext(ctx, people); err != nil {
		return fault.Wrap(err, op, "the table of people cannot be made")
	}
	for _, name := range w.tables() {
		if field, ok := w.fields[name]; ok {
			query := fmt.Sprintf("CREATE TABLE c_%s AS SELECT person, coalesce(day, -2147483648) AS day, value, row_number() OVER () AS ord FROM %s WHERE coalesce(day, -2147483648) <= %d ORDER BY person, 2", name, list(field), w.asOf())
			if _, err := db.ExecContext(ctx, query); err != nil {
				return fault.Wrap(err, op, "the table of the field %s cannot be made", field)
			}
			continue
		}
		c, _ := w.language.Concept(name)
		if _, err := db.ExecContext(ctx, w.tableOf(c, files)); err != nil {
			return fault.Wrap(err, op, "the table of the concept %s cannot be made", name)
		}
	}
	return nil
}

// answers are the queries that ask everything: one pass over each table, and then
// one over each join.
func (w *writer) answers() []string {
	var first, then []string
	for _, source := range slices.Sorted(maps.Keys(w.asked)) {
		questions := strings.Join(w.asked[source], ", ")
		if from, ok := w.joined[source]; ok {
			then = append(then, "CREATE TEMP TABLE a_"+source+" AS SELECT person, "+questions+" FROM "+from+" GROUP BY person")
		} else {
			first = append(first, "CREATE TEMP TABLE a_"+source+" AS SELECT person, "+questions+" FROM c_"+source+" GROUP BY person")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(w.wrapped)) {
		then = append(then, "CREATE TEMP TABLE a_"+name+" AS "+w.wrapped[name])
	}
	return append(first, then...)
}

// asked is a criterion as a query.
type asked struct{ name, query string }

func askedOf(name, verdict string, tables map[string]bool) asked {
	var b strings.Builder
	b.WriteString("SELECT ")
	for k := range 5 {
		if k > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "count(*) FILTER (WHERE v = %d)", k)
	}
	b.WriteString(" FROM (SELECT " + verdict + " AS v FROM people")
	for _, t := range slices.Sorted(maps.Keys(tables)) {
		b.WriteString(" LEFT JOIN " + t + " USING (person)")
	}
	b.WriteString(")")
	return asked{name, b.String()}
}

// count counts the verdicts of a criterion.
func (a *Answer) count(ctx context.Context, db *sql.DB, q asked) error {
	counts := make([]int64, 5)
	if err := db.QueryRowContext(ctx, q.query).Scan(&counts[0], &counts[1], &counts[2], &counts[3], &counts[4]); err != nil {
		return fault.Wrap(err, "rival.count", "the verdicts cannot be counted")
	}
	a.Counts[q.name] = counts
	return nil
}
