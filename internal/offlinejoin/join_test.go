package offlinejoin

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/activedirectory"
	"github.com/offlinejoin/offlinejoin/internal/completion"
	"github.com/offlinejoin/offlinejoin/internal/imagefs/open"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/sample/sampletest"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// joinOf makes a sample image and the requests for joining WEB01 into it.
func joinOf(t testing.TB) (AccountRequest, Request) {
	t.Helper()
	req := newImage(t, sample.Image{})
	req.Blob = nil
	return AccountRequest{MachineName: "web01", OU: fakeOU}, req
}

// blobIn returns the blob that an image holds.
func blobIn(t testing.TB, at Image) *Blob {
	t.Helper()
	h, err := heldBy(t.Context(), Request{Image: at})
	if err != nil || h == nil || h.blob == nil {
		t.Fatalf("the image holds %+v, %v", h, err)
	}
	return h.blob
}

// valid reports whether what the image holds is the password of the account.
func (f *fakeDirectory) valid(t testing.TB, at Image) bool {
	t.Helper()
	b := blobIn(t, at)
	a := f.only(t)
	return fmt.Sprint([]uint16(b.parsed.MachinePassword())) == f.password[a.GUID] && b.parsed.Rid() == a.Rid()
}

func TestJoinMakesTheAccountAndStagesIt(t *testing.T) {
	t.Parallel()
	f := newFakeDirectory()
	acc, req := joinOf(t)
	acc.Description, acc.PersistentSite, acc.NetBIOSName = "Web server", "Site-B", "WEB01X"
	r, err := Join(t.Context(), f.directory(), acc, req)
	if err != nil {
		t.Fatal(err)
	}
	a := f.only(t)
	if a.Marker.State != activedirectory.MarkerStaged || a.Own != "Web server" || !f.valid(t, req.Image) {
		t.Errorf("%+v", a)
	}
	if r.Outcome != OutcomeStaged || !r.Account.Made || r.Account.Status != AccountFresh || r.Account.ObjectGUID != a.GUID ||
		r.Status.Account == nil || *r.Status.Account != (AccountRecord{a.GUID, a.PasswordLastSet}) || r.Account.Marker != a.Marker.String() {
		t.Errorf("%+v, %+v", r, r.Account)
	}
	b := blobIn(t, req.Image).parsed
	if p := b.JoinProvider2(); b.MachineName() != "WEB01" || b.AccountSID() != a.SID || p == nil || p.Flags != 1 || p.Site != "Site-B" ||
		p.NetBIOSName != "WEB01X" || b.DC().Name != "dc1.corp.example.com" || b.DC().Flags != 0xE00011BD {
		t.Errorf("%+v", b.Facts())
	}

	// Again: nothing is written anywhere.
	writes, before := f.writes, tree(t, req.Image.WindowsPath)
	r, err = Join(t.Context(), f.directory(), acc, req)
	if err != nil || r.Outcome != OutcomeUnchanged || f.writes != writes || tree(t, req.Image.WindowsPath) != before || r.Account.Made {
		t.Errorf("again: %+v, %v, %d writes", r, err, f.writes-writes)
	}
}

func TestPlanJoinWritesNothing(t *testing.T) {
	t.Parallel()
	f := newFakeDirectory()
	acc, req := joinOf(t)
	before := tree(t, req.Image.WindowsPath)
	p, r, err := PlanJoin(t.Context(), f.directory(), acc, req)
	if err != nil || p.Action != AccountCreate || r.Outcome != OutcomePlanned || p.DN != "CN=WEB01,"+fakeOU {
		t.Errorf("%+v, %+v, %v", p, r, err)
	}
	// The rehearsal's own facts are nobody's.
	if r.Blob.Fingerprint != "" || r.Blob.AccountSID != "" || r.Blob.MachineName != "WEB01" {
		t.Errorf("%+v", r.Blob)
	}
	open := 0
	for _, c := range r.Changes {
		if c.After == later {
			open++
		}
		if len(c.After) == 64 && c.Name == "Fingerprint" || c.After == rehearsalGUID {
			t.Errorf("%+v", c)
		}
	}
	if open != 3 {
		t.Errorf("%d changes are open, want fingerprint, objectGUID and pwdLastSet: %+v", open, r.Changes)
	}
	if f.writes != 0 || len(f.accounts) != 0 || tree(t, req.Image.WindowsPath) != before {
		t.Error("something was written")
	}
}

