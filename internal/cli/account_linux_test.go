package cli_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"filippo.io/age"

	"github.com/offlinejoin/offlinejoin/internal/canary"
	"github.com/offlinejoin/offlinejoin/internal/cli"
	"github.com/offlinejoin/offlinejoin/internal/hostiletext"
	"github.com/offlinejoin/offlinejoin/internal/odj"
	"github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/sample/sampletest"
	"github.com/offlinejoin/offlinejoin/internal/testenv/samba"
)

// TestLiveAccounts runs the tests named TestInside…, which need a live domain.
func TestLiveAccounts(t *testing.T) {
	t.Parallel()
	sampletest.Image(t, sample.Image{}) // absent without the completion program
	samba.RunInside(t, "^TestInside")
}

const labOU = "OU=Workstations,DC=odj,DC=test"

// lab is a live domain, with a password file of its administrator.
type lab struct {
	*samba.Domain
	password string // path
	printed  bytes.Buffer
}

func newLab(t *testing.T) *lab {
	t.Helper()
	l := &lab{Domain: samba.Inside(t), password: filepath.Join(t.TempDir(), "password")}
	must(t, os.WriteFile(l.password, []byte(samba.AdminPassword+"\n"), 0o600))
	return l
}

// reach are the flags that reach the domain.
func (l *lab) reach() []string {
	return []string{"--domain", "odj.test", "--dc", "dc1.odj.test", "--ad-user", "Administrator", "--ad-password-file", l.password}
}

// run runs a command line with the flags that reach the domain, and keeps all that it prints.
func (l *lab) run(t *testing.T, args ...string) (code int, out, stderr string) {
	t.Helper()
	return l.plain(t, append(args, l.reach()...)...)
}

// plain runs a command line as it is.
func (l *lab) plain(t *testing.T, args ...string) (code int, out, stderr string) {
	t.Helper()
	var o, e bytes.Buffer
	code = cli.Run(t.Context(), args, cli.Streams{In: strings.NewReader(""), Out: &o, Err: &e})
	l.printed.Write(o.Bytes())
	l.printed.Write(e.Bytes())
	return code, o.String(), e.String()
}

// well is run for what must go well.
func (l *lab) well(t *testing.T, args ...string) string {
	t.Helper()
	code, out, stderr := l.run(t, args...)
	if code != 0 {
		t.Fatalf("%q: exit code %d\n%s%s", args, code, out, stderr)
	}
	return out
}

// search lists what ldapsearch finds of computers.
func (l *lab) search(t *testing.T, filter string, attributes ...string) string {
	t.Helper()
	args := []string{
		"ldapsearch", "-LLL", "-x", "-o", "ldif-wrap=no", "-H", "ldaps://dc1.odj.test", "-D", "Administrator@odj.test", "-w",
		samba.AdminPassword, "-b", "DC=odj,DC=test", filter,
	}
	return l.Run(t, append(args, attributes...)...)
}

// boots lets Samba boot a machine with a blob.
func (l *lab) boots(t *testing.T, blob *odj.Blob, machine string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "blob")
	must(t, os.WriteFile(file, blob.DjoinFile(), 0o600))
	l.Judge(t, file, machine)
}

// secrets returns a search for the bind password and for what a blob holds.
func secrets(blob *odj.Blob) *canary.Search {
	return canary.ForBlob(blob.Bytes(), blob.MachinePassword()).And(canary.For(map[string][]byte{"the bind password": []byte(samba.AdminPassword)}))
}

