package offlinejoin

import (
	"github.com/hashicorp/hcl/v2/hcldec"
	packersdk "github.com/hashicorp/packer-plugin-sdk/packer"
	"github.com/zclconf/go-cty/cty"

	"github.com/offlinejoin/offlinejoin/internal/options"
)

// BlobSource is the data source offlinejoin-blob: what a blob is for. Its zero value is ready for Configure.
type BlobSource struct{ config BlobConfig }

var _ packersdk.Datasource = (*BlobSource)(nil)

// ConfigSpec tells Packer what the block may hold.
func (s *BlobSource) ConfigSpec() hcldec.ObjectSpec { return s.config.FlatMapstructure().HCL2Spec() }

// OutputSpec tells Packer what Execute returns.
func (s *BlobSource) OutputSpec() hcldec.ObjectSpec { return outputSpec(options.BlobFacts()) }

func (c *BlobConfig) texts() []field {
	return []field{
		{options.BlobFile, &c.BlobFile}, {options.IdentityFile, &c.IdentityFile}, {options.Blob, &c.Blob},
	}
}

// Configure reads the configuration.
func (s *BlobSource) Configure(raws ...any) error {
	s.config = BlobConfig{}
	if err := decode(&s.config, &s.config.ctx, s.config.texts(), raws); err != nil {
		return err
	}
	c := s.config
	notYet := known(c.texts(), c.ctx)
	expandHome(c.texts())
	return JoinOptions{BlobFile: c.BlobFile, IdentityFile: c.IdentityFile, Blob: c.Blob}.oneBlob(notYet)
}

// Execute reads the blob and tells what it is for. Nothing of it is secret.
func (s *BlobSource) Execute() (cty.Value, error) {
	nothing := cty.NullVal(cty.EmptyObject)
	c := s.config
	if err := render(c.texts(), c.ctx, nil); err != nil {
		return nothing, err
	}
	expandHome(c.texts())
	blob, _, err := openBlob(c.BlobFile, c.IdentityFile, c.Blob)
	if err != nil {
		return nothing, err
	}
	defer blob.Wipe()
	packersdk.LogSecretFilter.Set(blob.SecretForms()...)
	return output(options.BlobFacts(), blob.Facts()), nil
}
