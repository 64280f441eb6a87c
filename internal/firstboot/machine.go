package firstboot

import (
	"context"
	"time"

	"github.com/offlinejoin/offlinejoin/internal/claims"
)

// Machine boots Windows from a disk.
type Machine interface {
	// Kind says what the machine is to evidence: [claims.Windows] where what boots is a real one.
	Kind() claims.Kind
	// Boot starts the machine from a disk, which it changes, and returns how it ended, when it is off. It is turned off
	// when ctx ends. An error means that the machine could not be run, which says nothing about what is in the disk.
	Boot(ctx context.Context, disk string, b Boot) (End, error)
}

// Boot is how a machine is to be run.
type Boot struct {
	// Cut is when the power is cut. With NoCut the machine runs until it has come to rest, and is asked to turn itself off.
	Cut Moment
	// Usual is how long this Windows took from its start to the restart by the completion program, when nothing went
	// wrong. It is what a machine knows moments by that can only be seen from outside. Always more than 0 with a Cut.
	Usual time.Duration
	// Patience is how many times longer than usual the machine may take, such as for Windows Setup; 0 is 1.
	Patience int
	// Network gives the machine the network that this process reaches. Without it there is none.
	Network bool
	// Records begins the paths of the files that the machine leaves of the boot.
	Records string
}

// Moment is one at which the power can be cut.
type Moment int

// The moments.
const (
	NoCut         Moment = iota
	BeforeProgram        // Windows is starting, and has not come to the completion program
	InProgram            // about when that works
	BeforeRestart        // as Windows restarts after it
)

// End is how a boot ended.
type End struct {
	How      How
	Restarts int           // how often Windows restarted
	After    time.Duration // from the start to the first restart; 0 without one
}

// How is the way in which a machine came to be off.
type How int

// The ways.
const (
	ByItself How = iota // it was asked to, by ACPI, and shut down
	AtLimit             // it was given time enough, and did not
	Cut                 // at the moment that was wanted
)

func (h How) String() string { return [...]string{"by itself", "at the limit", "cut"}[h] }
