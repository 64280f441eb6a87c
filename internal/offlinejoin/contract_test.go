package offlinejoin

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/completion"
	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	"github.com/offlinejoin/offlinejoin/internal/imagefs/open"
	"github.com/offlinejoin/offlinejoin/internal/regf"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/sample/sampletest"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// staged makes an image with a join that waits.
func staged(t *testing.T) Request {
	t.Helper()
	req := newImage(t, sample.Image{})
	if _, err := Stage(t.Context(), req); err != nil {
		t.Fatal(err)
	}
	return req
}

func statusOf(t *testing.T, req Request) *Status {
	t.Helper()
	st, err := ReadStatus(t.Context(), StatusRequest{Image: req.Image})
	if err != nil {
		t.Fatal(err)
	}
	return st
}

func programFileOf(req Request) string {
	return filepath.Join(req.Image.WindowsPath, "System32", completion.ProgramFile)
}

// An armed hook proves nothing about the program that it starts.
func TestStatusProvesTheProgram(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change  func(t *testing.T, req Request)
		program string
		notRun  bool
		says    string
	}{
		"in place": {func(*testing.T, Request) {}, ProgramInPlace, false, ""},
		"missing": {
			func(t *testing.T, req Request) { must(t, os.Remove(programFileOf(req))) }, ProgramMissing, false, "is missing",
		},
		"changed": {func(t *testing.T, req Request) {
			data := readFile(t, programFileOf(req))
			data[len(data)/2] ^= 1
			must(t, os.WriteFile(programFileOf(req), data, 0o600))
		}, ProgramChanged, false, "is not the program that was staged"},
		"somebody else's": {func(t *testing.T, req Request) {
			must(t, os.WriteFile(programFileOf(req), []byte("MZ"), 0o600))
		}, ProgramChanged, false, "run as SYSTEM"},
		"Windows ran without it": {func(t *testing.T, req Request) {
			shutDown(t, req, []byte{1, 2, 3, 4, 5, 6, 7, 8})
		}, ProgramInPlace, true, "never ran"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			req := staged(t)
			c.change(t, req)
			st := statusOf(t, req)
			if st.State != StateStaged || st.Program != c.program || st.NotRun != c.notRun || !strings.Contains(st.Detail, c.says) ||
				(c.says == "") != (st.Detail == "") {
				t.Errorf("%+v", st)
			}
			r, err := Stage(t.Context(), req) // the cure
			if err != nil || (r.Outcome == OutcomeUnchanged) != (c.says == "") {
				t.Errorf("staged again: %+v, %v", r, err)
			}
			if st := statusOf(t, req); st.Program != ProgramInPlace || st.NotRun || st.Detail != "" {
				t.Errorf("after staging again: %+v", st)
			}
		})
	}
}

// shutDown makes of an image what a shutdown of its Windows leaves.
func shutDown(t *testing.T, req Request, at []byte) {
	t.Helper()
	changeHive(t, req.Image.WindowsPath, "SYSTEM", func(h *regf.Hive) error {
		k, _, err := h.CreateKey(`ControlSet001\Control\Windows`, nil)
		if err != nil {
			return err
		}
		return k.SetValue(completion.ControlShutdownTime, regf.Binary, at)
	})
}

func TestShutdownTimeIsRecorded(t *testing.T) {
	t.Parallel()
	req := newImage(t, sample.Image{})
	shutDown(t, req, []byte{8, 7, 6, 5, 4, 3, 2, 1})
	if _, err := Stage(t.Context(), req); err != nil {
		t.Fatal(err)
	}
	if st := statusOf(t, req); st.NotRun {
		t.Errorf("%+v", st)
	}
	shutDown(t, req, []byte{8, 7, 6, 5, 4, 3, 2, 2})
	if st := statusOf(t, req); !st.NotRun {
		t.Errorf("%+v", st)
	}
}