// TestInsideJoin goes from a name to an overlay of a golden disk that Samba accepts, by one command, and looks what it left.
func TestInsideJoin(t *testing.T) {
	l := newLab(t)
	disk := sampletest.Disk(t, sample.Image{})
	dir := t.TempDir()
	overlay, report := filepath.Join(dir, "web11.qcow2"), filepath.Join(dir, "report.json")
	args := []string{
		"join", "--machine-name", "web11", "--account-ou", labOU, "--account-description", "made by a test", "--image-path", disk,
		"--overlay-path", overlay, "--report-file", report,
	}
	before := l.search(t, "(objectClass=computer)", "description", "whenChanged")
	if out := l.well(t, append(args, "--dry-run")...); !strings.Contains(out, "Would make the account CN=WEB11,"+labOU) ||
		!strings.Contains(out, "Would stage WEB11") {
		t.Errorf("%s", out)
	}
	l.well(t, append(args, "--dry-run", "--json")...)
	if after := l.search(t, "(objectClass=computer)", "description", "whenChanged"); after != before {
		t.Errorf("a dry run has changed the directory\n%s\n%s", before, after)
	}
	if _, err := os.Lstat(overlay); err == nil {
		t.Error("a dry run has made the overlay")
	}
	if out := l.well(t, args...); !strings.Contains(out, "Made "+overlay) || !strings.Contains(out, "CN=WEB11,"+labOU) {
		t.Errorf("%s", out)
	}
	blob := sampletest.BlobInDisk(t, overlay)
	l.boots(t, blob, "WEB11")
	set := l.search(t, "(cn=WEB11)", "pwdLastSet")
	for range 2 {
		var receipt offlinejoin.Receipt
		must(t, json.Unmarshal([]byte(l.well(t, append(args, "--json")...)), &receipt))
		if receipt.Outcome != offlinejoin.OutcomeUnchanged || receipt.Account.Status != offlinejoin.AccountInUse {
			t.Errorf("%+v", receipt)
		}
	}
	if now := l.search(t, "(cn=WEB11)", "pwdLastSet"); now != set {
		t.Errorf("the password was changed: %s, %s", set, now)
	}
	l.well(t, "account", "show", "web11")
	l.nothingShown(t, secrets(blob), dir, overlay)
}

// nothingShown searches all that was printed and written, but for one file, for secrets.
func (l *lab) nothingShown(t *testing.T, search *canary.Search, dir string, skip ...string) {
	t.Helper()
	if found := search.In(l.printed.Bytes()); found != nil {
		t.Errorf("the output shows %q", found)
	}
	found, files, err := search.InTree(dir, func(path string) bool {
		for _, one := range skip {
			if path == one {
				return true
			}
		}
		return false
	})
	if err != nil || len(found) > 0 || files == 0 {
		t.Errorf("%d files, found %q, %v", files, found, err)
	}
}

// TestInsideRefusedJoinsLeaveNothing is about wrong words and images of the command line: the directory is as it was.
func TestInsideRefusedJoinsLeaveNothing(t *testing.T) {
	l := newLab(t)
	image := sampletest.Image(t, sample.Image{})
	join := func(more ...string) []string {
		return append([]string{"join", "--machine-name", "web12", "--account-ou", labOU, "--windows-path", image}, more...)
	}
	wrong := filepath.Join(t.TempDir(), "wrong")
	must(t, os.WriteFile(wrong, []byte("not-the-password"), 0o600))
	before := l.search(t, "(objectClass=computer)", "description", "whenChanged")
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"OU":       {join("--account-ou", "OU=Nope,DC=odj,DC=test"), "2 ERROR_FILE_NOT_FOUND"},
		"OU's DN":  {join("--account-ou", "Workstations"), "is no distinguished name of an OU"},
		"image":    {join("--windows-path", "/nowhere/Windows"), "ERROR"},
		"method":   {join("--method", "answer_file"), "ERROR"},
		"name":     {join("--machine-name", "12345"), "it consists of digits"},
		"password": {join("--ad-password-file", wrong), "1326"},
		"keytab":   {join("--ad-keytab", wrong), "--ad-password-file and --ad-keytab are given"},
		"dc":       {join("--dc", "dc9.odj.test"), "2453 NERR_DCNotFound"},
		"report":   {join("--report-file", "/nowhere/report.json"), "2 ERROR_FILE_NOT_FOUND"},
		"reuse":    {join("--machine-name", "dc1", "--account-reuse", "own", "--account-replace-live"), "5 ERROR_ACCESS_DENIED"},
	} {
		code, out, stderr := l.plain(t, reachFirst(l, c.args)...)
		if code == 0 || out != "" || !strings.Contains(stderr, c.want) {
			t.Errorf("%s: exit code %d, %q, %s", name, code, out, stderr)
		}
	}
	if after := l.search(t, "(objectClass=computer)", "description", "whenChanged"); after != before {
		t.Errorf("before\n%s\nafter\n%s", before, after)
	}
	if found := canary.For(map[string][]byte{"bind": []byte(samba.AdminPassword), "wrong": []byte("not-the-password")}).In(l.printed.Bytes()); found != nil {
		t.Errorf("shown: %q", found)
	}
}

