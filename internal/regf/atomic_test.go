package regf

import (
	"bytes"
	"testing"
)

// TestAtomicCommit commits every kind of hive that TestCrash has in both ways. The logical content is the same, the logs are as
// they were, nothing in them is newer than the hive, and a later commit of the usual kind works on top.
func TestAtomicCommit(t *testing.T) {
	t.Parallel()
	for _, c := range append(syntheticCrashes(t), corpusCrashes(t)...) {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			usual, atomic := c.disk.files(), c.disk.files()
			usual.CreateLog = func() (File, error) { usual.Log1 = NewMemFile(nil); return usual.Log1, nil }
			h := reopen(t, usual)
			c.change(t, h)
			if _, err := h.Commit(CommitOptions{}); err != nil {
				t.Fatal(err)
			}
			want := dumpText(t, reopen(t, usual))

			h = reopen(t, atomic)
			c.change(t, h)
			report, err := h.Commit(CommitOptions{Atomic: true, Forget: true})
			if err != nil || report.Syncs > 1 { // one for a file that grows
				t.Fatalf("%+v, %v", report, err)
			}
			now := diskOf(atomic)
			if !bytes.Equal(now[FileLog1], c.disk[FileLog1]) || !bytes.Equal(now[FileLog2], c.disk[FileLog2]) {
				t.Error("a log was written")
			}
			again := reopen(t, atomic)
			if r := again.Recovery(); r.Dirty || r.Orphaned > 0 {
				t.Errorf("%+v", r)
			}
			if got := dumpText(t, again); got != want {
				t.Error("the content differs from that of the usual commit")
			}
			again.files.CreateLog = func() (File, error) { return NewMemFile(nil), nil }
			growingMore(t, again)
			if _, err := again.Commit(CommitOptions{}); err != nil {
				t.Fatal(err)
			}
			if r := reopen(t, again.files).Recovery(); r.Dirty || r.Orphaned > 0 {
				t.Errorf("after another commit: %+v", r)
			}
		})
	}
}