// Every refusal comes before the first write.
func TestRefusedJoinLeavesNothing(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(t *testing.T, f *fakeDirectory, acc *AccountRequest, req *Request)
		code   winerr.Code
	}{
		"digits": {func(_ *testing.T, _ *fakeDirectory, acc *AccountRequest, _ *Request) { acc.MachineName = "12345" }, winerr.InvalidMachineNameForJoin},
		"long": {func(_ *testing.T, _ *fakeDirectory, acc *AccountRequest, _ *Request) {
			acc.MachineName = "a234567890123456"
		}, winerr.InvalidMachineNameForJoin},
		"dot": {func(_ *testing.T, _ *fakeDirectory, acc *AccountRequest, _ *Request) { acc.MachineName = "a.b" }, winerr.InvalidMachineNameForJoin},
		"no OU": {func(_ *testing.T, _ *fakeDirectory, acc *AccountRequest, _ *Request) {
			acc.OU = "OU=x,DC=corp,DC=example,DC=com"
		}, winerr.FileNotFound},
		"bad OU": {func(_ *testing.T, _ *fakeDirectory, acc *AccountRequest, _ *Request) { acc.OU = "Web" }, winerr.InvalidParameter},
		"reuse":  {func(_ *testing.T, _ *fakeDirectory, acc *AccountRequest, _ *Request) { acc.Reuse = "allow" }, winerr.InvalidParameter},
		"owners": {func(_ *testing.T, _ *fakeDirectory, acc *AccountRequest, _ *Request) {
			acc.TrustedOwners = []string{"x"}
		}, winerr.InvalidParameter},
		"error":  {func(_ *testing.T, _ *fakeDirectory, acc *AccountRequest, _ *Request) { acc.OnError = "ignore" }, winerr.InvalidParameter},
		"method": {func(_ *testing.T, _ *fakeDirectory, _ *AccountRequest, req *Request) { req.Method = "x" }, winerr.InvalidParameter},
		"wrong method": {func(_ *testing.T, _ *fakeDirectory, _ *AccountRequest, req *Request) {
			req.Method = MethodAnswerFile
		}, winerr.NotSupported},
		"no image": {func(_ *testing.T, _ *fakeDirectory, _ *AccountRequest, req *Request) {
			req.Image = ImageAt("/nowhere/Windows")
		}, winerr.FileNotFound},
		"member": {func(t *testing.T, _ *fakeDirectory, _ *AccountRequest, req *Request) {
			changeHive(t, req.Image.WindowsPath, "SECURITY", joinCorp)
		}, winerr.SetupAlreadyJoined},
		"elsewhere": {func(_ *testing.T, f *fakeDirectory, _ *AccountRequest, _ *Request) {
			f.elsewhere = []activedirectory.Elsewhere{{Host: "dc2", Account: &activedirectory.Account{GUID: "other"}}}
		}, winerr.UserExists},
		"contact": {func(_ *testing.T, f *fakeDirectory, acc *AccountRequest, _ *Request) {
			f.objects = map[string]string{"CN=WEB01," + acc.OU: "contact"}
		}, winerr.UserExists},
		"no such guid": {func(_ *testing.T, _ *fakeDirectory, acc *AccountRequest, _ *Request) {
			acc.ObjectGUID = "00000000-0000-4000-8000-000000000001"
		}, winerr.FileNotFound},
		"no right": {func(_ *testing.T, f *fakeDirectory, _ *AccountRequest, _ *Request) {
			f.refuse = func(call string) error {
				if call == "create" {
					return winerr.New(winerr.AccessDenied, "no")
				}
				return nil
			}
		}, winerr.AccessDenied},
		"other join": {func(t *testing.T, _ *fakeDirectory, _ *AccountRequest, req *Request) {
			other := *req
			other.Blob = readBlob(t, testBlob(t, "OTHER").DjoinFile())
			if _, err := Stage(t.Context(), other); err != nil {
				t.Fatal(err)
			}
		}, winerr.CantCreateJoinInfo},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFakeDirectory()
			acc, req := joinOf(t)
			windows := req.Image.WindowsPath
			c.change(t, f, &acc, &req)
			before := tree(t, windows)
			_, err := Join(t.Context(), f.directory(), acc, req)
			if code, _ := winerr.CodeOf(err); code != c.code {
				t.Errorf("error %v, want code %v", err, c.code)
			}
			if name != "no right" { // which nobody knows before
				if _, _, err := PlanJoin(t.Context(), f.directory(), acc, req); err == nil {
					t.Error("the dry run does not show it")
				}
			}
			if f.writes != 0 || len(f.accounts) != 0 || tree(t, windows) != before {
				t.Errorf("%d writes, %d accounts, image changed: %v", f.writes, len(f.accounts), tree(t, windows) != before)
			}
		})
	}
}

