package offlinejoin

import (
	"fmt"
	"log"

	packersdk "github.com/hashicorp/packer-plugin-sdk/packer"
	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/options"
	"github.com/offlinejoin/offlinejoin/internal/plaintext"
)

// screen shows the core's words on Packer's user interface. Warnings are ordinary lines, because Packer's Error is for
// what ends a build.
type screen struct{ ui packersdk.Ui }

func (s screen) show(event core.Event) {
	switch event.Kind {
	case core.EventWarning:
		s.warn(event.Text)
	case core.EventNote: // for PACKER_LOG
		log.Print(event.Text)
	case core.EventDetail:
		s.detail(event.Text)
	default:
		s.ui.Say(event.Text)
	}
}

// detail prints below the step, without Packer's arrow. The SDK deprecates Message for Say, but Say has no such lines, and
// a list of steps in which everything is a step cannot be read at a glance.
func (s screen) detail(text string) {
	//lint:ignore SA1019 see above
	s.ui.Message(text)
}

func (s screen) warn(text string) { s.ui.Say("Warning: " + text) }

// previewAccount shows what a plan would do in the directory.
func (s screen) previewAccount(p *core.AccountPlan) {
	dn, dc := plaintext.Line(p.DN, 0), plaintext.Line(p.DC, 0)
	switch p.Action {
	case core.AccountCreate:
		s.ui.Say("Would make the account " + dn + " at " + dc + ".")
	case core.AccountReset:
		s.ui.Say("Would give the account " + dn + " a new password at " + dc + ".")
	}
}

// preview shows the changes of a plan. That there are none, and why, the core has said already.
func (s screen) preview(receipt *core.Receipt) {
	if receipt.Outcome != core.OutcomePlanned {
		return
	}
	s.ui.Say(fmt.Sprintf("Would stage %s → %s (method %s). Nothing has been written.",
		receipt.Blob.MachineName, receipt.Blob.Domain, receipt.Method))
	for _, change := range receipt.Changes {
		s.detail(options.Line(change))
	}
}
