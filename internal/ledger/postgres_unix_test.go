//go:build unix

package ledger_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/offlinejoin/offlinejoin/internal/ledger"
	"github.com/offlinejoin/offlinejoin/internal/testenv/postgres"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// newDatabase returns an empty ledger in a database of the package's server, with the role that uses it and its URL.
func newDatabase(t testing.TB) (l *ledger.Ledger, role, url string) {
	t.Helper()
	role, url = server.Get(t).Schema(t, ledger.Schema)
	return openURL(t, url), role, url
}

// The model of the file's test, over a database.
func TestNeverTwoImagesWithoutAReasonInADatabase(t *testing.T) {
	t.Parallel()
	l, role, _ := newDatabase(t)
	refused := 0
	rapid.Check(t, func(r *rapid.T) {
		server.Get(t).SQL(t, "truncate "+role+".offlinejoin_ledger")
		m := &machine{l: l, open: map[string]underWay{}, holds: map[string]string{}, number: map[string]int{}}
		r.Repeat(map[string]func(*rapid.T){
			"begin": m.begin, "commit": m.commit, "cancel": m.cancel, "die": m.die, "unstage": m.unstage,
			"exchange": m.exchange, "": m.check,
		})
		refused += m.refused
	})
	if refused == 0 {
		t.Error("no claim was refused: the model tries nothing")
	}
}

func TestARaceForTenAccountsInADatabase(t *testing.T) {
	t.Parallel()
	l, _, url := newDatabase(t)
	raceForAccounts(t, l, claimants{URL: url}, 10)
}

// A role or a database may have another isolation level for a default. With REPEATABLE READ the snapshot would be older than
// the locks, and most accounts were won twice.
func TestTheIsolationLevelIsAskedFor(t *testing.T) {
	t.Parallel()
	for _, level := range []string{"repeatable read", "serializable"} {
		l, role, url := newDatabase(t)
		server.Get(t).SQL(t, fmt.Sprintf("alter role %s set default_transaction_isolation = '%s'; alter role %[1]s set "+
			"default_transaction_read_only = on", role, level))
		raceForAccounts(t, l, claimants{URL: url}, 25)
	}
}

// A builder's role may read lines and add some.
func TestABuilderCanNeitherChangeNorRemoveLines(t *testing.T) {
	t.Parallel()
	l, role, _ := newDatabase(t)
	stage(t, l, claim(1, "one", "a"))
	for _, sql := range []string{
		"update offlinejoin_ledger set event = 'cancelled'", "delete from offlinejoin_ledger", "truncate offlinejoin_ledger",
		"drop table offlinejoin_ledger", "alter table offlinejoin_ledger add column x text", "create index on offlinejoin_ledger (at)",
		"create trigger t before insert on offlinejoin_ledger execute function suppress_redundant_updates_trigger()",
		"select setval(pg_get_serial_sequence('offlinejoin_ledger', 'seq'), 1)",
		forged("written_by", "'postgres'"), forged("seq", "-1"), // which would hide who wrote it, or keep others from adding theirs
	} {
		out, err := server.Get(t).TrySQL(role, sql)
		if err == nil || !strings.Contains(out, "permission denied") && !strings.Contains(out, "must be owner") {
			t.Errorf("%s: %s, %v", sql, out, err)
		}
	}
	refused(t, l, claim(1, "one", "b"))
}

// forged is an insert of a line with a column that is not the builder's.
func forged(column, value string) string {
	return "insert into offlinejoin_ledger (id, event, fingerprint, sid, name, machine_sid, ends, line, " + column + ") overriding system " +
		"value values ('x', 'released', '', '', '', '', '{}', '{}', " + value + ")"
}

