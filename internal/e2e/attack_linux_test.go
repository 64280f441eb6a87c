package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/offlinejoin/offlinejoin/internal/canary"
	"github.com/offlinejoin/offlinejoin/internal/hostiletext"
	"github.com/offlinejoin/offlinejoin/internal/sample/sampletest"
)

// attacks lets an enemy act on images, on the files beside them and on what is typed, and runs the command line as it is
// built. Whatever the enemy does, every run ends by itself with success or with one sentence and its code, in little memory,
// shows no secret, and touches nothing that is not its own. `make attack` does it long; without OFFLINEJOIN_LONG it is a sample.
func attacks(t *testing.T, p programs) {
	t.Run("swaps", func(t *testing.T) { swapAttacks(t, p) })
	t.Run("things", func(t *testing.T) { thingAttacks(t, p) })
	t.Run("sizes", func(t *testing.T) { sizeAttacks(t, p) })
	t.Run("full disks", func(t *testing.T) { fullDiskAttacks(t, p) })
	t.Run("devices", func(t *testing.T) { deviceAttacks(t, p) })
	t.Run("together", func(t *testing.T) { togetherAttacks(t, p) })
	t.Run("blobs", func(t *testing.T) { blobAttacks(t, p) })
	t.Run("dumps", func(t *testing.T) { dumpAttacks(t, p) })
}

// long returns the number for `make attack`, or the one for every day.
func long(whole, sample int) int {
	if os.Getenv("OFFLINEJOIN_LONG") == "1" {
		return whole
	}
	return sample
}

// attacked is what an attack has around it: a folder with a blob, and with somebody else's files, the victim.
type attacked struct {
	programs
	dir    string // the working directory of every run
	victim string // a folder in dir
	blob   string
	search *canary.Search
	before snapshot // of the victim
	most   int      // memory in KiB that a run may take
}

// newAttacked makes the folder. The victim is an image itself, so that whatever is written through a link would be written
// well.
func newAttacked(t *testing.T, p programs) *attacked {
	t.Helper()
	a := &attacked{programs: p, dir: t.TempDir(), most: mostMemory}
	blob, file := sampletest.Blob(t)
	a.search = canary.ForBlob(blob.Bytes(), blob.MachinePassword())
	a.blob = filepath.Join(a.dir, "web01.djoin")
	must(t, os.Rename(file, a.blob))
	a.victim = filepath.Join(a.dir, "victim")
	windows := sampleImage(t, a.victim)
	for _, name := range []string{
		"Windows/System32/odjboot.exe", "Windows/System32/odjboot.tmp", "Windows/System32/odjxml.tmp", "Windows/Panther/unattend.xml",
		"Windows/Panther/odjxml.tmp", "Windows/debug/NetSetup.log", "Windows/System32/Sysprep/unattend.xml", "file",
	} {
		path := filepath.Join(filepath.Dir(windows), filepath.FromSlash(name))
		must(t, os.MkdirAll(filepath.Dir(path), 0o755))
		must(t, os.WriteFile(path, []byte("of somebody else: "+name), 0o600))
	}
	a.before = take(t, a.victim)
	return a
}

// ran is how one run of the command line ended.
type ran struct {
	args        []string
	code        int
	out, errors string
	memory      int // its peak in KiB
}

// Most memory that a run may take, and longest that it may run: what hangs has lost.
const (
	mostMemory = 64 << 10 // KiB
	longestRun = 90 * time.Second
)

// sentence is how an error reads: one line with a code at its end. What is wrong with a join file takes several lines.
var (
	sentence   = regexp.MustCompile(`(?m)^(error: .+ \([0-9]+ [A-Za-z_]+\)|Not confirmed: .+)$`)
	ofJoinFile = regexp.MustCompile(`(?m)^error: `)
)

// run runs the command line in the folder and judges it. It is safe for several goroutines, which a failure does not stop.
func (a *attacked) run(t *testing.T, args ...string) ran {
	t.Helper()
	return a.runCommand(t, exec.Command(a.command(), args...))
}

