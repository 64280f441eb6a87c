package activedirectory

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/offlinejoin/offlinejoin/internal/plaintext"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

const (
	maxCandidates  = 64 // controllers that are asked, of those that DNS names
	maxAddresses   = 4  // of each
	defaultTimeout = 5 * time.Second
)

// Locate finds a writable domain controller: the one that the query names, or the first that answers, those of the site
// first. The site is the query's, or the one that the first answer places this machine in. The notes say who was passed
// over and why, also when there is an error.
//
// Its errors: 1355 ERROR_NO_SUCH_DOMAIN when DNS names no controller or none is of the domain, 2453 NERR_DCNotFound when
// none that answered is writable or none answered, 87 for a malformed query, and the context's. [ErrAway] is in the chain where
// nobody has answered who might a little later.
func Locate(ctx context.Context, q Query) (DC, []Note, error) {
	l, err := newLocator(q)
	if err != nil {
		return DC{}, nil, err
	}
	if q.DC != "" {
		dc, err := l.only(ctx)
		return dc, l.notes, err
	}
	if err := l.names(ctx); err != nil {
		return DC{}, l.notes, err
	}
	dc, ok := l.first(ctx)
	if ok && l.site == "" && dc.ClientSite != "" && !dc.Closest() {
		l.site = dc.ClientSite
		l.hosts, l.asked = nil, nil
		if l.sites(ctx) == nil {
			if near, found := l.first(ctx); found {
				dc = near
			}
		}
	}
	if !ok {
		return DC{}, l.notes, l.none(ctx)
	}
	return dc, l.notes, nil
}

// Controllers returns every writable domain controller that DNS names and that answered, and notes on the others. It
// asks all of them, so it takes as long as the slowest; Query.DC is not looked at. Its errors are those of [Locate],
// without 2453.
func Controllers(ctx context.Context, q Query) ([]DC, []Note, error) {
	q.DC, q.Site = "", ""
	l, err := newLocator(q)
	if err != nil {
		return nil, nil, err
	}
	if err := l.names(ctx); err != nil {
		return nil, l.notes, err
	}
	var all []DC
	for {
		dc, ok := l.first(ctx)
		if !ok {
			break
		}
		all = append(all, dc)
	}
	if err := ctx.Err(); err != nil {
		return nil, l.notes, err
	}
	return all, l.notes, nil
}

// locator is one search for a controller.
type locator struct {
	Query
	domain, site string
	machine      string
	dial         DialFunc
	hosts        []string // not yet asked
	asked        []string // answered or not
	notes        []Note
	readOnly     int // of those that answered
	away         int // of those that did not, and may do so later
	served       string
}

func newLocator(q Query) (*locator, error) {
	l := &locator{Query: q, domain: trimName(q.Domain), site: q.Site, dial: q.Dial}
	if l.domain == "" {
		return nil, noDomain(q.Domain)
	}
	if err := q.Check(); err != nil {
		return nil, err
	}
	if l.Resolver == nil {
		l.Resolver = net.DefaultResolver
	}
	if l.Timeout <= 0 || l.Timeout > defaultTimeout {
		l.Timeout = defaultTimeout
	}
	if l.dial == nil {
		l.dial = new(net.Dialer).DialContext
	}
	if name, err := os.Hostname(); err == nil {
		l.machine, _, _ = strings.Cut(name, ".")
	}
	return l, nil
}

// Check refuses what can be no name of a domain, a controller or a site (87). It asks nobody, and does not look at what is empty.
func (q Query) Check() error {
	domain, host := trimName(q.Domain), trimName(q.DC)
	if domain != "" && (!validName(domain) || !strings.Contains(domain, ".")) {
		return noDomain(q.Domain)
	}
	if _, err := netip.ParseAddr(host); host != "" && (err == nil || !validName(host) || !strings.Contains(host, ".")) {
		return winerr.Errorf(winerr.InvalidParameter, "dc %q is not a full name: Kerberos needs the controller's DNS name, such as dc1.%s",
			shown(q.DC), cmp.Or(domain, "corp.example.com"))
	}
	if q.Site != "" && !validLabel(q.Site) {
		return winerr.Errorf(winerr.InvalidParameter, "%q is not the name of a site: correct site", shown(q.Site))
	}
	return nil
}

func noDomain(domain string) error {
	return winerr.Errorf(winerr.InvalidParameter, "%q is not the DNS name of a domain: give its full name, such as corp.example.com",
		shown(domain))
}

