//go:build unix

package cli_test

import (
	"bytes"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/offlinejoin/offlinejoin/internal/joinfile/fleet"
)

// TestNoTerminal asks nobody where nobody can answer.
func TestNoTerminal(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	for name, args := range map[string][]string{
		"apply":           {"apply", f.dir},
		"unstage":         {"unstage", f.dir},
		"account disable": append([]string{"account", "disable", "WEB01"}, strings.Fields(reach)...),
		"account delete":  append([]string{"account", "delete", "--lost"}, strings.Fields(reach)...),
	} {
		for kind, open := range map[string]func(cmd *exec.Cmd){
			"null": func(cmd *exec.Cmd) { cmd.Stdin = nil }, // os/exec opens /dev/null
			"closed": func(cmd *exec.Cmd) {
				cmd.Args = append([]string{"sh", "-c", `exec "$0" "$@" <&-`}, cmd.Args...)
				cmd.Path = "/bin/sh"
			},
		} {
			cmd := exec.CommandContext(t.Context(), f.command, args...)
			open(cmd)
			var stderr bytes.Buffer
			cmd.Stderr = &stderr
			_ = cmd.Run() // its code is looked at
			said := stderr.String()
			if code := cmd.ProcessState.ExitCode(); code != 2 || !strings.Contains(said, "there is no terminal to ask on: give --yes") ||
				windowsCode.MatchString(said) {
				t.Errorf("%s, standard input %s: exit code %d: %s", name, kind, code, said)
			}
		}
	}
	f.wantStates(t, "absent", "absent", "absent")
}

// TestCtrlCAtThePrompt is an answer, and no error of Windows.
func TestCtrlCAtThePrompt(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	for _, command := range []string{"apply", "unstage"} {
		p := startInterruptible(t, f.command, command, f.dir)
		p.stdout.wait(t, "is taken for yes: ")
		if code := p.interrupt(t); code != 1 || !strings.HasSuffix(p.stderr.String(), "Not confirmed: interrupted. Nothing was written.\n") {
			t.Errorf("%s: exit code %d, it says %q", command, code, p.stderr.String())
		}
	}
	f.wantStates(t, "absent", "absent", "absent")
}

// TestCtrlCWhileWorking stops a command on one image while it waits for the image, or for what is typed.
func TestCtrlCWhileWorking(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	release := hold(t, f.image("web01"))
	defer release()
	image := []string{"--windows-path", f.image("web01"), "--lock-timeout", "1h"}
	blob := filepath.Join(f.dir, "secrets", "web01.djoin")
	for name, args := range map[string][]string{
		"stage":         append([]string{"stage", "--blob-file", blob}, image...),
		"stage json":    append([]string{"stage", "--json", "--blob-file", blob}, image...),
		"unstage":       append([]string{"unstage"}, image...),
		"stage typed":   append([]string{"stage", "--blob-file", "-"}, image...),
		"inspect blob":  {"inspect", "blob", "-"},
		"blob encrypt":  {"blob", "encrypt", "-", "--recipient", "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj", "--output", filepath.Join(t.TempDir(), "x")},
		"blob decrypt":  {"blob", "decrypt", "-", "--output", filepath.Join(t.TempDir(), "x")},
		"account show":  append([]string{"account", "show", "WEB01", "--ad-password-file", "-"}, strings.Fields(reach)...),
		"blob to setup": {"blob", "answer-file", "-", "--output", filepath.Join(t.TempDir(), "x")},
	} {
		p, code := interruptWaiting(t, append([]string{f.command}, args...)...)
		said := p.stderr.String()
		if code != 1 || windowsCode.MatchString(said) || strings.Contains(said, "context canceled") || !strings.Contains(said, "interrupt") {
			t.Errorf("%s: exit code %d, it says %q", name, code, said)
		}
		if name == "stage json" && !strings.Contains(p.stdout.String(), `"code": 1223,`) {
			t.Errorf("%s prints %q", name, p.stdout.String())
		}
	}
}

// TestSecondCtrlCSaysToRunAgain has nothing to mend.
func TestSecondCtrlCSaysToRunAgain(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	defer hold(t, f.image("web01"))()
	p := startInterruptible(t, f.command, "apply", f.dir, "--yes", "--parallel", "1")
	time.Sleep(time.Second) // so that the first image is begun; that it is, the words below tell
	must(t, p.cmd.Process.Signal(syscall.SIGINT))
	p.stderr.wait(t, "Interrupted: ")
	code := p.interrupt(t)
	all := p.stderr.String() + p.stdout.String()
	if code != 1 || windowsCode.MatchString(all) || !strings.Contains(all, "Run it again to go on with the rest.") || strings.Contains(all, "Mend") {
		t.Errorf("exit code %d, it says %s", code, all)
	}
	if !strings.Contains(all, string(fleet.OutcomeFailed)) {
		t.Errorf("it does not say what failed: %s", all)
	}
}

// interruptible is a running command whose standard input stays open.
type interruptible struct {
	cmd            *exec.Cmd
	stdout, stderr *shared
}

// shared is what a process has printed so far.
type shared struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write implements [io.Writer].
func (s *shared) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

// String returns it.
func (s *shared) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// wait waits until it holds a text.
func (s *shared) wait(t *testing.T, text string) {
	t.Helper()
	for !strings.Contains(s.String(), text) {
		select {
		case <-t.Context().Done():
			t.Fatalf("it never prints %q: %q", text, s.String())
		case <-time.After(5 * time.Millisecond):
		}
	}
}

func startInterruptible(t *testing.T, args ...string) *interruptible {
	t.Helper()
	p := &interruptible{cmd: exec.CommandContext(t.Context(), args[0], args[1:]...), stdout: new(shared), stderr: new(shared)}
	p.cmd.Stdout, p.cmd.Stderr = p.stdout, p.stderr
	stdin, err := p.cmd.StdinPipe()
	must(t, err)
	t.Cleanup(func() { _ = stdin.Close() }) // the process has ended
	must(t, p.cmd.Start())
	return p
}

// interrupt sends Ctrl-C, and returns the exit code.
func (p *interruptible) interrupt(t *testing.T) int {
	t.Helper()
	must(t, p.cmd.Process.Signal(syscall.SIGINT))
	_ = p.cmd.Wait() // its code is looked at
	return p.cmd.ProcessState.ExitCode()
}

// interruptWaiting runs a command and interrupts it, again where the interrupt came before the program listened.
func interruptWaiting(t *testing.T, args ...string) (p *interruptible, code int) {
	t.Helper()
	for pause := 200 * time.Millisecond; ; pause *= 2 {
		p = startInterruptible(t, args...)
		time.Sleep(pause)
		if code = p.interrupt(t); code != -1 {
			return p, code
		}
	}
}

// TestNoWorkingDirectory is about a folder that was removed under a shell.
func TestNoWorkingDirectory(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	dir := filepath.Join(t.TempDir(), "gone")
	args := append([]string{"-c", `mkdir "$0" && cd "$0" && rmdir "$0" && exec "$@"`, dir, f.command, "provision", "--machine-name", "WEB01", "--output", "x"},
		strings.Fields(reach)...)
	cmd := exec.CommandContext(t.Context(), "/bin/sh", append(args, "--ad-ccache", "none")...)
	said, _ := cmd.CombinedOutput() // its code is looked at
	if code := cmd.ProcessState.ExitCode(); code != 1 || !strings.Contains(string(said), "the working directory does not exist any more") {
		t.Errorf("exit code %d: %s", code, said)
	}
}
