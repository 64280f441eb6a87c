package cli

import (
	"fmt"

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
		return fmt.Sprintf("Would stage %s (method %s). Nothing has been written.", blob, r.Method)
	case offlinejoin.OutcomeStaged:
		return fmt.Sprintf("Staged %s (method %s), %s written.", blob, r.Method, offlinejoin.FormatSize(r.BytesWritten))
	case offlinejoin.OutcomeUnchanged:
		return fmt.Sprintf("%s is %s in the image already. Nothing has been written.", blob, r.Status.State)
	case offlinejoin.OutcomeKept:
		return fmt.Sprintf("The image keeps the join it has: %s, %s. Nothing has been written.", image, r.Status.State)
	case offlinejoin.OutcomeUnstaged:
		return fmt.Sprintf("Took back the join; no byte of the blob is left in the image. %s written.", offlinejoin.FormatSize(r.BytesWritten))
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
