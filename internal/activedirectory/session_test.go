package activedirectory

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"

	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// stuckConnection is a connection whose operations end only when it is closed.
type stuckConnection struct {
	closed  chan struct{}
	aborted atomic.Int32
}

func (c *stuckConnection) wait() error {
	<-c.closed
	return ldap.NewError(ldap.ErrorNetwork, errors.New("closed"))
}

func (c *stuckConnection) Search(*ldap.SearchRequest) (*ldap.SearchResult, error) {
	return nil, c.wait()
}

func (c *stuckConnection) Add(*ldap.AddRequest) error { return c.wait() }

func (c *stuckConnection) Modify(*ldap.ModifyRequest) error { return c.wait() }

func (c *stuckConnection) Del(*ldap.DelRequest) error { return c.wait() }
func (c *stuckConnection) Close() error               { return nil }

func (c *stuckConnection) abort() {
	if c.aborted.Add(1) == 1 {
		close(c.closed)
	}
}

func operations(s *Session) map[string]func(context.Context) error {
	return map[string]func(context.Context) error{
		"search": func(ctx context.Context) error { _, err := s.search(ctx, &ldap.SearchRequest{}); return err },
		"add":    func(ctx context.Context) error { return s.add(ctx, &ldap.AddRequest{}) },
		"modify": func(ctx context.Context) error { return s.modify(ctx, &ldap.ModifyRequest{}) },
		"delete": func(ctx context.Context) error { return s.delete(ctx, &ldap.DelRequest{}) },
	}
}

func TestEveryOperationObeysItsContext(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"search", "add", "modify", "delete"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := &stuckConnection{closed: make(chan struct{})}
			s := &Session{conn: c, timeout: time.Hour, abort: c.abort}
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(10*time.Millisecond, cancel)
			if err := operations(s)[name](ctx); !errors.Is(err, context.Canceled) {
				t.Errorf("%v", err)
			}
			if err := operations(s)[name](ctx); !errors.Is(err, context.Canceled) {
				t.Errorf("afterwards: %v", err)
			}

			c = &stuckConnection{closed: make(chan struct{})}
			s = &Session{conn: c, timeout: 10 * time.Millisecond, abort: c.abort, dc: DC{Host: "dc1.corp.example.com"}}
			wantRefusal(t, operations(s)[name](t.Context()), 1460, "dc1.corp.example.com", "is not known")
		})
	}
}

// Dial ends with its context, wherever the other side falls silent.
func TestDialObeysItsContext(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { _ = conn.Close() })
		}
	}()
	silent := func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, listener.Addr().String())
	}
	c := Credential{User: "u", Password: NewSecret([]byte("p"))}
	for _, security := range Securities() {
		for _, simple := range []bool{false, true} {
			if simple && security == Sealed {
				continue
			}
			t.Run(fmt.Sprint(security, simple), func(t *testing.T) {
				t.Parallel()
				ctx, cancel := context.WithCancel(t.Context())
				time.AfterFunc(20*time.Millisecond, cancel)
				settings := Settings{Security: security, Simple: simple, Dial: silent}
				if _, err := Dial(ctx, DC{Host: "dc1.corp.example.com", Domain: "corp.example.com"}, c, settings); !errors.Is(err, context.Canceled) {
					t.Errorf("%v", err)
				}
				settings.Timeout = 20 * time.Millisecond
				_, err := Dial(t.Context(), DC{Host: "dc1.corp.example.com", Domain: "corp.example.com"}, c, settings)
				wantRefusal(t, err, 1460, "dc1.corp.example.com")
			})
		}
	}
}

func TestDialSaysWhatCannotBeReached(t *testing.T) {
	t.Parallel()
	refused := func(context.Context, string, string) (net.Conn, error) { return nil, errors.New("connection refused") }
	_, err := Dial(t.Context(), DC{Host: "dc1.corp.example.com"}, Credential{User: "u", Keytab: "k"}, Settings{Dial: refused})
	wantRefusal(t, err, 1722, "dc1.corp.example.com as u", "port 389", "connection refused")
}

// closedConnection says why it was closed in a text, as the library does.
type closedConnection struct{ stuckConnection }

func (*closedConnection) wait() error {
	return errors.New("unable to read LDAP response packet: read tcp: use of closed network connection")
}

func (c *closedConnection) Search(*ldap.SearchRequest) (*ldap.SearchResult, error) {
	return nil, c.wait()
}
func (c *closedConnection) Add(*ldap.AddRequest) error       { return c.wait() }
func (c *closedConnection) Modify(*ldap.ModifyRequest) error { return c.wait() }
func (c *closedConnection) Del(*ldap.DelRequest) error       { return c.wait() }

// TestLostConnectionMayPass is about a connection that is lost while somebody else waits for an answer over it.
func TestLostConnectionMayPass(t *testing.T) {
	t.Parallel()
	for name, operation := range operations(&Session{conn: &closedConnection{}, timeout: time.Hour, abort: func() {}}) {
		err := new(Session).explain(operation(t.Context()), "it cannot be done")
		if !errors.Is(err, ErrConnectionLost) {
			t.Errorf("%s: %v", name, err)
		}
		if e, is := errors.AsType[*winerr.Error](err); !is || e.Code != winerr.ConnectionAborted || !errors.Is(e, ErrAway) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