// A persistent site that the forest does not have is a warning, and the sites are read once for all joins of a run. Where they
// cannot be seen, nothing is claimed.
func TestPersistentSiteIsLookedFor(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		sites []string
		site  string
		reads int
		warns string
	}{
		"there":          {[]string{"Berlin", "Paris"}, "berlin", 1, ""},
		"not there":      {[]string{"Berlin", "Paris"}, "Rome", 1, "the forest has no site Rome, but Berlin, Paris: correct persistent_site"},
		"one of many":    {[]string{"A", "B", "C", "D"}, "Rome", 1, "but A, B, C and others"},
		"cannot be seen": {nil, "Rome", 1, ""},
		"none is wanted": {[]string{"Berlin"}, "", 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFakeDirectory()
			f.sites = c.sites
			d := f.directory()
			for _, machine := range []string{"WEB01", "WEB02", "WEB03"} {
				acc, req := joinOf(t)
				acc.MachineName, acc.PersistentSite = machine, c.site
				for range 2 {
					plan, receipt, err := PlanJoin(t.Context(), d, acc, req)
					if err != nil {
						t.Fatal(err)
					}
					for what, warnings := range map[string][]string{"plan": plan.Warnings, "receipt": receipt.Warnings} {
						text := strings.Join(warnings, "\n")
						if strings.Contains(text, "site") != (c.warns != "") || !strings.Contains(text, c.warns) {
							t.Errorf("%s: %q", what, text)
						}
					}
				}
			}
			if f.siteReads != c.reads {
				t.Errorf("the sites are read %d times, want %d", f.siteReads, c.reads)
			}
		})
	}
}

