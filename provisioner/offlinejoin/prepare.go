package offlinejoin

import (
	"strings"

	packersdk "github.com/hashicorp/packer-plugin-sdk/packer"
	"github.com/hashicorp/packer-plugin-sdk/template/config"
	"github.com/hashicorp/packer-plugin-sdk/template/interpolate"

	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
)

// decode reads a block into a configuration. Fields are those of the configuration that hold text.
func decode(into any, ctx *interpolate.Context, fields []field, raws []any) error {
	err := config.Decode(into, &config.DecodeOpts{
		PluginType:         "offlinejoin",
		Interpolate:        true,
		InterpolateContext: ctx,
		InterpolateFilter:  &interpolate.RenderFilter{Exclude: rendered(fields)},
	}, raws...)
	if err != nil {
		return withoutBlob(err)
	}
	for _, f := range fields {
		if f.option.Secret() && *f.value != "" {
			packersdk.LogSecretFilter.Set(core.SecretForms([]byte(*f.value))...)
		}
	}
	return nil
}

// withoutBlob replaces a decoding error that quotes the option blob: such errors repeat its value.
func withoutBlob(err error) error {
	if strings.Contains(err.Error(), "'blob'") {
		return mistake("blob cannot be read: give the blob as one string of base64, or better use blob_file")
	}
	return err
}

// together makes one error of several, and none of none.
func together(errs []error) error {
	switch len(errs) {
	case 0:
		return nil
	case 1:
		return errs[0]
	}
	return &packersdk.MultiError{Errors: errs}
}
