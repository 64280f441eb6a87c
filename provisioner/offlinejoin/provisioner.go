package offlinejoin

import (
	"context"

	"github.com/hashicorp/hcl/v2/hcldec"
	packersdk "github.com/hashicorp/packer-plugin-sdk/packer"
	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/options"
)

// Provisioner stages a join into an image. Its zero value is ready for Prepare.
type Provisioner struct{ config Config }

var _ packersdk.Provisioner = (*Provisioner)(nil)

// ConfigSpec tells Packer what the block may hold.
func (p *Provisioner) ConfigSpec() hcldec.ObjectSpec { return p.config.FlatMapstructure().HCL2Spec() }

// Provision stages the join, or only shows what it would do when dry_run is set. It works on a path of this machine, so
// it needs no communicator. Done again it finds its join staged already and writes nothing.
func (p *Provisioner) Provision(
	ctx context.Context, ui packersdk.Ui, _ packersdk.Communicator, generated map[string]any,
) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	known, err := p.config.render(generated)
	if err != nil {
		return err
	}
	if err := oneBlob(known.BlobFile, known.Blob); err != nil {
		return err
	}
	req, warning, err := known.request()
	if err != nil {
		return err
	}
	defer clear(req.Blob)
	packersdk.LogSecretFilter.Set(options.Spellings(req.Blob)...)
	screen := screen{ui}
	if warning != "" {
		screen.warn(warning)
	}
	req.Progress = screen.show
	if known.DryRun {
		return preview(ctx, screen, req)
	}
	_, err = core.Stage(ctx, req)
	return err
}

// preview shows every change that Stage would make.
func preview(ctx context.Context, screen screen, req core.Request) error {
	receipt, err := core.Plan(ctx, req)
	if err != nil {
		return err
	}
	screen.preview(receipt)
	return nil
}
