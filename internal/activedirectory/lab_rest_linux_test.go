package activedirectory

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/go-ldap/ldap/v3"
)

// simple is a way to log on beside Kerberos.
func simple(s *Settings) { s.Security, s.Simple = LDAPS, true }

// local runs a command of samba-tool on the controller's own database.
func (d *labDomain) local(t testing.TB, args ...string) string {
	t.Helper()
	return d.run(t, "", append(append([]string{"samba-tool"}, args...), "-s", filepath.Join(d.dir, "etc", "smb.conf"),
		"-H", filepath.Join(d.dir, "private", "sam.ldb"))...)
}

// A user who is locked out after wrong passwords, by rules of its own. By Kerberos Samba gives no status with it, so that the
// sentence names all that it can be. (Samba 4.17 takes no password for expired whose pwdLastSet was set back in its database:
// that answer is in the table from sources.)
func TestUserThatIsLockedOut(t *testing.T) {
	t.Parallel()
	d := theDomain(t)
	d.local(t, "domain", "passwordsettings", "pso", "create", "oad-rules", "7", "--account-lockout-threshold=3", "--account-lockout-duration=30",
		"--reset-account-lockout-after=30", "--min-pwd-age=0", "--max-pwd-age=0", "--min-pwd-length=4", "--history-length=0", "--complexity=off",
		"--store-plaintext=off")
	t.Cleanup(func() { // the context of a test has ended by then
		remove := exec.Command(filepath.Join(d.dir, "exec"), "samba-tool", "domain", "passwordsettings", "pso", "delete", "oad-rules",
			"-s", filepath.Join(d.dir, "etc", "smb.conf"), "-H", filepath.Join(d.dir, "private", "sam.ldb"))
		if out, err := remove.CombinedOutput(); err != nil {
			t.Errorf("%v %s", err, out)
		}
	})
	locked := d.user(t, "oad-locked")
	d.local(t, "domain", "passwordsettings", "pso", "apply", "oad-rules", "oad-locked")
	wrong := Credential{User: "oad-locked", Password: NewSecret([]byte("wrong.Passw0rd"))}
	for range 4 {
		settings := d.settings(t, Sealed)
		if _, err := Dial(t.Context(), d.dc(), wrong, settings); err == nil {
			t.Fatal("a wrong password is accepted")
		}
	}
	for _, row := range []struct {
		name  string
		user  Credential
		way   func(*Settings)
		code  int
		words []string
	}{
		{"locked out, Kerberos", locked, func(*Settings) {}, 1331, []string{"locked out", "Kerberos error 18"}},
		{"locked out, simple", locked, simple, 1909, []string{"775"}},
	} {
		settings := d.settings(t, Sealed)
		row.way(&settings)
		_, err := Dial(t.Context(), d.dc(), row.user, settings)
		t.Log(row.name, err)
		if err == nil || !strings.Contains(err.Error(), "("+strconv.Itoa(row.code)+" ") {
			t.Errorf("%s: %v, want %d", row.name, err, row.code)
			continue
		}
		for _, w := range row.words {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("%s: %v does not say %q", row.name, err, w)
			}
		}
		wantNoSecret(t, "the error", err.Error(), userPassword)
	}
}

