package remotedir

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"

	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	"github.com/offlinejoin/offlinejoin/internal/plaintext"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// change is a step that waits for Commit, and what undoes it.
type change struct {
	do   Step
	undo []Step
}

// later adds a step to what Commit does. With r.mu held.
func (r *Session) later(do Step, undo ...Step) { r.queue = append(r.queue, change{do, undo}) }

// pending reports whether steps are waiting that may be about a file of a name. With r.mu held.
func (r *Session) pending(name string) bool {
	at := r.tree.on(name)
	return slices.ContainsFunc(r.queue, func(c change) bool {
		return c.do.Path == at || c.do.To == at || slices.Contains(c.do.Paths, at)
	})
}

// say reports one phase of the work.
func (r *Session) say(format string, args ...any) {
	if r.tree.Report != nil {
		r.tree.Report(plaintext.Line(fmt.Sprintf(format, args...), 0))
	}
}

// size writes a number of bytes for people.
func size[T int | int64](n T) string {
	if n < 1<<20 {
		return fmt.Sprintf("%d KiB", (n+1023)>>10)
	}
	return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
}

// forgetChanges wipes the steps, which may hold a secret. With r.mu held.
func (r *Session) forgetChanges() {
	for _, c := range r.queue {
		for _, s := range append([]Step{c.do}, c.undo...) {
			for _, p := range s.Pieces {
				clear(p.Data)
			}
		}
	}
	r.queue = nil
}

// Commit implements imagefs.Session: it carries the changes out, compares every file that was fetched or written with what
// it is meant to be, and removes the copies that it made before, and those that a run which was killed has left. Nothing is
// written when something else has changed the image since it was fetched (170). When a step fails, those before it are
// undone; the error says when that was not possible. When something differs at the end, the copies stay and the error names
// one (2711). Without changes it only removes what others left.
func (r *Session) Commit(context.Context) (imagefs.Cost, error) {
	r.mu.Lock()
	empty := len(r.queue) == 0
	r.mu.Unlock()
	if empty {
		return imagefs.Cost{}, r.tidy()
	}
	left := r.leftBackups()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.committed = true
	if err := r.ctx.Err(); err != nil {
		return imagefs.Cost{}, err // nothing was written yet
	}
	ctx, cancel := r.finishing()
	defer cancel()
	r.say("Writing %s in %d steps to %s", size(r.cost.Bytes), len(r.queue), r.tree.at.Machine)
	steps, first := r.steps(left)
	done, err := batch(ctx, r.machine, steps)
	if err != nil {
		return imagefs.Cost{}, r.notCommitted(ctx, steps, first, done, err)
	}
	r.say("Compared by SHA-256 on %s: %d files are what they are meant to be", r.tree.at.Machine, len(r.files))
	for _, c := range r.files {
		c.digest, c.touched = sum(c.data), false
	}
	return r.cost, nil
}

// steps returns all steps of Commit, and the index of the first of the changes. With r.mu held.
func (r *Session) steps(left []backup) (steps []Step, first int) {
	before := Step{Kind: Expect}
	for p, digest := range r.fetched {
		before.Paths, before.Digests = append(before.Paths, p), append(before.Digests, digest)
	}
	if len(before.Paths) > 0 {
		steps = append(steps, before)
	}
	if len(left) > 0 { // they may hold a blob
		steps = append(steps, scrubOf(left))
	}
	for _, b := range r.backups {
		steps = append(steps, Step{Kind: Copy, Path: b.of, To: b.at})
	}
	first = len(steps)
	for _, c := range r.queue {
		steps = append(steps, c.do)
	}
	after := Step{Kind: Expect}
	for _, c := range r.files {
		after.Paths, after.Digests = append(after.Paths, c.entry.path), append(after.Digests, sum(c.data))
	}
	if len(after.Paths) > 0 {
		steps = append(steps, after)
	}
	if len(r.backups) > 0 {
		steps = append(steps, scrubOf(r.backups))
	}
	return steps, first
}

func scrubOf(backups []backup) Step {
	s := Step{Kind: Scrub}
	for _, b := range backups {
		s.Paths = append(s.Paths, b.at)
	}
	return s
}