// reachFirst puts the flags that reach the domain in front of others, which win.
func reachFirst(l *lab, args []string) []string {
	return append(append([]string{args[0]}, l.reach()...), args[1:]...)
}

// TestInsideProvision writes blobs to files, plain and encrypted, and ends their accounts.
func TestInsideProvision(t *testing.T) {
	l := newLab(t)
	dir := t.TempDir()
	plain, sealed, key := filepath.Join(dir, "web13.djoin"), filepath.Join(dir, "web14.age"), filepath.Join(t.TempDir(), "key")
	identity, err := age.GenerateX25519Identity()
	must(t, err)
	must(t, os.WriteFile(key, []byte(identity.String()), 0o600))
	provision := []string{"provision", "--account-ou", labOU, "--account-root-ca-certs", "--machine-name"}
	l.well(t, append(provision, "web13", "--output", plain)...)
	if info, err := os.Stat(plain); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	l.Judge(t, plain, "WEB13")
	content, err := os.ReadFile(plain)
	must(t, err)
	blob, err := odj.Parse(content)
	must(t, err)
	if code, _, stderr := l.run(t, append(provision, "web15", "--output", plain)...); code != 1 || !strings.Contains(stderr, "is there already") {
		t.Errorf("%d %s", code, stderr)
	}
	if text := l.search(t, "(cn=WEB15)", "dn"); strings.Contains(text, "dn:") {
		t.Errorf("an account for a file that is not written: %s", text)
	}
	l.well(t, append(provision, "web14", "--output", sealed, "--age-recipient", identity.Recipient().String(), "--json")...)
	if code, out, _ := l.plain(t, "inspect", "blob", sealed, "--identity-file", key); code != 0 || !strings.Contains(out, "WEB14") {
		t.Errorf("%d %s", code, out)
	}
	l.nothingShown(t, secrets(blob), dir, plain)
	if code, _, stderr := l.run(t, "account", "delete", "web13", "--yes"); code != 1 || !strings.Contains(stderr, "2691") {
		t.Errorf("%d %s", code, stderr)
	}
	if code, _, stderr := l.run(t, "account", "delete", "web14"); code != 1 || !strings.Contains(stderr, "Not confirmed") {
		t.Errorf("%d %s", code, stderr)
	}
	l.well(t, "account", "delete", "web14", "--yes")
	if text := l.search(t, "(cn=WEB14)", "dn"); strings.Contains(text, "dn:") {
		t.Errorf("%s", text)
	}
	l.well(t, "account", "disable", "web13", "--yes")
	if text := l.search(t, "(cn=WEB13)", "userAccountControl"); !strings.Contains(text, ": 4098") {
		t.Errorf("%s", text)
	}
	if code, _, stderr := l.run(t, "account", "delete", "web13", "--yes"); code != 1 || !strings.Contains(stderr, "in use") {
		t.Errorf("%d %s", code, stderr)
	}
	if code, _, stderr := l.run(t, "account", "delete", "nobody1", "--yes"); code != 1 || !strings.Contains(stderr, "has no account") {
		t.Errorf("%d %s", code, stderr)
	}
}

// TestInsideSixBlobs makes a blob by each way to the domain and each credential; Samba boots a machine with each.
func TestInsideSixBlobs(t *testing.T) {
	l := newLab(t)
	dir, ca := t.TempDir(), filepath.Join(l.Dir, "ca.pem")
	keytab, cache := filepath.Join(t.TempDir(), "keytab"), filepath.Join(t.TempDir(), "cache")
	l.Run(t, "samba-tool", "domain", "exportkeytab", keytab, "--principal=Administrator", "-s", l.Dir+"/etc/smb.conf")
	kinit := l.Command(t, "kinit", "-c", "FILE:"+cache, "Administrator@ODJ.TEST")
	kinit.Stdin = strings.NewReader(samba.AdminPassword + "\n")
	if out, err := kinit.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	password := []string{"--ad-user", "Administrator", "--ad-password-file", l.password}
	for i, way := range [][]string{
		append(password, "--ad-security", "sealed"),
		append(password, "--ad-security", "ldaps", "--ad-simple-bind", "--ad-ca-file", ca),
		append(password, "--ad-security", "starttls", "--ad-simple-bind", "--ad-ca-file", ca),
		append(password, "--ad-security", "ldaps", "--ad-ca-file", ca),
		{"--ad-user", "administrator", "--ad-keytab", keytab},
		{"--ad-ccache", cache, "--ad-security", "starttls", "--ad-ca-file", ca},
	} {
		machine := fmt.Sprintf("SIXBLOBS%d", i+1)
		file := filepath.Join(dir, machine)
		args := append([]string{
			"provision", "--domain", "odj.test", "--dc", "dc1.odj.test", "--account-ou", labOU, "--machine-name", machine, "--output", file,
		}, way...)
		if code, _, stderr := l.plain(t, args...); code != 0 {
			t.Errorf("%q: exit code %d, %s", way, code, stderr)
			continue
		}
		l.Judge(t, file, machine)
	}
}

