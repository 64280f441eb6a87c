package ledger

import (
	"time"
)

// Skew sets the ledger's clock off by d, as another host's may be.
func (l *Ledger) Skew(d time.Duration) { l.now = func() time.Time { return time.Now().Add(d) } }

// CompactFrom is the size in bytes from which a file is compacted.
const CompactFrom = compactFrom

// OnStep calls a function between the steps of every transaction of a ledger in a database: "begun", "locked", "decided", "inserted".
func (l *Ledger) OnStep(step func(name string)) { l.store.(*postgres).step = step }
