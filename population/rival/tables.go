package rival

import (
	"fmt"
	"strings"

	"ennakko/clinical"
	"ennakko/coding"
	"ennakko/criteria"
)

// verdict is a criterion as one expression: the place of its verdict.
func (w *writer) verdict(c *criteria.Care) (string, error) {
	population, err := w.condition(c.Population)
	if err != nil {
		return "", err
	}
	done, err := w.condition(c.Done)
	if err != nil {
		return "", err
	}
	excluded, unsure := "false", "false"
	for _, x := range c.Exclusions {
		s, err := w.condition(x.Program)
		if err != nil {
			return "", err
		}
		excluded, unsure = excluded+" OR "+s, unsure+" OR "+s+" IS NULL"
	}
	return fmt.Sprintf("(CASE WHEN %[1]s IS NULL THEN 4 WHEN NOT %[1]s THEN 0 WHEN coalesce(%[2]s, false) THEN 1 WHEN coalesce(%[3]s, false) THEN 2 WHEN %[4]s OR %[3]s IS NULL THEN 4 ELSE 3 END)::UTINYINT",
		population, excluded, done, unsure), nil
}

func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// inSet is the condition that a code is in a value set.
func inSet(column string, set *coding.ValueSet) string {
	one, below := []string{}, []string{}
	for _, p := range set.Patterns() {
		if p.Below {
			below = append(below, "starts_with("+column+", "+quote(p.Code.String())+")")
		} else {
			one = append(one, quote(p.Code.String()))
		}
	}
	if len(one) > 0 {
		below = append(below, column+" IN ("+strings.Join(one, ", ")+")")
	}
	return strings.Join(below, " OR ")
}

// tableOf is the query that makes a concept's table of files of records.
func (w *writer) tableOf(c criteria.Concept, files map[string][]string) string {
	var froms []string
	for _, k := range c.Kinds {
		froms = append(froms, files[k.Field()]...)
	}
	for i := range froms {
		froms[i] = quote(froms[i])
	}
	from := "read_parquet([" + strings.Join(froms, ", ") + "])"
	if len(froms) == 0 {
		from = `(SELECT NULL::UINTEGER AS person, NULL::INTEGER AS day, NULL::INTEGER AS until, NULL::DOUBLE AS value, NULL::VARCHAR AS value_code, NULL::VARCHAR AS class,
			NULL::SMALLINT AS minute, NULL::UINTEGER AS grp, NULL::VARCHAR AS code, NULL::VARCHAR AS status WHERE false)`
	}
	need := map[criteria.Kind]string{criteria.Number: " AND value IS NOT NULL", criteria.Coded: " AND value_code IS NOT NULL"}[c.Value]
	value := "value"
	if c.Value != criteria.Number {
		value = "0::DOUBLE AS value"
	}
	return fmt.Sprintf(`CREATE TABLE c_%s AS SELECT person, day, until, %s, value_code, class, row_number() OVER () AS ord FROM (
		SELECT person, coalesce(day, %d) AS day, coalesce(until, 2147483647) AS until, value, value_code, coalesce(class, '') AS class, coalesce(minute, -1) AS minute, grp, code
		FROM %s WHERE (%s)%s AND coalesce(day, %d) <= %d AND coalesce(status, '') NOT IN ('entered-in-error','not-done','not-taken','cancelled','draft','planned','proposed','preparation','refuted','rejected','revoked')
		QUALIFY row_number() OVER (PARTITION BY person, grp ORDER BY code) = 1 ORDER BY person, day, minute, grp)`,
		c.Name, value, clinical.Always, from, inSet("code", c.Codes), need, clinical.Always, w.asOf())
}
