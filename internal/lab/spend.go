package lab

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/offlinejoin/offlinejoin/internal/completion"
	"github.com/offlinejoin/offlinejoin/internal/completion/boot"
	"github.com/offlinejoin/offlinejoin/internal/odj"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// outcome is what a run of the completion program has left in a running Windows.
type outcome struct {
	exit     uint32 // of the program
	state    string
	result   winerr.Code
	text     string
	at       string // CompletedAt
	attempts uint32
	recorded bool // our key is there
	hook     completion.Hook
	hasBlob  bool   // the record has a blob or its digest
	log      []byte // of this run
}

// provoked is one outcome that can be provoked: how the staged join is changed, and what must come of it.
type provoked struct {
	name, claim string
	change      func(record) // nil: nothing
	nothing     bool         // nothing is staged, and the hook is armed
	before      func(context.Context, Spendable) error
	state       string
	results     []winerr.Code                          // one of them
	armed       func(*spending, context.Context) error // looks at the Windows when all is staged
	also        func(context.Context, *spending, outcome) error
}

// refusals are the documented codes of Windows' function for data that is no blob.
func refusals() []winerr.Code {
	return []winerr.Code{winerr.BadOfflineJoinInfo, winerr.InvalidParameter, winerr.ProvisioningBlobUnsupported}
}

// outcomes lists all that can be provoked without a join, in their order. The last may join all the same, if the claim is wrong.
func outcomes() []provoked {
	failed := func(name, claim string, code winerr.Code, change func(record)) provoked {
		return provoked{name: name, claim: claim, change: change, state: completion.StateFailed, results: []winerr.Code{code}}
	}
	damaged := func(name, claim string, also func(context.Context, *spending, outcome) error) provoked {
		return provoked{
			name: name, claim: claim, change: damage, state: completion.StateFailed, results: refusals(), also: also,
		}
	}
	without := func(name string) func(record) { return func(r record) { delete(r, name) } }
	return []provoked{
		failed("spent-blob-changed", "digest-compared", winerr.BadOfflineJoinInfo, tamper),
		failed("spent-blob-cut-off", "digest-compared", winerr.BadOfflineJoinInfo, cutOff),
		failed("spent-no-digest", "digest-compared", winerr.BadOfflineJoinInfo, without(completion.ValueBlobSHA256)),
		failed("spent-no-blob", "attempt-counted", winerr.NoOfflineJoinInfo, without(completion.ValueProvisioningBlob)),
		failed("spent-no-method", "attempt-counted", winerr.BadOfflineJoinInfo, without(completion.ValueMethod)),
		failed("spent-other-version", "attempt-counted", winerr.BadOfflineJoinInfo, func(r record) {
			r[completion.ValueVersion] = *completion.SetNumber(completion.Version + 1)
		}),
		failed("spent-attempts-used-up", "attempt-counted", winerr.BadOfflineJoinInfo, func(r record) {
			r[completion.ValueAttempts] = *completion.SetNumber(completion.MaxAttempts)
		}),
		{name: "spent-nothing-staged", claim: "hook-put-back", nothing: true},
		damaged("spent-blob-damaged", "request-codes", nil),
		damaged("spent-hook", "hook-put-back", nil), // every outcome looks at it; this one is about nothing else
		damaged("spent-blob-erased", "blob-erased", nil),
		{
			name: "spent-bytes-gone", claim: "erased-bytes-gone", state: completion.StateFailed, results: []winerr.Code{winerr.BadOfflineJoinInfo},
			change: without(completion.ValueBlobSHA256), armed: (*spending).searchFinds, also: bytesAreGone,
		},
		damaged("spent-access-list", "own-access-list", programIsLocked),
		damaged("spent-record", "outcome-recorded", isInRecord),
		damaged("spent-log", "log-written", isInLog),
		{
			name: "spent-event", claim: "event-written", state: completion.StateFailed, results: refusals(),
			change: damage, armed: (*spending).noteEvents, also: isInEventLog,
		},
		{
			name: "spent-workstation-stopped", claim: "workstation-passes", before: stopWorkstation,
			state: completion.StateStaged, results: []winerr.Code{winerr.WkstaNotStarted},
		},
	}
}

// tamper changes a bit of the blob, and not its digest.
func tamper(r record) {
	data := r[completion.ValueProvisioningBlob].Data
	data[len(data)/2] ^= 1
}

