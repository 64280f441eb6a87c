package coredump_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/offlinejoin/offlinejoin/internal/coredump"
)

const asChild = "OFFLINEJOIN_TEST_COREDUMP"

// TestNothingIsKeptOfAProgramThatDied lets a process that turned dumps off die of SIGABRT with an unlimited core size asked
// for, and looks for a core file. Another process looks at what the system knows of it first.
func TestNothingIsKeptOfAProgramThatDied(t *testing.T) {
	t.Parallel()
	if os.Getenv(asChild) != "" {
		die(t)
		return
	}
	dir := t.TempDir()
	child := exec.Command("/bin/sh", "-c", `ulimit -c unlimited 2>/dev/null; exec "$0" -test.run=NothingIsKept`, os.Args[0])
	child.Dir, child.Env = dir, append(os.Environ(), asChild+"=1", "GOTRACEBACK=crash")
	out, err := child.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "limit 0 0, dumpable 0") {
		t.Errorf("the child ended with %v and said:\n%.2000s", err, out)
	}
	if state := child.ProcessState.Sys().(interface{ CoreDump() bool }); state.CoreDump() {
		t.Error("the system dumped a core")
	}
	if left, err := filepath.Glob(filepath.Join(dir, "*")); err != nil || len(left) > 0 {
		t.Errorf("left: %q, %v", left, err)
	}
}

func die(t *testing.T) {
	if err := coredump.Off(); err != nil {
		t.Fatal(err)
	}
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_CORE, &limit); err != nil {
		t.Fatal(err)
	}
	dumpable, err := unix.PrctlRetInt(unix.PR_GET_DUMPABLE, 0, 0, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(os.Stderr, "limit %c %c, dumpable %c\n", rune('0'+limit.Cur), rune('0'+limit.Max), rune('0'+dumpable))
	panic("as a defect would")
}