// notCommitted returns the error of a commit of which so many steps were done, and undoes them where that is right.
func (r *Session) notCommitted(ctx context.Context, steps []Step, first, done int, err error) error {
	failed := steps[min(done, len(steps)-1)]
	switch {
	case errors.Is(err, ErrDiffers) && done < first:
		return winerr.Errorf(winerr.Busy, "%s has changed since it was fetched: is another program, or that Windows itself, "+
			"working on the image? End it and try again", r.differing(ctx, failed))
	case errors.Is(err, ErrDiffers):
		return winerr.Errorf(winerr.CantCreateJoinInfo, "%s does not hold what was written to it; %s", r.differing(ctx, failed),
			r.kept())
	}
	err = imagefs.Wrap(opOf(failed.Kind), r.onMachine(failed), err)
	if done >= first+len(r.queue) { // the changes are made
		return winerr.Errorf(codeOf(err), "%w; the changes are written, and the image is whole: the same again removes what is "+
			"left", winerr.Uncoded(err))
	}
	if errors.Is(err, ErrLost) {
		return winerr.Errorf(codeOf(err), "%w; the image is whole, with the changes or without, and the same again finishes "+
			"the work", winerr.Uncoded(err))
	}
	if undoErr := r.undo(ctx, first, done); undoErr != nil {
		return winerr.Errorf(codeOf(err), "%w; the image is whole, with the changes or without, and the same again finishes "+
			"the work (taking back what was done: %v)", winerr.Uncoded(err), winerr.Uncoded(undoErr))
	}
	return err
}

// undo undoes the changes that were done and the one that may have been begun, the last first, and removes the copies.
func (r *Session) undo(ctx context.Context, first, done int) error {
	var steps []Step
	begun := min(done-first, len(r.queue)-1)
	for i := begun; i >= 0; i-- {
		c := r.queue[i]
		if i == done-first && c.do.Kind != Write { // another that failed has done nothing
			continue
		}
		steps = append(steps, c.undo...)
	}
	if len(r.backups) > 0 {
		steps = append(steps, scrubOf(r.backups))
	}
	if len(steps) == 0 {
		return nil
	}
	_, err := batch(ctx, r.machine, steps)
	return err
}

func opOf(kind StepKind) imagefs.Op {
	switch kind {
	case Expect:
		return imagefs.OpRead
	case Create, Mkdir:
		return imagefs.OpCreate
	case Remove, RemoveDir, Scrub, Link:
		return imagefs.OpRemove
	case Rename:
		return imagefs.OpChange
	}
	return imagefs.OpWrite
}

// onMachine returns what messages call the file that a step is about.
func (r *Session) onMachine(s Step) string {
	p := s.Path
	if p == "" && len(s.Paths) > 0 {
		p = s.Paths[0]
	}
	return plaintext.Line(r.tree.at.Machine+":"+p, 0)
}

// differing returns what messages call the first file that is not what a step expects.
func (r *Session) differing(ctx context.Context, s Step) string {
	there, err := r.machine.Digests(ctx, s.Paths)
	var names []string
	for i, p := range s.Paths {
		if err == nil && i < len(there) && there[i] != s.Digests[i] {
			names = append(names, r.tree.at.Machine+":"+p)
		}
	}
	if len(names) == 0 {
		return r.String()
	}
	return plaintext.Line(slices.Min(names), 0)
}

// tidy removes what a run that was killed has left.
func (r *Session) tidy() error {
	left := r.leftBackups()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.committed = true
	if len(left) == 0 {
		return nil
	}
	ctx, cancel := r.finishing()
	defer cancel()
	s := scrubOf(left)
	if err := r.machine.Scrub(ctx, s.Paths...); err != nil {
		return imagefs.Wrap(imagefs.OpRemove, s.Paths[0], err)
	}
	return nil
}

// leftBackups returns the copies that a run which was killed has left.
func (r *Session) leftBackups() []backup {
	r.mu.Lock()
	wanted := slices.Clone(r.backups)
	r.mu.Unlock()
	var left []backup
	for _, b := range wanted {
		if _, err := r.regular(b.name + BackupSuffix); err == nil {
			left = append(left, b)
		}
	}
	return left
}

func codeOf(err error) winerr.Code {
	if code, ok := winerr.CodeOf(err); ok {
		return code
	}
	return winerr.CantCreateJoinInfo
}

// kept says where the copies are.
func (r *Session) kept() string {
	if len(r.backups) == 0 {
		return "check the disk, and try again"
	}
	return "check the disk; the hive as it was is in " + path.Clean(r.backups[0].at)
}
