//go:build unix

package cli_test

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"filippo.io/age"
	"github.com/spf13/cobra"

	"github.com/offlinejoin/offlinejoin/internal/cli"
	"github.com/offlinejoin/offlinejoin/internal/demo"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/sample/sampletest"
	"github.com/offlinejoin/offlinejoin/internal/testenv"
)

// printing lists for every command a command line that goes well and prints something, made for one run.
func printing() map[string]func(t *testing.T) []string {
	words := func(args ...string) func(*testing.T) []string { return func(*testing.T) []string { return args } }
	staged := func(t *testing.T) string {
		windows := sampletest.Image(t, sample.Image{})
		_, blob := sampletest.Blob(t)
		if code, out, stderr := withArguments(t, []string{"stage", "--windows-path", windows, "--blob-file", blob}); code != 0 {
			t.Fatalf("stage: %d\n%s%s", code, out, stderr)
		}
		return windows
	}
	blob := func(t *testing.T) string { _, file := sampletest.Blob(t); return file }
	hive := func(t *testing.T) string {
		return filepath.Join(sampletest.Image(t, sample.Image{}), "System32", "config", "SYSTEM")
	}
	fleet := func(t *testing.T) string {
		file, err := demo.MakeFleet(filepath.Join(t.TempDir(), "fleet"))
		must(t, err)
		return file
	}
	ledger := func(t *testing.T) string {
		windows, file := sampletest.Image(t, sample.Image{}), filepath.Join(t.TempDir(), "uses.ledger")
		_, blob := sampletest.Blob(t)
		code, out, stderr := withArguments(t, []string{
			"stage", "--windows-path", windows, "--blob-file", blob, "--ledger-file", file,
		})
		if code != 0 {
			t.Fatalf("stage: %d\n%s%s", code, out, stderr)
		}
		return file
	}
	all := map[string]func(t *testing.T) []string{
		"":              words(),
		"version":       words("version"),
		"help":          words("help", "stage"),
		"demo":          words("demo"),
		"inspect blob":  func(t *testing.T) []string { return []string{"inspect", "blob", blob(t)} },
		"inspect image": func(t *testing.T) []string { return []string{"inspect", "image", sampletest.Disk(t, sample.Image{})} },
		"blob encrypt": func(t *testing.T) []string {
			identity, err := age.ParseX25519Identity(sampletest.SealedBlob(t).Identity)
			must(t, err)
			return []string{"blob", "encrypt", blob(t), "-r", identity.Recipient().String()}
		},
		"blob decrypt": func(t *testing.T) []string {
			sealed := sampletest.SealedBlob(t)
			return []string{"blob", "decrypt", sealed.File, "--identity-file", sealed.IdentityFile, "-o", "-"}
		},
		"blob answer-file": func(t *testing.T) []string {
			return []string{"blob", "answer-file", blob(t), "-o", filepath.Join(t.TempDir(), "unattend.xml")}
		},
		"stage": func(t *testing.T) []string {
			return []string{"stage", "--windows-path", sampletest.Image(t, sample.Image{}), "--blob-file", blob(t)}
		},
		"status":  func(t *testing.T) []string { return []string{"status", "--windows-path", staged(t)} },
		"unstage": func(t *testing.T) []string { return []string{"unstage", "--windows-path", staged(t), "--yes"} },
		"plan":    func(t *testing.T) []string { return []string{"plan", fleet(t)} },
		"apply":   func(t *testing.T) []string { return []string{"apply", fleet(t), "--yes"} },
		"ledger list": func(t *testing.T) []string {
			return []string{"ledger", "list", "--ledger-file", ledger(t)}
		},
		"hive dump":  func(t *testing.T) []string { return []string{"hive", "dump", hive(t)} },
		"hive check": func(t *testing.T) []string { return []string{"hive", "check", hive(t)} },
		"hive get":   func(t *testing.T) []string { return []string{"hive", "get", hive(t), "Setup"} },
	}
	// What needs a domain, or the id of an entry, prints through the same writer: its help stands for it.
	for _, name := range []string{
		"join", "provision", "account show", "account disable", "account delete", "ledger release", "ledger import", "ledger schema",
		"completion bash", "completion zsh", "completion fish", "completion powershell",
	} {
		args := strings.Fields(name)
		if args[0] != "completion" {
			args = append(args, "--help")
		}
		all[name] = words(args...)
	}
	return all
}

