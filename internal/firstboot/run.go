package firstboot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/offlinejoin/offlinejoin/internal/claims"
	"github.com/offlinejoin/offlinejoin/internal/imagefs/localdir"
	"github.com/offlinejoin/offlinejoin/internal/odj"
	"github.com/offlinejoin/offlinejoin/internal/odj/blobfolder"
	"github.com/offlinejoin/offlinejoin/internal/privatefile"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/version"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
	"github.com/offlinejoin/offlinejoin/internal/winimage"
)

// Setup is what a run works with.
type Setup struct {
	Disk        string // an installed Windows in a disk image file; it is only read
	Generalized string // a generalized one; empty: the scenario for it is skipped
	Policies    string // a folder with folders "block" and "allow", of compiled policies (*.cip); empty: none
	Blobs       string // a folder of blobs, each for one more scenario; empty: none
	Domain      Domain // a live domain; zero: the scenario for it is skipped

	// Dir is the run's folder: results, records, and disks while they are needed. A run that was broken off goes on there, and
	// tries again what was skipped.
	Dir  string
	Keep bool                          // keep all disks; they may hold machine passwords, and that of the domain's user
	Only []string                      // names of scenarios; empty: all
	Told func(Scenario, []claims.Step) // called after each scenario; nil: nobody listens
}

// Run runs the scenarios that have no result in the folder yet, one after the other, and returns the evidence of all. It ends with
// an error where a scenario cannot be tried, or when ctx ends: the results until then are kept.
func Run(ctx context.Context, m Machine, s Setup) (claims.Evidence, error) {
	r := &run{machine: m, setup: s}
	release, err := r.begin(ctx)
	if err != nil {
		return claims.Evidence{}, err
	}
	defer release()
	all, err := r.scenarios()
	if err != nil {
		return claims.Evidence{}, err
	}
	e := claims.Evidence{
		Format: claims.Format, Program: "first-boot " + version.Version, Date: time.Now().Format(time.DateOnly),
		System: systemOf(m.Kind(), r.golden.facts),
	}
	for _, sc := range all {
		if err := ctx.Err(); err != nil {
			return claims.Evidence{}, err
		}
		done, err := r.scenario(ctx, sc)
		if err != nil {
			return claims.Evidence{}, fmt.Errorf("scenario %s: %w", sc.Name, err)
		}
		e.Steps = append(e.Steps, done.Steps...)
		if s.Told != nil {
			s.Told(sc, done.Steps)
		}
	}
	return e, r.write("evidence.json", e.Write)
}

// systemOf returns what evidence says of a machine: only where it is real, it is the Windows in the disk that has booted.
func systemOf(kind claims.Kind, f winimage.Facts) claims.System {
	if kind != claims.Windows {
		return claims.System{Kind: kind, Name: "Simulated machine", Arch: string(f.Architecture)}
	}
	return claims.System{Kind: kind, Name: f.DisplayName(), Build: f.BuildText, Arch: string(f.Architecture)}
}

// run is a run that goes on.
type run struct {
	machine     Machine
	setup       Setup
	golden      *sight  // the installed Windows, before staging
	generalized *sight  // of the other one; nil: there is none
	domain      *domain // nil: none was given
	notStarted  bool    // the installed Windows has not started in the first scenario
}

// result is what a scenario has come to, as it is kept.
type result struct {
	Steps []claims.Step `json:"steps"`
	After time.Duration `json:"restart_after,omitempty"` // of the first boot, to its first restart
}

func (r *run) path(parts ...string) string {
	return filepath.Join(append([]string{r.setup.Dir}, parts...)...)
}

