package diskimage_test

import (
	"errors"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/testenv"
)

// leaks are what the checker may find at the end of a group: clusters and records that are marked and not used, one file
// without a name, and copies in directories that are out of date, as Windows leaves them, too.
var (
	leaks    = regexp.MustCompile(`^(cluster \d+ bitmap 1 owned 0|\d+ bitmap set, not in use|\d+ (sizes|times|attributes) of .*)$`)
	nameless = regexp.MustCompile(`^\d+ names [12] in directories 0$`)
)

// leaksOnly has others look at an image in the middle of a change, and at the volume in it, and fails on everything but leaks. It
// returns what the checker of NTFS printed.
func leaksOnly(t *testing.T, image, format, before, after string) string {
	t.Helper()
	if format == "qcow2" || format == "vhdx" {
		out, err := exec.Command(testenv.Tool(t, "qemu-img"), "check", "-f", format, image).CombinedOutput()
		const leaked = 3 // clusters; 2 is damage
		if exit, ok := errors.AsType[*exec.ExitError](err); err != nil && (!ok || exit.ExitCode() != leaked) {
			t.Errorf("qemu-img check: %v\n%s", err, out)
		}
	}
	nchk := testenv.Shared(t, "lab/disk/nchk.py")
	out, err := exec.Command(testenv.Tool(t, "python3"), nchk, "-b", before, after).CombinedOutput()
	if err == nil {
		return string(out)
	}
	files := 0
	for _, line := range strings.Split(string(out), "\n")[1:] {
		switch line = strings.TrimSpace(line); {
		case line == "", strings.HasPrefix(line, "note:"), leaks.MatchString(line):
		case nameless.MatchString(line):
			files++
		default:
			t.Errorf("nchk.py: %s", line)
		}
	}
	if files > 1 {
		t.Errorf("%d files have no name:\n%s", files, out)
	}
	return string(out)
}
