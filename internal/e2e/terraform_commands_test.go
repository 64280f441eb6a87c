package e2e

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"filippo.io/age"

	"github.com/offlinejoin/offlinejoin/internal/agefile"
	"github.com/offlinejoin/offlinejoin/internal/canary"
	"github.com/offlinejoin/offlinejoin/internal/imagefs/localdir"
	"github.com/offlinejoin/offlinejoin/internal/sample/sampletest"
)

// terraformCommands are for the scripts of terraform: what happens to images behind its back, and what happens to it.
func terraformCommands() map[string]scriptCommand {
	return map[string]scriptCommand{
		"fleet":  command(2, (*state).makeFleet),
		"happen": command(2, (*state).happen),
		"seal":   command(2, (*state).seal),
		"lock":   command(1, (*state).lock),
		"unlock": command(1, (*state).unlock),
		"await":  command(3, (*state).await),
		"crash":  command(1, (*state).crash),
	}
}

// makeFleet: `fleet N DIR` makes the images DIR/w001/Windows … and their blobs secret/w001.djoin … `nosecret` looks for
// the first few, because a search for a hundred takes long.
func (s *state) makeFleet(abs func(string) string, args []string) {
	n, err := strconv.Atoi(args[0])
	must(s.tb, err)
	for i := range n {
		name := fmt.Sprintf("w%03d", i+1)
		s.image(s.tb, filepath.Join(abs(args[1]), name))
		file := abs(filepath.Join("secret", name+".djoin"))
		must(s.tb, os.MkdirAll(filepath.Dir(file), 0o700))
		s.blob(s.tb, strings.ToUpper(name), file)
		if i < 4 {
			s.lookFor(file)
		}
	}
}

// seal: `seal FILE KEY` encrypts FILE to FILE.age for the identity that it writes to KEY. Plain FILE goes.
func (s *state) seal(abs func(string) string, args []string) {
	key, err := age.GenerateX25519Identity()
	must(s.tb, err)
	plain, err := os.ReadFile(abs(args[0]))
	must(s.tb, err)
	var to agefile.Recipients
	must(s.tb, to.Add(key.Recipient().String()))
	sealed, err := agefile.Seal(plain, &to, true)
	must(s.tb, err)
	must(s.tb, os.WriteFile(abs(args[0])+".age", sealed, 0o600))
	must(s.tb, os.WriteFile(abs(args[1]), []byte(key.String()+"\n"), 0o600))
	must(s.tb, os.Remove(abs(args[0])))
	s.search = s.search.And(canary.For(map[string][]byte{"the identity": []byte(key.String()[20:])}))
}

// happen: `happen EVENT WINDOWS` lets something happen to an image.
func (s *state) happen(abs func(string) string, args []string) {
	events := map[string]func(testing.TB, string){
		"completed": sampletest.Complete,
		"failed":    func(t testing.TB, windows string) { sampletest.Fail(t, windows, 1355) },
		"foreign":   sampletest.Foreign,
		"joined":    sampletest.Member,
		"disarmed":  sampletest.Disarm,
	}
	event, ok := events[args[0]]
	if !ok {
		s.tb.Fatalf("event %s: want one of %v", args[0], slices.Sorted(maps.Keys(events)))
	}
	event(s.tb, abs(args[1]))
}

// lock: `lock WINDOWS` holds the lock of somebody who is changing the image, until `unlock WINDOWS`.
func (s *state) lock(abs func(string) string, args []string) {
	image, err := localdir.Open(abs(args[0]))
	must(s.tb, err)
	file, err := image.OpenWrite("Windows/System32/config/SYSTEM")
	must(s.tb, err)
	if held, err := file.TryLock(); err != nil || !held {
		s.tb.Fatalf("the lock of %s: %v, %v", args[0], held, err)
	}
	s.locks[abs(args[0])] = func() {
		must(s.tb, file.Close())
		must(s.tb, image.Close())
	}
}

func (s *state) unlock(abs func(string) string, args []string) {
	release, ok := s.locks[abs(args[0])]
	if !ok {
		s.tb.Fatalf("%s is not locked", args[0])
	}
	release()
	delete(s.locks, abs(args[0]))
}

// await: `await FILE N PATTERN` waits until FILE has N matches of PATTERN.
func (s *state) await(abs func(string) string, args []string) {
	n, err := strconv.Atoi(args[1])
	must(s.tb, err)
	pattern := regexp.MustCompile(args[2])
	const long = 2 * time.Minute
	for giveUp := time.Now().Add(long); ; time.Sleep(10 * time.Millisecond) {
		content, err := os.ReadFile(abs(args[0]))
		if err == nil && len(pattern.FindAllIndex(content, -1)) >= n {
			return
		}
		if time.Now().After(giveUp) {
			s.tb.Fatalf("after %s %s has no %d times %s: %v\n%s", long, args[0], n, args[2], err, content)
		}
	}
}

// crash: `crash PIDFILE` lets the provider that the terraform with the pid in PIDFILE has started crash: the Go runtime
// answers SIGQUIT with the stacks of all that was running.
func (s *state) crash(abs func(string) string, args []string) {
	text, err := os.ReadFile(abs(args[0]))
	must(s.tb, err)
	parent := strings.TrimSpace(string(text))
	for _, pid := range children(s.tb, parent) {
		exe, err := os.Readlink("/proc/" + pid + "/exe")
		if err == nil && strings.Contains(exe, "terraform-provider-offlinejoin") {
			number, err := strconv.Atoi(pid)
			must(s.tb, err)
			provider, err := os.FindProcess(number)
			must(s.tb, err)
			must(s.tb, provider.Signal(syscall.SIGQUIT))
			return
		}
	}
	s.tb.Fatalf("process %s has no provider", parent)
}

// children returns the processes whose parent is the one given.
func children(t testing.TB, parent string) []string {
	t.Helper()
	entries, err := os.ReadDir("/proc")
	must(t, err)
	var found []string
	for _, e := range entries {
		stat, err := os.ReadFile("/proc/" + e.Name() + "/stat")
		if err != nil {
			continue // no process, or one that has ended
		}
		// pid (name) state parent …; the name may hold blanks and brackets
		_, after, _ := strings.Cut(string(stat[strings.LastIndexByte(string(stat), ')')+1:]), " ")
		if fields := strings.Fields(after); len(fields) > 1 && fields[1] == parent {
			found = append(found, e.Name())
		}
	}
	return found
}
