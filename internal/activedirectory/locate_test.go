package activedirectory

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"
	"golang.org/x/net/dns/dnsmessage"

	"github.com/offlinejoin/offlinejoin/internal/plaintext"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// testNetwork is a DNS server and domain controllers that answer pings, all on addresses of this machine.
type testNetwork struct {
	t       *testing.T
	srv     map[string][]string      // owner name to targets, in their order
	hosts   map[string]string        // name to the address that DNS gives
	pongs   map[string]func() []byte // address to the value of Netlogon; nil: an empty answer
	tcpOnly map[string]bool          // addresses that do not answer by UDP
	mu      sync.Mutex
	pinged  []string
}

func (n *testNetwork) query() Query {
	return Query{Domain: "corp.example.com", Timeout: 300 * time.Millisecond, Dial: n.dial, Resolver: &net.Resolver{
		PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
			return n.serve(func(b []byte) []byte {
				answer := n.dns(b[2:]) // as over TCP, with a length in front
				return append(binary.BigEndian.AppendUint16(nil, uint16(len(answer))), answer...)
			})
		},
	}}
}

// serve answers one request of a connection.
func (n *testNetwork) serve(answer func([]byte) []byte) (net.Conn, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	go func() {
		defer func() { _ = listener.Close() }()
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		b := make([]byte, 4096)
		for {
			k, err := conn.Read(b)
			if err != nil {
				_ = conn.Close()
				return
			}
			if out := answer(b[:k]); out != nil {
				_, _ = conn.Write(out)
			}
		}
	}()
	return net.Dial("tcp", listener.Addr().String())
}

// dial is a ping's connection; TCP stands for UDP here, which is the same for one datagram.
func (n *testNetwork) dial(_ context.Context, network, address string) (net.Conn, error) {
	ip, _, _ := net.SplitHostPort(address)
	n.mu.Lock()
	n.pinged = append(n.pinged, ip)
	n.mu.Unlock()
	value, ok := n.pongs[ip]
	return n.serve(func(request []byte) []byte {
		if !ok || n.tcpOnly[ip] && network == "udp" {
			return nil
		}
		id, _, operation, err := parseMessage(request)
		if err != nil || operation.Tag != ldap.ApplicationSearchRequest {
			return nil
		}
		done := ldapMessage(id, ldapResult(ldap.ApplicationSearchResultDone, 0, ""))
		b := value()
		if b == nil {
			return done
		}
		entry := ber.Encode(ber.ClassApplication, ber.TypeConstructed, ldap.ApplicationSearchResultEntry, nil, "")
		entry.AppendChild(ber.NewString(ber.ClassUniversal, ber.TypePrimitive, ber.TagOctetString, "", ""))
		attributes := ber.NewSequence("")
		attribute := ber.NewSequence("")
		attribute.AppendChild(ber.NewString(ber.ClassUniversal, ber.TypePrimitive, ber.TagOctetString, "netlogon", ""))
		values := ber.Encode(ber.ClassUniversal, ber.TypeConstructed, ber.TagSet, nil, "")
		values.AppendChild(ber.NewString(ber.ClassUniversal, ber.TypePrimitive, ber.TagOctetString, string(b), ""))
		attribute.AppendChild(values)
		attributes.AppendChild(attribute)
		entry.AppendChild(attributes)
		return append(ldapMessage(id, entry), done...)
	})
}

// dns answers one query.
func (n *testNetwork) dns(b []byte) []byte {
	var m dnsmessage.Message
	if err := m.Unpack(b); err != nil || len(m.Questions) != 1 {
		return nil
	}
	q := m.Questions[0]
	name := strings.ToLower(strings.TrimSuffix(q.Name.String(), "."))
	r := dnsmessage.Message{Header: dnsmessage.Header{ID: m.ID, Response: true, RecursionAvailable: true}, Questions: m.Questions}
	header := dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class, TTL: 1}
	switch targets, address := n.srv[name], n.hosts[name]; {
	case q.Type == dnsmessage.TypeSRV && targets != nil:
		for i, target := range targets {
			r.Answers = append(r.Answers, dnsmessage.Resource{Header: header, Body: &dnsmessage.SRVResource{
				Priority: uint16(i), Weight: 1, Port: 389, Target: dnsmessage.MustNewName(target + "."),
			}})
		}
	case address != "":
		if q.Type == dnsmessage.TypeA {
			r.Answers = append(r.Answers, dnsmessage.Resource{Header: header, Body: &dnsmessage.AResource{A: [4]byte(net.ParseIP(address).To4())}})
		}
	default:
		r.RCode = dnsmessage.RCodeNameError
	}
	out, err := r.Pack()
	if err != nil {
		n.t.Errorf("DNS: %v", err)
	}
	return out
}

