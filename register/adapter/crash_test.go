package adapter_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"ennakko/register/standing"
	"ennakko/register/xroad"
	standin "ennakko/testcity/incomes"
)

const crashDir = "ENNAKKO_TEST_CRASH_DIR"

// TestCrashing is the process that is killed; it is nothing when it is run alone.
func TestCrashing(t *testing.T) {
	dir := os.Getenv(crashDir)
	if dir == "" {
		t.Skip("no test of its own: TestAKillBetweenMarkAndHandoverLosesNoMark starts it as the process that it kills")
	}
	s := open(t, func(o *standin.SourceOptions) { o.Dir = dir })
	s.office.mu.Lock()
	s.office.refuse = errors.New("the city keeps nothing now") // the mark waits
	s.office.mu.Unlock()
	s.Adapter.OnMarked(func() {
		fmt.Println("marked")
		select {} // until the kill
	})
	fmt.Println("serving", s.URL, s.who.Reveal())
	_, _ = io.Copy(io.Discard, os.Stdin)
}

// The adapter dies between mark and hand-over, by a signal that nobody can catch.
// No byte has left; the mark is there after the restart, and reaches the city.
func TestAKillBetweenMarkAndHandoverLosesNoMark(t *testing.T) {
	dir := t.TempDir()
	c := exec.CommandContext(t.Context(), os.Args[0], "-test.run", "^TestCrashing$") //nolint:gosec // this very test
	c.Env = append(os.Environ(), crashDir+"="+dir)
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = in.Close() }()
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	if !lines.Scan() {
		t.Fatal("it does not serve")
	}
	said := strings.Fields(lines.Text())
	if len(said) != 3 || said[0] != "serving" {
		t.Fatalf("it says %s", lines.Text())
	}
	answered := make(chan string)
	go func() { answered <- callAcross(t.Context(), dir, said[1], said[2]) }()
	if !lines.Scan() || lines.Text() != "marked" {
		t.Fatalf("it says %s", lines.Text())
	}
	if err := c.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = c.Wait()
	if got := <-answered; got != "" {
		t.Errorf("bytes left: %s", got)
	}
	s := open(t, func(o *standin.SourceOptions) { o.Dir = dir })
	marks := s.office.has(t, 1)
	if len(marks) != 1 || marks[0].Purpose != feePurpose || marks[0].Request != "fa2e18a5-c2cb-4d09-b994-f57727f7c3fb" {
		t.Errorf("%v", marks)
	}
	s.office.mu.Lock()
	defer s.office.mu.Unlock()
	if len(s.office.questions) != 0 || len(s.Register.Asked()) != 0 {
		t.Error("something was handed over by itself")
	}
}

// callAcross asks an adapter of another process and gives the raw bytes that came.
func callAcross(ctx context.Context, dir, url, code string) string {
	s, err := standin.Certified(dir)
	if err != nil {
		return err.Error()
	}
	line, err := s.Dial(ctx, "tcp", strings.TrimPrefix(url, "https://"))
	if err != nil {
		return err.Error()
	}
	defer func() { _ = line.Close() }()
	body := `{"person":"` + code + `","from":"2026-01","to":"2026-02"}`
	q, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/incomes", strings.NewReader(body))
	if err != nil {
		return err.Error()
	}
	for name, value := range map[string]string{"Content-Type": "application/json", xroad.HeaderClient: standin.Member, xroad.HeaderIssue: "42", xroad.HeaderID: "fa2e18a5-c2cb-4d09-b994-f57727f7c3fb",
		standing.HeaderPurpose: feePurpose, standing.HeaderFields: "incomes.month,incomes.cents"} {
		q.Header.Set(name, value)
	}
	if err := q.Write(line); err != nil {
		return err.Error()
	}
	_ = line.SetReadDeadline(time.Now().Add(20 * time.Second))
	b, err := io.ReadAll(line)
	if e, ok := errors.AsType[net.Error](err); ok && e.Timeout() {
		return "the line was not cut"
	}
	return string(b)
}
