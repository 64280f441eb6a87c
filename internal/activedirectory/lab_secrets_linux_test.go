package activedirectory

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/jcmturner/gokrb5/v8/keytab"

	"github.com/offlinejoin/offlinejoin/internal/testenv"
)

// Whatever prints a value of this package, no password and no key is in it.
func TestNoTypeShowsASecret(t *testing.T) {
	t.Parallel()
	d := theDomain(t)
	user := logOnOf(t, d)
	ticket, err := user.serviceTicket(t.Context())
	must(t, err)
	k := &krbContext{kerberos: user, seal: true}
	_, err = k.initiate(t.Context())
	must(t, err)
	keys, err := longTermKeys("Administrator", d.env["ODJ_REALM"], d.admin())
	must(t, err)
	key, _, err := keys.key(18, nil)
	must(t, err)
	s := d.session(t)
	settings := d.settings(t, Sealed)
	for name, v := range map[string]any{
		"credential": d.admin(), "pointer to a credential": ptr(d.admin()), "session": s, "settings": settings, "DC": d.dc(),
		"query": d.query(), "tickets": user, "a ticket": ticket, "keys": keys, "a key": keyOf(key), "context": k,
		"connection": &sealedConn{context: k}, "wrapped": struct{ A, B any }{user, k},
	} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			text := fmt.Sprintf(verb, v)
			wantNoSecret(t, name+" "+verb, text, d.password())
			for _, b := range [][]byte{key.KeyValue, user.tgt.key.KeyValue, ticket.key.KeyValue} {
				wantNoSecret(t, name+" "+verb, text, string(b))
			}
		}
		text, _ := json.Marshal(v) // what cannot be encoded shows nothing
		wantNoSecret(t, name+" JSON", string(text), d.password())
		wantNoSecret(t, name+" JSON", string(text), string(user.tgt.key.KeyValue))
	}
}

func ptr[T any](v T) *T { return &v }

func logOnOf(t *testing.T, d *labDomain) *ticketCache {
	t.Helper()
	user, err := logOn(t.Context(), kdc{domain: d.domain(), service: "ldap/" + d.host(), address: d.address(), dial: d.dial}, d.admin())
	must(t, err)
	return user
}

// dialAlone is the variable that makes this test program log on with the credential that it names, and nothing else.
const dialAlone = "OFFLINEJOIN_TEST_DIAL_ALONE"

// No file is written when a user logs on: strace watches a program that does.
func TestKerberosWritesNoFile(t *testing.T) {
	t.Parallel()
	d := theDomain(t)
	if kind := os.Getenv(dialAlone); kind != "" {
		c := d.admin()
		if kind != "password" {
			c = Credential{User: "Administrator", Keytab: kind}
		}
		s, err := Dial(t.Context(), d.dc(), c, d.settings(t, Sealed))
		must(t, err)
		readsDirectory(t, d, s)
		must(t, s.Close())
		return
	}
	strace := testenv.Tool(t, "strace")
	dir := t.TempDir()
	table := filepath.Join(dir, "admin.keytab")
	d.run(t, "", "samba-tool", "domain", "exportkeytab", table, "--principal=Administrator", "-s", filepath.Join(d.dir, "etc", "smb.conf"))
	for _, kind := range []string{"password", table} {
		home := t.TempDir()
		trace := filepath.Join(t.TempDir(), "trace")
		cmd := exec.CommandContext(t.Context(), strace, "-f", "-qq", "-y", "-o", trace,
			"-e", "trace=open,openat,openat2,creat,rename,renameat,renameat2,mkdir,mkdirat,link,linkat,symlink,symlinkat,truncate,mknod,mknodat,memfd_create",
			os.Args[0], "-test.run", "^TestKerberosWritesNoFile$", "-test.count=1")
		cmd.Dir = home
		cmd.Env = append(os.Environ(), dialAlone+"="+kind, "OFFLINEJOIN_DC="+d.dir, "HOME="+home, "TMPDIR="+home, "KRB5CCNAME="+filepath.Join(home, "cc"))
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		calls, err := os.ReadFile(trace)
		must(t, err)
		if !bytes.Contains(calls, []byte("openat(")) {
			t.Errorf("strace saw nothing: %s", calls)
		}
		if kind == table && !bytes.Contains(calls, []byte(table)) {
			t.Error("strace did not see the keytab being read")
		}
		writes := regexp.MustCompile(`O_WRONLY|O_RDWR|O_CREAT|creat\(|rename|mkdir|link|truncate|mknod|memfd`)
		for line := range strings.Lines(string(calls)) {
			if writes.MatchString(line) && !strings.Contains(line, `"/dev/null"`) && !strings.Contains(line, "unlink") {
				t.Errorf("%s: %s", kind, line)
			}
		}
		if left, err := os.ReadDir(home); err != nil || len(left) > 0 {
			t.Errorf("%v %v", left, err)
		}
		wantNoSecret(t, "the trace", string(calls), d.password())
	}
	// The keys of the keytab are in no error either.
	file := keytab.New()
	data, err := os.ReadFile(table)
	must(t, err)
	must(t, file.Unmarshal(data))
	_, err = Dial(t.Context(), d.dc(), Credential{User: "nobody", Keytab: table}, d.settings(t, Sealed))
	wantRefusal(t, err, 1326, "nobody", "it has keys of Administrator")
	for _, e := range file.Entries {
		for _, form := range []string{string(e.Key.KeyValue), hex.EncodeToString(e.Key.KeyValue), base64.StdEncoding.EncodeToString(e.Key.KeyValue)} {
			if err != nil && strings.Contains(err.Error(), form) {
				t.Errorf("%q shows a key", err)
			}
		}
	}
}
