package lab

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/offlinejoin/offlinejoin/internal/claims"
	"github.com/offlinejoin/offlinejoin/internal/version"
)

// Step is one check of one claim.
type Step struct {
	Name  string // of evidence files
	Claim string // ID of package claims
	// Run does it in an empty folder of its own, and returns counts and codes for the evidence.
	Run func(ctx context.Context, m Machine, dir string) (Detail, error)
}

// Detail is what a step counted.
type Detail map[string]string

func count(n int) string { return strconv.Itoa(n) }

// Steps returns all steps in their order.
func Steps() []Step {
	return slices.Concat(hiveSteps(), volumeSteps(), requestSteps())
}

// Run runs the steps below the folder dir and returns what they came to. told is called after each. It stops early only when ctx
// ends: then the steps that are left are skipped.
func Run(ctx context.Context, m Machine, dir string, steps []Step, told func(claims.Step)) claims.Evidence {
	e := EvidenceOf(m, nil)
	for _, s := range steps {
		done := run(ctx, m, filepath.Join(dir, s.Name), s)
		e.Steps = append(e.Steps, done)
		told(done)
	}
	return e
}

// Reserve reports whether a file of evidence can be made, so that half an hour is not lost for a name. It leaves nothing: this process
// may end with the restart of its Windows.
func Reserve(path string) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	return errors.Join(file.Close(), os.Remove(path))
}

// WriteEvidence makes the file of evidence.
func WriteEvidence(path string, e claims.Evidence) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	err = errors.Join(e.Write(file), file.Close())
	if err != nil {
		err = errors.Join(err, os.Remove(path)) // half of it is none
	}
	return err
}

// EvidenceOf returns the evidence of steps that have run on a machine today.
func EvidenceOf(m Machine, steps []claims.Step) claims.Evidence {
	return claims.Evidence{
		Format: claims.Format, Program: "offlinejoin-lab " + version.Version, System: m.System(),
		Date: time.Now().Format(time.DateOnly), Steps: steps,
	}
}

func run(ctx context.Context, m Machine, dir string, s Step) claims.Step {
	done := claims.Step{Step: s.Name, Claim: s.Claim}
	err := ctx.Err()
	if err == nil {
		err = os.Mkdir(dir, 0o700)
	}
	if err == nil {
		done.Detail, err = guarded(ctx, m, dir, s)
	}
	_ = os.RemoveAll(dir) // the whole folder of the run goes at its end
	done.Result, done.Reason = claims.Judged(err)
	return done
}

// guarded turns a panic of a step into its failure, so that the steps after it run.
func guarded(ctx context.Context, m Machine, dir string, s Step) (d Detail, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = differs("a defect of this program: %v", r)
		}
	}()
	return s.Run(ctx, m, dir)
}

func differs(format string, args ...any) error { return claims.Differs(format, args...) }