// A user of another realm is told so, by each kind of credential, before anything is sent.
func TestUsersOfAnotherRealm(t *testing.T) {
	t.Parallel()
	d := theDomain(t)
	dir := t.TempDir()
	table, cache := filepath.Join(dir, "keytab"), filepath.Join(dir, "cache")
	d.run(t, "", "samba-tool", "domain", "exportkeytab", table, "--principal=Administrator", "-s", filepath.Join(d.dir, "etc", "smb.conf"))
	d.run(t, d.password()+"\n", "kinit", "-c", "FILE:"+cache, "Administrator@"+d.env["ODJ_REALM"])
	for _, file := range []string{table, cache} { // as of a realm whose name is as long
		data, err := os.ReadFile(file)
		must(t, err)
		changed := bytes.ReplaceAll(data, []byte("ODJ.TEST"), []byte("XDJ.TEST"))
		if bytes.Equal(changed, data) {
			t.Fatalf("%s does not name its realm", file)
		}
		must(t, os.WriteFile(file, changed, 0o600))
	}
	for name, row := range map[string]struct {
		c     Credential
		code  int
		words []string
	}{
		"password": {Credential{User: "someone@other.example.com", Password: NewSecret([]byte("not.a-Passw0rd"))}, 50, []string{"another domain", "other.example.com"}},
		"keytab":   {Credential{User: "Administrator", Keytab: table}, 1326, []string{"no AES key of", "ODJ.TEST"}},
		"cache":    {Credential{CCache: cache}, 50, []string{"realm XDJ.TEST", "not of ODJ.TEST"}},
	} {
		_, err := Dial(t.Context(), d.dc(), row.c, d.settings(t, Sealed))
		t.Log(name, err)
		if err == nil || !strings.Contains(err.Error(), "("+strconv.Itoa(row.code)+" ") {
			t.Errorf("%s: %v, want %d", name, err, row.code)
			continue
		}
		for _, w := range row.words {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("%s: %v does not say %q", name, err, w)
			}
		}
	}
}

// With the quota 0, as is advised, a user without a right on an OU makes nothing, and one with the right does. (Samba has no quota
// to use up: its answer to the first is that of a missing right.)
func TestQuotaZero(t *testing.T) {
	t.Parallel()
	lab, admin, d := accountsLab(t)
	r := ldap.NewModifyRequest(lab.base(), nil)
	r.Replace("ms-DS-MachineAccountQuota", []string{"0"})
	must(t, admin.modify(t.Context(), r))
	ou := lab.ou(t, "Quota zero")
	who := lab.user(t, "oad-quota")
	s, err := Dial(t.Context(), lab.dc(), who, lab.settings(t, Sealed))
	must(t, err)
	defer func() { _ = s.Close() }()
	n := New{Name: "QUOTA0", Container: d.Computers, Marker: pending(), Password: labPassword()}
	_, err = s.Create(t.Context(), d, n)
	wantCode(t, err, 5, "Create Computer objects")
	n.Container = ou
	_, err = s.Create(t.Context(), d, n)
	wantCode(t, err, 5, "Create Computer objects", "Quota zero")
	sids, err := admin.Owners(t.Context(), d, []string{"oad-quota"})
	must(t, err)
	lab.run(t, "", "samba-tool", "dsacl", "set", "-H", lab.dir+"/private/sam.ldb", "-s", lab.dir+"/etc/smb.conf", "--action=allow",
		"--objectdn="+ou, "--sddl=(OA;CI;CC;bf967a86-0de6-11d0-a285-00aa003049e2;;"+sids[0]+")")
	a, err := s.Create(t.Context(), d, n)
	must(t, err)
	must(t, s.Delete(t.Context(), a, false))
}

// The longest name, in an OU of a name with all that needs an escape, and an account found by each spelling of its own name.
func TestLongestNameInAnOddOU(t *testing.T) {
	t.Parallel()
	lab, s, d := accountsLab(t)
	ou := lab.ou(t, "Zürich \"A, B\" + ی\u200cک")
	c, err := s.Container(t.Context(), d, ou)
	must(t, err)
	a, err := s.Create(t.Context(), d, New{Name: "abcdefghijklm-5", Container: c.DN, Marker: pending(), Password: labPassword()})
	must(t, err)
	if a.Name != "ABCDEFGHIJKLM-5" || !a.In(ou) || !a.In(c.DN) || a.DNSHostName != "abcdefghijklm-5.odj.test" {
		t.Errorf("%+v", a)
	}
	_, err = s.Create(t.Context(), d, New{Name: "abcdefghijklmn-6", Container: c.DN, Marker: pending(), Password: labPassword()})
	if err == nil {
		t.Log("Samba makes an account with a name of 16 characters: CheckNewName stands before it")
	}
	wantCode(t, CheckNewName("abcdefghijklmn-6"), 2724)
	for _, dn := range []string{"CN=ABCDEFGHIJKLM-5," + ou, "cn=abcdefghijklm-5, " + strings.Replace(ou, "OU=", "ou=", 1), "CN=ABCDEFGHIJKLM-5," + c.DN} {
		found, err := s.FindDN(t.Context(), dn)
		if err != nil || found == nil || found.GUID != a.GUID {
			t.Errorf("%q: %+v, %v", dn, found, err)
		}
	}
	if found, err := s.FindDN(t.Context(), "CN=NOBODY,"+ou); found != nil || err != nil {
		t.Errorf("%+v, %v", found, err)
	}
	_, err = s.FindDN(t.Context(), "nonsense")
	wantCode(t, err, 87)
	if list := dump(t, lab, lab.base(), "(sAMAccountName=ABCDEFGHIJKLM-5$)", "dNSHostName"); strings.Count(list, "dNSHostName: abcdefghijklm-5.odj.test\n") != 1 {
		t.Errorf("ldapsearch prints %s", list)
	}
}

