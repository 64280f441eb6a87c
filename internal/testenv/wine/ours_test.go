package wine_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"filippo.io/age"

	"github.com/offlinejoin/offlinejoin/internal/testenv"
	"github.com/offlinejoin/offlinejoin/internal/testenv/wine"
)

// TestOurWindowsCode runs, under Wine, the tests of packages whose code is another on Windows: as they are built for it, by the
// files that only Windows has. Every test that is named has to run and to find nothing; one that is skipped there does not count.
//
// Two things are Wine 8's own. It keeps an access list as the mode of a file, so that only what its owner and everybody may do is
// proved, and not an entry for BUILTIN\Users or one that is only inherited. And it cannot remove files in the way that Go wants
// first (FileDispositionInformationEx), so that the clean-up of every test fails.
func TestOurWindowsCode(t *testing.T) {
	prefix := wine.New(t)
	t.Run("files of the command line", func(t *testing.T) { filesAreTheirOwners(t, prefix) })
	for pkg, tests := range map[string][]string{
		"internal/privatefile": {
			"TestANewFileIsPrivate", "TestReadersByAccessList/owner_and_administrators", "TestReadersByAccessList/the_system",
			"TestReadersByAccessList/everybody",
		},
		"internal/coredump":    {"TestErrorReportsAreOff"},
		"internal/options":     {"TestBlobFileThatEverybodyMayRead", "TestWriteReportReplaces"},
		"internal/offlinejoin": {"TestTheRunningWindowsIsRefused", "TestTheRunningWindowsIsRefusedInADryRunToo"},
		"internal/ledger":      {"TestTheFileIsPrivate", "TestOneBlobJoinsOneMachine"},
	} {
		t.Run(pkg, func(t *testing.T) {
			exe := filepath.Join(t.TempDir(), filepath.Base(pkg)+".test.exe")
			forWindows(t, "test", "-c", "-o", exe, "./"+pkg)
			for _, name := range tests {
				r := prefix.RunWith(t, nil, exe, "-test.v", "-test.run=^"+strings.ReplaceAll(name, "/", "$/^")+"$")
				ran := regexp.MustCompile(`(?m)^ *--- (PASS|FAIL): ` + regexp.QuoteMeta(name) + ` `).MatchString(r.Output)
				if found := complaints(r.Output); !ran || found != nil {
					t.Errorf("%s: it has run: %v; %q\n%.8000s", name, ran, found, r.Output)
				}
			}
		})
	}
}

// complaints returns the lines in which tests tell of something, but for the clean-up that Wine cannot do.
func complaints(output string) []string {
	told := regexp.MustCompile(`^\s+\w+\.go:\d+: |^panic: |^fatal error: |^\s*--- SKIP`)
	var found []string
	for line := range strings.Lines(output) {
		cleanUp := strings.Contains(line, "TempDir RemoveAll cleanup: ") && strings.Contains(line, "Invalid function.")
		if told.MatchString(line) && !cleanUp && !strings.Contains(line, "does not tell the flags") {
			found = append(found, strings.TrimSpace(line))
		}
	}
	return found
}

// forWindows runs go for Windows.
func forWindows(t *testing.T, args ...string) {
	t.Helper()
	build := exec.CommandContext(t.Context(), testenv.Tool(t, "go"), args...)
	build.Dir = testenv.Root()
	build.Env = append(os.Environ(), "GOOS=windows", "GOARCH=amd64", "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

// filesAreTheirOwners runs the command line as it is built for Windows, and looks at what it has made outside of the image: Wine
// keeps an access list as the mode of the file: Administrators are its group, and a file that inherits what others may do is 0644.
func filesAreTheirOwners(t *testing.T, prefix *wine.Prefix) {
	exe := filepath.Join(t.TempDir(), "offlinejoin.exe")
	forWindows(t, "build", "-o", exe, ".")
	run := func(args ...string) {
		t.Helper()
		if r := prefix.RunWith(t, nil, exe, args...); r.ExitCode != 0 {
			t.Fatalf("%q: exit code %d\n%s", args, r.ExitCode, r.Output)
		}
	}
	run("demo", "--sample", `C:\lab`)
	key, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(prefix.Path("lab", "key"), []byte(key.String()+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	run("blob", "encrypt", `C:\lab\web01.djoin`, "-r", key.Recipient().String())
	run("blob", "decrypt", `C:\lab\web01.djoin.age`, "-o", `C:\lab\plain.djoin`, "--identity-file", `C:\lab\key`)
	run("stage", "--windows-path", `C:\lab\Windows`, "--blob-file", `C:\lab\plain.djoin`, "--ledger-file", `C:\lab\ledger`,
		"--report-file", `C:\lab\report.json`, "--backup", `C:\lab\backup`)
	for _, name := range []string{"plain.djoin", "ledger", "report.json", "backup/SYSTEM"} {
		info, err := os.Stat(prefix.Path("lab", filepath.FromSlash(name)))
		if err != nil {
			t.Error(err)
		} else if info.Mode().Perm()&0o007 != 0 {
			t.Errorf("%s has the mode %v", name, info.Mode())
		}
	}
}