// TestInsideProvisionForNobody writes a blob to an output that nobody reads any more: the account goes, as --account-on-error
// says. One that was written is named, since nothing tells whether the reader kept it.
func TestInsideProvisionForNobody(t *testing.T) {
	l := newLab(t)
	provision := func(machine string, out *os.File, more ...string) (code int, stderr string) {
		t.Helper()
		var e bytes.Buffer
		args := append(append([]string{"provision", "--account-ou", labOU, "--machine-name", machine, "--output", "-"}, more...), l.reach()...)
		code = cli.Run(t.Context(), args, cli.Streams{In: strings.NewReader(""), Out: out, Err: &e})
		return code, e.String()
	}
	for _, row := range []struct{ machine, on, said, left string }{
		{"UNREAD1", "delete", "is deleted again", ""},
		{"UNREAD2", "disable", "is disabled", "userAccountControl: 4098"},
		{"UNREAD3", "keep", "is kept", "userAccountControl: 4096"},
	} {
		r, w, err := os.Pipe()
		must(t, err)
		must(t, r.Close())
		code, stderr := provision(row.machine, w, "--account-on-error", row.on)
		_ = w.Close()
		found := l.search(t, "(cn="+row.machine+")", "userAccountControl")
		if code != 1 || !strings.Contains(stderr, "109 ERROR_BROKEN_PIPE") || !strings.Contains(stderr, row.said) ||
			strings.Contains(found, "dn: ") != (row.left != "") || !strings.Contains(found, row.left) {
			t.Errorf("%s: exit code %d, %s\n%s", row.on, code, stderr, found)
		}
	}
	file, err := os.Create(filepath.Join(t.TempDir(), "out"))
	must(t, err)
	code, stderr := provision("SOMEBODY1", file)
	content, err := os.ReadFile(file.Name())
	must(t, errors.Join(err, file.Close()))
	blob, err := odj.Parse(content)
	must(t, err)
	if code != 0 || !strings.Contains(stderr, "CN=SOMEBODY1,"+labOU) || !strings.Contains(stderr, "objectGUID") {
		t.Errorf("exit code %d, %s", code, stderr)
	}
	if found := secrets(blob).In([]byte(stderr)); found != nil {
		t.Errorf("shown: %q", found)
	}
	l.boots(t, blob, "SOMEBODY1")
}

// TestInsideLostAccounts finds what broken runs have left by its marker, and deletes it.
func TestInsideLostAccounts(t *testing.T) {
	l := newLab(t)
	sam := []string{"-s", l.Dir + "/etc/smb.conf", "-H", l.Dir + "/private/sam.ldb"}
	for _, name := range []string{"LOST1", "LOST2", "YOUNG1"} {
		l.Run(t, append([]string{"samba-tool", "computer", "create", name}, sam...)...)
		at := "2026-01-01T00:00:00Z"
		if name == "YOUNG1" {
			at = time.Now().UTC().Format(time.RFC3339)
		}
		text := "dn: CN=" + name + ",CN=Computers,DC=odj,DC=test\nchangetype: modify\nreplace: description\ndescription: offlinejoin/1 pending " +
			"5f0c3a9d21b04e77 " + at + " image=9e107d9d372bb682\n"
		cmd := l.Command(t, "ldapmodify", "-x", "-H", "ldaps://dc1.odj.test", "-D", "Administrator@odj.test", "-w", samba.AdminPassword)
		cmd.Stdin = strings.NewReader(text)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v %s", err, out)
		}
	}
	if out := l.well(t, "account", "show", "--lost"); !strings.Contains(out, "LOST1") || strings.Contains(out, "YOUNG1") {
		t.Errorf("%s", out)
	}
	if out := l.well(t, "account", "delete", "--lost", "--yes"); strings.Count(out, "is deleted.") != 2 {
		t.Errorf("%s", out)
	}
	if out := l.well(t, "account", "show", "--lost"); out != "No run has left an account.\n" {
		t.Errorf("%s", out)
	}
	if text := l.search(t, "(cn=YOUNG1)", "dn"); !strings.Contains(text, "dn:") {
		t.Error("a young account was deleted")
	}
	l.well(t, "account", "delete", "--lost", "--older-than", "0s", "--yes", "--json")
	l.sayOfEach(t, sam)
}

