package undojournal_test

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/offlinejoin/offlinejoin/internal/undojournal"
)

// kills is how many processes TestKill kills; OFFLINEJOIN_KILLS asks for more.
func kills(t testing.TB) int {
	t.Helper()
	n, err := strconv.Atoi(os.Getenv("OFFLINEJOIN_KILLS"))
	if err != nil {
		return 12
	}
	return n
}

const (
	killSize  = 400 * sectorSize
	killGrown = killSize + 700
)

// flip returns the change of a file of one letter to a file of the other one, in several groups, with a fill and a wipe.
// One of the two files is longer.
func flip(to byte, size int64) undojournal.Change {
	letters := func(n int) []byte { return bytes.Repeat([]byte{to}, n) }
	c := undojournal.Change{Size: size, Groups: make([][]undojournal.Piece, 4)}
	for i := range int64(20) {
		c.Groups[i%3] = append(c.Groups[i%3], undojournal.Piece{Off: i * 19 * sectorSize, Data: letters(9 * sectorSize)})
	}
	c.Groups[3] = []undojournal.Piece{{Off: 399 * sectorSize, Data: make([]byte, 100), Wipe: true}}
	if size > killSize {
		c.Fills = []undojournal.Piece{{Off: killSize, Data: letters(int(size - killSize))}}
	}
	return c
}

// flipForever is the process that is killed: it recovers the file, and changes it from one state to the other and so on.
func flipForever(t *testing.T, path string) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	d, err := undojournal.OpenFolder(filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	file := osFile{f}
	if _, err := undojournal.Recover(file, d, journalName, nil); err != nil {
		t.Fatal(err)
	}
	for to := byte('b'); ; to ^= 'a' ^ 'b' {
		if _, err := undojournal.Write(file, d, journalName, flip(to, killGrown), nil); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(os.Stdout, "."); err != nil {
			t.Fatal(err)
		}
	}
}

// TestKill kills processes while they change a file. Each time the file becomes one of the states between two changes.
func TestKill(t *testing.T) {
	if path := os.Getenv("OFFLINEJOIN_TEST_KILL"); path != "" {
		flipForever(t, path)
		return
	}
	t.Parallel()
	old := bytes.Repeat([]byte{'o'}, killSize)
	f, d, _ := onDisk(t, old)
	r := rand.New(rand.NewPCG(14, 11))
	states := killStates(t, old)
	recovered := map[undojournal.Outcome]int{}
	for range kills(t) {
		killOne(t, f.Name(), time.Duration(r.IntN(8000))*time.Microsecond)
		outcome, err := undojournal.Recover(f, d, journalName, nil)
		if err != nil {
			t.Fatal(err)
		}
		recovered[outcome]++
		got, err := os.ReadFile(f.Name())
		if err != nil {
			t.Fatal(err)
		}
		if len(got) == killGrown {
			clear(got[killSize:]) // a fill, which a roll-back takes away
		}
		if !bytes.Equal(got, states[0]) && !bytes.Equal(got, states[1]) && !bytes.Equal(got, states[2]) {
			t.Fatal("the file is in none of the states")
		}
	}
	t.Logf("%v", recovered)
}

// killStates returns the file before the first change, and after a change to either letter, without what the fill wrote.
func killStates(t *testing.T, old []byte) [3][]byte {
	t.Helper()
	states := [3][]byte{old}
	at := old
	for i, to := range []byte{'b', 'a'} {
		c := trial{old: at, change: flip(to, killGrown)}
		c.finish()
		at = c.want
		states[i+1] = append(bytes.Clone(at[:killSize]), make([]byte, killGrown-killSize)...)
	}
	return states
}

// killOne starts a process that changes the file, and kills it some time after it has begun.
func killOne(t *testing.T, path string, after time.Duration) {
	t.Helper()
	child := exec.Command(os.Args[0], "-test.run=^TestKill$")
	child.Env = append(os.Environ(), "OFFLINEJOIN_TEST_KILL="+path)
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(out, make([]byte, 1)); err != nil { // one change is done
		t.Error(err)
	}
	time.Sleep(after)
	if err := child.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		t.Error(err)
	}
	_ = child.Wait() // killed
}
