package offlinejoin

import (
	"context"
	"errors"
	"strings"

	"github.com/offlinejoin/offlinejoin/internal/activedirectory"
	"github.com/offlinejoin/offlinejoin/internal/odj"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// Provisioned is an account with a new password, and the blob that holds it, in memory alone. Whoever has it ends it: by
// Staged when the blob is where it belongs, else by Undo; and by Wipe in any case.
type Provisioned struct {
	Blob    *Blob
	Account AccountFacts

	directory *Directory
	plan      *AccountPlan
	account   *activedirectory.Account
	marker    activedirectory.Marker
}

// Provision makes the account of a plan, or gives it a new password, and makes the blob. Errors: those of [PlanAccount],
// where the directory has changed since; 2224 and 170 when somebody else was faster. After an error nothing of it is left in
// the directory, or the error says what.
func Provision(ctx context.Context, d *Directory, p *AccountPlan) (*Provisioned, error) {
	if p.Action == AccountAdopt {
		return nil, winerr.Errorf(winerr.InvalidParameter, "the account is staged already: this is a defect of this program")
	}
	certs, err := p.rootCAs(ctx, d)
	if err != nil {
		return nil, err
	}
	password, err := odj.RandomPassword(nil)
	if err != nil {
		return nil, err
	}
	defer clear(password)
	made := &Provisioned{
		directory: d, plan: p, account: p.existing,
		marker: activedirectory.Marker{Run: activedirectory.NewRun(), Place: p.place}.With(activedirectory.MarkerPending, p.req.clock()),
	}
	p.req.reached("before the account")
	if err := made.write(ctx, password); err != nil {
		return nil, err
	}
	p.req.reached("after the account")
	blob, err := composeBlob(p, password, made.account.Rid(), certs)
	if err != nil {
		return nil, errors.Join(err, made.Undo(ctx))
	}
	made.Blob = blob
	made.Account = *p.link.accountFacts(made.account, made.account.PasswordLastSet)
	made.Account.Made = p.Action == AccountCreate
	p.req.reached("after the blob")
	return made, nil
}

func (p *AccountPlan) rootCAs(ctx context.Context, d *Directory) (certs [][]byte, err error) {
	if !p.req.RootCACerts {
		return nil, nil
	}
	err = d.read(ctx, func(l *link) error {
		certs, err = l.RootCAs(ctx, l.domain)
		return err
	})
	return certs, err
}

// write makes or resets the account. When the answer was lost, the marker decides what has come of it, over a new
// connection: nothing is sent twice.
func (m *Provisioned) write(ctx context.Context, password []uint16) error {
	p := m.plan
	l, err := m.directory.get(ctx)
	if err != nil {
		return err
	}
	p.link = l
	var a *activedirectory.Account
	if p.Action == AccountCreate {
		a, err = l.Create(ctx, l.domain, activedirectory.New{
			Name: p.req.MachineName, Container: p.container, Description: p.req.Description, Marker: m.marker, Password: password,
		})
	} else {
		own := p.existing.Own
		if p.req.Description != "" {
			own = p.req.Description
		}
		a, err = l.Reset(ctx, p.existing, own, m.marker, password)
	}
	if errors.Is(err, activedirectory.ErrConnectionLost) {
		m.directory.drop(l)
		a, err = m.afterLoss(ctx, err)
	}
	if err == nil && a.Marker != m.marker { // between the write and looking at it
		err = winerr.Errorf(winerr.Busy, "somebody else has taken the account %s up in the meantime (%s)", a.DN, a.Marker)
	}
	if err == nil {
		m.account = a
	}
	return err
}

// afterLoss finds out whether a write was carried out whose answer never came.
func (m *Provisioned) afterLoss(ctx context.Context, lost error) (a *activedirectory.Account, err error) {
	after, cancel := m.directory.afterwards(ctx)
	defer cancel()
	err = m.directory.read(after, func(l *link) error {
		a, err = l.Find(after, l.domain, m.plan.req.MachineName)
		return err
	})
	switch {
	case err != nil:
		return nil, winerr.Errorf(codeOf(lost), "%w; whether the account %s was written at %s is not known (run %s): when that "+
			"controller answers again, look there with offlinejoin account show, or run this again", winerr.Uncoded(lost),
			m.plan.req.MachineName, m.plan.DC, m.marker.Run)
	case a == nil || a.Marker != m.marker:
		return nil, lost // nothing was written
	case ctx.Err() != nil: // written, and not wanted any more
		m.account = a
		return nil, errors.Join(lost, m.Undo(ctx))
	}
	return a, nil
}

// composeBlob makes the blob of an account.
func composeBlob(p *AccountPlan, password odj.Password, rid uint32, roots [][]byte) (*Blob, error) {
	d, dc, req := p.link.domain, p.link.DC(), p.req
	join := odj.Join{
		MachineName: strings.ToUpper(req.MachineName), Password: password, DNSDomain: d.DNSName, NetBIOSDomain: d.NetBIOSName,
		Forest: d.Forest, DomainGUID: d.GUID, DomainSID: d.SID, Rid: rid,
		DC: odj.DomainController{
			Name: dc.Host, Address: dc.Address, Flags: dc.Flags | dnsNames, Site: dc.Site, ClientSite: dc.ClientSite,
		},
	}
	if req.PersistentSite != "" || req.NetBIOSName != "" || req.PrimaryDNSDomain != "" {
		join.JoinProvider2 = &odj.JoinProvider2{
			NetBIOSName: req.NetBIOSName, Site: req.PersistentSite, PrimaryDNSDomain: req.PrimaryDNSDomain,
		}
		if req.PersistentSite != "" {
			join.JoinProvider2.Flags = persistentSite
		}
	}
	store, err := odj.SerializeStore(roots)
	if err != nil {
		return nil, winerr.Errorf(winerr.InvalidParameter, "the certification authorities of the forest do not fit into a blob: %w", err)
	}
	if store != nil {
		join.Stores = []odj.Store{{Name: odj.RootStore, File: store}}
	}
	parsed, err := odj.Compose(join)
	if err != nil {
		return nil, err
	}
	b := &Blob{parsed: parsed, name: "the new blob for " + join.MachineName, given: parsed.Bytes}
	if err := b.Check(Expect{}); err != nil {
		b.Wipe()
		return nil, err
	}
	return b, nil
}

const (
	dnsNames       = 0xE0000000 // DS_DNS_CONTROLLER_FLAG, DS_DNS_DOMAIN_FLAG, DS_DNS_FOREST_FLAG: all names are of DNS
	persistentSite = 1          // OP_JP2_FLAG_PERSISTENTSITE
)

// rehearsalRid is above every number that a domain gives to an account ([MS-ADTS] 3.1.1.1.14: 30 bits), so that no ledger can
// have it.
const rehearsalRid = 1<<30 - 1

// rehearsalBlob makes a blob that differs from the one to come in its password, and, for an account that is not there yet, in
// its SID. No account has that password.
func rehearsalBlob(ctx context.Context, d *Directory, p *AccountPlan) (*Blob, error) {
	certs, err := p.rootCAs(ctx, d)
	if err != nil {
		return nil, err
	}
	password, err := odj.RandomPassword(nil)
	if err != nil {
		return nil, err
	}
	defer clear(password)
	rid := uint32(rehearsalRid)
	if p.existing != nil {
		rid = p.existing.Rid()
	}
	return composeBlob(p, password, rid, certs)
}

// Staged records in the directory that the blob is where it belongs. Errors: 170 when the account has another password by
// now, so that the blob is of no use. That the directory could not be told otherwise is in warning: the next run sets it
// right.
func (m *Provisioned) Staged(ctx context.Context) (warning string, err error) {
	ctx, cancel := m.directory.afterwards(ctx)
	defer cancel()
	var now *activedirectory.Account
	err = m.directory.read(ctx, func(l *link) error {
		a, err := l.Mark(ctx, m.account, m.marker.With(activedirectory.MarkerStaged, m.plan.req.clock()))
		if err == nil {
			now = a
			return nil
		}
		if found, lookErr := l.FindGUID(ctx, m.account.GUID); lookErr == nil {
			now = found
		}
		return err
	})
	switch {
	case now != nil && now.PasswordLastSet == m.account.PasswordLastSet:
		m.account = now
		m.Account.Marker = now.Marker.String()
	case now != nil || err == nil:
		return "", winerr.Errorf(winerr.Busy, "somebody else has changed the password of the account %s in the meantime: the blob is of "+
			"no use", m.account.DN)
	}
	if err != nil && (now == nil || now.Marker.State != activedirectory.MarkerStaged) {
		return "the join is staged, but the account's marker could not be changed: " + winerr.MessageOf(err), nil
	}
	return "", nil
}

// Undo takes back what was written to the directory, as the request's OnError says, unless a machine has logged on with the
// account by now. It is for a blob that nobody has. Errors say what is left.
func (m *Provisioned) Undo(ctx context.Context) error {
	if m.account == nil || m.plan.req.OnError == OnErrorKeep {
		return nil
	}
	ctx, cancel := m.directory.afterwards(ctx)
	defer cancel()
	others := false // it is somebody else's by now
	err := m.directory.read(ctx, func(l *link) error {
		now, err := l.FindGUID(ctx, m.account.GUID)
		if err != nil || now == nil {
			return err
		}
		if live, _ := now.Live(); live || now.Marker.Run != m.marker.Run {
			others = true
			return nil
		}
		return m.takeBack(ctx, l, now)
	})
	switch {
	case err == nil && others:
		return winerr.Errorf(winerr.Busy, "the account %s is left as it is, because somebody else has changed or used it in the meantime: "+
			"look there with offlinejoin account show", m.account.DN)
	case err == nil:
		return nil
	}
	return winerr.Errorf(codeOf(err), "the account %s could not be taken back: %w; it has a password that nobody has (marker %s): "+
		"run this again, or delete the account", m.account.DN, winerr.Uncoded(err), m.marker.Run)
}

// left says in a sentence what Undo, after it went well, has left in the directory.
func (m *Provisioned) left() string {
	dn, on := m.Account.DN, m.plan.req.OnError
	switch {
	case on == OnErrorKeep:
		return "The account " + dn + " is kept, as on_error says; nobody has its password"
	case !m.Account.Made:
		return "The account " + dn + " existed before; its former password is gone, and nobody has the new one"
	case on == OnErrorDisable:
		return "The account " + dn + " is disabled, as on_error says"
	}
	return "The account that was made for it is deleted again"
}

// Failed takes the account back as Undo does, for a blob that did not get to where it belongs, and returns the failure with
// what is left in the directory.
func (m *Provisioned) Failed(ctx context.Context, err error) error {
	if undo := m.Undo(ctx); undo != nil {
		return errors.Join(err, undo)
	}
	code, ok := winerr.CodeOf(err)
	if !ok {
		return err
	}
	stop := ". "
	if strings.HasSuffix(winerr.MessageOf(err), ".") {
		stop = " "
	}
	return winerr.Errorf(code, "%w%s%s", winerr.Uncoded(err), stop, m.left())
}

// takeBack first changes the marker, so that a run that takes the account up at the same time and this one cannot both have it.
func (m *Provisioned) takeBack(ctx context.Context, l *link, a *activedirectory.Account) error {
	state := activedirectory.MarkerFailed
	remove := m.plan.Action == AccountCreate && m.plan.req.OnError != OnErrorDisable
	if remove {
		state = activedirectory.MarkerRemoving
	}
	if a.Marker.State != state {
		var err error
		if a, err = l.Mark(ctx, a, m.marker.With(state, m.plan.req.clock())); err != nil {
			return err
		}
	}
	m.plan.req.reached("before taking back")
	var err error
	switch {
	case remove:
		err = l.Delete(ctx, a, true)
		if code, _ := winerr.CodeOf(err); code == winerr.FileNotFound {
			err = nil
		}
	case m.plan.req.OnError == OnErrorDisable:
		_, err = l.Disable(ctx, a)
	}
	return err
}

// Wipe forgets the blob and the password in it.
func (m *Provisioned) Wipe() { m.Blob.Wipe() }
