package cli_test

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"filippo.io/age"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/testenv"
)

// makeKeys is the script command `keys NAME…`: it writes NAME.key, sets $NAME to its recipient, and lists the first one
// in the file stagers.
func makeKeys(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: keys NAME…")
	}
	for i, name := range args {
		key, err := age.GenerateX25519Identity()
		ts.Check(err)
		recipient := key.Recipient().String()
		ts.Setenv(name, recipient)
		ts.Check(os.WriteFile(ts.MkAbs(name+".key"), []byte("# public key: "+recipient+"\n"+key.String()+"\n"), 0o600))
		if i == 0 {
			ts.Check(os.WriteFile(ts.MkAbs("stagers"), []byte("# who stages\n"+recipient+"\n"), 0o600))
		}
	}
}

// fileMode is the script command `mode OCTAL FILE`.
func fileMode(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: mode OCTAL FILE")
	}
	want, err := strconv.ParseUint(args[0], 8, 32)
	ts.Check(err)
	info, err := os.Stat(ts.MkAbs(args[1]))
	ts.Check(err)
	if got := info.Mode().Perm(); got != fs.FileMode(want) {
		ts.Fatalf("%s has mode %04o, want %04o", args[1], got, want)
	}
}

// The program age and ours read each other's files, with keys of age-keygen and of ssh-keygen.
func TestTogetherWithAge(t *testing.T) {
	t.Parallel()
	ageProgram, keygen := testenv.Tool(t, "age"), testenv.Tool(t, "age-keygen")
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	run := func(program string, args ...string) string {
		t.Helper()
		out, err := exec.Command(program, args...).CombinedOutput()
		if err != nil {
			t.Fatalf("%s %q: %v\n%s", filepath.Base(program), args, err, out)
		}
		return string(out)
	}
	blob, err := sample.Blob()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(at("web01.djoin"), blob.DjoinFile(), 0o600); err != nil {
		t.Fatal(err)
	}
	run(keygen, "-o", at("age.key"))
	recipients := map[string]string{"age.key": strings.TrimSpace(run(keygen, "-y", at("age.key")))}
	if ssh, err := exec.LookPath("ssh-keygen"); err == nil {
		run(ssh, "-q", "-t", "ed25519", "-N", "", "-f", at("ssh.key"))
		public, err := os.ReadFile(at("ssh.key.pub"))
		if err != nil {
			t.Fatal(err)
		}
		recipients["ssh.key"] = strings.TrimSpace(string(public))
	}
	for key, recipient := range recipients {
		for _, armor := range []string{"--armor=false", "--armor"} {
			name := fmt.Sprint(key, armor)
			ours, theirs := at(name+".ours"), at(name+".theirs")
			told := output([]string{"blob", "encrypt", at("web01.djoin"), "-r", recipient, "-o", ours, armor}, "")
			if back := run(ageProgram, "-d", "-i", at(key), ours); back != string(blob.DjoinFile()) {
				t.Errorf("%s: age reads %d bytes of what we wrote (%s)", name, len(back), told)
			}
			args := []string{"-r", recipient, "-o", theirs, at("web01.djoin")}
			if armor == "--armor" {
				args = append([]string{"-a"}, args...)
			}
			run(ageProgram, args...)
			back := output([]string{"blob", "decrypt", theirs, "--identity-file", at(key), "-o", "-"}, "")
			if back != string(blob.DjoinFile()) {
				t.Errorf("%s: we read %d bytes of what age wrote", name, len(back))
			}
		}
	}
}
