package agefile_test

import (
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/agefile"
	"github.com/offlinejoin/offlinejoin/internal/canary"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// What is wrong with a key file is said without a piece of it.
func TestIdentityFilesThatAreNoGood(t *testing.T) {
	t.Parallel()
	key, pq, protected := x25519(t), hybrid(t), sshKey(t, "hunter2")
	secrets := canary.For(map[string][]byte{
		"key": []byte(key.identity[20:]), "hybrid": []byte(pq.identity[20:]), "SSH": []byte(protected.identity[40:]),
	})
	many := strings.Repeat(key.identity+"\n", 65)
	for name, c := range map[string]struct {
		content string
		code    winerr.Code
		text    string
	}{
		"empty":              {"", winerr.InvalidParameter, "holds no identity"},
		"comments":           {"# public key: x\n\n", winerr.InvalidParameter, "holds no identity"},
		"damaged":            {key.identity + "\n" + key.identity + "x", winerr.InvalidParameter, "line 2 of the identity file the.key is no id"},
		"cut":                {key.identity[:40], winerr.InvalidParameter, "line 1"},
		"lower case":         {strings.ToLower(key.identity), winerr.InvalidParameter, "line 1"},
		"hybrid, cut":        {pq.identity[:50], winerr.InvalidParameter, "line 1"},
		"plugin":             {"AGE-PLUGIN-YUBIKEY-" + key.identity, winerr.NotSupported, "line 1 of the identity file the.key is a key for an age pl"},
		"recipient":          {key.recipient, winerr.InvalidParameter, "is a recipient"},
		"another line":       {"x" + key.identity, winerr.InvalidParameter, "is no identity"},
		"too many":           {many, winerr.InvalidParameter, "more than 64 identities"},
		"SSH, protected":     {protected.identity, winerr.NotSupported, "protected by a passphrase"},
		"SSH, cut":           {sshKey(t, "").identity[:120], winerr.InvalidParameter, "no SSH private key"},
		"encrypted":          {string(seal(t, []byte(key.identity), true, key.recipient)), winerr.NotSupported, "is itself encrypted"},
		"SSH, public":        {protected.recipient, winerr.InvalidParameter, "is a recipient"},
		"binary":             {"\x00\xff\xfe" + key.identity, winerr.InvalidParameter, "is no identity"},
		"UTF-16, as PS5 has": {"\xff\xfeA\x00G\x00E\x00-\x00", winerr.InvalidParameter, "is no identity"},
	} {
		ids, err := agefile.ParseIdentities([]byte(c.content), "the.key")
		if ids != nil {
			t.Errorf("%s: identities beside the error", name)
		}
		wantRefusal(t, err, c.code, c.text)
		if err == nil {
			continue
		}
		if found := secrets.In([]byte(err.Error())); found != nil {
			t.Errorf("%s: the error shows the key: %v", name, err)
		}
	}
}

func TestRecipientsThatAreNoGood(t *testing.T) {
	t.Parallel()
	key, pq, protected := x25519(t), hybrid(t), sshKey(t, "")
	secrets := canary.For(map[string][]byte{"key": []byte(key.identity[20:]), "SSH": []byte(protected.identity[40:])})
	for text, want := range map[string]string{
		"":                        "is no public key",
		"web01":                   "is no public key",
		key.recipient[:30]:        "is no public key",
		pq.recipient[:300]:        "is no public key",
		"ssh-ed25519 AAAA":        "is no public key",
		"ecdsa-sha2-nistp256 AAA": "is no public key",
		"age1yubikey1qwt50d05":    "is for an age plugin",
		key.identity:              "is an identity",
		protected.identity:        "is an identity",
	} {
		var to agefile.Recipients
		err := to.Add(text)
		if err == nil || !strings.Contains(err.Error(), "the recipient "+want) {
			t.Errorf("%.20s: error %v, want %s", text, err, want)
		} else if found := secrets.In([]byte(err.Error())); found != nil {
			t.Errorf("%.20s: the error shows the key: %v", text, err)
		}
	}
	for content, want := range map[string]string{
		"# nobody\n\n":                        "holds no recipient",
		key.recipient + "\r\n\n" + "x":        "line 3 of the recipients file r is no public key",
		key.recipient + "\n" + key.identity:   "line 2 of the recipients file r is an identity",
		"from=\"*\" " + protected.recipient:   "line 1",
		strings.Repeat("#", 100) + "\nage1\n": "line 2",
	} {
		var to agefile.Recipients
		err := to.AddFile([]byte(content), "r")
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %s", err, want)
		}
	}
}

func TestARecipientsFile(t *testing.T) {
	t.Parallel()
	key, protected := x25519(t), sshKey(t, "")
	var to agefile.Recipients
	file := "# stagers\r\n" + key.recipient + "\r\n\r\n" + protected.recipient
	if err := to.AddFile([]byte(file), "r"); err != nil || to.Len() != 2 {
		t.Fatalf("%d recipients, %v", to.Len(), err)
	}
	sealed, err := agefile.Seal([]byte("content"), &to, true)
	if err != nil {
		t.Fatal(err)
	}
	for _, identity := range []string{key.identity, protected.identity} {
		if _, err := agefile.Open(sealed, "f", identities(t, identity), limit); err != nil {
			t.Error(err)
		}
	}
}

func TestSealRefusals(t *testing.T) {
	t.Parallel()
	_, err := agefile.Seal([]byte("x"), &agefile.Recipients{}, false)
	wantRefusal(t, err, winerr.InvalidParameter, "nobody to encrypt to")
	_, err = agefile.Seal([]byte("x"), recipients(t, x25519(t).recipient, hybrid(t).recipient), false)
	wantRefusal(t, err, winerr.InvalidParameter, "cannot be mixed")
}
