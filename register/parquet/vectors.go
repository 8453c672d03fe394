package parquet

import (
	"context"
	"errors"
	"math"
	"slices"
	"unsafe"

	duck "github.com/duckdb/duckdb-go-bindings"

	"ennakko/fault"
)

// engine is a DuckDB in memory with one thread, so that rows come in the order
// of the file; several of them work at the same time.
type engine struct {
	db   duck.Database
	conn duck.Connection
}

func newEngine() (*engine, error) {
	const op = "parquet.engine"
	var e engine
	var c duck.Config
	if duck.CreateConfig(&c) != duck.StateSuccess {
		return nil, fault.New(fault.Internal, op, "DuckDB does not open")
	}
	defer duck.DestroyConfig(&c)
	var why string
	if duck.SetConfig(c, "threads", "1") != duck.StateSuccess || duck.OpenExt("", &e.db, c, &why) != duck.StateSuccess {
		return nil, fault.New(fault.Internal, op, "DuckDB does not open")
	}
	if duck.Connect(e.db, &e.conn) != duck.StateSuccess {
		duck.Close(&e.db)
		return nil, fault.New(fault.Internal, op, "DuckDB does not open")
	}
	return &e, nil
}

func (e *engine) close() {
	duck.Disconnect(&e.conn)
	duck.Close(&e.db)
}

// batch is one chunk of DuckDB's: up to 2,048 rows.
type batch struct {
	chunk duck.DataChunk
	size  int
}

// each hands over the rows of a question in order. The batch is valid only
// while do runs.
func (e *engine) each(ctx context.Context, query string, do func(*batch) error) error {
	var prepared duck.PreparedStatement
	defer duck.DestroyPrepare(&prepared)
	if duck.Prepare(e.conn, query, &prepared) != duck.StateSuccess {
		return unread(duck.PrepareError(prepared))
	}
	var pending duck.PendingResult
	defer duck.DestroyPending(&pending)
	var res duck.Result
	defer duck.DestroyResult(&res)
	if duck.PendingPreparedStreaming(prepared, &pending) != duck.StateSuccess {
		return unread(duck.PendingError(pending))
	}
	if duck.ExecutePending(pending, &res) != duck.StateSuccess {
		return unread(duck.ResultError(&res))
	}
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		b := batch{chunk: duck.FetchChunk(res)}
		if b.chunk.Ptr == nil {
			break
		}
		b.size = int(duck.DataChunkGetSize(b.chunk))
		var err error
		if b.size > 0 {
			err = do(&b)
		}
		duck.DestroyDataChunk(&b.chunk)
		if err != nil || b.size == 0 {
			return err
		}
	}
	if why := duck.ResultError(&res); why != "" {
		return unread(why)
	}
	return nil
}

// unread keeps what DuckDB says as a cause: it may hold values.
func unread(why string) error {
	return fault.New(fault.Internal, "parquet.read", "the facts cannot be read").Because(errors.New(why))
}

func (b *batch) vector(col int) duck.Vector {
	return duck.DataChunkGetVector(b.chunk, duck.IdxT(col))
}

// valid tells whether a row of a column is not NULL.
func (b *batch) valid(v duck.Vector) func(row int) bool {
	mask := (*uint64)(duck.VectorGetValidity(v))
	if mask == nil {
		return func(int) bool { return true }
	}
	bits := unsafe.Slice(mask, (b.size+63)/64)
	return func(row int) bool { return bits[row/64]>>(row%64)&1 == 1 }
}

// numbers is a column without NULLs, in DuckDB's own memory.
func numbers[T int32 | uint32 | float64](b *batch, col int) []T {
	return unsafe.Slice((*T)(duck.VectorGetData(b.vector(col))), b.size)
}

// doubles is a column of numbers, NaN for NULL, in DuckDB's own memory.
func (b *batch) doubles(col int) []float64 {
	out := numbers[float64](b, col)
	mask := (*uint64)(duck.VectorGetValidity(b.vector(col)))
	if mask == nil {
		return out
	}
	for i, bits := range unsafe.Slice(mask, (b.size+63)/64) {
		if bits == math.MaxUint64 {
			continue
		}
		for j := i * 64; j < min(i*64+64, b.size); j++ {
			if bits>>(j%64)&1 == 0 {
				out[j] = math.NaN()
			}
		}
	}
	return out
}

// words gives texts numbers. Number 0 is no text (NULL or "").
type words struct {
	list   []string
	byText map[string]uint32
	recent [64]recentWord
	epoch  uint32
	cols   [5][]uint32
}

// recentWord remembers the number of a text by the 16 bytes with which DuckDB
// has it: they are the text itself, or where it stands in this batch.
type recentWord struct {
	raw   [2]uint64
	epoch uint32
	n     uint32
}

func newWords() *words { return &words{list: []string{""}, byText: map[string]uint32{"": 0}} }

// batch forgets where texts stood: another batch has other memory.
func (w *words) batch() { w.epoch++ }

const inlineText = 12 // bytes; DuckDB keeps longer texts elsewhere

// at is the number of the text in a row.
func (w *words) at(b *batch, col, row int) uint32 {
	v := b.vector(col)
	if !b.valid(v)(row) {
		return 0
	}
	return w.number((*[2]uint64)(unsafe.Add(duck.VectorGetData(v), row*16)))
}

func (w *words) number(raw *[2]uint64) uint32 {
	r := &w.recent[(raw[0]*0x9e3779b97f4a7c15^raw[1]*0xff51afd7ed558ccd)>>58]
	if r.epoch == w.epoch && r.raw == *raw {
		return r.n
	}
	size := int(uint32(raw[0]))
	p := unsafe.Add(unsafe.Pointer(raw), 4)
	if size > inlineText {
		p = *(*unsafe.Pointer)(unsafe.Add(unsafe.Pointer(raw), 8))
	}
	text := unsafe.String((*byte)(p), size)
	n, ok := w.byText[text]
	if !ok {
		text = string([]byte(text))
		n = uint32(len(w.list))
		w.list = append(w.list, text)
		w.byText[text] = n
	}
	*r = recentWord{*raw, w.epoch, n}
	return n
}

// column is a column of texts as numbers; it stands until the next batch.
func (w *words) column(b *batch, col int) []uint32 {
	i := col % len(w.cols)
	w.cols[i] = slices.Grow(w.cols[i][:0], b.size)[:b.size]
	out, v := w.cols[i], b.vector(col)
	valid := b.valid(v)
	raw := unsafe.Slice((*[2]uint64)(duck.VectorGetData(v)), b.size)
	mask := duck.VectorGetValidity(v)
	for j := range out {
		if mask != nil && !valid(j) {
			out[j] = 0
			continue
		}
		out[j] = w.number(&raw[j])
	}
	return out
}
