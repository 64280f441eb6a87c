package firstboot

import (
	"bytes"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/claims"
	"github.com/offlinejoin/offlinejoin/internal/odj/blobfolder"
	"github.com/offlinejoin/offlinejoin/internal/regf"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/sample/sampletest"
)

// What is given of a domain is refused before anything is made, with a sentence that says what to do and shows no password.
func TestDomainsThatAreRefused(t *testing.T) {
	t.Parallel()
	sound := setupFor(t).Domain
	file := func(content string, mode fs.FileMode) string {
		name := filepath.Join(t.TempDir(), "password")
		must(t, os.WriteFile(name, []byte(content), mode))
		return name
	}
	for name, tt := range map[string]struct {
		change func(*Domain)
		want   string
	}{
		"no blob":        {func(d *Domain) { d.Blob = "" }, "-domain-blob"},
		"no user":        {func(d *Domain) { d.User = "" }, "-domain-user"},
		"no password":    {func(d *Domain) { d.PasswordFile = "" }, "-domain-password-file"},
		"no blob in it":  {func(d *Domain) { d.Blob = d.PasswordFile }, "the blob of the domain"},
		"other domain":   {func(d *Domain) { d.User = `OTHER\anna` }, `write DOMAIN\NAME`},
		"other suffix":   {func(d *Domain) { d.User = "anna@example.com" }, `write DOMAIN\NAME`},
		"suffix is none": {func(d *Domain) { d.User = "anna@CORP" }, `write DOMAIN\NAME`},
		"no name":        {func(d *Domain) { d.User = `CORP\` }, "sAMAccountName"},
		"long name":      {func(d *Domain) { d.User = strings.Repeat("a", 21) }, "at most 20"},
		"strange name":   {func(d *Domain) { d.User = "a;b" }, "sAMAccountName"},
		"DNS name":       {func(d *Domain) { d.DNS = "dns.corp.example.com" }, "no IPv4 address"},
		"DNS by IPv6":    {func(d *Domain) { d.DNS = "2001:db8::1" }, "no IPv4 address"},
		"empty":          {func(d *Domain) { d.PasswordFile = file("\n", 0o600) }, "as one line"},
		"two lines":      {func(d *Domain) { d.PasswordFile = file(passwordOfUser+"\nmore\n", 0o600) }, "as one line"},
		"UTF-16":         {func(d *Domain) { d.PasswordFile = file("\xff\xfeP\x00w\x00", 0o600) }, "as one line of UTF-8"},
		"long":           {func(d *Domain) { d.PasswordFile = file(strings.Repeat("x", 128), 0o600) }, "at most 127"},
		"very long":      {func(d *Domain) { d.PasswordFile = file(strings.Repeat("x", 5000), 0o600) }, "at most 127"},
		"not there":      {func(d *Domain) { d.PasswordFile += ".not" }, ".not"},
		"for everybody":  {func(d *Domain) { d.PasswordFile = file(passwordOfUser+"\n", 0o644) }, "can be read by others"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if name == "for everybody" && runtime.GOOS == "windows" {
				t.Skip("modes say nothing there")
			}
			d := sound
			tt.change(&d)
			found, err := readDomain(d)
			if err == nil || found != nil && found.password != nil {
				t.Fatalf("taken: %v", err)
			}
			if text := err.Error(); !strings.Contains(text, tt.want) || strings.Contains(text, passwordOfUser[:6]) {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestNamesOfUsers(t *testing.T) {
	t.Parallel()
	d := setupFor(t).Domain
	for user, want := range map[string]string{
		"anna.k": "anna.k", `CORP\Anna`: "Anna", `corp.example.com\anna`: "anna", "anna@corp.EXAMPLE.com": "anna",
		"Ännchen v. K": "Ännchen v. K",
	} {
		d.User = user
		found, err := readDomain(d)
		if err != nil || found.account != want || found.name != "corp.example.com" || string(found.password) != passwordOfUser {
			t.Errorf("%s: %v", user, err)
		}
	}
	d.User = "anna"
	must(t, os.WriteFile(d.PasswordFile, []byte(passwordOfUser+"\r\n"), 0o600))
	if found, err := readDomain(d); err != nil || string(found.password) != passwordOfUser {
		t.Errorf("a line of Windows': %v", err)
	}
	if found, err := readDomain(Domain{}); found != nil || err != nil {
		t.Errorf("no domain: %v", err)
	}
}

// stagedForDomain stages a domain's blob into an overlay, and returns how to change that.
func stagedForDomain(t *testing.T) (disk string, do func(func(*guest) error)) {
	t.Helper()
	s := setupFor(t)
	d, err := readDomain(s.Domain)
	must(t, err)
	blob, err := blobfolder.Read(s.Domain.Blob)
	must(t, err)
	defer blob.Wipe()
	disk = filepath.Join(t.TempDir(), "overlay.qcow2")
	must(t, stage(t.Context(), s.Disk, disk, blob))
	return disk, func(f func(*guest) error) {
		t.Helper()
		must(t, change(t.Context(), disk, "", func(g *guest) error {
			g.domain = d
			return f(g)
		}))
	}
}

// Windows is told to log on in the words that are documented, and nothing that was there before turns that off.
func TestWhatWindowsIsTold(t *testing.T) {
	t.Parallel()
	_, do := stagedForDomain(t)
	do(func(g *guest) error {
		return g.edit("SOFTWARE", func(h *regf.Hive) error {
			k, _, err := h.CreateKey(winlogonKey, nil)
			system, _, err2 := h.CreateKey(systemPoliciesKey, nil)
			return errors.Join(err, err2, k.SetValue("LegalNoticeText", regf.SZ, regf.TextData("Beware")),
				system.SetValue("legalnoticecaption", regf.SZ, regf.TextData("Notice")), k.SetValue("AutoLogonCount", regf.DWORD, regf.DWORDData(0)),
				k.SetValue("AutoAdminLogon", regf.SZ, regf.TextData("0")), k.SetValue("DefaultUserName", regf.SZ, regf.TextData("somebody")))
		})
	})
	do(reachDomain)
	do(logOnAtStart)
	do(logOnAtStart) // again
	do(func(g *guest) error {
		h, end, err := openHive(g.Open, g.file("System32/config/SOFTWARE"))
		must(t, err)
		defer end()
		const policies = `Policies\Microsoft\Windows NT\CurrentVersion\Winlogon`
		text := map[string]string{}
		for _, key := range []string{winlogonKey, policies, systemPoliciesKey} {
			k, err := h.Key(key)
			must(t, err)
			for v, err := range k.Values() {
				must(t, err)
				text[v.Name()], _ = v.Text()
			}
		}
		for name, want := range map[string]string{
			"AutoAdminLogon": "1", "DefaultUserName": userOfDomain, "DefaultDomainName": "corp.example.com", "DefaultPassword": passwordOfUser,
		} {
			if text[name] != want {
				t.Errorf("%s is %q", name, text[name])
			}
		}
		if _, has := text["SyncForegroundPolicy"]; !has || len(text) != 6 { // and the animation; no count and no notice
			t.Errorf("%q", slices.Sorted(maps.Keys(text)))
		}
		rule, err := g.system.Key(g.controlSet + `\Services\Dnscache\Parameters\DnsPolicyConfig\` + nrptRule)
		must(t, err)
		for name, want := range map[string][]byte{
			"GenericDNSServers": regf.TextData("192.0.2.10"), "Name": append(regf.TextData(".corp.example.com"), 0, 0),
		} {
			if v, err := rule.Value(name); err != nil {
				t.Error(err)
			} else if data, err := v.Data(); err != nil || !bytes.Equal(data, want) {
				t.Errorf("%s is %q, %v", name, data, err)
			}
		}
		return nil
	})
}

// Without a DNS server of its own the machine asks the host's resolver, and no rule says otherwise.
func TestNoServerNoRule(t *testing.T) {
	t.Parallel()
	_, do := stagedForDomain(t)
	do(func(g *guest) error {
		g.domain = &domain{name: "corp.example.com"}
		return reachDomain(g)
	})
	do(func(g *guest) error {
		if _, err := g.system.Key(g.controlSet + `\Services\Dnscache\Parameters\DnsPolicyConfig`); !errors.Is(err, regf.ErrNotFound) {
			t.Errorf("%v", err)
		}
		clock, err := g.system.Key(g.controlSet + `\Control\TimeZoneInformation`)
		must(t, err)
		if v, err := clock.Value("RealTimeIsUniversal"); err != nil {
			t.Error(err)
		} else if n, err := v.Uint32(); err != nil || n != 1 {
			t.Errorf("%d, %v", n, err)
		}
		return nil
	})
}

func TestAccountsOfADomain(t *testing.T) {
	t.Parallel()
	const domain = "S-1-5-21-1-2-3"
	for sid, want := range map[string]bool{
		domain + "-1104": true, domain: false, domain + "-": false, domain + "0-1104": false, domain + "-1104.BAK": false, domain + "-1-2": false,
		"S-1-5-21-1-2-30-500": false, "S-1-5-18": false, "": false,
	} {
		if isAccountOf(sid, domain) != want {
			t.Error(sid)
		}
	}
}

// A list that cannot be read is no word about who has logged on.
func TestASoftwareHiveThatIsDamaged(t *testing.T) {
	t.Parallel()
	disk, do := stagedForDomain(t)
	do(func(g *guest) error {
		return errors.Join(g.write("System32/config/SOFTWARE", bytes.Repeat([]byte("damaged!"), 512)),
			g.write("System32/config/SOFTWARE.LOG1", nil), g.write("System32/config/SOFTWARE.LOG2", nil))
	})
	s := &sight{}
	must(t, s.readProfiles(t.Context(), disk))
	reason, lacking := claims.IsLacking(hasLoggedOn(moment{before: &sight{}, now: s, domain: "S-1-5-21-1-2-3"}))
	if !lacking || !strings.Contains(reason, "cannot be read") {
		t.Errorf("%q", reason)
	}
}

// A machine that has not joined never gets the password: it is in no disk of such a run, also not in one that is kept.
func TestThePasswordIsForMembersOnly(t *testing.T) {
	t.Parallel()
	s := setupFor(t)
	s.Only = []string{"domain-logon"}
	for _, tt := range []struct {
		fault fault
		has   bool
	}{{fault{noMember: true}, false}, {fault{noLogon: true}, true}} {
		s.Dir = filepath.Join(t.TempDir(), "run")
		m := newSimulated(t, inProcess{})
		m.fault = tt.fault
		e, err := Run(t.Context(), m, s)
		must(t, err)
		last := e.Steps[len(e.Steps)-1]
		left := !tt.has && strings.Contains(last.Reason, "has not become a member")
		if tt.has != (last.Result == claims.Failed) || tt.has != (len(m.boots) == 2) || tt.has == left {
			t.Errorf("%+v, %d boots", last, len(m.boots))
		}
		found, files, err := forPassword(passwordOfUser).InTree(s.Dir, nil)
		must(t, err)
		disk := filepath.Join(s.Dir, "disks", "domain-logon.qcow2")
		if _, in := found[disk]; in != tt.has || len(found) > 1 || !in && len(found) > 0 || files < 5 {
			t.Errorf("the password is in %v", found)
		}
	}
}

// What was skipped for want of a domain is tried with one later, in the same folder; the rest is as it was.
func TestADomainThatIsGivenLater(t *testing.T) {
	t.Parallel()
	all := setupFor(t)
	s := Setup{Disk: sampletest.Golden(t, sample.Image{}), Dir: all.Dir, Only: []string{"tampered-blob", "domain-logon"}}
	m := newSimulated(t, inProcess{})
	_, err := Run(t.Context(), m, s)
	must(t, err)
	s.Domain = all.Domain
	e, err := Run(t.Context(), m, s)
	must(t, err)
	for _, step := range e.Steps {
		if step.Result != claims.Passed {
			t.Errorf("%+v", step)
		}
	}
	if len(m.boots) != 3 {
		t.Errorf("%d boots", len(m.boots))
	}
	s.Domain = Domain{} // its result stays
	if again, err := Run(t.Context(), m, s); err != nil || len(again.Steps) != len(e.Steps) || len(m.boots) != 3 {
		t.Errorf("%v, %d boots", err, len(m.boots))
	}
	s.Domain = all.Domain
	_, s.Domain.Blob = sampletest.BlobFor(t, "OTHER12345", 1300)
	if _, err := Run(t.Context(), m, s); err == nil || !strings.Contains(err.Error(), "another domain's blob") {
		t.Errorf("results of another domain: %v", err)
	}
}