func cutOff(r record) {
	v := r[completion.ValueProvisioningBlob]
	v.Data = v.Data[:len(v.Data)-1]
	r[completion.ValueProvisioningBlob] = v
}

// damage makes the blob one that Windows' function must refuse, with a digest that fits.
func damage(r record) {
	data := r[completion.ValueProvisioningBlob].Data
	data[0] ^= 0x40
	sum := sha256.Sum256(data)
	r[completion.ValueBlobSHA256] = *completion.SetText(hex.EncodeToString(sum[:]))
}

// stopWorkstation stops the service that Windows' function needs (NERR_WkstaNotStarted).
func stopWorkstation(ctx context.Context, m Spendable) error { return m.SetWorkstation(ctx, false) }

// spending is what the steps have in common.
type spending struct {
	m      Spendable
	dir    string
	staged staged
	was    completion.Hook // what the hook is when nothing is staged
	events int             // of our source, before the run that is about them
}

// begin looks at the Windows and stages the sample.
func begin(ctx context.Context, m Spendable, dir string) (*spending, error) {
	if err := m.MaySpend(); err != nil {
		return nil, err
	}
	was, err := hookNow(m.Registry())
	switch {
	case err != nil:
		return nil, err
	case was.Foreign() || was.StartsProgram():
		return nil, Lacking("the next start of this Windows runs a command already")
	}
	if _, err := m.Registry().Text(completion.Key, completion.ValueState); !errors.Is(err, boot.ErrAbsent) {
		return nil, Lacking("a join is staged in this Windows, or was: unstage it, or take another")
	}
	s := &spending{m: m, dir: dir, was: was}
	s.staged, err = stageSample(ctx, dir, m.System().Arch)
	return s, err
}

// provoke runs the program on a staged join and compares what comes of it.
func (s *spending) provoke(ctx context.Context, p provoked) (d Detail, err error) {
	defer func() {
		err = errors.Join(err, clearAway(s.m), setHook(s.m.Registry(), s.was))
	}()
	if p.before != nil {
		if err := p.before(ctx, s.m); err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, s.m.SetWorkstation(context.WithoutCancel(ctx), true)) }()
	}
	out, err := s.run(ctx, p)
	if err != nil {
		return nil, err
	}
	was := s.was
	if p.nothing { // the program does not know what was there, and makes Windows start normally
		was = completion.Hook{SetupType: completion.SetNumber(completion.SetupTypeNone)}
	}
	if err := p.compare(out, was); err != nil {
		return nil, err
	}
	if p.also != nil {
		if err := p.also(ctx, s, out); err != nil {
			return nil, err
		}
	}
	return Detail{"exit": strconv.FormatUint(uint64(out.exit), 10), "result": strconv.FormatUint(uint64(out.result), 10)}, nil
}

// run arranges a staged join, runs the program as SYSTEM, and returns what it has left.
func (s *spending) run(ctx context.Context, p provoked) (out outcome, err error) {
	var r record
	if !p.nothing {
		var changes []func(record)
		if p.change != nil {
			changes = append(changes, p.change)
		}
		r = s.staged.record.clone(s.was, changes...)
		defer r.wipe()
	}
	if err := arrange(s.m, s.staged, r); err != nil {
		return out, err
	}
	log, err := s.m.Log()
	if err != nil {
		return out, err
	}
	if p.armed != nil {
		if err := p.armed(s, ctx); err != nil {
			return out, err
		}
	}
	if out.exit, err = s.m.RunAsSystem(ctx); err != nil {
		return out, err
	}
	if err := out.read(s.m.Registry()); err != nil {
		return out, err
	}
	if out.log, err = s.m.Log(); err != nil {
		return out, err
	}
	out.log = bytes.TrimPrefix(out.log, log)
	return out, nil
}