// What the hook was comes back with its type and every byte, whatever it was.
func TestTheHookComesBackByteForByte(t *testing.T) {
	t.Parallel()
	for name, c := range sampletest.Hooks() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			req := newImage(t, sample.Image{})
			c.Set(t, req.Image.WindowsPath)
			before := systemDump(t, req.Image.WindowsPath)
			r, err := Stage(t.Context(), req)
			if err != nil {
				t.Fatal(err)
			}
			if told := strings.Contains(strings.Join(r.Warnings, "\n"), "runs another command"); told != c.Foreign {
				t.Errorf("warnings %q", r.Warnings)
			}
			if got := recordOf(t, req).version; got != c.Version {
				t.Errorf("the record has version %d, want %d", got, c.Version)
			}
			if again, err := Stage(t.Context(), req); err != nil || again.Outcome != OutcomeUnchanged {
				t.Errorf("staged again: %+v, %v", again, err)
			}
			if _, err := Unstage(t.Context(), UnstageRequest{Image: req.Image}); err != nil {
				t.Fatal(err)
			}
			if after := systemDump(t, req.Image.WindowsPath); after != before {
				t.Errorf("before\n%s\nafter\n%s", before, after)
			}
		})
	}
}

func recordOf(t *testing.T, req Request) record {
	t.Helper()
	im, err := req.Image.open(t.Context(), imagefs.Read)
	if err != nil {
		t.Fatal(err)
	}
	defer im.Close()
	r, err := readRecord(im.System())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// A key that somebody prepared, readable by others, is remade before the blob goes into it.
func TestAPreparedKeyIsRemade(t *testing.T) {
	t.Parallel()
	req := newImage(t, sample.Image{})
	changeHive(t, req.Image.WindowsPath, "SYSTEM", func(h *regf.Hive) error {
		_, _, err := h.CreateKey(completion.Key, completion.FileSecurity())
		if err != nil {
			return err
		}
		_, _, err = h.CreateKey(completion.Key+`\Trap`, nil)
		return err
	})
	r, err := Stage(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	if c := r.Changes[0]; c.Kind != ChangeModify || c.Before != "key with another owner or access" {
		t.Errorf("the first change is %+v", c)
	}
	im, err := req.Image.open(t.Context(), imagefs.Read)
	if err != nil {
		t.Fatal(err)
	}
	defer im.Close()
	k, err := im.System().Key(completion.Key)
	if err != nil {
		t.Fatal(err)
	}
	if secured, err := isSecured(k); !secured || err != nil {
		t.Errorf("the key is secured: %v, %v", secured, err)
	}
	if _, err := im.System().Key(completion.Key + `\Trap`); err == nil {
		t.Error("what was below the key is still there")
	}
}

// failingSync is an image whose registry cannot be written.
type failingSync struct{ imagefs.Session }

type failingFile struct{ imagefs.File }

func (f failingFile) WriteAt([]byte, int64) (int, error) {
	return 0, winerr.Errorf(winerr.DiskFull, "the hive cannot be written")
}

func (s failingSync) OpenWrite(name string) (imagefs.File, error) {
	f, err := s.Session.OpenWrite(name)
	if err == nil && strings.Contains(name, "SYSTEM") {
		return failingFile{f}, nil
	}
	return f, err
}

// A file of somebody else's that has the program's name comes back when the stage fails, so that "nothing was written"
// is so.
func TestAForeignProgramComesBack(t *testing.T) {
	t.Parallel()
	req := newImage(t, sample.Image{})
	const theirs = "not ours"
	must(t, os.WriteFile(programFileOf(req), []byte(theirs), 0o600))
	before := tree(t, req.Image.WindowsPath)
	broken := req
	broken.Image.Open = func(ctx context.Context, at imagefs.Location, mode imagefs.Mode) (imagefs.Session, error) {
		s, err := open.Image(ctx, at, mode)
		if err != nil {
			return nil, err
		}
		return failingSync{s}, nil
	}
	_, err := Stage(t.Context(), broken)
	wantCode(t, err, winerr.DiskFull, "Nothing was written")
	if got := tree(t, req.Image.WindowsPath); got != before {
		t.Errorf("before\n%s\nafter\n%s", before, got)
	}
}

// What a stage that was killed has left goes with the next stage, and with unstage, whether a join is there or not.
func TestLeftoversGo(t *testing.T) {
	t.Parallel()
	for name, do := range map[string]func(t *testing.T, req Request) error{
		"stage":   func(t *testing.T, req Request) error { _, err := Stage(t.Context(), req); return err },
		"unstage": func(t *testing.T, req Request) error { return unstaged(t, req) },
		"unstage what is staged": func(t *testing.T, req Request) error {
			if _, err := Stage(t.Context(), req); err != nil {
				return err
			}
			leave(t, req)
			return unstaged(t, req)
		},
		"stage what is staged, but for its record": func(t *testing.T, req Request) error {
			if _, err := Stage(t.Context(), req); err != nil {
				return err
			}
			leave(t, req)
			shutDown(t, req, []byte{1})
			_, err := Stage(t.Context(), req)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			req := newImage(t, sample.Image{})
			leave(t, req)
			if err := do(t, req); err != nil {
				t.Fatal(err)
			}
			if _, err := os.Stat(leftover(req)); err == nil {
				t.Error("it is still there")
			}
		})
	}
}

func leftover(req Request) string {
	return filepath.Join(req.Image.WindowsPath, "System32", "odjboot.tmp")
}

func leave(t *testing.T, req Request) {
	t.Helper()
	must(t, os.WriteFile(leftover(req), []byte("MZ"), 0o600))
}

func unstaged(t *testing.T, req Request) error {
	t.Helper()
	_, err := Unstage(t.Context(), UnstageRequest{Image: req.Image})
	return err
}

// A program that was put in place before the stage was killed goes, too, and the receipt lists what went; somebody else's
// file of that name stays.
func TestUnstageListsTheLeftoversItRemoves(t *testing.T) {
	t.Parallel()
	req := newImage(t, sample.Image{})
	if _, err := Stage(t.Context(), req); err != nil {
		t.Fatal(err)
	}
	program := readFile(t, programFileOf(req))
	must(t, unstaged(t, req))
	for _, c := range []struct {
		content []byte
		removes bool
	}{{program, true}, {[]byte("theirs"), false}} {
		must(t, os.WriteFile(programFileOf(req), c.content, 0o600))
		receipt, err := Unstage(t.Context(), UnstageRequest{Image: req.Image})
		if err != nil || receipt.Outcome != OutcomeAbsent || (len(receipt.Changes) == 1) != c.removes {
			t.Errorf("%+v, %v", receipt, err)
		}
		if _, err := os.Stat(programFileOf(req)); (err != nil) != c.removes {
			t.Errorf("the program's file: %v, want it removed: %v", err, c.removes)
		}
	}
}

// A join that is staged already belongs to who asks for it next.
func TestAdoption(t *testing.T) {
	t.Parallel()
	req := newImage(t, sample.Image{})
	req.Owner = "first"
	if _, err := Stage(t.Context(), req); err != nil {
		t.Fatal(err)
	}
	if st := statusOf(t, req); st.Owner != "first" {
		t.Errorf("%+v", st)
	}
	second := req
	second.Owner = "second"
	plan, err := Plan(t.Context(), second)
	if err != nil || plan.Outcome != OutcomeUnchanged || len(plan.Changes) != 1 || statusOf(t, req).Owner != "first" {
		t.Errorf("%+v, %v", plan, err)
	}
	r, err := Stage(t.Context(), second)
	if err != nil || r.Outcome != OutcomeUnchanged || r.Status.Owner != "second" || r.BytesWritten == 0 {
		t.Errorf("%+v, %v", r, err)
	}
	nobody := req
	nobody.Owner = ""
	if r, err := Stage(t.Context(), nobody); err != nil || r.Status.Owner != "second" || r.BytesWritten != 0 {
		t.Errorf("%+v, %v", r, err)
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
