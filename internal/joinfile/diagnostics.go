package joinfile

import (
	"bufio"
	"bytes"
	"io"
	"regexp"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"github.com/offlinejoin/offlinejoin/internal/plaintext"
)

// Diagnostics are what is wrong with join files, with the sources that they point into. Nil is none.
type Diagnostics struct {
	list  hcl.Diagnostics
	files map[string]*hcl.File

	assigned bool // an assignment of the inputs is wrong, not the files

	values   hidden // of the environment: in no message
	contents hidden // of secret files, where paths were wanted: in no message, and not where they are written
}

// Problem is one diagnostic for programs.
type Problem struct {
	Severity string `json:"severity"` // "error" or "warning"
	Summary  string `json:"summary"`
	Detail   string `json:"detail,omitempty"`
	File     string `json:"file,omitempty"`
	Line     int    `json:"line,omitempty"`   // from 1
	Column   int    `json:"column,omitempty"` // from 1, in characters
	Source   string `json:"source,omitempty"` // the line, secrets masked
}

// HasErrors reports whether anything is wrong; warnings alone are not.
func (d *Diagnostics) HasErrors() bool { return d != nil && d.list.HasErrors() }

// OfAssignment reports whether an assignment of the inputs is wrong (Var.Assign), so that the files are not to blame.
func (d *Diagnostics) OfAssignment() bool { return d != nil && d.assigned }

// Write shows every diagnostic for people: what is wrong, where with the source, and what to write. Details are wrapped
// to width unless that is 0.
func (d *Diagnostics) Write(to io.Writer, width uint, colour bool) error {
	if d == nil {
		return nil
	}
	sources := make(map[string]*hcl.File, len(d.files))
	for name, f := range d.files {
		sources[plaintext.Line(name, 0)] = &hcl.File{Bytes: d.source(f), Nav: f.Nav}
	}
	var text bytes.Buffer
	w := hcl.NewDiagnosticTextWriter(&text, sources, width, colour)
	for _, one := range d.list {
		if err := w.WriteDiagnostic(d.shown(one)); err != nil {
			return err
		}
	}
	_, err := to.Write(headings(shorten(maskRuns(text.Bytes())))) // names of blocks are shown without their source
	return err
}

// headings writes the words that begin a diagnostic as all other messages of the command line have them.
func headings(text []byte) []byte {
	return firstWord.ReplaceAllFunc(text, bytes.ToLower)
}

// firstWord matches the first word of a diagnostic, with the colour around it.
var firstWord = regexp.MustCompile("(?m)^(\x1b\\[[0-9;]*m)*(Error|Warning)(\x1b\\[[0-9;]*m)*: ")

// shorten lets a masked secret be as short as it is dull.
func shorten(text []byte) []byte {
	const enough = 8
	stars := bytes.Repeat([]byte{'*'}, enough)
	for {
		shorter := bytes.ReplaceAll(text, append(stars, stars...), stars)
		if len(shorter) == len(text) {
			return text
		}
		text = shorter
	}
}

// Problems returns every diagnostic for programs.
func (d *Diagnostics) Problems() []Problem {
	if d == nil {
		return nil
	}
	problems := make([]Problem, 0, len(d.list))
	for _, one := range d.list {
		at := one.Subject
		one = d.shown(one)
		p := Problem{Severity: "error", Summary: one.Summary, Detail: one.Detail}
		if one.Severity == hcl.DiagWarning {
			p.Severity = "warning"
		}
		if at != nil {
			p.File, p.Line, p.Column = one.Subject.Filename, at.Start.Line, at.Start.Column
			if f := d.files[at.Filename]; f != nil {
				p.Source = plaintext.Line(string(shorten([]byte(sourceLine(d.source(f), at.Start.Line)))), 0)
			}
		}
		problems = append(problems, p)
	}
	return problems
}

func sourceLine(src []byte, line int) string {
	lines := bufio.NewScanner(bytes.NewReader(src))
	lines.Buffer(nil, MaxFile+1)
	for n := 1; lines.Scan(); n++ {
		if n == line {
			return strings.TrimSpace(lines.Text())
		}
	}
	return ""
}

// general is a diagnostic that no place in a file is to blame for.
func general(summary, detail string) hcl.Diagnostics {
	return hcl.Diagnostics{{Severity: hcl.DiagError, Summary: summary, Detail: detail}}
}

// wrong is a diagnostic about a place.
func wrong(at hcl.Range, summary, detail string) hcl.Diagnostics {
	return hcl.Diagnostics{{Severity: hcl.DiagError, Summary: summary, Detail: detail, Subject: &at}}
}
