package offlinejoin

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-log/tflog"
	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
)

// progress puts the core's words into the log, and its warnings in front of the user.
func progress(ctx context.Context, diags *diag.Diagnostics) func(core.Event) {
	return func(event core.Event) {
		switch event.Kind {
		case core.EventWarning:
			diags.AddWarning("Image needs attention", event.Text)
		case core.EventDetail:
			tflog.Debug(ctx, event.Text)
		default:
			tflog.Info(ctx, event.Text)
		}
	}
}
