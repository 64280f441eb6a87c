package offlinejoin

import (
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/sample/sampletest"
)

// TestAWrongBlobTextSaysHowAFileIsRead: of blob_wo, which Terraform's functions give, and not of a file.
func TestAWrongBlobTextSaysHowAFileIsRead(t *testing.T) {
	t.Parallel()
	image := sampletest.Image(t, sample.Image{})
	file := t.TempDir() + "/blob"
	write(t, file, []byte("hello"))
	for argument, value := range map[string]string{"blob_wo": "secrets/web01.djoin", "blob_file": file} {
		shown := plainDiagnostics(t, newPlugin(t, nil).plan(map[string]string{"windows_path": image, argument: value}).Diagnostics)
		flat := strings.Join(strings.Fields(shown), " ")
		if says := strings.Contains(flat, `filebase64("web01.djoin")`); !strings.Contains(flat, "Blob not usable") || says != (argument == "blob_wo") {
			t.Errorf("%s: %s", argument, flat)
		}
	}
}
