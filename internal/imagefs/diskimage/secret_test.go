package diskimage_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/offlinejoin/offlinejoin/internal/completion"
	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	"github.com/offlinejoin/offlinejoin/internal/imagefs/diskimage"
	"github.com/offlinejoin/offlinejoin/internal/odj"
	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/regf"
	"github.com/offlinejoin/offlinejoin/internal/undojournal"
	"github.com/offlinejoin/offlinejoin/internal/undojournal/powercut"
)

// TestNoSecretInAJournal stages, adopts, replaces and unstages joins in place, in hives whose logs have the blob, too: as entries
// that nobody needs any more, and as pending ones. No journal ever has a piece of a blob, whether it comes, stays or
// goes; at the end of each group, and after a power cut and recovery, the image is as it was or as it will be.
func TestNoSecretInAJournal(t *testing.T) {
	t.Parallel()
	for _, name := range secretCases() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			method, container, _ := strings.Cut(name, "/")
			raw := inMBR(t, volume(t, methods()[core.Method(method)]))
			for _, kind := range kinds {
				if kind.name == container {
					image := convert(t, raw, kind.format, kind.args)
					secretsOf(t, image, &recorder{format: qemuFormat(kind.format), method: core.Method(method)})
				}
			}
		})
	}
}

// secretCases are methods and containers; the long run looks at every container.
func secretCases() []string {
	if !long() {
		return []string{"registry/raw", "registry/clone", "answer_file/qcow2"}
	}
	var all []string
	for method := range methods() {
		for _, kind := range kinds {
			all = append(all, string(method)+"/"+kind.name)
		}
	}
	return all
}

// secretsOf is all that is done to one image.
func secretsOf(t *testing.T, image string, r *recorder) {
	t.Helper()
	where := at(image)
	where.Open = r.open
	var blobs []*core.Blob
	for i, machine := range []string{"WEB01", "WEB02"} {
		blob, secret := blobFor(t, machine, uint32(1107+i))
		blobs, r.secrets = append(blobs, blob), append(r.secrets, secret)
	}
	stage := func(blob int, owner string, want core.Outcome) func() error {
		return func() error {
			receipt, err := core.Stage(t.Context(), core.Request{
				Image: where, Blob: blobs[blob], Owner: owner, OnExisting: core.OnExistingReplace,
			})
			if err == nil && receipt.Outcome != want {
				t.Errorf("the outcome is %q", receipt.Outcome)
			}
			return err
		}
	}
	unstage := func() error { _, err := core.Unstage(t.Context(), core.UnstageRequest{Image: where}); return err }
	repair := func() error { // what is staged again keeps the blob where it is
		relog(t, image, clean, completion.ValueAttempts)
		if r.method == core.MethodAnswerFile { // the record's values do not matter to it
			return stage(0, "a", core.OutcomeUnchanged)()
		}
		return stage(0, "a", core.OutcomeStaged)()
	}
	type step struct {
		name string
		log  logged
		do   func() error
	}
	steps := []step{{"stage", clean, stage(0, "a", core.OutcomeStaged)}}
	for _, n := range []int{3, 20, 40, 90, 200, 350} { // some of them lie beside the blob
		steps = append(steps, step{"adopt", clean, stage(0, strings.Repeat("o", n), core.OutcomeUnchanged)})
	}
	for _, step := range append(steps, []step{
		{"adopt over stale entries", stale, stage(0, "b", core.OutcomeUnchanged)},
		{"repair", clean, repair},
		{"replace over stale entries", stale, stage(1, "a", core.OutcomeStaged)},
		{"adopt with pending entries", pending, stage(1, "b", core.OutcomeUnchanged)},
		{"replace with pending entries", pending, stage(0, "b", core.OutcomeStaged)},
		{"unstage with pending entries", pending, unstage},
		{"stage over zeros", clean, stage(1, "b", core.OutcomeStaged)},
		{"unstage over stale entries", stale, unstage},
	}...) {
		if step.log != clean {
			relog(t, image, step.log, "Note")
		}
		r.name = step.name
		before := len(r.commits)
		if err := step.do(); err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
		if len(r.commits) == before {
			t.Errorf("%s: nothing was committed", step.name)
		}
		for _, c := range r.commits[before:] {
			keepsNoSecret(t, c)
			statesAtGroups(t, c)
		}
		r.commits = r.commits[:0]
		if t.Failed() {
			t.FailNow()
		}
	}
	for _, secret := range r.secrets {
		absentFrom(t, image, secret, nil)
	}
}

// keepsNoSecret carries a commit out, and cuts the power at a few of its operations.
func keepsNoSecret(t *testing.T, c commit) {
	t.Helper()
	before := bytes.Clone(c.before)
	trial := newCrashTrial(t, c)
	r := rand.New(rand.NewPCG(14, 12))
	seen := map[string]int{}
	for range 6 {
		trial.cut(t, r, 1, seen)
	}
	m := powercut.New(before)
	_, err := undojournal.Write(m.Image(), m.Folder(), crashJournal, c.change, nil)
	must(t, err)
	for _, journal := range m.JournalWrites() {
		for i, secret := range c.secrets {
			if off := pieceOf(journal, secret, c.secrets[1-i]); off >= 0 {
				t.Errorf("%s: the journal has bytes of blob %d at %d: %q", c.name, i, off, journal[off:off+8])
			}
		}
	}
}

