package offlinejoin

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/offlinejoin/offlinejoin/internal/activedirectory"
	"github.com/offlinejoin/offlinejoin/internal/killpoint"
	"github.com/offlinejoin/offlinejoin/internal/plaintext"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// AccountReuse says whether an account that exists may be used for the machine. The empty value means AccountReuseRefuse.
type AccountReuse string

// The choices. What a run of ours has left for the same image is taken up again with each of them.
const (
	AccountReuseRefuse  AccountReuse = "refuse"
	AccountReuseOwn     AccountReuse = "own"     // one that this user made or owns, or that administrators own (KB5020276)
	AccountReuseTrusted AccountReuse = "trusted" // also one of the trusted owners
)

// OnError says what becomes of an account when the join fails that it was made for. The empty value means OnErrorDelete.
type OnError string

// The choices. An account that existed before is never deleted; its password is gone by then, and its marker says so.
const (
	OnErrorDelete  OnError = "delete"
	OnErrorDisable OnError = "disable"
	OnErrorKeep    OnError = "keep"
)

// FileTime is a time of Windows, exact to 100 ns (package activedirectory).
type FileTime = activedirectory.FileTime

// AccountRequest asks for a computer account.
type AccountRequest struct {
	MachineName string
	OU          string // DN; empty: the domain's container for computers, or wherever the account is
	Description string // the account's own; kept in front of our marker. Empty: as it is
	ObjectGUID  string // of the account that must be used: one that was prepared, or that the caller has in its state
	Reuse       AccountReuse
	// TrustedOwners are SIDs, or names of users and groups of the domain, for AccountReuseTrusted.
	TrustedOwners []string
	ReplaceLive   bool // use even an account that a machine has logged on with, which is cut off by that

	PersistentSite   string // the machine stays in this site; empty: Windows finds out
	NetBIOSName      string // of the machine, where it is not the first 15 characters of its name
	PrimaryDNSDomain string // of the machine, where it is not the domain's name
	RootCACerts      bool   // put the certification authorities that the forest trusts into the blob

	OnError  OnError
	Place    string // what the account is for, where that is no image, such as the path of a blob file
	StagedBy string
	Progress func(Event)
	Now      func() time.Time // the clock; nil: time.Now

	prepared bool               // made ahead of its machine: one that exists is never taken
	at       func(point string) // for tests: called at each point where a run can be broken off
}

// AccountStatus is what has become of an account.
type AccountStatus string

// The states (docs/internals/design.md §4). What is listed first goes first.
const (
	AccountGone     AccountStatus = "gone"     // it does not exist
	AccountDisabled AccountStatus = "disabled" // nobody can log on with it
	AccountInUse    AccountStatus = "in_use"   // a machine has logged on with it
	AccountChanged  AccountStatus = "changed"  // never logged on, and the password is not the one that was staged
	AccountFresh    AccountStatus = "fresh"    // never logged on
	AccountUnknown  AccountStatus = "unknown"  // the directory could not be asked
)

// AccountFacts is what the directory has of an account. It holds no secret.
type AccountFacts struct {
	Status          AccountStatus `json:"account_status"`
	Why             string        `json:"why,omitempty"` // by what it shows that the account is in use
	MachineName     string        `json:"machine_name"`
	Domain          string        `json:"domain"` // DNS name
	DN              string        `json:"dn,omitempty"`
	ObjectGUID      string        `json:"object_guid,omitempty"`
	SID             string        `json:"account_sid,omitempty"`
	OwnerSID        string        `json:"owner_sid,omitempty"`
	DC              string        `json:"domain_controller"`
	PasswordLastSet FileTime      `json:"password_last_set,omitzero"`
	LastLogon       FileTime      `json:"last_logon,omitzero"`
	Description     string        `json:"description,omitempty"` // the account's own
	Marker          string        `json:"marker,omitempty"`      // of a run of ours
	Made            bool          `json:"made"`                  // the account was made by this request
	NameTaken       bool          `json:"name_taken,omitempty"`  // gone, and another account has its name
}

