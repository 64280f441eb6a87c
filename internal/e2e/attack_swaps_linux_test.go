package e2e

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/sample"
)

// swap is a name in an image, and what of the victim an enemy puts in its place again and again: the name leads there
// through a symbolic link.
type swap struct{ name, to string }

// swapAttacks lets an enemy exchange parts of an image with links to those of another image while joins are staged into it
// and taken back. Links are only refused by a program that opens what it has looked at, and nothing else.
func swapAttacks(t *testing.T, p programs) {
	for name, c := range map[string]struct {
		image sample.Image
		swaps []swap
		runs  int
	}{
		"registry": {sample.Image{}, []swap{
			{"Windows/System32/config", "Windows/System32/config"},
			{"Windows/System32", "Windows/System32"},
			{"Windows", "Windows"},
			{"Windows/System32/config/SYSTEM", "Windows/System32/config/SYSTEM"},
			{"Windows/System32/config/SYSTEM.LOG1", "Windows/System32/config/SYSTEM.LOG1"},
			{"Windows/System32/odjboot.tmp", "Windows/System32/odjboot.tmp"},
			{"Windows/System32/odjboot.exe", "Windows/System32/odjboot.exe"},
		}, long(100, 4)},
		"the program and the hives, as they were in the first attack": {sample.Image{}, []swap{
			{"Windows/System32/config", "Windows/System32/config"}, {"Windows/System32/odjboot.tmp", "Windows/System32/odjboot.tmp"},
		}, long(100, 4)},
		"answer file": {sample.Image{ImageState: "IMAGE_STATE_GENERALIZE_RESEAL_TO_OOBE"}, []swap{
			{"Windows/Panther", "Windows/Panther"},
			{"Windows/Panther/unattend.xml", "Windows/Panther/unattend.xml"},
			{"Windows/Panther/odjxml.tmp", "Windows/Panther/odjxml.tmp"},
			{"Windows/System32/config", "Windows/System32/config"},
			{"Windows/System32/Sysprep", "Windows/System32/Sysprep"},
		}, long(60, 4)},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAttacked(t, p)
			image := filepath.Join(a.dir, "image")
			windows, err := sample.WriteTree(image, c.image)
			must(t, err)
			must(t, os.MkdirAll(filepath.Join(windows, "System32", "Sysprep"), 0o755))
			must(t, os.MkdirAll(filepath.Join(windows, "Panther"), 0o755))

			enemy := newEnemy(t, a, image, c.swaps)
			var count tally
			for i := range c.runs {
				for _, args := range [][]string{
					{"stage", "--windows-path", windows, "--blob-file", a.blob, "--lock-timeout", "2s"},
					{"status", "--windows-path", windows},
					{"unstage", "--windows-path", windows, "--lock-timeout", "2s"},
				} {
					count.add(a.run(t, args...))
				}
				if i%10 == 9 {
					a.safe(t)
				}
			}
			swaps := enemy.stop(t)
			// A link that was swapped in between our write and our rename may have become the program or the answer file. It is
			// refused with that sentence, and goes as the sentence says.
			for _, made := range []string{"System32/odjboot.exe", "Panther/unattend.xml"} {
				name := filepath.Join(windows, made)
				if info, err := os.Lstat(name); err == nil && info.Mode()&os.ModeSymlink != 0 {
					must(t, os.Remove(name))
				}
			}
			a.safe(t)
			if count.good == 0 || count.good == count.runs && c.runs > 4 { // in a few runs it may be too late each time
				t.Errorf("the enemy kept nothing or everything from happening: %s", &count)
			}
			wellAfterwards(t, a, windows)
			seen(t, "swaps: "+name, "nothing outside is touched; every failure a sentence; the next run ends well",
				fmt.Sprintf("%d swaps during %s; the victim's %d files as they were; staged and taken back afterwards",
					swaps, &count, len(a.before)))
		})
	}
}

// wellAfterwards wants an image that was attacked to be whole, and to take a join and give it back.
func wellAfterwards(t *testing.T, a *attacked, windows string) {
	t.Helper()
	for _, c := range []struct {
		args []string
		want core.State
	}{
		{[]string{"stage", "--windows-path", windows, "--blob-file", a.blob}, core.StateStaged},
		{[]string{"unstage", "--windows-path", windows}, core.StateAbsent},
	} {
		if r := a.run(t, c.args...); r.code != 0 {
			t.Errorf("afterwards %q fails: %s", r.args, r.errors)
		}
		isWhole(t, windows)
		if got := stateOf(t, a.programs, windows); got != c.want {
			t.Errorf("afterwards the image is %s, want %s", got, c.want)
		}
	}
	nothingLeft(t, windows, a.search)
	for _, left := range []string{"System32/odjboot.tmp", "Panther/odjxml.tmp"} {
		if _, err := os.Lstat(filepath.Join(windows, left)); err == nil {
			t.Errorf("%s is left", left)
		}
	}
}

// enemy exchanges names with links, until it is stopped.
type enemy struct {
	image, aside string
	swaps        []swap
	done         atomic.Int64
	quit         chan struct{}
	work         sync.WaitGroup
}

func newEnemy(t *testing.T, a *attacked, image string, swaps []swap) *enemy {
	t.Helper()
	e := &enemy{image: image, aside: filepath.Join(a.dir, "aside"), swaps: swaps, quit: make(chan struct{})}
	must(t, os.Mkdir(e.aside, 0o755))
	e.work.Go(func() {
		random := rand.New(rand.NewPCG(1, 2))
		for {
			select {
			case <-e.quit:
				return
			default:
				e.swap(a, random)
			}
		}
	})
	t.Cleanup(func() { e.end() })
	return e
}

// swap puts a link in the place of a name for a moment. When nothing is there, it makes the link and removes it.
func (e *enemy) swap(a *attacked, random *rand.Rand) {
	s := e.swaps[random.IntN(len(e.swaps))]
	at, link := filepath.Join(e.image, s.name), filepath.Join(e.aside, "link")
	_ = os.Remove(link)
	if os.Symlink(filepath.Join(a.victim, s.to), link) != nil {
		return
	}
	defer func() { _ = os.Remove(link) }() // as far as a swap has left it
	if exchange(at, link) == nil {
		time.Sleep(time.Duration(random.IntN(300)) * time.Microsecond)
		// What the name was is put back; what a run has made in its place meanwhile goes aside.
		if exchange(at, link) != nil {
			_ = os.Rename(link, at)
		}
	} else if os.Rename(link, at) == nil {
		time.Sleep(time.Duration(random.IntN(300)) * time.Microsecond)
		if target, err := os.Readlink(at); err == nil && target == filepath.Join(a.victim, s.to) {
			_ = os.Remove(at)
		}
	}
	e.done.Add(1)
	time.Sleep(time.Duration(random.IntN(2000)) * time.Microsecond)
}

func exchange(a, b string) error {
	return unix.Renameat2(unix.AT_FDCWD, a, unix.AT_FDCWD, b, unix.RENAME_EXCHANGE)
}

func (e *enemy) end() {
	select {
	case <-e.quit:
	default:
		close(e.quit)
	}
	e.work.Wait()
}

// stop ends the enemy, and returns how often it has swapped.
func (e *enemy) stop(t *testing.T) int64 {
	t.Helper()
	e.end()
	if e.done.Load() == 0 {
		t.Error("the enemy did nothing")
	}
	return e.done.Load()
}