// begin makes the folder, keeps other runs away from it, and looks at the disks.
func (r *run) begin(ctx context.Context) (release func(), err error) {
	for _, dir := range []string{"", "results", "records", "disks"} {
		if err := os.MkdirAll(r.path(dir), 0o700); err != nil {
			return nil, err
		}
	}
	unlock, err := r.lock()
	if err != nil {
		return nil, err
	}
	if r.golden, err = look(ctx, r.setup.Disk, nil); err == nil && r.setup.Generalized != "" {
		r.generalized, err = look(ctx, r.setup.Generalized, nil)
	}
	if f := r.golden; err == nil && (f.facts.DisplayName() == "" || f.facts.BuildText == "" || f.facts.Architecture == "") {
		err = errors.New("the disk does not say which Windows is in it")
	}
	if err == nil {
		r.domain, err = readDomain(r.setup.Domain)
	}
	if err == nil {
		err = r.sameAsBefore()
	}
	release = func() {
		r.domain.wipe()
		unlock()
	}
	if err != nil {
		release()
		return nil, err
	}
	return release, nil
}

// lock keeps the folder for this run.
func (r *run) lock() (release func(), err error) {
	folder, err := localdir.OpenTree(r.setup.Dir)
	if err != nil {
		return nil, err
	}
	defer folder.Close()
	const name = "lock"
	file, err := folder.Create(name)
	if errors.Is(err, fs.ErrExist) {
		file, err = folder.OpenWrite(name)
	}
	if err != nil {
		return nil, err
	}
	if _, err := file.TryLock(); err != nil {
		file.Close()
		return nil, fmt.Errorf("another run works in %s: %w", r.setup.Dir, err)
	}
	return func() { file.Close() }, nil
}

// about is what results belong to.
type about struct {
	Program string           `json:"program"`
	System  claims.System    `json:"system"`
	Disks   map[string]stamp `json:"disks"` // and the domain's blob
}

// stamp tells a file from what it was, and names no path.
type stamp struct {
	Size    int64     `json:"size"`
	ModTime time.Time `json:"mod_time"`
}

