package claims

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"time"

	"github.com/offlinejoin/offlinejoin/internal/plaintext"
)

// Format is the version of evidence files that this package reads and writes.
const Format = 1

// Kind says what a program ran on.
type Kind string

// The kinds of systems. Only Windows raises a claim.
const (
	Windows   Kind = "windows"
	Wine      Kind = "wine"
	ReactOS   Kind = "reactos"
	Simulated Kind = "simulated" // our own stand-in of a machine
)

// Kinds lists all kinds of systems.
func Kinds() []Kind { return []Kind{Windows, Wine, ReactOS, Simulated} }

// Result is what a step came to.
type Result string

// The results.
const (
	Passed  Result = "passed"
	Failed  Result = "failed"
	Skipped Result = "skipped" // with the reason
)

// Evidence is one file of docs/evidence: what one run of a program saw on one system. It holds no secret, no name of a
// machine or a user, and no path.
type Evidence struct {
	Format  int    `json:"format"`
	Program string `json:"program"` // name and version
	System  System `json:"system"`
	Date    string `json:"date"` // 2006-01-02, by the clock of that system
	Steps   []Step `json:"steps"`
}

// Tried reports whether anything was tried: a program whose every step was skipped has seen nothing of the system.
func (e Evidence) Tried() bool { return Tried(e.Steps) }

// Tried reports whether one of the steps was not skipped.
func Tried(steps []Step) bool {
	return slices.ContainsFunc(steps, func(s Step) bool { return s.Result != Skipped })
}

// System is what a program ran on.
type System struct {
	Kind  Kind   `json:"kind"`
	Name  string `json:"name"`  // Windows 11 Pro; Wine 8.0
	Build string `json:"build"` // 26100.4061; empty where there is none
	Arch  string `json:"arch"`  // as in answer files: amd64, arm64, x86
}

// Step is one check.
type Step struct {
	Step   string            `json:"step"`  // its name in the program
	Claim  string            `json:"claim"` // ID of the claim that it is about
	Result Result            `json:"result"`
	Reason string            `json:"reason,omitempty"` // why it was skipped, or how it failed
	Detail map[string]string `json:"detail,omitempty"` // counts and codes
}

// Bounds of evidence files, which strangers send.
const (
	maxFile  = 1 << 20
	maxSteps = 1000
	maxText  = 500
)

var (
	names  = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	builds = regexp.MustCompile(`^([0-9]{1,6}(\.[0-9]{1,6})?)?$`)
)

// Read reads an evidence file, at most 1 MiB. Whatever is not as it must be is an error: an unknown word, claim or result, a
// text with control characters, something after the end. So a file that was read can be shown.
func Read(r io.Reader) (Evidence, error) {
	var e Evidence
	raw, err := io.ReadAll(io.LimitReader(r, maxFile+1))
	if err != nil {
		return e, err
	}
	if len(raw) > maxFile {
		return e, errors.New("an evidence file has 1 MiB at most")
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(&e); err != nil {
		return e, errors.New("no evidence file: " + plaintext.Line(err.Error(), plaintext.Name))
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return e, errors.New("something follows the end of the evidence")
	}
	return e, e.check()
}

func (e Evidence) check() error {
	if e.Format != Format {
		return fmt.Errorf("format %d is not %d", e.Format, Format)
	}
	if _, err := time.Parse(time.DateOnly, e.Date); err != nil {
		return errors.New("the date is not of the form 2006-01-02")
	}
	texts := []string{e.Program, e.System.Name, e.System.Build}
	switch {
	case e.Program == "" || e.System.Name == "":
		return errors.New("program and the system's name are needed")
	case !slices.Contains(Kinds(), e.System.Kind):
		return fmt.Errorf("%q is no kind of system", e.System.Kind)
	case !slices.Contains([]string{"amd64", "arm64", "x86"}, e.System.Arch):
		return fmt.Errorf("%q is no architecture", e.System.Arch)
	case e.System.Kind == Windows && e.System.Build == "" || !builds.MatchString(e.System.Build):
		return errors.New("a build is a number or two, such as 26100.4061, and Windows has one")
	case len(e.Steps) == 0 || len(e.Steps) > maxSteps:
		return fmt.Errorf("%d steps", len(e.Steps))
	}
	for _, s := range e.Steps {
		if err := s.check(); err != nil {
			return err
		}
		texts = append(texts, s.Reason)
		for name, value := range s.Detail {
			if !names.MatchString(name) {
				return fmt.Errorf("step %s: %q is no name of a detail", s.Step, name)
			}
			texts = append(texts, value)
		}
	}
	for _, text := range texts {
		if len(text) > maxText || !plaintext.Safe(text) {
			return errors.New("a text is longer than 500 bytes, or has control characters")
		}
	}
	return nil
}

func (s Step) check() error {
	switch _, known := ByID(s.Claim); {
	case len(s.Step) > maxText || !names.MatchString(s.Step):
		return fmt.Errorf("%q is no name of a step", s.Step)
	case !known:
		return fmt.Errorf("step %s: %q is no claim", s.Step, s.Claim)
	case !slices.Contains([]Result{Passed, Failed, Skipped}, s.Result):
		return fmt.Errorf("step %s: %q is no result", s.Step, s.Result)
	case s.Result != Passed && s.Reason == "":
		return fmt.Errorf("step %s: %s without a reason", s.Step, s.Result)
	}
	return nil
}

// Write writes the evidence as [Read] takes it.
func (e Evidence) Write(w io.Writer) error {
	if err := e.check(); err != nil {
		return err
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(e)
}
