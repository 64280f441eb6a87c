package offlinejoin

import (
	"context"

	"github.com/hashicorp/hcl/v2/hcldec"
	packersdk "github.com/hashicorp/packer-plugin-sdk/packer"
	"github.com/zclconf/go-cty/cty"

	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/options"
)

// ImageSource is the data source offlinejoin-image: which Windows an image is, and what it says about joins. Its zero value
// is ready for Configure.
type ImageSource struct{ config ImageConfig }

var _ packersdk.Datasource = (*ImageSource)(nil)

// ConfigSpec tells Packer what the block may hold.
func (s *ImageSource) ConfigSpec() hcldec.ObjectSpec { return s.config.FlatMapstructure().HCL2Spec() }

// OutputSpec tells Packer what Execute returns.
func (s *ImageSource) OutputSpec() hcldec.ObjectSpec { return outputSpec(options.ImageFacts()) }

func (c *ImageConfig) texts() []field { return []field{{options.WindowsPath, &c.WindowsPath}} }

// Configure reads the configuration.
func (s *ImageSource) Configure(raws ...any) error {
	s.config = ImageConfig{}
	if err := decode(&s.config, &s.config.ctx, s.config.texts(), raws); err != nil {
		return err
	}
	c := s.config
	if notYet := known(c.texts(), c.ctx); notYet[options.WindowsPath] {
		return nil
	}
	expandHome(c.texts())
	if c.WindowsPath == "" {
		return mistake("windows_path is missing: give the image's Windows directory, such as /mnt/web01/Windows")
	}
	if err := ofThisMachine(c.WindowsPath, ""); err != nil {
		return err
	}
	return core.ImageAt(c.WindowsPath).Check()
}

// Execute reads the image. It writes nothing. Packer gives a data source no context; reading an image takes no time that
// would want one.
func (s *ImageSource) Execute() (cty.Value, error) {
	nothing := cty.NullVal(cty.EmptyObject)
	c := s.config
	if err := render(c.texts(), c.ctx, nil); err != nil {
		return nothing, err
	}
	expandHome(c.texts())
	st, err := core.ReadStatus(context.Background(), core.StatusRequest{Image: core.ImageAt(c.WindowsPath)})
	if err != nil {
		return nothing, err
	}
	return output(options.ImageFacts(), *st), nil
}
