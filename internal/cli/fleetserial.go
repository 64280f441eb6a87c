package cli

import (
	"sync"

	"github.com/offlinejoin/offlinejoin/internal/joinfile"
	"github.com/offlinejoin/offlinejoin/internal/joinfile/fleet"
	"github.com/offlinejoin/offlinejoin/internal/offlinejoin"
)

// serial lets a note come between the calls of a run, which are one at a time among themselves.
type serial struct {
	watcher
	mu sync.Mutex
}

func (s *serial) Begin(j *joinfile.Join) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.watcher.Begin(j)
}

func (s *serial) Event(j *joinfile.Join, e offlinejoin.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.watcher.Event(j, e)
}

func (s *serial) End(r *fleet.Result) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.watcher.End(r)
}

func (s *serial) say(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.watcher.say(text)
}

func (s *serial) close(r *fleet.Report) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.watcher.close(r)
}