// sayOfEach wants to know what became of each account when one of them cannot be deleted.
func (l *lab) sayOfEach(t *testing.T, sam []string) {
	t.Helper()
	for _, name := range []string{"LOST4", "LOST5", "LOST6"} {
		l.Run(t, append([]string{"samba-tool", "computer", "create", name}, sam...)...)
		text := "dn: CN=" + name + ",CN=Computers,DC=odj,DC=test\nchangetype: modify\nreplace: description\ndescription: offlinejoin/1 pending " +
			"5f0c3a9d21b04e77 2026-01-01T00:00:00Z image=9e107d9d372bb682\n"
		if name == "LOST5" { // as a domain controller has it, which is never deleted
			text += "-\nreplace: userAccountControl\nuserAccountControl: 8192\n"
		}
		cmd := l.Command(t, "ldapmodify", "-x", "-H", "ldaps://dc1.odj.test", "-D", "Administrator@odj.test", "-w", samba.AdminPassword)
		cmd.Stdin = strings.NewReader(text)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v %s", err, out)
		}
	}
	code, out, stderr := l.run(t, "account", "delete", "--lost", "--yes", "--json")
	var document struct {
		Accounts []struct {
			MachineName string `json:"machine_name"`
			Status      string `json:"account_status"`
			Outcome     string
			Error       *struct {
				Code    int
				Message string
			}
		}
	}
	if err := json.Unmarshal([]byte(out), &document); err != nil || code != 1 || len(document.Accounts) != 3 {
		t.Fatalf("exit code %d, %v\n%s%s", code, err, out, stderr)
	}
	for _, one := range document.Accounts {
		want, status := "deleted", "gone"
		if one.MachineName == "LOST5" {
			want, status = "failed", "fresh"
		}
		if one.Outcome != want || one.Status != status || (one.Error != nil) != (want == "failed") {
			t.Errorf("%+v", one)
		}
	}
	if !strings.Contains(stderr, "error: the account CN=LOST5,CN=Computers,DC=odj,DC=test is not deleted: ") {
		t.Error(stderr)
	}
	l.Run(t, "ldapdelete", "-x", "-H", "ldaps://dc1.odj.test", "-D", "Administrator@odj.test", "-w", samba.AdminPassword,
		"CN=LOST5,CN=Computers,DC=odj,DC=test")
}