// AccountRecord is what an image remembers of the account it was staged with.
type AccountRecord struct {
	ObjectGUID      string   `json:"object_guid"`
	PasswordLastSet FileTime `json:"password_last_set"`
}

// accountFacts returns the facts of an account. staged is when the password that was staged was set; 0: not known.
func (l *link) accountFacts(a *activedirectory.Account, staged FileTime) *AccountFacts {
	f := &AccountFacts{
		MachineName: plaintext.Line(a.Name, plaintext.Name), Domain: l.shownDomain(), DN: a.DN, ObjectGUID: a.GUID, SID: a.SID,
		OwnerSID: a.OwnerSID, DC: l.DC().Host, PasswordLastSet: a.PasswordLastSet, LastLogon: a.LastLogon,
		Description: plaintext.Line(a.Own, plaintext.Sentence), Marker: a.Marker.String(),
	}
	var live bool
	live, f.Why = a.Live()
	switch {
	case a.Disabled():
		f.Status = AccountDisabled
	case live:
		f.Status = AccountInUse
	case staged != 0 && staged != a.PasswordLastSet:
		f.Status = AccountChanged
	default:
		f.Status = AccountFresh
	}
	return f
}

// shownDomain is the domain's DNS name, safe for a line.
func (l *link) shownDomain() string { return plaintext.Line(l.domain.DNSName, plaintext.Name) }

// placeOf returns what a marker keeps of an image: nothing that tells its path.
func placeOf(at Image) string {
	id := at.Identity()
	if id.Name != "" {
		return placeDigest("name", id.Name)
	}
	return placeDigest("place", id.Host, id.Place())
}

func placeDigest(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:8])
}

// place returns what the marker says that the account is for.
func (r AccountRequest) place(at *Image) string {
	switch {
	case at != nil && at.String() != "":
		return placeOf(*at)
	case r.Place != "":
		return placeDigest("other", r.Place)
	}
	return placeDigest("machine", strings.ToUpper(r.MachineName))
}

func (r AccountRequest) clock() time.Time {
	if r.Now == nil {
		return time.Now()
	}
	return r.Now()
}

func (r AccountRequest) reached(point string) {
	killpoint.Reached(point)
	if r.at != nil {
		r.at(point)
	}
}

// Check refuses what shows to be wrong before anybody is asked: 2724 for a name, 87 for a word, an OU, a description or another
// name. It is the first thing that every function here does with a request.
func (r AccountRequest) Check() error {
	if err := activedirectory.CheckNewName(r.MachineName); err != nil {
		return err
	}
	if err := activedirectory.CheckDescription(r.Description); err != nil {
		return err
	}
	names := activedirectory.BlobNames{NetBIOS: r.NetBIOSName, Site: r.PersistentSite, DNSDomain: r.PrimaryDNSDomain}
	if err := names.Check(); err != nil {
		return err
	}
	if r.OU != "" {
		if err := activedirectory.CheckContainer(r.OU); err != nil {
			return err
		}
	}
	word := func(name, value string, allowed ...string) error {
		if value == "" || slices.Contains(allowed, value) {
			return nil
		}
		return winerr.Errorf(winerr.InvalidParameter, "%s is %q: use %s", name, plaintext.Line(value, plaintext.Name),
			strings.Join(allowed, ", "))
	}
	err := errors.Join(
		word("account reuse", string(r.Reuse), "refuse", "own", "trusted"),
		word("on_error", string(r.OnError), "delete", "disable", "keep"))
	if err == nil && len(r.TrustedOwners) > 0 && r.Reuse != AccountReuseTrusted {
		err = winerr.Errorf(winerr.InvalidParameter, `trusted_owners are for account reuse "trusted": set that, or leave them out`)
	}
	return err
}

