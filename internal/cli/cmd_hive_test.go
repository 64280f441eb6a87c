package cli_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/completion"
	"github.com/offlinejoin/offlinejoin/internal/imagefs/localdir"
	"github.com/offlinejoin/offlinejoin/internal/plaintext"
	"github.com/offlinejoin/offlinejoin/internal/regf"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/winimage"
)

// TestWhichLogsCompleteAHive: the command line and the core decide alike. The hive was not closed cleanly, SYSTEM.LOG1
// is another's, and SYSTEM.LOG, as Windows 7 and before write it, completes it.
func TestWhichLogsCompleteAHive(t *testing.T) {
	t.Parallel()
	windows, err := sample.WriteTree(t.TempDir(), sample.Image{})
	must(t, err)
	system := filepath.Join(windows, "System32", "config", "SYSTEM")
	primary, log := interruptedHive(t, system)
	must(t, os.WriteFile(system, primary, 0o600))
	must(t, os.WriteFile(system+".LOG1", bytes.Repeat([]byte("another's"), 1000), 0o600))
	must(t, os.WriteFile(system+".LOG2", nil, 0o600))

	state := func() (winimage.HiveFacts, string) {
		fsys, err := localdir.Open(windows)
		must(t, err)
		defer fsys.Close()
		im, err := winimage.Open(t.Context(), fsys, winimage.Read)
		must(t, err)
		defer im.Close()
		return im.Facts().Hive("SYSTEM"), output([]string{"hive", "check", system}, "")
	}
	if facts, check := state(); facts.State != winimage.HiveUnrecoverable || !strings.Contains(check, "error:") {
		t.Fatalf("without SYSTEM.LOG the hive is %s to the core, and to hive check\n%s", facts.State, check)
	}
	must(t, os.WriteFile(system+".LOG", log, 0o600))
	facts, check := state()
	if facts.State != winimage.HivePending || !strings.Contains(check, "1 pending log entry applied") {
		t.Errorf("with SYSTEM.LOG the hive is %s to the core, and to hive check\n%s", facts.State, check)
	}
	if value := output([]string{"hive", "get", system, "Setup", "Late"}, ""); value != "7\n" {
		t.Errorf("hive get shows %q of what the log holds", value)
	}
}

// interruptedHive returns a hive file and its old log as they are when the machine stops in the middle of a commit of
// the value Setup\Late.
func interruptedHive(t *testing.T, file string) (primary, log []byte) {
	t.Helper()
	data, err := os.ReadFile(file)
	must(t, err)
	files := map[regf.FileID]*regf.MemFile{regf.FilePrimary: regf.NewMemFile(data), regf.FileLog1: {}}
	h, err := regf.Open(regf.Files{
		Primary: files[regf.FilePrimary], Log1: files[regf.FileLog1], OldLogs: true,
	})
	must(t, err)
	k, err := h.Key("Setup")
	must(t, err)
	must(t, k.SetValue("Late", regf.DWORD, regf.DWORDData(7)))
	plan, err := h.Plan()
	must(t, err)
	for _, op := range plan.Ops[:plan.Durable+1] {
		if !op.Barrier {
			_, err := files[op.File].WriteAt(op.Data, op.Offset)
			must(t, err)
		}
	}
	return files[regf.FilePrimary].Bytes(), files[regf.FileLog1].Bytes()
}

// TestHiveTextIsPlain: names and data of a hive do nothing to a terminal, and reach a program as they are.
func TestHiveTextIsPlain(t *testing.T) {
	t.Parallel()
	const hostile = "\x1b]0;owned\x07\x1b[2J\r\n\u202e\u2066\u009b31m"
	file := new(regf.MemFile)
	must(t, regf.Create(file, regf.CreateOptions{Security: completion.KeySecurity()}))
	h, err := regf.Open(regf.Files{Primary: file, Log1: new(regf.MemFile)})
	must(t, err)
	k, _, err := h.CreateKey("Hostile", nil)
	must(t, err)
	_, _, err = h.CreateKey(`Hostile\sub`+hostile, nil)
	must(t, err)
	must(t, k.SetValue("name"+hostile, regf.SZ, regf.TextData("data"+hostile)))
	must(t, k.SetValue("plain", regf.SZ, regf.TextData("data"+hostile)))
	_, err = h.Commit(regf.CommitOptions{})
	must(t, err)
	path := filepath.Join(t.TempDir(), "hive")
	must(t, os.WriteFile(path, file.Bytes(), 0o600))

	for _, args := range [][]string{
		{"get", path, "Hostile"},
		{"get", path, "Hostile", "plain"},
		{"get", path, "Hostile", "none" + hostile},
		{"get", path, "none" + hostile},
		{"get", path, `Hostile\sub` + hostile},
		{"get", path, `Hostile\sub` + hostile, "none"},
		{"check", path},
	} {
		printed := output(append([]string{"hive"}, args...), "")
		for line := range strings.Lines(printed) {
			if text := strings.TrimSuffix(line, "\n"); !plaintext.Safe(text) {
				t.Errorf("%q prints %q", args, text)
			}
		}
	}
	for _, args := range [][]string{{"dump", path, "--json"}, {"get", path, "Hostile", "--json"}} {
		var doc any
		must(t, json.Unmarshal([]byte(output(append([]string{"hive"}, args...), "")), &doc))
		if text := fmt.Sprint(doc); !strings.Contains(text, "name"+hostile) || !strings.Contains(text, "sub"+hostile) {
			t.Errorf("%q prints the names as %q", args, text)
		}
	}
}