const (
	anySRV    = "_ldap._tcp.dc._msdcs.corp.example.com"
	berlinSRV = "_ldap._tcp.berlin._sites.dc._msdcs.corp.example.com"
	parisSRV  = "_ldap._tcp.paris._sites.dc._msdcs.corp.example.com"
)

func pongOf(flags uint32, domain, site, clientSite string) func() []byte {
	return func() []byte {
		return pongBytes(23, flags, "example.com", domain, "whatever."+domain, "CORP", "DC", "", site, clientSite)
	}
}

// newNetwork has four controllers: rodc (read-only), dead, far (in Paris) and near (in Berlin, where we are).
func newNetwork(t *testing.T) *testNetwork {
	name := func(s string) string { return s + ".corp.example.com" }
	return &testNetwork{
		t: t,
		srv: map[string][]string{
			anySRV:    {name("rodc"), name("dead"), name("noaddress"), name("far"), name("near")},
			berlinSRV: {name("near")}, parisSRV: {name("far")},
		},
		hosts: map[string]string{
			name("rodc"): "192.0.2.1", name("dead"): "192.0.2.2", name("far"): "192.0.2.3", name("near"): "192.0.2.4",
			name("other"): "192.0.2.5", name("none"): "192.0.2.6",
		},
		pongs: map[string]func() []byte{
			"192.0.2.1": pongOf(0, "corp.example.com", "Berlin", "Berlin"),
			"192.0.2.3": pongOf(flagWritable, "Corp.Example.Com", "Paris", "Berlin"),
			"192.0.2.4": pongOf(flagWritable|flagClosest, "corp.example.com", "Berlin", "Berlin"),
			"192.0.2.5": pongOf(flagWritable, "other.example.com", "Berlin", "Berlin"),
			"192.0.2.6": func() []byte { return nil },
		},
		tcpOnly: map[string]bool{"192.0.2.4": true},
	}
}

func TestLocate(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		change func(*Query)
		host   string
		notes  []string
	}{
		"the one that is near, by the site of the first answer": {func(*Query) {}, "near", []string{"rodc.corp.example.com was passed over: it is a read-only", "dead.corp.example.com was passed over: it does not answer", "noaddress.corp.example.com was passed over"}},
		"of the site that was asked for":                        {func(q *Query) { q.Site = "Paris" }, "far", nil},
		"of an unknown site":                                    {func(q *Query) { q.Site = "Rome" }, "far", []string{"no domain controller of the site Rome", "rodc"}},
		"by name":                                               {func(q *Query) { q.DC = "NEAR.corp.example.com." }, "near", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			q := newNetwork(t).query()
			row.change(&q)
			dc, notes, err := Locate(t.Context(), q)
			if err != nil || dc.Host != row.host+".corp.example.com" || !dc.Writable() || dc.Forest != "example.com" || dc.Domain != "corp.example.com" {
				t.Errorf("%+v %v", dc, err)
			}
			for i, want := range row.notes {
				if len(notes) <= i || !strings.Contains(string(notes[i]), want) {
					t.Errorf("notes %q, want %q", notes, want)
				}
			}
		})
	}
}

func TestControllersAreAllThatCanBeWritten(t *testing.T) {
	t.Parallel()
	all, notes, err := Controllers(t.Context(), newNetwork(t).query())
	var hosts []string
	for _, dc := range all {
		hosts = append(hosts, dc.Host)
	}
	if err != nil || !slices.Equal(hosts, []string{"far.corp.example.com", "near.corp.example.com"}) || len(notes) != 3 {
		t.Errorf("%v %q %v", hosts, notes, err)
	}
}

// silentDNS has no DNS server answer.
func silentDNS(q *Query) {
	q.Resolver = &net.Resolver{PreferGo: true, Dial: func(_ context.Context, network, _ string) (net.Conn, error) {
		return nil, &net.OpError{Op: "dial", Net: network, Err: errors.New("connection refused")}
	}}
}

