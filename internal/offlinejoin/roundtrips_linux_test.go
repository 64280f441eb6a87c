package offlinejoin

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/testenv"
)

// meter counts the round trips of all connections that are opened through it: how often something is sent after something came,
// or first of all. What is sent in several pieces, and what comes in several, counts once.
type meter struct {
	mu    sync.Mutex
	trips map[string]int // by what the port is for
	conns int
}

// services are the ports of a controller.
func services() map[string]string {
	return map[string]string{"88": "Kerberos", "389": "LDAP", "636": "LDAP"}
}

func (m *meter) dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	what := services()[port]
	if network == "udp" {
		what = "ping"
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.conns++
	return &metered{Conn: conn, m: m, what: what}, nil
}

// metered is a connection of a meter.
type metered struct {
	net.Conn
	m       *meter
	what    string
	sending bool
}

func (c *metered) Write(b []byte) (int, error) {
	c.m.mu.Lock()
	if !c.sending {
		c.m.trips[c.what]++
	}
	c.sending = true
	c.m.mu.Unlock()
	return c.Conn.Write(b)
}

func (c *metered) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.m.mu.Lock()
	c.sending = c.sending && n == 0
	c.m.mu.Unlock()
	return n, err
}

// reset returns what was counted, as a row of the table in docs/accounts.md, and begins anew.
func (m *meter) reset() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	row := fmt.Sprintf("%d | %d | %d", m.trips["ping"], m.trips["Kerberos"], m.trips["LDAP"])
	clear(m.trips)
	return row
}

// TestInsideRoundTrips counts what each operation asks of a controller, and holds the table of docs/accounts.md to it.
func TestInsideRoundTrips(t *testing.T) {
	labDirectory(t)
	m := &meter{trips: map[string]int{}}
	request := labRequest()
	request.Settings.Dial = m.dial
	d := NewDirectory(request)
	defer func() { _ = d.Close() }()
	var rows []string
	count := func(what string, do func() error) {
		t.Helper()
		if err := do(); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		rows = append(rows, "| "+what+" | "+m.reset()+" |")
	}
	count("log on, and read what the domain is", func() error { _, err := d.get(t.Context()); return err })
	find := func(machine string) func() error {
		return func() error { _, err := ReadAccount(t.Context(), d, AccountQuery{MachineName: machine}); return err }
	}
	count("`account show`", find("TRIPS1"))
	provision := func(machine string) func() error {
		return func() error {
			p, err := PlanAccount(t.Context(), d, AccountRequest{MachineName: machine, OU: labOU, Place: machine})
			if err != nil {
				return err
			}
			made, err := Provision(t.Context(), d, p)
			if err != nil {
				return err
			}
			defer made.Wipe()
			_, err = made.Staged(t.Context())
			return err
		}
	}
	count("`provision`, or a join, the first in an OU", provision("TRIPS1"))
	count("`provision`, or a join, each further one", provision("TRIPS2"))
	acc, req := labJoin(t, "TRIPS3")
	join := func() error { _, err := Join(t.Context(), d, acc, req); return err }
	if err := join(); err != nil {
		t.Fatal(err)
	}
	if row := m.reset(); !strings.HasSuffix(rows[len(rows)-1], row+" |") {
		t.Errorf("a join takes %s, and not what provision takes", row)
	}
	count("the same join again, which changes nothing", join)
	_, other := labJoin(t, "TRIPS3")
	acc.Reuse, req = AccountReuseOwn, other
	count("a join that uses an account again, the first", join)
	_, req = labJoin(t, "TRIPS3")
	count("a join that uses an account again, each further one", join)
	release := func(end AccountEnd) func() error {
		return func() error {
			_, err := ReleaseAccount(t.Context(), d, AccountRelease{AccountQuery: AccountQuery{MachineName: "TRIPS3"}, End: end})
			return err
		}
	}
	count("`account disable`", release(AccountDisable))
	count("`account delete`", release(AccountDelete))
	for _, machine := range []string{"TRIPS1", "TRIPS2"} {
		if _, err := ReleaseAccount(t.Context(), d, AccountRelease{AccountQuery: AccountQuery{MachineName: machine}, End: AccountDelete}); err != nil {
			t.Error(err)
		}
	}
	t.Logf("%d connections\n%s", m.conns, strings.Join(rows, "\n"))
	text, err := os.ReadFile(filepath.Join(testenv.Root(), "docs", "accounts.md"))
	if err != nil {
		t.Fatal(err)
	}
	documented := slices.Collect(strings.Lines(string(text)))
	for _, row := range rows {
		if !slices.Contains(documented, row+"\n") {
			t.Errorf("docs/accounts.md has not the row\n%s", row)
		}
	}
	n := 0
	for _, line := range documented { // and no other
		cells := strings.Split(line, "|")
		if len(cells) == 6 {
			if _, err := strconv.Atoi(strings.TrimSpace(cells[4])); err == nil {
				n++
			}
		}
	}
	if n != len(rows) {
		t.Errorf("docs/accounts.md has %d rows of round trips, and %d were counted", n, len(rows))
	}
}
