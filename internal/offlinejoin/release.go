package offlinejoin

import (
	"cmp"
	"context"
	"errors"
	"strings"
	"time"

	"github.com/offlinejoin/offlinejoin/internal/activedirectory"
	"github.com/offlinejoin/offlinejoin/internal/plaintext"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// AccountQuery names an account: by its objectGUID, or by its machine's name, or by its distinguished name.
type AccountQuery struct {
	ObjectGUID      string
	DN              string // where neither of the others is given
	MachineName     string
	PasswordLastSet FileTime // of the password that was staged; 0: not known
}

// ReadAccount returns what the directory has of an account, and writes nothing. An account that does not exist is no error:
// its status is gone. After an error it is unknown.
func ReadAccount(ctx context.Context, d *Directory, q AccountQuery) (*AccountFacts, error) {
	facts := &AccountFacts{Status: AccountUnknown, MachineName: plaintext.Line(q.MachineName, plaintext.Name), ObjectGUID: q.ObjectGUID}
	if q.ObjectGUID == "" && q.MachineName == "" && q.DN == "" {
		return facts, winerr.Errorf(winerr.InvalidParameter, "no account was named: give its objectGUID or its machine's name")
	}
	err := d.read(ctx, func(l *link) error {
		a, err := l.named(ctx, q)
		if err != nil {
			return err
		}
		if a != nil {
			facts = l.accountFacts(a, q.PasswordLastSet)
			return nil
		}
		facts.Status, facts.Domain, facts.DC = AccountGone, l.shownDomain(), l.DC().Host
		if q.ObjectGUID != "" && q.MachineName != "" {
			other, err := l.Find(ctx, l.domain, q.MachineName)
			if err != nil {
				return err
			}
			facts.NameTaken = other != nil
		}
		return nil
	})
	if err != nil {
		facts.Status = AccountUnknown
	}
	return facts, err
}

// named returns the account of a query, nil when there is none.
func (l *link) named(ctx context.Context, q AccountQuery) (*activedirectory.Account, error) {
	switch {
	case q.ObjectGUID != "":
		return l.FindGUID(ctx, q.ObjectGUID)
	case q.MachineName == "":
		return l.FindDN(ctx, q.DN)
	}
	return l.Find(ctx, l.domain, strings.TrimSuffix(q.MachineName, "$")) // as sAMAccountName has it
}

// AccountEnd says what becomes of an account that is not needed any more. The empty value means AccountKeep.
type AccountEnd string

// The choices.
const (
	AccountKeep    AccountEnd = "keep"    // nothing; an image that was staged with it can still join
	AccountDisable AccountEnd = "disable" // no image and no machine can use its password any more
	AccountDelete  AccountEnd = "delete"
)

// AccountRelease asks to end the use of an account.
type AccountRelease struct {
	AccountQuery
	End        AccountEnd
	Adopted    bool // it was not made by us, so that it is never deleted
	DeleteLive bool // delete even an account that a machine has logged on with
	// Seen is the account as somebody decided to delete it: when a run has worked on it since, it is not deleted. Nil: as it is.
	Seen *AccountFacts
	Now  func() time.Time
}

// ReleaseAccount does with an account what the request says, and returns what it was before, with the status that it has now.
// It is found by its objectGUID: another one that has got its name since is left alone, and so is what is gone. Errors: 2691
// for an account in use that is to be deleted, 5 for one that was adopted, or is a domain controller's, or without the right,
// 170 when somebody else is working on it, or has since it was seen.
func ReleaseAccount(ctx context.Context, d *Directory, req AccountRelease) (*AccountFacts, error) {
	switch req.End {
	case "", AccountKeep:
		return ReadAccount(ctx, d, req.AccountQuery)
	case AccountDisable, AccountDelete:
	default:
		return nil, winerr.Errorf(winerr.InvalidParameter, "account_on_destroy is %q: use keep, disable or delete",
			plaintext.Line(string(req.End), plaintext.Name))
	}
	facts, err := ReadAccount(ctx, d, req.AccountQuery)
	if err != nil || facts.Status == AccountGone {
		return facts, err
	}
	req.ObjectGUID = facts.ObjectGUID
	err = d.read(ctx, func(l *link) error {
		a, err := l.FindGUID(ctx, req.ObjectGUID)
		if err != nil {
			return err
		}
		if a == nil {
			facts.Status = AccountGone
			return nil
		}
		if err := activedirectory.CheckMachine(a); err != nil {
			return err
		}
		if req.End == AccountDisable {
			err = l.disable(ctx, a, facts)
		} else {
			err = l.remove(ctx, a, req, facts)
		}
		if code, _ := winerr.CodeOf(err); code == winerr.FileNotFound { // somebody else was faster
			facts.Status = AccountGone
			return nil
		}
		return err
	})
	return facts, err
}

// disable disables an account, and takes our marker away: nothing of a run is pending any more.
func (l *link) disable(ctx context.Context, a *activedirectory.Account, facts *AccountFacts) error {
	a, err := l.Disable(ctx, a)
	if err != nil {
		return err
	}
	facts.Status = AccountDisabled
	if !a.Marker.IsZero() {
		if _, err = l.Mark(ctx, a, activedirectory.Marker{}); err == nil {
			facts.Marker = ""
		}
	}
	return err
}

// remove deletes an account that may be deleted.
func (l *link) remove(ctx context.Context, a *activedirectory.Account, req AccountRelease, facts *AccountFacts) error {
	if req.Adopted {
		return winerr.Errorf(winerr.AccessDenied, "the account %s was there before it was joined, and is not deleted with the join: "+
			"use disable or keep, or delete it with offlinejoin account delete", a.DN)
	}
	if live, why := a.Live(); live && !req.DeleteLive {
		return winerr.Errorf(winerr.SetupAlreadyJoined, "the account %s is in use (%s), and is not deleted: use disable, or set "+
			"delete_live = true", a.DN, why)
	}
	removing := a.Marker.State == activedirectory.MarkerRemoving // by this request, whose answer was lost, or by another
	if seen := req.Seen; seen != nil && (!removing && seen.Marker != a.Marker.String() || seen.PasswordLastSet != a.PasswordLastSet) {
		return winerr.Errorf(winerr.Busy, "another run has worked on the account %s in the meantime (%s), and it is not deleted: look "+
			"at it again", a.DN, cmp.Or(a.Marker.String(), "without a marker"))
	}
	if !a.Marker.IsZero() && !removing { // from now on nobody takes it up
		var err error
		now := AccountRequest{Now: req.Now}.clock()
		if a, err = l.Mark(ctx, a, a.Marker.With(activedirectory.MarkerRemoving, now)); err != nil {
			return err
		}
	}
	err := l.Delete(ctx, a, true)
	if err == nil {
		facts.Status = AccountGone
	}
	return err
}

// EnableAccount takes back what AccountDisable did: the password is still the one that it was.
func EnableAccount(ctx context.Context, d *Directory, q AccountQuery) (*AccountFacts, error) {
	facts := &AccountFacts{Status: AccountUnknown, MachineName: plaintext.Line(q.MachineName, plaintext.Name), ObjectGUID: q.ObjectGUID}
	err := d.read(ctx, func(l *link) error {
		a, err := l.named(ctx, q)
		if err != nil {
			return err
		}
		if a == nil {
			facts.Status, facts.Domain, facts.DC = AccountGone, l.shownDomain(), l.DC().Host
			return nil
		}
		if err := activedirectory.CheckMachine(a); err != nil {
			return err
		}
		if a, err = l.Enable(ctx, a); err == nil {
			facts = l.accountFacts(a, q.PasswordLastSet)
		}
		return err
	})
	return facts, err
}

// LostQuery keeps some of the accounts that runs have left.
type LostQuery struct {
	Run         string        // of this run alone; empty: of all
	MachineName string        // of this machine alone; empty: of all
	OlderThan   time.Duration // marked before that; a run that still works has a young marker
	Now         func() time.Time
}

// LostAccounts returns the accounts that runs have made or reset and not finished, which nobody has the password of: those
// with a marker that says pending, failed or removing, and that no machine has logged on with. At most 500 are looked at.
func LostAccounts(ctx context.Context, d *Directory, q LostQuery) ([]AccountFacts, error) {
	before := AccountRequest{Now: q.Now}.clock().Add(-q.OlderThan)
	var lost []AccountFacts
	unfinished := []activedirectory.MarkerState{activedirectory.MarkerPending, activedirectory.MarkerFailed, activedirectory.MarkerRemoving}
	err := d.read(ctx, func(l *link) error {
		marked, err := l.Marked(ctx, l.domain, unfinished, func(a *activedirectory.Account) bool {
			live, _ := a.Live()
			return !live && !a.Marker.At.After(before) && (q.Run == "" || q.Run == a.Marker.Run) &&
				(q.MachineName == "" || strings.EqualFold(q.MachineName, a.Name))
		})
		lost = nil
		for _, a := range marked {
			lost = append(lost, *l.accountFacts(a, 0))
		}
		return err
	})
	return lost, err
}

// PlanPreparedAccount makes every check of [PrepareAccount], and writes nothing.
func PlanPreparedAccount(ctx context.Context, d *Directory, req AccountRequest) (*AccountPlan, error) {
	req.Reuse, req.TrustedOwners, req.ObjectGUID, req.prepared = AccountReuseRefuse, nil, "", true
	p, err := planAccount(ctx, d, req, nil, nil)
	if err == nil && p.Action != AccountCreate {
		err = p.exists()
	}
	return p, err
}

// PrepareAccount makes an account ahead of its machine, with a password that nobody has, for groups and inventories that must
// see it early. A join takes it by its objectGUID. Errors are those of [Provision]; an account that exists is 2224.
func PrepareAccount(ctx context.Context, d *Directory, req AccountRequest) (*AccountFacts, error) {
	p, err := PlanPreparedAccount(ctx, d, req)
	if err != nil {
		return nil, err
	}
	made, err := Provision(ctx, d, p)
	if err != nil {
		return nil, err
	}
	made.Wipe()
	err = d.read(ctx, func(l *link) error {
		_, err := l.Mark(ctx, made.account, made.marker.With(activedirectory.MarkerPrepared, req.clock()))
		return err
	})
	if err != nil {
		return nil, errors.Join(err, made.Undo(ctx))
	}
	made.Account.Marker = made.marker.With(activedirectory.MarkerPrepared, req.clock()).String()
	return &made.Account, nil
}
