//go:build unix

package cli_test

import (
	"bufio"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/completion/program"
	"github.com/offlinejoin/offlinejoin/internal/imagefs/localdir"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/testenv"
	"github.com/offlinejoin/offlinejoin/internal/winimage"
)

// TestCtrlCFinishesTheImagesInHand holds the first image, so that it is in hand when the interrupt comes.
func TestCtrlCFinishesTheImagesInHand(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	release := hold(t, f.image("web01"))
	p := f.apply(t)
	p.until(t, "begin")
	p.interrupt(t)
	p.until(t, "note")
	release()
	p.ends(t, 1)
	f.wantStates(t, "staged", "absent", "absent")
	if got := p.outcomes(); !slices.Equal(got, []string{"staged"}) {
		t.Errorf("results %q", got)
	}
	again := f.apply(t)
	again.ends(t, 0)
	f.wantStates(t, "staged", "staged", "staged")
}

// TestHangupFinishesTheImagesInHand closes the terminal, of which both the system and the shell tell.
func TestHangupFinishesTheImagesInHand(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	release := hold(t, f.image("web01"))
	p := f.apply(t)
	p.until(t, "begin")
	must(t, p.cmd.Process.Signal(syscall.SIGHUP))
	p.until(t, "note")
	must(t, p.cmd.Process.Signal(syscall.SIGHUP))
	release()
	p.ends(t, 1)
	f.wantStates(t, "staged", "absent", "absent")
}

// TestHangupOfNohup ignores what the one who started the command has ignored.
func TestHangupOfNohup(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	release := hold(t, f.image("web01"))
	nohup := f
	nohup.command = testenv.Tool(t, "nohup")
	p := nohup.start(t, f.command, "apply", f.dir, "--yes", "--json", "--parallel", "1")
	p.until(t, "begin")
	must(t, p.cmd.Process.Signal(syscall.SIGHUP))
	release()
	p.ends(t, 0)
	f.wantStates(t, "staged", "staged", "staged")
}

// TestSecondCtrlCLeavesTheImageOld gives up the image that is waited for.
func TestSecondCtrlCLeavesTheImageOld(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	release := hold(t, f.image("web01"))
	p := f.apply(t)
	p.until(t, "begin")
	p.interrupt(t)
	p.until(t, "note")
	p.interrupt(t)
	p.ends(t, 1)
	release()
	f.wantStates(t, "absent", "absent", "absent")
	if got := p.outcomes(); !slices.Equal(got, []string{"failed"}) {
		t.Errorf("results %q", got)
	}
}

// TestProgressOnATerminal runs apply below script(1), which gives it a terminal.
func TestProgressOnATerminal(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	script := testenv.Tool(t, "script")
	cmd := exec.CommandContext(t.Context(), script, "-qec",
		"stty rows 40 cols 120; "+f.command+" apply --yes "+f.dir, "/dev/null")
	cmd.Env = append(os.Environ(), "TERM=xterm")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for _, want := range []string{"Apply 3/3 [====", "\x1b[1mJOIN", "\x1b[32mjoin.web[\"web02\"]  staged"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("the terminal does not show %q: %q", want, out)
		}
	}
}

// sampleFleet is a fleet of three and the command to work on it.
type sampleFleet struct{ dir, command string }

func newFleet(t *testing.T) sampleFleet {
	t.Helper()
	if _, err := program.Lookup("amd64"); err != nil {
		testenv.Absent(t, err.Error())
	}
	f := sampleFleet{dir: t.TempDir(), command: filepath.Join(t.TempDir(), "offlinejoin")}
	joinFile, err := sample.WriteFleet(f.dir)
	must(t, err)
	text, err := os.ReadFile(joinFile)
	must(t, err)
	patient := strings.Replace(string(text), "defaults {", "defaults {\n  lock_timeout = \"1h\"", 1)
	must(t, os.WriteFile(joinFile, []byte(patient), 0o600))
	me, err := os.Executable()
	must(t, err)
	must(t, os.Symlink(me, f.command)) // TestMain knows the command by this name
	return f
}

func (f sampleFleet) image(name string) string {
	return filepath.Join(f.dir, "images", name, "Windows")
}

// wantStates compares the status of the three images.
func (f sampleFleet) wantStates(t *testing.T, want ...string) {
	t.Helper()
	p := f.start(t, "status", f.dir, "--json")
	p.ends(t, 0)
	got := map[string]string{}
	for _, l := range p.lines {
		if l.Type == "result" {
			got[l.Result.Join] = l.Result.Status.State
		}
	}
	for i, state := range want {
		if join := `join.web["web0` + string(rune('1'+i)) + `"]`; got[join] != state {
			t.Errorf("%s is %q, want %q", join, got[join], state)
		}
	}
}

func (f sampleFleet) apply(t *testing.T) *process {
	t.Helper()
	return f.start(t, "apply", f.dir, "--yes", "--json", "--parallel", "1")
}

// process is a running command whose lines of JSON are read.
type process struct {
	cmd   *exec.Cmd
	out   *bufio.Scanner
	lines []outLine
}

type outLine struct {
	Type   string `json:"type"`
	Result struct {
		Join    string `json:"join"`
		Outcome string `json:"outcome"`
		Status  struct {
			State string `json:"status"`
		} `json:"image_status"`
	} `json:"result"`
}

func (f sampleFleet) start(t *testing.T, args ...string) *process {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), f.command, args...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	p := &process{cmd: cmd, out: bufio.NewScanner(out)}
	p.out.Buffer(nil, 1<<20)
	return p
}

// next reads a line.
func (p *process) next(t *testing.T) (outLine, error) {
	t.Helper()
	if !p.out.Scan() {
		return outLine{}, io.EOF
	}
	var l outLine
	must(t, json.Unmarshal(p.out.Bytes(), &l))
	p.lines = append(p.lines, l)
	return l, nil
}

// until reads lines up to one of a type.
func (p *process) until(t *testing.T, kind string) {
	t.Helper()
	for {
		l, err := p.next(t)
		if err != nil {
			t.Fatalf("there is no line %q", kind)
		}
		if l.Type == kind {
			return
		}
	}
}

func (p *process) interrupt(t *testing.T) {
	t.Helper()
	must(t, p.cmd.Process.Signal(syscall.SIGINT))
}

// ends reads to the end and wants an exit code.
func (p *process) ends(t *testing.T, code int) {
	t.Helper()
	for {
		if _, err := p.next(t); err != nil {
			break
		}
	}
	_ = p.cmd.Wait() // its code is looked at
	if got := p.cmd.ProcessState.ExitCode(); got != code {
		t.Fatalf("exit code %d, want %d", got, code)
	}
	if last := p.lines[len(p.lines)-1]; last.Type != "summary" {
		t.Errorf("the last line is %q", last.Type)
	}
}

func (p *process) outcomes() (out []string) {
	for _, l := range p.lines {
		if l.Type == "result" {
			out = append(out, l.Result.Outcome)
		}
	}
	return out
}

// hold keeps an image as somebody does who is changing it, until the returned function is called.
func hold(t *testing.T, windowsPath string) (release func()) {
	t.Helper()
	fs, err := localdir.Open(windowsPath)
	must(t, err)
	im, err := winimage.Open(t.Context(), fs, winimage.Write)
	must(t, err)
	return func() {
		must(t, im.Close())
		must(t, fs.Close())
	}
}
