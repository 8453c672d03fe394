// Command soak runs a round through real processes, a real PostgreSQL and an
// operator over SMPP, breaks things on a schedule, and counts what must be
// nought. Its last line is one JSON object; it exits with 1 when a nought is not.
//
// It is for made-up people on loopback only.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// options of a run.
type options struct {
	program   string
	residents int
	wide      bool
	workers   int
	kills     int
	hangups   int
	restarts  int
	cuts      int
	fulls     int
	jumps     int
	diskSize  int64 // MiB
	gateway   string
	window    int
	delay     time.Duration
	answers   int // a second, at most
	hold      time.Duration
	speed     float64
	limit     time.Duration
	seed      uint64
	quiet     bool
}

// result is the last line; its names are a contract.
type result struct {
	Families    int     `json:"families"`
	Workers     int     `json:"workers"`
	Sent        int     `json:"sent"`
	Parts       int     `json:"parts"`
	Answers     int     `json:"answers"`
	Doubled     int     `json:"doubled_silently"`
	Lost        int     `json:"lost"`
	Overbooked  int     `json:"overbooked"`
	Uncertain   int     `json:"uncertain"`
	Settled     int     `json:"uncertain_settled"`
	Kills       int     `json:"kills"`
	Hangups     int     `json:"gateway_hangups"`
	Restarts    int     `json:"database_restarts"`
	Cuts        int     `json:"network_cuts"`
	Fulls       int     `json:"disk_full"`
	Jumps       int     `json:"clock_jumps"`
	Gateway     string  `json:"gateway"`
	Backlog     int     `json:"backlog_most"`       // answers that waited to be read, and messages that waited to be sent, at most
	HeardP99    float64 `json:"acknowledge_ms_p99"` // from when a family wrote until we took it
	ConfirmP50  float64 `json:"confirm_ms_p50"`
	ConfirmP99  float64 `json:"confirm_ms_p99"`
	ConfirmMax  float64 `json:"confirm_ms_max"`
	PartsPerS   float64 `json:"parts_per_second"` // over the busiest five seconds
	WallSeconds float64 `json:"wall_seconds"`
	Whole       bool    `json:"record_whole"`
}

func main() {
	var o options
	flag.StringVar(&o.program, "ennakko", "bin/ennakko", "the program")
	flag.IntVar(&o.residents, "residents", 20000, "how many people live in the city")
	flag.BoolVar(&o.wide, "wide", false, "a place for every child of up to six: some four times as many families")
	flag.IntVar(&o.workers, "workers", 2, "how many processes work")
	flag.IntVar(&o.kills, "kills", 20, "how often a process is killed with SIGKILL")
	flag.IntVar(&o.hangups, "hangups", 2, "how often the operator drops all connections")
	flag.IntVar(&o.restarts, "restarts", 1, "how often the database is killed and started again")
	flag.IntVar(&o.cuts, "cuts", 0, "how often the network between the workers and the database is cut for 20 seconds (needs root)")
	flag.IntVar(&o.fulls, "fulls", 0, "how often the disk of the database and of the workers is full for 5 seconds (needs root)")
	flag.Int64Var(&o.diskSize, "disk", 3000, "the size of that disk in MiB")
	flag.IntVar(&o.jumps, "jumps", 1, "how often a process comes back with a clock that is wrong by up to 10 made-up minutes")
	flag.StringVar(&o.gateway, "gateway", "smpp", "how messages reach the operator: smpp, or kannel")
	flag.IntVar(&o.window, "window", 10, "messages under way at once, for each process")
	flag.DurationVar(&o.delay, "delay", 50*time.Millisecond, "how long the operator takes for a part")
	flag.IntVar(&o.answers, "answers", 100, "how many families answer in a second, at most")
	flag.DurationVar(&o.hold, "hold", 0, "families answer no earlier than so long after the morning, all at once: 8h is two hours after the inquiry")
	flag.Float64Var(&o.speed, "speed", 600, "made-up seconds in a real one")
	flag.DurationVar(&o.limit, "limit", 10*time.Minute, "it fails when it takes longer")
	flag.Uint64Var(&o.seed, "seed", 1, "another seed breaks things at other moments")
	flag.BoolVar(&o.quiet, "quiet", false, "say nothing but the result")
	flag.Parse()
	if o.gateway != "smpp" && o.gateway != "kannel" || o.workers < 1 || flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	ctx, cancel := context.WithTimeout(ctx, o.limit)
	began := time.Now()
	r, err := soak(ctx, o)
	cancel()
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "soak:", err)
	}
	r.WallSeconds = time.Since(began).Seconds()
	line, merr := json.Marshal(r)
	if merr != nil {
		fmt.Fprintln(os.Stderr, "soak:", merr)
	}
	fmt.Println(string(line))
	if err != nil || r.Doubled+r.Lost+r.Overbooked != 0 || r.Uncertain != r.Settled || !r.Whole {
		os.Exit(1)
	}
}
