package ledger_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/offlinejoin/offlinejoin/internal/ledger"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// claimantsVariable makes the test program a process of many claimants: their order in JSON.
const claimantsVariable = "OFFLINEJOIN_LEDGER_TEST_CLAIMANTS"

// claimants is the order of one process: so many goroutines that each make uses one after the other.
type claimants struct {
	File       string
	URL        string // of a ledger in a database, in place of File
	Process    int
	Goroutines int
	Uses       int           // of each goroutine
	Accounts   int           // above 0: all processes want these accounts, from the first to the last, each for images of their own
	Clones     bool          // all images have one machine SID
	Skew       time.Duration // of the clock
}

// claimed is what became of it.
type claimed struct {
	Won     []string // machines whose account was staged
	Refused int      // 2732
	Other   []string // errors that are none of the ledger's rules
	Begin   []int64  // µs
	Commit  []int64  // µs, of those that won
}

// accountOf is the account and the blob with a number.
func accountOf(n int) ledger.Claim {
	return ledger.Claim{
		Account:     ledger.NewAccount(domainSID, uint32(1100+n), domainGUID, "corp.example.com", fmt.Sprintf("M%07d", n)),
		Fingerprint: fingerprint("blob " + strconv.Itoa(n)), By: "test/1.0",
	}
}

func (c claimants) open() (*ledger.Ledger, error) {
	l, err := ledger.OpenAt(ledger.Where{File: c.File, URL: c.URL})
	if err == nil {
		l.Skew(c.Skew)
	}
	return l, err
}

func (c claimants) run() claimed {
	var out claimed
	l, err := c.open()
	if err != nil {
		return claimed{Other: []string{err.Error()}}
	}
	var mu sync.Mutex
	var all sync.WaitGroup
	for g := range c.Goroutines {
		all.Go(func() {
			for u := range c.Uses {
				number := (c.Process*c.Goroutines+g)*c.Uses + u
				if c.Accounts > 0 {
					number = u % c.Accounts
				}
				claim := accountOf(number)
				place := fmt.Sprintf("file:/images/p%dg%du%d.img|/Windows", c.Process, g, u)
				claim.Image = ledger.Image{Path: place, Host: fmt.Sprint("host", c.Process), Place: place}
				if c.Clones {
					claim.Image.MachineSID = machineSID
				}
				out.add(&mu, l, claim)
			}
		})
	}
	all.Wait()
	return out
}

func (out *claimed) add(mu *sync.Mutex, l *ledger.Ledger, claim ledger.Claim) {
	ctx := context.Background()
	start := time.Now()
	use, err := l.Begin(ctx, claim)
	begun := time.Since(start)
	var committed time.Duration
	if err == nil {
		start = time.Now()
		err = use.Commit(ctx)
		committed = time.Since(start)
	}
	mu.Lock()
	defer mu.Unlock()
	out.Begin = append(out.Begin, begun.Microseconds())
	switch code, _ := winerr.CodeOf(err); {
	case err == nil:
		out.Won = append(out.Won, claim.Account.MachineName)
		out.Commit = append(out.Commit, committed.Microseconds())
	case code == winerr.AccountReuseBlocked:
		out.Refused++
	default:
		out.Other = append(out.Other, err.Error())
	}
}

// claimantsChild is the process that claimantsVariable asks for.
func claimantsChild(order string) int {
	var c claimants
	if err := json.Unmarshal([]byte(order), &c); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	if err := json.NewEncoder(os.Stdout).Encode(c.run()); err != nil {
		return 1
	}
	return 0
}

// race runs as many processes as there are orders at once, and returns all that became of them.
func race(t testing.TB, orders []claimants, env ...string) (sum claimed) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	outs := make([]bytes.Buffer, len(orders))
	var all []*exec.Cmd
	for i, order := range orders {
		text, err := json.Marshal(order)
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(t.Context(), self)
		cmd.Env = append(append(os.Environ(), env...), claimantsVariable+"="+string(text))
		cmd.Stdout, cmd.Stderr = &outs[i], os.Stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		all = append(all, cmd)
	}
	for i, cmd := range all {
		var one claimed
		if err := cmd.Wait(); err != nil {
			t.Errorf("process %d: %v", i, err)
		} else if err := json.Unmarshal(outs[i].Bytes(), &one); err != nil {
			t.Errorf("process %d: %v", i, err)
		}
		sum.Won = append(sum.Won, one.Won...)
		sum.Refused += one.Refused
		sum.Other = append(sum.Other, one.Other...)
		sum.Begin = append(sum.Begin, one.Begin...)
		sum.Commit = append(sum.Commit, one.Commit...)
	}
	return sum
}

// quantile returns what a part of the durations stays below, in ms.
func quantile(durations []int64, part float64) float64 {
	if len(durations) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(durations))
	return float64(sorted[int(part*float64(len(sorted)-1))]) / 1000
}

