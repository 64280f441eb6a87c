package activedirectory

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/go-ldap/ldap/v3"

	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// Session is a connection to one domain controller, logged on and protected. Its methods may be called from several
// goroutines; they are carried out over the one connection.
//
// Every method obeys its context: when that ends before the controller's answer has come, the connection is closed, the
// method returns the context's error, and each later one fails. Whether a write whose answer never came was carried out
// is not known; find out over a new session.
type Session struct {
	dc      DC
	conn    connection
	timeout time.Duration // for each operation
	abort   func()        // closes the network connection at once; may be called twice
	close   sync.Once
}

// connection is what a Session needs of a *ldap.Conn.
type connection interface {
	Search(*ldap.SearchRequest) (*ldap.SearchResult, error)
	Add(*ldap.AddRequest) error
	Modify(*ldap.ModifyRequest) error
	Del(*ldap.DelRequest) error
	Close() error
}

// closeTimeout is how long Close waits for a connection that is stuck.
const closeTimeout = 2 * time.Second

// DC returns the controller that the session is connected to.
func (s *Session) DC() DC { return s.dc }

// Close ends the session.
func (s *Session) Close() error {
	var err error
	s.close.Do(func() {
		// A connection that does not take the farewell any more must not hold us up.
		stop := time.AfterFunc(closeTimeout, s.abort)
		defer stop.Stop()
		err = s.conn.Close()
		s.abort()
	})
	return err
}

// search carries out one search. Its errors, and those of add, modify and delete, are a *ldap.Error of the controller or
// the connection, 1460 ERROR_TIMEOUT when the session's time for one operation runs out, and the context's. [explained]
// makes sentences of them.
func (s *Session) search(ctx context.Context, r *ldap.SearchRequest) (*ldap.SearchResult, error) {
	var result *ldap.SearchResult
	err := s.do(ctx, func() (err error) {
		result, err = s.conn.Search(r)
		return err
	})
	return result, err
}

// add makes one object.
func (s *Session) add(ctx context.Context, r *ldap.AddRequest) error {
	return s.do(ctx, func() error { return s.conn.Add(r) })
}

// modify changes one object.
func (s *Session) modify(ctx context.Context, r *ldap.ModifyRequest) error {
	return s.do(ctx, func() error { return s.conn.Modify(r) })
}

// delete removes one object.
func (s *Session) delete(ctx context.Context, r *ldap.DelRequest) error {
	return s.do(ctx, func() error { return s.conn.Del(r) })
}

// do runs one operation and breaks the connection when the context or the time of the session ends before it does.
func (s *Session) do(ctx context.Context, operation func() error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	limited, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	stop := context.AfterFunc(limited, s.abort)
	err := onConnection(operation())
	switch {
	case stop() || err == nil:
		return err
	case ctx.Err() != nil:
		return ctx.Err()
	}
	return away(winerr.Timeout, "%s did not answer within %s: the connection was closed, and whether the request "+
		"was carried out is not known", shown(s.dc.Host), s.timeout)
}

// onConnection returns an error of an operation as a *ldap.Error: what a connection was closed with comes as a text alone.
func onConnection(err error) error {
	if _, isLDAP := errors.AsType[*ldap.Error](err); err == nil || isLDAP {
		return err
	}
	return ldap.NewError(ldap.ErrorNetwork, err)
}
