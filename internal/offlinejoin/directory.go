package offlinejoin

import (
	"context"
	"crypto/x509"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/offlinejoin/offlinejoin/internal/activedirectory"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// What a front end needs to say how the directory is reached (package activedirectory).
type (
	Credential = activedirectory.Credential
	Secret     = activedirectory.Secret
	Security   = activedirectory.Security
	Settings   = activedirectory.Settings
)

// Securities returns the words for [Settings.Security].
func Securities() []Security { return activedirectory.Securities() }

// LoadRoots reads the certificates of authorities from a PEM file, for [Settings.Roots].
func LoadRoots(path string) (*x509.CertPool, error) { return activedirectory.LoadRoots(path) }

// SameDN reports whether both are one distinguished name, whatever their spelling.
func SameDN(a, b string) bool { return activedirectory.SameDN(a, b) }

// ParentDN returns the container of an object, by its own distinguished name; "" for none.
func ParentDN(dn string) string { return activedirectory.ParentDN(dn) }

// NewSecret returns a Secret with a copy of b. The caller still owns b, and erases it.
func NewSecret(b []byte) Secret { return activedirectory.NewSecret(b) }

// DirectoryRequest says how a domain is reached.
type DirectoryRequest struct {
	Domain     string // DNS name
	DC         string // full name of the only controller to use; empty: one that DNS names
	Site       string // whose controllers go first; empty: this machine's
	Credential Credential
	Settings   Settings
}

// Check refuses names that can be none, without asking anybody (87). What is empty is not looked at.
func (r DirectoryRequest) Check() error {
	query := activedirectory.Query{Domain: r.Domain, DC: r.DC, Site: r.Site}
	if err := query.Check(); err != nil {
		return err
	}
	return activedirectory.CheckUser(r.Credential.User)
}

// Directory is a domain that is logged on to when it is first needed, and again when the connection was lost, then to the same
// controller. One Directory serves all joins of a run, from several goroutines. A log on that was refused is not tried again, since
// domains lock accounts after some of them, and one that nobody answered is not tried again at once. Close ends it.
type Directory struct {
	connect func(ctx context.Context) (*link, error)

	mu   sync.Mutex
	link *link // nil: not logged on

	failed error     // what the last log on came to, for those that come after it
	retry  time.Time // when it is tried again; zero: never, since somebody has to change something first
}

// awayFor is how long a domain that did not answer is not asked again, so that of many joins one alone waits for it.
const awayFor = time.Minute

// NewDirectory returns the domain of a request. Nothing is opened yet.
func NewDirectory(req DirectoryRequest) *Directory {
	return &Directory{connect: func(ctx context.Context) (*link, error) { // one call at a time
		l, err := logOn(ctx, req)
		if err == nil { // what was written there is looked for there
			req.DC = l.DC().Host
		}
		return l, err
	}}
}

// DirectoryOver returns a domain over connections that are open already, for tests of front ends: package activedirectorytest has
// such a domain in memory.
func DirectoryOver(s session, o others, domain activedirectory.Domain) *Directory {
	return &Directory{connect: func(context.Context) (*link, error) { return &link{session: s, others: o, domain: domain}, nil }}
}

// Close ends the connections.
func (d *Directory) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.link == nil {
		return nil
	}
	err := d.link.close()
	d.link = nil
	return err
}

// session is what the core needs of a connection to a domain controller; *activedirectory.Session has it.
type session interface {
	DC() activedirectory.DC
	WhoAmI(ctx context.Context) (string, error)
	Owners(ctx context.Context, d activedirectory.Domain, trusted []string) ([]string, error)
	MemberOf(ctx context.Context, sid string) []string
	Container(ctx context.Context, d activedirectory.Domain, dn string) (activedirectory.Container, error)
	Find(ctx context.Context, d activedirectory.Domain, machine string) (*activedirectory.Account, error)
	FindDN(ctx context.Context, dn string) (*activedirectory.Account, error)
	FindGUID(ctx context.Context, guid string) (*activedirectory.Account, error)
	Named(ctx context.Context, container, machine string) (*activedirectory.Object, error)
	Marked(ctx context.Context, d activedirectory.Domain, states []activedirectory.MarkerState, keep func(*activedirectory.Account) bool) ([]*activedirectory.Account, error)
	Create(ctx context.Context, d activedirectory.Domain, n activedirectory.New) (*activedirectory.Account, error)
	Reset(ctx context.Context, a *activedirectory.Account, own string, to activedirectory.Marker, password []uint16) (*activedirectory.Account, error)
	Mark(ctx context.Context, a *activedirectory.Account, to activedirectory.Marker) (*activedirectory.Account, error)
	Disable(ctx context.Context, a *activedirectory.Account) (*activedirectory.Account, error)
	Enable(ctx context.Context, a *activedirectory.Account) (*activedirectory.Account, error)
	Delete(ctx context.Context, a *activedirectory.Account, children bool) error
	RootCAs(ctx context.Context, d activedirectory.Domain) ([][]byte, error)
	Sites(ctx context.Context, d activedirectory.Domain) (names []string, all bool, err error)
	Close() error
}