// AccountAction is what is to be done with an account.
type AccountAction string

// The actions.
const (
	AccountCreate AccountAction = "create" // make it
	AccountReset  AccountAction = "reset"  // give it a new password
	AccountAdopt  AccountAction = "adopt"  // the image holds a valid join with it already: nothing
)

// AccountPlan is what a request for an account comes to. It was only read for it.
type AccountPlan struct {
	Action   AccountAction `json:"action"`
	Account  *AccountFacts `json:"account,omitempty"` // that exists; nil: it is to be made
	DN       string        `json:"dn"`                // that it has or will have
	Domain   string        `json:"domain"`
	DC       string        `json:"domain_controller"`
	Warnings []string      `json:"warnings"`

	req       AccountRequest
	place     string
	remakes   bool // the image holds a valid join of the account, which is made anew
	container string
	link      *link
	existing  *activedirectory.Account
}

// PlanAccount makes every check of a request for an account, and writes nothing. Errors are those of [Provision] before it
// writes: 2724 and 87 for names, 2 for an OU that is not there, 2224, 2732, 2691, 170 and 5 for an account that is there and
// not to be used, 1355, 1326, 2718 and others of package activedirectory where the domain cannot be reached.
func PlanAccount(ctx context.Context, d *Directory, req AccountRequest) (*AccountPlan, error) {
	return planAccount(ctx, d, req, nil, nil)
}

// planAccount is PlanAccount for an image, and for the join that it holds; both may be nil.
func planAccount(ctx context.Context, d *Directory, req AccountRequest, at *Image, held *heldJoin) (*AccountPlan, error) {
	if err := req.Check(); err != nil {
		return nil, err
	}
	var p *AccountPlan
	err := d.read(ctx, func(l *link) (err error) {
		p = &AccountPlan{req: req, place: req.place(at), link: l, Domain: l.shownDomain(), DC: l.DC().Host, Warnings: slices.Clone(l.notes)}
		return p.look(ctx, held)
	})
	if err != nil {
		return nil, err
	}
	return p, nil
}

// look asks this controller and the others, and decides.
func (p *AccountPlan) look(ctx context.Context, held *heldJoin) error {
	l, req := p.link, p.req
	container, err := l.container(ctx, req.OU)
	if err != nil {
		return err
	}
	p.container = container.DN
	if req.ObjectGUID != "" {
		p.existing, err = l.FindGUID(ctx, req.ObjectGUID)
	} else {
		p.existing, err = l.Find(ctx, l.domain, req.MachineName)
	}
	if err != nil {
		return err
	}
	elsewhere, notes, err := l.others.Find(ctx, req.MachineName)
	if err != nil {
		return err
	}
	for _, n := range notes {
		p.Warnings = append(p.Warnings, string(n))
	}
	if err := p.decideAction(ctx, held, container, elsewhere); err != nil || p.Action == AccountAdopt {
		return err
	}
	return p.checkSite(ctx)
}

// decideAction says what is to be done.
func (p *AccountPlan) decideAction(
	ctx context.Context, held *heldJoin, container activedirectory.Container, elsewhere []activedirectory.Elsewhere,
) error {
	l, req := p.link, p.req
	if p.existing == nil {
		p.Action, p.DN = AccountCreate, "CN="+strings.ToUpper(req.MachineName)+","+plaintext.Line(p.container, plaintext.Name)
		if !container.MayCreate {
			p.Warnings = append(p.Warnings, "the directory does not list computers among what this user may make in "+
				plaintext.Line(p.container, plaintext.Name)+": it may still be allowed by the domain's quota")
		}
		return p.mayMake(ctx, elsewhere)
	}
	if err := p.compare(elsewhere); err != nil {
		return err
	}
	staged := held.passwordOf(p.existing)
	p.DN, p.Account = p.existing.DN, l.accountFacts(p.existing, staged)
	if held.bootedWith(p.existing) { // whatever it was made with
		p.Action = AccountAdopt
		return nil
	}
	var err error
	if p.Action, err = p.decide(ctx, held); err == nil && p.Action == AccountReset && p.existing.Disabled() {
		p.Warnings = append(p.Warnings, "the account "+p.DN+" is disabled, and is enabled with its new password")
	}
	m := p.existing.Marker
	if live, _ := p.existing.Live(); err == nil && p.Action == AccountReset && !live && m.State == activedirectory.MarkerStaged && m.Place != p.place {
		p.Warnings = append(p.Warnings, "the account "+p.DN+" was staged elsewhere at "+m.At.UTC().Format(time.RFC3339)+", and no machine "+
			"has logged on with it: with its new password, what was staged there cannot join any more")
	}
	return err
}

