package offlinejoin

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/packer-plugin-sdk/template/interpolate"

	"github.com/offlinejoin/offlinejoin/internal/options"
)

// unknownValue is what Packer puts in place of a value that it does not know yet, when it prepares for the first time.
const unknownValue = "<unknown>"

// field is an option that holds text, and may hold a template.
type field struct {
	option options.Name
	value  *string
}

// texts are all fields that hold text. The structs of a block with more options add theirs.
func (o *JoinOptions) texts() []field {
	return slices.Concat(o.Account.texts(), o.ActiveDirectory.texts(), []field{
		{options.BlobFile, &o.BlobFile},
		{options.IdentityFile, &o.IdentityFile},
		{options.Blob, &o.Blob},
		{options.MachineName, &o.Expect.MachineName},
		{options.Domain, &o.Expect.Domain},
		{options.MethodName, &o.Method},
		{options.OnExistingName, &o.OnExisting},
		{options.LedgerFile, &o.LedgerFile},
		{options.LedgerURL, &o.Ledger},
		{options.Reuse, &o.Reuse},
		{options.ReuseReason, &o.ReuseReason},
		{options.CompletionProgram, &o.CompletionProgram},
		{options.LockTimeout, &o.LockTimeout},
		{options.Backup, &o.Backup},
		{options.ReportFile, &o.ReportFile},
		{options.SecretExposure, &o.SecretExposure},
	})
}

func (d *DiskOptions) texts() []field {
	return []field{
		{options.ImagePath, &d.ImagePath},
		{options.Partition, &d.Partition},
		{options.OverlayPath, &d.OverlayPath},
		{options.CopyPath, &d.CopyPath},
		{options.Backing, &d.Backing},
		{options.JournalDir, &d.JournalDir},
		{options.ImageName, &d.ImageName},
	}
}

func (c *Config) texts() []field {
	return slices.Concat(c.JoinOptions.texts(), c.DiskOptions.texts(), []field{{options.WindowsPath, &c.WindowsPath}})
}

func (c *PostProcessorConfig) texts() []field {
	return slices.Concat(c.JoinOptions.texts(), c.DiskOptions.texts(), []field{{options.WindowsPath, &c.WindowsPath}})
}

// rendered lists the options that may hold build data such as `{{ .MountPath }}`. Packer leaves them to us.
func rendered(fields []field) []string {
	names := []string{"expect", options.Account.String(), options.ActiveDirectory.String()}
	for _, f := range fields {
		names = append(names, f.option.String())
	}
	return names
}

// render fills the templates in with the data of a build. The error names the option and not its value, which may be the
// blob.
func render(fields []field, ctx interpolate.Context, data map[string]any) error {
	ctx.Data = data
	for _, f := range fields {
		value, err := renderOne(*f.value, &ctx)
		if err != nil {
			return fmt.Errorf("%s holds a template that this builder cannot fill: see the builder's documentation for what "+
				"it shares", f.option)
		}
		*f.value = value
	}
	return notContents(fields)
}

// later says what of the options only a build will tell.
type later map[options.Name]bool

// any reports whether one of some options is not known yet.
func (l later) any(names ...options.Name) bool {
	for _, name := range names {
		if l[name] {
			return true
		}
	}
	return false
}

// known is render for the checks before a build: what Packer or the builder will only tell later becomes empty.
func known(fields []field, ctx interpolate.Context) later {
	notYet := later{}
	for _, f := range fields {
		value, err := renderOne(*f.value, &ctx)
		if err != nil || strings.Contains(value, unknownValue) {
			notYet[f.option] = true
			value = ""
		}
		*f.value = value
	}
	return notYet
}

// mayBeUnknown reports whether an option that is true or false may be known only later: Packer puts false in its place then, as it
// is when it was written. What is not written at all is neither.
func mayBeUnknown(option options.Name, raws []any) bool {
	for _, raw := range raws {
		block, _ := raw.(map[string]any)
		if value, written := block[option.String()].(bool); written && !value {
			return true
		}
	}
	return false
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
