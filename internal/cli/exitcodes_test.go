package cli_test

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"filippo.io/age"
	"github.com/spf13/cobra"

	"github.com/offlinejoin/offlinejoin/internal/cli"
	"github.com/offlinejoin/offlinejoin/internal/completion/program"
	"github.com/offlinejoin/offlinejoin/internal/testenv"
)

// windowsCode matches the code of Windows at the end of an error.
var windowsCode = regexp.MustCompile(`\([0-9]+ [A-Z]+_?[A-Za-z_]+\)`)

// situation is one command line, and what it has to end with.
type situation struct {
	name  string
	args  string // of the command, separated by blanks
	stdin string
	code  int
	says  string // in the standard error
}

// exitLab is what the command lines of the table work on. Each gets one of its own.
type exitLab struct {
	dir       string
	recipient string
}

func newExitLab(t *testing.T) exitLab {
	t.Helper()
	l := exitLab{dir: t.TempDir()}
	for _, args := range [][]string{{"demo", "--sample", l.dir + "/lab"}, {"demo", "--sample", l.dir + "/asleep"}, {"demo", "--fleet", l.dir + "/fleet"}} {
		if code, out, stderr := withArguments(t, args); code != 0 {
			t.Fatalf("%q: %s%s", args, out, stderr)
		}
	}
	for _, golden := range []string{"lab", "asleep"} {
		must(t, os.Remove(l.path(golden+"/golden.qcow2"))) // large, and not needed
	}
	key, err := age.GenerateX25519Identity()
	must(t, err)
	l.recipient = key.Recipient().String()
	for name, content := range map[string]string{
		"asleep/hiberfil.sys": "HIBR" + strings.Repeat("\x00", 4092),
		"text":                "This is nothing of the kind.\n",
		"key":                 key.String() + "\n",
		"refused.join.hcl":    "join \"x\" {\n  windows_path = \"asleep/Windows\"\n  blob_file = \"asleep/web01.djoin\"\n}\n",
		"wrong.join.hcl":      "join \"x\" {\n",
	} {
		must(t, os.WriteFile(filepath.Join(l.dir, name), []byte(content), 0o600))
	}
	if code, _, stderr := withArguments(t, []string{"blob", "encrypt", l.path("lab/web01.djoin"), "--recipient", l.recipient}); code != 0 {
		t.Fatal(stderr)
	}
	return l
}

func (l exitLab) path(name string) string { return filepath.Join(l.dir, name) }

// commandLine returns the arguments of a situation: @name is a file of the lab, and RECIPIENT its public key.
func (l exitLab) commandLine(command, args string) []string {
	line := strings.Fields(command)
	for _, arg := range strings.Fields(args) {
		if before, name, isFile := strings.Cut(arg, "@"); isFile {
			arg = before + l.path(name)
		}
		line = append(line, strings.ReplaceAll(arg, "RECIPIENT", l.recipient))
	}
	return line
}

// reach names a domain whose controller does not answer.
const reach = " --domain corp.example.com --dc dc1.corp.example.com --ad-user u --ad-timeout 2s"

