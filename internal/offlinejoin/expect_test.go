package offlinejoin

import (
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/sample/sampletest"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// Names that no blob can be for are told as such, with the one that was meant.
func TestImpossibleExpectations(t *testing.T) {
	t.Parallel()
	parsed, _ := sampletest.Blob(t)
	blob, err := ReadBlob(parsed.Bytes(), "web01.djoin")
	if err != nil {
		t.Fatal(err)
	}
	defer blob.Wipe()
	for name, words := range map[string]string{
		"my-long-computer-name":  "it has 21 characters, and 15 are allowed",
		"WEB01$":                 "leave the $ out",
		"web01.corp.example.com": "a full DNS name: expect its first part, web01",
		"12345":                  "it consists of digits",
		"WEB02":                  "use the blob made for WEB02",
	} {
		err := blob.Check(Expect{MachineName: name})
		if code, _ := winerr.CodeOf(err); code != winerr.InvalidParameter || !strings.Contains(err.Error(), words) {
			t.Errorf("%s: %v, want %q", name, err, words)
		}
		if name != "WEB02" && strings.Contains(err.Error(), "use the blob made for") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := blob.Check(Expect{MachineName: "web01"}); err != nil {
		t.Error(err)
	}
}
