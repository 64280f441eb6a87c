package offlinejoin

import (
	"testing"

	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
)

// TestAccountDrift is the table of what drift of an account means.
func TestAccountDrift(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		drift accountDrift
		want  accountAction
	}{
		"as it was":                      {accountDrift{account: core.AccountFresh, image: core.StateStaged, mine: true}, accountLeave},
		"in use, image gone":             {accountDrift{account: core.AccountInUse, booted: true}, accountLeave},
		"in use, image completed":        {accountDrift{account: core.AccountInUse, booted: true, image: core.StateCompleted, mine: true}, accountLeave},
		"in use, join taken out":         {accountDrift{account: core.AccountInUse, booted: true, image: core.StateAbsent}, accountLeave},
		"in use, other inputs":           {accountDrift{account: core.AccountInUse, booted: true, image: core.StateStaged, mine: true, inputs: true}, accountLeave},
		"booted before, account fresh":   {accountDrift{account: core.AccountFresh, booted: true, image: core.StateAbsent, inputs: true}, accountLeave},
		"password moved":                 {accountDrift{account: core.AccountChanged, image: core.StateStaged, mine: true}, accountReset},
		"password moved, disk":           {accountDrift{account: core.AccountChanged, image: core.StateStaged, mine: true, disk: true}, accountReset},
		"password moved, image lost":     {accountDrift{account: core.AccountChanged}, accountLeave},
		"password moved, booted":         {accountDrift{account: core.AccountChanged, booted: true, image: core.StateStaged, mine: true}, accountLeave},
		"password moved, another's join": {accountDrift{account: core.AccountChanged, image: core.StateStaged}, accountLeave},
		"image lost":                     {accountDrift{account: core.AccountFresh}, accountLeave},
		"join taken out":                 {accountDrift{account: core.AccountFresh, image: core.StateAbsent}, accountReset},
		"join taken out of a disk":       {accountDrift{account: core.AccountFresh, image: core.StateAbsent, disk: true}, accountLeave},
		"first boot failed":              {accountDrift{account: core.AccountFresh, image: core.StateFailed, mine: true, inputs: true}, accountLeave},
		"another tool's join":            {accountDrift{account: core.AccountFresh, image: core.StateForeign, inputs: true}, accountLeave},
		"other inputs":                   {accountDrift{account: core.AccountFresh, image: core.StateStaged, mine: true, inputs: true}, accountRejoin},
		"disabled":                       {accountDrift{account: core.AccountDisabled, image: core.StateStaged, mine: true, inputs: true}, accountLeave},
		"disabled, to be enabled":        {accountDrift{account: core.AccountDisabled, booted: true, enable: true}, accountEnable},
		"gone, never booted":             {accountDrift{account: core.AccountGone, image: core.StateStaged, mine: true}, accountRemake},
		"gone, booted":                   {accountDrift{account: core.AccountGone, booted: true, image: core.StateCompleted, mine: true}, accountRefuse},
		"not asked":                      {accountDrift{account: core.AccountUnknown, image: core.StateAbsent, inputs: true}, accountLeave},
		"not asked, booted":              {accountDrift{account: core.AccountUnknown, booted: true}, accountLeave},
	} {
		if got := c.drift.decide(); got != c.want {
			t.Errorf("%s: action %d, want %d", name, got, c.want)
		}
	}
}

// TestNoResetOfWhatHasBooted tries every combination: none resets or remakes what has booted, what was not asked, or what
// cannot be seen.
func TestNoResetOfWhatHasBooted(t *testing.T) {
	t.Parallel()
	statuses := []core.AccountStatus{
		core.AccountGone, core.AccountDisabled, core.AccountInUse, core.AccountChanged, core.AccountFresh, core.AccountUnknown, "",
	}
	states := []core.State{
		"", core.StateAbsent, core.StateStaged, core.StateCompleted, core.StateFailed, core.StateJoined, core.StateForeign,
	}
	for _, account := range statuses {
		for _, image := range states {
			for bits := range 32 {
				d := accountDrift{
					account: account, image: image, booted: bits&1 != 0, mine: bits&2 != 0, disk: bits&4 != 0, inputs: bits&8 != 0,
					enable: bits&16 != 0,
				}
				safe := !d.booted && d.image != "" && (d.account == core.AccountFresh || d.account == core.AccountChanged)
				if got := d.decide(); (got == accountReset || got == accountRejoin) && !safe {
					t.Errorf("%+v is reset", d)
				}
				if d.decide() == accountRemake && (d.booted || d.account != core.AccountGone) {
					t.Errorf("%+v is made anew", d)
				}
			}
		}
	}
}
