package offlinejoin

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/sample/sampletest"
)

// TestAccLedgerIsNoFileOfSomebodys names the blob, a key, and a file in the image as the ledger: the plan refuses it, and
// so does an apply that only then learns of the blob.
func TestAccLedgerIsNoFileOfSomebodys(t *testing.T) {
	t.Parallel()
	image := sampletest.Image(t, sample.Image{})
	_, file := sampletest.Blob(t)
	key := filepath.Join(t.TempDir(), "key.txt")
	write(t, key, []byte("AGE-SECRET-KEY-1QQPQY"))
	blob, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	provider := func(ledger string) string {
		return fmt.Sprintf("provider \"offlinejoin\" {\n  ledger_file = %q\n}\n", ledger)
	}
	late := fmt.Sprintf("resource \"terraform_data\" \"s\" { input = %q }\n", file)
	same := regexp.MustCompile(`ledger_file\s+and\s+blob_file\s+are\s+the\s+same`)
	scenario(
		t, imageIs(t, image, core.StateAbsent),
		resource.TestStep{Config: provider(file) + fromFile(image, file, ""), ExpectError: same},
		resource.TestStep{
			Config: provider(file) + late + joinOf(image, "terraform_data.s.output", ""), ExpectError: same,
		},
		resource.TestStep{
			Config: provider(key) + fromFile(image, file, ""), ExpectError: regexp.MustCompile(`is\s+not\s+a\s+ledger`),
		},
		resource.TestStep{
			Config:      provider(filepath.Join(image, "l")) + fromFile(image, file, ""),
			ExpectError: regexp.MustCompile(`is\s+in\s+the\s+image`),
		},
	)
	for path, want := range map[string][]byte{file: blob, key: []byte("AGE-SECRET-KEY-1QQPQY")} {
		if now, err := os.ReadFile(path); err != nil || !bytes.Equal(now, want) {
			t.Errorf("%s was changed: %v", path, err)
		}
	}
}