func (l *locator) note(format string, args ...any) {
	l.notes = append(l.notes, Note(fmt.Sprintf(format, args...)))
}

// only asks the controller that the query names.
func (l *locator) only(ctx context.Context) (DC, error) {
	host := trimName(l.DC)
	dc, err := l.ask(ctx, host)
	switch {
	case ctx.Err() != nil:
		return DC{}, ctx.Err()
	case errors.Is(err, errEmptyPong):
		return DC{}, l.otherDomain(host)
	case errors.Is(err, ErrAway):
		return DC{}, away(winerr.DCNotFound, "the domain controller %s does not answer: %s; wait until it does and try again, or check "+
			"its name and that UDP and TCP port 389 are open", host, plaintext.Line(err.Error(), plaintext.Sentence))
	case err != nil:
		return DC{}, winerr.Errorf(winerr.DCNotFound, "the domain controller %s does not answer: %s; check its name", host,
			plaintext.Line(err.Error(), plaintext.Sentence))
	case !dc.Writable():
		return DC{}, winerr.Errorf(winerr.DCNotFound, "%s is a read-only domain controller (RODC), where no account can be "+
			"made: give another dc, or none", host)
	}
	return dc, nil
}

func (l *locator) otherDomain(host string) error {
	if l.served != "" {
		return winerr.Errorf(winerr.NoSuchDomain, "%s is a domain controller of %s, not of %s: give its own domain, or "+
			"another dc", host, l.served, l.domain)
	}
	return winerr.Errorf(winerr.NoSuchDomain, "%s is not a domain controller of %s", host, l.domain)
}

// names asks DNS for the controllers, those of the site first.
func (l *locator) names(ctx context.Context) error {
	if l.site != "" {
		if err := l.sites(ctx); err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			l.note("DNS names no domain controller of the site %s", l.site)
		}
	}
	near := l.hosts
	err := l.records(ctx, "dc._msdcs."+l.domain)
	l.hosts = append(near, slices.DeleteFunc(l.hosts, func(h string) bool { return slices.Contains(near, h) })...)
	if len(l.hosts) > 0 {
		return nil
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if dnsAway(err) {
		return away(winerr.NoSuchDomain, "DNS does not say which domain controllers %s has (%s): wait until it does and try again, use "+
			"a DNS server that serves the domain, or give dc", l.domain, dnsReason(err))
	}
	return winerr.Errorf(winerr.NoSuchDomain, "DNS names no domain controller of %s (%s): use a DNS server that serves "+
		"the domain, or give dc", l.domain, dnsReason(err))
}

// sites puts the site's controllers into hosts.
func (l *locator) sites(ctx context.Context) error {
	return l.records(ctx, l.site+"._sites.dc._msdcs."+l.domain)
}

// records replaces hosts by the targets of the SRV records of _ldap._tcp.name, by priority and weight.
func (l *locator) records(ctx context.Context, name string) error {
	_, records, err := l.Resolver.LookupSRV(ctx, "ldap", "tcp", name)
	l.take(records)
	if len(l.hosts) > 0 {
		return nil // LookupSRV returns the good records together with an error about bad ones
	}
	if err == nil {
		err = errors.New("no usable record")
	}
	return err
}

// take replaces hosts by the targets of the records: each once, at most maxCandidates, and only what can be a name.
func (l *locator) take(records []*net.SRV) {
	l.hosts = nil
	for _, r := range records {
		host := trimName(r.Target)
		switch {
		case !validName(host):
			l.note("DNS names a controller %q, which is not a name", shown(r.Target))
		case slices.Contains(l.hosts, host):
		case len(l.hosts) == maxCandidates:
			l.note("DNS names more than %d domain controllers; the others are not asked", maxCandidates)
			return
		default:
			l.hosts = append(l.hosts, host)
		}
	}
}

// dnsAway reports whether DNS may give an answer a little later.
func dnsAway(err error) bool {
	dns, is := errors.AsType[*net.DNSError](err)
	return is && !dns.IsNotFound && (dns.IsTimeout || dns.IsTemporary)
}

func dnsReason(err error) string {
	var dns *net.DNSError
	switch {
	case err == nil:
		return "no record"
	case errors.As(err, &dns) && dns.IsNotFound:
		return "no such record"
	case errors.As(err, &dns) && dns.IsTimeout:
		return "the DNS server does not answer"
	}
	return plaintext.Line(err.Error(), plaintext.Name)
}

