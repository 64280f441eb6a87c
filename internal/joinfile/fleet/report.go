package fleet

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/offlinejoin/offlinejoin/internal/joinfile"
	"github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/plaintext"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// SchemaVersion is the version of a report's JSON form and of the lines that tell of a run as it goes.
const SchemaVersion = 1

// Action is what a run does with each join.
type Action string

// The actions.
const (
	Plan    Action = "plan"
	Apply   Action = "apply"
	Status  Action = "status"
	Unstage Action = "unstage"
)

// Outcome is what became of one join: an outcome of the core, or one of these.
type Outcome = offlinejoin.Outcome

// The outcomes that a run adds to those of the core.
const (
	OutcomeRead     Outcome = "read"      // the status was read
	OutcomeNoDisk   Outcome = "no_disk"   // a status or unstage of a new disk that is not there: not made yet, or removed
	OutcomeFailed   Outcome = "failed"    // refused, or failed; Error tells why
	OutcomeNotBegun Outcome = "not_begun" // the run was stopped before it
)

// Result is what became of one join. It holds no secret.
type Result struct {
	Join        string               `json:"join"` // its address
	File        string               `json:"file"` // where it is declared
	Line        int                  `json:"line"`
	WindowsPath string               `json:"windows_path"`
	BlobFile    string               `json:"blob_file"` // empty: the join makes its account
	Outcome     Outcome              `json:"outcome"`
	Error       *Failure             `json:"error,omitempty"`
	Warnings    []string             `json:"warnings,omitempty"`     // of a join that failed, or has no disk; else its receipt or status has them
	Receipt     *offlinejoin.Receipt `json:"receipt,omitempty"`      // of plan, apply and unstage
	Status      *offlinejoin.Status  `json:"image_status,omitempty"` // of status
	Millis      int64                `json:"duration_ms"`

	AccountPlan  *offlinejoin.AccountPlan  `json:"account_plan,omitempty"`  // of plan, where an account is made
	Account      *offlinejoin.AccountFacts `json:"account,omitempty"`       // of status and unstage, where one was made
	AccountError *Failure                  `json:"account_error,omitempty"` // why nothing is known of the account
}

// Failure is why a join failed.
type Failure struct {
	Code    uint32 `json:"code"`
	Name    string `json:"name"`
	Message string `json:"message"`
	MayPass bool   `json:"-"` // see [offlinejoin.MayPass]
}

// Report is the outcome of a run.
type Report struct {
	SchemaVersion int             `json:"schema_version"`
	Action        Action          `json:"action"`
	Source        string          `json:"source"` // the join file or folder, as the user named it
	By            string          `json:"by"`     // name/version
	StartedAt     time.Time       `json:"started_at"`
	FinishedAt    time.Time       `json:"finished_at"`
	Interrupted   bool            `json:"interrupted"`
	Outcomes      map[Outcome]int `json:"outcomes"` // how many joins came to each
	Joins         []Result        `json:"joins"`    // in the order of the declarations
}

// Count returns how many joins came to an outcome.
func (r *Report) Count(o Outcome) int { return r.Outcomes[o] }

// Well reports whether every join came to what was asked.
func (r *Report) Well() bool { return r.Count(OutcomeFailed) == 0 && r.Count(OutcomeNotBegun) == 0 }

// MayPass reports whether the same run may do better by itself a little later: all that failed was busy, or did not answer
// in time ([offlinejoin.MayPass]). A run that was interrupted was not told to go on.
func (r *Report) MayPass() bool {
	for i := range r.Joins {
		if r.Joins[i].Error != nil && !r.Joins[i].Error.MayPass {
			return false
		}
	}
	return !r.Well() && !r.Interrupted && r.Count(OutcomeFailed) > 0
}

// Elapsed is how long the run took.
func (r *Report) Elapsed() time.Duration { return r.FinishedAt.Sub(r.StartedAt) }

// Machine returns the machine and the domain that a result is about, as far as they are known.
func (r *Result) Machine() (machine, domain string) {
	switch {
	case r.Receipt != nil && r.Receipt.Blob.MachineName != "":
		return r.Receipt.Blob.MachineName, r.Receipt.Blob.Domain
	case r.Status != nil:
		return r.Status.MachineName, r.Status.Domain
	}
	return "", ""
}

// ImageStatus returns what the image held last, and nil when it is not known.
func (r *Result) ImageStatus() *offlinejoin.Status {
	if r.Receipt != nil {
		return &r.Receipt.Status
	}
	return r.Status
}

// begun returns the result of a join before anything is known. Its texts are safe for a line.
func begun(j *joinfile.Join) Result {
	return Result{
		Join: plaintext.Line(j.Address, 0), File: plaintext.Line(j.File, 0), Line: j.Line,
		WindowsPath: j.Request.Image.String(), BlobFile: plaintext.Line(j.BlobFile, 0), Outcome: OutcomeNotBegun,
	}
}

// warn keeps a warning of a join that may fail yet, once, safe for a line.
func (r *Result) warn(text string) {
	if text = plaintext.Line(text, 0); !slices.Contains(r.Warnings, text) {
		r.Warnings = append(r.Warnings, text)
	}
}

// failure returns why a join failed, safe for a line: errors of the system and of libraries enter the report here.
func failure(err error) *Failure {
	f := uncheckedFailure(err)
	f.Message = plaintext.Line(f.Message, 0)
	return f
}

func uncheckedFailure(err error) *Failure {
	e, ok := errors.AsType[*winerr.Error](err)
	switch {
	case errors.Is(err, context.Canceled):
		f := &Failure{
			Code: uint32(winerr.Cancelled), Name: winerr.Cancelled.Name(),
			Message: "stopped by your second interrupt: run it again",
		}
		if ok { // it says more, such as that nothing was written
			f.Message += " (" + strings.ReplaceAll(e.Message, context.Canceled.Error(), "interrupted") + ")"
		}
		return f
	case ok:
		return &Failure{Code: uint32(e.Code), Name: e.Code.Name(), Message: e.Message, MayPass: offlinejoin.MayPass(err)}
	}
	return &Failure{Code: uint32(winerr.InvalidParameter), Name: winerr.InvalidParameter.Name(), Message: err.Error()}
}

// Recount counts the outcomes anew, after a change of Joins.
func (r *Report) Recount() {
	r.Outcomes = map[Outcome]int{}
	for _, one := range r.Joins {
		r.Outcomes[one.Outcome]++
	}
}