// What becomes of an account that exists: a table of whose it is, what state it is in, and what the user wishes.
func TestAccountThatExists(t *testing.T) {
	t.Parallel()
	const other = fakeDomainSID + "-1106"
	left := func(state activedirectory.MarkerState, place string) func(a *activedirectory.Account) {
		return func(a *activedirectory.Account) {
			a.Marker = activedirectory.Marker{State: state, Run: "5f0c3a9d21b04e77", At: testClock, Place: place}
		}
	}
	live := func(a *activedirectory.Account) { a.LastLogon = 1344e14 }
	const here, there, lost = "here", "9e107d9d372bb682", "0e107d9d372bb682"
	for name, c := range map[string]struct {
		owner  string
		change func(a *activedirectory.Account)
		marker activedirectory.MarkerState
		place  string
		acc    AccountRequest
		byGUID bool
		code   winerr.Code // 0: it gets a new password
	}{
		"mine, refused":                 {owner: fakeUser, code: winerr.UserExists},
		"mine, own":                     {owner: fakeUser, acc: AccountRequest{Reuse: AccountReuseOwn}},
		"a stranger's, own":             {owner: other, acc: AccountRequest{Reuse: AccountReuseOwn}, code: winerr.AccountReuseBlocked},
		"a stranger's, trusted":         {owner: other, acc: AccountRequest{Reuse: AccountReuseTrusted, TrustedOwners: []string{other}}},
		"another stranger's, trusted":   {owner: other, acc: AccountRequest{Reuse: AccountReuseTrusted, TrustedOwners: []string{"S-1-1-0"}}, code: winerr.AccountReuseBlocked},
		"mine, live":                    {owner: fakeUser, change: live, acc: AccountRequest{Reuse: AccountReuseOwn}, code: winerr.SetupAlreadyJoined},
		"mine, live, replaced":          {owner: fakeUser, change: live, acc: AccountRequest{Reuse: AccountReuseOwn, ReplaceLive: true}},
		"mine, live, replaced, refused": {owner: fakeUser, change: live, acc: AccountRequest{ReplaceLive: true}, code: winerr.UserExists},
		"a controller's":                {owner: fakeUser, change: func(a *activedirectory.Account) { a.Control |= activedirectory.ControlServerTrust }, acc: AccountRequest{Reuse: AccountReuseOwn, ReplaceLive: true}, code: winerr.AccessDenied},
		"an RODC's":                     {owner: fakeUser, change: func(a *activedirectory.Account) { a.Control |= activedirectory.ControlPartialSecrets }, acc: AccountRequest{Reuse: AccountReuseOwn, ReplaceLive: true}, byGUID: true, code: winerr.AccessDenied},
		"disabled, own":                 {owner: fakeUser, change: func(a *activedirectory.Account) { a.Control |= activedirectory.ControlDisabled }, acc: AccountRequest{Reuse: AccountReuseOwn}},
		"a long description, own":       {owner: fakeUser, change: func(a *activedirectory.Account) { a.Own = strings.Repeat("x", 1000) }, acc: AccountRequest{Reuse: AccountReuseOwn}, code: winerr.InvalidParameter},
		"a long description, replaced":  {owner: fakeUser, change: func(a *activedirectory.Account) { a.Own = strings.Repeat("x", 1000) }, acc: AccountRequest{Reuse: AccountReuseOwn, Description: "mine"}},
		"in another OU":                 {owner: fakeUser, change: func(a *activedirectory.Account) { a.DN = "CN=WEB01,OU=Old,DC=corp,DC=example,DC=com" }, acc: AccountRequest{Reuse: AccountReuseOwn}, code: winerr.InvalidParameter},

		"left here, pending":               {owner: fakeUser, marker: activedirectory.MarkerPending, place: here},
		"left here, failed":                {owner: fakeUser, marker: activedirectory.MarkerFailed, place: here},
		"left here, removing":              {owner: fakeUser, marker: activedirectory.MarkerRemoving, place: here},
		"left here, a stranger's":          {owner: other, marker: activedirectory.MarkerPending, place: here, code: winerr.AccountReuseBlocked},
		"left here, live":                  {owner: fakeUser, change: live, marker: activedirectory.MarkerPending, place: here, code: winerr.SetupAlreadyJoined},
		"staged here, image new":           {owner: fakeUser, marker: activedirectory.MarkerStaged, place: here, code: winerr.UserExists},
		"staged here, image new, own":      {owner: fakeUser, marker: activedirectory.MarkerStaged, place: here, acc: AccountRequest{Reuse: AccountReuseOwn}},
		"staged elsewhere, own":            {owner: fakeUser, marker: activedirectory.MarkerStaged, place: there, acc: AccountRequest{Reuse: AccountReuseOwn}},
		"staged elsewhere, by objectGUID":  {owner: fakeUser, marker: activedirectory.MarkerStaged, place: there, byGUID: true},
		"pending elsewhere":                {owner: fakeUser, marker: activedirectory.MarkerPending, place: there, code: winerr.UserExists},
		"pending elsewhere, own":           {owner: fakeUser, marker: activedirectory.MarkerPending, place: there, acc: AccountRequest{Reuse: AccountReuseOwn}, code: winerr.Busy},
		"pending elsewhere, by objectGUID": {owner: fakeUser, marker: activedirectory.MarkerPending, place: there, byGUID: true, code: winerr.Busy},
		"removed elsewhere, own":           {owner: fakeUser, marker: activedirectory.MarkerRemoving, place: there, acc: AccountRequest{Reuse: AccountReuseOwn}, code: winerr.Busy},
		"lost elsewhere, refused":          {owner: fakeUser, marker: activedirectory.MarkerPending, place: lost, code: winerr.UserExists},
		"lost elsewhere, own":              {owner: fakeUser, marker: activedirectory.MarkerPending, place: lost, acc: AccountRequest{Reuse: AccountReuseOwn}},
		"lost elsewhere, by objectGUID":    {owner: fakeUser, marker: activedirectory.MarkerPending, place: lost, byGUID: true},
		"prepared, refused":                {owner: other, marker: activedirectory.MarkerPrepared, place: there, code: winerr.UserExists},
		"prepared, by objectGUID":          {owner: other, marker: activedirectory.MarkerPrepared, place: there, byGUID: true},
		"live, by objectGUID":              {owner: fakeUser, change: live, byGUID: true, code: winerr.SetupAlreadyJoined},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFakeDirectory()
			acc, req := joinOf(t)
			was := f.put(activedirectory.Account{Name: "WEB01", OwnerSID: c.owner, Own: "mine"})
			if c.change != nil {
				c.change(was)
			}
			if c.marker != "" {
				place := c.place
				if place == here {
					place = placeOf(req.Image)
				}
				left(c.marker, place)(was)
				if place == lost {
					was.Marker.At = testClock.Add(-lostAfter)
				}
			}
			acc.Reuse, acc.TrustedOwners, acc.ReplaceLive, acc.Description = c.acc.Reuse, c.acc.TrustedOwners, c.acc.ReplaceLive, c.acc.Description
			if c.byGUID {
				acc.ObjectGUID = was.GUID
			}
			before, image := *was, tree(t, req.Image.WindowsPath)
			r, err := Join(t.Context(), f.directory(), acc, req)
			now := f.only(t)
			if c.code != 0 {
				if code, _ := winerr.CodeOf(err); code != c.code {
					t.Errorf("error %v, want code %v", err, c.code)
				}
				if *now != before || tree(t, req.Image.WindowsPath) != image {
					t.Errorf("refused, and changed: %+v", now)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if warned := strings.Contains(strings.Join(r.Warnings, "\n"), "cannot join any more"); warned != strings.HasPrefix(name, "staged elsewhere") {
				t.Errorf("that what was staged elsewhere cannot join any more is in the warnings: %v", warned)
			}
			if now.PasswordLastSet == before.PasswordLastSet || now.Own != "mine" || now.GUID != before.GUID || now.Disabled() ||
				now.Marker.State != activedirectory.MarkerStaged || r.Account.Made || !f.valid(t, req.Image) {
				t.Errorf("%+v, %+v", now, r.Account)
			}
		})
	}
}

