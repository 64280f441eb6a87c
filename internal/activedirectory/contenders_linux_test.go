package activedirectory

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"

	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// computersIn lists the computers below a DN, as ldapsearch sees them.
func computersIn(t testing.TB, lab *labDomain, base string) string {
	t.Helper()
	return dump(t, lab, base, "(objectClass=computer)", "dn")
}

// ou makes an OU for the test, which goes with everything in it.
func (d *labDomain) ou(t testing.TB, name string) (dn string) {
	t.Helper()
	s := d.session(t)
	dn = "OU=" + ldap.EscapeDN(name) + "," + d.base()
	r := ldap.NewAddRequest(dn, nil)
	r.Attribute("objectClass", []string{"organizationalUnit"})
	must(t, s.add(t.Context(), r))
	t.Cleanup(func() {
		s, err := Dial(context.Background(), d.dc(), d.admin(), d.settings(t, Sealed))
		if err == nil {
			gone := ldap.NewDelRequest(dn, []ldap.Control{ldap.NewControlString(treeDelete, true, "")})
			err = s.delete(context.Background(), gone)
			_ = s.Close()
		}
		if err != nil {
			t.Logf("%s stays: %v", dn, err)
		}
	})
	return dn
}

// The directory is the lock: of 16 that add one name, and of 16 that swap one marker, one succeeds.
func TestLiveAccountsContenders(t *testing.T) {
	t.Parallel()
	lab, s, d := accountsLab(t)
	ou := lab.ou(t, "Contenders")
	const contenders = 16
	sessions := []*Session{s, lab.session(t), lab.session(t), lab.session(t)}
	race := func(what string, loser winerr.Code, do func(s *Session) error) {
		t.Helper()
		errs := make([]error, contenders)
		var wait sync.WaitGroup
		for i := range contenders {
			wait.Go(func() { errs[i] = do(sessions[i%len(sessions)]) })
		}
		wait.Wait()
		won := 0
		for _, err := range errs {
			if err == nil {
				won++
				continue
			}
			wantCode(t, err, loser)
		}
		if won != 1 {
			t.Errorf("%s: %d of %d won", what, won, contenders)
		}
	}
	race("add", winerr.UserExists, func(s *Session) error {
		_, err := s.Create(t.Context(), d, New{Name: "RACE1", Container: ou, Marker: pending(), Password: labPassword()})
		return err
	})
	reset := func(a *Account) func(s *Session) error {
		return func(s *Session) error {
			_, err := s.Reset(t.Context(), a, a.Own, pending(), labPassword())
			return err
		}
	}
	a, err := s.Find(t.Context(), d, "race1")
	must(t, err)
	race("swap of a marker", winerr.Busy, reset(a))
	a, err = s.FindGUID(t.Context(), a.GUID)
	must(t, err)
	a, err = s.Mark(t.Context(), a, Marker{})
	must(t, err)
	race("swap of no description", winerr.Busy, reset(a))
	must(t, s.Delete(t.Context(), &Account{GUID: a.GUID}, false))
}

