package agefile_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"slices"
	"strings"
	"testing"

	"filippo.io/age"
	"filippo.io/age/armor"
	"golang.org/x/crypto/ssh"

	"github.com/offlinejoin/offlinejoin/internal/agefile"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

const limit = 1 << 20

// keyPair is what an identity file and a recipient look like.
type keyPair struct{ identity, recipient string }

func x25519(t testing.TB) keyPair {
	t.Helper()
	key, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	return keyPair{key.String(), key.Recipient().String()}
}

func hybrid(t testing.TB) keyPair {
	t.Helper()
	key, err := age.GenerateHybridIdentity()
	if err != nil {
		t.Fatal(err)
	}
	return keyPair{key.String(), key.Recipient().String()}
}

// sshKey is an ed25519 key, protected by a passphrase unless that is empty.
func sshKey(t testing.TB, passphrase string) keyPair {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	var block *pem.Block
	if passphrase == "" {
		block, err = ssh.MarshalPrivateKey(private, "")
	} else {
		block, err = ssh.MarshalPrivateKeyWithPassphrase(private, "", []byte(passphrase))
	}
	if err != nil {
		t.Fatal(err)
	}
	key, err := ssh.NewPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	return keyPair{string(pem.EncodeToMemory(block)), string(ssh.MarshalAuthorizedKey(key))}
}

func identities(t testing.TB, content string) *agefile.Identities {
	t.Helper()
	ids, err := agefile.ParseIdentities([]byte(content), "the.key")
	if err != nil {
		t.Fatal(err)
	}
	return ids
}

func recipients(t testing.TB, keys ...string) *agefile.Recipients {
	t.Helper()
	var to agefile.Recipients
	for _, key := range keys {
		if err := to.Add(strings.TrimSpace(key)); err != nil {
			t.Fatal(err)
		}
	}
	return &to
}

func seal(t testing.TB, content []byte, asText bool, keys ...string) []byte {
	t.Helper()
	sealed, err := agefile.Seal(content, recipients(t, keys...), asText)
	if err != nil {
		t.Fatal(err)
	}
	return sealed
}

func wantRefusal(t *testing.T, err error, code winerr.Code, text string) {
	t.Helper()
	if got, _ := winerr.CodeOf(err); err == nil || got != code || !strings.Contains(err.Error(), text) {
		t.Errorf("error %v, want %q with code %d", err, text, code)
	}
}

func TestEveryKeyOpensWhatIsSealedToIt(t *testing.T) {
	t.Parallel()
	content := bytes.Repeat([]byte("the blob "), 1000)
	for kind, key := range map[string]keyPair{"X25519": x25519(t), "hybrid": hybrid(t), "SSH": sshKey(t, "")} {
		for _, asText := range []bool{false, true} {
			sealed := seal(t, content, asText, key.recipient)
			if !agefile.Is(sealed) || asText != strings.HasPrefix(string(sealed), armor.Header) {
				t.Errorf("%s: what is sealed begins with %q", kind, sealed[:20])
			}
			got, err := agefile.Open(sealed, "web01.age", identities(t, key.identity), limit)
			if err != nil || !bytes.Equal(got, content) {
				t.Errorf("%s, armored %v: %d bytes, %v", kind, asText, len(got), err)
			}
		}
	}
}

func TestAnyOfSeveralIdentitiesOpens(t *testing.T) {
	t.Parallel()
	one, two := x25519(t), hybrid(t)
	file := "# created: 2026-11-22\r\n# public key: " + one.recipient + "\r\n" + one.identity + "\r\n\n  " + two.identity
	for _, key := range []keyPair{one, two} {
		if _, err := agefile.Open(seal(t, []byte("x"), false, key.recipient), "f", identities(t, file), limit); err != nil {
			t.Error(err)
		}
	}
	other := seal(t, []byte("x"), false, x25519(t).recipient)
	_, err := agefile.Open(other, "web01.age", identities(t, file), limit)
	wantRefusal(t, err, winerr.AccessDenied, "none of the 2 identities in the.key opens web01.age: use the identity")
	_, err = agefile.Open(other, "web01.age", identities(t, one.identity), limit)
	wantRefusal(t, err, winerr.AccessDenied, "the identity in the.key does not open web01.age: use the identity")
}

