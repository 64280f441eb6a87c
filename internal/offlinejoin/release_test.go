package offlinejoin

import (
	"strings"
	"testing"
	"time"

	"github.com/offlinejoin/offlinejoin/internal/activedirectory"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// What ReleaseAccount makes of each account, for each end: 3 × 5, and the ways to insist.
func TestReleaseAccount(t *testing.T) {
	t.Parallel()
	const intact, disabled, deleted = "intact", "disabled", "deleted"
	for name, c := range map[string]struct {
		prepare func(f *fakeDirectory, a *activedirectory.Account, r *AccountRelease)
		want    map[AccountEnd]string
		code    map[AccountEnd]winerr.Code
		status  AccountStatus // of keep
	}{
		"never booted": {
			func(*fakeDirectory, *activedirectory.Account, *AccountRelease) {},
			map[AccountEnd]string{AccountKeep: intact, AccountDisable: disabled, AccountDelete: deleted},
			nil, AccountFresh,
		},
		"booted": {
			func(_ *fakeDirectory, a *activedirectory.Account, _ *AccountRelease) { a.LastLogon = 5 },
			map[AccountEnd]string{AccountKeep: intact, AccountDisable: disabled, AccountDelete: intact},
			map[AccountEnd]winerr.Code{AccountDelete: winerr.SetupAlreadyJoined},
			AccountInUse,
		},
		"booted, delete_live": {
			func(_ *fakeDirectory, a *activedirectory.Account, r *AccountRelease) {
				a.LastLogon, r.DeleteLive = 5, true
			},
			map[AccountEnd]string{AccountKeep: intact, AccountDisable: disabled, AccountDelete: deleted},
			nil, AccountInUse,
		},
		"adopted": {
			func(_ *fakeDirectory, _ *activedirectory.Account, r *AccountRelease) { r.Adopted = true },
			map[AccountEnd]string{AccountKeep: intact, AccountDisable: disabled, AccountDelete: intact},
			map[AccountEnd]winerr.Code{AccountDelete: winerr.AccessDenied},
			AccountFresh,
		},
		"deleted already": {
			func(f *fakeDirectory, a *activedirectory.Account, _ *AccountRelease) { delete(f.accounts, a.GUID) },
			map[AccountEnd]string{AccountKeep: deleted, AccountDisable: deleted, AccountDelete: deleted},
			nil, AccountGone,
		},
		"another of its name": {
			func(f *fakeDirectory, a *activedirectory.Account, r *AccountRelease) {
				r.ObjectGUID = "00000000-0000-4000-8000-00000000ffff"
			},
			map[AccountEnd]string{AccountKeep: intact, AccountDisable: intact, AccountDelete: intact},
			nil, AccountGone,
		},
		"a controller's": {
			func(_ *fakeDirectory, a *activedirectory.Account, _ *AccountRelease) {
				a.Control |= activedirectory.ControlServerTrust
			},
			map[AccountEnd]string{AccountKeep: intact, AccountDisable: intact, AccountDelete: intact},
			map[AccountEnd]winerr.Code{AccountDisable: winerr.AccessDenied, AccountDelete: winerr.AccessDenied},
			AccountFresh,
		},
	} {
		for _, end := range []AccountEnd{AccountKeep, AccountDisable, AccountDelete} {
			t.Run(name+", "+string(end), func(t *testing.T) {
				t.Parallel()
				f := newFakeDirectory()
				a := f.put(activedirectory.Account{Name: "WEB01", Marker: activedirectory.Marker{
					State: activedirectory.MarkerStaged, Run: "5f0c3a9d21b04e77", At: testClock, Place: "9e107d9d372bb682",
				}})
				r := AccountRelease{AccountQuery: AccountQuery{ObjectGUID: a.GUID, MachineName: "WEB01"}, End: end}
				c.prepare(f, a, &r)
				facts, err := ReleaseAccount(t.Context(), f.directory(), r)
				if code, _ := winerr.CodeOf(err); code != c.code[end] {
					t.Errorf("error %v, want code %d", err, c.code[end])
				}
				got, now := deleted, f.accounts[a.GUID]
				if now != nil {
					got = intact
					if now.Disabled() {
						got = disabled
					}
				}
				if got != c.want[end] {
					t.Errorf("the account is %s, want %s", got, c.want[end])
				}
				if end == AccountKeep && facts.Status != c.status {
					t.Errorf("status %s, want %s", facts.Status, c.status)
				}
				if name == "another of its name" && !facts.NameTaken {
					t.Error("it is not told that another account has the name")
				}
				if got == disabled && (!now.Marker.IsZero() || facts.Status != AccountDisabled) {
					t.Errorf("%+v, %+v", now, facts)
				}
			})
		}
	}
}

// TestDeleteWhatWasSeen deletes no account that a run has worked on between the look at it and the decision.
func TestDeleteWhatWasSeen(t *testing.T) {
	t.Parallel()
	lost := activedirectory.Marker{State: activedirectory.MarkerPending, Run: "5f0c3a9d21b04e77", At: testClock, Place: "9e107d9d372bb682"}
	for name, c := range map[string]struct {
		since   func(a *activedirectory.Account)
		deleted bool
	}{
		"nothing":         {func(*activedirectory.Account) {}, true},
		"being removed":   {func(a *activedirectory.Account) { a.Marker.State = activedirectory.MarkerRemoving }, true},
		"taken up":        {func(a *activedirectory.Account) { a.Marker.Run = "77e40b12d9a3c0f5" }, false},
		"staged":          {func(a *activedirectory.Account) { a.Marker.State = activedirectory.MarkerStaged }, false},
		"marker gone":     {func(a *activedirectory.Account) { a.Marker = activedirectory.Marker{} }, false},
		"password is new": {func(a *activedirectory.Account) { a.PasswordLastSet++ }, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFakeDirectory()
			a := f.put(activedirectory.Account{Name: "WEB01", Marker: lost})
			d := f.directory()
			seen, err := LostAccounts(t.Context(), d, LostQuery{})
			if err != nil || len(seen) != 1 {
				t.Fatalf("%+v, %v", seen, err)
			}
			c.since(a)
			now := a.Marker
			_, err = ReleaseAccount(t.Context(), d, AccountRelease{
				AccountQuery: AccountQuery{ObjectGUID: a.GUID}, End: AccountDelete, Seen: &seen[0],
			})
			left := f.accounts[a.GUID]
			if c.deleted != (left == nil) || c.deleted != (err == nil) {
				t.Errorf("%+v, %v", left, err)
			}
			if code, _ := winerr.CodeOf(err); left != nil && (code != winerr.Busy || left.Marker != now) {
				t.Errorf("%+v, %v", left, err)
			}
		})
	}
}