// One ACE on one OU is enough for the whole life of an account, and for nothing else.
func TestLiveAccountsOfADelegatedUser(t *testing.T) {
	t.Parallel()
	lab, admin, d := accountsLab(t)
	ctx, ou := t.Context(), lab.ou(t, "Delegated")
	who := lab.user(t, "delegate")
	sids, err := admin.Owners(ctx, d, []string{"delegate"})
	must(t, err)
	lab.run(t, "", "samba-tool", "dsacl", "set", "-H", lab.dir+"/private/sam.ldb", "-s", lab.dir+"/etc/smb.conf", "--action=allow", "--objectdn="+ou,
		"--sddl=(OA;CI;CC;bf967a86-0de6-11d0-a285-00aa003049e2;;"+sids[0]+")")
	s, err := Dial(ctx, lab.dc(), who, lab.settings(t, Sealed))
	must(t, err)
	defer func() { _ = s.Close() }()
	if me, err := s.WhoAmI(ctx); err != nil || me != sids[0] {
		t.Errorf("who am I: %s, %v", me, err)
	}
	for dn, may := range map[string]bool{ou: true, "": false} {
		if c, err := s.Container(ctx, d, dn); err != nil || c.MayCreate != may {
			t.Errorf("%q: %+v, %v", dn, c, err)
		}
	}
	a, err := s.Create(ctx, d, New{Name: "DELEG1", Container: ou, Description: "mine", Marker: pending(), Password: labPassword()})
	must(t, err)
	if a.OwnerSID != sids[0] || MayReuse(a, d, Asker{SID: sids[0]}) != nil {
		t.Errorf("the owner is %s", a.OwnerSID)
	}
	a, err = s.Reset(ctx, a, a.Own, pending(), labPassword())
	must(t, err)
	a, err = s.Mark(ctx, a, a.Marker.With(MarkerStaged, time.Now()))
	must(t, err)
	a, err = s.Disable(ctx, a)
	must(t, err)
	a, err = s.Enable(ctx, a)
	must(t, err)
	must(t, s.Delete(ctx, a, true))

	_, err = s.Create(ctx, d, New{Name: "DELEG2", Container: d.Computers, Marker: pending(), Password: labPassword()})
	wantCode(t, err, winerr.AccessDenied, "Create Computer objects", d.Computers)
	foreign, err := admin.Create(ctx, d, New{Name: "DELEG3", Container: ou, Marker: pending(), Password: labPassword()})
	must(t, err)
	before := dump(t, lab, foreign.DN, "(objectClass=*)")
	seen, err := s.FindGUID(ctx, foreign.GUID)
	must(t, err)
	_, err = s.Reset(ctx, seen, "", pending(), labPassword())
	wantCode(t, err, winerr.AccessDenied)
	_, err = s.Mark(ctx, seen, Marker{})
	wantCode(t, err, winerr.AccessDenied)
	_, err = s.Disable(ctx, seen)
	wantCode(t, err, winerr.AccessDenied)
	wantCode(t, s.Delete(ctx, seen, true), winerr.AccessDenied)
	if after := dump(t, lab, foreign.DN, "(objectClass=*)"); after != before {
		t.Errorf("a foreign account has changed:\n%s\n%s", before, after)
	}
	if list := computersIn(t, lab, lab.base()); strings.Contains(list, "DELEG2") || strings.Contains(list, "DELEG1") {
		t.Errorf("left: %s", list)
	}
}

// OUs with every character that means something in a DN, and names that are filters: what is made is where it was asked for,
// and nothing else is found.
func TestLiveAccountsHostileNames(t *testing.T) {
	t.Parallel()
	lab, s, d := accountsLab(t)
	ctx := t.Context()
	for i, name := range []string{`a,b+c#d"e\g`, "#first", " Zürich 東京 ", "x;z<>", "(*)"} {
		ou := lab.ou(t, strings.TrimSpace(name))
		c, err := s.Container(ctx, d, strings.Replace(ou, "OU=", "ou=", 1))
		must(t, err)
		machine := fmt.Sprintf("HOST-%d", i)
		a, err := s.Create(ctx, d, New{Name: machine, Container: c.DN, Marker: pending(), Password: labPassword()})
		must(t, err)
		if !a.In(ou) || !a.In(c.DN) || !withinDN(a.DN, d.DN) {
			t.Errorf("%s is not in %s", a.DN, ou)
		}
		if list := computersIn(t, lab, ou); strings.Count(list, "dn:") != 1 {
			t.Errorf("ldapsearch finds in %s:\n%s", ou, list)
		}
	}
	for _, filter := range []string{"*", "HOST-0)(cn=*", "HOST-*", `HOST-\2a`, ")(objectClass=*", "HOST-0$)(|(cn=a", "\x00"} {
		if a, err := s.Find(ctx, d, filter); err != nil || a != nil {
			t.Errorf("%q finds %+v, %v", filter, a, err)
		}
	}
	for _, bad := range []string{"12345", "A234567890123456", "a.b", "wéb01", "x,OU=Domain Controllers", "CN=x"} {
		wantCode(t, CheckNewName(bad), winerr.InvalidMachineNameForJoin)
	}
}

// Certification authorities of the forest, each once.
func TestLiveAccountsRootCAs(t *testing.T) {
	t.Parallel()
	lab, s, d := accountsLab(t)
	before, err := s.RootCAs(t.Context(), d)
	must(t, err)
	der := []byte(lab.run(t, "", "openssl", "x509", "-in", lab.dir+"/ca.pem", "-outform", "DER"))
	for i, name := range []string{"ODJ test CA", "ODJ test CA again", "without a certificate"} {
		r := ldap.NewAddRequest("CN="+name+","+authorities+d.Configuration, nil)
		r.Attribute("objectClass", []string{"certificationAuthority"})
		cert := string(der)
		if i == 2 {
			cert = "\x00"
		}
		r.Attribute("cACertificate", []string{cert})
		r.Attribute("authorityRevocationList", []string{"\x00"})
		r.Attribute("certificateRevocationList", []string{"\x00"})
		must(t, s.add(t.Context(), r))
		t.Cleanup(func() {
			if again, err := Dial(context.Background(), lab.dc(), lab.admin(), lab.settings(t, Sealed)); err == nil {
				_ = again.delete(context.Background(), ldap.NewDelRequest(r.DN, nil))
				_ = again.Close()
			}
		})
	}
	all, err := s.RootCAs(t.Context(), d)
	if err != nil || len(all) != len(before)+1 || string(all[len(all)-1]) != string(der) && string(all[0]) != string(der) {
		t.Errorf("%d certificates after %d, %v", len(all), len(before), err)
	}
}

