package offlinejoin

import (
	"context"
	"os"
	"runtime"

	"github.com/hashicorp/hcl/v2/hcldec"
	packersdk "github.com/hashicorp/packer-plugin-sdk/packer"

	"github.com/offlinejoin/offlinejoin/internal/imagefs/remotedir"
	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/options"
	"github.com/offlinejoin/offlinejoin/provisioner/offlinejoin/guest"
)

// Provisioner stages a join into an image. Its zero value is ready for Prepare.
type Provisioner struct{ config Config }

var _ packersdk.Provisioner = (*Provisioner)(nil)

// ConfigSpec tells Packer what the block may hold.
func (p *Provisioner) ConfigSpec() hcldec.ObjectSpec { return p.config.FlatMapstructure().HCL2Spec() }

// Prepare reads the configuration and returns every mistake in it at once. It looks at the blob when that is there
// already, and never at the image, which may be mounted only when the build gets here.
func (p *Provisioner) Prepare(raws ...any) error {
	p.config = Config{}
	if err := decode(&p.config, &p.config.ctx, p.config.texts(), raws); err != nil {
		return err
	}
	c := p.config
	notYet := known(c.texts(), c.ctx)
	notYet[options.RemoteTree] = mayBeUnknown(options.RemoteTree, raws)
	expandHome(c.here())
	return together(c.check(notYet))
}

// Provision stages the join, or only shows what it would do when dry_run is set. A path of this machine needs no
// communicator; with remote the image is one that the guest has mounted. Done again it finds its join staged already and
// writes nothing.
func (p *Provisioner) Provision(
	ctx context.Context, ui packersdk.Ui, comm packersdk.Communicator, generated map[string]any,
) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	c := p.config
	if err := render(c.texts(), c.ctx, generated); err != nil {
		return err
	}
	expandHome(c.here())
	if err := c.checkPlace(false); err != nil {
		return err
	}
	if !c.Remote {
		if err := notRunning(c.WindowsPath); err != nil {
			return err
		}
		at, err := c.image(c.WindowsPath)
		if err != nil {
			return err
		}
		return c.stage(ctx, ui, at, runID(generated))
	}
	tree, err := c.remoteTree(ctx, comm, generated)
	if err != nil {
		return stopped(ctx, err)
	}
	defer tree.Close() // it only forgets
	tree.Report = screen{ui}.detail
	return c.stage(ctx, ui, core.Image{Location: tree.Location(), Open: tree.Opener()}, runID(generated))
}

// notRunning refuses the Windows that this machine runs.
func notRunning(windowsPath string) error {
	if runtime.GOOS == "windows" && windowsPath != "" && guest.SameWindowsPath(windowsPath, os.Getenv("SystemRoot")) {
		return guest.Running(windowsPath)
	}
	return nil
}

// remoteTree returns the image that the guest has mounted. Messages call it HOST:PATH.
func (c Config) remoteTree(
	ctx context.Context, comm packersdk.Communicator, generated map[string]any,
) (*remotedir.Tree, error) {
	machine, err := guest.Open(ctx, comm, c.WindowsPath)
	if err != nil {
		return nil, err
	}
	at := core.ImageAt(c.WindowsPath).Location
	at.Machine = "guest"
	if host, ok := generated["Host"].(string); ok && host != "" {
		at.Machine = host
	}
	return remotedir.NewTree(machine, at), nil
}
