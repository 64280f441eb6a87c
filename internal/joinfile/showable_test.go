package joinfile

import (
	"encoding/base64"
	"encoding/hex"
	"math/rand/v2"
	"strings"
	"testing"
)

// TestPathsWithLongNames: a path is a path, however long and mixed the names in it are, and base64 is none.
func TestPathsWithLongNames(t *testing.T) {
	t.Parallel()
	digest := strings.Repeat("9f86d081884c7d65", 4)
	for _, path := range []string{
		"/var/lib/jenkins/workspace/WIN2022GOLDENIMAGE20261128T0804Z0011223344556677/Windows",
		"/tmp/TestPathsOfAJoinFileWithALongNameAndMANYCAPITALS1234567890ABCDEF/001/images/web01/Windows",
		"C:/Builds/WIN2022GOLDENIMAGE20261128T0804Z001122334455667788990011/image/Windows",
		"./images/WIN2022GOLDENIMAGE20261128T0804Z00112233445566778899001122334455/Windows",
		"/var/lib/images/sha256/" + digest + "/Windows",
		"store/sha256/" + digest + "/Windows",
	} {
		if !showable(path) && !showablePath(path) {
			t.Errorf("%s is no path", path)
		}
	}
	random := rand.NewChaCha8([32]byte{1})
	const tries = 2000
	taken := 0
	for n := range tries {
		secret := make([]byte, 240+n) // a machine password has 240 bytes, a blob more than 500
		_, _ = random.Read(secret)    // never fails
		for _, text := range []string{
			base64.StdEncoding.EncodeToString(secret), base64.RawURLEncoding.EncodeToString(secret), hex.EncodeToString(secret),
			"/" + base64.StdEncoding.EncodeToString(secret), "./" + hex.EncodeToString(secret),
		} {
			if showablePath(text) {
				taken++
			}
		}
	}
	if taken > 0 {
		t.Errorf("%d of %d secrets are taken for paths", taken, 5*tries)
	}
}
