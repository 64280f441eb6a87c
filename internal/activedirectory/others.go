package activedirectory

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/go-ldap/ldap/v3"
)

// Elsewhere is an account that another domain controller has.
type Elsewhere struct {
	Host    string // of the controller
	Account *Account
}

// Others are the other writable domain controllers of a domain. Two controllers that have not replicated yet take one name
// for two accounts, one of which loses it later; so they are all asked before a name is used. The zero Others is not
// usable; see [NewOthers]. It may be used by several goroutines, and logs on to each controller once.
type Others struct {
	from   *Session
	domain Domain
	dial   func(ctx context.Context, host string) (*Session, error)
	wait   time.Duration

	mu    sync.Mutex
	hosts []string
	asked bool
	peers map[string]*peer
}

// peer is a controller that is logged on to once.
type peer struct {
	once    sync.Once
	session *Session
	err     error
}

// NewOthers returns the controllers beside that of a session. dial logs on to one by its host name; wait bounds how long that
// may take for each of them, 0 meaning 5 seconds. One that could not be reached is not tried again.
func NewOthers(from *Session, d Domain, wait time.Duration, dial func(ctx context.Context, host string) (*Session, error)) *Others {
	const patience = 5 * time.Second
	if wait <= 0 {
		wait = patience
	}
	return &Others{from: from, domain: d, dial: dial, wait: wait, peers: map[string]*peer{}}
}

// mostControllers bounds how many controllers are asked.
const mostControllers = 256

// list returns the host names of the other writable controllers of the domain: read-only ones have another bit.
func (o *Others) list(ctx context.Context) ([]string, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.asked {
		return o.hosts, nil
	}
	r, err := o.from.search(ctx, &ldap.SearchRequest{
		BaseDN: o.domain.DN, Scope: ldap.ScopeWholeSubtree, SizeLimit: mostControllers, Attributes: []string{"dNSHostName"},
		Filter: fmt.Sprintf("(&(objectClass=computer)(userAccountControl:1.2.840.113556.1.4.803:=%d))", ControlServerTrust),
	})
	if err != nil {
		return nil, o.from.explain(err, "the domain controllers of %s cannot be listed", o.domain.DNSName)
	}
	for _, e := range r.Entries {
		host := e.GetAttributeValue("dNSHostName")
		if host != "" && !strings.EqualFold(host, o.from.dc.Host) {
			o.hosts = append(o.hosts, host)
		}
	}
	o.asked = true
	return o.hosts, nil
}

// Find asks all of them, at the same time, for the account of a machine. Controllers that cannot be asked are in the notes: a
// network may keep this machine from some of them for good.
func (o *Others) Find(ctx context.Context, machine string) ([]Elsewhere, []Note, error) {
	hosts, err := o.list(ctx)
	if err != nil {
		return nil, nil, err
	}
	answers := make([]struct {
		account *Account
		err     error
	}, len(hosts))
	var wait sync.WaitGroup
	for i, host := range hosts {
		wait.Go(func() { answers[i].account, answers[i].err = o.ask(ctx, host, machine) })
	}
	wait.Wait()
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	var found []Elsewhere
	var notes []Note
	for i, a := range answers {
		switch {
		case a.err != nil:
			notes = append(notes, Note(fmt.Sprintf("the domain controller %s could not be asked whether it has an account %s already: %s",
				shown(hosts[i]), shown(machine), shown(a.err.Error()))))
		case a.account != nil:
			found = append(found, Elsewhere{shown(hosts[i]), a.account})
		}
	}
	return found, notes, nil
}

// ask looks the account up at a controller, and once more over a new connection when the one that it has was lost.
func (o *Others) ask(ctx context.Context, host, machine string) (*Account, error) {
	for again := true; ; again = false {
		p := o.peer(host)
		limited, cancel := context.WithTimeout(ctx, o.wait)
		used := true
		p.once.Do(func() {
			used = false
			p.session, p.err = o.dial(limited, host)
		})
		a, err := (*Account)(nil), p.err
		if err == nil {
			a, err = p.session.Find(limited, o.domain, machine)
		}
		cancel()
		if ctx.Err() != nil || errors.Is(err, ErrConnectionLost) {
			o.drop(host, p)
		}
		if !again || !used || ctx.Err() != nil || !errors.Is(err, ErrConnectionLost) {
			return a, err
		}
	}
}

// peer returns a controller, which is logged on to once.
func (o *Others) peer(host string) *peer {
	o.mu.Lock()
	defer o.mu.Unlock()
	p := o.peers[host]
	if p == nil {
		p = &peer{}
		o.peers[host] = p
	}
	return p
}

// drop forgets a connection that is lost, and what came of a caller who did not wait.
func (o *Others) drop(host string, p *peer) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.peers[host] == p {
		delete(o.peers, host)
	}
}

// Close ends the sessions.
func (o *Others) Close() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	var errs []error
	for _, p := range o.peers {
		if p.session != nil {
			errs = append(errs, p.session.Close())
		}
	}
	return errors.Join(errs...)
}
