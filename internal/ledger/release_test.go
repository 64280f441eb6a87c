package ledger_test

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/ledger"
	"github.com/offlinejoin/offlinejoin/internal/testenv"
)

// TestReleaseCommandIsOneForAShell: whatever a ledger's path is, the command that a message shows can be pasted, and a text from a
// ledger runs nothing.
func TestReleaseCommandIsOneForAShell(t *testing.T) {
	t.Parallel()
	shell := testenv.Tool(t, "sh")
	for _, path := range []string{
		"joins.ledger", "/var/lib/my joins.ledger", `C:\ledgers\joins`, `it's $(touch x) "here"`, "a`b`", "a!b",
	} {
		command := ledger.Where{File: path}.ReleaseCommand("$(touch y)", "the disk is gone")
		out, err := exec.CommandContext(t.Context(), shell, "-c", `offlinejoin() { for a; do printf '<%s>' "$a"; done; }; `+command).Output()
		want := "<ledger><release><$(touch y)><--ledger-file><" + path + "><--reason><the disk is gone>"
		if err != nil || string(out) != want {
			t.Errorf("%s is for a shell\n%s, %v, want\n%s", command, out, err, want)
		}
	}
	const url = "postgres://builder@db.example.com/joins?sslrootcert=/etc/ca.pem&sslmode=verify-full"
	if got := (ledger.Where{URL: url}).ReleaseCommand("4f1c", "gone"); got != `offlinejoin ledger release 4f1c --ledger "`+url+`" --reason "gone"` {
		t.Errorf("a database: %s", got)
	}
	for name, command := range map[string]string{
		"no ledger": ledger.Where{}.ReleaseCommand("4f1c", "gone"), "no list": ledger.Where{}.ListCommand(),
		"of one process": ledger.NewRun().ReleaseCommand("4f1c", "gone"),
	} {
		if command != "" {
			t.Errorf("%s: %s", name, command)
		}
	}
}

// TestTheLedgerOfARunIsNotReleased: it is no file of the user's.
func TestTheLedgerOfARunIsNotReleased(t *testing.T) {
	t.Setenv("XDG_RUNTIME_DIR", t.TempDir())
	l, err := ledger.OpenRun("a run", 0)
	if err != nil {
		t.Fatal(err)
	}
	c := mounted("", "build1#0a", "dev:/dev/sdb2", "5:17.5")
	stage(t, l, c)
	if got := refused(t, l, c); strings.Contains(got, "release") || !strings.Contains(got, "make a new blob for it, or set reuse") {
		t.Errorf("error %s", got)
	}
}