// TestSomebodyElseDeletesFirst: what is gone by then is as it was wanted.
func TestSomebodyElseDeletesFirst(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		end AccountEnd
		at  string // the call that finds it gone
	}{{AccountDelete, "mark"}, {AccountDelete, "delete"}, {AccountDisable, "disable"}, {AccountDisable, "mark"}} {
		f := newFakeDirectory()
		a := f.put(activedirectory.Account{Name: "WEB01", Marker: activedirectory.Marker{
			State: activedirectory.MarkerPending, Run: "5f0c3a9d21b04e77", At: testClock, Place: "9e107d9d372bb682",
		}})
		reached := false
		f.refuse = func(call string) error {
			if !strings.HasPrefix(call, c.at) {
				return nil
			}
			reached = true
			delete(f.accounts, a.GUID)
			return winerr.New(winerr.FileNotFound, "it does not exist any more")
		}
		facts, err := ReleaseAccount(t.Context(), f.directory(), AccountRelease{AccountQuery: AccountQuery{ObjectGUID: a.GUID}, End: c.end})
		if err != nil || facts.Status != AccountGone || !reached {
			t.Errorf("%s, gone at %s: %+v, %v, reached: %v", c.end, c.at, facts, err, reached)
		}
	}
}

func TestAccountStatus(t *testing.T) {
	t.Parallel()
	f := newFakeDirectory()
	a := f.put(activedirectory.Account{Name: "WEB01"})
	query := AccountQuery{ObjectGUID: a.GUID, PasswordLastSet: a.PasswordLastSet}
	status := func(want AccountStatus) {
		t.Helper()
		got, err := ReadAccount(t.Context(), f.directory(), query)
		if err != nil || got.Status != want {
			t.Errorf("%+v, %v, want %s", got, err, want)
		}
	}
	status(AccountFresh)
	query = AccountQuery{MachineName: "web01$", PasswordLastSet: a.PasswordLastSet} // as sAMAccountName has it
	status(AccountFresh)
	query.ObjectGUID, query.MachineName = a.GUID, ""
	a.PasswordLastSet++
	status(AccountChanged)
	a.OperatingSystem = "Windows Server 2025"
	status(AccountInUse)
	a.Control |= activedirectory.ControlDisabled
	status(AccountDisabled)
	if got, err := EnableAccount(t.Context(), f.directory(), query); err != nil || got.Status != AccountInUse {
		t.Errorf("%+v, %v", got, err)
	}
	delete(f.accounts, a.GUID)
	status(AccountGone)
	f.refuse = func(string) error { return errRefused }
	if got, err := ReadAccount(t.Context(), f.directory(), query); err == nil || got.Status != AccountUnknown {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestLostAccountsAreFoundByMarker(t *testing.T) {
	t.Parallel()
	f := newFakeDirectory()
	mark := func(name string, state activedirectory.MarkerState, at time.Time) *activedirectory.Account {
		return f.put(activedirectory.Account{Name: name, Marker: activedirectory.Marker{State: state, Run: "5f0c3a9d21b04e77", At: at, Place: "9e107d9d372bb682"}})
	}
	mark("LOST", activedirectory.MarkerPending, testClock)
	mark("STAGED", activedirectory.MarkerStaged, testClock)
	mark("YOUNG", activedirectory.MarkerPending, testClock.Add(time.Hour))
	mark("LIVE", activedirectory.MarkerPending, testClock).LastLogon = 5
	q := LostQuery{OlderThan: 30 * time.Minute, Now: func() time.Time { return testClock.Add(time.Hour) }}
	lost, err := LostAccounts(t.Context(), f.directory(), q)
	if err != nil || len(lost) != 1 || lost[0].MachineName != "LOST" {
		t.Errorf("%+v, %v", lost, err)
	}
	q.Run = "another"
	if lost, err := LostAccounts(t.Context(), f.directory(), q); err != nil || len(lost) != 0 {
		t.Errorf("%+v, %v", lost, err)
	}
}

func TestPreparedAccountIsJoinedByItsGUID(t *testing.T) {
	t.Parallel()
	f := newFakeDirectory()
	acc, req := joinOf(t)
	facts, err := PrepareAccount(t.Context(), f.directory(), acc)
	if err != nil || !facts.Made || f.only(t).Marker.State != activedirectory.MarkerPrepared {
		t.Fatalf("%+v, %v", facts, err)
	}
	_, err = PrepareAccount(t.Context(), f.directory(), acc)
	if code, _ := winerr.CodeOf(err); code != winerr.UserExists {
		t.Errorf("again: %v", err)
	}
	acc.ObjectGUID = facts.ObjectGUID
	r, err := Join(t.Context(), f.directory(), acc, req)
	if err != nil || r.Account.Made || r.Account.ObjectGUID != facts.ObjectGUID || !f.valid(t, req.Image) {
		t.Errorf("%+v, %v", r, err)
	}
}
