package activedirectory

import (
	"bytes"
	"context"
	"encoding/binary"
	"go/parser"
	"go/token"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jcmturner/gofork/encoding/asn1"
	"github.com/jcmturner/gokrb5/v8/iana/patype"
	"github.com/jcmturner/gokrb5/v8/keytab"
	"github.com/jcmturner/gokrb5/v8/messages"
	"github.com/jcmturner/gokrb5/v8/types"
)

// The library can be replaced in one file.
func TestOnlyOneFileImportsTheKerberosLibrary(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*.go")
	must(t, err)
	importers := 0
	for _, name := range files {
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		must(t, err)
		for _, i := range f.Imports {
			path := strings.Trim(i.Path.Value, `"`)
			if strings.HasPrefix(path, "github.com/go-ldap/ldap/v3/gssapi") {
				t.Errorf("%s imports %s", name, path)
			}
			if strings.HasPrefix(path, "github.com/jcmturner/") && !strings.HasSuffix(name, "_test.go") {
				importers++
				if name != "krb5.go" {
					t.Errorf("%s imports %s", name, path)
				}
			}
		}
	}
	if importers == 0 {
		t.Error("no file imports it")
	}
}

// needPreauth is a KRB-ERROR that asks for pre-authentication with the encryption type and its parameters.
func needPreauth(t testing.TB, etype int32, parameters []byte) []byte {
	t.Helper()
	info, err := asn1.Marshal(types.ETypeInfo2{{EType: etype, Salt: "CORP.EXAMPLE.COMu", S2KParams: parameters}})
	must(t, err)
	hints, err := asn1.Marshal(types.PADataSequence{{PADataType: patype.PA_ETYPE_INFO2, PADataValue: info}})
	must(t, err)
	e := messages.NewKRBError(types.NewPrincipalName(2, "krbtgt/CORP.EXAMPLE.COM"), "CORP.EXAMPLE.COM", 25, "pre-authenticate")
	e.EData = hints
	b, err := e.Marshal()
	must(t, err)
	return b
}

// kdcOf answers each request with the next of the replies.
func kdcOf(replies ...[]byte) kdc {
	return kdc{
		domain: "corp.example.com", service: "ldap/dc1.corp.example.com", address: "192.0.2.1",
		dial: func(context.Context, string, string) (net.Conn, error) {
			var b []byte
			if len(replies) > 0 {
				b, replies = frame(replies[0]), replies[1:]
			}
			return loopConn{Reader: bytes.NewReader(b)}, nil
		},
	}
}

