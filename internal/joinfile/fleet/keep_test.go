package fleet_test

import (
	"context"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/joinfile/fleet"
)

// A run that keeps the blobs leaves them to the next one, which wipes them.
func TestKeptBlobsServeTheNextRun(t *testing.T) {
	t.Parallel()
	_, joins := members(t, "web01", "web02")
	if wrong := fleet.Check(t.Context(), fleet.Plan, joins); wrong != nil {
		t.Fatal(wrong)
	}
	run := func(r fleet.Run) *fleet.Report { return r.Do(context.Background(), nil, joins) }
	if r := run(fleet.Run{Action: fleet.Plan, Keep: true}); !r.Well() {
		t.Fatalf("%+v", r.Outcomes)
	}
	kept := joins[0].Request.Blob
	if kept == nil || kept.Facts().MachineName != "WEB01" {
		t.Fatalf("kept %v", kept)
	}
	joins[0].BlobFile = "there is no such file"
	if r := run(fleet.Run{Action: fleet.Apply}); !r.Well() || r.Count("staged") != 2 {
		t.Fatalf("%+v", r.Outcomes)
	}
	if joins[0].Request.Blob != nil || joins[1].Request.Blob != nil {
		t.Error("a run that keeps nothing leaves blobs behind")
	}
}
