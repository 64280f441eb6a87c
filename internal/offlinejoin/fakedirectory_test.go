package offlinejoin

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/activedirectory"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// fakeDirectory is a domain in memory, for the rules of the core alone: what a real one does is proved by the live tests. It
// swaps markers as a directory does.
type fakeDirectory struct {
	session // whatever is not here is not called

	mu       sync.Mutex
	accounts map[string]*activedirectory.Account // by objectGUID
	password map[string]string
	clock    FileTime
	writes   int

	me        string
	objects   map[string]string // kinds of objects that are no accounts, by DN
	elsewhere []activedirectory.Elsewhere
	notes     []activedirectory.Note
	sites     []string                // nil: cannot be read
	siteReads int                     // how often they were asked for
	roots     [][]byte                // of the authorities that the forest trusts
	refuse    func(call string) error // before the call
	lose      func(call string) bool  // after the call was carried out
}

const (
	fakeDomainSID = "S-1-5-21-1004336348-1177238915-682003330"
	fakeUser      = fakeDomainSID + "-1105"
	fakeOU        = "OU=Web,DC=corp,DC=example,DC=com"
)

func newFakeDirectory() *fakeDirectory {
	return &fakeDirectory{
		accounts: map[string]*activedirectory.Account{}, password: map[string]string{}, clock: 134400000000000000, me: fakeUser,
		refuse: func(string) error { return nil }, lose: func(string) bool { return false },
	}
}

// directory returns the domain as the core has it.
func (f *fakeDirectory) directory() *Directory {
	return &Directory{connect: func(context.Context) (*link, error) {
		return &link{session: f, others: f.others(), domain: activedirectory.Domain{
			DN: "DC=corp,DC=example,DC=com", DNSName: "corp.example.com", NetBIOSName: "CORP", Forest: "corp.example.com",
			GUID: "3f2a6c1e-94d7-4b58-8a0d-51c7e2b9f604", SID: fakeDomainSID, ForestSID: fakeDomainSID, Computers: "CN=Computers,DC=corp,DC=example,DC=com",
		}}, nil
	}}
}

type fakeOthers struct{ f *fakeDirectory }

func (f *fakeDirectory) others() others { return fakeOthers{f} }
func (o fakeOthers) Close() error       { return nil }
func (o fakeOthers) Find(context.Context, string) ([]activedirectory.Elsewhere, []activedirectory.Note, error) {
	return o.f.elsewhere, o.f.notes, nil
}

func (f *fakeDirectory) DC() activedirectory.DC {
	return activedirectory.DC{Host: "dc1.corp.example.com", Address: "192.0.2.10", Site: "Site-A", ClientSite: "Site-A", Flags: 0x11BD}
}
func (f *fakeDirectory) Close() error                              { return nil }
func (f *fakeDirectory) WhoAmI(context.Context) (string, error)    { return f.me, nil }
func (f *fakeDirectory) MemberOf(context.Context, string) []string { return nil }
func (f *fakeDirectory) RootCAs(context.Context, activedirectory.Domain) ([][]byte, error) {
	return f.roots, nil
}

func (f *fakeDirectory) Sites(context.Context, activedirectory.Domain) ([]string, bool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.siteReads++
	return f.sites, len(f.sites) > 0, nil
}

func (f *fakeDirectory) Owners(_ context.Context, _ activedirectory.Domain, trusted []string) ([]string, error) {
	return trusted, nil
}

func (f *fakeDirectory) Container(_ context.Context, d activedirectory.Domain, dn string) (activedirectory.Container, error) {
	switch dn {
	case "":
		return activedirectory.Container{DN: d.Computers, MayCreate: true}, nil
	case fakeOU:
		return activedirectory.Container{DN: dn, MayCreate: true}, nil
	}
	return activedirectory.Container{}, winerr.Errorf(winerr.FileNotFound, "the OU %q does not exist", dn)
}

// called is the beginning of each call that may fail.
func (f *fakeDirectory) called(call string) error {
	f.mu.Lock()
	return f.refuse(call)
}

// ended is the end of each, with what it came to.
func (f *fakeDirectory) ended(call string, a *activedirectory.Account) (*activedirectory.Account, error) {
	f.writes++
	if f.lose(call) {
		return nil, fmt.Errorf("%s: %w", call, activedirectory.ErrConnectionLost)
	}
	return copyOf(a), nil
}

func copyOf(a *activedirectory.Account) *activedirectory.Account {
	if a == nil {
		return nil
	}
	c := *a
	return &c
}

func (f *fakeDirectory) Named(_ context.Context, container, machine string) (*activedirectory.Object, error) {
	dn := "CN=" + strings.ToUpper(machine) + "," + container
	if kind := f.objects[dn]; kind != "" {
		return &activedirectory.Object{DN: dn, Kind: kind}, nil
	}
	return nil, nil
}

func (f *fakeDirectory) Find(_ context.Context, _ activedirectory.Domain, machine string) (*activedirectory.Account, error) {
	err := f.called("find")
	defer f.mu.Unlock()
	for _, a := range f.accounts {
		if strings.EqualFold(a.Name, machine) {
			return copyOf(a), err
		}
	}
	return nil, err
}

