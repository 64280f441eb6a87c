package wine

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/offlinejoin/offlinejoin/internal/testenv"
)

//go:embed testdata/*.c
var sources embed.FS

// limit bounds one program's run.
const limit = 3 * time.Minute

// Prefix is one Windows under Wine, below a temporary folder of the test that made it. It is for one test at a time.
type Prefix struct {
	wine, server string
	dir          string    // WINEPREFIX
	work         string    // files that pass in and out, not part of the Windows
	ready        time.Time // no file of the Windows that is older was written by a test
	running      bool      // its server was started, and not stopped since
}

// New makes a prefix that lives as long as t. It skips the test when Wine or the mingw compiler are not installed.
func New(t testing.TB) *Prefix {
	t.Helper()
	wine := tool(t, "wine64", "/usr/lib/wine/wine64") // Debian keeps it off the PATH
	server := tool(t, "wineserver64", "/usr/lib/wine/wineserver64", "wineserver")
	gcc := testenv.Tool(t, "x86_64-w64-mingw32-gcc")

	p := started(t, wine, server)
	p.library(t, gcc, "bcryptprimitives", "-ladvapi32")
	p.library(t, gcc, "netapi32", "-ladvapi32")
	p.Stop(t)
	p.ready = time.Now()
	return p
}

// tries is in how many folders a Windows is made until one starts, and how often what Wine itself brings is run. Once, of some
// hundreds of first starts on a busy machine, Wine found none of its own libraries in a new folder and ended within a tenth of a second;
// 450 more starts have not shown it again, and why it was so is not known.
const tries = 3

// started makes a prefix and starts its Windows for the first time.
func started(t testing.TB, wine, server string) *Prefix {
	t.Helper()
	for try := 1; ; try++ {
		top := t.TempDir()
		p := &Prefix{wine: wine, server: server, dir: filepath.Join(top, "prefix"), work: filepath.Join(top, "work")}
		for _, dir := range []string{p.dir, p.work, p.records(), p.home()} {
			if err := os.Mkdir(dir, 0o700); err != nil {
				t.Fatal(err)
			}
		}
		t.Cleanup(func() { p.Stop(t) })
		r := p.run(t, nil, "wineboot.exe", "--init")
		if r.ExitCode == 0 {
			return p
		}
		p.Stop(t)
		if try == tries {
			t.Fatalf("wineboot --init: exit code %d\n%s", r.ExitCode, r.Output)
		}
		t.Logf("Wine's start %d: exit code %d, another folder is tried\n%s", try, r.ExitCode, r.Output)
	}
}

// tool returns the first of names that is installed.
func tool(t testing.TB, names ...string) string {
	t.Helper()
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return testenv.Tool(t, names[0])
}

func (p *Prefix) home() string    { return filepath.Join(p.work, "home") }
func (p *Prefix) records() string { return filepath.Join(p.work, "records") }

// System32 returns the host's path of C:\windows\system32.
func (p *Prefix) System32() string { return p.Path("windows", "system32") }

// Path returns the host's path of a file below C:\.
func (p *Prefix) Path(elem ...string) string {
	return filepath.Join(append([]string{p.dir, "drive_c"}, elem...)...)
}

// library compiles testdata/NAME.c to System32\NAME.dll.
func (p *Prefix) library(t testing.TB, gcc, name string, libs ...string) {
	t.Helper()
	source, err := sources.ReadFile("testdata/" + name + ".c")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(p.work, name+".c")
	if err := os.WriteFile(file, source, 0o600); err != nil {
		t.Fatal(err)
	}
	args := append([]string{"-shared", "-O1", "-Wall", "-Werror", "-o", filepath.Join(p.System32(), name+".dll"), file},
		libs...)
	if out, err := exec.CommandContext(t.Context(), gcc, args...).CombinedOutput(); err != nil {
		t.Fatalf("compiling %s.dll: %v\n%s", name, err, out)
	}
}

// environ is the whole environment of a program under Wine: nothing of the user's Wine or home is touched.
func (p *Prefix) environ(extra []string) []string {
	return append([]string{
		"PATH=" + os.Getenv("PATH"),
		"HOME=" + p.home(),
		"WINEPREFIX=" + p.dir,
		"WINEDEBUG=-all",
		"WINEDLLOVERRIDES=bcryptprimitives,netapi32=n;mscoree,mshtml=;winemenubuilder.exe=d",
		p.Records(),
	}, extra...)
}

