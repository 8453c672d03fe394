package standing

import (
	"encoding/json"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"time"

	"ennakko/fault"
	"ennakko/strictjson"
)

// The paths of the city's side.
const (
	PathStanding = "/v1/standing"
	PathMarks    = "/v1/marks"
)

// How long requests may be, in bytes. Even 100 marks of the most and longest fields
// fit: a mark that could not be sent would hold up all after it.
const (
	largestQuestion = 64 << 10
	largestMarks    = 4 << 20
)

// BySubject tells sources apart by the subject of the certificate that they show,
// as in RFC 4514: {"CN=incomes-adapter": "incomes-register"}. The server must
// have checked the certificate (certificate.Store.Server).
func BySubject(sources map[string]string) func(*http.Request) (string, bool) {
	return func(q *http.Request) (string, bool) {
		if q.TLS == nil || len(q.TLS.VerifiedChains) == 0 {
			return "", false
		}
		id, ok := sources[q.TLS.PeerCertificates[0].Subject.String()]
		return id, ok
	}
}

// Handler serves an office to sources. Source tells who asks; who is no source
// gets 403. Now is the city's clock, by which verdicts go.
func Handler(o Office, source func(*http.Request) (string, bool), now func() time.Time, log *slog.Logger) http.Handler {
	s := server{o, source, now, log}
	m := http.NewServeMux()
	m.HandleFunc("POST "+PathStanding, s.standing)
	m.HandleFunc("POST "+PathMarks, s.marks)
	return m
}

type server struct {
	office Office
	source func(*http.Request) (string, bool)
	now    func() time.Time
	log    *slog.Logger
}

// read takes a request of a known source.
func (s server) read(w http.ResponseWriter, q *http.Request, largest int64, into any) (source string, ok bool) {
	source, ok = s.source(q)
	if !ok {
		s.log.WarnContext(q.Context(), "somebody who is no source asks about permissions", "path", q.URL.Path)
		answer(w, http.StatusForbidden, map[string]string{"error": "the city does not know this source"})
		return "", false
	}
	kind, _, err := mime.ParseMediaType(q.Header.Get("Content-Type"))
	b, tooMuch := io.ReadAll(http.MaxBytesReader(w, q.Body, largest))
	if err != nil || kind != "application/json" || tooMuch != nil {
		answer(w, http.StatusBadRequest, map[string]string{"error": "the request is not JSON of a fitting size"})
		return "", false
	}
	if err := strictjson.Read(b, into); err != nil {
		answer(w, http.StatusBadRequest, map[string]string{"error": err.Error()})
		return "", false
	}
	return source, true
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

func (s server) standing(w http.ResponseWriter, q *http.Request) {
	var in wireQuestion
	source, ok := s.read(w, q, largestQuestion, &in)
	if !ok {
		return
	}
	if err := about("standing.Standing", in.ID, in.Permission, in.Purpose, in.Fields, in.Person, in.At); err != nil {
		answer(w, http.StatusBadRequest, map[string]string{"error": err.Error()})
		return
	}
	at := s.now().UTC()
	v, err := s.office.Standing(q.Context(), Question{ID: in.ID, Source: source, Permission: in.Permission, Purpose: in.Purpose, Fields: in.Fields, Person: in.Person, At: in.At})
	if err == nil && v.Stands && v.Until.IsZero() {
		err = fault.New(fault.Internal, "standing.Standing", "a permission that stands has no end")
	}
	if err != nil {
		s.log.ErrorContext(q.Context(), "a source cannot be told whether a permission stands", "source", source, "question", in.ID, "error", err)
		answer(w, http.StatusServiceUnavailable, map[string]string{"error": "the city cannot tell now"})
		return
	}
	out := wireVerdict{ID: in.ID, Stands: &v.Stands}
	if v.Stands {
		out.At, out.Until = &at, &v.Until
	} else if out.Gap, out.Why = v.Gap, v.Why; out.Why == "" {
		out.Why = WhyUnknown
	}
	answer(w, http.StatusOK, out)
}

// marks takes marks in order, until one cannot be kept now.
func (s server) marks(w http.ResponseWriter, q *http.Request) {
	var in wireMarks
	source, ok := s.read(w, q, largestMarks, &in)
	if !ok {
		return
	}
	if len(in.Marks) == 0 || len(in.Marks) > MostMarks {
		answer(w, http.StatusBadRequest, map[string]string{"error": "from 1 to 100 marks belong here"})
		return
	}
	out := wireTaken{Marks: []wireFate{}}
	for _, m := range in.Marks {
		err := m.Check()
		if err == nil {
			mark := m.Mark()
			mark.Source = source
			err = s.office.Mark(q.Context(), mark)
		}
		kind := fault.KindOf(err)
		taken := err == nil
		if !taken && kind != fault.Invalid && kind != fault.Refused && kind != fault.Missing {
			s.log.ErrorContext(q.Context(), "a mark cannot be kept now", "source", source, "mark", m.ID, "error", err)
			break
		}
		if !taken {
			s.log.ErrorContext(q.Context(), "a mark is refused for good", "source", source, "error", err)
		}
		out.Marks = append(out.Marks, wireFate{m.ID, &taken})
	}
	if len(out.Marks) == 0 {
		answer(w, http.StatusServiceUnavailable, map[string]string{"error": "the city cannot keep marks now"})
		return
	}
	answer(w, http.StatusOK, out)
}
