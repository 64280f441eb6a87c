package offlinejoin

import (
	"testing"

	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
)

func TestMeaningOfDrift(t *testing.T) {
	t.Parallel()
	const ours, theirs, next = "aa", "bb", "cc"
	mine := ownership{Fingerprint: ours}
	booted := ownership{Fingerprint: ours, Booted: true}
	staged := drift{image: core.StateStaged, inImage: ours, mine: mine, blob: blobKnown, fingerprint: ours}
	with := func(change func(*drift)) drift {
		d := staged
		d.onExisting = core.OnExistingFail
		change(&d)
		return d
	}
	cases := map[string]struct {
		drift
		want     action
		existing core.OnExisting
	}{
		"staged": {with(func(*drift) {}), leave, ""},
		"staged, another blob": {
			with(func(d *drift) { d.fingerprint = next }), restage, core.OnExistingReplace,
		},
		"staged, another blob, keeping": {
			with(func(d *drift) { d.fingerprint, d.onExisting = next, core.OnExistingKeep }), restage,
			core.OnExistingReplace,
		},
		"staged, blob not known": {with(func(d *drift) { d.blob = blobUnknown }), leave, ""},
		"staged, blob not known, new version": {
			with(func(d *drift) { d.blob, d.newVersion = blobUnknown, true }), restage, core.OnExistingReplace,
		},
		"staged, new version of the same blob": {with(func(d *drift) { d.newVersion = true }), leave, ""},
		"staged, file deleted":                 {with(func(d *drift) { d.blob = blobMissing }), leave, ""},
		"staged, damaged":                      {with(func(d *drift) { d.damaged = true }), restage, core.OnExistingReplace},
		"staged, booted and not done yet": {
			with(func(d *drift) { d.damaged, d.mine = true, booted }), leave, "",
		},

		"completed": {with(func(d *drift) { d.image, d.mine = core.StateCompleted, booted }), leave, ""},
		"completed, another blob": {
			with(func(d *drift) { d.image, d.mine, d.fingerprint = core.StateCompleted, booted, next }), leave, "",
		},
		"completed, file deleted": {
			with(func(d *drift) { d.image, d.mine, d.blob = core.StateCompleted, booted, blobMissing }), leave, "",
		},
		"completed, to be restaged": {
			with(func(d *drift) { d.image, d.mine, d.restages = core.StateCompleted, booted, true }), restage,
			core.OnExistingReplace,
		},

		"failed": {with(func(d *drift) { d.image, d.mine = core.StateFailed, booted }), leave, ""},
		"failed, restaging": {
			with(func(d *drift) { d.image, d.mine, d.restages = core.StateFailed, booted, true }), leave, "",
		},
		"failed, new blob": {
			with(func(d *drift) { d.image, d.mine, d.fingerprint = core.StateFailed, booted, next }), restage,
			core.OnExistingReplace,
		},
		"stopped half-way": {with(func(d *drift) { d.image, d.mine = "started", booted }), leave, ""},

		"absent": {
			with(func(d *drift) { d.image, d.inImage = core.StateAbsent, "" }), restage, core.OnExistingReplace,
		},
		"absent after a boot": {
			with(func(d *drift) { d.image, d.inImage, d.mine = core.StateAbsent, "", booted }), leave, "",
		},
		"absent after a boot, to be restaged": {
			with(func(d *drift) { d.image, d.inImage, d.mine, d.restages = core.StateAbsent, "", booted, true }), restage,
			core.OnExistingReplace,
		},

		"another's, staged": {
			with(func(d *drift) { d.inImage = theirs }), restage, core.OnExistingReplace,
		},
		"another's, completed": {
			with(func(d *drift) { d.image, d.inImage = core.StateCompleted, theirs }), refuse, "",
		},
		"another's, completed, to be restaged": {
			with(func(d *drift) { d.image, d.inImage, d.restages = core.StateCompleted, theirs, true }), restage,
			core.OnExistingReplace,
		},
		"another's, failed": {with(func(d *drift) { d.image, d.inImage = core.StateFailed, theirs }), refuse, ""},
		"another's, completed, with the new blob": {
			with(func(d *drift) { d.image, d.inImage, d.fingerprint = core.StateCompleted, theirs, theirs }), restage,
			core.OnExistingReplace,
		},

		"foreign": {with(func(d *drift) { d.image, d.inImage = core.StateForeign, "" }), refuse, ""},
		"foreign, kept": {
			with(func(d *drift) { d.image, d.inImage, d.onExisting = core.StateForeign, "", core.OnExistingKeep }), leave, "",
		},
		"foreign, to be replaced": {
			with(func(d *drift) { d.image, d.inImage, d.onExisting = core.StateForeign, "", core.OnExistingReplace }),
			restage, core.OnExistingReplace,
		},
		"joined": {with(func(d *drift) { d.image, d.inImage = core.StateJoined, "" }), refuse, ""},
		"joined after our boot": {
			with(func(d *drift) { d.image, d.inImage, d.mine = core.StateJoined, "", booted }), leave, "",
		},
		"joined after our boot, to be restaged": {
			with(func(d *drift) { d.image, d.inImage, d.mine, d.restages = core.StateJoined, "", booted, true }), restage,
			core.OnExistingReplace,
		},

		"kept another's": {
			with(func(d *drift) { d.inImage, d.mine, d.onExisting = theirs, ownership{}, core.OnExistingKeep }), leave, "",
		},
		"kept, not to be kept any more": {
			with(func(d *drift) { d.inImage, d.mine = theirs, ownership{} }), restage, core.OnExistingFail,
		},
		"kept, now to be replaced": {
			with(func(d *drift) { d.inImage, d.mine, d.onExisting = theirs, ownership{}, core.OnExistingReplace }), restage,
			core.OnExistingReplace,
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := c.decide(); got != c.want {
				t.Fatalf("decide = %d, want %d", got, c.want)
			}
			if got := c.drift.existing(); c.want == restage && got != c.existing {
				t.Errorf("existing = %s, want %s", got, c.existing)
			}
		})
	}
}