// windowsPath is a path of the host as programs under Wine see it.
func windowsPath(host string) string { return `Z:` + strings.ReplaceAll(host, "/", `\`) }

// Result is how a program ended.
type Result struct {
	ExitCode int
	Output   string // standard output and error
}

// Run runs a Windows program, given by the host's path or by a name that Wine finds, with more of an environment
// ("NAME=value", see [Returns]), and waits for its end. The record of the stub begins anew.
func (p *Prefix) Run(t testing.TB, exe string, env ...string) Result {
	t.Helper()
	return p.RunWith(t, env, exe)
}

// RunWith is [Prefix.Run] for a program that takes arguments.
func (p *Prefix) RunWith(t testing.TB, env []string, exe string, args ...string) Result {
	t.Helper()
	p.forget(t)
	return p.run(t, env, append([]string{exe}, args...)...)
}

// forget begins the record of the stub anew.
func (p *Prefix) forget(t testing.TB) {
	t.Helper()
	if err := os.RemoveAll(p.records()); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(p.records(), 0o700); err != nil {
		t.Fatal(err)
	}
}

// Interrupt runs the completion program, and ends this Windows with all that runs in it while Windows' function is being called.
// Wine writes its registry down then, as if all had been flushed, so that this is the end of the processes and not of the
// power.
func (p *Prefix) Interrupt(t testing.TB, exe string) {
	t.Helper()
	p.forget(t)
	p.start(t)
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, p.wine, exe)
	cmd.Dir, cmd.Env = p.Path(), p.environ([]string{Hangs()})
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for { // until the record of the call is whole
		text, err := os.ReadFile(filepath.Join(p.records(), "call-1.txt"))
		if err == nil && strings.Contains(string(text), "path ") && strings.HasSuffix(string(text), "\n") {
			break
		}
		if ctx.Err() != nil {
			t.Fatal("Windows' function was not called")
		}
		time.Sleep(50 * time.Millisecond)
	}
	p.Stop(t)
	_ = cmd.Wait() // it was ended
}

// mustRun runs one of Wine's own programs that may be run again: seldom, on a busy machine, Wine itself fails in one.
func (p *Prefix) mustRun(t testing.TB, args ...string) {
	t.Helper()
	for try := 1; ; try++ {
		r := p.run(t, nil, args...)
		if r.ExitCode == 0 {
			return
		}
		if try == tries {
			t.Fatalf("wine %s: exit code %d\n%s", args[0], r.ExitCode, r.Output)
		}
		t.Logf("wine %s, try %d: exit code %d\n%s", args[0], try, r.ExitCode, r.Output)
	}
}

// linger is for how many seconds Wine's server, and with it the services, stay when no program runs. With Wine's own
// few seconds, a busy machine would see a new start of Windows, and what that does to files noted for deletion, between
// any two programs.
const linger = 300

// start starts Wine's server, which goes on in the background, when it does not run.
func (p *Prefix) start(t testing.TB) {
	t.Helper()
	if p.running {
		return
	}
	cmd := exec.CommandContext(t.Context(), p.server, fmt.Sprintf("-p%d", linger))
	cmd.Env = p.environ(nil)
	if err := cmd.Run(); err != nil {
		t.Fatalf("starting %s: %v", p.server, err)
	}
	p.running = true
}

// run runs a program, and once more one that Wine could not even load.
func (p *Prefix) run(t testing.TB, env []string, args ...string) Result {
	t.Helper()
	r := p.runOnce(t, env, args...)
	if r.ExitCode != 0 && strings.HasPrefix(r.Output, "wine: could not load ") {
		t.Logf("wine %s: exit code %d, and it is run again\n%s", args[0], r.ExitCode, r.Output)
		r = p.runOnce(t, env, args...)
	}
	return r
}

func (p *Prefix) runOnce(t testing.TB, env []string, args ...string) Result {
	t.Helper()
	p.start(t)
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	// A file, not a pipe: Wine's services inherit it, and a pipe would be waited for until they end.
	out, err := os.CreateTemp(p.work, "output-*")
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	cmd := exec.CommandContext(ctx, p.wine, args...)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = p.Path(), p.environ(env), out, out
	if _, err := os.Stat(cmd.Dir); err != nil {
		cmd.Dir = p.work // before the first start there is no drive C
	}
	err = cmd.Run()
	if ctx.Err() != nil {
		t.Fatalf("wine %s: it did not end within %v", args[0], limit)
	}
	if _, exited := errors.AsType[*exec.ExitError](err); err != nil && !exited {
		t.Fatalf("wine %s: %v", args[0], err)
	}
	text, err := os.ReadFile(out.Name())
	if err != nil {
		t.Fatal(err)
	}
	return Result{ExitCode: cmd.ProcessState.ExitCode(), Output: withoutNoise(string(text))}
}

// withoutNoise leaves out what Wine itself says, seldom, when a thread of a process still talks to the server while the process ends.
// What the program came to shows in its exit code.
func withoutNoise(output string) string {
	var kept strings.Builder
	for line := range strings.Lines(output) {
		if !strings.HasPrefix(line, "wine client error:") {
			kept.WriteString(line)
		}
	}
	return kept.String()
}

// Stop ends every process of this prefix and lets Wine write its registry down. The next use starts it again.
func (p *Prefix) Stop(t testing.TB) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	kill := exec.CommandContext(ctx, p.server, "-k")
	kill.Env = p.environ(nil)
	_ = kill.Run() // fails when nothing runs
	p.running = false
	wait := exec.CommandContext(ctx, p.server, "-w")
	wait.Env = p.environ(nil)
	if out, err := wait.CombinedOutput(); err != nil {
		t.Errorf("wineserver -w: %v\n%s", err, out)
	}
}

// Boot ends this Windows and starts it again, as far as Wine does that: files that MoveFileEx noted for the next start
// are deleted when Boot returns, and nothing of the start still goes on in the background.
func (p *Prefix) Boot(t testing.TB) {
	t.Helper()
	p.Stop(t)
	p.mustRun(t, "wineboot.exe")
}

// Install copies a program to System32\name and returns the host's path.
func (p *Prefix) Install(t testing.TB, name string, exe io.Reader) string {
	t.Helper()
	path := filepath.Join(p.System32(), name)
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(f, exe); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}