func TestLogOnRefusesWhatAControllerMayNotAsk(t *testing.T) {
	t.Parallel()
	c := Credential{User: "u", Password: NewSecret([]byte("p"))}
	empty, err := asn1.Marshal(types.PADataSequence{{PADataType: patype.PA_ETYPE_INFO2, PADataValue: []byte{0x30, 0}}})
	must(t, err)
	noInfo := messages.NewKRBError(types.NewPrincipalName(2, "krbtgt/X"), "X", 25, "")
	noInfo.EData = empty
	none, err := noInfo.Marshal()
	must(t, err)
	for name, replies := range map[string][][]byte{
		"nothing": nil, "noise": {[]byte("noise")}, "no encryption type": {none}, "RC4": {needPreauth(t, 23, nil)},
		"four thousand million iterations": {needPreauth(t, 18, []byte{0xff, 0xff, 0xff, 0xff})},
		"no iterations":                    {needPreauth(t, 18, []byte{0, 0, 0, 0})},
		"pre-authentication twice":         {needPreauth(t, 18, nil), needPreauth(t, 18, nil)},
		"noise after the password":         {needPreauth(t, 18, nil), []byte("noise")},
	} {
		if cache, err := logOn(t.Context(), kdcOf(replies...), c); err == nil || cache != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err = logOn(t.Context(), kdcOf(needPreauth(t, 23, nil)), c)
	wantRefusal(t, explained("x", err), 50, "AES")
	_, err = logOn(t.Context(), kdcOf(), Credential{User: "u@other.example.com", Password: c.Password})
	wantRefusal(t, err, 50, "another domain")
}

func TestKDCRepliesAreBounded(t *testing.T) {
	t.Parallel()
	for _, length := range []uint32{0, maxReply + 1, 0xffffffff} {
		conn := loopConn{Reader: bytes.NewReader(binary.BigEndian.AppendUint32(nil, length))}
		if _, err := roundTrip(conn, []byte("request")); err == nil {
			t.Errorf("%d bytes are accepted", length)
		}
	}
	if b, err := roundTrip(loopConn{Reader: bytes.NewReader(frame([]byte("answer")))}, []byte("r")); err != nil || string(b) != "answer" {
		t.Errorf("%q %v", b, err)
	}
}

func TestCredentialFilesAreRefusedInASentence(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, text string) string {
		p := filepath.Join(dir, name)
		must(t, os.WriteFile(p, []byte(text), 0o600))
		return p
	}
	noise := write("noise", "\x05\x04canary-4711 is not a credential")
	for name, c := range map[string]Credential{
		"noise as a keytab": {User: "u", Keytab: noise}, "noise as a cache": {CCache: noise},
		"an empty keytab": {User: "u", Keytab: write("empty", "")}, "an empty cache": {CCache: write("empty2", "")},
		"a folder": {CCache: dir}, "a short cache": {CCache: write("short", "\x05\x04\x00\x0c")},
	} {
		_, err := logOn(t.Context(), kdcOf(), c)
		if err == nil || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: %v", name, err)
			continue
		}
		wantRefusal(t, err, 87)
	}
	_, err := logOn(t.Context(), kdcOf(), Credential{User: "u", Keytab: filepath.Join(dir, "absent")})
	wantRefusal(t, err, 2, "cannot read the keytab")
	_, err = logOn(t.Context(), kdcOf(), Credential{CCache: "KEYRING:persistent:0"})
	wantRefusal(t, err, 50, "KEYRING", "kinit -c FILE:")
	big := write("big", "")
	must(t, os.Truncate(big, maxCredentialFile+1))
	_, err = logOn(t.Context(), kdcOf(), Credential{CCache: big})
	wantRefusal(t, err, 87, "1 MiB")
}

// TestKeytabsNewestKey: of many keys of one user that with the highest version is taken, as MIT's programs do, wherever it stands,
// and also where all were written in the same second, or at none.
func TestKeytabsNewestKey(t *testing.T) {
	t.Parallel()
	now := time.Unix(1764380000, 0)
	type key struct {
		user, realm string
		at          time.Time
		version     uint8
		etype       int32
	}
	for name, c := range map[string]struct {
		keys []key
		want int // index
	}{
		"written at once":            {[]key{{"svc", "CORP.EXAMPLE.COM", now, 1, 18}, {"svc", "CORP.EXAMPLE.COM", now, 2, 18}, {"svc", "CORP.EXAMPLE.COM", now, 3, 17}}, 1},
		"without a time":             {[]key{{"svc", "CORP.EXAMPLE.COM", time.Unix(0, 0), 4, 18}, {"svc", "CORP.EXAMPLE.COM", time.Unix(0, 0), 7, 18}, {"svc", "CORP.EXAMPLE.COM", time.Unix(0, 0), 6, 18}}, 1},
		"an old one appended later":  {[]key{{"svc", "CORP.EXAMPLE.COM", now, 7, 18}, {"svc", "CORP.EXAMPLE.COM", now.Add(time.Hour), 6, 18}}, 0},
		"of others, too":             {[]key{{"svc", "OTHER.EXAMPLE.COM", now, 9, 18}, {"web", "CORP.EXAMPLE.COM", now, 9, 18}, {"SVC", "corp.example.com", now, 2, 18}}, 2},
		"after the version wrapped":  {[]key{{"svc", "CORP.EXAMPLE.COM", now, 255, 18}, {"svc", "CORP.EXAMPLE.COM", now.Add(time.Hour), 1, 18}}, 1},
		"before the version wrapped": {[]key{{"svc", "CORP.EXAMPLE.COM", now, 1, 18}, {"svc", "CORP.EXAMPLE.COM", now.Add(time.Hour), 255, 18}}, 1},
	} {
		table := keytab.New()
		for i, k := range c.keys {
			must(t, table.AddEntry(k.user, k.realm, name+string(rune('a'+i)), k.at, k.version, k.etype))
		}
		b, err := table.Marshal()
		must(t, err)
		path := filepath.Join(t.TempDir(), "keytab")
		must(t, os.WriteFile(path, b, 0o600))
		keys, err := longTermKeys("svc", "CORP.EXAMPLE.COM", Credential{User: "svc", Keytab: path})
		must(t, err)
		got, version, err := keys.key(18, nil)
		want := table.Entries[c.want]
		if err != nil || version != int(want.KVNO8) || !bytes.Equal(got.KeyValue, want.Key.KeyValue) {
			t.Errorf("%s: version %d, %v, want %d", name, version, err, want.KVNO8)
		}
	}
}

