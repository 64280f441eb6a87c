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
	if o.Account.written(later{}) {
		return o.join(ctx, screen{ui}, at, runID)
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

// join makes the account and stages its join, or shows what that would be. When it fails or is stopped, the core takes back
// what it has written, as on_error says; what fails later in the build is nothing that a provisioner hears of.
func (o JoinOptions) join(ctx context.Context, screen screen, at core.Image, runID string) error {
	req, err := o.withoutBlob()
	if err != nil {
		return err
	}
	acc, err := o.Account.words().Request()
	if err != nil {
		return err
	}
	reach, warnings, err := o.ActiveDirectory.words().Request()
	if err != nil {
		return err
	}
	defer reach.Credential.Password.Wipe()
	for _, warning := range warnings {
		screen.warn(warning)
	}
	directory := core.NewDirectory(reach)
	defer directory.Close() // all has been asked by then
	if at.Machine == "" {
		at.LockTimeout = req.Image.LockTimeout
	}
	req.Image, req.Progress, req.SingleUse.RunID = at, screen.show, runID
	acc.StagedBy = req.StagedBy
	receipt, err := o.performJoin(ctx, screen, directory, acc, req)
	if err != nil {
		return stopped(ctx, err)
	}
	return options.WriteReport(o.ReportFile, receipt)
}

func (o JoinOptions) performJoin(ctx context.Context, screen screen, d *core.Directory, acc core.AccountRequest, req core.Request) (
	*core.Receipt, error,
) {
	if !o.DryRun {
		return core.Join(ctx, d, acc, req)
	}
	plan, receipt, err := core.PlanJoin(ctx, d, acc, req)
	if err == nil {
		screen.previewAccount(plan)
		screen.preview(receipt)
	}
	return receipt, err
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
