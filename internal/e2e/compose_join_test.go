package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/offlinejoin/offlinejoin/internal/odj"
)

// composedJoins makes accounts as an administrator would, without Samba's provisioning, composes their blobs of what the
// directory says of them, and has Samba's consumer join with them.
func composedJoins(t *testing.T, dc *domain) {
	for machine, more := range map[string]func(t *testing.T, j *odj.Join){
		"COMPOSED1": func(*testing.T, *odj.Join) {},
		"COMPOSED2": everyPart,
	} {
		t.Run(machine, func(t *testing.T) {
			join := dc.account(t, machine)
			more(t, &join)
			blob, err := odj.Compose(join)
			must(t, err)
			if found := blob.Findings(); len(found) > 1 { // one is that private keys are in the blob
				t.Errorf("findings %q", found)
			}
			file := filepath.Join(t.TempDir(), machine)
			must(t, os.WriteFile(file, blob.DjoinFile(), 0o600))
			out, err := exec.CommandContext(t.Context(), filepath.Join(dc.lab, "firstboot-check.sh"), dc.dir, file, machine).
				CombinedOutput()
			if t.Logf("%s", out); err != nil {
				t.Errorf("the composed blob does not join: %v", err)
			}
		})
	}
}

// everyPart adds all that can be composed besides the join.
func everyPart(t *testing.T, j *odj.Join) {
	pfx := must1(os.ReadFile("../odj/testdata/certificates/machine.pfx"))(t)
	j.JoinProvider2 = &odj.JoinProvider2{NetBIOSName: j.MachineName, PrimaryDNSDomain: j.DNSDomain}
	j.PFX = []odj.PFX{{Template: "Machine", File: pfx}}
	j.Stores = []odj.Store{{Name: "Root", File: []byte{0, 0, 0, 0, 'C', 'E', 'R', 'T', 12: 0, 19: 0}}}
	j.Policies = []odj.Policy{{Source: "test", Values: []odj.PolicyValue{
		{Key: `Software\Policies\Example`, Name: "Enabled", Type: 4, Data: []byte{1, 0, 0, 0}},
	}}}
}

// account makes an account with a password of ours and returns what a blob needs, as the directory tells it.
func (d *domain) account(t *testing.T, machine string) odj.Join {
	t.Helper()
	d.turns.Lock()
	defer d.turns.Unlock()
	password := must1(odj.RandomPassword(nil))(t)
	d.tool(t, "computer", "create", machine)
	d.tool(t, "user", "setpassword", machine+"$", "--newpassword="+string(utf16.Decode(password)))

	env := d.settings(t)
	head := d.search(t, "(objectClass=domainDNS)")
	account := d.search(t, "(sAMAccountName="+machine+"$)")
	domainSID := head["objectSid"]
	rid := must1(strconv.ParseUint(strings.TrimPrefix(account["objectSid"], domainSID+"-"), 10, 32))(t)
	return odj.Join{
		MachineName:   machine,
		Password:      password,
		DNSDomain:     env["ODJ_DNSDOM"],
		NetBIOSDomain: env["ODJ_DOMAIN"],
		DomainGUID:    head["objectGUID"],
		DomainSID:     domainSID,
		Rid:           uint32(rid),
		DC: odj.DomainController{
			Name:       env["ODJ_FQDN"],
			Address:    env["ODJ_IP"],
			Flags:      0xE00011BD, // as Samba says of itself (observed)
			Site:       env["ODJ_SITE"],
			ClientSite: env["ODJ_SITE"],
		},
	}
}

// tool runs samba-tool on the directory's database.
func (d *domain) tool(t *testing.T, args ...string) {
	t.Helper()
	args = append([]string{"samba-tool"}, args...)
	args = append(args, "-s", filepath.Join(d.dir, "etc", "smb.conf"), "-H", filepath.Join(d.dir, "private", "sam.ldb"))
	if out, err := exec.CommandContext(t.Context(), filepath.Join(d.dir, "exec"), args...).CombinedOutput(); err != nil {
		t.Fatalf("samba-tool %s %s: %v\n%s", args[1], args[2], err, out)
	}
}

// search returns the attributes of the one object that a filter finds.
func (d *domain) search(t *testing.T, filter string) map[string]string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), filepath.Join(d.dir, "exec"), "net", "-s",
		filepath.Join(d.dir, "client", "smb.conf"), "ads", "search", filter, "objectSid", "objectGUID",
		"-U", "Administrator%"+adminPassword).Output()
	must(t, err)
	found := pairs(string(out), ": ")
	if found["objectSid"] == "" || found["objectGUID"] == "" {
		t.Fatalf("nothing is found by %s: %s", filter, out)
	}
	return found
}

// settings are the names and addresses by which the domain was made.
func (d *domain) settings(t *testing.T) map[string]string {
	t.Helper()
	settings := pairs(string(must1(os.ReadFile(filepath.Join(d.dir, "env")))(t)), "=")
	for name, v := range settings {
		settings[name] = strings.Trim(v, "'")
	}
	return settings
}

// pairs reads lines of a name, a separator and a value.
func pairs(text, separator string) map[string]string {
	found := map[string]string{}
	for line := range strings.Lines(text) {
		if name, v, ok := strings.Cut(strings.TrimSpace(line), separator); ok {
			found[name] = v
		}
	}
	return found
}
