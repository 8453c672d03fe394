package main

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"runtime/pprof"
	"time"
	"sort"

	"ennakko/app"
	"ennakko/criteria"
	"ennakko/library"
	"ennakko/packs"
	"ennakko/population"
	"ennakko/population/rival"
	"golang.org/x/sys/unix"
)

func cpu() float64 {
	var u unix.Rusage
	unix.Getrusage(unix.RUSAGE_SELF, &u)
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
}

func main() {
	ctx := context.Background()
	a, err := app.Open(ctx, app.Config{Data: os.Args[1], Clock: app.RealClock{}})
	if err != nil {
		panic(err)
	}
	var l *criteria.Language
	var cares []*criteria.Care
	var params criteria.Params
	if os.Args[2] == "lib" {
		lib, err := library.Load(packs.FS, "health", app.Catalog())
		if err != nil {
			panic(err)
		}
		for _, c := range lib.Criteria() {
			cares = append(cares, c.Care)
		}
		l, params = lib.Language(), lib.Params()
	} else {
		l, cares, err = rival.Template(app.Catalog(), 300)
		if err != nil {
			panic(err)
		}
	}
	names := append(app.CareFields(cares), "population.birth_date", "population.sex", "population.district")
	w, err := a.Population(ctx, l, names, "officer:bench", "bench", func(int, int) {})
	if err != nil {
		panic(err)
	}
	w.Close()
	runtime.GC()
	run := criteria.Run{AsOf: time.Date(2021, 1, 4, 0, 0, 0, 0, time.UTC)}
	if len(os.Args) > 3 {
		f, _ := os.Create(os.Args[3])
		pprof.StartCPUProfile(f)
		defer pprof.StopCPUProfile()
	}
	var walls, cpus []float64
	var plans []float64
	for range 30 {
		s, c := time.Now(), cpu()
		p, err := population.NewPlan(w.Columns, l, cares, params, run)
		if err != nil {
			panic(err)
		}
		plans = append(plans, time.Since(s).Seconds())
		if _, err := p.Run(ctx); err != nil {
			panic(err)
		}
		walls, cpus = append(walls, time.Since(s).Seconds()), append(cpus, cpu()-c)
	}
	sort.Float64s(walls)
	sort.Float64s(cpus)
	sort.Float64s(plans)
	fmt.Printf("%d facts, bytes %d MB; wall %.3f (min %.3f) cpu %.3f (min %.3f) plan %.4f\n", w.Columns.Facts(), w.Columns.Bytes()>>20, walls[15], walls[0], cpus[15], cpus[0], plans[15])
}
