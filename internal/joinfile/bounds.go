package joinfile

import (
	"context"
	"fmt"
	"runtime/metrics"
	"time"

	"github.com/hashicorp/hcl/v2"
)

// The bounds of what is read and made.
const (
	MaxFile    = 1 << 20 // bytes of one join file, and of one file that file() reads
	MaxFiles   = 256     // join files of one folder
	MaxJoins   = 10_000  // joins after expansion
	maxKey     = 256     // bytes of one for_each key
	maxNesting = 500     // open brackets
	maxUnary   = 10_000  // signs in a row, such as !!!!
	maxWalked  = 100_000 // entries that one fileset() looks at

	evaluationMemory = 512 << 20 // bytes by which the heap may grow
	evaluationTime   = time.Minute
	evaluationLook   = 20 * time.Millisecond
)

// bounded runs work until it ends, asks for too much, panics or is cancelled. HCL's evaluation knows no budget, so what
// has asked for too much runs on; the caller is about to tell and to end.
func bounded(ctx context.Context, work func()) hcl.Diagnostics {
	done := make(chan any, 1)
	go func() {
		defer func() { done <- recover() }()
		work()
	}()
	start, before := time.Now(), heap()
	tick := time.NewTicker(evaluationLook)
	defer tick.Stop()
	for {
		select {
		case fault := <-done:
			if fault == nil {
				return nil
			}
			return general("Evaluation failed", fmt.Sprintf("The join file cannot be evaluated (%v). Please report this "+
				"as a bug, with the expressions that you use.", fault))
		case <-ctx.Done():
			return general("Stopped", "Reading the join file was stopped. Nothing was written.")
		case <-tick.C:
		}
		if heap() > before+evaluationMemory || time.Since(start) > evaluationTime {
			return general("Too much to evaluate", "The expressions of the join file ask for more than 512 MiB of memory "+
				"or a minute of time: look for values that multiply each other, such as nested for expressions.")
		}
	}
}

func heap() uint64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

// checkNesting refuses text that would send a recursive parser too deep.
func checkNesting(src []byte, file string) hcl.Diagnostics {
	depth, signs, line := 0, 0, 1
	for _, c := range src {
		switch c {
		case '(', '[', '{':
			depth++
		case ')', ']', '}':
			depth = max(depth-1, 0)
		case '!', '-':
			signs++
		case '\n':
			line++
		case ' ', '\t', '\r':
		default:
			signs = 0
		}
		if depth > maxNesting || signs > maxUnary {
			return general("Too deeply nested", fmt.Sprintf("%s line %d is nested deeper than %d brackets: split it up "+
				"with locals.", file, line, maxNesting))
		}
	}
	return nil
}