// Whoever has disabled an account meant it: that it is disabled is the reason of a refusal, also where the image holds the join, and
// that it will be enabled is a warning.
func TestDisabledAccountIsTold(t *testing.T) {
	t.Parallel()
	f := newFakeDirectory()
	acc, req := joinOf(t)
	if _, err := Join(t.Context(), f.directory(), acc, req); err != nil {
		t.Fatal(err)
	}
	f.accounts[f.only(t).GUID].Control |= activedirectory.ControlDisabled
	_, err := Join(t.Context(), f.directory(), acc, req)
	if code, _ := winerr.CodeOf(err); code != winerr.UserExists || !strings.Contains(err.Error(), "is disabled") || strings.Contains(err.Error(), "does not hold") {
		t.Errorf("%v", err)
	}
	acc.Reuse = AccountReuseOwn
	r, err := Join(t.Context(), f.directory(), acc, req)
	if err != nil || !strings.Contains(strings.Join(r.Warnings, " "), "is disabled, and is enabled") || f.only(t).Disabled() || !f.valid(t, req.Image) {
		t.Errorf("%+v, %v", r, err)
	}
}

// failing makes one call fail.
func failing(call string) func(string) error {
	return func(c string) error {
		if c == call {
			return winerr.New(winerr.RPCServerTooBusy, "not now")
		}
		return nil
	}
}

// brokenImage is an image that cannot be written, which only shows when it is.
func brokenImage(t *testing.T, req *Request) {
	t.Helper()
	req.Backup = filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(req.Backup, nil, 0o600); err != nil {
		t.Fatal(err)
	}
}

// What is left when the image cannot be written after the account was: by on_error, for one that was made and one that was
// there.
func TestFailedStageTakesTheAccountBack(t *testing.T) {
	t.Parallel()
	for _, existed := range []bool{false, true} {
		for on, want := range map[OnError]string{
			"": "delete", OnErrorDelete: "delete", OnErrorDisable: "disable", OnErrorKeep: "keep",
		} {
			t.Run(fmt.Sprintf("%v %s", existed, on), func(t *testing.T) {
				t.Parallel()
				f := newFakeDirectory()
				acc, req := joinOf(t)
				brokenImage(t, &req)
				acc.OnError = on
				if existed {
					f.put(activedirectory.Account{Name: "WEB01", OwnerSID: fakeUser})
					acc.Reuse = AccountReuseOwn
				}
				_, err := Join(t.Context(), f.directory(), acc, req)
				if err == nil {
					t.Fatal("a file was taken for a folder")
				}
				if want == "delete" && !existed {
					if len(f.accounts) != 0 || !strings.Contains(err.Error(), "is deleted again") {
						t.Errorf("%d accounts, %v", len(f.accounts), err)
					}
					return
				}
				a := f.only(t)
				state := activedirectory.MarkerFailed
				if want == "keep" {
					state = activedirectory.MarkerPending
				}
				if a.Marker.State != state || a.Disabled() != (want == "disable") {
					t.Errorf("%+v, %v", a, err)
				}
				// And the next run for this image makes it good.
				req.Backup, acc.Reuse = "", ""
				if _, err := Join(t.Context(), f.directory(), acc, req); err != nil || !f.valid(t, req.Image) {
					t.Errorf("again: %v", err)
				}
			})
		}
	}
}

// An account that somebody else has changed before the join failed is left to them, and is named: it is not said to be deleted.
func TestFailedStageLeavesWhatOthersChanged(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(a *activedirectory.Account){
		"description": func(a *activedirectory.Account) { a.Own, a.Marker = "bought in 2026", activedirectory.Marker{} },
		"another run": func(a *activedirectory.Account) { a.Marker.Run = activedirectory.NewRun() },
		"logon":       func(a *activedirectory.Account) { a.LastLogon = 134400000000000009 },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFakeDirectory()
			acc, req := joinOf(t)
			brokenImage(t, &req)
			acc.at = func(point string) {
				if point == "after the blob" {
					change(f.accounts[f.only(t).GUID])
				}
			}
			_, err := Join(t.Context(), f.directory(), acc, req)
			if err == nil || strings.Contains(err.Error(), "deleted again") || !strings.Contains(err.Error(), "is left as it is") {
				t.Errorf("%v", err)
			}
			if code, _ := winerr.CodeOf(err); code == winerr.Busy {
				t.Errorf("the failure of the image is not told first: %v", err)
			}
			if a := f.only(t); a.Disabled() || a.Marker.State == activedirectory.MarkerFailed || a.Marker.State == activedirectory.MarkerRemoving {
				t.Errorf("%+v", a)
			}
		})
	}
}