// The server goes down in the middle, as an administrator and as a crash does it: nobody notices, nothing is lost, and no use
// is recorded twice.
func TestTheServerIsRestartedUnderARace(t *testing.T) {
	t.Parallel()
	s := postgres.Start(t, postgres.Options{})
	_, url := s.Schema(t, ledger.Schema)
	const uses = 60
	done := make(chan claimed)
	go func() { done <- claimants{URL: url, Goroutines: 16, Uses: uses}.run() }()
	var sum claimed
	restarts := 0
	for running := true; running; {
		select {
		case sum = <-done:
			running = false
		case <-time.After(300 * time.Millisecond):
			if restarts < 6 {
				s.Restart(t, []string{"fast", "immediate"}[restarts%2])
				restarts++
			}
		}
	}
	if len(sum.Won) != 16*uses || sum.Refused > 0 || len(sum.Other) > 0 || restarts < 2 {
		t.Errorf("%d won, %d refused, others %q, %d restarts", len(sum.Won), sum.Refused, sum.Other, restarts)
	}
	l := openURL(t, url)
	lines, err := l.Entries(t.Context())
	if err != nil || len(lines) != 2*16*uses || len(force(t, l)) != 16*uses {
		t.Errorf("%d lines, %d in force, %v", len(lines), len(force(t, l)), err)
	}
	for _, e := range force(t, l) {
		if e.Event != ledger.EventStaged {
			t.Errorf("%s is %s", e.Account.MachineName, e.Event)
		}
	}
	t.Logf("%d restarts", restarts)
}

// The connection is lost between insert and commit: the use is recorded once.
func TestAConnectionIsLostBeforeTheCommit(t *testing.T) {
	t.Parallel()
	l, role, url := newDatabase(t)
	var lost atomic.Int64
	l.OnStep(func(step string) {
		if step == "inserted" && lost.Add(1)%2 == 1 {
			server.Get(t).SQL(t, "select pg_terminate_backend(pid) from pg_stat_activity where usename = '"+role+"'")
		}
	})
	stage(t, l, claim(1, "one", "a"))
	wantOneUse(t, openURL(t, url))
	if lost.Load() != 4 {
		t.Errorf("%d inserts, want two of which each was tried twice", lost.Load())
	}
}

// While the first try is lost, another host gets the account: the second try must see that, and not insist.
func TestAnotherHostIsFasterAfterALostConnection(t *testing.T) {
	t.Parallel()
	l, role, url := newDatabase(t)
	other := openURL(t, url)
	first := true
	l.OnStep(func(step string) {
		if step != "inserted" || !first {
			return
		}
		first = false
		server.Get(t).SQL(t, "select pg_terminate_backend(pid) from pg_stat_activity where usename = '"+role+"'")
		stage(t, other, claim(1, "one", "b"))
	})
	refused(t, l, claim(1, "one", "a"))
	if got := force(t, other); len(got) != 1 {
		t.Errorf("in force: %+v", got)
	}
}

// Who takes a join back waits for the stage that is telling of it at the same time, also where each has a connection of its own.
func TestAUseThatEndsMeanwhileDoesNotComeAlive(t *testing.T) {
	t.Parallel()
	l, _, url := newDatabase(t)
	other := openURL(t, url)
	c := claim(1, "one", "a")
	use := begin(t, l, c)
	done := make(chan error, 1)
	l.OnStep(func(step string) {
		if step != "decided" {
			return
		}
		go func() {
			_, err := other.Unstaged(context.Background(), c.Image, c.Fingerprint, "test")
			done <- err
		}()
		select { // it waits for its turn; without locks in common it ends here
		case err := <-done:
			done <- err
		case <-time.After(500 * time.Millisecond):
		}
	})
	if err := errors.Join(use.Commit(t.Context()), <-done); err != nil {
		t.Fatal(err)
	}
	if got := force(t, other); len(got) != 0 {
		t.Errorf("in force: %+v", got)
	}
}

func wantOneUse(t *testing.T, l *ledger.Ledger) {
	t.Helper()
	lines, err := l.Entries(t.Context())
	if err != nil || len(lines) != 2 || lines[0].Event != ledger.EventIntent || lines[1].Event != ledger.EventStaged ||
		lines[0].ID != lines[1].ID {
		t.Errorf("lines %+v, %v; want intent and staged of one use", lines, err)
	}
}

// The answer to COMMIT never arrives, although the line is there.
func TestTheAnswerToTheCommitIsLost(t *testing.T) {
	t.Parallel()
	_, role, url := newDatabase(t)
	s := server.Get(t)
	dir, err := os.MkdirTemp("", "odj-proxy-") // sockets need a short name
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	socket := ".s.PGSQL." + strconv.Itoa(s.Port)
	lost := proxyThatLosesCommits(t, filepath.Join(dir, socket), filepath.Join(s.Dir, socket), 2)
	through := openURL(t, fmt.Sprintf("postgres://%s@/postgres?host=%s&port=%d", role, dir, s.Port))
	stage(t, through, claim(1, "one", "a"))
	wantOneUse(t, openURL(t, url))
	if lost.Load() != 2 {
		t.Errorf("%d answers were lost, want 2", lost.Load())
	}
}

