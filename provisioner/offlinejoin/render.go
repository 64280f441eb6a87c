package offlinejoin

import (
	"fmt"
	"strings"

	"github.com/hashicorp/packer-plugin-sdk/template/interpolate"
	"github.com/offlinejoin/offlinejoin/internal/options"
)

// unknownValue is what Packer puts in place of a value that it does not know yet, when it prepares for the first time.
const unknownValue = "<unknown>"

// rendered lists the options that may hold build data such as `{{ .MountPath }}`. Packer leaves them to Provision.
func rendered() []string {
	return []string{
		options.WindowsPath.Name(), options.BlobFile.Name(), options.IdentityFile.Name(), options.Blob.Name(), "expect",
	}
}

// render returns c with its templates rendered. The error names the option and not its value, which may be the blob.
func (c Config) render(data map[string]any) (Config, error) {
	ctx := c.ctx
	ctx.Data = data
	for _, field := range c.templates() {
		value, err := renderOne(*field.value, &ctx)
		if err != nil {
			return Config{}, fmt.Errorf("%s holds a template that this builder cannot fill: see the builder's "+
				"documentation for what it shares", field.option)
		}
		*field.value = value
	}
	return c, nil
}

// known returns c for the checks that need no image: what Packer or the builder will only tell later is empty, and the
// second result says which options those are.
func (c Config) known() (Config, map[options.Word]bool) {
	later := map[options.Word]bool{}
	for _, field := range c.words() {
		value, err := renderOne(*field.value, &c.ctx)
		if err != nil || strings.Contains(value, unknownValue) {
			later[field.option] = true
			value = ""
		}
		*field.value = value
	}
	return c, later
}

func renderOne(value string, ctx *interpolate.Context) (string, error) {
	if !strings.Contains(value, "{{") {
		return value, nil
	}
	text, err := interpolate.RenderOnce(value, ctx)
	if err == nil && strings.Contains(text, "<no value>") { // text/template's word for a missing key
		err = fmt.Errorf("no such build data")
	}
	return text, err
}

type field struct {
	option options.Word
	value  *string
}

// templates are the fields that may hold build data.
func (c *Config) templates() []field {
	return []field{
		{options.WindowsPath, &c.WindowsPath},
		{options.BlobFile, &c.BlobFile},
		{options.IdentityFile, &c.IdentityFile},
		{options.Blob, &c.Blob},
		{options.MachineName, &c.Expect.MachineName},
		{options.Domain, &c.Expect.Domain},
	}
}

// words are all fields that hold text.
func (c *Config) words() []field {
	return append(c.templates(), field{options.MethodWord, &c.Method}, field{options.Existing, &c.OnExisting})
}
