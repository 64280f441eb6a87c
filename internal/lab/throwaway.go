package lab

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/offlinejoin/offlinejoin/internal/claims"
	"github.com/offlinejoin/offlinejoin/internal/completion"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// Progress is what is known of a run of -throwaway, which a restart of Windows interrupts. It holds no secret.
type Progress struct {
	Format  int           `json:"format"`
	Steps   []claims.Step `json:"steps"`             // that have ended
	Running string        `json:"running,omitempty"` // the step that was begun
	Hook    struct {
		SetupType, CmdLine *completion.RawValue
	} `json:"hook"` // of this Windows, when nothing is staged
	Stayed  bool   `json:"stayed,omitempty"` // the restart was waited for, and did not come by itself
	Domain  string `json:"domain,omitempty"` // of the join, and the machine's name
	Machine string `json:"machine,omitempty"`
}

const progressFormat = 1

// Joins is the step that joins Windows, and ends with its restart.
const Joins = "spent-join"

// ErrNotRestarted tells that a run goes on after the restart of Windows only.
var ErrNotRestarted = errors.New("the join waits for a restart of this Windows: restart it, and run the same command again")

// Throwaway is a run on a Windows that may be spent.
type Throwaway struct {
	Machine Spendable
	Dir     string // for files of the run
	NoJoin  bool   // stop before the step that joins Windows and restarts it
	Save    func(Progress) error
	Told    func(claims.Step)
	Joining func() // is called before the join, after all before it was saved

	progress Progress
}

// Run does what is left of a run. done tells that all is done; otherwise Windows is about to restart, or has to be restarted by hand.
// A step in which Windows ended has failed. What was interrupted by ctx goes on with the next run.
func (t *Throwaway) Run(ctx context.Context, p Progress) (all []claims.Step, done bool, err error) {
	t.progress = p
	t.progress.Format = progressFormat
	if p.Running == Joins {
		err := t.afterRestart(ctx)
		return t.progress.Steps, err == nil, err
	}
	if p.Running != "" {
		if err := errors.Join(clearAway(t.Machine), setHook(t.Machine.Registry(), completion.Hook(p.Hook))); err != nil {
			return nil, false, err
		}
		t.ended(claims.Step{Step: p.Running, Claim: claimOf(p.Running)}, differs("Windows ended, or this program, while the step ran"))
	}
	s, beginErr := begin(ctx, t.Machine, t.Dir)
	if s != nil {
		defer s.staged.wipe()
		t.progress.Hook = s.was
	}
	for _, o := range outcomes() {
		if t.has(o.name) {
			continue
		}
		step := func(ctx context.Context, _ Machine, _ string) (Detail, error) {
			if beginErr != nil {
				return nil, beginErr
			}
			return s.provoke(ctx, o)
		}
		if err := t.step(ctx, Step{o.name, o.claim, step}); err != nil {
			return nil, false, err
		}
	}
	switch {
	case t.NoJoin:
		beginErr = Lacking("the join was not wanted (-no-join)")
	case beginErr == nil:
		taken, err := t.join(ctx, s)
		if taken || err != nil {
			return t.progress.Steps, false, err
		}
		beginErr = errNotTaken
	}
	t.endRest(beginErr)
	return t.progress.Steps, true, nil
}

// errNotTaken is why there is nothing to be looked at behind a join that has failed.
var errNotTaken = Lacking("the join was not taken")

// endRest ends all steps of the join that have not.
func (t *Throwaway) endRest(err error) {
	for _, a := range afterSteps() {
		if !t.has(a.name) {
			t.ended(claims.Step{Step: a.name, Claim: a.claim}, err)
		}
	}
}

func (t *Throwaway) has(name string) bool {
	for _, s := range t.progress.Steps {
		if s.Step == name {
			return true
		}
	}
	return false
}

// claimOf returns the claim of a step, by its name.
func claimOf(name string) string {
	for _, o := range outcomes() {
		if o.name == name {
			return o.claim
		}
	}
	for _, a := range afterSteps() {
		if a.name == name {
			return a.claim
		}
	}
	return "hook-put-back" // of another version of this program
}

