package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/offlinejoin/offlinejoin/internal/completion"
	"github.com/offlinejoin/offlinejoin/internal/plaintext"
	"github.com/offlinejoin/offlinejoin/internal/regf"
	"github.com/offlinejoin/offlinejoin/internal/term"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
	"github.com/offlinejoin/offlinejoin/internal/winimage"
)

// systemMount is where Windows mounts the SYSTEM hive: symbolic links in it lead there.
const systemMount = `\Registry\Machine\System`

func (a *app) hiveGet() *cobra.Command {
	var asIs bool
	cmd := &cobra.Command{
		Use:   "get FILE KEY [VALUE]",
		Short: "Show a key with its values and subkeys, or one value",
		Long: `Show a key with its values and subkeys, or one value, pending log entries applied. Names are compared without case. In
a SYSTEM hive CurrentControlSet is the control set that the next boot uses. A staged blob is never shown.`,
		Example: `  offlinejoin hive get /mnt/web01/Windows/System32/config/SYSTEM Setup
  offlinejoin hive get /mnt/web01/Windows/System32/config/SYSTEM 'CurrentControlSet\Control\ComputerName\ComputerName' ComputerName`,
		Args: cobra.RangeArgs(2, 3),
		RunE: a.begin(func(_ context.Context, args []string) error {
			h, err := winimage.OpenHiveFile(args[0], asIs)
			if err != nil {
				return about(args[0], err)
			}
			defer h.Close()
			k, err := h.Resolve(args[1], systemMount)
			if errors.Is(err, regf.ErrNotFound) {
				return winerr.Errorf(winerr.FileNotFound, "%s has no key %s", args[0], args[1])
			}
			if err != nil {
				return about(args[0], err)
			}
			secret := secretIn(h.Hive)
			if len(args) == 3 {
				return a.showOneValue(args[0], k, args[2], secret)
			}
			return about(args[0], a.showKey(k, secret))
		}),
	}
	addAsIs(cmd, &asIs)
	return cmd
}

// keyDocument is what hive get prints of a key. It holds names and data as the hive does.
type keyDocument struct {
	SchemaVersion int             `json:"schema_version"`
	Path          string          `json:"path"`
	Values        []valueDocument `json:"values"`
	Subkeys       []string        `json:"subkeys"`
}

type valueDocument struct {
	Name string `json:"name"`
	Type string `json:"type"`
	Size int    `json:"size"`
	Data string `json:"data,omitempty"` // text, decimal or hex; never a staged blob
}

func (a *app) showKey(k regf.Key, secret secrecy) error {
	doc := keyDocument{SchemaVersion: schemaVersion, Path: k.Path(), Values: []valueDocument{}, Subkeys: []string{}}
	for v, err := range k.Values() {
		if err != nil {
			return err
		}
		d, err := describeValue(v, secret(k.Path(), v))
		if err != nil {
			return err
		}
		doc.Values = append(doc.Values, d)
	}
	for sub, err := range k.Subkeys() {
		if err != nil {
			return err
		}
		doc.Subkeys = append(doc.Subkeys, sub.Name())
	}
	if a.json {
		return a.printJSON(doc)
	}
	fmt.Fprintln(a.Out, plaintext.Line(k.Path(), 0))
	rows := make([]term.Row, 0, len(doc.Values)+len(doc.Subkeys))
	for _, v := range doc.Values {
		name := v.Name
		if name == "" {
			name = "(default)"
		}
		rows = append(rows, term.Row{Mark: term.Same, Subject: plaintext.Line(name, 0), Kind: v.Type, Value: shorten(v)})
	}
	for _, s := range doc.Subkeys {
		rows = append(rows, term.Row{Mark: term.Same, Subject: `\` + plaintext.Line(s, 0), Kind: "key"})
	}
	if len(rows) > 0 {
		term.WriteRows(a.Out, rows)
	}
	return nil
}

func (a *app) showOneValue(file string, k regf.Key, name string, secret secrecy) error {
	v, err := k.Value(name)
	if errors.Is(err, regf.ErrNotFound) {
		return winerr.Errorf(winerr.FileNotFound, "%s: the key %s has no value %q", file, k.Path(), name)
	}
	if err != nil {
		return about(file, err)
	}
	d, err := describeValue(v, secret(k.Path(), v))
	if err != nil {
		return about(file, err)
	}
	if a.json {
		return a.printJSON(d)
	}
	fmt.Fprintln(a.Out, plaintext.Line(d.Data, 0))
	return nil
}

// describeValue shows text as it is, numbers in decimal and everything else in hex.
func describeValue(v regf.Value, secret bool) (valueDocument, error) {
	d := valueDocument{Name: v.Name(), Type: v.Type().String(), Size: v.Size()}
	if secret {
		d.Data = "(secret)"
		return d, nil
	}
	data, err := v.Data()
	if err != nil {
		return d, err
	}
	switch {
	case v.Type() == regf.SZ || v.Type() == regf.ExpandSZ:
		d.Data = regf.Text(data)
	case v.Type() == regf.DWORD && len(data) == 4:
		n, err := v.Uint32()
		if err != nil {
			return d, err
		}
		d.Data = fmt.Sprint(n)
	default:
		d.Data = fmt.Sprintf("%x", data)
	}
	return d, nil
}

// secrecy reports whether a value, of the key with that path, is not to be shown.
type secrecy func(key string, v regf.Value) bool

// secretIn applies the rule of package completion to a hive, whose root may itself be the key of a join.
func secretIn(h *regf.Hive) secrecy {
	root := ""
	if k, err := h.Root(); err == nil {
		root = k.Name()
	}
	return func(key string, v regf.Value) bool {
		return completion.IsSecret(root+`\`+key, v.Name(), v.Type() == regf.Binary)
	}
}

// shorten keeps a list of values readable.
func shorten(v valueDocument) string {
	const most = 64
	text := plaintext.Line(v.Data, 0)
	if runes := []rune(text); len(runes) > most {
		text = fmt.Sprintf("%s… (%d bytes)", string(runes[:most]), v.Size)
	}
	if text == "" {
		text = `""`
	}
	return text
}
