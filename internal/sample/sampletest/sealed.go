package sampletest

import (
	"os"
	"testing"

	"filippo.io/age"

	"github.com/offlinejoin/offlinejoin/internal/agefile"
	"github.com/offlinejoin/offlinejoin/internal/odj"
)

// Sealed is an encrypted blob, with the identity that opens it.
type Sealed struct {
	Blob         *odj.Blob
	File         string // encrypted, readable by anybody
	IdentityFile string
	Identity     string // what is in that file; secret
}

// SealedBlob makes a blob as [Blob] does, encrypts it with age, and leaves no plain file.
func SealedBlob(t testing.TB) Sealed {
	t.Helper()
	blob, file := Blob(t)
	key, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	var to agefile.Recipients
	if err := to.Add(key.Recipient().String()); err != nil {
		t.Fatal(err)
	}
	content, err := agefile.Seal(blob.DjoinFile(), &to, true)
	if err != nil {
		t.Fatal(err)
	}
	sealed := Sealed{Blob: blob, File: file + ".age", IdentityFile: file + ".key", Identity: key.String()}
	for name, text := range map[string][]byte{sealed.File: content, sealed.IdentityFile: []byte(sealed.Identity + "\n")} {
		if err := os.WriteFile(name, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	return sealed
}
