package cli_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/offlinejoin/offlinejoin/internal/completion/program"
	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/testenv"
	"github.com/offlinejoin/offlinejoin/internal/testenv/postgres"
)

// joinsVariable is how many joins TestFourHostsOneLedger stages; `make ledger` wants 10,000.
const joinsVariable = "OFFLINEJOIN_LEDGER_JOINS"

const (
	hosts     = 4
	contested = 8 // accounts that every host has an image for
)

// hostsFile is the join file of every host: its part of the machines, and the contested accounts.
const hostsFile = `
variable "host" {}
variable "url" { default = "" }
variable "file" { default = "" }

defaults {
  ledger      = var.url == "" ? null : var.url
  ledger_file = var.file == "" ? null : var.file
}

join "m" {
  for_each     = toset([for p in fileset("images", "m*/Windows/explorer.mark") : split("/", p)[0]])
  windows_path = "images/${each.key}/Windows"
  blob_file    = "secrets/${each.key}.djoin"
  image_name   = "${var.host}/${each.key}"
}

join "x" {
  for_each     = toset([for p in fileset("images", "x*/Windows/explorer.mark") : split("/", p)[0]])
  windows_path = "images/${each.key}/Windows"
  blob_file    = "secrets/${each.key}.djoin"
  image_name   = "${var.host}/${each.key}"
}
`

// TestFourHostsOneLedger stages the images of four hosts, which are network, UTS and mount namespaces with a machine id each
// and have their images at the same path, with one ledger in a database. Two of the commands are killed in the middle and run
// again. Every image is staged once, and no account is in two images.
func TestFourHostsOneLedger(t *testing.T) {
	joins := 40
	if text := os.Getenv(joinsVariable); text != "" {
		var err error
		joins, err = strconv.Atoi(text)
		must(t, err)
	}
	f := newHosts(t, hosts, joins, contested)
	server := postgres.Start(t, postgres.Options{Durable: true})
	_, url := server.Schema(t, core.LedgerSchema)

	start := time.Now()
	var all sync.WaitGroup
	results := make([]hostRun, hosts)
	for h := range hosts {
		all.Go(func() {
			if h < 2 { // killed after an eighth of its joins
				if killed := f.apply(t, h, joins/hosts/8+1, "--var", "url="+url); !killed.killed {
					t.Errorf("host %d was not killed in the middle", h)
				} else {
					results[h] = killed
				}
			}
			again := f.apply(t, h, 0, "--var", "url="+url)
			again.millis = append(again.millis, results[h].millis...)
			results[h] = again
		})
	}
	all.Wait()
	took := time.Since(start)

	staged, refused := 0, 0
	var millis []int64
	for h, r := range results {
		for outcome, n := range r.outcomes {
			switch outcome {
			case "staged", "unchanged":
				staged += n
			case "failed":
				refused += n
			default:
				t.Errorf("host %d: %d %s", h, n, outcome)
			}
		}
		for _, code := range r.codes {
			if code != 2732 {
				t.Errorf("host %d: code %d", h, code)
			}
		}
		millis = append(millis, r.millis...)
	}
	if staged != joins+contested || refused != (hosts-1)*contested {
		t.Errorf("%d joins are staged, %d refused; want %d and %d", staged, refused, joins+contested, (hosts-1)*contested)
	}
	uses := entries(t, url)
	accounts, images := map[string]bool{}, map[string]bool{}
	for _, u := range uses {
		if u.Event != "staged" || accounts[u.AccountSID] || images[u.ImageName] {
			t.Errorf("%s %s: %s in %s", u.ID, u.Event, u.MachineName, u.ImageName)
		}
		accounts[u.AccountSID], images[u.ImageName] = true, true
	}
	if len(uses) != joins+contested {
		t.Errorf("%d uses in force, want %d", len(uses), joins+contested)
	}
	t.Log(figures(fmt.Sprintf("%d joins on %d hosts, two killed and run again, one database", joins, hosts), joins, took, millis))
	if os.Getenv(joinsVariable) == "" {
		return
	}
	must(t, os.RemoveAll(f.dir)) // room for the same on one host
	one := newHosts(t, 1, joins, 0)
	start = time.Now()
	r := one.apply(t, 0, 0, "--var", "file="+filepath.Join(one.dir, "ledger"), "--parallel", strconv.Itoa(2*hosts))
	if r.outcomes["staged"] != joins {
		t.Fatalf("on one host: %v", r.outcomes)
	}
	t.Log(figures(fmt.Sprintf("%d joins on one host, by one process, a ledger file", joins), joins, time.Since(start), r.millis))
}