// proxyThatLosesCommits hands on what comes in at a socket, and closes the connection in place of the answer to a COMMIT, a
// number of times. It returns how many there were.
func proxyThatLosesCommits(t *testing.T, from, to string, times int64) *atomic.Int64 {
	t.Helper()
	l, err := net.Listen("unix", from)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	var lost atomic.Int64
	serve := func(client net.Conn) {
		defer func() { _ = client.Close() }()
		back, err := net.Dial("unix", to)
		if err != nil {
			return
		}
		defer func() { _ = back.Close() }()
		var losing atomic.Bool
		go func() {
			defer func() { _ = client.Close() }()
			buffer := make([]byte, 64<<10)
			for {
				n, err := back.Read(buffer)
				if err != nil || losing.Load() { // the server has committed
					return
				}
				if _, err := client.Write(buffer[:n]); err != nil {
					return
				}
			}
		}()
		buffer := make([]byte, 64<<10)
		for {
			n, err := client.Read(buffer)
			if err != nil {
				return
			}
			if bytes.Contains(buffer[:n], []byte("commit\x00")) && lost.Add(1) <= times {
				losing.Store(true)
			}
			if _, err := back.Write(buffer[:n]); err != nil {
				return
			}
		}
	}
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			go serve(client)
		}
	}()
	return &lost
}

// A host that vanishes with the locks keeps nobody for long, and finds out when it is back.
func TestAHostVanishesUnderTheLock(t *testing.T) {
	t.Parallel()
	_, _, url := newDatabase(t)
	gone := openURL(t, url)
	back, locked := make(chan struct{}), make(chan struct{})
	var once sync.Once
	gone.OnStep(func(step string) {
		if step == "locked" {
			once.Do(func() {
				close(locked)
				<-back
			})
		}
	})
	result := make(chan error)
	go func() {
		_, err := gone.Begin(context.WithoutCancel(t.Context()), claim(1, "one", "a"))
		result <- err
	}()
	<-locked
	start := time.Now()
	stage(t, openURL(t, url), claim(1, "one", "b"))
	t.Logf("the next one went on after %v", time.Since(start))
	close(back)
	if err := <-result; winerrOf(err) != winerr.AccountReuseBlocked {
		t.Errorf("the host that was away got %v", err)
	}
}

func winerrOf(err error) winerr.Code {
	code, _ := winerr.CodeOf(err)
	return code
}

