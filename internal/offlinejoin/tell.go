package offlinejoin

import (
	"fmt"
	"strings"

	"github.com/offlinejoin/offlinejoin/internal/winimage"
)

// tell says what happens, in the same words for every front end.
type tell struct{ progress func(Event) }

func (t tell) say(kind EventKind, format string, args ...any) {
	if t.progress != nil {
		t.progress(Event{Kind: kind, Text: fmt.Sprintf(format, args...)})
	}
}

func (t tell) step(format string, args ...any)   { t.say(EventStep, format, args...) }
func (t tell) detail(format string, args ...any) { t.say(EventDetail, format, args...) }

// warn tells each warning once and keeps it for the receipt.
func (p *preparation) warn(warnings ...string) {
	for _, w := range warnings {
		p.receipt.Warnings = append(p.receipt.Warnings, w)
		p.say(EventWarning, "%s", w)
	}
}

// identity says which Windows this is, and what its hives need.
func (t tell) identity(f winimage.Facts) {
	kind := strings.Join(nonEmpty("build "+f.BuildText, string(f.Architecture)), ", ")
	member := "not joined"
	if f.Membership.Joined {
		member = "member of " + f.Membership.DomainName
	}
	t.detail("%s (%s), %s, %s, name %s", f.DisplayName(), kind, f.Phase, member, f.ComputerName)
	if h := f.Hive("SYSTEM"); h.State == winimage.HivePending {
		t.detail("SYSTEM hive was not closed cleanly: %d pending log entries will be applied, as Windows would", h.Pending)
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

func (t tell) blobStep(b BlobFacts) {
	dc := ""
	if b.DC != "" {
		dc = ", DC " + b.DC
	}
	t.step("Checking the blob: %s in %s (%s)%s, fingerprint %s", b.MachineName, b.Domain, b.NetBIOSName, dc,
		ShortFingerprint(b.Fingerprint))
}

// unchanged says why nothing is to be done.
func (t tell) unchanged(r *Receipt) {
	st := r.Status
	switch r.Outcome {
	case OutcomeKept:
		t.step("The image is left as it is (%s), as on_existing says", st.State)
	default:
		t.step("This join is %s already; nothing is written", st.State)
	}
}

func (t tell) staged(r *Receipt) {
	t.step("Staging (method %s): %s; %s written", r.Method, countChanges(r.Changes), FormatSize(r.BytesWritten))
	t.detail("Read back and compared: ok")
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

// FormatSize shows a number of bytes for people: "41 KiB".
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
