package offlinejoin

import (
	"slices"
	"strings"

	packersdk "github.com/hashicorp/packer-plugin-sdk/packer"
	"github.com/hashicorp/packer-plugin-sdk/template/config"
	"github.com/hashicorp/packer-plugin-sdk/template/interpolate"

	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/options"
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
		return withoutValues(err, fields)
	}
	for _, f := range fields {
		switch {
		case *f.value == "":
		case f.option == options.ADPassword:
			packersdk.LogSecretFilter.Set(*f.value)
		case f.option.Secret():
			packersdk.LogSecretFilter.Set(core.SecretForms([]byte(*f.value))...)
		}
	}
	return notContents(fields)
}

// withoutValues replaces a decoding error that quotes the blob or a path: such errors repeat the value, and a blob may have
// been given for a path by mistake.
func withoutValues(err error, fields []field) error {
	for _, f := range fields {
		if text := err.Error(); !strings.Contains(text, "'"+f.option.String()+"'") && !strings.Contains(text, "."+f.option.String()+"'") {
			continue
		}
		switch {
		case slices.Contains(options.Of(options.ActiveDirectory), f.option), slices.Contains(options.Of(options.Account), f.option):
			return unread(err, f.option.String(), "give it as one string")
		case f.option.Secret():
			return unread(err, "blob", "give the blob as one string of base64, or better use blob_file")
		case f.option.IsPath():
			return unread(err, f.option.String(), "give the path as one string")
		}
	}
	return err
}

// unread says that an option cannot be read and what to do, which is another thing where its template is wrong.
func unread(err error, option, instead string) error {
	if strings.Contains(err.Error(), "template: ") { // as package text/template begins
		instead = "what stands in {{ }} is no template of Packer; close each {{ by }}, and use functions that Packer has"
	}
	return mistake(option + " cannot be read: " + instead)
}

// notContents refuses contents where paths are wanted, and secrets where any other text is, and hides them from the log.
func notContents(fields []field) error {
	var errs []error
	for _, f := range fields {
		if f.option == options.ADPassword || f.option.Secret() {
			continue
		}
		err := options.NotSecret(f.option, *f.value)
		if f.option.IsPath() {
			err = options.NotContent(f.option, *f.value, options.Blob)
		}
		if err != nil {
			packersdk.LogSecretFilter.Set(append(core.SecretForms([]byte(*f.value)), *f.value)...)
			errs = append(errs, err)
		}
	}
	return together(errs)
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
