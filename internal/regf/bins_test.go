package regf

import (
	"errors"
	"math/rand/v2"
	"testing"
)

// TestProvenBinsAreTheWalkedOnes compares the short way to a bin with the walk over all of them, in every hive of the
// corpus whose bins tile it.
func TestProvenBinsAreTheWalkedOnes(t *testing.T) {
	t.Parallel()
	dir, hives := corpus(t)
	compared := 0
	for _, c := range hives {
		files := load(t, dir, c.name)
		walked, err := Open(files)
		if err != nil || walked.verifyBins() != nil {
			continue
		}
		lazy, err := Open(files)
		if err != nil {
			t.Fatal(err)
		}
		r := rand.New(rand.NewPCG(1, 2))
		for range 100 {
			want := walked.bins[r.IntN(len(walked.bins))]
			got, err := lazy.binOf(want.rel + r.Uint32N(want.size))
			if err != nil || got != want {
				t.Fatalf("%s: bin %v instead of %v, %v", c.name, got, want, err)
			}
			compared++
		}
		if _, minor := lazy.Version(); minor >= 4 && lazy.walked {
			t.Errorf("%s: the short way was not enough", c.name)
		}
	}
	if compared < 3000 {
		t.Errorf("only %d bins were compared", compared)
	}
}

// plantBin puts what looks like the rest of a bin into the data of a value, at the first start of a page in it, up to the
// end of the data's cell. It returns where.
func plantBin(t *testing.T, h *Hive, v Value) uint32 {
	t.Helper()
	b, err := h.binOf(v.data)
	if err != nil {
		t.Fatal(err)
	}
	_, length, err := h.payload(v.data)
	if err != nil {
		t.Fatal(err)
	}
	at := (v.data + pageSize) / pageSize * pageSize
	end := v.data + 4 + length
	if at+binHeader+8 > end || b.rel >= at || end >= b.end() {
		t.Fatalf("the value at 0x%x to 0x%x has no room for a false bin before the end of bin %v", v.data, end, b)
	}
	var head [binHeader + 4]byte
	copy(head[:], "hbin")
	le.PutUint32(head[4:], at)
	le.PutUint32(head[8:], b.end()-at)
	le.PutUint32(head[binHeader:], end-at-binHeader) // one free cell that ends where the value's does
	if err := h.put(at, head[:]); err != nil {
		t.Fatal(err)
	}
	return at
}

// TestBinsInsideValuesAreNotBelieved has a value whose data looks like a bin with room, before cells that are edited.
// Whoever wrote that value must not get to see what is written next.
func TestBinsInsideValuesAreNotBelieved(t *testing.T) {
	t.Parallel()
	files := newTestHive(t, 5)
	h := reopen(t, files)
	k, _, err := h.CreateKey("Victim", nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []struct {
		name string
		size int
	}{{"filler", 3000}, {"plant", 10000}, {"other", 1500}} {
		if err := k.SetValue(v.name, Binary, make([]byte, v.size)); err != nil {
			t.Fatal(err)
		}
	}
	plant, err := k.Value("plant")
	if err != nil {
		t.Fatal(err)
	}
	at := plantBin(t, h, plant)
	other, err := k.Value("other")
	if err != nil {
		t.Fatal(err)
	}
	if b, err := h.binOf(at); err != nil || other.data < at || other.data >= b.end() {
		t.Fatalf("the other value is at 0x%x, and not behind the false bin at 0x%x in bin %v: %v", other.data, at, b, err)
	}
	if _, err := h.Commit(CommitOptions{}); err != nil {
		t.Fatal(err)
	}

	h = reopen(t, files)
	if h.seemingBin(at, must(h.view(at, binHeader))) == 0 {
		t.Fatal("the false bin does not even look like one")
	}
	before := planted(t, h)
	k, err = h.Key("Victim")
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(k.DeleteValue("other"), k.SetValue("secret", Binary, make([]byte, 900))); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Commit(CommitOptions{}); err != nil {
		t.Fatal(err)
	}
	h = reopen(t, files)
	if planted(t, h) != before {
		t.Error("the edit has changed somebody else's value")
	}
	for _, p := range damage(h) {
		t.Error(p)
	}
}

func planted(t *testing.T, h *Hive) string {
	t.Helper()
	k, err := h.Key("Victim")
	if err != nil {
		t.Fatal(err)
	}
	v, err := k.Value("plant")
	if err != nil {
		t.Fatal(err)
	}
	data, err := v.Data()
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func must(b []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return b
}

// TestDamagedBinsAreFound lets verifyBins meet what a change elsewhere does not look at.
func TestDamagedBinsAreFound(t *testing.T) {
	t.Parallel()
	files := newTestHive(t, 5)
	h := reopen(t, files)
	for _, name := range []string{"A", "B", "C"} {
		k, _, err := h.CreateKey(name, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := k.SetValue("v", Binary, make([]byte, 9000)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := h.Commit(CommitOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := reopen(t, files).verifyBins(); err != nil {
		t.Fatal(err)
	}
	if len(h.bins) < 2 {
		t.Fatal("the hive has one bin only")
	}
	second := h.bins[1].rel
	if _, err := files.Primary.WriteAt([]byte("nibh"), headerSize+int64(second)); err != nil {
		t.Fatal(err)
	}
	damaged, err := Open(files)
	if err != nil {
		t.Fatal(err)
	}
	if err := damaged.verifyBins(); !errors.Is(err, ErrCorrupt) {
		t.Errorf("error %v", err)
	}
}