func TestLocateRefuses(t *testing.T) {
	t.Parallel()
	only := func(hosts ...string) func(*testNetwork) {
		return func(n *testNetwork) {
			n.srv = map[string][]string{anySRV: hosts}
		}
	}
	for name, row := range map[string]struct {
		network func(*testNetwork)
		change  func(*Query)
		code    winerr.Code
		words   []string
	}{
		"no records":             {func(n *testNetwork) { n.srv = nil }, nil, 1355, []string{"no such record", "dc"}},
		"only a read-only one":   {only("rodc.corp.example.com"), nil, 2453, []string{"read-only", "dc"}},
		"only a dead one":        {only("dead.corp.example.com"), nil, 2453, []string{"none of the 1", "389"}},
		"only one of another":    {only("other.corp.example.com"), nil, 2453, []string{"not a domain controller of corp.example.com"}},
		"a name without address": {nil, func(q *Query) { q.DC = "absent.corp.example.com" }, 2453, []string{"no such record"}},
		"a read-only one":        {nil, func(q *Query) { q.DC = "rodc.corp.example.com" }, 2453, []string{"RODC"}},
		"a dead one":             {nil, func(q *Query) { q.DC = "dead.corp.example.com" }, 2453, []string{"does not answer"}},
		"one of another domain":  {nil, func(q *Query) { q.DC = "other.corp.example.com" }, 1355, []string{"of other.example.com, not of"}},
		"what is not one":        {nil, func(q *Query) { q.DC = "none.corp.example.com" }, 1355, []string{"is not a domain controller"}},
		"an address":             {nil, func(q *Query) { q.DC = "192.0.2.4" }, 87, []string{"full name"}},
		"a short name":           {nil, func(q *Query) { q.DC = "near" }, 87, []string{"full name"}},
		"a flat domain":          {nil, func(q *Query) { q.Domain = "CORP" }, 87, []string{"corp.example.com"}},
		"a hostile domain":       {nil, func(q *Query) { q.Domain = "a.b)(c=*\x1b" }, 87, nil},
		"a hostile site":         {nil, func(q *Query) { q.Site = "a.b" }, 87, []string{"site"}},
		"no DNS server":          {nil, silentDNS, 1355, []string{"DNS does not say", "try again"}},
		"no DNS server for one":  {nil, func(q *Query) { silentDNS(q); q.DC = "near.corp.example.com" }, 2453, []string{"does not answer", "try again"}},
		"a dead and a read-only": {only("rodc.corp.example.com", "dead.corp.example.com"), nil, 2453, []string{"RODC", "try again"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := newNetwork(t)
			if row.network != nil {
				row.network(n)
			}
			q := n.query()
			if row.change != nil {
				row.change(&q)
			}
			dc, _, err := Locate(t.Context(), q)
			if dc != (DC{}) {
				t.Errorf("%+v", dc)
			}
			wantRefusal(t, err, row.code, row.words...)
			mayPass := strings.Contains(name, "dead") || strings.Contains(name, "DNS")
			if errors.Is(err, ErrAway) != mayPass {
				t.Errorf("may it pass by itself: %v, want %v", !mayPass, mayPass)
			}
		})
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := Locate(ctx, newNetwork(t).query()); err == nil || !strings.Contains(err.Error(), "canceled") {
		t.Errorf("%v", err)
	}
}

func FuzzSRV(f *testing.F) {
	f.Add("dc1.corp.example.com.|DC1.corp.example.com|dc2")
	f.Add("|.|..|a..b|\x00|(cn=*)|" + strings.Repeat("a", 64))
	f.Fuzz(func(t *testing.T, targets string) {
		l := &locator{domain: "corp.example.com"}
		var records []*net.SRV
		for target := range strings.SplitSeq(targets, "|") {
			records = append(records, &net.SRV{Target: target})
		}
		l.take(records)
		if len(l.hosts) > maxCandidates || len(l.notes) > len(records) {
			t.Errorf("%d hosts, %d notes", len(l.hosts), len(l.notes))
		}
		for i, h := range l.hosts {
			if !validName(h) || !plaintext.Safe(h) || slices.Contains(l.hosts[:i], h) || strings.ContainsAny(h, " ()*\\/@:%") {
				t.Errorf("%q", h)
			}
		}
		for _, n := range l.notes {
			if !plaintext.Safe(string(n)) {
				t.Errorf("%q", n)
			}
		}
	})
}

func TestPingRequestEscapesItsFilter(t *testing.T) {
	t.Parallel()
	b, err := pingRequest(1, "a)(b=*", "c\\d")
	must(t, err)
	_, _, operation, err := parseMessage(b)
	must(t, err)
	text, err := ldap.DecompileFilter(operation.Children[6])
	if want := fmt.Sprintf("(&(NtVer=\x16\\00\\00\\00)(DnsDomain=%s)(Host=%s))", `a\29\28b=\2a`, `c\5cd`); err != nil || text != want {
		t.Errorf("%s %v", text, err)
	}
}

// A controller that takes connections and says nothing is told as one, and not by what we did to the connection then.
func TestPingSaysThatNoAnswerCame(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	socket, err := net.ListenPacket("udp", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { _ = socket.Close() })
	silent := func(ctx context.Context, network, _ string) (net.Conn, error) {
		address := listener.Addr() // the kernel takes connections that nobody accepts
		if network == "udp" {
			address = socket.LocalAddr()
		}
		return new(net.Dialer).DialContext(ctx, network, address.String())
	}
	for _, network := range []string{"udp", "tcp"} {
		_, err := pingOnce(t.Context(), silent, network, "192.0.2.1", "corp.example.com", "", 300*time.Millisecond)
		if err == nil || err.Error() != "no answer within 300ms" {
			t.Errorf("%s: %v", network, err)
		}
	}
}