func TestWhatEditorsPutInFront(t *testing.T) {
	t.Parallel()
	key := x25519(t)
	sealed := seal(t, []byte("content"), true, key.recipient)
	for _, front := range []string{"\uFEFF", "\r\n\r\n", "\uFEFF \n"} {
		got, err := agefile.Open(append([]byte(front), sealed...), "f", identities(t, key.identity), limit)
		if err != nil || string(got) != "content" {
			t.Errorf("after %q: %q, %v", front, got, err)
		}
	}
	windows := bytes.ReplaceAll(sealed, []byte("\n"), []byte("\r\n"))
	if _, err := agefile.Open(windows, "f", identities(t, key.identity), limit); err != nil {
		t.Errorf("with CRLF: %v", err)
	}
}

func TestWhatCannotBeOpened(t *testing.T) {
	t.Parallel()
	key := x25519(t)
	good := seal(t, bytes.Repeat([]byte{7}, 200_000), false, key.recipient)
	many := make([]string, 257)
	for i := range many {
		many[i] = key.recipient
	}
	for name, c := range map[string]struct {
		file []byte
		code winerr.Code
		text string
	}{
		"passphrase":      {withPassphrase(t), winerr.NotSupported, "is encrypted with a passphrase"},
		"cut in a chunk":  {good[:len(good)-5], winerr.InvalidParameter, "damaged or cut off"},
		"cut to chunks":   {good[:len(good)-(len(good)%(64<<10+16))], winerr.InvalidParameter, "damaged or cut off"},
		"cut in header":   {good[:30], winerr.InvalidParameter, "damaged or cut off"},
		"changed":         {flip(good, len(good)-100_000), winerr.InvalidParameter, "damaged or cut off"},
		"changed header":  {flip(good, 150), winerr.InvalidParameter, "damaged or cut off"},
		"armour only":     {[]byte(armor.Header + "\n" + armor.Footer), winerr.InvalidParameter, "damaged or cut off"},
		"too large":       {seal(t, make([]byte, limit+1), false, key.recipient), winerr.InvalidParameter, "holds more than"},
		"many recipients": {sealedToMany(t, key.recipient), winerr.InvalidParameter, "more than 256 recipients"},
	} {
		got, err := agefile.Open(c.file, "web01.age", identities(t, key.identity), limit)
		wantRefusal(t, err, c.code, c.text)
		if got != nil {
			t.Errorf("%s: %d bytes beside the error", name, len(got))
		}
	}
	if got, err := agefile.Open(seal(t, make([]byte, limit), false, key.recipient), "f", identities(t, key.identity),
		limit); err != nil || len(got) != limit {
		t.Errorf("as large as may be: %d bytes, %v", len(got), err)
	}
	var to agefile.Recipients
	wantRefusal(t, to.AddFile([]byte(strings.Join(many, "\n")), "r"), winerr.InvalidParameter, "more than 256 recipients")
}

func TestProbe(t *testing.T) {
	t.Parallel()
	good := seal(t, []byte("x"), false, x25519(t).recipient)
	if err := agefile.Probe(good, "f"); err != nil {
		t.Errorf("a good file: %v", err)
	}
	wantRefusal(t, agefile.Probe(withPassphrase(t), "f"), winerr.NotSupported, "passphrase")
	wantRefusal(t, agefile.Probe(good[:30], "f"), winerr.InvalidParameter, "damaged")
}

func flip(file []byte, at int) []byte {
	file = slices.Clone(file)
	file[at] ^= 1
	return file
}

func withPassphrase(t *testing.T) []byte {
	t.Helper()
	r, err := age.NewScryptRecipient("correct horse")
	if err != nil {
		t.Fatal(err)
	}
	r.SetWorkFactor(2)
	return sealedBy(t, r)
}

func sealedToMany(t *testing.T, recipient string) []byte {
	t.Helper()
	r, err := age.ParseX25519Recipient(recipient)
	if err != nil {
		t.Fatal(err)
	}
	return sealedBy(t, slices.Repeat([]age.Recipient{r}, 257)...)
}

func sealedBy(t *testing.T, to ...age.Recipient) []byte {
	t.Helper()
	var file bytes.Buffer
	w, err := age.Encrypt(&file, to...)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte("content")); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

func TestIs(t *testing.T) {
	t.Parallel()
	for content, want := range map[string]bool{
		"": false, "AAAA": false, "age": false, "age-encryption.org/v1\n": true, "\n" + armor.Header: true,
		"-----BEGIN OPENSSH PRIVATE KEY-----": false, " age-encryption.org/v1": false,
	} {
		if got := agefile.Is([]byte(content)); got != want {
			t.Errorf("Is(%q) = %v", content, got)
		}
	}
}