// An answer that never came: the marker decides, and nothing is sent twice.
func TestLostAnswers(t *testing.T) {
	t.Parallel()
	for _, call := range []string{"create", "mark staged"} {
		t.Run(call, func(t *testing.T) {
			t.Parallel()
			f := newFakeDirectory()
			lost := 0
			f.lose = func(c string) bool { lost++; return c == call && lost <= 2 }
			acc, req := joinOf(t)
			r, err := Join(t.Context(), f.directory(), acc, req)
			if err != nil || strings.Contains(strings.Join(r.Warnings, ""), "marker") || f.only(t).Marker.State != activedirectory.MarkerStaged || !f.valid(t, req.Image) {
				t.Errorf("%+v, %v", r, err)
			}
		})
	}
	t.Run("not carried out", func(t *testing.T) {
		t.Parallel()
		f := newFakeDirectory()
		f.refuse = func(call string) error {
			if call == "create" {
				return fmt.Errorf("gone: %w", activedirectory.ErrConnectionLost)
			}
			return nil
		}
		acc, req := joinOf(t)
		if _, err := Join(t.Context(), f.directory(), acc, req); err == nil || len(f.accounts) != 0 {
			t.Errorf("%v", err)
		}
	})
	t.Run("cancelled", func(t *testing.T) {
		t.Parallel()
		f := newFakeDirectory()
		ctx, cancel := context.WithCancel(t.Context())
		f.lose = func(c string) bool {
			if c == "create" {
				cancel()
			}
			return c == "create"
		}
		acc, req := joinOf(t)
		if _, err := Join(ctx, f.directory(), acc, req); err == nil || len(f.accounts) != 0 {
			t.Errorf("%v, %d accounts", err, len(f.accounts))
		}
	})
}

// A marker that cannot be moved does not undo a join that is whole; one that somebody else has moved, with the password, does.
func TestMarkerAfterTheImage(t *testing.T) {
	t.Parallel()
	f := newFakeDirectory()
	f.refuse = failing("mark staged")
	acc, req := joinOf(t)
	r, err := Join(t.Context(), f.directory(), acc, req)
	if err != nil || !strings.Contains(strings.Join(r.Warnings, ""), "marker could not be changed") {
		t.Errorf("%+v, %v", r, err)
	}
	f.refuse = failing("")
	r, err = Join(t.Context(), f.directory(), acc, req) // the next run sets it right
	if err != nil || r.Outcome != OutcomeUnchanged || f.only(t).Marker.State != activedirectory.MarkerStaged {
		t.Errorf("%+v, %v", r, err)
	}

	f = newFakeDirectory()
	acc, req = joinOf(t)
	acc.at = func(point string) {
		if point != "after the image" {
			return
		}
		a := f.only(t)
		if _, err := f.Reset(t.Context(), a, "", activedirectory.Marker{State: activedirectory.MarkerPending, Run: "other"}, []uint16{1}); err != nil {
			t.Error(err)
		}
	}
	_, err = Join(t.Context(), f.directory(), acc, req)
	if code, _ := winerr.CodeOf(err); code != winerr.Busy || holdsJoin(t, req.Image) {
		t.Errorf("%v", err)
	}
}

// An administrator who writes a description while a join is under way takes its marker away, and nothing else: the join holds,
// the description stays, and the next run changes nothing.
func TestDescriptionChangedWhileJoining(t *testing.T) {
	t.Parallel()
	f := newFakeDirectory()
	acc, req := joinOf(t)
	acc.Description = "web"
	acc.at = func(point string) {
		if point == "after the image" {
			a := f.accounts[f.only(t).GUID]
			a.Own, a.Marker = "bought in 2026", activedirectory.Marker{}
		}
	}
	r, err := Join(t.Context(), f.directory(), acc, req)
	if err != nil || r.Outcome != OutcomeStaged || !strings.Contains(strings.Join(r.Warnings, " "), "marker could not be changed") {
		t.Fatalf("%+v, %v", r, err)
	}
	set := f.only(t).PasswordLastSet
	acc.at = nil
	r, err = Join(t.Context(), f.directory(), acc, req)
	if a := f.only(t); err != nil || r.Outcome != OutcomeUnchanged || a.Own != "bought in 2026" || a.PasswordLastSet != set || !f.valid(t, req.Image) {
		t.Errorf("%+v, %+v, %v", a, r, err)
	}
}

