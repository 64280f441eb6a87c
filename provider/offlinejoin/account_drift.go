package offlinejoin

import core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"

// accountAction is what a plan does about a join whose account a resource has made or taken.
type accountAction int

const (
	accountLeave  accountAction = iota // no change
	accountReset                       // a new password for the account, and the join staged again, in place
	accountEnable                      // the account is enabled again, with the password that it has
	accountRemake                      // the resource is replaced: the join is taken out, another account made
	accountRejoin                      // the resource is replaced, for another blob
	accountRefuse                      // the plan fails: the user must decide
)

// accountDrift is how the directory, the image and the configuration differ from what a resource has done: all that the action
// depends on.
type accountDrift struct {
	account core.AccountStatus // what the directory says now; unknown: it was not asked
	booted  bool               // a machine was seen to use the account, or the image to have booted with it, now or earlier
	image   core.State         // what the image says now; "": it cannot be read
	mine    bool               // the join in the image is this resource's
	disk    bool               // the image is a disk that was made for the join
	inputs  bool               // what makes the blob has changed in the configuration
	enable  bool               // the configuration wants the account enabled
}

// decide returns what the plan does. A machine that has booted gets no other password, whatever has become of the rest, and
// neither does one whose image is lost: it may run elsewhere. The cases, in this order:
//
//	account gone, the machine has booted   refuse: another account would have another SID
//	account gone, never booted             replace: the join in the image is of no use
//	account disabled                       nothing; enable where the configuration asks for it
//	directory not asked                    nothing
//	the machine has booted                 nothing
//	image not readable                     nothing
//	no join in the image                   reset and stage; nothing for a disk that was made: somebody has changed it
//	our join waits, password moved         reset and stage
//	our join waits, other inputs           replace: what the image holds is in working order, and is not the join wanted
//	all else                               nothing
func (d accountDrift) decide() accountAction {
	switch {
	case d.account == core.AccountGone && d.booted:
		return accountRefuse
	case d.account == core.AccountGone:
		return accountRemake
	case d.account == core.AccountDisabled && d.enable:
		return accountEnable
	case d.booted, d.account != core.AccountFresh && d.account != core.AccountChanged:
		return accountLeave
	}
	switch waits := d.image == core.StateStaged && d.mine; {
	case d.image == core.StateAbsent && !d.disk,
		waits && d.account == core.AccountChanged:
		return accountReset
	case waits && d.inputs:
		return accountRejoin
	}
	return accountLeave
}