// read reads what the registry says of a run.
func (o *outcome) read(r boot.Registry) (err error) {
	if o.hook, err = hookNow(r); err != nil {
		return err
	}
	absent := func(err error) error {
		if errors.Is(err, boot.ErrAbsent) {
			return nil
		}
		return err
	}
	const key = completion.Key
	var errs []error
	text := func(name string, to *string) {
		v, err := r.Text(key, name)
		*to, errs = v, append(errs, absent(err))
	}
	text(completion.ValueState, &o.state)
	text(completion.ValueResultText, &o.text)
	text(completion.ValueCompletedAt, &o.at)
	o.recorded = o.state != ""
	result, err := r.Number(key, completion.ValueResult)
	errs = append(errs, absent(err))
	o.result = winerr.Code(result)
	o.attempts, err = r.Number(key, completion.ValueAttempts)
	errs = append(errs, absent(err))
	for _, name := range []string{completion.ValueProvisioningBlob, completion.ValueBlobSHA256} {
		_, err := r.Size(key, name)
		o.hasBlob = o.hasBlob || err == nil
		errs = append(errs, absent(err))
	}
	return errors.Join(errs...)
}

// compare looks at what every outcome has: state, code, attempt, hook, blob.
func (p provoked) compare(o outcome, was completion.Hook) error {
	again := p.state == completion.StateStaged
	switch {
	case p.nothing && o.recorded:
		return differs("a record was made: state %.20s", o.state)
	case o.state != p.state:
		return differs("state %.20s, result %d", o.state, o.result)
	case !p.nothing && !slices.Contains(p.results, o.result):
		return differs("result %d", o.result)
	case !p.nothing && o.attempts == 0:
		return differs("the attempt was not counted")
	case o.exit != 1:
		return differs("the program's exit code is %d", o.exit)
	case o.hasBlob != again:
		return differs("the record has a blob or its digest: %v", o.hasBlob)
	case again && !o.hook.Armed():
		return differs("the hook is not armed for another try")
	case !again && !o.hook.Equal(was):
		return differs("SetupType and CmdLine are not as before")
	}
	return nil
}

// savedHive saves the SYSTEM hive and counts the pieces of the blob in it.
func (s *spending) savedHive() (int, error) {
	path := filepath.Join(s.dir, "saved")
	defer func() { _ = os.Remove(path) }() // the folder of the run goes at its end
	if err := s.m.SaveSystem(path); err != nil {
		return 0, err
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	defer clear(content)
	return odj.Remains(content, s.staged.blob), nil
}

// searchFinds holds when the search finds the blob in the hive that has it.
func (s *spending) searchFinds(context.Context) error {
	n, err := s.savedHive()
	if err == nil && n == 0 {
		err = differs("the blob is not found in the saved hive that has it")
	}
	return err
}

func bytesAreGone(_ context.Context, s *spending, _ outcome) error {
	n, err := s.savedHive()
	if err == nil && n > 0 {
		err = differs("%d pieces of the blob, of 64 bytes each, are in the saved SYSTEM hive", n)
	}
	return err
}

// programIsLocked holds when the program has given its own file to SYSTEM and Administrators.
func programIsLocked(_ context.Context, s *spending, _ outcome) error {
	got, err := s.m.ProgramSecurity()
	if err == nil && !sameRights(completion.FileSecurity(), got) {
		err = differs("System32\\odjboot.exe has another owner, group or access list")
	}
	return err
}

func isInRecord(_ context.Context, _ *spending, o outcome) error {
	if _, err := time.Parse(time.RFC3339, o.at); err != nil {
		return differs("CompletedAt is no time")
	}
	if !bytes.Contains([]byte(o.text), []byte("("+strconv.Itoa(int(o.result))+" ")) {
		return differs("ResultText does not end with the code")
	}
	return nil
}

func isInLog(_ context.Context, _ *spending, o outcome) error {
	if n := bytes.Count(o.log, []byte("\r\n")); n != 2 {
		return differs("debug\\offlinejoin.log has %d new lines, and 2 were expected", n)
	}
	if !bytes.Contains(o.log, []byte(completion.ProgramMarker)) || !bytes.Contains(o.log, []byte(o.text)) {
		return differs("debug\\offlinejoin.log does not tell of the program or the outcome")
	}
	return nil
}

// noteEvents notes how many events there are before the program runs: those of other runs say nothing of this one.
func (s *spending) noteEvents(ctx context.Context) error {
	events, err := s.m.Events(ctx)
	s.events = len(events)
	return err
}

func isInEventLog(ctx context.Context, s *spending, _ outcome) error {
	events, err := s.m.Events(ctx)
	if err == nil && (len(events) != s.events+1 || events[len(events)-1] != completion.EventFailed) {
		err = differs("the Application log has not got one event %d of the source OfflineJoin", completion.EventFailed)
	}
	return err
}