func (a *attacked) runCommand(t *testing.T, made *exec.Cmd) ran {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), longestRun)
	defer cancel()
	cmd := exec.CommandContext(ctx, made.Path, made.Args[1:]...)
	var out, errs bytes.Buffer
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = a.dir, made.Env, &out, &errs
	if made.Dir != "" {
		cmd.Dir = made.Dir
	}
	if err := cmd.Start(); err != nil {
		t.Errorf("%q: %v", made.Args, err)
		return ran{}
	}
	ended, peak := make(chan struct{}), make(chan int)
	go func() { peak <- watchMemory(cmd.Process.Pid, ended) }()
	err := cmd.Wait()
	close(ended)
	r := ran{
		args: made.Args[1:], code: cmd.ProcessState.ExitCode(), out: out.String(), errors: errs.String(), memory: <-peak,
	}
	if _, exited := errors.AsType[*exec.ExitError](err); err != nil && !exited {
		t.Errorf("%q: %v", r.args, err)
	}
	if ctx.Err() != nil {
		t.Errorf("%q did not end within %v", r.args, longestRun)
		return r
	}
	for _, fault := range a.faults(r) {
		t.Errorf("%q: %s\n%.3000s%.3000s", r.args, fault, r.out, r.errors)
	}
	return r
}

// watchMemory returns the largest peak in KiB that a process was seen with until it ended. What wait4 tells is that of the
// test, too: a process inherits the peak of the one that it was forked from.
func watchMemory(pid int, ended <-chan struct{}) int {
	peak := 0
	for tick := time.NewTicker(2 * time.Millisecond); ; {
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
		if _, rest, is := strings.Cut(string(status), "VmHWM:"); err == nil && is {
			fields := strings.Fields(rest)
			if n, err := strconv.Atoi(fields[0]); err == nil {
				peak = max(peak, n)
			}
		}
		select {
		case <-ended:
			tick.Stop()
			return peak
		case <-tick.C:
		}
	}
}

// faults judges a run by itself.
func (a *attacked) faults(r ran) []string {
	var found []string
	all := r.out + r.errors
	switch {
	case r.code != 0 && r.code != 1 && r.code != 2 && r.code != 75:
		found = append(found, fmt.Sprintf("exit code %d", r.code))
	case r.code == 1 && (r.args[0] == "plan" || r.args[0] == "apply") && ofJoinFile.MatchString(all):
	case r.code == 1 && !sentence.MatchString(all):
		found = append(found, "it fails without a sentence and a code")
	}
	if strings.Contains(all, "goroutine ") || strings.Contains(all, "panic") {
		found = append(found, "it has crashed")
	}
	if r.memory > a.most {
		found = append(found, fmt.Sprintf("it took %d KiB of memory", r.memory))
	}
	if shown := hostiletext.Terminal(all); shown != nil {
		found = append(found, fmt.Sprintf("it acts on the terminal: %q", shown))
	}
	if shown := a.search.In([]byte(all)); shown != nil {
		found = append(found, fmt.Sprintf("it shows %q", shown))
	}
	return found
}

// safe fails the test when anything of the victim was touched.
func (a *attacked) safe(t *testing.T) {
	t.Helper()
	a.before.untouched(t, a.victim)
}

// tally counts how runs ended.
type tally struct {
	runs, good int
	memory     int
	refused    map[string]int // by the code of the error
}

var codeAtEnd = regexp.MustCompile(`\(([0-9]+ [A-Za-z_]+)\)\s*$`)

func (c *tally) add(r ran) {
	c.runs++
	c.memory = max(c.memory, r.memory)
	if r.code == 0 {
		c.good++
		return
	}
	if c.refused == nil {
		c.refused = map[string]int{}
	}
	code := "usage"
	if m := codeAtEnd.FindStringSubmatch(r.errors); m != nil {
		code = m[1]
	}
	c.refused[code]++
}

func (c *tally) String() string {
	var codes []string
	for code, n := range c.refused {
		codes = append(codes, fmt.Sprintf("%d × %s", n, code))
	}
	slices.Sort(codes)
	return fmt.Sprintf("%d runs: %d succeeded, %d refused (%s); at most %.1f MiB of memory",
		c.runs, c.good, c.runs-c.good, strings.Join(codes, ", "), float64(c.memory)/1024)
}

// seen logs what an attack was, what was expected and what came of it, in one line for the record.
func seen(t *testing.T, attack, expected string, came any) {
	t.Helper()
	t.Logf("ATTACK %s | EXPECTED %s | SEEN %v", attack, expected, came)
}
