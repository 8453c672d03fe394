package main

import (
	"database/sql"
	"fmt"
	"os"
	"sync"
	"time"
	"unsafe"

	_ "github.com/duckdb/duckdb-go/v2"
	b "github.com/duckdb/duckdb-go-bindings"
	m "github.com/duckdb/duckdb-go/v2/mapping"
)

const cols = "c.n, p.person, p.day, p.minute, p.value, coalesce(u.n, 0)::UTINYINT, coalesce(k.n,0)::UTINYINT, p.encounter, p.grp"

func setup(exec func(string)) {
	exec("CREATE TABLE c AS SELECT ('loinc|' || (1000+i*37) || '-' || (i%9)) AS code, i::USMALLINT AS n FROM range(0,48) t(i)")
	exec("CREATE TABLE u AS SELECT * FROM (VALUES ('mm[Hg]', 1::UTINYINT), ('mmol/L', 2::UTINYINT)) t(unit, n)")
	exec("CREATE TABLE k AS SELECT * FROM (VALUES ('AMB', 1::UTINYINT), ('IMP', 2::UTINYINT)) t(class, n)")
}

func query(p int) string {
	return fmt.Sprintf("SELECT %s FROM read_parquet('/tmp/e/obs/%04d.parquet') p JOIN c ON c.code=p.code LEFT JOIN u ON u.unit=p.unit LEFT JOIN k ON k.class=p.class", cols, p)
}
func query2(p int) string {
	return fmt.Sprintf("SELECT p.code, p.person, p.day, p.minute, p.value, p.unit, p.class, p.encounter, p.grp FROM read_parquet('/tmp/e/obs/%04d.parquet') p", p)
}

func open(threads int) (m.Database, m.Connection) {
	var cfg m.Config
	m.CreateConfig(&cfg)
	m.SetConfig(cfg, "threads", fmt.Sprint(threads))
	var db m.Database
	var msg string
	if m.OpenExt("", &db, cfg, &msg) != m.StateSuccess { panic(msg) }
	var con m.Connection
	m.Connect(db, &con)
	return db, con
}

func chunks(con m.Connection, q string, streaming bool) (n int, sum float64, ordered bool) {
	var res m.Result
	if streaming {
		var st m.PreparedStatement
		if m.Prepare(con, q, &st) != m.StateSuccess { panic(m.PrepareError(st)) }
		var pend m.PendingResult
		if b.PendingPreparedStreaming(st, &pend) != m.StateSuccess { panic("x") }
		if m.ExecutePending(pend, &res) != m.StateSuccess { panic(m.ResultError(&res)) }
	} else {
	if m.Query(con, q, &res) != m.StateSuccess { panic(m.ResultError(&res)) }
	}
	var lastC uint16
	var lastP uint32
	ordered = true
	for {
		ch := m.FetchChunk(res)
		if ch.Ptr == nil { break }
		size := int(m.DataChunkGetSize(ch))
		if size == 0 { break }
		n += size
		vec := func(i int) unsafe.Pointer { return m.VectorGetData(m.DataChunkGetVector(ch, m.IdxT(i))) }
		v := unsafe.Slice((*float64)(vec(4)), size)
		for _, x := range v { sum += x }
		c := unsafe.Slice((*uint16)(vec(0)), size)
		p := unsafe.Slice((*uint32)(vec(1)), size)
		for i := range c {
			if c[i] == lastC && p[i] < lastP { ordered = false }
			lastC, lastP = c[i], p[i]
		}
		m.DestroyDataChunk(&ch)
	}
	m.DestroyResult(&res)
	return
}

func main() {
	what := os.Args[1]
	t := time.Now()
	switch what {
	case "chunk", "stream":
		var wg sync.WaitGroup
		ch := make(chan int, 5)
		for p := range 5 { ch <- p }
		close(ch)
		for range 2 {
			wg.Go(func() {
				_, con := open(1)
				setup(func(q string) { var r m.Result; if m.Query(con, q, &r) != m.StateSuccess { panic(m.ResultError(&r)) } })
				for p := range ch {
					n, s, o := chunks(con, query(p), what == "stream")
					fmt.Println(p, n, s, o, time.Since(t))
				}
			})
		}
		wg.Wait()
	case "one":
		_, con := open(2)
		setup(func(q string) { var r m.Result; m.Query(con, q, &r) })
		for p := range 5 {
			n, s, o := chunks(con, query(p), true)
			fmt.Println(p, n, s, o, time.Since(t))
		}
	case "text":
		_, con := open(2)
		for p := range 5 {
			n, s, o := chunks(con, query2(p), true)
			fmt.Println(p, n, s, o, time.Since(t))
		}
	case "sql":
		db, _ := sql.Open("duckdb", "")
		db.SetMaxOpenConns(1)
		setup(func(q string) { if _, err := db.Exec(q); err != nil { panic(err) } })
		rows, err := db.Query(query(0))
		if err != nil { panic(err) }
		n := 0
		var a, b, c, d, f, g, h, i any
		var v float64
		s := 0.0
		for rows.Next() { n++; if err := rows.Scan(&a, &b, &c, &d, &v, &f, &g, &h, &i); err != nil { panic(err) }; s += v }
		fmt.Println(0, n, s)
	}
	fmt.Println(what, time.Since(t))
}