// eightByEight are the orders of 64 claimants in 8 processes.
func eightByEight(at claimants, uses int) (orders []claimants) {
	for p := range 8 {
		at.Process, at.Goroutines, at.Uses = p, 8, uses
		orders = append(orders, at)
	}
	return orders
}

// Eight processes of eight claimants want ten accounts: each is staged once, whatever the clocks say.
func TestARaceForTenAccounts(t *testing.T) {
	t.Parallel()
	l, path := newFile(t)
	raceForAccounts(t, l, claimants{File: path}, 10)
}

func raceForAccounts(t *testing.T, l *ledger.Ledger, at claimants, accounts int) {
	t.Helper()
	orders := eightByEight(at, accounts)
	for p := range orders {
		orders[p].Accounts, orders[p].Skew = accounts, []time.Duration{0, -20 * time.Minute, 20 * time.Minute, 3 * time.Hour}[p%4]
	}
	sum := race(t, orders)
	slices.Sort(sum.Won)
	if len(sum.Won) != accounts || len(slices.Compact(sum.Won)) != accounts || sum.Refused != 63*accounts || len(sum.Other) > 0 {
		t.Errorf("%d won, %d refused, others %s", len(sum.Won), sum.Refused, strings.Join(sum.Other, "; "))
	}
	if got := force(t, l); len(got) != accounts {
		t.Errorf("%d uses in force, want %d", len(got), accounts)
	}
}

// BenchmarkClaimants has 64 claimants in 8 processes make uses one after the other, and reports how long each waited.
func BenchmarkClaimants(b *testing.B) {
	for _, before := range []int{0, 10_000} {
		b.Run(fmt.Sprintf("file, %d uses before", before), func(b *testing.B) {
			_, path := newFile(b)
			usesBefore(b, path, before, false)
			reportRace(b, eightByEight(claimants{File: path}, max(1, b.N)))
		})
	}
	for _, before := range []int{0, 10_000, 100_000} {
		b.Run(fmt.Sprintf("postgres, %d uses before", before), func(b *testing.B) {
			url := databaseWith(b, before, false)
			reportRace(b, eightByEight(claimants{URL: url}, max(1, b.N)))
		})
	}
}

func reportRace(b *testing.B, orders []claimants) {
	b.ResetTimer()
	sum := race(b, orders)
	b.StopTimer()
	if len(sum.Other) > 0 || sum.Refused > 0 {
		b.Fatalf("%d refused, others %q", sum.Refused, sum.Other)
	}
	b.ReportMetric(float64(len(sum.Won))/b.Elapsed().Seconds(), "uses/s")
	b.ReportMetric(quantile(sum.Begin, .5), "begin-p50-ms")
	b.ReportMetric(quantile(sum.Begin, .99), "begin-p99-ms")
	b.ReportMetric(quantile(sum.Commit, .5), "commit-p50-ms")
	b.ReportMetric(quantile(sum.Commit, .99), "commit-p99-ms")
}

// usesBefore writes a ledger of n uses that were staged; their numbers are those after the first ten million.
func usesBefore(b testing.TB, path string, n int, clones bool) {
	b.Helper()
	var all bytes.Buffer
	for i := range n {
		claim := accountOf(10_000_000 + i)
		e := ledger.Entry{
			Version: ledger.Version, ID: fmt.Sprintf("%016x", i), At: time.Unix(1e9, 0).UTC(), Fingerprint: claim.Fingerprint,
			Account: claim.Account, By: claim.By, Host: "host",
			Image: ledger.Image{Path: "images/old", Host: "host", Place: fmt.Sprintf("file:/images/old%d.img|/Windows", i)},
		}
		if clones {
			e.Image.MachineSID = machineSID
		}
		for _, e.Event = range []ledger.Event{ledger.EventIntent, ledger.EventStaged} {
			enc := json.NewEncoder(&all)
			enc.SetEscapeHTML(false)
			if err := enc.Encode(e); err != nil {
				b.Fatal(err)
			}
		}
	}
	if err := os.WriteFile(path, all.Bytes(), 0o600); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkBeginAmongClones begins and cancels a use of one of 10,000 copies of one installation, and of an image that has
// nothing to do with them.
func BenchmarkBeginAmongClones(b *testing.B) {
	for name, sid := range map[string]string{"the same machine SID": machineSID, "another": "S-1-5-21-1-1-1"} {
		b.Run("file, "+name, func(b *testing.B) {
			l, path := newFile(b)
			usesBefore(b, path, 10_000, true)
			claim := accountOf(1)
			claim.Image = image("a")
			claim.Image.MachineSID = sid
			for b.Loop() {
				if err := begin(b, l, claim).Cancel(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run("postgres, "+name, func(b *testing.B) {
			l := openURL(b, databaseWith(b, 10_000, true))
			claim := accountOf(1)
			claim.Image = image("a")
			claim.Image.MachineSID = sid
			for b.Loop() {
				if err := begin(b, l, claim).Cancel(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