// others are the other writable controllers; *activedirectory.Others has it.
type others interface {
	Find(ctx context.Context, machine string) ([]activedirectory.Elsewhere, []activedirectory.Note, error)
	Close() error
}

// link is one connection, and what was read over it.
type link struct {
	session
	domain activedirectory.Domain
	others others
	notes  []string // about how the controller was chosen

	mu         sync.Mutex
	me         string
	containers map[string]activedirectory.Container // by the name that was asked for
	sites      *siteNames                           // nil: not read
}

// siteNames are the sites of a forest, as far as they can be seen.
type siteNames struct {
	names []string
	all   bool
}

// missesSite reports whether the forest has no site of a name, and those that it has. The sites are read once.
func (l *link) missesSite(ctx context.Context, site string) (missing bool, names []string, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.sites == nil {
		names, all, err := l.Sites(ctx, l.domain)
		if err != nil {
			return false, nil, err
		}
		l.sites = &siteNames{names, all}
	}
	same := func(name string) bool { return strings.EqualFold(name, site) }
	return l.sites.all && !slices.ContainsFunc(l.sites.names, same), l.sites.names, nil
}

func (l *link) close() error { return errors.Join(l.others.Close(), l.session.Close()) }

// whoAmI is WhoAmI, asked once.
func (l *link) whoAmI(ctx context.Context) (string, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var err error
	if l.me == "" {
		l.me, err = l.WhoAmI(ctx)
	}
	return l.me, err
}

// container is Container, asked once for each OU: a fleet has few. That one is gone since shows when an account is made.
func (l *link) container(ctx context.Context, dn string) (activedirectory.Container, error) {
	l.mu.Lock()
	c, known := l.containers[dn]
	l.mu.Unlock()
	if known {
		return c, nil
	}
	c, err := l.Container(ctx, l.domain, dn)
	if err != nil {
		return c, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.containers == nil {
		l.containers = map[string]activedirectory.Container{}
	}
	l.containers[dn] = c
	return c, nil
}

// logOn finds a controller, logs on to it, and reads what the domain is.
func logOn(ctx context.Context, req DirectoryRequest) (*link, error) {
	if req.Domain == "" {
		return nil, winerr.Errorf(winerr.InvalidParameter, "no domain was given: set domain to its DNS name")
	}
	query := activedirectory.Query{Domain: req.Domain, DC: req.DC, Site: req.Site, Timeout: req.Settings.Timeout, Dial: req.Settings.Dial}
	dc, notes, err := activedirectory.Locate(ctx, query)
	if err != nil {
		return nil, err
	}
	s, err := activedirectory.Dial(ctx, dc, req.Credential, req.Settings)
	if err != nil {
		return nil, err
	}
	domain, err := s.Domain(ctx)
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	l := &link{session: s, domain: domain}
	for _, n := range notes {
		l.notes = append(l.notes, string(n))
	}
	l.others = activedirectory.NewOthers(s, domain, 0, func(ctx context.Context, host string) (*activedirectory.Session, error) {
		other, _, err := activedirectory.Locate(ctx, activedirectory.Query{Domain: req.Domain, DC: host, Dial: req.Settings.Dial})
		if err != nil {
			return nil, err
		}
		return activedirectory.Dial(ctx, other, req.Credential, req.Settings)
	})
	return l, nil
}

// get returns the connection, made now when there is none. Its error is that of the last log on where it makes none.
func (d *Directory) get(ctx context.Context) (*link, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.link != nil {
		return d.link, nil
	}
	if d.failed != nil && (d.retry.IsZero() || time.Now().Before(d.retry)) {
		return nil, d.failed
	}
	l, err := d.connect(ctx)
	d.failed, d.retry = nil, time.Time{}
	switch code, isAnswer := winerr.CodeOf(err); {
	case err == nil:
		d.link = l
	case isAnswer && ctx.Err() == nil:
		d.failed = err
		nobody := code == winerr.NoSuchDomain || code == winerr.DCNotFound // was asked to log on; this run may be making the domain
		if nobody || MayPass(err) {
			d.retry = time.Now().Add(awayFor)
		}
	}
	return l, err
}

// drop forgets a connection that is lost. Whoever still waits for an answer over it gets an error.
func (d *Directory) drop(l *link) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.link == l {
		_ = l.close() // it is lost
		d.link = nil
	}
}

// read runs what only reads, and once more over a new connection when the first was lost: controllers end those that are idle.
func (d *Directory) read(ctx context.Context, do func(l *link) error) error {
	for again := true; ; again = false {
		l, err := d.get(ctx)
		if err != nil {
			return err
		}
		if err = do(l); !errors.Is(err, activedirectory.ErrConnectionLost) {
			return err
		}
		d.drop(l)
		if !again || ctx.Err() != nil {
			return err
		}
	}
}

// aftermath bounds what is still done after a request has failed or was broken off: to find out what it has come to, and to
// take it back.
const aftermath = 30 * time.Second

// afterwards returns a context that the end of ctx does not end. A domain that did not answer is asked again for it.
func (d *Directory) afterwards(ctx context.Context) (context.Context, context.CancelFunc) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.retry.IsZero() {
		d.failed, d.retry = nil, time.Time{}
	}
	return context.WithTimeout(context.WithoutCancel(ctx), aftermath)
}
