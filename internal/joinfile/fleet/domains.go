package fleet

import (
	"context"
	"fmt"
	"sync"

	"github.com/offlinejoin/offlinejoin/internal/joinfile"
	"github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/options"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// mostAsking is how many joins ask one domain at a time, whatever the number of images in hand: a controller in production has
// others to serve, and more at once were not faster (tried with Samba).
const mostAsking = 4

// Domains are the domains that runs have logged on to: joins that reach a domain in one way share one session. The zero value
// is ready; Close ends the sessions.
type Domains struct {
	mu   sync.Mutex
	open map[string]*domain
}

// domain is one of them.
type domain struct {
	directory *offlinejoin.Directory
	password  offlinejoin.Secret
	warnings  []string
	err       error
	turns     chan struct{}
}

// of returns the domain of a join.
func (d *Domains) of(w options.DirectoryWords) *domain {
	key := fmt.Sprintf("%q", []string{
		w.Domain, w.DC, w.Site, w.User, w.PasswordFile, w.Keytab, w.CCache, fmt.Sprint(w.CurrentUser), w.Security, fmt.Sprint(w.SimpleBind),
		w.CAFile, w.Timeout,
	})
	d.mu.Lock()
	defer d.mu.Unlock()
	if known, ok := d.open[key]; ok {
		return known
	}
	made := &domain{turns: make(chan struct{}, mostAsking)}
	var req offlinejoin.DirectoryRequest
	if req, made.warnings, made.err = w.Request(); made.err == nil {
		made.directory, made.password = offlinejoin.NewDirectory(req), req.Credential.Password
	}
	if d.open == nil {
		d.open = map[string]*domain{}
	}
	d.open[key] = made
	return made
}

// Close ends the sessions and forgets the passwords.
func (d *Domains) Close() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, one := range d.open {
		if one.directory != nil {
			_ = one.directory.Close() // all has been asked
		}
		one.password.Wipe()
	}
	d.open = nil
}

// turn waits for a turn to ask.
func (d *domain) turn(ctx context.Context) (done func(), err error) {
	if d.err != nil {
		return nil, d.err
	}
	select {
	case d.turns <- struct{}{}:
		return func() { <-d.turns }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// withAccount carries out a join whose account is made for it.
func (w *work) withAccount(ctx context.Context, j *joinfile.Join, result *Result, progress func(offlinejoin.Event)) error {
	d := w.Domains.of(j.Directory)
	switch w.Action {
	case Status:
		return w.statusWithAccount(ctx, d, j, result)
	case Unstage:
		return w.unstageWithAccount(ctx, d, j, result, progress)
	}
	done, err := d.turn(ctx)
	if err != nil {
		return err
	}
	defer done()
	for _, warning := range d.warnings {
		progress(offlinejoin.Event{Kind: offlinejoin.EventWarning, Text: warning})
	}
	acc, req := *j.Account, j.Request
	acc.StagedBy, req.StagedBy, req.Progress = w.By, w.By, progress
	if w.Action == Plan {
		result.AccountPlan, result.Receipt, err = offlinejoin.PlanJoin(ctx, d.directory, acc, req)
	} else {
		result.Receipt, err = offlinejoin.Join(ctx, d.directory, acc, req)
	}
	if err == nil {
		result.Outcome = result.Receipt.Outcome
	}
	return err
}

// statusWithAccount reads the status of the image, and of the account that it was staged with. That the domain cannot be asked
// is no failure: the image is there to be looked at.
func (w *work) statusWithAccount(ctx context.Context, d *domain, j *joinfile.Join, result *Result) error {
	if err := w.status(ctx, j, result); err != nil {
		return err
	}
	account, err := readAccount(ctx, d, j, result.Status)
	if result.Account = account; err != nil {
		result.AccountError = failure(err)
	}
	return nil
}

// readAccount returns what the directory has of the account that an image was staged with, and of that with the machine's name
// where none is.
func readAccount(ctx context.Context, d *domain, j *joinfile.Join, st *offlinejoin.Status) (*offlinejoin.AccountFacts, error) {
	done, err := d.turn(ctx)
	if err != nil {
		return &offlinejoin.AccountFacts{Status: offlinejoin.AccountUnknown, MachineName: j.Account.MachineName}, err
	}
	defer done()
	return offlinejoin.ReadAccount(ctx, d.directory, queryOf(j, st))
}

func queryOf(j *joinfile.Join, st *offlinejoin.Status) offlinejoin.AccountQuery {
	query := offlinejoin.AccountQuery{MachineName: j.Account.MachineName}
	if st.Account != nil {
		query.ObjectGUID, query.PasswordLastSet = st.Account.ObjectGUID, st.Account.PasswordLastSet
	}
	return query
}

// unstageWithAccount takes the join out of the image, and then, where it is asked for, does with its account what is to be
// done: the image first, so that none is left with a join whose account is gone. The domain is asked before that, since only the
// image tells which account was its own: where nobody answers, all is as it was. An account whose password is not the one in the
// image is somebody else's by now, and left alone.
func (w *work) unstageWithAccount(ctx context.Context, d *domain, j *joinfile.Join, result *Result, progress func(offlinejoin.Event)) error {
	before, err := offlinejoin.ReadStatus(ctx, offlinejoin.StatusRequest{Image: j.Request.Image})
	if err != nil {
		return err
	}
	ends := w.AccountEnd != "" && w.AccountEnd != offlinejoin.AccountKeep && before.Account != nil
	if ends {
		if result.Account, err = readAccount(ctx, d, j, before); err != nil {
			return err
		}
	}
	if result.Receipt, err = w.unstage(ctx, j, progress); err != nil {
		return err
	}
	result.Outcome = result.Receipt.Outcome
	if !ends {
		return nil
	}
	if result.Account.Status != offlinejoin.AccountFresh {
		progress(offlinejoin.Event{
			Kind: offlinejoin.EventWarning, Text: "the account " + result.Account.DN + " is " + string(result.Account.Status) + ", and is left as it is",
		})
		return nil
	}
	return w.endAccount(ctx, d, queryOf(j, before), result)
}

// endAccount does with an account, whose join is in no image any more, what is to be done. Another run finds no join, and so leaves
// the account alone: the error says what is to be done with it.
func (w *work) endAccount(ctx context.Context, d *domain, query offlinejoin.AccountQuery, result *Result) error {
	seen := result.Account
	done, err := d.turn(ctx)
	if err == nil {
		defer done()
		result.Account, err = offlinejoin.ReleaseAccount(ctx, d.directory, offlinejoin.AccountRelease{
			AccountQuery: query, End: w.AccountEnd, Seen: seen,
		})
	}
	if err == nil {
		return nil
	}
	code, isCoded := winerr.CodeOf(err)
	if !isCoded {
		code = winerr.Cancelled
	}
	return offlinejoin.Lasting(winerr.Errorf(code, "the join is taken out of the image, and its account %s is left: %w; end it with "+
		"offlinejoin account %s %s", seen.DN, winerr.Uncoded(err), w.AccountEnd, seen.MachineName))
}
