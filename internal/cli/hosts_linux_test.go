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
	if os.Geteuid() != 0 || !postgres.Installed(t) {
		testenv.Absent(t, "PostgreSQL and the right to make namespaces are needed")
	}
	if _, err := program.Lookup("amd64"); err != nil {
		testenv.Absent(t, err.Error())
	}
	joins := 40
	if text := os.Getenv(joinsVariable); text != "" {
		var err error
		joins, err = strconv.Atoi(text)
		must(t, err)
	}
	f := newHosts(t, joins)
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
	uses, err := core.LedgerEntries(t.Context(), core.SingleUse{Ledger: url})
	must(t, err)
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
	slices.Sort(millis)
	t.Logf("%d joins on %d hosts, two killed and run again: %v, %.1f/s, a join p50 %d ms, p99 %d ms", joins, hosts, took.Round(time.Second),
		float64(joins)/took.Seconds(), millis[len(millis)/2], millis[len(millis)*99/100])
}

// hostFiles are the images of all hosts, each with a folder of its own.
type hostFiles struct {
	dir, command string
}

func newHosts(t *testing.T, joins int) hostFiles {
	t.Helper()
	f := hostFiles{dir: t.TempDir(), command: filepath.Join(t.TempDir(), "offlinejoin")}
	me, err := os.Executable()
	must(t, err)
	must(t, os.Symlink(me, f.command)) // TestMain knows the command by this name
	must(t, os.Mkdir(filepath.Join(f.dir, "here"), 0o700))
	for h := range hosts {
		dir := f.host(h)
		must(t, os.MkdirAll(dir, 0o700))
		must(t, os.WriteFile(filepath.Join(dir, "machine-id"), fmt.Appendf(nil, "%032x\n", h+1), 0o644))
		must(t, os.WriteFile(filepath.Join(dir, "hosts.join.hcl"), []byte(hostsFile), 0o600))
		for n := h; n < joins; n += hosts {
			f.member(t, h, fmt.Sprintf("m%05d", n))
		}
		for n := range contested {
			name := fmt.Sprintf("x%05d", joins+n)
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
	script := `set -e
hostname "$1"
mount --bind "$2/machine-id" /etc/machine-id
mount --bind "$2" "$3"
shift 3
exec "$@"`
	here := filepath.Join(f.dir, "here")
	command := []string{
		"--net", "--uts", "--mount", "sh", "-c", script, "sh", "host" + strconv.Itoa(h), f.host(h), here,
		f.command, "apply", here, "--yes", "--json", "--parallel", "2", "--var", "host=host" + strconv.Itoa(h),
	}
	cmd := exec.CommandContext(t.Context(), "unshare", append(command, args...)...)
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
