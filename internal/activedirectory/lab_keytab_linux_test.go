package activedirectory

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/go-ldap/ldap/v3"
	"github.com/jcmturner/gokrb5/v8/keytab"

	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// A keytab that is of no use is named, with what is wrong with it and how to make another: it is too old, it is of somebody else,
// or it has no key of a type that both sides take. One with keys of one type alone is used with that.
func TestKeytabsOfNoUse(t *testing.T) {
	t.Parallel()
	d := theDomain(t)
	dir := t.TempDir()
	const name, someOther = "oad-keytab", "oad-keytab2"
	c := d.user(t, name)
	d.user(t, someOther)
	export := func(user string) string {
		path := filepath.Join(dir, user+".keytab")
		d.run(t, "", "samba-tool", "domain", "exportkeytab", path, "--principal="+user, "-s", filepath.Join(d.dir, "etc", "smb.conf"))
		return path
	}
	whole, other := export(name), export(someOther)
	only := func(etype int32) string {
		content, err := os.ReadFile(whole)
		must(t, err)
		all, some := keytab.New(), keytab.New()
		must(t, all.Unmarshal(content))
		for _, e := range all.Entries {
			if e.Key.KeyType == etype {
				some.Entries = append(some.Entries, e)
			}
		}
		content, err = some.Marshal()
		must(t, err)
		path := filepath.Join(dir, "some.keytab")
		must(t, os.WriteFile(path, content, 0o600))
		return path
	}
	logsOn := func(what, path string) {
		t.Helper()
		s, err := Dial(t.Context(), d.dc(), Credential{User: name, Keytab: path}, d.settings(t, Sealed))
		if err != nil {
			t.Errorf("%s: %v", what, err)
			return
		}
		must(t, s.Close())
	}
	refused := func(what, path string, code winerr.Code, words ...string) {
		t.Helper()
		_, err := Dial(t.Context(), d.dc(), Credential{User: name, Keytab: path}, d.settings(t, Sealed))
		t.Logf("%s: %v", what, err)
		wantRefusal(t, err, code, append(words, path, name, "make it again with ktpass")...)
	}
	logsOn("whole", whole)
	logsOn("AES-256 alone", only(18))
	logsOn("AES-128 alone", only(17))
	refused("RC4 alone", only(23), 1326, "RC4 alone", "allow AES")
	refused("of another user", other, 1326, "no AES key of "+name, "it has keys of "+someOther)

	r := ldap.NewModifyRequest("CN="+name+",CN=Users,"+d.base(), nil)
	r.Replace("unicodePwd", []string{utf16LE(`"` + c.Password.reveal() + `x"`)})
	must(t, d.session(t).modify(t.Context(), r))
	refused("too old", whole, 1326, "the password was set since the keytab was made", "tried once only", "has the version ")
}
