package joinfile

import (
	"fmt"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/options"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// option is one option of a join, and how its text gets into the join.
type option struct {
	name     options.Name
	required bool
	set      func(j *Join, text string) error // called for each element of a list
	list     bool
}

// joinOptions lists the options in the order of the reference. A relative path starts at the folder of the join files.
func joinOptions(folder string) []option {
	path := func(to func(j *Join) *string) func(*Join, string) error {
		return func(j *Join, text string) error {
			*to(j) = below(folder, text)
			return nil
		}
	}
	text := func(to func(j *Join) *string) func(*Join, string) error {
		return func(j *Join, text string) error {
			*to(j) = text
			return nil
		}
	}
	checked := func(to func(j *Join) *string, check func(string) error) func(*Join, string) error {
		return func(j *Join, text string) error {
			*to(j) = text
			return check(text)
		}
	}
	return []option{
		{name: options.WindowsPath, set: path(func(j *Join) *string { return &j.words.WindowsPath })},
		{name: options.ImagePath, set: path(func(j *Join) *string { return &j.words.ImagePath })},
		{name: options.Partition, set: text(func(j *Join) *string { return &j.words.Partition })},
		{name: options.OverlayPath, set: path(func(j *Join) *string { return &j.words.OverlayPath })},
		{name: options.CopyPath, set: path(func(j *Join) *string { return &j.words.CopyPath })},
		{name: options.Backing, set: text(func(j *Join) *string { return &j.words.Backing })},
		{name: options.JournalDir, set: path(func(j *Join) *string { return &j.words.JournalDir })},
		{name: options.ImageName, set: text(func(j *Join) *string { return &j.words.ImageName })},
		{name: options.BlobFile, required: true, set: path(func(j *Join) *string { return &j.BlobFile })},
		{name: options.IdentityFile, set: path(func(j *Join) *string { return &j.IdentityFile })},
		{name: options.MachineName, set: text(func(j *Join) *string { return &j.words.MachineName })},
		{name: options.Domain, set: text(func(j *Join) *string { return &j.words.Domain })},
		{name: options.MethodName, set: checked(func(j *Join) *string { return &j.words.Method }, errorOf(options.Method))},
		{name: options.OnExistingName, set: checked(func(j *Join) *string { return &j.words.OnExisting }, errorOf(options.OnExisting))},
		{
			name: options.SecretExposure,
			set:  checked(func(j *Join) *string { return &j.words.SecretExposure }, errorOf(options.SecretExposureOf)),
		},
		{name: options.CompletionProgram, set: path(func(j *Join) *string { return &j.words.CompletionProgram })},
		{name: options.LedgerFile, set: path(func(j *Join) *string { return &j.words.LedgerFile })},
		{name: options.LedgerURL, set: text(func(j *Join) *string { return &j.words.Ledger })},
		{name: options.Reuse, set: text(func(j *Join) *string { return &j.words.Reuse })}, // looked at with its reason
		{name: options.ReuseReason, set: text(func(j *Join) *string { return &j.words.ReuseReason })},
		{
			name: options.LockTimeout,
			set:  checked(func(j *Join) *string { return &j.words.LockTimeout }, errorOf(options.ParseLockTimeout)),
		},
		{name: options.Backup, set: path(func(j *Join) *string { return &j.words.Backup })},
	}
}

// errorOf makes a check of a function that also returns a value.
func errorOf[T any](parse func(string) (T, error)) func(string) error {
	return func(text string) error {
		_, err := parse(text)
		return err
	}
}

// optionArguments is what the grammar says of the options of a join.
func optionArguments(folder string) []argument { return argumentsOf(joinOptions(folder)) }

// argumentsOf is what the grammar says of options.
func argumentsOf(list []option) []argument {
	var out []argument
	for _, o := range list {
		a := argument{name: o.name.String(), kind: "string", doc: o.name.Doc(), required: o.required}
		switch {
		case o.list:
			a.kind = "list of strings"
		case o.name.Default() == "false":
			a.kind = "bool"
		case o.name == options.BlobFile:
			a.required, a.doc = false, "Required where there is no `account` block. "+a.doc
		}
		out = append(out, a)
	}
	return out
}

// apply sets one option of a join from a value that is not null.
func (b joinBlock) apply(j *Join, o option, value cty.Value, at hcl.Range) hcl.Diagnostics {
	if !o.list {
		return b.applyOne(j, o, value, at)
	}
	list, marks := value.Unmark()
	if t := list.Type(); !list.IsKnown() || !t.IsTupleType() && !t.IsListType() && !t.IsSetType() {
		return wrong(at, "Value of the wrong type", fmt.Sprintf("%s of %s is a list of strings, not %s: write [\"…\"].", o.name, j.Address,
			called(t)))
	}
	for it := list.ElementIterator(); it.Next(); {
		_, element := it.Element()
		if element.IsNull() {
			continue
		}
		if diags := b.applyOne(j, o, element.WithMarks(marks), at); diags.HasErrors() {
			return diags
		}
	}
	return nil
}

// applyOne sets an option from a value. One that was made of the environment is not shown.
func (b joinBlock) applyOne(j *Join, o option, value cty.Value, at hcl.Range) hcl.Diagnostics {
	value, marks := value.UnmarkDeep()
	text, err := convert.Convert(value, cty.String)
	if err != nil || !text.IsKnown() {
		return wrong(at, "Value of the wrong type", fmt.Sprintf("%s of %s is a string, not %s.", o.name, j.Address,
			called(value.Type())))
	}
	if text.AsString() == "" {
		return wrong(at, "Empty value", fmt.Sprintf("%s of %s is empty: write a value, or null for none.", o.name, j.Address))
	}
	if o.name.IsPath() {
		if err := options.NotContent(o.name, text.AsString()); err != nil {
			b.diagnostics.contents.add(text.AsString())
			return wrong(at, "Looks like a secret", fmt.Sprintf("In %s: %s.", j.Address, winerr.MessageOf(err)))
		}
	}
	if o.name == options.LedgerURL {
		if err := offlinejoin.CheckLedger(text.AsString()); err != nil { // it may have a password in it
			b.diagnostics.contents.add(text.AsString())
			return wrong(at, "Invalid ledger", fmt.Sprintf("In %s: %s.", j.Address, winerr.MessageOf(err)))
		}
	}
	if !showable(text.AsString()) && !(o.name.IsPath() && showablePath(text.AsString())) {
		return wrong(at, "Looks like a secret", fmt.Sprintf("%s of %s has line breaks, or runs of base64 as blobs have "+
			"them, "+
			"and would be shown in plans: name the file that holds the blob in blob_file, not its content.", o.name, j.Address))
	}
	if err := o.set(j, text.AsString()); err != nil {
		guess := didYouMean(text.AsString(), o.name.Allowed())
		if len(marks) > 0 {
			b.diagnostics.hideValue(text.AsString())
		}
		return wrong(at, "Invalid value", fmt.Sprintf("In %s: %s.%s", j.Address, winerr.MessageOf(err), guess))
	}
	return nil
}

// called is what people call a type.
func called(t cty.Type) string {
	switch {
	case t.IsTupleType(), t.IsListType(), t.IsSetType():
		return "a list"
	case t.IsObjectType(), t.IsMapType():
		return "a map"
	}
	return "a " + t.FriendlyName()
}