// An administrator changes the description while a run works on the account: no swap of the marker goes through any more, and
// what the administrator wrote stays.
func TestDescriptionThatAnAdministratorChanged(t *testing.T) {
	t.Parallel()
	lab, s, d := accountsLab(t)
	a, err := s.Create(t.Context(), d, New{Name: "DESCR1", Container: lab.ou(t, "Descriptions"), Description: "mine", Marker: pending(), Password: labPassword()})
	must(t, err)
	for _, text := range []string{"bought in 2026", a.Own + " " + a.Marker.String() + " and more", ""} {
		dn, err := guidDN(a.GUID)
		must(t, err)
		r := ldap.NewModifyRequest(dn, nil)
		var values []string
		if text != "" {
			values = []string{text}
		}
		r.Replace("description", values)
		must(t, s.modify(t.Context(), r))
		_, err = s.Mark(t.Context(), a, a.Marker.With(MarkerStaged, a.Marker.At))
		wantCode(t, err, 170)
		now, err := s.FindGUID(t.Context(), a.GUID)
		must(t, err)
		if now.Own != text || !now.Marker.IsZero() || now.PasswordLastSet != a.PasswordLastSet {
			t.Errorf("%q: %+v", text, now)
		}
		if now, err = s.Reset(t.Context(), now, now.Own, pending(), labPassword()); err != nil || now.Own != text || now.Marker.IsZero() {
			t.Errorf("%q, then a reset: %+v, %v", text, now, err)
		}
		a = now
	}
	must(t, s.Delete(t.Context(), a, false))
}

// A controller that has an address of IPv6 alone, by a name that leads there; `make check-domains` starts it.
func TestControllerByIPv6(t *testing.T) {
	t.Parallel()
	dir := os.Getenv("OFFLINEJOIN_IPV6_DC")
	if dir == "" {
		t.Skip("skipped: OFFLINEJOIN_IPV6_DC is not set (make check-domains)")
	}
	d := &labDomain{dir: dir}
	must(t, d.readEnv())
	d.env["ODJ_IP"] = "::1"
	q := d.query()
	q.DC = d.host()
	dc, notes, err := Locate(t.Context(), q)
	if err != nil || dc.Address != "::1" || !dc.Writable() {
		t.Fatalf("%+v, %v, %v", dc, notes, err)
	}
	for _, security := range Securities() {
		s, err := Dial(t.Context(), dc, d.admin(), d.settings(t, security))
		must(t, err)
		readsDirectory(t, d, s)
		must(t, s.Close())
	}
	q.DC = ""
	if dc, notes, err = Locate(t.Context(), q); err != nil || dc.Address != "::1" {
		t.Errorf("by DNS: %+v, %v, %v", dc, notes, err)
	}
	for _, literal := range []string{"::1", "[::1]", "fd00::53", "fe80::1%lo"} {
		q.DC = literal
		_, _, err := Locate(t.Context(), q)
		wantRefusal(t, err, 87, "not a full name", "Kerberos needs")
	}
}
