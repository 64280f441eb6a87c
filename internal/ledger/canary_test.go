package ledger_test

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/canary"
	"github.com/offlinejoin/offlinejoin/internal/ledger"
	"github.com/offlinejoin/offlinejoin/internal/sample"
)

// Nothing that a ledger writes or says holds the blob or its password.
func TestNoSecretInTheLedger(t *testing.T) {
	t.Parallel()
	blob, err := sample.Blob()
	if err != nil {
		t.Fatal(err)
	}
	l, path := newFile(t)
	c := ledger.Claim{
		Account:     ledger.NewAccount(blob.DomainSID(), 1107, blob.DomainGUID(), blob.DNSDomain(), blob.MachineName()),
		Fingerprint: blob.Fingerprint(), Image: image("web01"), By: "test/1.0",
	}
	use := stage(t, l, c)
	c.Image = image("web02")
	said := refused(t, l, c) + fmt.Sprintf("%+v %+v", use, force(t, l))
	search := canary.ForBlob(blob.Bytes(), blob.MachinePassword())
	if found := search.In([]byte(said)); found != nil {
		t.Errorf("it is said: %q", found)
	}
	found, files, err := search.InTree(filepath.Dir(path), nil)
	if err != nil || files != 2 || len(found) > 0 {
		t.Errorf("%d files, found %v, %v", files, found, err)
	}
}
