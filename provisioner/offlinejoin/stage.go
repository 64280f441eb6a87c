package offlinejoin

import (
	"context"
	"errors"
	"fmt"
	"os"

	packersdk "github.com/hashicorp/packer-plugin-sdk/packer"

	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/options"
)

// stage stages a join, or shows what that would be, and writes the receipt. The templates in the options are rendered.
func (o JoinOptions) stage(ctx context.Context, ui packersdk.Ui, at core.Image, runID string) error {
	if err := together(o.mistakes(later{})); err != nil {
		return err
	}
	if at.Machine == "" {
		place := options.PlaceWords{
			WindowsPath: at.WindowsPath, ImagePath: at.ImagePath, OverlayPath: at.OverlayPath, CopyPath: at.CopyPath,
			JournalDir: at.JournalDir,
		}
		if err := options.CheckPaths(append(o.used(), place.Used()...)...); err != nil {
			return err
		}
	}
	if err := options.CheckReport(o.ReportFile); err != nil {
		return err
	}
	req, warning, err := o.request()
	if err != nil {
		return err
	}
	defer req.Blob.Wipe()
	packersdk.LogSecretFilter.Set(req.Blob.SecretForms()...)
	screen := screen{ui}
	if warning != "" {
		screen.warn(warning)
	}
	if at.Machine == "" { // a tree of the guest has no lock to wait for
		at.LockTimeout = req.Image.LockTimeout
	}
	req.Image, req.Progress, req.SingleUse.RunID = at, screen.show, runID
	receipt, err := o.perform(ctx, screen, req)
	if err != nil {
		return stopped(ctx, err)
	}
	return options.WriteReport(o.ReportFile, receipt)
}

func (o JoinOptions) perform(ctx context.Context, screen screen, req core.Request) (*core.Receipt, error) {
	if !o.DryRun {
		return core.Stage(ctx, req)
	}
	receipt, err := core.Plan(ctx, req)
	if err == nil {
		screen.preview(receipt)
	}
	return receipt, err
}

// stopped says what an interrupt or a timeout leaves behind.
func stopped(ctx context.Context, err error) error {
	if ctx.Err() == nil || !errors.Is(err, ctx.Err()) {
		return err
	}
	return fmt.Errorf("stopped; the image is whole, with the join or without it, and the same build finishes the work: %w",
		err)
}

// runID names this run of Packer: all its builds share it.
func runID(generated map[string]any) string {
	if id, ok := generated["PackerRunUUID"].(string); ok && id != "" {
		return id
	}
	return os.Getenv("PACKER_RUN_UUID")
}