// What is wrong with a database is told with the way out, and what may pass by itself with the codes for that.
func TestWhatIsWrongWithADatabase(t *testing.T) {
	t.Parallel()
	s := server.Get(t)
	_, empty := s.Schema(t, func(string) string { return "" })
	noGrant, notGranted := s.Schema(t, func(string) string { return ledger.Schema("") })
	_ = noGrant
	locked, busy := s.Schema(t, ledger.Schema)
	standby := postgres.Start(t, postgres.Options{})
	_, readOnly := standby.Schema(t, ledger.Schema)
	standby.Down(t, "fast")
	if err := os.WriteFile(filepath.Join(standby.Dir, "data", "standby.signal"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	standby.Up(t)
	for name, c := range map[string]struct {
		url  string
		code winerr.Code
		want string
	}{
		"no table":       {empty, winerr.FileNotFound, "offlinejoin ledger schema` prints"},
		"no right":       {notGranted, winerr.AccessDenied, "--grant ROLE"},
		"no database":    {strings.Replace(s.URL("postgres"), "/postgres?", "/none?", 1), winerr.FileNotFound, "name a database"},
		"no role":        {s.URL("nobody"), winerr.LogonFailure, "check the user"},
		"a standby":      {readOnly, winerr.AccessDenied, "name the primary"},
		"nobody listens": {"postgres://x@127.0.0.1:1/joins", winerr.Timeout, "did not answer within"},
		"no socket":      {"postgres://x@/joins?host=" + t.TempDir(), winerr.Timeout, "did not answer within"},
		"no host":        {"postgres://x@none.invalid/joins", winerr.InvalidParameter, "check the host"},
		"locked":         {busy, winerr.Busy, "wait until it is done"},
	} {
		release, wait := func() {}, time.Minute
		switch {
		case c.code == winerr.Timeout:
			wait = 2 * time.Second
		case name == "locked": // its lock is one for the whole database
			release, wait = holdTable(t, s, locked), 10*time.Second // the server has a quarter of it to say what it waits for
		}
		l, err := ledger.OpenAt(ledger.Where{URL: c.url, Wait: wait})
		if err != nil {
			t.Fatal(err)
		}
		if name == "locked" { // what it waits for before counts, too
			l.OnStep(func(step string) {
				if step == "begun" {
					time.Sleep(3 * time.Second)
				}
			})
		}
		_, err = l.Begin(t.Context(), claim(1, "one", "a"))
		release()
		if winerrOf(err) != c.code || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want code %d and %q", name, err, c.code, c.want)
		}
	}
	_, reader := s.Schema(t, func(role string) string {
		return ledger.Schema("") + "grant select on offlinejoin_ledger to " + role
	})
	for url, want := range map[string]string{readOnly: "name the primary", reader: "--grant ROLE", empty: "ledger schema` prints"} {
		if err := openURL(t, url).Writable(t.Context()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("seen before: %v, want %q", err, want)
		}
	}
	if got := force(t, openURL(t, readOnly)); len(got) != 0 { // a standby can be read
		t.Errorf("in force at the standby: %v", got)
	}
}

// holdTable keeps others from a ledger until it is released.
func holdTable(t *testing.T, s *postgres.Server, role string) (release func()) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = s.TrySQL("postgres", "begin; lock table "+role+".offlinejoin_ledger; select pg_sleep(15); commit")
	}()
	for range 100 {
		if s.SQL(t, "select count(*) from pg_locks where mode = 'AccessExclusiveLock' and granted and relation = '"+role+
			".offlinejoin_ledger'::regclass") == "1" {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	return func() { <-done }
}

// What a ledger file has in force is in force in the database after an import, and an import can be run again.
func TestAFileIsImported(t *testing.T) {
	t.Parallel()
	from, path := newFile(t)
	stage(t, from, claim(1, "one", "a"))
	begin(t, from, claim(2, "two", "b"))
	stage(t, from, claim(3, "three", "c"))
	if _, err := from.Unstaged(t.Context(), image("c"), fingerprint("three"), "test"); err != nil {
		t.Fatal(err)
	}
	add(t, path, `{"v":2,"event":"sta`) // what a crash cut off
	l, _, _ := newDatabase(t)
	if err := l.Writable(t.Context()); err != nil {
		t.Error(err)
	}
	stage(t, l, claim(4, "four", "d"))
	for _, want := range []int{6, 0} {
		added, known, err := l.Import(t.Context(), path)
		if added != want || known != 6-want || err != nil {
			t.Errorf("%d lines were added, %d known, %v; want %d", added, known, err, want)
		}
	}
	refused(t, l, claim(1, "one", "x"))
	refused(t, l, claim(2, "two", "x"))
	stage(t, l, claim(2, "two", "b")) // its own image goes on
	stage(t, l, claim(3, "three", "x"))
	if at := force(t, l)[0].At; time.Since(at) > time.Hour {
		t.Errorf("recorded at %v", at)
	}
	for name, c := range map[string]struct {
		to   *ledger.Ledger
		file string
		code winerr.Code
	}{
		"no file":     {l, path + ".none", winerr.FileNotFound},
		"no ledger":   {l, os.Args[0], winerr.InvalidParameter},
		"no database": {from, path, winerr.InvalidParameter},
	} {
		if _, _, err := c.to.Import(t.Context(), c.file); winerrOf(err) != c.code {
			t.Errorf("%s: %v, want code %d", name, err, c.code)
		}
	}
}

// A server that has not analyzed the table, as after an import, takes each guess at what is in it for much: no step of a use may
// read the whole table for that.
func TestNoUseReadsTheWholeTable(t *testing.T) {
	t.Parallel()
	const before = 5000
	_, role, url := newDatabase(t)
	server.Get(t).SQL(t, "alter table "+role+".offlinejoin_ledger set (autovacuum_enabled = off)")
	// scanned counts the readings of the whole table, when the server has counted that many lines.
	scanned := func(lines int) string {
		for start := time.Now(); ; time.Sleep(100 * time.Millisecond) {
			got := server.Get(t).SQL(t, "select n_tup_ins, seq_scan from pg_stat_user_tables where schemaname = '"+role+"'")
			if count, scans, _ := strings.Cut(got, "|"); count == strconv.Itoa(lines) {
				return scans
			}
			if time.Since(start) > time.Minute {
				t.Fatalf("%q, not %d lines", got, lines)
			}
		}
	}
	_, path := newFile(t)
	usesBefore(t, path, before, false)
	if _, _, err := openURL(t, url).Import(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	was := scanned(2 * before)
	l := openURL(t, url)
	stage(t, l, claim(1, "one", "a"))
	refused(t, l, claim(1, "one", "b"))
	for range 3 { // accounts of which there are lines
		c := accountOf(10_000_000)
		c.Image = image("c")
		refused(t, l, c)
	}
	if found, err := l.InForceOf(t.Context(), fingerprint("one")); err != nil || len(found) == 0 {
		t.Errorf("found %d, %v", len(found), err)
	}
	if now := scanned(2*before + 2); now != was {
		t.Errorf("the whole table was read: %s times before, %s after", was, now)
	}
}

// At most two connections are open, and none when nobody has asked for a while.
func TestFewConnections(t *testing.T) {
	t.Parallel()
	_, role, url := newDatabase(t)
	databases := new(ledger.Databases)
	var all sync.WaitGroup
	most := 0
	count := func() int {
		n, err := strconv.Atoi(server.Get(t).SQL(t, "select count(*) from pg_stat_activity where usename = '"+role+"'"))
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	for n := range 8 {
		all.Go(func() {
			l, err := ledger.OpenAt(ledger.Where{URL: url, Databases: databases})
			if err != nil {
				t.Error(err)
				return
			}
			for u := range 5 {
				c := accountOf(10*n + u)
				c.Image = image(fmt.Sprint(n, u))
				if use, err := l.Begin(t.Context(), c); err != nil || use.Commit(t.Context()) != nil {
					t.Error(err)
				}
			}
		})
		most = max(most, count())
	}
	all.Wait()
	if most = max(most, count()); most > 2 || most == 0 {
		t.Errorf("%d connections", most)
	}
	for start := time.Now(); count() > 0; time.Sleep(100 * time.Millisecond) {
		if time.Since(start) > time.Minute {
			t.Fatal("connections stay open though nobody uses them")
		}
	}
}

// A table that takes no lines, or hides some, would let one account into two images.
func TestATableThatKeepsNoLineOrHidesSome(t *testing.T) {
	t.Parallel()
	for name, sql := range map[string]string{
		"a rule": "create rule r as on insert to offlinejoin_ledger do instead nothing",
		"a trigger": `create function nothing() returns trigger language plpgsql as 'begin return null; end';
create trigger t before insert on offlinejoin_ledger for each row execute function nothing()`,
		"a policy": `alter table offlinejoin_ledger enable row level security;
create policy i on offlinejoin_ledger for insert with check (true);
create policy s on offlinejoin_ledger for select using (line->'image'->>'path' like '%b%')`,
	} {
		role, url := server.Get(t).Schema(t, ledger.Schema)
		server.Get(t).SQL(t, "set search_path = "+role+"; "+sql)
		l := openURL(t, url)
		if _, err := l.Begin(t.Context(), claim(1, "one", "a")); winerrOf(err) != winerr.GenFailure && winerrOf(err) != winerr.AccessDenied {
			t.Errorf("%s: %v", name, err)
		}
		from, path := newFile(t)
		stage(t, from, claim(1, "one", "a"))
		if added, known, err := l.Import(t.Context(), path); err == nil {
			t.Errorf("%s: an import has added %d, and found %d", name, added, known)
		}
	}
}

// A database of another encoding has not all signs that a name may have.
func TestADatabaseOfAnotherEncoding(t *testing.T) {
	t.Parallel()
	s := server.Get(t)
	s.SQL(t, "create role japanese login")
	s.SQL(t, "create database japanese encoding euc_jp template template0 locale 'C' owner japanese")
	url := strings.Replace(s.URL("japanese"), "/postgres?", "/japanese?", 1)
	if out, err := s.TrySQL("japanese", "\\c japanese\n"+ledger.Schema("")); err != nil {
		t.Fatal(out, err)
	}
	c := claim(1, "one", "a")
	c.Image.Name = "vm:😀"
	if _, err := openURL(t, url).Begin(t.Context(), c); winerrOf(err) != winerr.InvalidParameter || !strings.Contains(err.Error(), "encoding UTF8") {
		t.Errorf("got %v", err)
	}
}
