package remotedir

import (
	"context"
	"errors"
	"fmt"
)

// StepKind is what a [Step] does.
type StepKind int

// The kinds, with the fields that they use.
const (
	Expect    StepKind = iota // Paths have the SHA-256 Digests; "" stands for no file; else [ErrDiffers]
	Create                    // Path; see [Machine]'s method of the same name, as for all that follow
	Mkdir                     // Path
	RemoveDir                 // Path
	Write                     // Path, Pieces, Size
	Copy                      // Path, To
	Rename                    // Path, To
	Remove                    // Paths
	Scrub                     // Paths
	SyncDir                   // Path
	Link                      // Path, To: another name for a file, where nothing is; of a [Batcher] only
)

// Step is one step of a change: one call of a [Machine] that changes something, or a look whether the change may go on.
type Step struct {
	Kind           StepKind
	Path, To       string
	Paths, Digests []string
	Pieces         []Piece
	Size           int64
}

// ErrDiffers is what an [Expect] comes to where a file is another one.
var ErrDiffers = errors.New("a file is not what was expected")

// ErrLost is what an error of a [Machine] matches when the connection is gone. Nothing is known then of what the machine is
// still doing.
var ErrLost = errors.New("the connection is lost")

// Batcher is a machine that takes the steps of a change in one stream.
type Batcher interface {
	// Batch carries out steps in order, each only when the one before has been done and its bytes are on the disk. It
	// returns how many are known to have been done, which is all of them when err is nil; the one behind them may have been
	// begun.
	Batch(ctx context.Context, steps []Step) (done int, err error)
}

// batch carries out steps on any machine.
func batch(ctx context.Context, m Machine, steps []Step) (done int, err error) {
	if b, can := m.(Batcher); can {
		return b.Batch(ctx, steps)
	}
	for i, s := range steps {
		if err := single(ctx, m, s); err != nil {
			return i, err
		}
	}
	return len(steps), nil
}

func single(ctx context.Context, m Machine, s Step) error {
	switch s.Kind {
	case Expect:
		there, err := m.Digests(ctx, s.Paths)
		if err != nil {
			return err
		}
		if len(there) != len(s.Digests) {
			return errors.New("the machine returned digests of other files")
		}
		for i, digest := range s.Digests {
			if there[i] != digest {
				return ErrDiffers
			}
		}
		return nil
	case Create:
		return m.Create(ctx, s.Path)
	case Mkdir:
		return m.Mkdir(ctx, s.Path)
	case RemoveDir:
		return m.RemoveDir(ctx, s.Path)
	case Write:
		return m.Write(ctx, s.Path, s.Pieces, s.Size)
	case Copy:
		return m.Copy(ctx, s.Path, s.To)
	case Rename:
		return m.Rename(ctx, s.Path, s.To)
	case Remove:
		return m.Remove(ctx, s.Paths...)
	case Scrub:
		return m.Scrub(ctx, s.Paths...)
	case SyncDir:
		return m.SyncDir(ctx, s.Path)
	}
	return fmt.Errorf("there is no step of kind %d", s.Kind)
}
