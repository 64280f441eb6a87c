package fleet

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/offlinejoin/offlinejoin/internal/joinfile"
	"github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/plaintext"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// Watcher is called as a run goes, one call at a time.
type Watcher interface {
	Begin(j *joinfile.Join)
	Event(j *joinfile.Join, e offlinejoin.Event)
	End(r *Result)
}

// Run says how joins are carried out.
type Run struct {
	Action   Action
	Source   string           // what the report calls the join files
	By       string           // name/version of the front end
	Parallel int              // images at a time; below 1: one
	FailFast bool             // begin no further image after one has failed
	Keep     bool             // leave the blobs that were read in the joins, for another run of the same; [Wipe] ends it
	Watcher  Watcher          // nil: nobody
	Watching *sync.Mutex      // held while Watcher is called, for who shows more beside it; nil: one of the run's own
	Now      func() time.Time // nil: time.Now

	Domains    *Domains               // the domains that are logged on to; nil: of the run's own
	AccountEnd offlinejoin.AccountEnd // what unstaging does with the accounts that the joins were made with
}

// Do carries out the joins and reports what became of each. When soft is closed, no further image is begun; when ctx is
// done, those in hand are stopped as well, each old or new.
func (r Run) Do(ctx context.Context, soft <-chan struct{}, joins []joinfile.Join) *Report {
	if r.Now == nil {
		r.Now = time.Now
	}
	if r.Watching == nil {
		r.Watching = new(sync.Mutex)
	}
	report := &Report{
		SchemaVersion: SchemaVersion, Action: r.Action, Source: plaintext.Line(r.Source, 0), By: r.By, StartedAt: r.Now().UTC(),
		Joins: make([]Result, len(joins)),
	}
	for i := range joins {
		report.Joins[i] = begun(&joins[i])
	}
	databases := new(offlinejoin.Databases)
	defer databases.Close()
	for i := range joins {
		joins[i].Request.SingleUse.Databases = databases
	}
	if r.Domains == nil {
		r.Domains = new(Domains)
		defer r.Domains.Close()
	}
	w := &work{Run: r, joins: joins, results: report.Joins, soft: soft}
	w.all(ctx)
	if !r.Keep {
		Wipe(joins) // of those that were not begun
	}
	report.FinishedAt = r.Now().UTC()
	report.Recount()
	report.Interrupted = ctx.Err() != nil || w.interrupted(ctx) && report.Count(OutcomeNotBegun) > 0
	return report
}

// work is a run underway.
type work struct {
	Run
	joins   []joinfile.Join
	results []Result
	soft    <-chan struct{}

	mu     sync.Mutex
	next   int
	failed bool

	usesMu sync.Mutex
	uses   map[[2]string]*offlinejoin.UsesInForce // by ledger; see usesOf
}

// all lets workers take the joins one after the other, in their order.
func (w *work) all(ctx context.Context) {
	var workers sync.WaitGroup
	for range min(max(w.Parallel, 1), len(w.joins)) {
		workers.Go(func() {
			for {
				i, ok := w.take(ctx)
				if !ok {
					return
				}
				w.one(ctx, i)
			}
		})
	}
	workers.Wait()
}

// take returns the next join to begin.
func (w *work) take(ctx context.Context) (int, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.next == len(w.joins) || w.failed && w.FailFast || w.interrupted(ctx) {
		return 0, false
	}
	w.next++
	return w.next - 1, true
}

func (w *work) interrupted(ctx context.Context) bool {
	select {
	case <-w.soft:
		return true
	case <-ctx.Done():
		return true
	default:
		return false
	}
}

func (w *work) one(ctx context.Context, i int) {
	j, result := &w.joins[i], &w.results[i]
	w.tell(func(to Watcher) { to.Begin(j) })
	start := w.Now()
	err := w.carryOut(ctx, j, result)
	result.Millis = w.Now().Sub(start).Milliseconds()
	if err != nil {
		result.Outcome, result.Error, result.Receipt = OutcomeFailed, failure(err), nil
	} else if result.Outcome != OutcomeNoDisk {
		result.Warnings = nil
	}
	w.mu.Lock()
	w.failed = w.failed || err != nil
	w.mu.Unlock()
	w.tell(func(to Watcher) { to.End(result) })
}

func (w *work) tell(what func(Watcher)) {
	if w.Watcher == nil {
		return
	}
	w.Watching.Lock()
	defer w.Watching.Unlock()
	what(w.Watcher)
}