// exitCodes has for every command what it ends with. Every command also refuses an unknown flag; see [TestExitCodes].
var exitCodes = map[string][]situation{
	"completion bash":       {{name: "good"}, {name: "argument", args: "x", code: 2}},
	"completion fish":       {{name: "good"}, {name: "argument", args: "x", code: 2}},
	"completion powershell": {{name: "good"}, {name: "argument", args: "x", code: 2}},
	"completion zsh":        {{name: "good"}, {name: "argument", args: "x", code: 2}},
	"help": {
		{name: "good", args: "stage"},
		{name: "unknown", args: "stgae", code: 2, says: `unknown command "stgae"`},
		{name: "unknown below", args: "hive dmp", code: 2, says: `unknown command "dmp"`},
	},
	"version": {{name: "good"}, {name: "argument", args: "x", code: 2}},
	"demo": {
		{name: "good", args: "--sample @new"},
		{name: "argument", args: "x", code: 2},
		{name: "there already", args: "--sample @text", code: 1},
		{name: "two samples", args: "--sample @new --fleet @new", code: 2, says: "--sample and --fleet are both there"},
		{name: "kept anyway", args: "--sample @new --keep", code: 2, says: "--keep is for the demonstration"},
	},
	"inspect blob": {
		{name: "good", args: "@lab/web01.djoin"},
		{name: "no argument", code: 2},
		{name: "missing", args: "@nowhere", code: 1, says: "(2 ERROR_FILE_NOT_FOUND)"},
		{name: "refused", args: "@text", code: 1, says: "(87 "},
	},
	"inspect image": {
		{name: "good", args: "@lab/Windows"},
		{name: "no argument", code: 2},
		{name: "missing", args: "@nowhere", code: 1, says: "(2 ERROR_FILE_NOT_FOUND)"},
		{name: "refused", args: "@text", code: 1},
	},
	"blob encrypt": {
		{name: "good", args: "@lab/web01.djoin --recipient RECIPIENT --output @x.age"},
		{name: "nobody", args: "@lab/web01.djoin", code: 2, says: "--recipient"},
		{name: "no key", args: "@lab/web01.djoin --recipient age1nonsense", code: 2, says: "public key"},
		{name: "no output for standard input", args: "- --recipient RECIPIENT", code: 2, says: "--output"},
		{name: "missing", args: "@nowhere --recipient RECIPIENT", code: 1, says: "(2 ERROR_FILE_NOT_FOUND)"},
		{name: "missing recipients", args: "@lab/web01.djoin --recipients-file @nowhere", code: 1, says: "(2 ERROR_FILE_NOT_FOUND)"},
		{name: "refused", args: "@text --recipient RECIPIENT", code: 1},
	},
	"blob decrypt": {
		{name: "good", args: "@lab/web01.djoin.age --identity-file @key --output @x"},
		{name: "no output", args: "@lab/web01.djoin.age", code: 2, says: "output"},
		{name: "missing", args: "@nowhere --output @x", code: 1, says: "(2 ERROR_FILE_NOT_FOUND)"},
		{name: "refused", args: "@lab/web01.djoin --output @x", code: 1},
		{name: "there already", args: "@lab/web01.djoin.age --identity-file @key --output @text", code: 1, says: "is there already"},
		{name: "no folder", args: "@lab/web01.djoin.age --identity-file @key --output @none/x", code: 1, says: "does not exist: make it first (2 "},
	},
	"blob answer-file": {
		{name: "good", args: "@lab/web01.djoin --output @x.xml"},
		{name: "bad value", args: "@lab/web01.djoin --output @x.xml --architecture mips", code: 2, says: "--architecture does not take"},
		{name: "keep", args: "@lab/web01.djoin --output @x.xml --on-existing keep", code: 2, says: "--on-existing keep is for images"},
		{name: "missing", args: "@nowhere --output @x.xml", code: 1, says: "(2 ERROR_FILE_NOT_FOUND)"},
		{name: "refused", args: "@text --output @x.xml", code: 1},
	},
	"stage": {
		{name: "good", args: "--windows-path @lab/Windows --blob-file @lab/web01.djoin"},
		{name: "good dry run", args: "--windows-path @lab/Windows --blob-file @lab/web01.djoin --dry-run"},
		{name: "no image", args: "--blob-file @lab/web01.djoin", code: 2, says: "give --windows-path PATH or --image-path FILE"},
		{name: "two images", args: "--windows-path a --image-path b --blob-file c", code: 2, says: "--windows-path and --image-path are both there"},
		{name: "no blob", args: "--windows-path @lab/Windows", code: 2, says: "blob-file"},
		{name: "bad value", args: "--windows-path a --blob-file b --on-existing perhaps", code: 2, says: "--on-existing perhaps is not known"},
		{name: "bad duration", args: "--windows-path a --blob-file b --lock-timeout 3", code: 2, says: "--lock-timeout 3 is no length of time"},
		{name: "bad number", args: "--image-path a --partition C --blob-file b", code: 2},
		{name: "reason alone", args: "--windows-path a --blob-file b --reuse-reason x", code: 2},
		{name: "running", args: "--online --windows-path a --blob-file b", code: 2, says: "--method native"},
		{name: "one path twice", args: "--windows-path @lab/Windows --blob-file @lab/web01.djoin --ledger-file @lab/web01.djoin", code: 2},
		{name: "missing image", args: "--windows-path @nowhere --blob-file @lab/web01.djoin", code: 1, says: "Nothing was written. (2 ERROR_FILE_NOT_FOUND)"},
		{name: "missing blob", args: "--windows-path @lab/Windows --blob-file @nowhere", code: 1, says: "(2 ERROR_FILE_NOT_FOUND)"},
		{name: "missing folder of the report", args: "--windows-path @lab/Windows --blob-file @lab/web01.djoin --report-file @no/x.json", code: 1},
		{name: "refused", args: "--windows-path @asleep/Windows --blob-file @lab/web01.djoin", code: 1, says: "Nothing was written. (170 ERROR_BUSY)"},
		{name: "refused blob", args: "--windows-path @lab/Windows --blob-file @text", code: 1, says: "(87 "},
		{name: "another machine", args: "--windows-path @lab/Windows --blob-file @lab/web01.djoin --machine-name WEB02", code: 1, says: "(87 "},
		{name: "a join file", args: "fleet.join.hcl", code: 2, says: "offlinejoin apply"},
	},
	"plan": {
		{name: "good", args: "@fleet"},
		{name: "changes", args: "@fleet --detailed-exitcode", code: 2},
		{name: "no argument", code: 2},
		{name: "no argument, detailed", args: "--detailed-exitcode", code: 1},
		{name: "bad value, detailed", args: "@fleet --detailed-exitcode=perhaps", code: 1, says: "--detailed-exitcode does not take"},
		{name: "bad --var", args: "@fleet --var images", code: 2, says: "write NAME=VALUE"},
		{name: "unknown --var", args: "@fleet --var nonsense=1", code: 2, says: "no variable block declares"},
		{name: "unknown --var, detailed", args: "@fleet --var nonsense=1 --detailed-exitcode", code: 1},
		{name: "missing --var-file", args: "@fleet --var-file @nowhere", code: 2, says: "does not exist"},
		{name: "bad --parallel", args: "@fleet --parallel 0", code: 2, says: "from 1 to 64"},
		{name: "bad --report", args: "@fleet --report x.txt", code: 2, says: ".json or .html"},
		{name: "a table", args: "fleet.csv", code: 2, says: "csvdecode"},
		{name: "missing", args: "@nowhere.join.hcl", code: 1, says: "does not exist"},
		{name: "wrong file", args: "@wrong.join.hcl", code: 1},
		{name: "missing folder of the report", args: "@fleet --report @no/x.json", code: 1},
		{name: "refused", args: "@refused.join.hcl", code: 1, says: "(170 ERROR_BUSY)"},
		{name: "refused, detailed", args: "@refused.join.hcl --detailed-exitcode", code: 1},
	},
	"apply": {
		{name: "good", args: "@fleet --yes"},
		{name: "yes", args: "@fleet", stdin: "yes\n"},
		{name: "n", args: "@fleet", stdin: "n\n", code: 1, says: "Not confirmed: the answer was not yes. Nothing was written."},
		{name: "no answer", args: "@fleet", code: 1, says: "Not confirmed"},
		{name: "--json without --yes", args: "@fleet --json", code: 2, says: "give --yes"},
		{name: "unknown --var", args: "@fleet --yes --var nonsense=1", code: 2},
		{name: "details of no plan", args: "@fleet --yes --details", code: 2, says: "--details is about the plan"},
		{name: "missing", args: "@nowhere.join.hcl --yes", code: 1, says: "does not exist"},
		{name: "refused", args: "@refused.join.hcl --yes", code: 1, says: "(170 ERROR_BUSY)"},
	},
	"status": {
		{name: "good", args: "--windows-path @lab/Windows"},
		{name: "good fleet", args: "@fleet"},
		{name: "no image", code: 2, says: "--windows-path PATH or --image-path FILE"},
		{name: "both", args: "@fleet --windows-path @lab/Windows", code: 2, says: "not both"},
		{name: "logs of many", args: "@fleet --logs", code: 2, says: "--logs is for one image: leave it out"},
		{name: "partition of many", args: "@fleet --partition 2", code: 2, says: "--partition is for one image"},
		{name: "report of one", args: "--windows-path @lab/Windows --report @x.json", code: 2, says: "--report is for join files: leave it out"},
		{name: "variable of one", args: "--windows-path @lab/Windows --var a=b", code: 2, says: "--var is for join files"},
		{name: "bad number", args: "--image-path @lab/nowhere.qcow2 --partition C", code: 2, says: "--partition"},
		{name: "missing", args: "--windows-path @nowhere", code: 1, says: "(2 ERROR_FILE_NOT_FOUND)"},
		{name: "refused", args: "--image-path @text", code: 1},
		{name: "missing join file", args: "@nowhere.join.hcl", code: 1},
	},
	"unstage": {
		{name: "good", args: "--windows-path @lab/Windows"},
		{name: "good fleet", args: "@fleet --yes"},
		{name: "n", args: "@fleet", stdin: "n\n", code: 1, says: "Not confirmed"},
		{name: "--json without --yes", args: "@fleet --json", code: 2, says: "give --yes"},
		{name: "no image", code: 2},
		{name: "ledger of many", args: "@fleet --yes --ledger-file @x.ledger", code: 2, says: "--ledger-file is for one image"},
		{name: "waiting of many", args: "@fleet --yes --lock-timeout 2s", code: 2, says: "--lock-timeout is for one image"},
		{name: "many of one", args: "--windows-path @lab/Windows --parallel 2", code: 2, says: "--parallel is for join files"},
		{name: "--account of one image", args: "--windows-path @lab/Windows --account delete", code: 2, says: "--account is for join files"},
		{name: "bad value", args: "@fleet --yes --account burn", code: 2, says: "--account burn is not known"},
		{name: "missing", args: "--windows-path @nowhere", code: 1, says: "(2 ERROR_FILE_NOT_FOUND)"},
		{name: "refused", args: "--windows-path @asleep/Windows", code: 1, says: "(170 ERROR_BUSY)"},
	},
	"ledger list": {
		{name: "good", args: "--ledger-file @none.ledger"},
		{name: "no file", code: 2},
		{name: "refused", args: "--ledger-file @text", code: 1},
	},
	"ledger schema": {
		{name: "good"},
		{name: "no role", args: "--grant=", code: 2},
	},
	"ledger import": {
		{name: "no argument", code: 2},
		{name: "no ledger", args: "@none.ledger", code: 2},
		{name: "a password in it", args: "@none.ledger --ledger postgres://localhost/x?password=p", code: 2},
	},
	"ledger release": {
		{name: "no reason", args: "x --ledger-file @text", code: 2},
		{name: "empty reason", args: "x --ledger-file @text --reason=", code: 2, says: "--reason is given without a value"},
		{name: "missing", args: "x --ledger-file @nowhere --reason gone", code: 1, says: "(2 ERROR_FILE_NOT_FOUND)"},
		{name: "refused", args: "x --ledger-file @text --reason gone", code: 1},
	},
	"hive dump": {
		{name: "good", args: "@lab/Windows/System32/config/SYSTEM"},
		{name: "no argument", code: 2},
		{name: "missing", args: "@nowhere", code: 1, says: "(2 ERROR_FILE_NOT_FOUND)"},
		{name: "refused", args: "@text", code: 1, says: "(2717 "},
	},
	"hive get": {
		{name: "good", args: "@lab/Windows/System32/config/SYSTEM Setup"},
		{name: "no key", args: "@lab/Windows/System32/config/SYSTEM", code: 2},
		{name: "missing", args: "@nowhere Setup", code: 1, says: "(2 ERROR_FILE_NOT_FOUND)"},
		{name: "unknown key", args: "@lab/Windows/System32/config/SYSTEM Nonsense", code: 1, says: "(2 ERROR_FILE_NOT_FOUND)"},
		{name: "refused", args: "@text Setup", code: 1, says: "(2717 "},
	},
	"hive check": {
		{name: "good", args: "@lab/Windows/System32/config/SYSTEM"},
		{name: "no argument", code: 2},
		{name: "missing", args: "@nowhere", code: 1, says: "(2 ERROR_FILE_NOT_FOUND)"},
		{name: "refused", args: "@text", code: 1, says: "(2717 "},
	},
	"join": {
		{name: "no image", args: "--machine-name WEB01", code: 2, says: "--windows-path PATH or --image-path FILE"},
		{name: "no domain", args: "--machine-name WEB01 --windows-path @lab/Windows", code: 2, says: "no domain is named"},
		{name: "bad name", args: "--machine-name a.b --windows-path @lab/Windows" + reach, code: 2, says: "--machine-name"},
		{name: "bad OU", args: "--machine-name WEB01 --account-ou Web --windows-path @lab/Windows" + reach, code: 2},
		{name: "missing password", args: "--machine-name WEB01 --windows-path @lab/Windows --ad-password-file @nowhere" + reach, code: 1, says: "(2 "},
	},
	"provision": {
		{name: "no output", args: "--machine-name WEB01" + reach, code: 2},
		{name: "armor alone", args: "--machine-name WEB01 --armor --output @x" + reach, code: 2, says: "--age-recipient"},
		{name: "JSON and the blob", args: "--machine-name WEB01 --json --output -" + reach, code: 2, says: "--output"},
		{name: "no credential", args: "--machine-name WEB01 --output @x" + reach, code: 2, says: "no credential"},
		{name: "there already", args: "--machine-name WEB01 --output @text" + reach, code: 1, says: "is there already"},
		{name: "no folder", args: "--machine-name WEB01 --dry-run --output @none/x" + reach, code: 1, says: "does not exist: make it first (2 "},
		{name: "missing password", args: "--machine-name WEB01 --output @x --ad-password-file @nowhere" + reach, code: 1, says: "(2 "},
	},
	"account show": {
		{name: "no name", code: 2},
		{name: "name and --lost", args: "WEB01 --lost", code: 2},
		{name: "--run of one", args: "WEB01 --run x" + reach, code: 2, says: "--run chooses among what broken runs have left: give --lost"},
		{name: "--older-than of one", args: "WEB01 --older-than 2h" + reach, code: 2, says: "--older-than chooses among"},
		{name: "older than now", args: "--lost --older-than -1h" + reach, code: 2, says: "--older-than -1h0m0s is before now"},
		{name: "bad duration", args: "--lost --older-than x" + reach, code: 2, says: "write a number with its unit"},
		{name: "no domain", args: "WEB01", code: 2, says: "no domain is named"},
		{name: "a flat domain", args: "WEB01 --domain CORP --ad-user u", code: 2, says: "is not the DNS name of a domain"},
		{name: "an address", args: "WEB01 --domain corp.example.com --dc 192.0.2.1 --ad-user u", code: 2, says: "is not a full name"},
		{name: "a bad site", args: "WEB01 --domain corp.example.com --site a.b --ad-user u", code: 2, says: "is not the name of a site"},
		{name: "a down-level user", args: "WEB01 --domain corp.example.com --ad-user CORP\\u", code: 2, says: "DOMAIN\\user"},
		{name: "two credentials", args: "WEB01 --ad-keytab a --ad-password-file b" + reach, code: 2},
		{name: "missing password", args: "WEB01 --ad-password-file @nowhere" + reach, code: 1, says: "(2 "},
	},
	"account disable": {
		{name: "no name", code: 2},
		{name: "--json without --yes", args: "WEB01 --json" + reach, code: 2, says: "give --yes"},
		{name: "missing password", args: "WEB01 --yes --ad-password-file @nowhere" + reach, code: 1, says: "(2 "},
	},
	"account delete": {
		{name: "no name", code: 2},
		{name: "--run of one", args: "WEB01 --yes --run x" + reach, code: 2, says: "--run chooses among what broken runs have left: give --lost"},
		{name: "--older-than of none", args: "--yes --older-than 2h" + reach, code: 2, says: "--older-than chooses among"},
		{name: "live ones of lost ones", args: "--lost --yes --delete-live" + reach, code: 2, says: "--delete-live is for the account of one machine"},
		{name: "--json without --yes", args: "WEB01 --json" + reach, code: 2, says: "give --yes"},
		{name: "missing password", args: "--lost --yes --ad-password-file @nowhere" + reach, code: 1, says: "(2 "},
	},
}