// What was made for a join that could not be kept is taken away again, join and disk; where somebody has the disk by then, it
// stays, and is named.
func TestNewDiskIsTakenBackWithItsJoin(t *testing.T) {
	t.Parallel()
	for _, held := range []bool{false, true} {
		for _, form := range []string{"overlay", "copy"} {
			t.Run(fmt.Sprintf("%s, held %v", form, held), func(t *testing.T) {
				t.Parallel()
				f := newFakeDirectory()
				acc, req := joinOf(t)
				golden, disk := sampletest.Volume(t, sample.Image{}), filepath.Join(t.TempDir(), "web01.img")
				req.Image = Image{}
				req.Image.ImagePath = golden
				if form == "overlay" {
					req.Image.OverlayPath = disk
				} else {
					req.Image.CopyPath = disk
				}
				req.SingleUse.LedgerFile = filepath.Join(t.TempDir(), "ledger")
				acc.at = func(point string) {
					if point != "after the image" {
						return
					}
					if _, err := f.Reset(t.Context(), f.only(t), "", activedirectory.Marker{State: activedirectory.MarkerPending, Run: "other"}, []uint16{1}); err != nil {
						t.Error(err)
					}
					if held {
						holder, err := open.HoldDisk(t.Context(), disk, true, 0)
						if err != nil {
							t.Fatal(err)
						}
						t.Cleanup(func() { _ = holder.Close() })
					}
				}
				_, err := Join(t.Context(), f.directory(), acc, req)
				if code, _ := winerr.CodeOf(err); code != winerr.Busy {
					t.Fatalf("%v", err)
				}
				if there := DiskExists(req.Image); there != held || held != strings.Contains(err.Error(), disk+" holds the join still") {
					t.Errorf("the disk is there: %v, %v", there, err)
				}
				if held {
					return
				}
				// Nothing is in the way of the next run: neither a disk nor a use in the ledger.
				acc.at, acc.Reuse = nil, AccountReuseOwn
				f.accounts[f.only(t).GUID].Marker = activedirectory.Marker{}
				if r, err := Join(t.Context(), f.directory(), acc, req); err != nil || r.NewDisk == nil || !f.valid(t, made(req.Image)) {
					t.Errorf("again: %+v, %v", r, err)
				}
			})
		}
	}
}

// made returns the image as it is found once the new disk is there.
func made(at Image) Image {
	at.Location = at.Made()
	return at
}

func holdsJoin(t testing.TB, at Image) bool {
	t.Helper()
	st, err := ReadStatus(t.Context(), StatusRequest{Image: at})
	if err != nil {
		t.Fatal(err)
	}
	return st.State != StateAbsent
}

// A machine that has booted keeps its password, however often it is joined again.
func TestBootedMachineIsNeverReset(t *testing.T) {
	t.Parallel()
	f := newFakeDirectory()
	acc, req := joinOf(t)
	acc.Reuse = AccountReuseOwn
	if _, err := Join(t.Context(), f.directory(), acc, req); err != nil {
		t.Fatal(err)
	}
	firstBoot(t, req.Image.WindowsPath, completion.StateCompleted, 0)
	f.loggedOn(f.only(t).GUID)
	set := f.only(t).PasswordLastSet
	for range 10 {
		r, err := Join(t.Context(), f.directory(), acc, req)
		if err != nil || r.Outcome != OutcomeUnchanged || r.Account.Status != AccountInUse || r.Status.State != StateCompleted {
			t.Fatalf("%+v, %v", r, err)
		}
	}
	// The machine has changed its password, and its image is lost: another one at its place does not get the account.
	a := f.accounts[f.only(t).GUID]
	a.PasswordLastSet++
	if r, err := Join(t.Context(), f.directory(), acc, req); err != nil || r.Outcome != OutcomeUnchanged {
		t.Errorf("%+v, %v", r, err)
	}
	other := newImage(t, sample.Image{})
	other.Blob = nil
	_, err := Join(t.Context(), f.directory(), acc, other)
	if code, _ := winerr.CodeOf(err); code != winerr.SetupAlreadyJoined || f.only(t).PasswordLastSet != set+1 {
		t.Errorf("%v", err)
	}
}

// A join whose image lost its program is put in order again, without another password.
func TestDamagedJoinIsRepaired(t *testing.T) {
	t.Parallel()
	f := newFakeDirectory()
	acc, req := joinOf(t)
	if _, err := Join(t.Context(), f.directory(), acc, req); err != nil {
		t.Fatal(err)
	}
	set := f.only(t).PasswordLastSet
	if err := os.Remove(filepath.Join(req.Image.WindowsPath, "System32", completion.ProgramFile)); err != nil {
		t.Fatal(err)
	}
	r, err := Join(t.Context(), f.directory(), acc, req)
	if err != nil || r.Outcome != OutcomeStaged || r.Status.Program != ProgramInPlace || f.only(t).PasswordLastSet != set || !f.valid(t, req.Image) {
		t.Errorf("%+v, %v", r, err)
	}
}