func (f *fakeDirectory) FindGUID(_ context.Context, guid string) (*activedirectory.Account, error) {
	err := f.called("find")
	defer f.mu.Unlock()
	return copyOf(f.accounts[guid]), err
}

func (f *fakeDirectory) Marked(
	_ context.Context, _ activedirectory.Domain, states []activedirectory.MarkerState, keep func(*activedirectory.Account) bool,
) ([]*activedirectory.Account, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var all []*activedirectory.Account
	for _, a := range f.accounts {
		if slices.Contains(states, a.Marker.State) && keep(a) {
			all = append(all, copyOf(a))
		}
	}
	return all, nil
}

// put adds an account as somebody else has made it.
func (f *fakeDirectory) put(a activedirectory.Account) *activedirectory.Account {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.add(a)
}

func (f *fakeDirectory) add(a activedirectory.Account) *activedirectory.Account {
	n := len(f.password) + 2000
	a.GUID = fmt.Sprintf("00000000-0000-4000-8000-%012d", n)
	a.SID = fakeDomainSID + "-" + strconv.Itoa(n)
	a.Computer, a.Control = true, a.Control|activedirectory.ControlWorkstationTrust
	if a.DN == "" {
		a.DN = "CN=" + a.Name + "," + fakeOU
	}
	f.clock++
	a.PasswordLastSet = f.clock
	f.accounts[a.GUID], f.password[a.GUID] = &a, ""
	return &a
}

func (f *fakeDirectory) Create(_ context.Context, _ activedirectory.Domain, n activedirectory.New) (*activedirectory.Account, error) {
	err := f.called("create")
	defer f.mu.Unlock()
	if err != nil {
		return nil, err
	}
	for _, a := range f.accounts {
		if strings.EqualFold(a.Name, n.Name) {
			return nil, winerr.Errorf(winerr.UserExists, "%s is taken", n.Name)
		}
	}
	a := f.add(activedirectory.Account{
		Name: strings.ToUpper(n.Name), DN: "CN=" + n.Name + "," + n.Container, Own: n.Description, Marker: n.Marker, OwnerSID: f.me,
	})
	f.password[a.GUID] = fmt.Sprint(n.Password)
	return f.ended("create", a)
}

// swap changes an account whose marker is still what was seen.
func (f *fakeDirectory) swap(call string, seen *activedirectory.Account, change func(a *activedirectory.Account)) (*activedirectory.Account, error) {
	err := f.called(call)
	defer f.mu.Unlock()
	if err != nil {
		return nil, err
	}
	a := f.accounts[seen.GUID]
	if a == nil {
		return nil, winerr.Errorf(winerr.FileNotFound, "%s is gone", seen.DN)
	}
	if a.Marker != seen.Marker || a.Own != seen.Own {
		return nil, winerr.Errorf(winerr.Busy, "somebody else has changed %s", seen.DN)
	}
	change(a)
	return f.ended(call, a)
}

func (f *fakeDirectory) Reset(_ context.Context, a *activedirectory.Account, own string, to activedirectory.Marker, password []uint16) (*activedirectory.Account, error) {
	return f.swap("reset", a, func(a *activedirectory.Account) {
		f.clock++
		a.Own, a.Marker, a.PasswordLastSet, a.Control = own, to, f.clock, a.Control&^activedirectory.ControlDisabled
		f.password[a.GUID] = fmt.Sprint(password)
	})
}

func (f *fakeDirectory) Mark(_ context.Context, a *activedirectory.Account, to activedirectory.Marker) (*activedirectory.Account, error) {
	return f.swap("mark "+string(to.State), a, func(a *activedirectory.Account) { a.Marker = to })
}

func (f *fakeDirectory) Disable(_ context.Context, a *activedirectory.Account) (*activedirectory.Account, error) {
	return f.swap("disable", a, func(a *activedirectory.Account) { a.Control |= activedirectory.ControlDisabled })
}

func (f *fakeDirectory) Enable(_ context.Context, a *activedirectory.Account) (*activedirectory.Account, error) {
	return f.swap("enable", a, func(a *activedirectory.Account) { a.Control &^= activedirectory.ControlDisabled })
}

func (f *fakeDirectory) Delete(_ context.Context, a *activedirectory.Account, _ bool) error {
	err := f.called("delete")
	defer f.mu.Unlock()
	if err == nil {
		delete(f.accounts, a.GUID)
		_, err = f.ended("delete", nil)
	}
	return err
}

// only returns the one account that there is.
func (f *fakeDirectory) only(t testing.TB) *activedirectory.Account {
	t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.accounts) != 1 {
		t.Fatalf("%d accounts, want 1", len(f.accounts))
	}
	for _, a := range f.accounts {
		return copyOf(a)
	}
	return nil
}

// loggedOn makes an account one that a machine has used.
func (f *fakeDirectory) loggedOn(guid string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.accounts[guid].LastLogon = f.clock
}

var errRefused = errors.New("refused")