// TestExitCodes runs every command in every situation of the table: its exit code, its words, and whether a code of Windows is
// among them, which belongs to refusals and failures and not to a wrong command line or an answer.
func TestExitCodes(t *testing.T) {
	for _, variable := range []string{
		"OFFLINEJOIN_AD_DOMAIN", "OFFLINEJOIN_AD_USER", "OFFLINEJOIN_AD_PASSWORD", "OFFLINEJOIN_AD_PASSWORD_FILE", "OFFLINEJOIN_AD_KEYTAB",
		"OFFLINEJOIN_AD_CCACHE", "OFFLINEJOIN_IDENTITY_FILE", "KRB5CCNAME", "KRB5_CLIENT_KTNAME",
	} {
		t.Setenv(variable, "")
	}
	if _, err := program.Lookup("amd64"); err != nil {
		testenv.Absent(t, err.Error())
	}
	known := commandPaths(cli.Commands(), "")
	for command := range exitCodes {
		if !slices.Contains(known, command) {
			t.Errorf("there is no command %q", command)
		}
	}
	template := newExitLab(t)
	before := template.content(t)
	for _, command := range known {
		rows := exitCodes[command]
		if len(rows) == 0 {
			t.Errorf("the table has nothing of %q", command)
		}
		rows = append(slices.Clone(rows), situation{name: "unknown flag", args: "--no-such-flag", code: 2, says: "unknown flag: --no-such-flag"})
		for _, s := range rows {
			t.Run(command+"/"+s.name, func(t *testing.T) {
				l := template
				if s.code == 0 {
					l.dir = filepath.Join(t.TempDir(), "l")
					must(t, os.CopyFS(l.dir, os.DirFS(template.dir)))
				}
				l.end(t, command, s)
			})
		}
	}
	for name, content := range template.content(t) {
		if was, there := before[name]; (!there || was != content) && !strings.HasSuffix(name, ".lock") {
			t.Errorf("%s was written by a command that did not end well", name)
		}
	}
}

