package ledger

import (
	"bytes"
	"context"
)

// memory is the store of one process's run: the lines that a file would have.
type memory struct {
	lines []byte
	busy  chan struct{} // holds one token while somebody is at it
}

func newMemory() *memory { return &memory{busy: make(chan struct{}, 1)} }

func (m *memory) read(ctx context.Context, w wanted) ([]Entry, error) {
	if err := m.lock(ctx); err != nil {
		return nil, err
	}
	defer m.unlock()
	entries, _, err := scan(bytes.NewReader(m.lines), w)
	return entries, err
}

func (m *memory) update(ctx context.Context, w wanted, decide func([]Entry) (Entry, error)) error {
	if err := m.lock(ctx); err != nil {
		return err
	}
	defer m.unlock()
	entries, _, err := scan(bytes.NewReader(m.lines), w)
	if err != nil {
		return err
	}
	e, err := decide(entries)
	if err != nil {
		return err
	}
	line, err := e.line()
	m.lines = append(m.lines, line...)
	return err
}

func (m *memory) lock(ctx context.Context) error {
	select {
	case m.busy <- struct{}{}:
		return nil
	case <-ctx.Done():
		return stopped(ctx, "the run's uses")
	}
}

func (m *memory) unlock() { <-m.busy }