func figures(what string, joins int, took time.Duration, millis []int64) string {
	slices.Sort(millis)
	return fmt.Sprintf("%s: %v, %.1f/s, a join p50 %d ms, p99 %d ms", what, took.Round(time.Second), float64(joins)/took.Seconds(),
		millis[len(millis)/2], millis[len(millis)*99/100])
}

// on runs a command on a host, in its folder. It returns what it says and its exit code.
func (f hostFiles) on(t *testing.T, h int, args ...string) (said string, code int) {
	t.Helper()
	words := f.hosts[h].Command(append([]string{f.command}, args...)...)
	cmd := exec.CommandContext(t.Context(), words[0], words[1:]...)
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

// TestTheSamePathOnTwoHosts: a path means something on its host alone, whatever ledger the hosts have together. The second host
// is refused, the first one may run again.
func TestTheSamePathOnTwoHosts(t *testing.T) {
	t.Parallel()
	f := newHosts(t, 2, 0, 1)
	_, url := postgres.Start(t, postgres.Options{}).Schema(t, core.LedgerSchema)
	for name, ledger := range map[string][]string{"database": {"--ledger", url}, "file": {"--ledger-file", filepath.Join(f.dir, "ledger")}} {
		stage := append([]string{"stage", "--windows-path", "images/x00000/Windows", "--blob-file", "secrets/x00000.djoin"}, ledger...)
		if said, code := f.on(t, 0, stage...); code != 0 {
			t.Fatalf("%s: %d %s", name, code, said)
		}
		if said, code := f.on(t, 1, stage...); code != 1 || !strings.Contains(said, "on host0") || !strings.Contains(said, "2732") {
			t.Errorf("%s, the other host: %d %s", name, code, said)
		}
		if said, code := f.on(t, 0, stage...); code != 0 || !strings.Contains(said, "already") {
			t.Errorf("%s, again: %d %s", name, code, said)
		}
		if said, code := f.on(t, 0, append([]string{"unstage", "--windows-path", "images/x00000/Windows"}, ledger...)...); code != 0 {
			t.Errorf("%s, back: %d %s", name, code, said)
		}
	}
}

// TestKilledAndClaimedElsewhere kills a host's stage at points of its time, at twenty where 10,000 joins are wanted. Another host then gets the account, when the
// first one had not begun with it, or is refused and told since when; the first one may always go on when it had.
func TestKilledAndClaimedElsewhere(t *testing.T) {
	t.Parallel()
	points := 6
	if os.Getenv(joinsVariable) != "" {
		points = 20
	}
	f := newHosts(t, 2, 0, points+1)
	_, url := postgres.Start(t, postgres.Options{}).Schema(t, core.LedgerSchema)
	stage := func(n int) []string {
		name := fmt.Sprintf("x%05d", n)
		return []string{"stage", "--windows-path", "images/" + name + "/Windows", "--blob-file", "secrets/" + name + ".djoin", "--ledger", url}
	}
	start := time.Now()
	if said, code := f.on(t, 0, stage(points)...); code != 0 {
		t.Fatal(said)
	}
	took := time.Since(start)
	begun := 0
	for n := range points {
		words := f.hosts[0].Command(append([]string{f.command}, stage(n)...)...)
		cmd := exec.CommandContext(t.Context(), words[0], words[1:]...)
		must(t, cmd.Start())
		if n == points-1 { // as soon as it is the account's: the times of before say little where a machine has got busier
			for end := time.Now().Add(time.Minute); len(entries(t, url)) < points+1 && time.Now().Before(end); {
				time.Sleep(time.Millisecond)
			}
		} else {
			time.Sleep(took * time.Duration(3*(n+1)) / time.Duration(2*points))
		}
		_ = cmd.Process.Kill() // it may have ended
		_ = cmd.Wait()
		said, code := f.on(t, 1, stage(n)...)
		again, first := f.on(t, 0, stage(n)...)
		switch {
		case code == 0 && first == 1 && strings.Contains(again, "2732"): // not begun
		case code == 1 && first == 0 && strings.Contains(said, "2732") && strings.Contains(said, "on host0") && strings.Contains(said, "(20"):
			begun++
		default:
			t.Errorf("point %d: the other host %d %s, the same again %d %s", n, code, said, first, again)
		}
	}
	machines := map[string]bool{}
	for _, u := range entries(t, url) {
		if machines[u.MachineName] || u.Event != "staged" {
			t.Errorf("%s: %s", u.MachineName, u.Event)
		}
		machines[u.MachineName] = true
	}
	if len(machines) != points+1 || begun == 0 {
		t.Errorf("%d accounts in use; at %d of %d points the account was begun with", len(machines), begun, points)
	}
	t.Logf("at %d of %d points the account was begun with", begun, points)
}

func entries(t *testing.T, url string) []core.LedgerEntry {
	t.Helper()
	uses, err := core.LedgerEntries(t.Context(), core.SingleUse{Ledger: url})
	must(t, err)
	return uses
}

// hostFiles are the images of all hosts, each with a folder of its own.
type hostFiles struct {
	dir, command string
	hosts        []testenv.Host
}

// newHosts makes so many hosts, with so many images in all, and images for the contested accounts on each of them.
func newHosts(t *testing.T, n, joins, contested int) hostFiles {
	t.Helper()
	if os.Geteuid() != 0 || !postgres.Installed(t) {
		testenv.Absent(t, "PostgreSQL and the right to make namespaces are needed")
	}
	if _, err := program.Lookup("amd64"); err != nil {
		testenv.Absent(t, err.Error())
	}
	f := hostFiles{dir: t.TempDir(), command: filepath.Join(t.TempDir(), "offlinejoin")}
	me, err := os.Executable()
	must(t, err)
	must(t, os.Symlink(me, f.command)) // TestMain knows the command by this name
	must(t, os.Mkdir(f.here(), 0o700))
	for h := range n {
		dir := f.host(h)
		must(t, os.MkdirAll(dir, 0o700))
		f.hosts = append(f.hosts, testenv.NewHost(t, fmt.Sprint("host", h), h+1, dir, f.here()))
		must(t, os.WriteFile(filepath.Join(dir, "hosts.join.hcl"), []byte(hostsFile), 0o600))
		for m := h; m < joins; m += n {
			f.member(t, h, fmt.Sprintf("m%05d", m))
		}
		for c := range contested {
			name := fmt.Sprintf("x%05d", joins+c)
			f.member(t, h, name)
			if h > 0 {
				blob, err := os.ReadFile(filepath.Join(f.host(0), "secrets", name+".djoin"))
				must(t, err)
				must(t, os.WriteFile(filepath.Join(dir, "secrets", name+".djoin"), blob, 0o600))
			}
		}
	}
	return f
}

func (f hostFiles) host(h int) string { return filepath.Join(f.dir, "host"+strconv.Itoa(h)) }

// here is where every host sees its folder.
func (f hostFiles) here() string { return filepath.Join(f.dir, "here") }

func (f hostFiles) member(t *testing.T, h int, name string) {
	t.Helper()
	must(t, sample.WriteMember(f.host(h), name))
	must(t, os.WriteFile(filepath.Join(f.host(h), "images", name, "Windows", "explorer.mark"), nil, 0o600))
}

// hostRun is what became of one command.
type hostRun struct {
	killed   bool
	outcomes map[string]int
	codes    []int   // of what failed
	millis   []int64 // of each join
}

// apply runs the join file of a host in namespaces of its own, where its folder is at the same path as those of the others.
// After so many results it is killed; 0: not at all.
func (f hostFiles) apply(t *testing.T, h, killAfter int, args ...string) (run hostRun) {
	t.Helper()
	if !slices.Contains(args, "--parallel") {
		args = append(args, "--parallel", "2")
	}
	words := f.hosts[h].Command(append([]string{
		f.command, "apply", f.here(), "--yes", "--json", "--var", "host=host" + strconv.Itoa(h),
	}, args...)...)
	cmd := exec.CommandContext(t.Context(), words[0], words[1:]...)
	var said strings.Builder
	cmd.Stderr = &said
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<20)
	var seen atomic.Int64
	for lines.Scan() {
		var l struct {
			Type     string         `json:"type"`
			Outcomes map[string]int `json:"outcomes"`
			Result   struct {
				Outcome string `json:"outcome"`
				Millis  int64  `json:"duration_ms"`
				Error   struct {
					Code int `json:"code"`
				} `json:"error"`
			} `json:"result"`
		}
		must(t, json.Unmarshal(lines.Bytes(), &l))
		switch l.Type {
		case "result":
			run.millis = append(run.millis, l.Result.Millis)
			if l.Result.Outcome == "failed" {
				run.codes = append(run.codes, l.Result.Error.Code)
			}
			if int(seen.Add(1)) == killAfter {
				must(t, cmd.Process.Kill())
				run.killed = true
			}
		case "summary":
			run.outcomes = l.Outcomes
		}
	}
	_ = cmd.Wait() // what became of it is in the lines
	if run.outcomes == nil && !run.killed {
		t.Errorf("host %d: %s", h, said.String())
	}
	return run
}
