package ledger_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/offlinejoin/offlinejoin/internal/ledger"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// childVariable makes the test program a process that stages: LEDGER, RUN, ACCOUNT, BLOB and IMAGE in lines.
const childVariable = "OFFLINEJOIN_LEDGER_TEST_CHILD"

func TestMain(m *testing.M) {
	if order := os.Getenv(claimantsVariable); order != "" {
		os.Exit(claimantsChild(order))
	}
	if order := os.Getenv(childVariable); order != "" {
		os.Exit(child(strings.Split(order, "\n")))
	}
	code := m.Run()
	stopServer()
	os.Exit(code)
}

// child begins, says so on standard output, waits for a line on standard input, and commits.
func child(order []string) int {
	l := ledger.Open(order[0], 0)
	if order[1] != "" {
		var err error
		if l, err = ledger.OpenRun(order[1], 0); err != nil {
			fmt.Println(err)
			return 1
		}
	}
	account, _ := strconv.Atoi(order[2]) // the test has written it
	ctx := context.Background()
	use, err := l.Begin(ctx, claim(account, order[3], order[4]))
	if code, _ := winerr.CodeOf(err); code == winerr.AccountReuseBlocked {
		fmt.Println("refused")
		return 0
	}
	if err != nil {
		fmt.Println(err)
		return 1
	}
	fmt.Println("begun")
	_, _ = bufio.NewReader(os.Stdin).ReadString('\n') // the end of input will do
	if err := use.Commit(ctx); err != nil {
		fmt.Println(err)
		return 1
	}
	fmt.Println("committed")
	return 0
}

type process struct {
	*exec.Cmd
	lines *bufio.Scanner
	in    interface{ Close() error }
}

func start(t *testing.T, env []string, order ...string) *process {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Env = append(append(os.Environ(), env...), childVariable+"="+strings.Join(order, "\n"))
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return &process{cmd, bufio.NewScanner(out), in}
}

func (p *process) says() string {
	p.lines.Scan()
	return p.lines.Text()
}

func (p *process) finish(t *testing.T) {
	t.Helper()
	if err := errors.Join(p.in.Close(), p.Wait()); err != nil {
		t.Error(err)
	}
}

// Twenty processes want five accounts, each for four images: five get through.
func TestManyProcesses(t *testing.T) {
	t.Parallel()
	l, path := newFile(t)
	var all []*process
	for i := range 20 {
		account := strconv.Itoa(1 + i%5)
		all = append(all, start(t, nil, path, "", account, account, string(rune('a'+i/5))))
	}
	begun := 0
	for _, p := range all {
		switch said := p.says(); said {
		case "begun":
			begun++
		case "refused":
		default:
			t.Errorf("a process says %q", said)
		}
	}
	for _, p := range all {
		p.finish(t)
	}
	entries := force(t, l)
	for _, e := range entries {
		if e.Event != ledger.EventStaged {
			t.Errorf("%s is %s, want staged", e.Account.MachineName, e.Event)
		}
	}
	if begun != 5 || len(entries) != 5 {
		t.Errorf("%d began, %d in force, want 5", begun, len(entries))
	}
}

// A run that is killed in the middle of its stage blocks other images, with its time, and not its own.
func TestKilledInTheMiddle(t *testing.T) {
	t.Parallel()
	l, path := newFile(t)
	p := start(t, nil, path, "", "1", "one", "a")
	if said := p.says(); said != "begun" {
		t.Fatalf("the process says %q", said)
	}
	if err := p.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = p.Wait() // killed
	if got := refused(t, l, claim(1, "one", "b")); !strings.Contains(got, "began and has not ended (20") {
		t.Errorf("error %s", got)
	}
	use := stage(t, l, claim(1, "one", "a"))
	if earlier := use.Earlier(); len(earlier) != 1 || earlier[0].PID != p.Process.Pid {
		t.Errorf("earlier uses: %+v", earlier)
	}
	refused(t, l, claim(1, "one", "b"))
	if got := force(t, l); len(got) != 1 || got[0].Event != ledger.EventStaged {
		t.Errorf("in force: %+v", got)
	}
}

// Packer's parallel builds are processes of one run.
func TestProcessesOfOneRun(t *testing.T) {
	t.Parallel()
	env := []string{"XDG_RUNTIME_DIR=" + privateFolder(t)}
	first := start(t, env, "", "run 1", "1", "one", "a")
	if said := first.says(); said != "begun" {
		t.Fatalf("the first process says %q", said)
	}
	for run, want := range map[string]string{"run 1": "refused", "run 2": "begun"} {
		second := start(t, env, "", run, "1", "one", "b")
		if said := second.says(); said != want {
			t.Errorf("%s: the second process says %q, want %q", run, said, want)
		}
		second.finish(t)
	}
	first.finish(t)
}

func privateFolder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	return dir
}

// A process that is killed at any point of a compaction leaves the old file or the new one, with all that was in force.
func TestKilledWhileAFileIsCompacted(t *testing.T) {
	t.Parallel()
	_, wasteful := newFile(t)
	usesBefore(t, wasteful, 2000, false)
	before := content(t, wasteful)
	compacted := 0
	for round := range 30 {
		l, path := newFile(t)
		if err := os.WriteFile(path, before, 0o600); err != nil {
			t.Fatal(err)
		}
		p := start(t, nil, path, "", "1", "one", "a")
		done := make(chan string, 1)
		go func() { done <- p.says() }()
		var said string
		select {
		case said = <-done:
		case <-time.After(time.Duration(4+round) * time.Millisecond):
		}
		_ = p.Process.Kill()
		_ = p.Wait() // killed
		if len(content(t, path)) < len(before) {
			compacted++
		}
		got := force(t, l)
		if len(got) != 2000 && len(got) != 2001 || said == "begun" && len(got) != 2001 {
			t.Fatalf("round %d: %d uses in force after the process said %q", round, len(got), said)
		}
		stage(t, l, claim(2, "two", "b"))
	}
	t.Logf("%d of 30 were compacted when they were killed", compacted)
}
