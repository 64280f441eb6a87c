package regf

import (
	"testing"
	"time"
)

// oldHive is a new hive whose commits write the log of Windows 8 and older.
func oldHive(t testing.TB) Files {
	t.Helper()
	f := newTestHive(t, 5)
	f.OldLogs = true
	return f
}

// TestOldLogAtEveryStep stops an old-format commit after every operation: the hive opens as the old or as the new one, and
// as the new one from the durable point on.
func TestOldLogAtEveryStep(t *testing.T) {
	t.Parallel()
	for _, start := range []string{"clean", "dirty"} {
		t.Run(start, func(t *testing.T) {
			t.Parallel()
			f := oldHive(t)
			if start == "dirty" {
				f = stopped(t, f, func(h *Hive) { putText(t, h, "Before", "the crash") })
			}
			h := reopen(t, f)
			if h.Recovery().Dirty != (start == "dirty") {
				t.Fatalf("recovery %+v", h.Recovery())
			}
			old := dumpText(t, h)
			stageLike(t, h)
			for i := range 3000 { // grow by many bins
				putText(t, h, "Many", time.Duration(i).String())
			}
			want := dumpText(t, h)
			plan, err := h.Plan()
			if err != nil {
				t.Fatal(err)
			}
			for n := range len(plan.Ops) + 1 {
				got := dumpText(t, reopen(t, carried(t, f, plan.Ops[:n])))
				switch {
				case n <= plan.log+2 && got != old:
					t.Errorf("after %d of %d operations the hive is not the old one", n, len(plan.Ops))
				case got != old && got != want:
					t.Errorf("after %d of %d operations the hive is neither", n, len(plan.Ops))
				case n >= plan.Durable && got != want:
					t.Errorf("after %d of %d operations the hive is not the new one", n, len(plan.Ops))
				}
			}
			if _, err := h.Commit(CommitOptions{Forget: true}); err != nil {
				t.Fatal(err)
			}
			if got := dumpText(t, reopen(t, f)); got != want {
				t.Error("after the commit the hive is not the new one")
			}
			putText(t, h, "Again", "and again")
			if _, err := h.Commit(CommitOptions{}); err != nil {
				t.Fatal(err)
			}
			if typ := le.Uint32(f.Log1.(*MemFile).Bytes()[baseType:]); typ != typeLogDIRT {
				t.Errorf("the log has type %d", typ)
			}
			reopen(t, f)
		})
	}
}

func putText(t testing.TB, h *Hive, key, text string) {
	t.Helper()
	k, _, err := h.CreateKey(key, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := k.SetValue(text, SZ, TextData(text)); err != nil {
		t.Fatal(err)
	}
}

// stopped returns the files of a hive whose commit of a change stopped right after its durable point.
func stopped(t testing.TB, f Files, change func(*Hive)) Files {
	t.Helper()
	h, err := Open(f)
	if err != nil {
		t.Fatal(err)
	}
	change(h)
	plan, err := h.Plan()
	if err != nil {
		t.Fatal(err)
	}
	return carried(t, f, plan.Ops[:plan.Durable])
}

// carried returns copies of the files of a hive after some operations.
func carried(t testing.TB, f Files, ops []Op) Files {
	t.Helper()
	copyOf := func(file File) File { return NewMemFile(file.(*MemFile).Bytes()) }
	out := Files{Primary: copyOf(f.Primary), Log1: copyOf(f.Log1), Log2: copyOf(f.Log2), OldLogs: f.OldLogs}
	for _, op := range ops {
		if op.Barrier {
			continue
		}
		if _, err := (&Hive{files: out}).file(op.File).WriteAt(op.Data, op.Offset); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// TestOldLogOfAnotherState: an old log counts only for the hive that it was written for.
func TestOldLogOfAnotherState(t *testing.T) {
	t.Parallel()
	f := stopped(t, oldHive(t), func(h *Hive) { putText(t, h, "A", "b") })
	log := f.Log1.(*MemFile).Bytes()
	var head header
	copy(head[:], log)
	le.PutUint64(head[baseLastWritten:], 12345)
	head = head.sealed(typeLogDIRT, head.primarySeq(), head.secondarySeq(), head.dataSize())
	if _, err := f.Log1.WriteAt(head[:], 0); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(f); err == nil {
		t.Error("a log of another state was applied")
	}
}
