package cli

import (
	"fmt"
	"io"
	"math"
	"strings"
	"sync"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"github.com/offlinejoin/offlinejoin/internal/joinfile"
	"github.com/offlinejoin/offlinejoin/internal/joinfile/fleet"
	"github.com/offlinejoin/offlinejoin/internal/offlinejoin"
)

// bars shows a run on a terminal: a line for every image in hand, above them what went wrong, below a bar for all.
type bars struct {
	progress *mpb.Progress
	overall  *mpb.Bar

	mu      sync.Mutex
	running map[string]*runningImage
}

// runningImage is the line of an image in hand.
type runningImage struct {
	bar *mpb.Bar

	mu   sync.Mutex
	step string
}

func newBars(to io.Writer, action fleet.Action, total int) *bars {
	p := mpb.New(mpb.WithOutput(to), mpb.WithWidth(40), mpb.WithRefreshRate(100*time.Millisecond))
	return &bars{
		progress: p,
		overall: p.New(int64(total), mpb.BarStyle().Lbound("[").Filler("=").Tip(">").Padding(" ").Rbound("]"),
			mpb.BarPriority(math.MaxInt),
			mpb.PrependDecorators(decor.Name(actionWord(action)+" "), decor.CountersNoUnit("%d/%d")),
			mpb.AppendDecorators(decor.Elapsed(decor.ET_STYLE_GO, decor.WCSyncSpace)),
		),
		running: map[string]*runningImage{},
	}
}

// Begin implements [fleet.Watcher].
func (b *bars) Begin(j *joinfile.Join) {
	one := &runningImage{step: "waiting"}
	one.bar = b.progress.New(1, mpb.SpinnerStyle("|", "/", "-", "\\").PositionLeft(),
		mpb.BarRemoveOnComplete(), mpb.BarWidth(1),
		mpb.AppendDecorators(decor.Any(func(s decor.Statistics) string {
			return shortened(printable(j.Address)+": "+one.current(), max(s.AvailableWidth-3, 20))
		})),
	)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.running[j.Address] = one
}

// Event implements [fleet.Watcher]. Warnings are told at the end, all images together.
func (b *bars) Event(j *joinfile.Join, e offlinejoin.Event) {
	if one := b.image(j.Address); one != nil && e.Kind == offlinejoin.EventStep {
		one.mu.Lock()
		defer one.mu.Unlock()
		one.step = printable(e.Text)
	}
}

// End implements [fleet.Watcher].
func (b *bars) End(r *fleet.Result) {
	if one := b.image(r.Join); one != nil {
		one.bar.Increment()
	}
	b.mu.Lock()
	delete(b.running, r.Join)
	b.mu.Unlock()
	if r.Error != nil {
		b.say(endLine(r))
	}
	b.overall.Increment()
}

func (b *bars) image(address string) *runningImage {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.running[address]
}

func (one *runningImage) current() string {
	one.mu.Lock()
	defer one.mu.Unlock()
	return one.step
}

// say prints a line above the bars.
func (b *bars) say(text string) {
	fmt.Fprintln(b.progress, text) //nolint:errcheck // nothing to print above once the bars are gone
}

// close leaves the overall bar as it is and ends the drawing.
func (b *bars) close(*fleet.Report) {
	if !b.overall.Completed() {
		b.overall.Abort(false)
	}
	b.progress.Wait()
}

// shortened cuts a line so that it fits, for a line that wraps cannot be redrawn.
func shortened(text string, width int) string {
	text, _, _ = strings.Cut(text, "\n")
	runes := []rune(text)
	if len(runes) <= width {
		return text
	}
	return string(runes[:width-1]) + "…"
}