// first asks the hosts one after the other and returns the first writable one; the others become notes.
func (l *locator) first(ctx context.Context) (DC, bool) {
	for len(l.hosts) > 0 && ctx.Err() == nil {
		host := l.hosts[0]
		l.hosts = l.hosts[1:]
		l.asked = append(l.asked, host)
		dc, err := l.ask(ctx, host)
		switch {
		case errors.Is(err, errEmptyPong):
			l.note("%s was passed over: it is not a domain controller of %s", host, l.domain)
		case err != nil:
			if errors.Is(err, ErrAway) {
				l.away++
			}
			l.note("%s was passed over: it does not answer: %s", host, plaintext.Line(err.Error(), plaintext.Sentence))
		case !dc.Writable():
			l.readOnly++
			l.note("%s was passed over: it is a read-only domain controller (RODC)", host)
		default:
			return dc, true
		}
	}
	return DC{}, false
}

// none says why there is no controller.
func (l *locator) none(ctx context.Context) error {
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case l.away > 0:
		return away(winerr.DCNotFound, "none of the %d domain controllers that DNS names for %s can be used (%s): wait until one "+
			"answers and try again, check that UDP and TCP port 389 are open, or give dc", len(l.asked), l.domain, l.reasons())
	case l.readOnly > 0:
		return winerr.Errorf(winerr.DCNotFound, "only read-only domain controllers (RODC) of %s answer, where no account "+
			"can be made: give a writable one as dc", l.domain)
	}
	return winerr.Errorf(winerr.DCNotFound, "none of the %d domain controllers that DNS names for %s can be used (%s): "+
		"mend what DNS says of them, or give dc", len(l.asked), l.domain, l.reasons())
}

func (l *locator) reasons() string {
	texts := make([]string, 0, 3)
	for _, n := range l.notes[max(0, len(l.notes)-cap(texts)):] {
		texts = append(texts, string(n))
	}
	return strings.Join(texts, "; ")
}

// ask pings one host at its addresses. ErrAway is in the chain of an error after which it may answer a little later.
func (l *locator) ask(ctx context.Context, host string) (DC, error) {
	lookup, cancel := context.WithTimeout(ctx, l.Timeout)
	defer cancel()
	addresses, err := l.Resolver.LookupNetIP(lookup, "ip", host)
	if dnsAway(err) {
		return DC{}, notNow{fmt.Errorf("no address: %s", dnsReason(err))}
	}
	if err != nil {
		return DC{}, fmt.Errorf("no address: %s", dnsReason(err))
	}
	last := errors.New("no address")
	for _, a := range addresses[:min(len(addresses), maxAddresses)] {
		address := a.Unmap().String()
		p, err := ping(ctx, l.dial, address, l.domain, l.machine, l.Timeout)
		if errors.Is(err, errEmptyPong) {
			l.served = l.serves(ctx, address)
		}
		if silent(err) {
			err = notNow{err}
		}
		if err != nil {
			last = err
			continue
		}
		if !strings.EqualFold(p.domain, l.domain) {
			l.served = p.domain
			last = errEmptyPong
			continue
		}
		return DC{
			Host: host, Address: address, Domain: l.domain, Forest: p.forest, NetBIOS: p.netBIOS,
			Site: p.site, ClientSite: p.clientSite, DomainGUID: p.domainGUID, Flags: p.flags,
		}, nil
	}
	return DC{}, last
}

// notNow is an error with [ErrAway] in its chain.
type notNow struct{ error }

func (e notNow) Unwrap() []error { return []error{e.error, ErrAway} }

// serves returns the domain of a controller that has answered it is not of ours, or "".
func (l *locator) serves(ctx context.Context, address string) string {
	p, err := ping(ctx, l.dial, address, "", l.machine, l.Timeout)
	if err != nil {
		return ""
	}
	return p.domain
}

func trimName(s string) string { return strings.ToLower(strings.TrimSuffix(strings.TrimSpace(s), ".")) }

// validName reports whether s can be the DNS name of a host or a domain.
func validName(s string) bool {
	if s == "" || len(s) > 253 {
		return false
	}
	for label := range strings.SplitSeq(s, ".") {
		if !validLabel(label) {
			return false
		}
	}
	return true
}

// validLabel reports whether s can be one label: a letter, digit, hyphen, underscore or a letter beyond ASCII, of which
// Active Directory allows all.
func validLabel(s string) bool {
	if s == "" || len(s) > 63 || !plaintext.Safe(s) {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool {
		return r < 0x80 && r != '-' && r != '_' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	})
}

// shown makes foreign text safe for a line.
func shown(s string) string { return plaintext.Line(s, plaintext.Name) }
