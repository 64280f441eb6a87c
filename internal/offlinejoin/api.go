package offlinejoin

import (
	"context"

	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// InspectBlob parses a blob in any encoding and returns what it is for.
func InspectBlob(blob []byte, name string) (BlobFacts, error) {
	return BlobFacts{}, winerr.Errorf(winerr.NotSupported, "not built yet")
}

// CheckBlob parses req.Blob and compares it with req.Expect, as [Plan] does first; it needs no image.
func CheckBlob(req Request) (BlobFacts, error) {
	return BlobFacts{}, winerr.Errorf(winerr.NotSupported, "not built yet")
}

// Plan makes every check and lists every change of req, and writes nothing. Its Outcome is OutcomePlanned, or
// OutcomeUnchanged or OutcomeKept when Stage would write nothing.
func Plan(ctx context.Context, req Request) (*Receipt, error) {
	return nil, winerr.Errorf(winerr.NotSupported, "not built yet")
}

// Stage makes the plan of req true and reads back what it wrote.
func Stage(ctx context.Context, req Request) (*Receipt, error) {
	return nil, winerr.Errorf(winerr.NotSupported, "not built yet")
}

// ReadStatus tells what the image at windowsPath holds. It writes nothing.
func ReadStatus(ctx context.Context, windowsPath string) (*Status, error) {
	return nil, winerr.Errorf(winerr.NotSupported, "not built yet")
}

// Unstage takes the pending join of an image back, and leaves no byte of the blob.
func Unstage(ctx context.Context, req UnstageRequest) (*Receipt, error) {
	return nil, winerr.Errorf(winerr.NotSupported, "not built yet")
}