// sameAsBefore refuses to go on with the results of other disks or of another version.
func (r *run) sameAsBefore() error {
	now := about{version.String(), systemOf(r.machine.Kind(), r.golden.facts), map[string]stamp{}}
	for name, file := range map[string]string{
		"installed": r.setup.Disk, "generalized": r.setup.Generalized, "domain-blob": r.setup.Domain.Blob,
	} {
		if file == "" {
			continue
		}
		info, err := os.Stat(file)
		if err != nil {
			return err
		}
		now.Disks[name] = stamp{info.Size(), info.ModTime().UTC()}
	}
	text, err := os.ReadFile(r.path("about.json"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	before := about{now.Program, now.System, nil}
	if err == nil {
		if err := json.Unmarshal(text, &before); err != nil {
			return fmt.Errorf("%s: %w", r.path("about.json"), err)
		}
	}
	same := before.Program == now.Program && before.System == now.System
	for name, stamp := range before.Disks { // what one of the two does not have was, or is, skipped
		is, has := now.Disks[name]
		same = same && (!has || is.Size == stamp.Size && is.ModTime.Equal(stamp.ModTime))
		now.Disks[name] = stamp
	}
	if !same {
		return fmt.Errorf("%s has results of other disks, of another domain's blob or of another version: give another folder, or remove it",
			r.setup.Dir)
	}
	if text, err = json.MarshalIndent(now, "", "  "); err != nil {
		return err
	}
	return r.write("about.json", func(w io.Writer) error { _, err := w.Write(text); return err })
}

// scenarios returns those of the table and of the blobs that were asked for.
func (r *run) scenarios() ([]Scenario, error) {
	all := Scenarios()
	if r.setup.Blobs != "" {
		blobs, err := blobfolder.Open(r.setup.Blobs)
		if err != nil {
			return nil, err
		}
		for i, read := range blobs {
			all = append(all, ofBlob(i+1, read))
		}
	}
	for _, name := range r.setup.Only {
		if !slices.ContainsFunc(all, func(s Scenario) bool { return s.Name == name }) {
			return nil, fmt.Errorf("%q is no scenario", name)
		}
	}
	if len(r.setup.Only) > 0 {
		all = slices.DeleteFunc(all, func(s Scenario) bool { return !slices.Contains(r.setup.Only, s.Name) })
	}
	return all, nil
}

// scenario returns the result of a scenario, of a run before or of this one.
func (r *run) scenario(ctx context.Context, sc Scenario) (*result, error) {
	if done, err := r.kept(sc.Name); done != nil || err != nil {
		return done, err
	}
	done, err := r.play(ctx, sc)
	if err != nil {
		return nil, err
	}
	if !claims.Tried(done.Steps) { // another run may bring what was missing
		return done, nil
	}
	return done, r.write(resultFile(sc.Name), func(w io.Writer) error {
		text, err := json.MarshalIndent(done, "", "  ")
		if err != nil {
			return err
		}
		_, err = w.Write(append(text, '\n'))
		return err
	})
}

func resultFile(scenario string) string { return filepath.Join("results", scenario+".json") }

// kept returns the result that a scenario has, and nil when it has none.
func (r *run) kept(scenario string) (*result, error) {
	text, err := os.ReadFile(r.path(resultFile(scenario)))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	done := &result{}
	if err := json.Unmarshal(text, done); err != nil {
		return nil, fmt.Errorf("%s: %w", r.path(resultFile(scenario)), err)
	}
	return done, nil
}

// play plays a scenario on an overlay of its own.
func (r *run) play(ctx context.Context, sc Scenario) (*result, error) {
	if reason := r.lacks(sc); reason != "" {
		return skipped(sc, reason), nil
	}
	p := &play{run: r, sc: sc, disk: r.path("disks", sc.Name+".qcow2"), golden: r.golden, usual: r.usual()}
	source := r.setup.Disk
	if sc.generalized {
		p.golden, source = r.generalized, r.setup.Generalized
	}
	if err := os.Remove(p.disk); err != nil && !errors.Is(err, fs.ErrNotExist) { // of a run that was broken off
		return nil, err
	}
	blob := sc.blob
	switch {
	case sc.domain:
		blob = func() (*odj.Blob, error) { return blobfolder.Read(r.domain.file) }
	case blob == nil:
		blob = sample.Blob
	}
	var err error
	if p.blob, err = blob(); err != nil {
		return nil, err
	}
	defer p.blob.Wipe()
	if err := stage(ctx, source, p.disk, p.blob); err != nil {
		return nil, err
	}
	done, err := p.acts(ctx)
	if err != nil {
		return nil, err
	}
	if r.setup.Keep || slices.ContainsFunc(done.Steps, func(s claims.Step) bool { return s.Result == claims.Failed }) {
		return done, nil
	}
	return done, os.Remove(p.disk)
}

// usual is how long the scenario good took to its restart; 0: that is not known.
func (r *run) usual() time.Duration {
	if good, err := r.kept(first); err == nil && good != nil {
		return good.After
	}
	return 0
}

// lacks returns why a scenario cannot be tried, and "" when it can.
func (r *run) lacks(sc Scenario) string {
	files, err := policyFiles(r.setup.Policies, sc.policies)
	switch {
	case sc.generalized && r.generalized == nil:
		return "no generalized Windows was given"
	case sc.generalized && r.generalized.facts.Phase != winimage.PhaseGeneralized:
		return "the Windows that was given for it is not generalized"
	case sc.generalized && r.generalized.facts.BuildText != r.golden.facts.BuildText:
		return "the generalized Windows has another build"
	case !sc.generalized && r.golden.facts.Phase != winimage.PhaseInstalled:
		return "the Windows in the disk is not an installed one"
	case sc.domain && r.domain == nil:
		return "no domain was given (a blob of it, a user and a password file)"
	case sc.policies != "" && (err != nil || len(files) == 0):
		return "no policy for it was given"
	case !sc.generalized && r.notStarted:
		return "Windows did not start in the scenario " + first
	case sc.cuts && r.usual() == 0:
		return "the moment is not known, because the scenario " + first + " has not restarted"
	}
	return ""
}

func skipped(sc Scenario, reason string) *result {
	done := &result{}
	for _, a := range sc.acts {
		for _, c := range a.checks {
			done.Steps = append(done.Steps, claims.Step{Step: sc.Name + "-" + c.name, Claim: c.claim, Result: claims.Skipped, Reason: reason})
		}
	}
	return done
}

// play is one scenario that goes on.
type play struct {
	*run
	sc     Scenario
	disk   string
	blob   *odj.Blob
	usual  time.Duration
	golden *sight
	done   result
}

// NotStarted is the reason of checks when Windows has not started at all.
const NotStarted = "Windows did not start from this disk: nothing of its registry has changed"

// acts plays all acts.
func (p *play) acts(ctx context.Context) (*result, error) {
	if !p.sc.generalized {
		if err := p.change(ctx, settle); err != nil {
			return nil, err
		}
	}
	var staged *sight
	started := false
	member := false
	for n, a := range p.sc.acts {
		if a.member && !member {
			p.skip(a, "the machine has not become a member of the domain, so that none of its accounts can log on")
			continue
		}
		if a.before != nil {
			err := p.change(ctx, a.before)
			if code, _ := winerr.CodeOf(err); n > 0 && code == winerr.Busy {
				p.skip(a, "Windows was not shut down, so that nothing was changed for this boot")
				continue
			}
			if err != nil {
				return nil, err
			}
		}
		before, err := p.look(ctx)
		if err != nil {
			return nil, err
		}
		if staged == nil {
			staged = before
		}
		end, err := p.machine.Boot(ctx, p.disk, Boot{
			Cut: a.cut, Usual: p.usual, Patience: a.patience, Network: a.network, Records: p.path("records", fmt.Sprintf("%s-%d", p.sc.Name, n+1)),
		})
		if err != nil {
			return nil, err
		}
		now, err := p.look(ctx)
		if err != nil {
			return nil, err
		}
		if n == 0 {
			p.done.After = end.After
		}
		started = started || now.hive != before.hive
		m := moment{p.golden, staged, before, now, end, p.blob.DomainSID()}
		p.judge(a, m)
		member = isMember(m) == nil
	}
	if !started {
		p.run.notStarted = p.run.notStarted || p.sc.Name == first
		return skipped(p.sc, NotStarted), nil
	}
	return &p.done, nil
}

func (p *play) change(ctx context.Context, do func(*guest) error) error {
	return change(ctx, p.disk, p.setup.Policies, func(g *guest) error {
		g.domain = p.domain
		return do(g)
	})
}

// look returns what is in the scenario's disk.
func (p *play) look(ctx context.Context) (*sight, error) {
	s, err := look(ctx, p.disk, p.blob)
	if err == nil && p.sc.domain {
		err = s.readProfiles(ctx, p.disk)
	}
	return s, err
}

func (p *play) judge(a act, m moment) {
	for _, c := range a.checks {
		s := claims.Step{Step: p.sc.Name + "-" + c.name, Claim: c.claim, Detail: m.detail(a)}
		s.Result, s.Reason = claims.Judged(c.test(m))
		p.done.Steps = append(p.done.Steps, s)
	}
}

func (p *play) skip(a act, reason string) {
	p.done.Steps = append(p.done.Steps, skipped(Scenario{Name: p.sc.Name, acts: []act{a}}, reason).Steps...)
}

// detail is what evidence says beside the verdict: codes, counts, and words of our own.
func (m moment) detail(a act) map[string]string {
	st := m.now.status
	d := map[string]string{
		"ended": m.end.How.String(), "restarts": strconv.Itoa(m.end.Restarts), "state": string(st.State),
		"attempts": strconv.FormatUint(uint64(st.Attempts), 10), "result": strconv.FormatUint(uint64(st.Result), 10),
	}
	if a.network {
		d["network"] = "yes"
	}
	if a.cut != NoCut {
		if state, err := m.now.found(); err == nil {
			d["left"] = string(state)
		}
	}
	return d
}

// write writes a file of the run's folder, whole or not at all.
func (r *run) write(name string, content func(io.Writer) error) error {
	path := r.path(name)
	f, err := privatefile.CreateTemp(filepath.Dir(path), filepath.Base(path)+"-")
	if err != nil {
		return err
	}
	defer f.Close()
	err = content(f)
	if err == nil {
		err = f.Sync()
	}
	if err == nil {
		err = f.Close()
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}
