// Package activedirectorytest has a domain in memory, for tests of what stands on the core: which account is made, reset,
// disabled or deleted when. It swaps markers as a directory does. What a real directory does is proved against one.
package activedirectorytest

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/offlinejoin/offlinejoin/internal/activedirectory"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// OU is the organizational unit that every domain of this package has.
const OU = "OU=Web,DC=corp,DC=example,DC=com"

const (
	domainDN  = "DC=corp,DC=example,DC=com"
	domainSID = "S-1-5-21-1004336348-1177238915-682003330"
	user      = domainSID + "-1105"
)

// Domain is a domain with one controller. Its methods are those of a session; the zero value has no accounts.
type Domain struct {
	mu       sync.Mutex
	accounts map[string]*activedirectory.Account // by objectGUID
	made     int
	resets   int
	down     bool
}

// Info returns what the domain is.
func (d *Domain) Info() activedirectory.Domain {
	return activedirectory.Domain{
		DN: domainDN, DNSName: "corp.example.com", NetBIOSName: "CORP", Forest: "corp.example.com",
		GUID: "3f2a6c1e-94d7-4b58-8a0d-51c7e2b9f604", SID: domainSID, ForestSID: domainSID, Computers: "CN=Computers," + domainDN,
	}
}

// Others are the other controllers: there is none.
type Others struct{}

// Find finds nothing.
func (Others) Find(context.Context, string) ([]activedirectory.Elsewhere, []activedirectory.Note, error) {
	return nil, nil, nil
}

// Close does nothing.
func (Others) Close() error { return nil }

// Shut makes every further call fail, as when the controller cannot be reached, until Shut(false).
func (d *Domain) Shut(down bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.down = down
}

// Resets returns how often a password was set for an account that existed.
func (d *Domain) Resets() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.resets
}

// Account returns the account of a machine, nil when there is none.
func (d *Domain) Account(machine string) *activedirectory.Account {
	d.mu.Lock()
	defer d.mu.Unlock()
	return copyOf(d.named(machine))
}

// Change changes the account of a machine as somebody else does.
func (d *Domain) Change(machine string, change func(a *activedirectory.Account)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	change(d.named(machine))
}

// Remove deletes the account of a machine as somebody else does.
func (d *Domain) Remove(machine string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.accounts, d.named(machine).GUID)
}

// Put adds an account as somebody else has made it.
func (d *Domain) Put(machine, owner string) *activedirectory.Account {
	d.mu.Lock()
	defer d.mu.Unlock()
	return copyOf(d.add(activedirectory.Account{Name: machine, DN: "CN=" + machine + "," + OU, OwnerSID: owner}))
}

func (d *Domain) add(a activedirectory.Account) *activedirectory.Account {
	d.made++
	n := 2000 + d.made
	a.GUID, a.SID = fmt.Sprintf("00000000-0000-4000-8000-%012d", n), domainSID+"-"+strconv.Itoa(n)
	a.Computer, a.Control = true, activedirectory.ControlWorkstationTrust
	a.PasswordLastSet = activedirectory.FileTime(134400000000000000 + d.made + d.resets)
	if d.accounts == nil {
		d.accounts = map[string]*activedirectory.Account{}
	}
	d.accounts[a.GUID] = &a
	return &a
}

func (d *Domain) named(machine string) *activedirectory.Account {
	for _, a := range d.accounts {
		if strings.EqualFold(a.Name, machine) {
			return a
		}
	}
	return nil
}

func copyOf(a *activedirectory.Account) *activedirectory.Account {
	if a == nil {
		return nil
	}
	c := *a
	return &c
}

// asked begins a call. The caller unlocks.
func (d *Domain) asked() error {
	d.mu.Lock()
	if d.down {
		return winerr.New(winerr.NoSuchDomain, "no domain controller answers")
	}
	return nil
}

// DC is the one controller.
func (d *Domain) DC() activedirectory.DC {
	return activedirectory.DC{
		Host: "dc1.corp.example.com", Address: "192.0.2.10", Site: "Site-A", ClientSite: "Site-A", Flags: 0x11BD,
	}
}

// Close does nothing.
func (d *Domain) Close() error { return nil }

// WhoAmI returns the SID of the one user.
func (d *Domain) WhoAmI(context.Context) (string, error) { return user, nil }

// MemberOf returns no group.
func (d *Domain) MemberOf(context.Context, string) []string { return nil }

// Owners returns the names as they are.
func (d *Domain) Owners(_ context.Context, _ activedirectory.Domain, trusted []string) ([]string, error) {
	return trusted, nil
}

// Container knows the container for computers and OU.
func (d *Domain) Container(_ context.Context, info activedirectory.Domain, dn string) (activedirectory.Container, error) {
	switch dn {
	case "":
		return activedirectory.Container{DN: info.Computers, MayCreate: true}, nil
	case OU:
		return activedirectory.Container{DN: dn, MayCreate: true}, nil
	}
	return activedirectory.Container{}, winerr.Errorf(winerr.FileNotFound, "the OU %q does not exist", dn)
}

