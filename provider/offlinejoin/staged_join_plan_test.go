package offlinejoin

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/types"
	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
)

func TestWantsStaging(t *testing.T) {
	t.Parallel()
	const ours, theirs, next = "aa", "bb", "cc"
	cases := map[string]struct {
		known       knowledge
		fingerprint string // of the blob, when known
		inImage     string
		status      core.State
		mine        string
		onExisting  core.OnExisting
		newVersion  bool
		want        bool
	}{
		"nothing changed":               {blobKnown, ours, ours, core.StateStaged, ours, "fail", false, false},
		"completed is no drift":         {blobKnown, ours, ours, core.StateCompleted, ours, "fail", false, false},
		"failed is no drift":            {blobKnown, ours, ours, core.StateFailed, ours, "fail", false, false},
		"another blob":                  {blobKnown, next, ours, core.StateStaged, ours, "fail", false, true},
		"another blob, keeping":         {blobKnown, next, ours, core.StateStaged, ours, "keep", false, true},
		"image re-staged by another":    {blobKnown, ours, theirs, core.StateStaged, ours, "fail", false, true},
		"re-staged with the same blob":  {blobKnown, theirs, theirs, core.StateStaged, ours, "fail", false, false},
		"kept another's":                {blobKnown, ours, theirs, core.StateStaged, "", "keep", false, false},
		"kept, now to be replaced":      {blobKnown, ours, theirs, core.StateStaged, "", "replace", false, true},
		"foreign join":                  {blobKnown, ours, "", core.StateForeign, ours, "fail", false, true},
		"foreign join, kept":            {blobKnown, ours, "", core.StateForeign, "", "keep", false, false},
		"unknown blob":                  {blobUnknown, "", ours, core.StateStaged, ours, "fail", false, false},
		"unknown blob, new version":     {blobUnknown, "", ours, core.StateStaged, ours, "fail", true, true},
		"unknown blob, image re-staged": {blobUnknown, "", theirs, core.StateStaged, ours, "fail", false, true},
		"file deleted after first boot": {blobAway, "", ours, core.StateCompleted, ours, "fail", false, false},
		"known blob, new version":       {blobKnown, ours, ours, core.StateStaged, ours, "fail", true, false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			state := stagedJoinModel{
				Fingerprint: stringOrNull(c.inImage), Status: stringOrNull(string(c.status)),
				BlobWOVersion: types.Int64Value(1),
			}
			plan := stagedJoinModel{OnExisting: stringOrNull(string(c.onExisting)), BlobWOVersion: types.Int64Value(1)}
			if c.newVersion {
				plan.BlobWOVersion = types.Int64Value(2)
			}
			if got := wantsStaging(c.known, c.fingerprint, c.mine, &plan, &state); got != c.want {
				t.Errorf("wantsStaging = %v, want %v", got, c.want)
			}
		})
	}
}

func TestLeaves(t *testing.T) {
	t.Parallel()
	const ours, theirs = "aa", "bb"
	cases := map[string]struct {
		status core.Status
		mine   string
		leaves bool
	}{
		"absent":            {core.Status{State: core.StateAbsent}, ours, false},
		"our staged join":   {core.Status{State: core.StateStaged, Fingerprint: ours}, ours, false},
		"our failed join":   {core.Status{State: core.StateFailed, Fingerprint: ours}, ours, false},
		"completed":         {core.Status{State: core.StateCompleted, Fingerprint: ours}, ours, true},
		"another's":         {core.Status{State: core.StateStaged, Fingerprint: theirs}, ours, true},
		"one that was kept": {core.Status{State: core.StateStaged, Fingerprint: theirs}, "", true},
		"foreign":           {core.Status{State: core.StateForeign}, "", true},
		"joined":            {core.Status{State: core.StateJoined}, "", true},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if why := leaves(&c.status, c.mine); (why != "") != c.leaves {
				t.Errorf("leaves says %q, want a reason: %v", why, c.leaves)
			}
		})
	}
}
