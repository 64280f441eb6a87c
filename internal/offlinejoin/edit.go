package offlinejoin

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"

	"github.com/offlinejoin/offlinejoin/internal/completion"
	"github.com/offlinejoin/offlinejoin/internal/plaintext"
	"github.com/offlinejoin/offlinejoin/internal/regf"
)

// edit is one wanted state of the SYSTEM hive.
type edit struct {
	what   editKind
	key    string
	name   string
	typ    regf.Type
	data   []byte
	secret bool
}

type editKind int

const (
	setValue editKind = iota
	dropValue
	makeKey // with our security descriptor
	dropKey
)

func setText(key, name, text string) edit {
	return edit{what: setValue, key: key, name: name, typ: regf.SZ, data: regf.TextData(text)}
}

func setNumber(key, name string, n uint32) edit {
	return edit{what: setValue, key: key, name: name, typ: regf.DWORD, data: regf.DWORDData(n)}
}

// setRaw sets a value to what it was, or removes it when it was absent.
func setRaw(key, name string, v *completion.RawValue) edit {
	if v == nil {
		return edit{what: dropValue, key: key, name: name}
	}
	return edit{what: setValue, key: key, name: name, typ: regf.Type(v.Type), data: v.Data}
}

// putBack restores the hook byte for byte.
func putBack(h completion.Hook) []edit {
	return []edit{
		setRaw(completion.SetupKey, completion.ValueSetupType, h.SetupType),
		setRaw(completion.SetupKey, completion.ValueCmdLine, h.CmdLine),
	}
}

// pending keeps the edits that change something, and describes each as a Change.
func pending(h *regf.Hive, edits []edit) (todo []edit, changes []Change, err error) {
	remade := "" // a key that will be empty when the later edits are made
	for _, e := range edits {
		c, needed, err := e.compare(h, e.key == remade)
		if needed && e.what == makeKey {
			remade = e.key
		}
		if err != nil {
			return nil, nil, err
		}
		if needed {
			todo, changes = append(todo, e), append(changes, c)
		}
	}
	return todo, changes, nil
}

// compare reports whether an edit changes anything, and what. The key of an edit may be remade, and so empty.
func (e edit) compare(h *regf.Hive, remade bool) (Change, bool, error) {
	c := Change{Kind: ChangeAdd, Where: `SYSTEM\` + e.key, Name: e.name, Secret: e.secret}
	k, err := h.Key(e.key)
	there := err == nil && !remade
	if err != nil && !errors.Is(err, regf.ErrNotFound) {
		return c, false, err
	}
	switch e.what {
	case makeKey:
		c.Type, c.After = "key", "new key, SYSTEM and Administrators only"
		if !there {
			return c, true, nil
		}
		secured, err := isSecured(k)
		c.Kind, c.Before = ChangeModify, "key with another owner or access"
		return c, !secured, err
	case dropKey:
		c.Kind, c.Type, c.Before = ChangeRemove, "key", "key with everything below it, zeroed"
		return c, there, nil
	}
	var old regf.Value
	if there {
		old, err = k.Value(e.name)
		there = err == nil
		if err != nil && !errors.Is(err, regf.ErrNotFound) {
			return c, false, err
		}
	}
	var before []byte
	switch {
	case there && old.Size() > max(len(e.data), maxRead): // it differs, and none of ours is so long
		c.Before = fmt.Sprintf("%d bytes", old.Size())
	case there:
		if before, err = old.Data(); err != nil {
			return c, false, err
		}
		c.Before = show(old.Type(), before, e.secret)
	}
	if e.what == dropValue {
		c.Kind, c.Type = ChangeRemove, old.Type().String()
		return c, there, nil
	}
	c.Type, c.After = e.typ.String(), show(e.typ, e.data, e.secret)
	if there {
		c.Kind = ChangeModify
	}
	return c, !there || old.Type() != e.typ || string(before) != string(e.data), nil
}

// maxRead bounds, in bytes, what is read of a value only to show it.
const maxRead = 64 << 10

// show formats a value for people; secret and binary data by its length only.
func show(typ regf.Type, data []byte, secret bool) string {
	switch {
	case secret:
		return fmt.Sprintf("%d bytes, secret", len(data))
	case typ == regf.DWORD && len(data) == 4:
		return strconv.FormatUint(uint64(data[0])|uint64(data[1])<<8|uint64(data[2])<<16|uint64(data[3])<<24, 10)
	case typ == regf.SZ:
		return showText(data)
	}
	return fmt.Sprintf("%d bytes", len(data))
}

// maxShown bounds how much of a text is shown, in characters.
const maxShown = 200

func showText(data []byte) string {
	text := regf.Text(data)
	if text == "" {
		return `""`
	}
	return plaintext.Line(text, maxShown)
}

// isSecured reports whether a key has the security descriptor of ours. Another one was made by somebody else, before us
// or after, and may let others read the blob.
func isSecured(k regf.Key) (bool, error) {
	sd, err := k.Security()
	return err == nil && bytes.Equal(sd, completion.KeySecurity()), err
}

// apply makes an edit in the hive's overlay.
func (e edit) apply(h *regf.Hive) error {
	if e.what == dropKey {
		return h.DeleteKey(e.key)
	}
	var descriptor []byte
	if e.what == makeKey {
		descriptor = completion.KeySecurity()
		if k, err := h.Key(e.key); err == nil {
			if secured, err := isSecured(k); secured || err != nil {
				return err
			}
			if err := h.DeleteKey(e.key); err != nil {
				return err
			}
		}
	}
	k, _, err := h.CreateKey(e.key, descriptor)
	if err != nil || e.what == makeKey {
		return err
	}
	if e.what == dropValue {
		return k.DeleteValue(e.name)
	}
	return k.SetValue(e.name, e.typ, e.data)
}
