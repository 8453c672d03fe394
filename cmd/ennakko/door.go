package main

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"time"

	"ennakko/fault"
	"ennakko/signin"
	"ennakko/testcity/idp"
)

// door is where people log in: the demonstration's identity provider, on an
// address of its own, and the client that asks it.
type door struct {
	client *signin.Client
	issuer string
	server *http.Server
	done   chan struct{}
}

// openDoor starts the demonstration's identity provider beside the pages: on
// the tenth port after theirs if it is free (the demonstrations have neighbouring
// ones), else on any.
func openDoor(ctx context.Context, pages net.Addr, people idp.People) (*door, error) {
	const op = "cmd.openDoor"
	host, port, err := net.SplitHostPort(pages.String())
	if err != nil {
		return nil, fault.Wrap(err, op, "the address of the pages cannot be read")
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		return nil, fault.Wrap(err, op, "the address of the pages cannot be read")
	}
	ln, err := net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(n+10)))
	if err != nil {
		if ln, err = net.Listen("tcp", net.JoinHostPort(host, "0")); err != nil {
			return nil, fault.New(fault.Conflict, op, "no address is free for the log-in").Because(err)
		}
	}
	site := "http://" + pages.String()
	secret := rand.Text()
	handler, err := idp.New(idp.Options{Issuer: "http://" + ln.Addr().String(), ClientID: "ennakko", ClientSecret: secret, Redirect: site + "/login/done",
		AfterLogout: site + "/logged-out", People: people, Now: time.Now})
	if err != nil {
		return nil, errors.Join(err, ln.Close())
	}
	client, err := signin.NewClient(signin.Config{Issuer: "http://" + ln.Addr().String(), ClientID: "ennakko", ClientSecret: secret, Redirect: site + "/login/done",
		AfterLogout: site + "/logged-out", Staff: true, Residents: true}, time.Now)
	if err != nil {
		return nil, errors.Join(err, ln.Close())
	}
	// The provider's library tells the machine's log of every request that it
	// refuses; the pages say it already.
	slog.SetDefault(slog.New(slog.DiscardHandler))
	d := &door{client: client, issuer: "http://" + ln.Addr().String(), done: make(chan struct{}), server: &http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 30 * time.Second,
		IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 32 << 10, BaseContext: func(net.Listener) context.Context { return ctx }}}
	go func() {
		_ = d.server.Serve(ln) // it ends when it is closed
		close(d.done)
	}()
	return d, nil
}

func (d *door) close() {
	_ = d.server.Close()
	<-d.done
}
