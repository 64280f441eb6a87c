// Package testenv finds what tests need and the repository does not hold: the project's shared test data and the tools of
// others that judge our work. What is absent makes a test skip with a clear line; under CI (CI=true or
// OFFLINEJOIN_REQUIRE_ALL=1) it makes the test fail, so that nothing is silently left untested.
package testenv

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Root returns the repository's top folder: the one above the folder that the test was started in, which is its package's.
// Where this file is cannot be asked: programs are built without the names of folders.
func Root() string {
	if root == "" {
		panic("testenv: the process was not started in the repository, and " + rootVariable + " is not set")
	}
	return root
}

// rootVariable names the top folder for processes that a test starts elsewhere.
const rootVariable = "OFFLINEJOIN_ROOT"

var root = func() string {
	if dir := os.Getenv(rootVariable); dir != "" {
		return dir
	}
	dir, err := os.Getwd()
	for err == nil {
		if text, err := os.ReadFile(filepath.Join(dir, "go.mod")); err == nil && strings.HasPrefix(string(text), "module "+module+"\n") {
			_ = os.Setenv(rootVariable, dir) // a name and a path that the system takes
			return dir
		}
		if dir == filepath.Dir(dir) {
			break
		}
		dir = filepath.Dir(dir)
	}
	return ""
}()

const module = "github.com/offlinejoin/offlinejoin"

// Shared returns the path of sub below the shared folder: $OFFLINEJOIN_SHARED, or ../shared beside the repository.
func Shared(t testing.TB, sub string) string {
	t.Helper()
	dir := os.Getenv("OFFLINEJOIN_SHARED")
	if dir == "" {
		dir = filepath.Join(filepath.Dir(Root()), "shared")
	}
	p := filepath.Join(dir, filepath.FromSlash(sub))
	if _, err := os.Stat(p); err != nil {
		Absent(t, "shared test data "+sub+" is not there (set OFFLINEJOIN_SHARED)")
	}
	return p
}

// Tool returns the path of an installed program, or of one that make has built into .build/tools.
func Tool(t testing.TB, name string) string {
	t.Helper()
	if p, err := exec.LookPath(name); err == nil {
		return p
	}
	p, err := exec.LookPath(filepath.Join(Root(), ".build", "tools", name))
	if err != nil {
		Absent(t, "the program "+name+" is not installed")
	}
	return p
}

// Python returns the path of a Python 3 that can import the module, such as "hivex". Debian's modules are in its own Python,
// which need not be the first on the path.
func Python(t testing.TB, module string) string {
	t.Helper()
	for _, name := range []string{"/usr/bin/python3", "python3"} {
		p, err := exec.LookPath(name)
		if err == nil && exec.Command(p, "-c", "import "+module).Run() == nil {
			return p
		}
	}
	Absent(t, "Python 3 with the module "+module+" is not installed")
	return ""
}

// Required reports whether an absent thing is a failure rather than a reason to skip.
func Required() bool {
	return os.Getenv("CI") == "true" || os.Getenv("OFFLINEJOIN_REQUIRE_ALL") == "1"
}

// Absent skips the test because something is not there, or fails it where nothing may be absent. It is for what the
// other functions cannot look for, such as the right to mount.
func Absent(t testing.TB, what string) {
	t.Helper()
	if Required() {
		t.Fatal(what)
	}
	t.Skip("skipped: " + what)
}

// FreePort returns a port of 127.0.0.1 that nobody listens on now.
func FreePort(t testing.TB) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	address, is := l.Addr().(*net.TCPAddr)
	if !is {
		t.Fatal(l.Addr())
	}
	return address.Port
}
