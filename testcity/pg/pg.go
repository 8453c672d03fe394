// Package pg runs a PostgreSQL server of its own for tests and trials: on
// loopback, on a free port, in a folder that goes away, stopped by its pid.
// It is no way to run a city.
package pg

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"time"

	"ennakko/fault"
	"ennakko/testcity/wire"
)

// Server is a running server.
type Server struct {
	dir, bin, port string
	wire           *wire.Wire          // it runs behind this one; nil: on loopback
	as             *syscall.Credential // who runs it: PostgreSQL refuses root
	cmd            *exec.Cmd
	done           chan struct{} // closed when the process has ended
	log            bytes.Buffer
}

// Options of a server.
type Options struct {
	Dir      string     // where its own folder is made; "": where the system makes such
	Wire     *wire.Wire // it runs behind this one
	Settings []string   // lines of postgresql.conf
}

// Start makes a cluster in a new folder and starts a server on it. Settings
// are lines of postgresql.conf.
func Start(ctx context.Context, settings ...string) (*Server, error) {
	return StartWith(ctx, Options{Settings: settings})
}

// StartWith does the same with more to choose.
func StartWith(ctx context.Context, o Options) (*Server, error) {
	const op = "pg.Start"
	s := &Server{wire: o.Wire}
	var err error
	if s.bin, err = binaries(); err != nil {
		return nil, err
	}
	if s.dir, err = os.MkdirTemp(o.Dir, "ennakko-pg-"); err != nil {
		return nil, fault.Wrap(err, op, "no folder for the database can be made")
	}
	if s.as, err = other(s.dir); err != nil {
		return nil, errors.Join(err, os.RemoveAll(s.dir))
	}
	made := s.command(ctx, "initdb", "-D", s.data(), "-U", "owner", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync")
	if out, err := made.CombinedOutput(); err != nil {
		return nil, errors.Join(fault.New(fault.Internal, op, "initdb failed: %s", bytes.TrimSpace(out)).Because(err), os.RemoveAll(s.dir))
	}
	if s.port, err = freePort(ctx); err != nil {
		return nil, errors.Join(err, os.RemoveAll(s.dir))
	}
	if err := s.configure(o.Settings); err != nil {
		return nil, errors.Join(err, os.RemoveAll(s.dir))
	}
	if err := s.Up(ctx); err != nil {
		return nil, errors.Join(err, os.RemoveAll(s.dir))
	}
	return s, nil
}

// configure writes the server's settings. Behind a cable it listens to whoever
// is at the other end of it.
func (s *Server) configure(settings []string) error {
	conf := "listen_addresses = '" + s.host() + "'\nport = " + s.port + "\nunix_socket_directories = ''\nmax_connections = 200\nshared_buffers = '256MB'\n"
	for _, line := range settings {
		conf += line + "\n"
	}
	files := map[string]string{"postgresql.conf": conf}
	if s.wire != nil {
		files["pg_hba.conf"] = "host all all " + s.wire.Net + " trust\n"
	}
	for name, lines := range files {
		f, err := os.OpenFile(filepath.Join(s.data(), name), os.O_APPEND|os.O_WRONLY, 0)
		if err == nil {
			_, err = f.WriteString(lines)
			err = errors.Join(err, f.Close())
		}
		if err != nil {
			return fault.Wrap(err, "pg.Start", "the settings cannot be written")
		}
	}
	return nil
}

func (s *Server) host() string {
	if s.wire != nil {
		return s.wire.There
	}
	return "127.0.0.1"
}

func (s *Server) data() string { return filepath.Join(s.dir, "data") }

// binaries finds the folder of the server's programs, the newest if there are
// several.
func binaries() (string, error) {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if p, err := exec.LookPath("initdb"); err == nil {
		if p, err = filepath.EvalSymlinks(p); err == nil {
			return filepath.Dir(p), nil
		}
	}
	if len(found) == 0 {
		return "", fault.New(fault.Missing, "pg.Start", "there is no PostgreSQL server on this machine").Do("apt-get install postgresql")
	}
	slices.Sort(found)
	return filepath.Dir(found[len(found)-1]), nil
}

// other is who runs the server when we are root, and owns the folder then.
func other(dir string) (*syscall.Credential, error) {
	if os.Getuid() != 0 {
		return nil, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return nil, fault.Wrap(err, "pg.Start", "the user postgres is not there")
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return nil, fault.Wrap(err, "pg.Start", "the user postgres has no number")
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		return nil, fault.Wrap(err, "pg.Start", "the user postgres has no group")
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, fault.Wrap(os.Chown(dir, int(uid), int(gid)), "pg.Start", "the folder cannot be given away")
}

func (s *Server) command(ctx context.Context, name string, args ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, filepath.Join(s.bin, name), args...)
	c.Dir = s.dir
	c.SysProcAttr = &syscall.SysProcAttr{Credential: s.as}
	return c
}

func freePort(ctx context.Context) (string, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", fault.Wrap(err, "pg.Start", "there is no free port")
	}
	_, port, err := net.SplitHostPort(l.Addr().String())
	return port, errors.Join(err, l.Close())
}

// Up starts the server on its folder and waits until it answers.
func (s *Server) Up(ctx context.Context) error {
	const op = "pg.Up"
	s.log.Reset()
	s.cmd = s.command(context.WithoutCancel(ctx), "postgres", "-D", s.data())
	s.cmd.Stdout, s.cmd.Stderr = &s.log, &s.log
	start := s.cmd.Start
	if s.wire != nil {
		start = func() error { return s.wire.Behind(s.cmd.Start) }
	}
	if err := start(); err != nil {
		return fault.Wrap(err, op, "the server does not start")
	}
	s.done = make(chan struct{})
	go func(c *exec.Cmd, done chan struct{}) {
		_ = c.Wait()
		close(done)
	}(s.cmd, s.done)
	for {
		err := s.command(ctx, "pg_isready", "-q", "-h", s.host(), "-p", s.port).Run()
		if _, answered := errors.AsType[*exec.ExitError](err); err == nil {
			return nil
		} else if !answered {
			return errors.Join(fault.Wrap(err, op, "pg_isready does not run"), s.Kill())
		}
		select {
		case <-s.done:
			return fault.New(fault.Internal, op, "the server ended at once: %s", bytes.TrimSpace(s.log.Bytes()))
		case <-ctx.Done():
			return errors.Join(ctx.Err(), s.Kill())
		case <-time.After(20 * time.Millisecond): // pg_isready asks once
		}
	}
}

// URL is the address of a database for a user.
func (s *Server) URL(user, database string) string {
	return fmt.Sprintf("postgres://%s@%s:%s/%s?sslmode=disable", user, s.host(), s.port, database)
}

// Addr is the address of the server: host and port.
func (s *Server) Addr() string { return net.JoinHostPort(s.host(), s.port) }

// Alive reports whether the process is there.
func (s *Server) Alive() bool {
	select {
	case <-s.done:
		return false
	default:
		return true
	}
}

// Down asks the server to end open connections and stop, and waits.
func (s *Server) Down() error { return s.signal(syscall.SIGINT) }

// Kill ends the server as a power cut would, and waits.
func (s *Server) Kill() error { return s.signal(syscall.SIGQUIT) }

func (s *Server) signal(sig syscall.Signal) error {
	select {
	case <-s.done:
		return nil
	default:
	}
	if err := s.cmd.Process.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fault.Wrap(err, "pg.Down", "the server cannot be stopped")
	}
	<-s.done
	return nil
}

// Close stops the server and removes its folder.
func (s *Server) Close() error {
	return errors.Join(s.Kill(), os.RemoveAll(s.dir))
}