// carryOut asks the core for one join.
func (w *work) carryOut(ctx context.Context, j *joinfile.Join, result *Result) (err error) {
	// A fault of ours in one image must not leave the others half done and the user without a report.
	defer func() {
		if fault := recover(); fault != nil {
			err = fmt.Errorf("this is a bug, please report it: %v", fault)
		}
	}()
	if (w.Action == Status || w.Action == Unstage) && hasNoDisk(j) {
		w.noDisk(ctx, j, result)
		return nil
	}
	progress := func(e offlinejoin.Event) {
		if e.Kind == offlinejoin.EventWarning {
			result.warn(e.Text)
		}
		w.tell(func(to Watcher) { to.Event(j, e) })
	}
	if j.Account != nil {
		return w.withAccount(ctx, j, result, progress)
	}
	switch w.Action {
	case Status:
		return w.status(ctx, j, result)
	case Unstage:
		result.Receipt, err = w.unstage(ctx, j, progress)
	case Plan:
		result.Receipt, err = w.withBlob(ctx, j, progress, offlinejoin.Plan)
	case Apply:
		result.Receipt, err = w.withBlob(ctx, j, progress, offlinejoin.Stage)
	}
	if err == nil {
		result.Outcome = result.Receipt.Outcome
	}
	return err
}

// hasNoDisk reports whether a join's new disk is not there.
func hasNoDisk(j *joinfile.Join) bool {
	path := j.Request.Image.NewPath()
	if path == "" {
		return false
	}
	_, err := os.Lstat(path)
	return errors.Is(err, fs.ErrNotExist)
}

// noDisk is the result of a join whose disk is not there: there is nothing to read or to take back, but an account may be left,
// or the use of one in a ledger.
func (w *work) noDisk(ctx context.Context, j *joinfile.Join, result *Result) {
	result.Outcome = OutcomeNoDisk
	if w.Action == Unstage {
		uses, err := w.usesOf(ctx, j)
		if err != nil {
			result.warn("the ledger could not be asked whether it still has an account in use for the disk: " + winerr.MessageOf(err))
		} else if left := uses.OfGoneDisk(j.Request.Image); left != "" {
			result.warn(left)
		}
	}
	if w.Action == Unstage && j.Account != nil && w.AccountEnd != "" && w.AccountEnd != offlinejoin.AccountKeep {
		result.warn(fmt.Sprintf("without the disk nobody can tell whether it had the account %s: look at it by offlinejoin account show, "+
			"and remove it by offlinejoin account delete", plaintext.Line(strings.ToUpper(j.Account.MachineName), 0)))
	}
}

// usesOf returns the uses in force of a join's ledger, which is read once.
func (w *work) usesOf(ctx context.Context, j *joinfile.Join) (*offlinejoin.UsesInForce, error) {
	w.usesMu.Lock()
	defer w.usesMu.Unlock()
	at := j.Request.SingleUse
	key := [2]string{at.LedgerFile, at.Ledger}
	if known := w.uses[key]; known != nil {
		return known, nil
	}
	uses, err := offlinejoin.ReadUses(ctx, at, j.Request.Image.LockTimeout)
	if err != nil {
		return nil, err
	}
	if w.uses == nil {
		w.uses = map[[2]string]*offlinejoin.UsesInForce{}
	}
	w.uses[key] = uses
	return uses, nil
}

func (w *work) status(ctx context.Context, j *joinfile.Join, result *Result) (err error) {
	result.Status, err = offlinejoin.ReadStatus(ctx, offlinejoin.StatusRequest{Image: j.Request.Image})
	result.Outcome = OutcomeRead
	return err
}

func (w *work) unstage(ctx context.Context, j *joinfile.Join, progress func(offlinejoin.Event)) (*offlinejoin.Receipt, error) {
	return offlinejoin.Unstage(ctx, offlinejoin.UnstageRequest{
		Image: j.Request.Image, SingleUse: j.Request.SingleUse, StagedBy: w.By, Progress: progress,
		Uses: func(ctx context.Context) (*offlinejoin.UsesInForce, error) { return w.usesOf(ctx, j) },
	})
}

type coreAction func(context.Context, offlinejoin.Request) (*offlinejoin.Receipt, error)

// withBlob reads a join's blob, unless Check or a run before has, and wipes it when the core is done with it, unless it is
// to be kept.
func (w *work) withBlob(ctx context.Context, j *joinfile.Join, progress func(offlinejoin.Event), do coreAction) (
	*offlinejoin.Receipt, error,
) {
	if err := readBlob(j); err != nil {
		return nil, err
	}
	if !w.Keep {
		defer wipe(j)
	}
	if j.BlobWarning != "" {
		progress(offlinejoin.Event{Kind: offlinejoin.EventWarning, Text: j.BlobWarning})
	}
	req := j.Request
	req.StagedBy, req.Progress = w.By, progress
	receipt, err := do(ctx, req)
	if err == nil && j.BlobWarning != "" {
		receipt.Warnings = slices.Insert(receipt.Warnings, 0, j.BlobWarning)
	}
	return receipt, err
}
