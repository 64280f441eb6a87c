package completion_test

import (
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/completion"
)

func TestIsSecret(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		key, value string
		binary     bool
		want       bool
	}{
		{`Setup\OfflineJoin`, "ProvisioningBlob", true, true},
		{`Setup\OfflineJoin`, "ProvisioningBlob", false, true}, // somebody made it a text
		{`Setup\OfflineJoin`, "BlobSHA256", false, true},
		{`\setup\OFFLINEJOIN`, "blobsha256", false, true},
		{`Setup\OfflineJoin`, "Other", true, true},
		{`Setup\OfflineJoin\Copy`, "Other", true, true},
		{`Backup\Setup\OfflineJoin`, "BlobSHA256", false, true},
		{`ControlSet001\Control\Lsa\OfflineJoin`, "Blob", true, true},
		{`Setup\OfflineJoin`, "Fingerprint", false, false},
		{`Setup\OfflineJoin`, "State", false, false},
		{`Setup`, "BlobSHA256", false, false},
		{`Setup\NotOfflineJoin`, "ProvisioningBlob", true, false},
		{``, "Other", true, false},
	} {
		if got := completion.IsSecret(c.key, c.value, c.binary); got != c.want {
			t.Errorf("IsSecret(%q, %q, %v) = %v", c.key, c.value, c.binary, got)
		}
	}
}