// step saves that a step begins, and does it.
func (t *Throwaway) step(ctx context.Context, s Step) error {
	t.progress.Running = s.Name
	if err := t.Save(t.progress); err != nil {
		return err
	}
	done := run(ctx, t.Machine, filepath.Join(t.Dir, s.Name), s)
	if err := ctx.Err(); err != nil { // the step is done again by the run that goes on
		t.progress.Running = ""
		return errors.Join(err, t.Save(t.progress))
	}
	t.keep(done)
	return t.Save(t.progress)
}

// ended keeps what a step has come to that is not run here.
func (t *Throwaway) ended(s claims.Step, err error) {
	s.Result, s.Reason = claims.Judged(err)
	t.keep(s)
}

func (t *Throwaway) keep(s claims.Step) {
	t.progress.Steps = append(t.progress.Steps, s)
	t.progress.Running = ""
	t.Told(s)
}

// join stages the sample in the running Windows and runs the program, which joins it and has it restart. That it restarts may end
// this process at any moment: all that is to be looked at is still there after it. A join that is not taken restarts nothing, and has
// failed here.
func (t *Throwaway) join(ctx context.Context, s *spending) (taken bool, err error) {
	t.progress.Running, t.progress.Domain, t.progress.Machine = Joins, s.text(completion.ValueDomain), s.text(completion.ValueMachineName)
	r := s.staged.record.clone(s.was)
	defer r.wipe()
	if err := errors.Join(arrange(s.m, s.staged, r), t.Save(t.progress)); err != nil {
		return false, t.takeBack(err)
	}
	t.Joining()
	_, runErr := s.m.RunAsSystem(ctx)
	var o outcome
	if err := o.read(s.m.Registry()); err != nil { // nobody knows: whatever it is, it is looked at after the restart
		return false, errors.Join(runErr, err)
	}
	switch {
	case o.state == completion.StateCompleted: // an error is that of a Windows which goes down
		s.m.AwaitRestart(ctx)
		t.progress.Stayed = true
		return true, t.Save(t.progress)
	case runErr != nil:
		return false, t.takeBack(runErr)
	}
	t.ended(claims.Step{Step: Joins, Claim: claimOf(Joins)}, isTaken(ctx, t, o))
	return false, t.takeBack(nil)
}

// takeBack makes Windows what it was before the join was staged, so that the next run begins with the join.
func (t *Throwaway) takeBack(err error) error {
	t.progress.Running = ""
	return errors.Join(err, clearAway(t.Machine), setHook(t.Machine.Registry(), completion.Hook(t.progress.Hook)), t.Save(t.progress))
}

func (s *spending) text(name string) string {
	v := s.staged.record[name]
	return v.Text()
}

// after is what is looked at after the restart.
type after struct {
	name, claim string
	look        func(context.Context, *Throwaway, outcome) error
}

func afterSteps() []after {
	return []after{
		{Joins, "online-request", isTaken},
		{"spent-join-restarts", "restart-once", hasRestarted},
		{"spent-join-hook", "hook-put-back", isPutBack},
		{"spent-join-erased", "blob-erased", isErased},
		{"spent-join-program", "removed-at-next-start", isRemoved},
		{"spent-join-member", "member-after-restart", isMember},
		{"spent-join-log", "log-written", hasLog},
		{"spent-join-event", "event-written", hasEvent},
		{"spent-join-online", "online-request", joinsOnline},
	}
}

// afterRestart looks at all that the join has left.
func (t *Throwaway) afterRestart(ctx context.Context) error {
	var o outcome
	if err := o.read(t.Machine.Registry()); err != nil {
		return err
	}
	if o.state != completion.StateCompleted { // Windows, or this program, ended before the join was taken
		t.ended(claims.Step{Step: Joins, Claim: claimOf(Joins)}, isTaken(ctx, t, o))
		t.endRest(errNotTaken)
		return t.takeBack(nil)
	}
	if started, err := t.Machine.Started(); err == nil {
		if ended, err := time.Parse(time.RFC3339, o.at); err == nil && !started.After(ended) {
			return ErrNotRestarted
		}
	}
	for _, a := range afterSteps() {
		if err := ctx.Err(); err != nil { // the next run looks at all again
			return err
		}
		t.ended(claims.Step{Step: a.name, Claim: a.claim}, guardedLook(ctx, t, o, a))
	}
	return ctx.Err()
}

func guardedLook(ctx context.Context, t *Throwaway, o outcome, a after) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = differs("a defect of this program: %v", r)
		}
	}()
	return a.look(ctx, t, o)
}

