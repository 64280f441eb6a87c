package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
)

// armored makes a key, and returns its public or its private half.
func armored(t *testing.T, algorithm packet.PublicKeyAlgorithm, private bool) []byte {
	t.Helper()
	e, err := openpgp.NewEntity("a test of offlinejoin", "", "", &packet.Config{Algorithm: algorithm, RSABits: 2048})
	must(t, err)
	var b bytes.Buffer
	kind := openpgp.PublicKeyType
	if private {
		kind = openpgp.PrivateKeyType
	}
	w, err := armor.Encode(&b, kind, nil)
	must(t, err)
	if private {
		err = e.SerializePrivate(w, nil)
	} else {
		err = e.Serialize(w)
	}
	must(t, err)
	must(t, w.Close())
	return b.Bytes()
}

func TestReadKey(t *testing.T) {
	t.Parallel()
	good := armored(t, packet.PubKeyAlgoRSA, false)
	if k, err := readKey(good); err != nil || len(k.ID) != 16 || k.ID != strings.ToUpper(k.ID) || k.Armor != string(good) {
		t.Errorf("%v %+v", err, k)
	}
	for want, key := range map[string][]byte{
		"no armored public key": []byte("nothing"),
		"no RSA key":            armored(t, packet.PubKeyAlgoEdDSA, false),
		"a private key":         armored(t, packet.PubKeyAlgoRSA, true),
	} {
		if _, err := readKey(key); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// TestPagesKeepWhatIsThere adds two versions to one registry, and refuses one of them again.
func TestPagesKeepWhatIsThere(t *testing.T) {
	t.Parallel()
	from, into := t.TempDir(), t.TempDir()
	key := registryKey{"0123456789ABCDEF", "armored"}
	for _, v := range []string{"0.1.0", "0.2.0"} {
		r := release{version: v}
		must(t, writeFile(filepath.Join(from, provider, fmt.Sprintf("%s_%s_manifest.json", provider, v)),
			[]byte(`{"version": 1, "metadata": {"protocol_versions": ["6.0"]}}`)))
		var sums strings.Builder
		for i, p := range platforms() {
			fmt.Fprintf(&sums, "%064x  %s\n", i, r.archive(provider, p))
		}
		must(t, writeFile(filepath.Join(from, provider, r.sums(provider)), []byte(sums.String())))
		must(t, writePages(r, from, into, &key))
	}
	if err := writePages(release{version: "0.1.0"}, from, into, &key); err == nil || !strings.Contains(err.Error(), "never changed") {
		t.Errorf("the same version again: %v", err)
	}
	text, err := os.ReadFile(filepath.Join(into, filepath.FromSlash(providerPath+"versions")))
	must(t, err)
	var got registryVersions
	must(t, json.Unmarshal(text, &got))
	if len(got.Versions) != 2 || got.Versions[0].Version != "0.1.0" || len(got.Versions[1].Platforms) != 6 {
		t.Errorf("%s", text)
	}
	text, err = os.ReadFile(filepath.Join(into, filepath.FromSlash(providerPath+"0.2.0/download/windows/arm64")))
	must(t, err)
	var answer registryDownload
	must(t, json.Unmarshal(text, &answer))
	if answer.Sum != fmt.Sprintf("%064x", 5) || answer.URL != repository+"/releases/download/v0.2.0/"+provider+"_0.2.0_windows_arm64.zip" ||
		answer.Signature != answer.Sums+".sig" || answer.SigningKeys.GPG[0] != key {
		t.Errorf("%+v", answer)
	}
}