// pieceOf returns where eight bytes of a blob's password, or of all that the other blob does not have and that is no text, are
// in a journal: as they are, or in base64; -1 for nowhere.
func pieceOf(journal, secret, other []byte) int {
	text := []byte(base64.StdEncoding.EncodeToString(secret))
	windows := map[[8]byte]bool{}
	add := func(from, without []byte) {
		for i := 0; i+8 <= len(from); i++ {
			w := [8]byte(from[i:])
			if bytes.Count(w[:], []byte{0}) < 4 && !bytes.Contains(without, w[:]) {
				windows[w] = true
			}
		}
	}
	add(secret, other)
	add(text, []byte(base64.StdEncoding.EncodeToString(other)))
	if parsed, err := odj.Parse(secret); err == nil {
		var password []byte
		for _, u := range parsed.MachinePassword() {
			password = append(password, byte(u), byte(u>>8))
		}
		for i := 0; i+8 <= len(password); i++ {
			windows[[8]byte(password[i:])] = true
		}
	}
	for _, word := range []string{"WEB01", "WEB02", "web01", "web02"} { // the record has names, too
		units := utf16.Encode([]rune("\x00" + word + "."))
		for i := range units[1:] {
			for w := range windows {
				if i+4 <= len(units) && bytes.Equal(w[:], le16(units[i:i+4])) {
					delete(windows, w)
				}
			}
		}
	}
	for off := 0; off+8 <= len(journal); off++ {
		if windows[[8]byte(journal[off:])] {
			return off
		}
	}
	return -1
}

func le16(units []uint16) (b []byte) {
	for _, u := range units {
		b = append(b, byte(u), byte(u>>8))
	}
	return b
}

// statesAtGroups starts the machine in thought at the end of each group.
func statesAtGroups(t *testing.T, c commit) {
	t.Helper()
	image := filepath.Join(t.TempDir(), "disk."+c.format)
	states := map[string]bool{}
	c.atEachGroup(t, image, func(group int) {
		states[startsAs(t, image, c)] = true
		if len(states) > 2 {
			t.Fatalf("%s: after group %d of %d: %v", c.name, group, len(c.change.Groups), states)
		}
	})
}

// logged is what the logs of the SYSTEM hive have.
type logged int

const (
	clean   logged = iota // nothing but what we have left
	stale                 // an entry of a clean hive
	pending               // an entry that the hive needs
)

// relog sets the blob of our record once more as Windows would, which puts the page that it is in into the log, and a value
// beside it. Where there is no record it sets one elsewhere.
func relog(t *testing.T, image string, how logged, name string) {
	t.Helper()
	s, err := diskimage.Open(t.Context(), at(image).Location, imagefs.Write)
	must(t, err)
	defer s.Close() // it is committed
	var before [3][]byte
	var files [3]*regf.MemFile
	names := [3]string{"", ".LOG1", ".LOG2"}
	for i := range names {
		names[i] = "Windows/System32/config/SYSTEM" + names[i]
		before[i], err = imagefs.ReadFile(s, names[i], 1<<30)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		must(t, err)
		files[i] = regf.NewMemFile(bytes.Clone(before[i]))
	}
	hive := regf.Files{Primary: files[0], Log1: files[1]}
	if files[2] != nil {
		hive.Log2 = files[2]
	}
	h, err := regf.Open(hive)
	must(t, err)
	key, err := h.Key(completion.Key)
	if errors.Is(err, regf.ErrNotFound) {
		key, err = h.Key("Setup")
	}
	must(t, err)
	old := uint32(0)
	if v, err := key.Value(name); err == nil {
		old, err = v.Uint32()
		must(t, err)
	}
	must(t, key.SetValue(name, regf.DWORD, regf.DWORDData(1+old)))
	if v, err := key.Value(completion.ValueProvisioningBlob); err == nil {
		blob, err := v.Data()
		must(t, err)
		must(t, key.DeleteValue(completion.ValueProvisioningBlob))
		must(t, key.SetValue(completion.ValueProvisioningBlob, regf.Binary, blob))
	}
	if how == pending {
		plan, err := h.Plan()
		must(t, err)
		for _, op := range plan.Ops[:plan.Durable] {
			if !op.Barrier {
				_, err := files[op.File].WriteAt(op.Data, op.Offset)
				must(t, err)
			}
		}
	} else {
		_, err := h.Commit(regf.CommitOptions{Forget: how == clean})
		must(t, err)
	}
	for i, name := range names {
		if files[i] == nil {
			continue
		}
		f, err := s.OpenWrite(name)
		must(t, err)
		_, err = f.WriteAt(files[i].Bytes(), 0)
		must(t, err)
		must(t, f.Close())
	}
	_, err = s.Commit(t.Context())
	must(t, err)
}

// startsAs is bootsAs by our own reader.
func startsAs(t *testing.T, image string, c commit) string {
	t.Helper()
	if c.method == core.MethodRegistry {
		return bootsAs(t, image, "", c)
	}
	s, err := diskimage.Open(t.Context(), at(image).Location, imagefs.Read)
	must(t, err)
	defer s.Close() // only read
	answer, err := imagefs.ReadFile(s, "Windows/Panther/unattend.xml", 1<<20)
	if errors.Is(err, fs.ErrNotExist) {
		return "has no answer file"
	}
	must(t, err)
	_, err = core.ReadStatus(t.Context(), core.StatusRequest{Image: at(image)})
	must(t, err)
	return fmt.Sprintf("has an answer file of %d bytes %x", len(answer), sha256.Sum256(answer))
}
