package cli_test

import (
	"bytes"
	"encoding/base64"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/canary"
	"github.com/offlinejoin/offlinejoin/internal/cli"
	"github.com/offlinejoin/offlinejoin/internal/sample/sampletest"
)

// TestContentInPlaceOfAPathIsNotShown gives a blob and a key wherever a command line wants a path, and where it wants
// something else, or nothing.
func TestContentInPlaceOfAPathIsNotShown(t *testing.T) {
	t.Parallel()
	sealed := sampletest.SealedBlob(t)
	blob := base64.StdEncoding.EncodeToString(sealed.Blob.Bytes())
	key := strings.TrimSpace(sealed.Identity)
	search := canary.ForBlob(sealed.Blob.Bytes(), sealed.Blob.MachinePassword()).And(canary.For(map[string][]byte{
		"the identity": []byte(strings.TrimPrefix(key, "AGE-SECRET-KEY-1")),
	}))
	for what, secret := range map[string]string{"a blob": blob, "a private key": key} {
		for _, args := range [][]string{
			{"stage", "--windows-path", secret, "--blob-file", "x"},
			{"stage", "--windows-path", "x", "--blob-file", secret},
			{"stage", "--windows-path", "x", "--blob-file=" + secret},
			{"stage", "--windows-path", "x", "--blob-file", sealed.File, "--identity-file", secret},
			{"stage", "--windows-path", "x", "--blob-file", sealed.File, "--ledger-file", secret},
			{"stage", "--windows-path", "x", "--blob-file", sealed.File, "--report-file", secret},
			{"stage", "--windows-path", "x", "--blob-file", sealed.File, "--backup", secret},
			{"stage", "--windows-path", "x", "--blob-file", sealed.File, "--completion-program", secret},
			{"stage", "--windows-path", "x", "--blob-file", sealed.File, "--method", secret},
			{"stage", "--windows-path", "x", "--blob-file", sealed.File, "--lock-timeout", secret},
			{"stage", secret},
			{"status", secret},
			{"status", "--windows-path", secret},
			{"unstage", secret},
			{"plan", secret},
			{"plan", "x", "--var-file", secret},
			{"plan", "x", "--report", secret},
			{"inspect", "blob", secret},
			{"inspect", "image", secret},
			{"inspect", secret},
			{"blob", "encrypt", secret, "-r", "age1"},
			{"blob", "encrypt", "x", "-R", secret},
			{"blob", "decrypt", "x", "-o", secret},
			{"hive", "check", secret},
			{secret},
			{"--" + secret},
		} {
			code, out, stderr := withArguments(t, args)
			if found := search.In([]byte(out + stderr)); found != nil || code != 2 && code != 1 {
				t.Errorf("%s as %q: exit code %d, found %q", what, describe(args, secret), code, found)
			}
			if !strings.Contains(stderr, "looks like "+what) {
				t.Errorf("%s as %q: the error does not name it: %.300s", what, describe(args, secret), stderr)
			}
			if entries, err := os.ReadDir(filepath.Dir(sealed.File)); err != nil || len(entries) > 4 {
				t.Fatalf("%s as %q: files were made: %v, %v", what, describe(args, secret), entries, err)
			}
		}
	}
}

func describe(args []string, secret string) string {
	return strings.ReplaceAll(strings.Join(args, " "), secret, "SECRET")
}

func withArguments(t *testing.T, args []string) (code int, out, stderr string) {
	t.Helper()
	var o, e bytes.Buffer
	code = cli.Run(t.Context(), slices.Clone(args), cli.Streams{In: strings.NewReader(""), Out: &o, Err: &e})
	return code, o.String(), e.String()
}
