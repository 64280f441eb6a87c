package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/offlinejoin/offlinejoin/internal/bench/hives"
	"github.com/offlinejoin/offlinejoin/internal/bench/hivetask"
	"github.com/offlinejoin/offlinejoin/internal/offlinejoin"
)

// childReport is what a child of this program prints about itself.
type childReport struct {
	Inside time.Duration // from main to end
	Syncs  int
	Bytes  int64 // as the engine counts what it writes
	Peak   int64 // greatest resident size in bytes, as the process itself is told; 0: not known
}

// runChild is what a child of this program does: it is measured like the other tools.
func runChild(args []string) error {
	start := time.Now()
	var r childReport
	var err error
	switch args[0] {
	case "hives":
		err = hives.Write(args[1], args[2], args[3] == "true")
	case "stage":
		r, err = childStage(args[1], args[2])
	default:
		err = fmt.Errorf("unknown measurement %q", args[0])
	}
	if err != nil {
		return err
	}
	r.Inside, r.Peak = time.Since(start), hivetask.Peak()
	return json.NewEncoder(os.Stdout).Encode(r)
}

func childStage(windowsPath, blobFile string) (childReport, error) {
	r, err := stage(windowsPath, blobFile)
	if err != nil {
		return childReport{}, err
	}
	return childReport{Bytes: r.BytesWritten, Syncs: r.Syncs}, nil
}

// stage stages the blob in a file into an image.
func stage(windowsPath, blobFile string) (*offlinejoin.Receipt, error) {
	return inImage(windowsPath, blobFile, offlinejoin.Stage)
}

// inImage plans or stages the blob in a file.
func inImage(
	windowsPath, blobFile string, do func(context.Context, offlinejoin.Request) (*offlinejoin.Receipt, error),
) (*offlinejoin.Receipt, error) {
	content, err := os.ReadFile(blobFile)
	if err != nil {
		return nil, err
	}
	blob, err := offlinejoin.ReadBlob(content, blobFile)
	if err != nil {
		return nil, err
	}
	defer blob.Wipe()
	return do(context.Background(), offlinejoin.Request{
		Image: offlinejoin.ImageAt(windowsPath), Blob: blob, StagedBy: "bench/1",
	})
}
