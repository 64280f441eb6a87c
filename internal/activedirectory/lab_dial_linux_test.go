package activedirectory

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-ldap/ldap/v3"

	"github.com/offlinejoin/offlinejoin/internal/testenv"
)

func TestLocateFindsTheLiveController(t *testing.T) {
	t.Parallel()
	d := theDomain(t)
	for name, change := range map[string]func(*Query){
		"by DNS":              func(*Query) {},
		"by a site":           func(q *Query) { q.Site = d.env["ODJ_SITE"] },
		"by an unknown site":  func(q *Query) { q.Site = "Nowhere" },
		"by name":             func(q *Query) { q.DC = strings.ToUpper(d.host()) + "." },
		"of a shouted domain": func(q *Query) { q.Domain = strings.ToUpper(d.domain()) + "." },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			q := d.query()
			change(&q)
			dc, notes, err := Locate(t.Context(), q)
			if err != nil {
				t.Fatalf("%v %v", err, notes)
			}
			if dc.Host != d.host() || dc.Address != d.address() || dc.Domain != d.domain() || dc.Forest != d.domain() ||
				dc.NetBIOS != d.env["ODJ_DOMAIN"] || dc.Site != d.env["ODJ_SITE"] || !dc.Writable() || len(dc.DomainGUID) != 36 {
				t.Errorf("%+v", dc)
			}
			if (len(notes) > 0) != (q.Site == "Nowhere") {
				t.Errorf("notes %q", notes)
			}
		})
	}
	all, notes, err := Controllers(t.Context(), d.query())
	if err != nil || len(all) == 0 || all[0].Host != d.host() {
		t.Errorf("Controllers: %v %v %v", all, notes, err)
	}
}

// readsDirectory proves that a session is logged on: the base object is not for anonymous readers.
func readsDirectory(t *testing.T, d *labDomain, s *Session) {
	t.Helper()
	r, err := s.search(t.Context(), ldap.NewSearchRequest(d.base(), ldap.ScopeBaseObject, ldap.NeverDerefAliases, 0, 0, false,
		"(objectClass=*)", []string{"objectSid", "distinguishedName"}, nil))
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Entries) != 1 || !strings.EqualFold(r.Entries[0].DN, d.base()) || len(r.Entries[0].GetRawAttributeValue("objectSid")) == 0 {
		t.Errorf("%v", r.Entries)
	}
}

func TestDialEveryWay(t *testing.T) {
	t.Parallel()
	d := theDomain(t)
	keytab := filepath.Join(t.TempDir(), "admin.keytab")
	d.run(t, "", "samba-tool", "domain", "exportkeytab", keytab, "--principal=Administrator",
		"-s", filepath.Join(d.dir, "etc", "smb.conf"))
	cache := filepath.Join(t.TempDir(), "cache")
	d.run(t, d.password()+"\n", "kinit", "-c", "FILE:"+cache, "Administrator@"+d.env["ODJ_REALM"])

	credentials := map[string]Credential{
		"password":                   d.admin(),
		"password of user@domain":    {User: "administrator@" + d.domain(), Password: d.admin().Password},
		"keytab":                     {User: "administrator", Keytab: keytab},
		"credential cache":           {CCache: "FILE:" + cache},
		"credential cache of a user": {User: "administrator", CCache: cache},
	}
	for _, security := range Securities() {
		for name, c := range credentials {
			t.Run(string(security)+" Kerberos by "+name, func(t *testing.T) {
				t.Parallel()
				s, err := Dial(t.Context(), d.dc(), c, d.settings(t, security))
				if err != nil {
					t.Fatal(err)
				}
				readsDirectory(t, d, s)
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			})
		}
		if security == Sealed {
			continue
		}
		t.Run(string(security)+" simple", func(t *testing.T) {
			t.Parallel()
			settings := d.settings(t, security)
			settings.Simple = true
			s, err := Dial(t.Context(), d.dc(), d.admin(), settings)
			if err != nil {
				t.Fatal(err)
			}
			readsDirectory(t, d, s)
			must(t, s.Close())
		})
	}
}

// A newer Samba that demands channel bindings, as Windows does with LdapEnforceChannelBinding=2, accepts ours and refuses
// a build that sends none or a wrong one. `make check-domains` builds and starts it.
func TestChannelBinding(t *testing.T) {
	t.Parallel()
	root := os.Getenv("OFFLINEJOIN_NEWER_DC")
	if root == "" {
		t.Skip("skipped: OFFLINEJOIN_NEWER_DC is not set (make check-domains)")
	}
	d := &labDomain{root: root, dir: "/dc", lab: filepath.Dir(testenv.Shared(t, "lab/dc-up.sh"))}
	must(t, d.readEnv())
	for _, security := range Securities() {
		t.Run(string(security), func(t *testing.T) {
			t.Parallel()
			s, err := Dial(t.Context(), d.dc(), d.admin(), d.settings(t, security))
			must(t, err)
			readsDirectory(t, d, s)
			must(t, s.Close())
		})
	}
	spoils := map[string]func([]byte) []byte{
		"none":    func([]byte) []byte { return nil },
		"zeroed":  func(b []byte) []byte { return make([]byte, len(b)) },
		"flipped": func(b []byte) []byte { c := append([]byte{}, b...); c[len(c)-1] ^= 1; return c },
	}
	for name, spoil := range spoils {
		for _, security := range []Security{LDAPS, StartTLS} {
			t.Run(string(security)+" with a binding that is "+name, func(t *testing.T) {
				t.Parallel()
				settings := d.settings(t, security)
				settings.spoil = spoil
				_, err := Dial(t.Context(), d.dc(), d.admin(), settings)
				wantRefusal(t, err, 2718, "channel binding", "security to sealed", "80090346")
			})
		}
	}
}