// content returns the files of the lab.
func (l exitLab) content(t *testing.T) map[string]string {
	t.Helper()
	files := map[string]string{}
	must(t, filepath.WalkDir(l.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		files[path] = string(content)
		return err
	}))
	return files
}

// end carries out a situation as people and as programs see it.
func (l exitLab) end(t *testing.T, command string, s situation) {
	t.Helper()
	args := l.commandLine(command, s.args)
	var out, errOut bytes.Buffer
	code := cli.Run(t.Context(), args, cli.Streams{In: strings.NewReader(s.stdin), Out: &out, Err: &errOut})
	said := errOut.String()
	if code != s.code || !strings.Contains(said, s.says) {
		t.Fatalf("%q: exit code %d, want %d and %q\n%s%s", args, code, s.code, s.says, &out, said)
	}
	answered := s.stdin != "" || strings.Contains(said, "Not confirmed")
	detailed := strings.Contains(s.args, "--detailed-exitcode")
	aboutUse := code == 2 && !detailed || strings.Contains(said, "Try: ")
	switch {
	case (aboutUse || answered) && windowsCode.MatchString(said):
		t.Errorf("%q: Windows has no part in it: %s", args, said)
	case aboutUse && !strings.Contains(said, "Try: offlinejoin") && !strings.Contains(said, "no variable block declares"):
		t.Errorf("%q does not say where help is: %s", args, said)
	case code == 0 && strings.Contains(said, "error"):
		t.Errorf("%q: it ends well, and says %s", args, said)
	}
	for _, again := range []string{"un it again", "Mend what failed"} {
		if strings.Contains(out.String(), again) && (code != 1 || answered) {
			t.Errorf("%q: %q does not help here: %s", args, again, &out)
		}
	}
	if code != 0 && !detailed && !answered && !strings.Contains(s.args, "--json") {
		l.endForPrograms(t, args, s.code)
	}
}