// A service principal name that another account has: the sentence names the holder.
func TestLiveAccountsNameHolder(t *testing.T) {
	t.Parallel()
	lab, s, d := accountsLab(t)
	ou := lab.ou(t, "Holders")
	a, err := s.Create(t.Context(), d, New{Name: "HOLDER", Container: ou, Marker: pending(), Password: labPassword()})
	must(t, err)
	dn, err := guidDN(a.GUID)
	must(t, err)
	r := ldap.NewModifyRequest(dn, nil)
	r.Add("servicePrincipalName", []string{"HOST/WANTED", "HOST/wanted.odj.test"})
	must(t, s.modify(t.Context(), r))
	_, err = s.Create(t.Context(), d, New{Name: "WANTED", Container: ou, Marker: pending(), Password: labPassword()})
	wantCode(t, err, winerr.SPNValueNotUnique, "CN=HOLDER")
	if found, err := s.Find(t.Context(), d, "WANTED"); found != nil || err != nil {
		t.Errorf("%+v, %v", found, err)
	}
}

// What has the name of an account in its OU already, of whatever kind, is found before the account is made, by a user who may
// read no more than everybody.
func TestLiveAccountsNamed(t *testing.T) {
	t.Parallel()
	lab, admin, d := accountsLab(t)
	ou := lab.ou(t, "Named")
	s, err := Dial(t.Context(), lab.dc(), lab.user(t, "namereader"), lab.settings(t, Sealed))
	must(t, err)
	defer func() { _ = s.Close() }()
	for i, row := range []struct {
		rdn, kind  string
		attributes map[string]string
	}{
		{"CN=NAMED0", "contact", map[string]string{"objectClass": "contact"}},
		{"CN=NAMED1", "group", map[string]string{"objectClass": "group", "sAMAccountName": "other group"}},
		{"CN=NAMED2", "user", map[string]string{"objectClass": "user", "sAMAccountName": "other user"}},
		{"OU=NAMED3", "organizational unit", map[string]string{"objectClass": "organizationalUnit"}},
		{"CN=NAMED4", "computer with another account name", map[string]string{
			"objectClass": "computer", "sAMAccountName": "OTHER4$", "userAccountControl": "4096",
		}},
	} {
		name := "NAMED" + string(rune('0'+i))
		if found, err := s.Named(t.Context(), ou, name); found != nil || err != nil {
			t.Errorf("%s, before it is there: %+v, %v", name, found, err)
		}
		r := ldap.NewAddRequest(row.rdn+","+ou, nil)
		for attribute, value := range row.attributes {
			r.Attribute(attribute, []string{value})
		}
		must(t, admin.add(t.Context(), r))
		found, err := s.Named(t.Context(), ou, strings.ToLower(name))
		if err != nil || found == nil || found.DN != row.rdn+","+ou || found.Kind != row.kind {
			t.Errorf("%s: %+v, %v", name, found, err)
		}
		if found, err := s.Named(t.Context(), d.Computers, name); found != nil || err != nil {
			t.Errorf("%s, in another container: %+v, %v", name, found, err)
		}
	}
}

// The sites of the forest are seen by a user who may read no more than everybody.
func TestLiveAccountsSites(t *testing.T) {
	t.Parallel()
	lab, _, d := accountsLab(t)
	s, err := Dial(t.Context(), lab.dc(), lab.user(t, "sitereader"), lab.settings(t, Sealed))
	must(t, err)
	defer func() { _ = s.Close() }()
	names, all, err := s.Sites(t.Context(), d)
	if err != nil || !all || len(names) != 1 || names[0] != "Default-First-Site-Name" {
		t.Errorf("%q, all: %v, %v", names, all, err)
	}
	d.Configuration = "CN=Nowhere," + d.Configuration
	if names, all, err := s.Sites(t.Context(), d); err != nil || all || len(names) != 0 {
		t.Errorf("without a container: %q, all: %v, %v", names, all, err)
	}
}
