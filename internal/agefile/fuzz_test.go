package agefile_test

import (
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/agefile"
)

// FuzzOpen reads hostile files: no panic, and never more than the limit.
func FuzzOpen(f *testing.F) {
	key := x25519(f)
	ids := identities(f, key.identity)
	for _, asText := range []bool{false, true} {
		sealed := seal(f, []byte("content"), asText, key.recipient, sshKey(f, "").recipient)
		f.Add(sealed)
		f.Add(sealed[:len(sealed)-20])
	}
	f.Add([]byte("age-encryption.org/v1\n-> scrypt AAAA 18\nAAAA\n--- AAAA\n"))
	f.Fuzz(func(t *testing.T, file []byte) {
		if !agefile.Is(file) {
			return
		}
		if content, err := agefile.Open(file, "f", ids, 100); err == nil && len(content) > 100 {
			t.Errorf("%d bytes", len(content))
		}
		_ = agefile.Probe(file, "f") // that it returns is all
	})
}

// FuzzKeys reads hostile key files.
func FuzzKeys(f *testing.F) {
	key := x25519(f)
	f.Add([]byte(key.identity))
	f.Add([]byte(key.recipient))
	f.Add([]byte(sshKey(f, "").identity))
	f.Add([]byte("# x\r\n" + hybrid(f).identity))
	f.Fuzz(func(t *testing.T, file []byte) {
		if ids, err := agefile.ParseIdentities(file, "f"); (ids == nil) == (err == nil) {
			t.Errorf("identities %v, error %v", ids, err)
		}
		var to agefile.Recipients
		if err := to.AddFile(file, "f"); err == nil && to.Len() == 0 {
			t.Error("no recipients and no error")
		}
	})
}
