package offlinejoin

import (
	"context"

	"github.com/hashicorp/hcl/v2/hcldec"
	"github.com/hashicorp/packer-plugin-sdk/hcl2helper"
	packersdk "github.com/hashicorp/packer-plugin-sdk/packer"
	"github.com/zclconf/go-cty/cty"

	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/options"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// ImageSource is the data source offlinejoin-image: which Windows an image is, and what it says about joins. Its zero value
// is ready for Configure.
type ImageSource struct{ config ImageConfig }

var _ packersdk.Datasource = (*ImageSource)(nil)

// ConfigSpec tells Packer what the block may hold.
func (s *ImageSource) ConfigSpec() hcldec.ObjectSpec { return s.config.FlatMapstructure().HCL2Spec() }

// OutputSpec tells Packer what Execute returns.
func (s *ImageSource) OutputSpec() hcldec.ObjectSpec {
	return new(ImageOutput).FlatMapstructure().HCL2Spec()
}

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
	return Config{WindowsPath: c.WindowsPath}.checkPlace()
}

// Execute reads the image. It writes nothing. Packer gives a data source no context; reading an image takes no time that
// would want one.
func (s *ImageSource) Execute() (cty.Value, error) {
	nothing := cty.NullVal(cty.EmptyObject)
	c := s.config
	if err := render(c.texts(), c.ctx, nil); err != nil {
		return nothing, err
	}
	st, err := core.ReadStatus(context.Background(), core.StatusRequest{Image: core.ImageAt(c.WindowsPath)})
	if err != nil {
		return nothing, err
	}
	result := ""
	if st.CompletedAt != "" || st.Result != 0 {
		result = winerr.Code(st.Result).String()
	}
	return hcl2helper.HCL2ValueFromConfig(ImageOutput{
		Status:         string(st.State),
		MethodUsed:     string(st.Method),
		Fingerprint:    st.Fingerprint,
		MachineName:    st.MachineName,
		Domain:         st.Domain,
		StagedAt:       st.StagedAt,
		StagedBy:       st.StagedBy,
		CompletedAt:    st.CompletedAt,
		Result:         result,
		ResultText:     st.ResultText,
		Detail:         st.Detail,
		WindowsProduct: st.Image.ProductName,
		WindowsEdition: st.Image.EditionID,
		WindowsBuild:   st.Image.Build,
		Architecture:   st.Image.Architecture,
		ProductType:    st.Image.ProductType,
		ImageState:     st.Image.ImageState,
		ComputerName:   st.Image.ComputerName,
		MachineSID:     st.Image.MachineSID,
	}, s.OutputSpec()), nil
}
