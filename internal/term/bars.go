package term

import (
	"fmt"
	"io"
	"math"
	"sync"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
)

// Bars shows work on many things on a terminal: a line for each that is in hand, above them messages, below a bar
// for all. It is safe for concurrent use. Close ends it.
type Bars struct {
	progress *mpb.Progress
	overall  *mpb.Bar

	mu      sync.Mutex
	running map[string]*runningLine
}

// runningLine is the line of a thing in hand.
type runningLine struct {
	bar   *mpb.Bar
	label string

	mu   sync.Mutex
	step string
}

// NewBars begins to draw on w, which takes ANSI escape sequences. title stands before the bar for all, which is full
// after total calls of End.
func NewBars(w io.Writer, title string, total int) *Bars {
	p := mpb.New(mpb.WithOutput(w), mpb.WithWidth(40), mpb.WithRefreshRate(100*time.Millisecond))
	return &Bars{
		progress: p,
		overall: p.New(int64(total), mpb.BarStyle().Lbound("[").Filler("=").Tip(">").Padding(" ").Rbound("]"),
			mpb.BarPriority(math.MaxInt),
			mpb.PrependDecorators(decor.Name(title+" "), decor.CountersNoUnit("%d/%d")),
			mpb.AppendDecorators(decor.Elapsed(decor.ET_STYLE_GO, decor.WCSyncSpace)),
		),
		running: map[string]*runningLine{},
	}
}

// Begin adds a line for a thing in hand; id is what Step and End name it by.
func (b *Bars) Begin(id, label, step string) {
	line := &runningLine{label: label, step: step}
	line.bar = b.progress.New(1, mpb.SpinnerStyle("|", "/", "-", "\\").PositionLeft(),
		mpb.BarRemoveOnComplete(), mpb.BarWidth(1),
		mpb.AppendDecorators(decor.Any(func(s decor.Statistics) string {
			return Shorten(line.label+": "+line.current(), max(s.AvailableWidth-3, 20))
		})),
	)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.running[id] = line
}

// Step changes what the line of a thing in hand shows as done to it now.
func (b *Bars) Step(id, step string) {
	if line := b.line(id); line != nil {
		line.mu.Lock()
		defer line.mu.Unlock()
		line.step = step
	}
}

// End takes the line away and moves the bar for all on. A message about it, unless empty, stays above
// the bars.
func (b *Bars) End(id, message string) {
	if line := b.line(id); line != nil {
		line.bar.Increment()
	}
	b.mu.Lock()
	delete(b.running, id)
	b.mu.Unlock()
	if message != "" {
		b.Say(message)
	}
	b.overall.Increment()
}

// Say prints a line above the bars.
func (b *Bars) Say(text string) {
	fmt.Fprintln(b.progress, text) // nothing to print above once the bars are gone
}

// Close leaves the bar for all as it is and ends the drawing.
func (b *Bars) Close() {
	if !b.overall.Completed() {
		b.overall.Abort(false)
	}
	b.progress.Wait()
}

func (b *Bars) line(id string) *runningLine {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.running[id]
}

func (l *runningLine) current() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.step
}
