package offlinejoin

import (
	"context"
	"errors"
	"fmt"
	"os"

	packersdk "github.com/hashicorp/packer-plugin-sdk/packer"

	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/options"
)

// place is where the image is: a path of this machine, or a tree of the guest.
type place struct {
	windowsPath string
	tree        *imagefs.Remote
}

// stage stages a join, or shows what that would be, and writes the receipt. The templates in the options are rendered.
func (o JoinOptions) stage(ctx context.Context, ui packersdk.Ui, at place, runID string) error {
	if err := together(o.mistakes(later{})); err != nil {
		return err
	}
	if err := options.CheckReport(o.ReportFile); err != nil {
		return err
	}
	req, warning, err := o.request()
	if err != nil {
		return err
	}
	defer clear(req.Blob)
	packersdk.LogSecretFilter.Set(options.Spellings(req.Blob)...)
	screen := screen{ui}
	if warning != "" {
		screen.warn(warning)
	}
	req.WindowsPath, req.Progress, req.RunID = at.windowsPath, screen.show, runID
	if at.tree != nil {
		req.Target, req.LockTimeout = at.tree, 0
	}
	receipt, err := o.perform(ctx, screen, req, at)
	if err != nil {
		return stopped(ctx, err)
	}
	return options.WriteReport(o.ReportFile, receipt)
}

func (o JoinOptions) perform(
	ctx context.Context, screen screen, req core.Request, at place,
) (*core.Receipt, error) {
	if o.DryRun {
		receipt, err := core.Plan(ctx, req)
		if err == nil {
			screen.preview(receipt)
		}
		return receipt, err
	}
	receipt, err := core.Stage(ctx, req)
	if at.tree == nil {
		return receipt, err
	}
	// Whatever Stage came to, what is on the guest is compared with what is meant to be there.
	switch finish := at.tree.Finish(); {
	case err == nil && finish != nil:
		return nil, finish
	case finish != nil:
		return nil, fmt.Errorf("%w; and %w", err, finish)
	case err == nil && receipt.Outcome == core.OutcomeStaged:
		screen.detail("What the guest holds now was compared with what was meant: ok; the copies of the hive are removed")
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