// endForPrograms wants the same exit code with --json, and the error in the last document of standard output.
func (l exitLab) endForPrograms(t *testing.T, args []string, want int) {
	t.Helper()
	code, out, _ := withArguments(t, append(slices.Clone(args), "--json"))
	if code != want {
		t.Errorf("%q --json: exit code %d, want %d\n%s", args, code, want, out)
	}
	var last map[string]any
	for d := json.NewDecoder(strings.NewReader(out)); d.More(); {
		last = nil
		if err := d.Decode(&last); err != nil {
			t.Fatalf("%q --json: %v in %s", args, err, out)
		}
	}
	if last["error"] == nil && last["type"] != "summary" && last["type"] != "diagnostic" {
		t.Errorf("%q --json does not say what is wrong: %s", args, out)
	}
	if windowsCode.MatchString(out) {
		t.Errorf("%q --json: the code has a place of its own: %s", args, out)
	}
}

// commandPaths lists the commands that do something, by their words after the program's name.
func commandPaths(cmd *cobra.Command, path string) (paths []string) {
	for _, c := range cmd.Commands() {
		at := strings.TrimSpace(path + " " + c.Name())
		if c.HasSubCommands() {
			paths = append(paths, commandPaths(c, at)...)
		} else {
			paths = append(paths, at)
		}
	}
	return paths
}