// Find returns the account of a machine.
func (d *Domain) Find(_ context.Context, _ activedirectory.Domain, machine string) (*activedirectory.Account, error) {
	err := d.asked()
	defer d.mu.Unlock()
	return copyOf(d.named(machine)), err
}

// Named returns the account that has a machine's name in a container.
func (d *Domain) Named(_ context.Context, container, machine string) (*activedirectory.Object, error) {
	err := d.asked()
	defer d.mu.Unlock()
	for _, a := range d.accounts {
		if strings.EqualFold(a.DN, "CN="+machine+","+container) {
			return &activedirectory.Object{DN: a.DN, Kind: "computer with another account name"}, err
		}
	}
	return nil, err
}

// FindGUID returns an account by its objectGUID.
func (d *Domain) FindGUID(_ context.Context, guid string) (*activedirectory.Account, error) {
	err := d.asked()
	defer d.mu.Unlock()
	return copyOf(d.accounts[guid]), err
}

// FindDN returns an account by its distinguished name.
func (d *Domain) FindDN(_ context.Context, dn string) (*activedirectory.Account, error) {
	err := d.asked()
	defer d.mu.Unlock()
	for _, a := range d.accounts {
		if strings.EqualFold(a.DN, dn) {
			return copyOf(a), err
		}
	}
	return nil, err
}

// Marked returns the accounts with a marker of one of the states.
func (d *Domain) Marked(
	_ context.Context, _ activedirectory.Domain, states []activedirectory.MarkerState, keep func(*activedirectory.Account) bool,
) ([]*activedirectory.Account, error) {
	err := d.asked()
	defer d.mu.Unlock()
	var all []*activedirectory.Account
	for _, a := range d.accounts {
		if slices.Contains(states, a.Marker.State) && keep(a) {
			all = append(all, copyOf(a))
		}
	}
	return all, err
}

// Create makes an account.
func (d *Domain) Create(_ context.Context, _ activedirectory.Domain, n activedirectory.New) (*activedirectory.Account, error) {
	err := d.asked()
	defer d.mu.Unlock()
	if err != nil {
		return nil, err
	}
	if d.named(n.Name) != nil {
		return nil, winerr.Errorf(winerr.UserExists, "%s is taken", n.Name)
	}
	return copyOf(d.add(activedirectory.Account{
		Name: strings.ToUpper(n.Name), DN: "CN=" + n.Name + "," + n.Container, Own: n.Description, Marker: n.Marker, OwnerSID: user,
	})), nil
}

// swap changes an account whose marker is still what was seen.
func (d *Domain) swap(seen *activedirectory.Account, change func(a *activedirectory.Account)) (*activedirectory.Account, error) {
	err := d.asked()
	defer d.mu.Unlock()
	a := d.accounts[seen.GUID]
	switch {
	case err != nil:
		return nil, err
	case a == nil:
		return nil, winerr.Errorf(winerr.FileNotFound, "%s is gone", seen.DN)
	case a.Marker != seen.Marker || a.Own != seen.Own:
		return nil, winerr.Errorf(winerr.Busy, "somebody else has changed %s", seen.DN)
	}
	change(a)
	return copyOf(a), nil
}

// Reset gives an account a new password.
func (d *Domain) Reset(
	_ context.Context, a *activedirectory.Account, own string, to activedirectory.Marker, _ []uint16,
) (*activedirectory.Account, error) {
	return d.swap(a, func(a *activedirectory.Account) {
		d.resets++
		a.Own, a.Marker = own, to
		a.PasswordLastSet = activedirectory.FileTime(134400000000000000 + d.made + d.resets)
		a.Control &^= activedirectory.ControlDisabled
	})
}

// Mark changes the marker of an account.
func (d *Domain) Mark(_ context.Context, a *activedirectory.Account, to activedirectory.Marker) (*activedirectory.Account, error) {
	return d.swap(a, func(a *activedirectory.Account) { a.Marker = to })
}

// Disable disables an account.
func (d *Domain) Disable(_ context.Context, a *activedirectory.Account) (*activedirectory.Account, error) {
	return d.swap(a, func(a *activedirectory.Account) { a.Control |= activedirectory.ControlDisabled })
}

// Enable enables an account.
func (d *Domain) Enable(_ context.Context, a *activedirectory.Account) (*activedirectory.Account, error) {
	return d.swap(a, func(a *activedirectory.Account) { a.Control &^= activedirectory.ControlDisabled })
}

// Delete deletes an account.
func (d *Domain) Delete(_ context.Context, a *activedirectory.Account, _ bool) error {
	err := d.asked()
	defer d.mu.Unlock()
	if err == nil {
		delete(d.accounts, a.GUID)
	}
	return err
}

// Sites returns the one of the controller.
func (d *Domain) Sites(context.Context, activedirectory.Domain) ([]string, bool, error) {
	return []string{d.DC().Site}, true, nil
}

// RootCAs returns none.
func (d *Domain) RootCAs(context.Context, activedirectory.Domain) ([][]byte, error) { return nil, nil }
