package ledger

import "context"

// memory is the store of one process's run.
type memory struct {
	entries []Entry
	busy    chan struct{} // holds one token while somebody is at it
}

func newMemory() *memory { return &memory{busy: make(chan struct{}, 1)} }

func (m *memory) read(ctx context.Context, _ filter) ([]Entry, error) {
	if err := m.lock(ctx); err != nil {
		return nil, err
	}
	defer m.unlock()
	return append([]Entry(nil), m.entries...), nil
}

func (m *memory) update(ctx context.Context, _ filter, decide func([]Entry) (Entry, error)) error {
	if err := m.lock(ctx); err != nil {
		return err
	}
	defer m.unlock()
	e, err := decide(m.entries)
	if err != nil {
		return err
	}
	m.entries = append(m.entries, e)
	return nil
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
