package vhdx

import (
	"bytes"
	"io"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/disk/container"
	"github.com/offlinejoin/offlinejoin/internal/undojournal"
	"github.com/offlinejoin/offlinejoin/internal/undojournal/powercut"
)

// crashStates is how many states of the disk TestCrash looks at; OFFLINEJOIN_CRASH_STATES asks for more (`make crash`).
func crashStates(t testing.TB) int {
	t.Helper()
	text := os.Getenv("OFFLINEJOIN_CRASH_STATES")
	if text == "" {
		return 100
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

const sampleSecret = "a secret that goes away"

// The fresh write of sampleWrites is in this range of the disk, which is zero in sampleImage.
const (
	freshOff  = 1 << 19
	freshMost = 1000 + 1500
)

// sampleImage returns the sample's file, with a secret in the last block.
func sampleImage(t testing.TB) []byte {
	t.Helper()
	b := make([]byte, sampleSize)
	if _, err := sample().file().ReadAt(b, 0); err != nil {
		t.Fatal(err)
	}
	copy(b[sampleBlock+1<<20+3000:], sampleSecret)
	return b
}

// sampleWrites are writes in three groups, fresh ones, and a wipe of the secret.
func sampleWrites(r *rand.Rand) []container.Write {
	w := []container.Write{
		{Off: 2<<20 + 3000, Data: make([]byte, len(sampleSecret)), Wipe: true, Group: 3},
		{Off: freshOff + r.Int64N(1000), Data: bytes.Repeat([]byte("fresh"), 300), Fresh: true},
	}
	for range 8 {
		data := bytes.Repeat([]byte{byte(r.Uint32())}, 1+r.IntN(3000))
		w = append(w, container.Write{Off: r.Int64N(1 << 18), Data: data, Group: r.IntN(3)})
	}
	return w
}

// content returns the virtual disk in an image file.
func content(t *testing.T, f io.ReaderAt) []byte {
	t.Helper()
	v, err := Open(struct {
		io.ReaderAt
		io.Closer
	}{f, nil}, sampleSize)
	if err != nil {
		t.Fatalf("it does not open: %v", err)
	}
	b := make([]byte, v.Size())
	if _, err := v.ReadAt(b, 0); err != nil {
		t.Fatal(err)
	}
	return b
}

// planned returns the change of the image file, and the disk after each of its groups.
func planned(t *testing.T, image []byte, r *rand.Rand) (undojournal.Change, [][]byte) {
	t.Helper()
	v, err := Open(struct {
		io.ReaderAt
		io.Closer
	}{bytes.NewReader(image), nil}, sampleSize)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := v.Plan(sampleWrites(r))
	if err != nil {
		t.Fatal(err)
	}
	change := undojournal.Change{Size: plan.Size}
	after := bytes.Clone(image)
	states := [][]byte{content(t, bytes.NewReader(image))}
	for _, g := range plan.Groups {
		var pieces []undojournal.Piece
		for _, p := range g {
			pieces = append(pieces, undojournal.Piece(p))
			copy(after[p.Off:], p.Data)
		}
		change.Groups = append(change.Groups, pieces)
		states = append(states, content(t, bytes.NewReader(after)))
	}
	return change, states
}

// TestCrash cuts the power while a plan is carried out, and in its recovery. What is then on the disk is, after recovery and
// to a reader before it, the old or the new virtual disk; and at the end of each group any reader opens it without recovery.
func TestCrash(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(14, 9))
	image := sampleImage(t)
	seen := map[string]int{}
	var change undojournal.Change
	var states [][]byte
	for state := range crashStates(t) {
		if state%50 == 0 {
			change, states = planned(t, image, r)
			if len(states) < 6 {
				t.Fatalf("only %d groups", len(states)-1)
			}
		}
		what := crashOnce(t, image, change, states, r)
		if t.Failed() {
			t.Fatalf("state %d", state)
		}
		seen[what]++
	}
	t.Logf("%v", seen)
	if seen["old"] == 0 || seen["new"] == 0 {
		t.Error("only one of the two outcomes was seen: this test proves nothing")
	}
}

func crashOnce(t *testing.T, image []byte, change undojournal.Change, states [][]byte, r *rand.Rand) string {
	t.Helper()
	m := powercut.New(image)
	m.CutAt(r.IntN(24))
	_, err := undojournal.Write(m.Image(), m.Folder(), "x", change, nil)
	m = m.Reboot(r)
	if r.IntN(2) == 0 {
		m.CutAt(m.Operations() + r.IntN(12))
		if _, err := undojournal.Recover(m.Image(), m.Folder(), "x", nil); err != nil {
			m = m.Reboot(r)
		}
		m.Heal()
	}
	view, viewErr := undojournal.View(m.Image(), m.Folder(), "x", nil)
	if viewErr != nil {
		t.Error(viewErr)
		return ""
	}
	seen := content(t, view)
	if _, err := undojournal.Recover(m.Image(), m.Folder(), "x", nil); err != nil {
		t.Error(err)
		return ""
	}
	got := content(t, m.Image())
	for _, b := range m.JournalWrites() {
		if bytes.Contains(b, []byte(sampleSecret)) {
			t.Error("the journal holds the secret")
		}
	}
	switch {
	case bytes.Equal(got, states[len(states)-1]):
		if !bytes.Equal(got, seen) {
			t.Error("a reader saw another disk")
		}
		return "new"
	case bytes.Equal(got, states[0]) && err != nil:
		if !bytes.Equal(m.Durable(), image) {
			t.Error("the old disk in another file")
		}
		clear(seen[freshOff : freshOff+freshMost]) // it may be there; before, it was zero
		if !bytes.Equal(got, seen) {
			t.Error("a reader saw another disk")
		}
		return "old"
	}
	t.Errorf("neither the old nor the new disk (the write returned %v)", err)
	return ""
}

// TestGroups applies a plan group by group, without a journal. After each the disk opens with no log to replay, and shows
// what the groups up to then hold; while the headers are written, any of their sectors may be missing.
func TestGroups(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(14, 10))
	image := sampleImage(t)
	old := content(t, bytes.NewReader(image))
	change, states := planned(t, image, r)
	if !bytes.Equal(states[2], old) || bytes.Equal(states[3], old) {
		t.Error("the first two groups are not the headers, or the third changes nothing")
	}
	for n, g := range change.Groups[:2] {
		if len(g) != 1 || len(g[0].Data) != headerSize {
			t.Fatalf("group %d is no header", n)
		}
		for range 30 {
			torn := bytes.Clone(image)
			for at := 0; at < headerSize; at += 512 {
				if r.IntN(2) == 0 {
					copy(torn[g[0].Off+int64(at):], g[0].Data[at:at+512])
				}
			}
			if !bytes.Equal(content(t, bytes.NewReader(torn)), old) {
				t.Error("a header that is written in part changes the disk")
			}
		}
		copy(image[g[0].Off:], g[0].Data)
	}
}
