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
// files that only Windows has. Every test that is named has to pass; one that is skipped there does not count.
func TestOurWindowsCode(t *testing.T) {
	prefix := wine.New(t)
	t.Run("files of the command line", func(t *testing.T) { filesAreTheirOwners(t, prefix) })
	for pkg, tests := range map[string][]string{
		"internal/privatefile": {"TestANewFileIsPrivate", "TestReadersByAccessList"},
		"internal/coredump":    {"TestErrorReportsAreOff"},
		"internal/options":     {"TestBlobFileThatEverybodyMayRead", "TestWriteReportReplaces"},
		"internal/offlinejoin": {"TestTheRunningWindowsIsRefused", "TestTheRunningWindowsIsRefusedInADryRunToo", "TestBackupIsWhatTheHiveWas"},
		"internal/ledger":      {"TestTheFileIsPrivate", "TestOneBlobJoinsOneMachine", "TestAFileCutAnywhereGoesOn"},
	} {
		t.Run(pkg, func(t *testing.T) {
			exe := filepath.Join(t.TempDir(), filepath.Base(pkg)+".test.exe")
			forWindows(t, "test", "-c", "-o", exe, "./"+pkg)
			r := prefix.RunWith(t, nil, exe, "-test.v", "-test.run=^("+strings.Join(tests, "|")+")$")
			for _, name := range tests {
				if !regexp.MustCompile(`(?m)^--- PASS: ` + name + ` `).MatchString(r.Output) {
					t.Errorf("%s does not pass", name)
				}
			}
			if r.ExitCode != 0 || t.Failed() {
				t.Errorf("exit code %d\n%.8000s", r.ExitCode, r.Output)
			}
		})
	}
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
// keeps an access list as the mode of the file, in which a file that inherits what others may do is 0644.
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
		} else if info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has the mode %v", name, info.Mode())
		}
	}
}