// TestInsideHostileTexts shows an account whose texts act on a terminal.
func TestInsideHostileTexts(t *testing.T) {
	l := newLab(t)
	hostile := hostiletext.In("description")
	ou := "OU=" + strings.NewReplacer("\r", "", "\n", "", "\x00", "").Replace("evil\u202e\x1b[31m") + ",DC=odj,DC=test"
	ldif := "dn:: " + base64.StdEncoding.EncodeToString([]byte(ou)) + "\nobjectClass: organizationalUnit\n\n" +
		"dn:: " + base64.StdEncoding.EncodeToString([]byte("CN=HOSTILE1,"+ou)) + "\nobjectClass: computer\nsAMAccountName: HOSTILE1$\n" +
		"userAccountControl: 4096\noperatingSystem:: " + base64.StdEncoding.EncodeToString([]byte(hostiletext.In("system"))) +
		"\ndescription:: " + base64.StdEncoding.EncodeToString([]byte(hostile+" offlinejoin/1 staged 5f0c3a9d21b04e77 2026-01-01T00:00:00Z image=9e107d9d372bb682")) + "\n"
	cmd := l.Command(t, "ldapadd", "-x", "-H", "ldaps://dc1.odj.test", "-D", "Administrator@odj.test", "-w", samba.AdminPassword)
	cmd.Stdin = strings.NewReader(ldif)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v %s", err, out)
	}
	image := sampletest.Image(t, sample.Image{})
	all := shows(t, nil, append([]string{"account", "show", "hostile1"}, l.reach()...)...)
	wantShown(t, all, "description", "system")
	for _, args := range [][]string{
		{"account", "delete", "hostile1"},
		{"account", "delete", "hostile1", "--yes"},
		{"account", "disable", "hostile1"},
		{"provision", "--machine-name", "hostile1", "--output", filepath.Join(t.TempDir(), "x")},
		{"provision", "--machine-name", "hostile1", "--account-reuse", "own", "--output", filepath.Join(t.TempDir(), "x")},
		{"join", "--machine-name", "hostile1", "--windows-path", image, "--account-reuse", "own", "--account-replace-live", "--dry-run"},
		{"join", "--machine-name", "hostile1", "--windows-path", image},
	} {
		shows(t, nil, append(args, l.reach()...)...)
	}
	joins := filepath.Join(t.TempDir(), "x.join.hcl")
	must(t, os.WriteFile(joins, fmt.Appendf(nil, "join \"h\" {\n  windows_path = %q\n  machine_name = \"hostile1\"\n  account {}\n"+
		"  active_directory {\n    domain = \"odj.test\"\n    user = \"Administrator\"\n    password_file = %q\n  }\n}\n", image, l.password), 0o600))
	report := filepath.Join(t.TempDir(), "report.html")
	for _, action := range []string{"plan", "apply", "status", "unstage"} {
		shows(t, nil, action, joins, "--report", report)
		page, err := os.ReadFile(report)
		if found := hostiletext.Terminal(string(page)); err == nil && found != nil {
			t.Errorf("%s: %q", action, found)
		}
	}
}

// TestInsideFleet makes three machines over one session, looks at them, and ends them.
func TestInsideFleet(t *testing.T) {
	l := newLab(t)
	dir, disk := t.TempDir(), sampletest.Disk(t, sample.Image{})
	joins, report, page := filepath.Join(dir, "fleet.join.hcl"), filepath.Join(dir, "report.json"), filepath.Join(dir, "report.html")
	text := fmt.Sprintf(`defaults {
  domain = "odj.test"
  account {
    ou          = %q
    description = "of a fleet"
  }
  active_directory {
    user          = "Administrator"
    password_file = %q
  }
}

join "web" {
  for_each     = toset(["fleet1", "fleet2", "fleet3"])
  image_path   = %q
  overlay_path = "${each.key}.qcow2"
  account {
    machine_name = upper(each.key)
  }
}
`, labOU, l.password, disk)
	must(t, os.WriteFile(joins, []byte(text), 0o600))
	must1 := func(args ...string) string {
		t.Helper()
		code, out, stderr := l.plain(t, append(args, joins)...)
		if code != 0 {
			t.Fatalf("%q: exit code %d\n%s%s", args, code, out, stderr)
		}
		return out
	}
	if out := must1("plan", "--details"); strings.Count(out, "Would make the account CN=FLEET") != 3 {
		t.Errorf("%s", out)
	}
	if parses := sampletest.Parses(func() { must1("apply", "--yes", "--report", report, "--report", page) }); parses != 0 {
		t.Errorf("%d blobs are parsed", parses)
	}
	search := canary.For(map[string][]byte{"the bind password": []byte(samba.AdminPassword)})
	for _, name := range []string{"fleet1", "fleet2", "fleet3"} {
		blob := sampletest.BlobInDisk(t, filepath.Join(dir, name+".qcow2"))
		search = search.And(secrets(blob))
		if name == "fleet1" {
			l.boots(t, blob, "FLEET1")
		}
	}
	if out := must1("apply", "--yes"); strings.Count(out, "unchanged") < 3 {
		t.Errorf("%s", out)
	}
	if out := must1("status"); strings.Count(out, "fresh") != 2 || strings.Count(out, "in_use") != 1 {
		t.Errorf("%s", out)
	}
	must1("status", "--json")
	l.nothingShown(t, search, dir, filepath.Join(dir, "fleet1.qcow2"), filepath.Join(dir, "fleet2.qcow2"), filepath.Join(dir, "fleet3.qcow2"))
	twice := strings.Replace(text, "upper(each.key)", `"SAME"`, 1)
	must(t, os.WriteFile(joins, []byte(twice), 0o600))
	if code, _, stderr := l.plain(t, "apply", "--yes", joins); code != 1 || !strings.Contains(stderr, "both about the account SAME") {
		t.Errorf("%d %s", code, stderr)
	}
	must(t, os.WriteFile(joins, []byte(text), 0o600))
	if out := must1("unstage", "--yes", "--account", "delete"); strings.Count(out, "]  unstaged") != 3 || strings.Count(out, "gone") != 2 {
		t.Errorf("%s", out)
	}
	if left := l.search(t, "(cn=FLEET*)", "dn"); strings.Count(left, "dn:") != 1 || !strings.Contains(left, "FLEET1") {
		t.Errorf("%s", left)
	}
}