// TestKeytabTypesThatTheDomainRefuses says so of the keytab, whichever way the controller tells it.
func TestKeytabTypesThatTheDomainRefuses(t *testing.T) {
	t.Parallel()
	table := keytab.New()
	must(t, table.AddEntry("svc", "CORP.EXAMPLE.COM", "p", time.Unix(1764380000, 0), 3, 18))
	b, err := table.Marshal()
	must(t, err)
	path := filepath.Join(t.TempDir(), "keytab")
	must(t, os.WriteFile(path, b, 0o600))
	refusal := messages.NewKRBError(types.NewPrincipalName(2, "krbtgt/CORP.EXAMPLE.COM"), "CORP.EXAMPLE.COM", krbNoEtype, "no support")
	noSupport, err := refusal.Marshal()
	must(t, err)
	for name, replies := range map[string][][]byte{
		"refused": {noSupport}, "AES-128 alone": {needPreauth(t, 17, nil)}, "refused at the second time": {needPreauth(t, 18, nil), noSupport},
	} {
		_, err := logOn(t.Context(), kdcOf(replies...), Credential{User: "svc", Keytab: path})
		t.Log(name)
		wantRefusal(t, err, 50, path, "svc@CORP.EXAMPLE.COM (AES-256)", "make it again with ktpass")
	}
}

func FuzzKDC(f *testing.F) {
	f.Add(needPreauth(f, 18, nil), []byte{})
	f.Add(needPreauth(f, 17, []byte{0, 0, 0, 1}), needPreauth(f, 17, nil))
	reply := messages.ASRep{KDCRepFields: messages.KDCRepFields{
		PVNO: 5, MsgType: 11, CRealm: "CORP.EXAMPLE.COM", CName: types.NewPrincipalName(1, "u"),
		Ticket:  messages.Ticket{TktVNO: 5, Realm: "CORP.EXAMPLE.COM", SName: types.NewPrincipalName(2, "krbtgt/CORP.EXAMPLE.COM"), EncPart: types.EncryptedData{EType: 18, Cipher: make([]byte, 64)}},
		EncPart: types.EncryptedData{EType: 18, Cipher: make([]byte, 64)},
	}}
	b, err := reply.Marshal()
	must(f, err)
	f.Add(needPreauth(f, 18, nil), b)
	f.Add(b, []byte{})
	f.Fuzz(func(t *testing.T, first, second []byte) {
		c := Credential{User: "u", Password: NewSecret([]byte("p"))}
		if _, err := logOn(t.Context(), kdcOf(first, second), c); err == nil {
			t.Error("logged on without the user's key")
		}
		_, _ = readAPReply(first, types.EncryptionKey{KeyType: 18, KeyValue: make([]byte, 32)}, types.Authenticator{})
	})
}

func FuzzCredentialFile(f *testing.F) {
	f.Add([]byte("\x05\x04\x00\x0c\x00\x01\x00\x08\xff\xff\xff\xff\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x01\x00\x00\x00\x01R\x00\x00\x00\x01u"))
	f.Add([]byte("\x05\x02\x00\x00\x00\x1d\x00\x01\x00\x01R\x00\x01u\x00\x00\x00\x01\x00\x00\x00\x00\x01\x00\x12\x00\x01k\x00\x00\x00\x01"))
	f.Fuzz(func(t *testing.T, b []byte) {
		p := filepath.Join(t.TempDir(), "file")
		must(t, os.WriteFile(p, b, 0o600))
		_, _ = logOn(t.Context(), kdcOf(), Credential{CCache: p})
		if _, err := logOn(t.Context(), kdcOf(needPreauth(t, 18, nil)), Credential{User: "u", Keytab: p}); err == nil {
			t.Error("logged on without a controller")
		}
	})
}
