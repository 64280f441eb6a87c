package activedirectory

import (
	"strings"
	"testing"
	"time"

	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

const (
	me       = "S-1-5-21-1-2-3-1105"
	stranger = "S-1-5-21-1-2-3-1106"
)

// The rules of KB5020276 as a table: who made it, who owns it, whom the policy trusts.
func TestMayReuse(t *testing.T) {
	t.Parallel()
	d := Domain{SID: "S-1-5-21-1-2-3", ForestSID: "S-1-5-21-9-9-9"}
	for name, c := range map[string]struct {
		owner, creator string
		trusted        []string
		may            bool
	}{
		"owner":                          {owner: me, may: true},
		"creator":                        {owner: stranger, creator: me, may: true},
		"domain admins own":              {owner: "S-1-5-21-1-2-3-512", may: true},
		"administrators own":             {owner: "S-1-5-32-544", may: true},
		"enterprise admins own":          {owner: "S-1-5-21-9-9-9-519", may: true},
		"enterprise admins of nobody":    {owner: "S-1-5-21-1-2-3-519"},
		"stranger owns":                  {owner: stranger},
		"stranger made it":               {owner: stranger, creator: stranger},
		"stranger is trusted":            {owner: stranger, trusted: []string{"S-1-1", stranger}, may: true},
		"owner unknown":                  {},
		"owner unknown, made by me":      {creator: me, may: true},
		"domain admins of other domains": {owner: "S-1-5-21-7-7-7-512"},
	} {
		err := MayReuse(&Account{DN: "CN=X", OwnerSID: c.owner, CreatorSID: c.creator}, d, Asker{SID: me, Trusted: c.trusted})
		if c.may && err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if !c.may {
			wantCode(t, err, winerr.AccountReuseBlocked)
		}
	}
	// Who does not say who they are owns nothing.
	wantCode(t, MayReuse(&Account{DN: "CN=X"}, d, Asker{}), winerr.AccountReuseBlocked)
}

func TestCheckMachine(t *testing.T) {
	t.Parallel()
	good := Account{DN: "CN=X", Computer: true, Control: ControlWorkstationTrust}
	if err := CheckMachine(&good); err != nil {
		t.Error(err)
	}
	for want, change := range map[string]func(*Account){
		"read-only domain controller": func(a *Account) { a.Control |= ControlPartialSecrets },
		"a domain controller":         func(a *Account) { a.Control = 532480 },
		"managed service account":     func(a *Account) { a.Service = true },
		"no account of a workstation": func(a *Account) { a.Computer = false },
		"server.":                     func(a *Account) { a.Control = 512 },
	} {
		a := good
		change(&a)
		if want == "server." {
			want = "member server"
		}
		wantCode(t, CheckMachine(&a), winerr.AccessDenied, want)
	}
}

func TestCheckNotLive(t *testing.T) {
	t.Parallel()
	at := FileTime(134400000000000000)
	for why, a := range map[string]Account{
		"last logon": {DN: "CN=X", LastLogon: at}, "operating system Windows": {DN: "CN=X", OperatingSystem: "Windows"},
	} {
		wantCode(t, CheckNotLive(&a, false), winerr.SetupAlreadyJoined, why)
		if err := CheckNotLive(&a, true); err != nil {
			t.Error(err)
		}
	}
	if err := CheckNotLive(&Account{}, false); err != nil {
		t.Error(err)
	}
}

func TestFileTime(t *testing.T) {
	t.Parallel()
	at := FileTime(134400000001234567)
	if !at.Time().Equal(time.Date(2026, 11, 24, 13, 20, 0, 123456700, time.UTC)) || at.String() != "2026-11-24T13:20:00.1234567Z" {
		t.Errorf("%v %s", at.Time(), at)
	}
	for _, want := range []FileTime{0, 1, at} {
		text, _ := want.MarshalText()
		var got FileTime
		if err := got.UnmarshalText(text); err != nil || got != want {
			t.Errorf("%d is %q is %d, %v", want, text, got, err)
		}
	}
	var bad FileTime
	if err := bad.UnmarshalText([]byte("yesterday")); err == nil {
		t.Error("yesterday is a time")
	}
}

func pending() Marker {
	return Marker{MarkerPending, NewRun(), time.Now().UTC().Truncate(time.Second), "0123456789abcdef"}
}

func wantCode(t testing.TB, err error, code winerr.Code, parts ...string) {
	t.Helper()
	if got, ok := winerr.CodeOf(err); !ok || got != code {
		t.Errorf("error %v, want code %v", err, code)
		return
	}
	for _, p := range parts {
		if !strings.Contains(err.Error(), p) {
			t.Errorf("error %q does not have %q", err, p)
		}
	}
}