// checkSite warns of a persistent_site that the forest does not have. It is no refusal: a site can be made until the first boot.
func (p *AccountPlan) checkSite(ctx context.Context) error {
	site := p.req.PersistentSite
	if site == "" {
		return nil
	}
	missing, names, err := p.link.missesSite(ctx, site)
	if err != nil || !missing {
		return err
	}
	const shown = 3
	has := plaintext.Line(strings.Join(names[:min(len(names), shown)], ", "), plaintext.Sentence)
	if len(names) > shown {
		has += " and others"
	}
	p.Warnings = append(p.Warnings, "the forest has no site "+plaintext.Line(site, plaintext.Name)+", but "+has+": correct "+
		"persistent_site, or make the site before the machine boots")
	return nil
}

// mayMake refuses to make an account that must exist, that another controller has, or whose name something else has in the OU.
func (p *AccountPlan) mayMake(ctx context.Context, elsewhere []activedirectory.Elsewhere) error {
	if p.req.ObjectGUID != "" {
		return winerr.Errorf(winerr.FileNotFound, "the account of %s (objectGUID %s) does not exist in %s any more, and is not made "+
			"again: a new one would have another SID and none of its groups; take it out of the configuration and apply, to have a "+
			"new one", p.req.MachineName, p.req.ObjectGUID, p.Domain)
	}
	if len(elsewhere) > 0 {
		return winerr.Errorf(winerr.UserExists, "%s has an account %s already, which %s has not heard of yet: wait until both have "+
			"replicated, or name %[1]s in dc", elsewhere[0].Host, p.req.MachineName, p.DC)
	}
	other, err := p.link.Named(ctx, p.container, p.req.MachineName)
	if err != nil || other == nil {
		return err
	}
	return winerr.Errorf(winerr.UserExists, "the account %s cannot be made: %s is there already (%s), and two objects in one OU cannot "+
		"have one name: delete or move it, name another OU in ou, or choose another machine_name", p.req.MachineName, other.DN, other.Kind)
}

// compare takes what other controllers have of the account into it, and refuses another account of its name there.
func (p *AccountPlan) compare(elsewhere []activedirectory.Elsewhere) error {
	a := p.existing
	for _, e := range elsewhere {
		if e.Account.GUID != a.GUID {
			return winerr.Errorf(winerr.UserExists, "%s has another account %s than %s (objectGUID %s there, %s here): one of them "+
				"loses its name when they replicate; delete one", e.Host, p.req.MachineName, p.DC, e.Account.GUID, a.GUID)
		}
		a.LastLogon = max(a.LastLogon, e.Account.LastLogon)
		if a.OperatingSystem == "" {
			a.OperatingSystem = e.Account.OperatingSystem
		}
	}
	return nil
}