// An image in each kind of place, and each method.
func TestJoinInEveryPlace(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		state string
		at    func(volume, dir string) Image
	}{
		{"tree", "", nil},
		{"generalized tree", "IMAGE_STATE_GENERALIZE_RESEAL_TO_OOBE", nil},
		{"disk image", "", func(volume, _ string) Image {
			var at Image
			at.ImagePath = volume
			return at
		}},
		{"overlay", "", func(volume, dir string) Image {
			var at Image
			at.ImagePath, at.OverlayPath = volume, filepath.Join(dir, "web01.qcow2")
			return at
		}},
		{"copy", "", func(volume, dir string) Image {
			var at Image
			at.ImagePath, at.CopyPath = volume, filepath.Join(dir, "web01.raw")
			return at
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := newFakeDirectory()
			acc, req := joinOf(t)
			im := sample.Image{ImageState: c.state}
			if c.at == nil {
				req.Image = newImage(t, im).Image
			} else {
				req.Image = c.at(sampletest.Volume(t, im), t.TempDir())
			}
			r, err := Join(t.Context(), f.directory(), acc, req)
			if err != nil {
				t.Fatal(err)
			}
			want := AccountRecord{f.only(t).GUID, f.only(t).PasswordLastSet}
			if r.Outcome != OutcomeStaged || r.Status.Account == nil || *r.Status.Account != want {
				t.Errorf("%+v", r.Status)
			}
			if (req.Image.NewPath() != "") != (r.NewDisk != nil) {
				t.Errorf("new disk: %+v", r.NewDisk)
			}
			writes := f.writes
			r, err = Join(t.Context(), f.directory(), acc, req)
			if err != nil || r.Outcome != OutcomeUnchanged || f.writes != writes {
				t.Errorf("again: %+v, %v", r, err)
			}
		})
	}
}

// A golden image's own join does not count for a disk that is made from it.
func TestGoldenJoinIsNotTheNewDisks(t *testing.T) {
	t.Parallel()
	f := newFakeDirectory()
	acc, req := joinOf(t)
	req.Image = Image{}
	req.Image.ImagePath = sampletest.Volume(t, sample.Image{})
	if _, err := Join(t.Context(), f.directory(), acc, req); err != nil {
		t.Fatal(err)
	}
	set := f.only(t).PasswordLastSet
	req.Image.OverlayPath = filepath.Join(t.TempDir(), "web01.qcow2")
	_, err := Join(t.Context(), f.directory(), acc, req)
	if code, _ := winerr.CodeOf(err); code != winerr.UserExists || f.only(t).PasswordLastSet != set {
		t.Errorf("%v", err)
	}
}

func TestJoinReportsNoSecret(t *testing.T) {
	t.Parallel()
	f := newFakeDirectory()
	acc, req := joinOf(t)
	var said strings.Builder
	req.Progress = func(e Event) { said.WriteString(e.Text + "\n") }
	acc.at = func(string) {}
	p, err := PlanAccount(t.Context(), f.directory(), acc)
	if err != nil {
		t.Fatal(err)
	}
	made, err := Provision(t.Context(), f.directory(), p)
	if err != nil {
		t.Fatal(err)
	}
	password := string(secretText(made.Blob.parsed.MachinePassword()))
	if all := fmt.Sprintf("%v %+v %#v %+v", made, made, made, p); strings.Contains(all, password) {
		t.Error("a Provisioned prints the password")
	}
	made.Wipe()
	if got := string(secretText(made.Blob.parsed.MachinePassword())); strings.Contains(got, password) && password != "" {
		t.Error("the password is there after Wipe")
	}
	if err := made.Undo(t.Context()); err != nil || len(f.accounts) != 0 {
		t.Errorf("%v", err)
	}
	r, err := Join(t.Context(), f.directory(), acc, req)
	if err != nil {
		t.Fatal(err)
	}
	password = string(secretText(blobIn(t, req.Image).parsed.MachinePassword()))
	if all := fmt.Sprintf("%+v %+v", r, r.Account) + said.String(); strings.Contains(all, password) || len(password) != 120 {
		t.Errorf("the password is told in %q", all)
	}
}

func secretText(units []uint16) []byte {
	var b []byte
	for _, u := range units {
		b = append(b, byte(u))
	}
	return b
}

// A join of the account with a password that is gone, in the image, is no reason to refuse: the next run replaces it.
func TestDeadJoinOfTheAccountIsReplaced(t *testing.T) {
	t.Parallel()
	f := newFakeDirectory()
	acc, req := joinOf(t)
	r, err := Join(t.Context(), f.directory(), acc, req)
	if err != nil {
		t.Fatal(err)
	}
	a := f.accounts[f.only(t).GUID]
	a.PasswordLastSet++ // somebody has reset it
	_, err = Join(t.Context(), f.directory(), acc, req)
	if code, _ := winerr.CodeOf(err); code != winerr.UserExists {
		t.Errorf("%v", err)
	}
	acc.ObjectGUID = r.Account.ObjectGUID // the caller has it in its state
	if r, err = Join(t.Context(), f.directory(), acc, req); err != nil || r.Outcome != OutcomeStaged || !f.valid(t, req.Image) {
		t.Errorf("%+v, %v", r, err)
	}
}