func isTaken(_ context.Context, _ *Throwaway, o outcome) error {
	taken := o.result == winerr.Success || o.result == winerr.JoinPerformedMustRestart
	if o.state != completion.StateCompleted || !taken || o.attempts != 1 {
		return differs("state %.20s, result %d, attempts %d", o.state, o.result, o.attempts)
	}
	return nil
}

func hasRestarted(_ context.Context, t *Throwaway, _ outcome) error {
	if _, err := t.Machine.Started(); err != nil {
		return err
	}
	if t.progress.Stayed {
		return differs("Windows did not restart by itself")
	}
	return nil
}

func isPutBack(_ context.Context, t *Throwaway, o outcome) error {
	if !o.hook.Equal(completion.Hook(t.progress.Hook)) {
		return differs("SetupType and CmdLine are not as before")
	}
	return nil
}

func isErased(_ context.Context, _ *Throwaway, o outcome) error {
	if o.hasBlob {
		return differs("the record still has the blob or its digest")
	}
	return nil
}

func isRemoved(_ context.Context, t *Throwaway, _ outcome) error {
	there, err := t.Machine.HasProgram()
	if err == nil && there {
		err = differs("System32\\odjboot.exe is still there")
	}
	return err
}

func isMember(_ context.Context, t *Throwaway, _ outcome) error {
	domain, machine, err := t.Machine.Domain()
	switch {
	case err != nil:
		return err
	case domain == "":
		return differs("this Windows says that it is no member of a domain")
	case !sameDomain(domain, t.progress.Domain):
		return differs("this Windows says that it is a member of another domain")
	case !strings.EqualFold(machine, t.progress.Machine):
		return differs("this Windows has another name than the join")
	}
	return nil
}

// sameDomain reports whether a domain's name, in either form, is that of a DNS domain: its NetBIOS name is the first label in the
// sample.
func sameDomain(name, dns string) bool {
	label, _, _ := strings.Cut(dns, ".")
	return strings.EqualFold(name, dns) || strings.EqualFold(name, label)
}

func hasLog(_ context.Context, t *Throwaway, o outcome) error {
	log, err := t.Machine.Log()
	if err == nil && (o.text == "" || !strings.Contains(string(log), o.text)) {
		err = differs("debug\\offlinejoin.log does not tell of the join")
	}
	return err
}

func hasEvent(ctx context.Context, t *Throwaway, _ outcome) error {
	events, err := t.Machine.Events(ctx)
	if err == nil && (len(events) == 0 || events[len(events)-1] != completion.EventCompleted) {
		err = differs("the Application log's last event of the source OfflineJoin is not %d", completion.EventCompleted)
	}
	return err
}

// joinsOnline joins the running Windows once more by another blob, as `offlinejoin stage --online` does.
func joinsOnline(ctx context.Context, t *Throwaway, _ outcome) error {
	blob, err := sample.Blob()
	if err != nil {
		return err
	}
	defer blob.Wipe()
	code, err := t.Machine.JoinOnline(ctx, blob.Bytes())
	switch {
	case err != nil:
		return err
	case winerr.Code(code) == winerr.SetupAlreadyJoined:
		return Lacking("this Windows is joined already, and its function says so (2691): nothing was seen of the online method")
	case winerr.Code(code) != winerr.Success && winerr.Code(code) != winerr.JoinPerformedMustRestart:
		return differs("code %d", code)
	}
	return nil
}

// maxProgress bounds the file of a run's progress, in bytes.
const maxProgress = 1 << 20

// ReadProgress reads the progress of a run.
func ReadProgress(path string) (p Progress, err error) {
	f, err := os.Open(path)
	if err != nil {
		return p, err
	}
	defer f.Close()
	d := json.NewDecoder(io.LimitReader(f, maxProgress))
	d.DisallowUnknownFields()
	if err := d.Decode(&p); err != nil || p.Format != progressFormat {
		return p, fmt.Errorf("%s is not the progress of a run of this version: remove it to begin anew", path)
	}
	return p, nil
}

// WriteProgress replaces the progress of a run.
func WriteProgress(path string, p Progress) error {
	raw, err := json.Marshal(p)
	if err != nil {
		return err
	}
	next := path + ".new"
	f, err := os.OpenFile(next, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(append(raw, '\n'))
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(next, path)
	}
	return err
}