// decide says what is to be done with an account that exists.
func (p *AccountPlan) decide(ctx context.Context, held *heldJoin) (AccountAction, error) {
	a, req, staged := p.existing, p.req, held.passwordOf(p.existing)
	if err := activedirectory.CheckMachine(a); err != nil {
		return "", err
	}
	if !strings.EqualFold(a.Name, req.MachineName) {
		return "", winerr.Errorf(winerr.InvalidParameter, "the account with the objectGUID %s is of %s, and machine_name is %s: "+
			"correct one of them", a.GUID, plaintext.Line(a.Name, plaintext.Name), req.MachineName)
	}
	if staged != 0 && staged == a.PasswordLastSet && !a.Disabled() {
		var err error
		if p.remakes, err = p.differs(ctx, held); err != nil || !p.remakes {
			return AccountAdopt, err
		}
	}
	if req.OU != "" && !a.In(p.container) {
		return "", winerr.Errorf(winerr.InvalidParameter, "the account %s exists, and ou is %s: reuse moves no account; move it, or "+
			"correct ou", a.DN, plaintext.Line(p.container, plaintext.Name))
	}
	if err := p.mayReset(ctx); err != nil {
		return "", err
	}
	if err := activedirectory.CheckNotLive(a, req.ReplaceLive); err != nil || req.Description != "" {
		return AccountReset, err
	}
	return AccountReset, activedirectory.CheckRoom(a)
}

// mayReset says whether this request may give the account a new password. What a run for the same image has left may be taken
// up by whoever may use the account at all.
func (p *AccountPlan) mayReset(ctx context.Context) error {
	a, m := p.existing, p.existing.Marker
	leftHere := !m.IsZero() && m.Place == p.place &&
		(m.State == activedirectory.MarkerPending || m.State == activedirectory.MarkerFailed || m.State == activedirectory.MarkerRemoving)
	policy := p.req.Reuse
	switch {
	case leftHere, p.remakes && p.req.ObjectGUID == "": // who may replace the join in the image needs no other word for its account
		if policy == "" || policy == AccountReuseRefuse {
			policy = AccountReuseOwn
		}
	case p.req.ObjectGUID == "" && (policy == "" || policy == AccountReuseRefuse):
		return p.exists()
	case (m.State == activedirectory.MarkerPending || m.State == activedirectory.MarkerRemoving) &&
		p.req.clock().Sub(m.At) < lostAfter:
		return winerr.Errorf(winerr.Busy, "another run works on the account %s, or was broken off (%s): wait for it, or until it is "+
			"%s old", a.DN, m, lostAfter)
	case p.req.ObjectGUID != "":
		return nil
	}
	who := activedirectory.Asker{}
	var err error
	if policy == AccountReuseTrusted {
		if who.Trusted, err = p.link.Owners(ctx, p.link.domain, p.req.TrustedOwners); err != nil {
			return err
		}
		if groups := p.link.MemberOf(ctx, a.OwnerSID); slices.ContainsFunc(groups, func(g string) bool {
			return slices.Contains(who.Trusted, g)
		}) {
			return nil
		}
	}
	if who.SID, err = p.link.whoAmI(ctx); err != nil {
		return err
	}
	return activedirectory.MayReuse(a, p.link.domain, who)
}

// lostAfter is how old the marker of a run for another place is when that run is taken for dead. No join takes so long.
const lostAfter = time.Hour

// exists is the refusal of an account that exists.
func (p *AccountPlan) exists() error {
	a := p.existing
	detail := ""
	if !a.Marker.IsZero() {
		detail = ", and a run of ours has worked on it (" + a.Marker.String() + ")"
	}
	if a.Marker.State == activedirectory.MarkerStaged && a.Marker.Place == p.place {
		detail = ", and was staged for this very place, which does not hold that join any more"
	}
	way := "set account reuse to own to give it a new password"
	if a.Disabled() {
		detail, way = ", and is disabled, so that nobody can join with it", "set account reuse to own to enable it with a new password"
	}
	if p.req.prepared {
		way = "import it to have it as it is"
	}
	return winerr.Errorf(winerr.UserExists, "the account %s exists already%s: %s, delete it, or choose another machine_name", a.DN, detail,
		way)
}
