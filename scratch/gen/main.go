package main

import (
	"database/sql"
	"fmt"
	"os"
	"time"

	_ "github.com/duckdb/duckdb-go/v2"
)

func main() {
	db, err := sql.Open("duckdb", "")
	if err != nil { panic(err) }
	os.MkdirAll("/tmp/e/obs", 0o755)
	t := time.Now()
	for p := 0; p < 5; p++ {
		lo, hi := p<<17, min((p+1)<<17, 640000)
		q := fmt.Sprintf(`COPY (SELECT person::UINTEGER AS person, 'loinc|' || (1000+c*37) || '-' || (c%%9) AS code,
		 (14000 + (hash(person, c, k) %% 4600))::INTEGER AS day, NULL::INTEGER AS until, (hash(k,person) %% 1440)::SMALLINT AS minute,
		 (hash(c,k,person) %% 2000)/10.0 AS value, CASE WHEN c%%2=0 THEN 'mm[Hg]' ELSE 'mmol/L' END AS unit, NULL::VARCHAR AS value_code,
		 'final' AS status, CASE WHEN hash(person,c,k,1)%%5=0 THEN 'IMP' ELSE 'AMB' END AS class, (hash(person,k)%%30)::UINTEGER AS encounter, (k*100+c)::UINTEGER AS grp, NULL::VARCHAR AS source
		 FROM range(%d, %d) t(person), range(0, 48) u(c), range(0,3) v(k) WHERE hash(person, c, k, 7) %% 100 < 33 ORDER BY code, person, day, minute)
		 TO '/tmp/e/obs/%04d.parquet' (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 100000)`, lo, hi, p)
		if _, err := db.Exec(q); err != nil { panic(err) }
		fmt.Println(p, time.Since(t))
	}
}