// TestInsideCredentials asks the domain in every way that the command line has, and looks for the secrets in what is printed.
func TestInsideCredentials(t *testing.T) {
	l := newLab(t)
	dir := t.TempDir()
	keytab, cache := filepath.Join(dir, "keytab"), filepath.Join(dir, "cache")
	l.Run(t, "samba-tool", "domain", "exportkeytab", keytab, "--principal=Administrator@ODJ.TEST", "-s", l.Dir+"/etc/smb.conf")
	must(t, os.Chmod(keytab, 0o600))
	kinit := l.Command(t, "kinit", "-c", "FILE:"+cache, "Administrator@ODJ.TEST")
	kinit.Stdin = strings.NewReader(samba.AdminPassword + "\n")
	if out, err := kinit.CombinedOutput(); err != nil {
		t.Fatalf("kinit: %v\n%s", err, out)
	}
	keys, err := os.ReadFile(keytab)
	must(t, err)
	search := canary.For(map[string][]byte{"the bind password": []byte(samba.AdminPassword), "a key": keys[len(keys)-24:]})
	show := []string{"account", "show", "dc1", "--domain", "odj.test", "--dc", "dc1.odj.test"}
	ldaps := []string{"--ad-security", "ldaps", "--ad-ca-file", l.Dir + "/ca.pem"}
	user := []string{"--ad-user", "Administrator"}
	for name, c := range map[string]struct {
		flags [][]string
		stdin string
	}{
		"keytab":         {[][]string{user, {"--ad-keytab", keytab}}, ""},
		"cache":          {[][]string{{"--ad-ccache", cache}}, ""},
		"standard input": {[][]string{user, {"--ad-password-file", "-"}}, samba.AdminPassword + "\n"},
		"LDAPS":          {[][]string{user, {"--ad-password-file", l.password}, ldaps}, ""},
		"StartTLS":       {[][]string{user, {"--ad-password-file", l.password}, ldaps, {"--ad-security", "starttls"}}, ""},
		"simple bind":    {[][]string{{"--ad-user", "Administrator@odj.test", "--ad-password-file", l.password, "--ad-simple-bind"}, ldaps}, ""},
	} {
		args := show
		for _, flags := range c.flags {
			args = append(args[:len(args):len(args)], flags...)
		}
		for _, form := range [][]string{nil, {"--json"}} {
			var o, e bytes.Buffer
			code := cli.Run(t.Context(), append(args[:len(args):len(args)], form...), cli.Streams{In: strings.NewReader(c.stdin), Out: &o, Err: &e})
			if code != 0 || !strings.Contains(o.String(), "OU=Domain Controllers") {
				t.Errorf("%s: exit code %d\n%s%s", name, code, &o, &e)
			}
			if found := search.In(append(o.Bytes(), e.Bytes()...)); found != nil {
				t.Errorf("%s shows %q", name, found)
			}
		}
	}
	t.Setenv("KRB5CCNAME", "FILE:"+cache)
	if code, out, stderr := l.plain(t, show...); code != 0 {
		t.Errorf("KRB5CCNAME: exit code %d\n%s%s", code, out, stderr)
	}
	t.Setenv("KRB5CCNAME", "")
	if code, _, stderr := l.plain(t, show...); code != 2 || !strings.Contains(stderr, "no credential for the domain") {
		t.Errorf("none: exit code %d\n%s", code, stderr)
	}
	t.Setenv("OFFLINEJOIN_AD_USER", "Administrator")
	t.Setenv("OFFLINEJOIN_AD_PASSWORD", samba.AdminPassword)
	if code, out, stderr := l.plain(t, show...); code != 0 || search.In(l.printed.Bytes()) != nil {
		t.Errorf("environment: exit code %d\n%s%s", code, out, stderr)
	}
}
