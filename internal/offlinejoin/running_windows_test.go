package offlinejoin_test

import (
	"os"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/sample/sampletest"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

func TestTheRunningWindowsIsRefusedInADryRunToo(t *testing.T) {
	t.Parallel()
	_, file := sampletest.Blob(t)
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	blob, err := offlinejoin.ReadBlob(content, file)
	if err != nil {
		t.Fatal(err)
	}
	at := offlinejoin.ImageAt(os.Getenv("SystemRoot"))
	_, planErr := offlinejoin.Plan(t.Context(), offlinejoin.Request{Image: at, Blob: blob})
	_, stageErr := offlinejoin.Stage(t.Context(), offlinejoin.Request{Image: at, Blob: blob})
	_, unstageErr := offlinejoin.Unstage(t.Context(), offlinejoin.UnstageRequest{Image: at})
	for what, err := range map[string]error{"plan": planErr, "stage": stageErr, "unstage": unstageErr} {
		if code, _ := winerr.CodeOf(err); code != winerr.Busy {
			t.Errorf("%s: %v", what, err)
		}
	}
}
