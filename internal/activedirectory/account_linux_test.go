package activedirectory

import (
	"strings"
	"testing"
	"time"

	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// accountsLab is the live domain with a session of its administrator.
func accountsLab(t testing.TB) (*labDomain, *Session, Domain) {
	t.Helper()
	lab := theDomain(t)
	s := lab.session(t)
	d, err := s.Domain(t.Context())
	must(t, err)
	return lab, s, d
}

// labPassword is a password for accounts that are made and deleted.
func labPassword() []uint16 {
	p := make([]uint16, 120)
	for i := range p {
		p[i] = uint16('!' + (i*7+int(time.Now().UnixNano()))%90)
	}
	return p
}

// dump is the whole of an object as ldapsearch prints it, "" when it is not there.
func dump(t testing.TB, lab *labDomain, base, filter string, attributes ...string) string {
	t.Helper()
	args := append([]string{
		"ldapsearch", "-LLL", "-x", "-o", "ldif-wrap=no", "-H", "ldaps://" + lab.host(), "-D", "Administrator@" + lab.domain(),
		"-w", lab.password(), "-b", base, filter,
	}, attributes...)
	return lab.run(t, "", args...)
}

func TestLiveAccountsDomain(t *testing.T) {
	t.Parallel()
	lab, s, d := accountsLab(t)
	if d.DNSName != "odj.test" || d.NetBIOSName != "ODJ" || d.DN != "DC=odj,DC=test" || d.Computers != "CN=Computers,DC=odj,DC=test" ||
		d.ForestSID != d.SID || d.Configuration != "CN=Configuration,DC=odj,DC=test" {
		t.Errorf("%+v", d)
	}
	sid := strings.TrimSpace(lab.run(t, "", "sh", "-c", "net -s $ODJ_DIR/client/smb.conf ads search -U Administrator%$ODJ_ADMINPASS '(objectClass=domainDNS)' "+
		"objectSid objectGUID | sed -n 's/^object[A-Z]*[a-z]*: //p' | tr '\\n' ' '"))
	if !strings.Contains(sid, d.SID) || !strings.Contains(sid, d.GUID) {
		t.Errorf("net ads search prints %q, and the domain is %s %s", sid, d.SID, d.GUID)
	}
	me, err := s.WhoAmI(t.Context())
	if err != nil || me != d.SID+"-500" {
		t.Errorf("who am I: %q, %v", me, err)
	}
	owners, err := s.Owners(t.Context(), d, []string{`ODJ\Domain Admins`, "Guest", "S-1-5-32-544"})
	if err != nil || strings.Join(owners, " ") != d.SID+"-512 "+d.SID+"-501 S-1-5-32-544" {
		t.Errorf("owners %v, %v", owners, err)
	}
	_, err = s.Owners(t.Context(), d, []string{"nobody*"})
	wantCode(t, err, winerr.NoSuchUser)
}

func TestLiveAccountsContainer(t *testing.T) {
	t.Parallel()
	_, s, d := accountsLab(t)
	c, err := s.Container(t.Context(), d, "")
	if err != nil || c.DN != d.Computers || !c.MayCreate {
		t.Errorf("%+v, %v", c, err)
	}
	if c, err = s.Container(t.Context(), d, "ou=workstations,dc=odj,dc=test"); err != nil || c.DN != "OU=Workstations,DC=odj,DC=test" {
		t.Errorf("%+v, %v", c, err)
	}
	_, err = s.Container(t.Context(), d, "OU=Web,OU=Workstations,DC=odj,DC=test")
	wantCode(t, err, winerr.FileNotFound, "OU=Workstations,DC=odj,DC=test does")
	_, err = s.Container(t.Context(), d, "OU=Web,DC=example,DC=com")
	wantCode(t, err, winerr.InvalidParameter, "not in the domain odj.test")
	_, err = s.Container(t.Context(), d, "Workstations")
	wantCode(t, err, winerr.InvalidParameter)
}

// The whole life of an account, as ldapsearch sees it.
func TestLiveAccountsLife(t *testing.T) {
	t.Parallel()
	lab, s, d := accountsLab(t)
	ctx, m := t.Context(), pending()
	n := New{Name: "life01", Container: d.Computers, Description: "first of the line", Marker: m, Password: labPassword()}
	a, err := s.Create(ctx, d, n)
	if err != nil {
		t.Fatal(err)
	}
	if live, _ := a.Live(); live || a.Name != "LIFE01" || a.Marker != m || a.Own != n.Description || !a.Computer ||
		a.OwnerSID != d.SID+"-512" || a.PasswordLastSet == 0 || a.Rid() < 1000 || !a.In(d.Computers) || a.Disabled() {
		t.Errorf("%+v", a)
	}
	text := dump(t, lab, a.DN, "(objectClass=computer)")
	for _, line := range []string{
		"sAMAccountName: LIFE01$", "dNSHostName: life01.odj.test", "servicePrincipalName: HOST/LIFE01",
		"servicePrincipalName: RestrictedKrbHost/life01.odj.test", "userAccountControl: 4096", "description: first of the line " + m.String(),
	} {
		if !strings.Contains(text, line+"\n") {
			t.Errorf("ldapsearch does not print %q but\n%s", line, text)
		}
	}
	_, err = s.Create(ctx, d, n)
	wantCode(t, err, winerr.UserExists)

	now := m.With(MarkerPending, time.Now())
	now.Run = NewRun()
	b, err := s.Reset(ctx, a, a.Own, now, labPassword())
	if err != nil || b.PasswordLastSet == a.PasswordLastSet || b.Marker != now || b.Own != a.Own {
		t.Errorf("reset: %+v, %v", b, err)
	}
	_, err = s.Reset(ctx, a, a.Own, m.With(MarkerFailed, time.Now()), labPassword()) // as it was seen before
	wantCode(t, err, winerr.Busy, now.String())
	if b, err = s.Mark(ctx, b, now.With(MarkerStaged, time.Now())); err != nil || b.Marker.State != MarkerStaged {
		t.Errorf("mark: %+v, %v", b, err)
	}
	marked, err := s.Marked(ctx, d, []MarkerState{MarkerStaged}, func(a *Account) bool { return a.Marker.Run == now.Run })
	if err != nil || len(marked) != 1 || marked[0].GUID != b.GUID {
		t.Errorf("marked: %v, %v", marked, err)
	}
	if b, err = s.Mark(ctx, b, Marker{}); err != nil || !b.Marker.IsZero() || b.Own != n.Description {
		t.Errorf("unmark: %+v, %v", b, err)
	}
	if b, err = s.Disable(ctx, b); err != nil || !b.Disabled() {
		t.Errorf("disable: %+v, %v", b, err)
	}
	if b, err = s.Reset(ctx, b, b.Own, m, labPassword()); err != nil || b.Disabled() {
		t.Errorf("reset of a disabled account: %+v, %v", b, err)
	}
	if err := s.Delete(ctx, b, false); err != nil {
		t.Fatal(err)
	}
	wantCode(t, s.Delete(ctx, b, false), winerr.FileNotFound)
	if a, err := s.FindGUID(ctx, b.GUID); a != nil || err != nil {
		t.Errorf("found after deletion: %+v, %v", a, err)
	}
	_, err = s.Mark(ctx, b, now)
	wantCode(t, err, winerr.FileNotFound)
}
