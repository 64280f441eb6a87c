package offlinejoin

import (
	"github.com/hashicorp/terraform-plugin-framework/diag"
	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/plaintext"
)

// warnOfTakeover tells that a new resource finds its join in place and will own it: right after an interrupted apply, and a surprise
// where a resource of another state has made it.
func warnOfTakeover(receipt *core.Receipt, at core.Image, diags *diag.Diagnostics) {
	if receipt == nil || receipt.Outcome != core.OutcomeUnchanged || receipt.Status.State != core.StateStaged {
		return
	}
	when := ""
	if staged := receipt.Status.StagedAt; staged != "" {
		when = " since " + plaintext.Line(staged, plaintext.Name)
	}
	diags.AddAttributeWarning(placeAt(at), "Join already there", at.Made().String()+" holds this very join"+when+". This resource takes it "+
		"over as it is, and from then on on_destroy decides what becomes of it. That is right after an apply that was interrupted, or to "+
		"manage what was staged without Terraform. If a resource of another state, or of another workspace, has made it, do not apply: "+
		"both would destroy one thing. Give this one a path and a machine of its own.")
}
