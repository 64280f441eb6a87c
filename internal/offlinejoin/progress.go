package offlinejoin

import (
	"fmt"
	"slices"
	"strings"

	"github.com/offlinejoin/offlinejoin/internal/winimage"
)

// reporter reports what happens, in the same words for every front end, and keeps the warnings for the receipt.
type reporter struct {
	progress func(Event)
	receipt  *Receipt
}

func (r reporter) report(kind EventKind, format string, args ...any) {
	if r.progress != nil {
		r.progress(Event{Kind: kind, Text: fmt.Sprintf(format, args...)})
	}
}

func (r reporter) step(format string, args ...any)   { r.report(EventStep, format, args...) }
func (r reporter) detail(format string, args ...any) { r.report(EventDetail, format, args...) }

// noAccessRights begins what is reported of a program file that the image's file system cannot protect. The program does that
// itself at first boot, so that there is nothing to do.
const noAccessRights = "the file system of this image cannot hold Windows access rights: " + systemFolder + `\`

// warn reports warnings, each of them once in a request. What nobody can do anything about is only noted: [Status.ProgramRights]
// has it.
func (r reporter) warn(warnings ...string) {
	for _, w := range warnings {
		switch {
		case strings.HasPrefix(w, noAccessRights):
			r.report(EventNote, "%s", w)
		case !slices.Contains(r.receipt.Warnings, w):
			r.receipt.Warnings = append(r.receipt.Warnings, w)
			r.report(EventWarning, "%s", w)
		}
	}
}

// identity reports which Windows this is, and what its hives need.
func (r reporter) identity(f winimage.Facts) {
	kind := strings.Join(nonEmpty("build "+f.BuildText, string(f.Architecture)), ", ")
	member := "not joined"
	if f.Membership.Joined {
		member = "member of " + f.Membership.DomainName
	}
	r.detail("%s (%s), %s, %s, name %s", f.DisplayName(), kind, f.Phase, member, f.ComputerName)
	if h := f.Hive("SYSTEM"); h.State == winimage.HivePending {
		r.detail("SYSTEM hive was not closed cleanly: %d pending log entries will be applied, as Windows would", h.Pending)
	}
}

func nonEmpty(parts ...string) (out []string) {
	for _, p := range parts {
		if p != "" && p != "build " {
			out = append(out, p)
		}
	}
	return out
}

func (r reporter) blobChecked(b BlobFacts) {
	dc := ""
	if b.DC != "" {
		dc = ", DC " + b.DC
	}
	r.step("Checking the blob: %s in %s (%s)%s, fingerprint %s", b.MachineName, b.Domain, b.NetBIOSName, dc,
		ShortFingerprint(b.Fingerprint))
}

// untouched reports why nothing is to be done.
func (r reporter) untouched() {
	state := r.receipt.Status.State
	if r.receipt.Outcome == OutcomeKept {
		r.step("The image is left as it is (%s), as on_existing says", state)
		return
	}
	r.step("This join is %s already; nothing is written", state)
}

// countChanges sums changes up: "1 key, 9 values, 1 file".
func countChanges(changes []Change) string {
	var keys, values, files, elements int
	for _, c := range changes {
		switch c.Type {
		case "key":
			keys++
		case "file", "answer file":
			files++
		case "element":
			elements++
		default:
			values++
		}
	}
	var parts []string
	for _, p := range []struct {
		n    int
		what string
	}{{keys, "key"}, {values, "value"}, {elements, "element"}, {files, "file"}} {
		if p.n == 1 {
			parts = append(parts, "1 "+p.what)
		} else if p.n > 1 {
			parts = append(parts, fmt.Sprintf("%d %ss", p.n, p.what))
		}
	}
	return strings.Join(parts, ", ")
}

// copied reports a copy that is being made, in tenths, when it is large enough for people to wait.
func (r reporter) copied() func(done, total int64) {
	reported := int64(0)
	return func(done, total int64) {
		if total < reportedCopy || done >= total {
			return
		}
		if tenth := done / (total / 10); tenth > reported {
			reported = tenth
			r.detail("Copied %s of %s", FormatSize(done), FormatSize(total))
		}
	}
}

// reportedCopy is from how many bytes on the progress of a copy is reported.
const reportedCopy = 512 << 20

// FormatSize formats a number of bytes for people: "41 KiB".
func FormatSize(n int64) string {
	const kib, mib = 1 << 10, 1 << 20
	switch {
	case n >= mib:
		return fmt.Sprintf("%.1f MiB", float64(n)/mib)
	case n >= 10*kib:
		return fmt.Sprintf("%d KiB", (n+kib/2)/kib)
	}
	return fmt.Sprintf("%d bytes", n)
}
