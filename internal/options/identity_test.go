package options_test

import (
	"bytes"
	"os"
	"runtime"
	"strings"
	"testing"

	"filippo.io/age"

	"github.com/offlinejoin/offlinejoin/internal/agefile"
	"github.com/offlinejoin/offlinejoin/internal/options"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// sealed writes an encrypted blob that anybody may read, and the identity that opens it.
func sealed(t *testing.T, content []byte) (file, identityFile string) {
	t.Helper()
	key, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	var to agefile.Recipients
	if err := to.Add(key.Recipient().String()); err != nil {
		t.Fatal(err)
	}
	cipher, err := agefile.Seal(content, &to, false)
	if err != nil {
		t.Fatal(err)
	}
	return write(t, cipher, 0o644), write(t, []byte(key.String()+"\n"), 0o600)
}

func TestAnEncryptedBlobFile(t *testing.T) {
	t.Parallel()
	for _, size := range []int{1, 5000, options.MaxBlobFile} {
		content := bytes.Repeat([]byte{'A'}, size)
		file, identity := sealed(t, content)
		got, warning, err := options.ReadBlobFile(file, identity)
		if err != nil || !bytes.Equal(got, content) || warning != "" {
			t.Errorf("%d bytes: got %d bytes, warning %q, error %v", size, len(got), warning, err)
		}
		f, err := os.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if got, _, err := options.ReadBlob(f, "standard input", identity); err != nil || !bytes.Equal(got, content) {
			t.Errorf("%d bytes from a stream: got %d bytes, error %v", size, len(got), err)
		}
	}
}

func TestAPlainBlobNeedsNoIdentity(t *testing.T) {
	t.Parallel()
	file := write(t, []byte("blob"), 0o600)
	if got, _, err := options.ReadBlobFile(file, file+".none"); err != nil || string(got) != "blob" {
		t.Errorf("got %q, %v", got, err)
	}
	_, _, err := options.ReadSealedBlobFile(file, file+".none")
	wantRefusal(t, err, winerr.InvalidParameter, "")
}

func TestAnIdentityFileOpenToOthers(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("skipped: Windows has no mode bits")
	}
	file, identity := sealed(t, []byte("blob"))
	if err := os.Chmod(identity, 0o640); err != nil {
		t.Fatal(err)
	}
	_, warning, err := options.ReadBlobFile(file, identity)
	if err != nil || !strings.HasPrefix(warning, identity+" can be read by others (mode 0640): its key opens the blob") {
		t.Errorf("warning %q, error %v", warning, err)
	}
}

func TestWithoutTheRightIdentity(t *testing.T) {
	t.Parallel()
	file, _ := sealed(t, []byte("blob"))
	_, other := sealed(t, []byte("blob"))
	empty, nothing := sealed(t, nil)
	for name, c := range map[string]struct {
		file, identity string
		code           winerr.Code
		away           bool
	}{
		"none given":         {file, "", winerr.InvalidParameter, true},
		"not there":          {file, other + ".none", winerr.FileNotFound, true},
		"the blob not there": {file + ".none", other, winerr.FileNotFound, true},
		"another":            {file, other, winerr.AccessDenied, false},
		"a folder":           {file, t.TempDir(), winerr.InvalidParameter, false},
		"too large":          {file, write(t, make([]byte, 1<<19), 0o600), winerr.InvalidParameter, false},
		"no identity file":   {file, file, winerr.NotSupported, false},
		"nothing in it":      {empty, nothing, winerr.InvalidParameter, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			blob, _, err := options.ReadBlobFile(c.file, c.identity)
			wantRefusal(t, err, c.code, "")
			if blob != nil || options.IsMissing(err) != c.away {
				t.Errorf("%d bytes, away %v", len(blob), options.IsMissing(err))
			}
		})
	}
	wantRefusal(t, third(options.ReadBlobFile(file, "")), winerr.InvalidParameter, file+" is encrypted with age: set "+
		"identity_file or the environment variable OFFLINEJOIN_IDENTITY_FILE to the file with the key that opens it "+
		"(87 ERROR_INVALID_PARAMETER)")
}

// It sets the environment, so it is not parallel.
func TestTheIdentityOfTheEnvironment(t *testing.T) {
	file, identity := sealed(t, []byte("blob"))
	_, other := sealed(t, []byte("blob"))
	t.Setenv(options.IdentityVariable, identity)
	if got, _, err := options.ReadBlobFile(file, ""); err != nil || string(got) != "blob" {
		t.Errorf("got %q, %v", got, err)
	}
	wantRefusal(t, third(options.ReadBlobFile(file, other)), winerr.AccessDenied, "") // the option comes first
}
