package offlinejoin

import (
	"context"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-log/tflog"
	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
)

// said remembers the warnings of a run. Terraform plans a resource once more when it applies, and the core checks again
// when it stages, so that the user would read each up to three times.
type said struct{ texts sync.Map }

// first reports whether nobody has said this of the image yet.
func (s *said) first(windowsPath, text string) bool {
	_, before := s.texts.LoadOrStore([2]string{windowsPath, text}, true)
	return !before
}

// progress puts the core's words into the log, and its warnings in front of the user.
func (r *run) progress(ctx context.Context, image core.Image, diags *diag.Diagnostics) func(core.Event) {
	name := image.String()
	return func(event core.Event) {
		switch event.Kind {
		case core.EventWarning:
			if r.said.first(name, event.Text) {
				diags.AddWarning("Image needs attention", name+": "+event.Text)
			}
		case core.EventDetail, core.EventNote: // nothing to do about it
			tflog.Debug(ctx, event.Text)
		default:
			tflog.Info(ctx, event.Text)
		}
	}
}