// TestOutputThatCannotBeWrittenFails runs every command with standard output on a full disk, and into a pipe that nobody reads.
func TestOutputThatCannotBeWrittenFails(t *testing.T) {
	t.Parallel()
	commands := printing()
	var walk func(cmd *cobra.Command)
	walk = func(cmd *cobra.Command) {
		for _, sub := range cmd.Commands() {
			walk(sub)
		}
		name := strings.TrimPrefix(strings.TrimPrefix(cmd.CommandPath(), "offlinejoin"), " ")
		if _, known := commands[name]; !known && len(cmd.Commands()) == 0 && !cmd.Hidden {
			t.Errorf("the command %q is not in the table", name)
		}
	}
	walk(cli.Commands())
	for name, make := range commands {
		t.Run("offlinejoin "+name, func(t *testing.T) {
			t.Parallel()
			args := make(t)
			variants := map[string][]string{"text": args}
			if !slices.ContainsFunc(args, func(a string) bool { return a == "--help" || a == "-" }) && name != "" && name != "help" &&
				!strings.HasPrefix(name, "completion") {
				variants["json"] = append(slices.Clone(make(t)), "--json")
			}
			for what, args := range variants {
				fails(t, what, args, make)
			}
		})
	}
}

func fails(t *testing.T, what string, args []string, make func(*testing.T) []string) {
	t.Helper()
	if code, out, stderr := withArguments(t, args); code != 0 || out == "" {
		t.Fatalf("%s: not even with output: %d\n%s%s", what, code, out, stderr)
	}
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		testenv.Absent(t, "the device /dev/full is not there")
	}
	defer full.Close()
	reader, gone, err := os.Pipe()
	must(t, err)
	must(t, reader.Close())
	defer gone.Close()
	for want, out := range map[string]io.Writer{"(112 ERROR_DISK_FULL)": full, "(109 ERROR_BROKEN_PIPE)": gone} {
		again := make(t)
		if what == "json" {
			again = append(again, "--json")
		}
		var stderr bytes.Buffer
		code := cli.Run(t.Context(), again, cli.Streams{In: strings.NewReader(""), Out: out, Err: &stderr})
		last := strings.TrimSuffix(stderr.String(), "\n")
		if i := strings.LastIndexByte(last, '\n'); i >= 0 {
			last = last[i+1:]
		}
		if code != 1 || !strings.HasPrefix(last, "error: ") || !strings.HasSuffix(last, want) || strings.Count(stderr.String(), "error: ") != 1 {
			t.Errorf("%s: exit code %d, want 1 and an error that ends with %s; standard error:\n%s", what, code, want, stderr.String())
		}
	}
}

// TestPipeOfTheProcessThatIsClosed is the same with a process of its own, which the system would end with a signal.
func TestPipeOfTheProcessThatIsClosed(t *testing.T) {
	t.Parallel()
	reader, gone, err := os.Pipe()
	must(t, err)
	must(t, reader.Close())
	defer gone.Close()
	self, err := os.Executable()
	must(t, err)
	name := filepath.Join(t.TempDir(), "offlinejoin") // testscript.Main runs the command by its name
	must(t, os.Symlink(self, name))
	cmd := exec.CommandContext(t.Context(), name, "version")
	var stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = gone, &stderr
	_ = cmd.Run() // judged by the exit code
	if code := cmd.ProcessState.ExitCode(); code != 1 || !strings.Contains(stderr.String(), "(109 ERROR_BROKEN_PIPE)") {
		t.Errorf("%v\n%s", cmd.ProcessState, stderr.String())
	}
}

// TestDemoWithoutATemporaryFolder runs the demonstration where the system's folder for temporary files is not there.
func TestDemoWithoutATemporaryFolder(t *testing.T) {
	sampletest.Image(t, sample.Image{}) // absent without the completion program
	here := t.TempDir()
	t.Chdir(here)
	t.Setenv("TMPDIR", filepath.Join(here, "none"))
	code, out, stderr := withArguments(t, []string{"demo"})
	if code != 0 || !strings.Contains(out, "WEB01") {
		t.Errorf("exit code %d\n%s%s", code, out, stderr)
	}
	if left, err := os.ReadDir(here); err != nil || len(left) > 0 {
		t.Errorf("left: %v %v", left, err)
	}
	gone := filepath.Join(here, "gone")
	must(t, os.Mkdir(gone, 0o700))
	t.Chdir(gone)
	must(t, os.Remove(gone))
	code, _, stderr = withArguments(t, []string{"demo"})
	if code != 1 || !strings.Contains(stderr, "set TMPDIR") || !strings.Contains(stderr, "(2 ERROR_FILE_NOT_FOUND)") {
		t.Errorf("no folder at all: exit code %d\n%s", code, stderr)
	}
}
