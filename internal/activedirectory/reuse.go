package activedirectory

import (
	"slices"

	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// Well-known SIDs of administrators ([MS-DTYP] 2.4.2.4): one of the machine, and relative ones of the domain and of the
// forest's root domain.
const (
	administrators   = "S-1-5-32-544"
	domainAdmins     = "-512"
	enterpriseAdmins = "-519"
	policyName       = `"Domain controller: Allow computer account re-use during domain join"`
)

// Asker is who wants to use an account again.
type Asker struct {
	SID     string   // of the user who is logged on to the directory
	Trusted []string // SIDs of other owners whose accounts may be used again; see [Session.Owners]
}

// MayReuse refuses an account that somebody else has made (2732 NERR_AccountReuseBlockedByPolicy), by the rules of
// KB5020276 as far as a client sees them: it may be used again by its creator, by its owner, by everybody when its owner is
// an administrators' group, and when its owner is trusted by name. A domain controller enforces none of this over LDAP: the
// refusal is ours, and comes before anything is written.
func MayReuse(a *Account, d Domain, who Asker) error {
	switch {
	case who.SID != "" && a.CreatorSID == who.SID, who.SID != "" && a.OwnerSID == who.SID:
		return nil
	case a.OwnerSID == "":
		return winerr.Errorf(winerr.AccountReuseBlocked, "the owner of %s cannot be read, so it is not known whether its account "+
			"may be used again: give this user the right to read permissions, delete the account, or choose another machine_name",
			a.DN)
	case slices.Contains(d.Admins(), a.OwnerSID), slices.Contains(who.Trusted, a.OwnerSID):
		return nil
	}
	return winerr.Errorf(winerr.AccountReuseBlocked, "the account %s belongs to %s, who is neither this user nor an "+
		"administrator (KB5020276): name that owner in trusted_owners if the domain's policy "+policyName+" has it, delete the "+
		"account, or choose another machine_name", a.DN, a.OwnerSID)
}

// Admins returns the SIDs of the groups whose accounts everybody may use again.
func (d Domain) Admins() []string {
	return []string{administrators, d.SID + domainAdmins, d.ForestSID + enterpriseAdmins}
}

// CheckMachine refuses what is never reset, whatever a user wishes (5): the account of a domain controller, of a read-only
// one, of a trust, of a service, and one that is no computer's.
func CheckMachine(a *Account) error {
	what := ""
	switch {
	case a.Control&ControlServerTrust != 0:
		what = "a domain controller"
	case a.Control&ControlPartialSecrets != 0:
		what = "a read-only domain controller"
	case a.Service:
		what = "a managed service account"
	case !a.Computer || a.Control&ControlWorkstationTrust == 0:
		what = "no account of a workstation or member server"
	default:
		return nil
	}
	return winerr.Errorf(winerr.AccessDenied, "%s is %s, which no join may use: choose another machine_name", a.DN, what)
}

// CheckNotLive refuses an account whose machine has logged on (2691 NERR_SetupAlreadyJoined), unless the user wishes to
// replace that machine: its password would not be valid any more.
func CheckNotLive(a *Account, replace bool) error {
	live, why := a.Live()
	if !live || replace {
		return nil
	}
	return winerr.Errorf(winerr.SetupAlreadyJoined, "the account %s is in use (%s), and a new password would cut its machine off "+
		"from the domain: set replace_live = true if that machine is gone, or choose another machine_name", a.DN, why)
}
