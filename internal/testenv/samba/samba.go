// Package samba starts a Samba domain of the shared laboratory for tests: odj.test, with its controller in namespaces of its
// own. A test that speaks to it runs inside of these namespaces, as a second process of the same test binary, so that names,
// addresses and Kerberos are those of the domain.
package samba

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/testenv"
)

// AdminPassword is of a domain that nobody outside its namespaces can reach, while a test runs.
const AdminPassword = "Passw0rd.odj"

// inside is set for the second process: the folder of the domain.
const inside = "OFFLINEJOIN_TEST_INSIDE_DC"

// running names a domain that runs already, to be used and left running; for whoever works on the tests.
const running = "OFFLINEJOIN_DC"

// Domain is a running domain.
type Domain struct {
	Dir string // the controller's files; its certification authority is ca.pem
	lab string // folder with the scripts of the laboratory
}

// RunInside runs the test functions whose names match a pattern in the namespaces of a domain that is started for them, and
// returns when they have ended. Their output is that of the calling test. env are more variables for them.
func RunInside(t *testing.T, pattern string, env ...string) {
	t.Helper()
	d := Start(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	args := []string{self, "-test.run", pattern, "-test.timeout", "2h"}
	if testing.Verbose() {
		args = append(args, "-test.v")
	}
	cmd := d.Command(t, args...)
	cmd.Env = append(append(os.Environ(), inside+"="+d.Dir), env...)
	out, err := cmd.CombinedOutput()
	t.Logf("%s\n%s", pattern, out)
	if err != nil {
		t.Errorf("%s: %v", pattern, err)
	}
}

// Inside returns the domain in whose namespaces this process runs. Elsewhere the test is skipped: it is for RunInside alone.
func Inside(t testing.TB) *Domain {
	t.Helper()
	dir := os.Getenv(inside)
	if dir == "" {
		t.Skip("runs inside of a Samba domain only, in a process of its own")
	}
	return &Domain{Dir: dir, lab: filepath.Dir(testenv.Shared(t, "lab/dc-up.sh"))}
}

// Start provisions and starts a domain, which ends with the test. It takes some 10 to 30 seconds.
func Start(t testing.TB) *Domain {
	t.Helper()
	lab := filepath.Dir(testenv.Shared(t, "lab/dc-up.sh"))
	for _, tool := range []string{
		"samba", "samba-tool", "samba_spnupdate", "net", "rpcclient", "ndrdump", "ldapsearch", "kinit", "openssl", "ip",
		"unshare", "nsenter",
	} {
		testenv.Tool(t, tool)
	}
	if os.Getuid() != 0 {
		testenv.Absent(t, "a Samba domain in namespaces of its own needs root")
	}
	if dir := os.Getenv(running); dir != "" {
		return &Domain{Dir: dir, lab: lab}
	}
	dir, err := os.MkdirTemp("/tmp", "odj-") // sockets below it need a short name
	if err != nil {
		t.Fatal(err)
	}
	d := &Domain{Dir: dir, lab: lab}
	t.Cleanup(func() {
		if out, err := exec.Command(filepath.Join(lab, "dc-down.sh"), dir, "--purge").CombinedOutput(); err != nil {
			t.Errorf("dc-down.sh: %v\n%s", err, out)
		}
	})
	var said bytes.Buffer
	up := exec.CommandContext(t.Context(), filepath.Join(lab, "dc-up.sh"), dir)
	up.Env = append(os.Environ(), "ODJ_WATCH_PID="+strconv.Itoa(os.Getpid()), "ODJ_ADMINPASS="+AdminPassword)
	up.Stdout, up.Stderr = &said, &said
	if err := up.Run(); err != nil {
		t.Fatalf("dc-up.sh: %v\n%s", err, &said)
	}
	t.Logf("%s", &said)
	return d
}

// Command returns a command that runs beside the controller. Inside of its namespaces it is the command itself.
func (d *Domain) Command(t testing.TB, args ...string) *exec.Cmd {
	t.Helper()
	return exec.CommandContext(t.Context(), filepath.Join(d.Dir, "exec"), args...)
}

// Run runs a command beside the controller, and returns its output. It must succeed.
func (d *Domain) Run(t testing.TB, args ...string) string {
	t.Helper()
	out, err := d.Command(t, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %v\n%s", args, err, out)
	}
	return string(out)
}

// Judge boots a machine with a blob in a file, as Samba understands it, and asks the domain whether its account can log on.
func (d *Domain) Judge(t testing.TB, blob, machine string) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), filepath.Join(d.lab, "firstboot-check.sh"), d.Dir, blob, machine).CombinedOutput()
	if err != nil {
		t.Fatalf("firstboot-check.sh: %v\n%s", err, out)
	}
}

// Second joins another controller with a name and an address of its own, "DC" or "RODC", to the domain, and starts it.
func (d *Domain) Second(t testing.TB, name, address, role string) {
	t.Helper()
	dir := filepath.Join(d.Dir, name)
	script := testenv.Shared(t, "lab/accounts/dc-second.sh")
	out, err := exec.CommandContext(t.Context(), "sh", script, d.Dir, dir, name, address, role).CombinedOutput()
	t.Logf("dc-second.sh: %s", out)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.StopSecond(t, name) })
	// The controller's own service principal names, which Samba adds late; without them nobody logs on to it by Kerberos.
	d.Run(t, "samba_spnupdate", "-s", filepath.Join(dir, "etc", "smb2.conf"))
}

// StopSecond ends a controller of Second, if it runs: its process and those that it has started.
func (d *Domain) StopSecond(t testing.TB, name string) {
	t.Helper()
	file := filepath.Join(d.Dir, name, "pid")
	text, err := os.ReadFile(file)
	if err != nil {
		return // ended already
	}
	_ = os.Remove(file)
	pid := strings.TrimSpace(string(text))
	out, err := exec.Command("kill", "-TERM", "--", "-"+pid).CombinedOutput() // setsid made it the first of its group
	if err != nil {
		t.Logf("kill -%s: %v %s", pid, err, out)
	}
}
