package cli

import (
	"fmt"

	"github.com/offlinejoin/offlinejoin/internal/completion"
	"github.com/offlinejoin/offlinejoin/internal/offlinejoin"
)

// showReceipt tells what a request came to, and what a dry run would change.
func (a *app) showReceipt(r *offlinejoin.Receipt) {
	fmt.Fprintln(a.Out, outcome(r))
	if r.Outcome == offlinejoin.OutcomePlanned {
		a.showRows(changeRows(r.Changes))
	}
}

func outcome(r *offlinejoin.Receipt) string {
	blob := join(r.Blob.MachineName, r.Blob.Domain)
	image := join(r.Status.MachineName, r.Status.Domain)
	switch r.Outcome {
	case offlinejoin.OutcomePlanned:
		return fmt.Sprintf("Would stage %s%s. Nothing has been written.", blob, method(r))
	case offlinejoin.OutcomeStaged:
		return fmt.Sprintf("Staged %s%s, %s written.", blob, method(r), size(r.BytesWritten))
	case offlinejoin.OutcomeUnchanged:
		return fmt.Sprintf("%s is %s in the image already. Nothing has been written.", blob, r.Status.State)
	case offlinejoin.OutcomeKept:
		return fmt.Sprintf("The image keeps the join it has: %s, %s. Nothing has been written.", image, r.Status.State)
	case offlinejoin.OutcomeUnstaged:
		return fmt.Sprintf("Took back the join; no byte of the blob is left in the image. %s written.", size(r.BytesWritten))
	case offlinejoin.OutcomeAbsent:
		return "No join is staged. Nothing has been written."
	}
	return string(r.Outcome)
}

// join is the way a join is called: WEB01 → corp.example.com.
func join(machine, domain string) string {
	if machine == "" {
		return "a join"
	}
	return machine + " → " + domain
}

// method names the method that was taken, or that a dry run would take: then the change of its value tells it.
func method(r *offlinejoin.Receipt) string {
	m := string(r.Status.Method)
	for _, c := range r.Changes {
		if c.Name == completion.ValueMethod && c.Kind != offlinejoin.ChangeRemove {
			m = c.After
		}
	}
	if m == "" {
		return ""
	}
	return fmt.Sprintf(" (method %s)", m)
}

// size shows bytes for people: "41 KiB".
func size(n int64) string {
	const kib, mib = 1 << 10, 1 << 20
	switch {
	case n >= mib:
		return fmt.Sprintf("%.1f MiB", float64(n)/mib)
	case n >= 10*kib:
		return fmt.Sprintf("%d KiB", (n+kib/2)/kib)
	}
	return fmt.Sprintf("%d bytes", n)
}