func TestLeaves(t *testing.T) {
	t.Parallel()
	const ours, theirs = "aa", "bb"
	cases := map[string]struct {
		status    core.Status
		mine      string
		onDestroy string
		leaves    bool
	}{
		"absent":             {core.Status{State: core.StateAbsent}, ours, destroyUnstage, false},
		"our staged join":    {core.Status{State: core.StateStaged, Fingerprint: ours}, ours, destroyUnstage, false},
		"our failed join":    {core.Status{State: core.StateFailed, Fingerprint: ours}, ours, destroyUnstage, false},
		"ours, abandoned":    {core.Status{State: core.StateStaged, Fingerprint: ours}, ours, destroyAbandon, true},
		"ours, to fail":      {core.Status{State: core.StateStaged, Fingerprint: ours}, ours, destroyFail, false},
		"completed":          {core.Status{State: core.StateCompleted, Fingerprint: ours}, ours, destroyUnstage, true},
		"completed, to fail": {core.Status{State: core.StateCompleted, Fingerprint: ours}, ours, destroyFail, true},
		"another's":          {core.Status{State: core.StateStaged, Fingerprint: theirs}, ours, destroyUnstage, true},
		"another's, to fail": {core.Status{State: core.StateStaged, Fingerprint: theirs}, ours, destroyFail, true},
		"one that was kept":  {core.Status{State: core.StateStaged, Fingerprint: theirs}, "", destroyUnstage, true},
		"foreign":            {core.Status{State: core.StateForeign}, "", destroyUnstage, true},
		"joined":             {core.Status{State: core.StateJoined}, "", destroyUnstage, true},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			why := leaves(core.ImageAt("/mnt/Windows"), &c.status, ownership{Fingerprint: c.mine}, c.onDestroy)
			if (why != "") != c.leaves {
				t.Errorf("leaves says %q, want a reason: %v", why, c.leaves)
			}
		})
	}
}
