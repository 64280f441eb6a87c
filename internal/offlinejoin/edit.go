package offlinejoin

import (
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

// putBack restores one value of the hook, or removes it when it was absent.
func putBack(h hook) []edit {
	out := []edit{
		{what: dropValue, key: completion.SetupKey, name: completion.ValueSetupType},
		{what: dropValue, key: completion.SetupKey, name: completion.ValueCmdLine},
	}
	if h.setupType != nil {
		out[0] = setNumber(completion.SetupKey, completion.ValueSetupType, *h.setupType)
	}
	if h.cmdLine != nil {
		out[1] = setText(completion.SetupKey, completion.ValueCmdLine, *h.cmdLine)
	}
	return out
}

// pending keeps the edits that change something, and describes each as a Change.
func pending(h *regf.Hive, edits []edit) (todo []edit, changes []Change, err error) {
	for _, e := range edits {
		c, needed, err := e.compare(h)
		if err != nil {
			return nil, nil, err
		}
		if needed {
			todo, changes = append(todo, e), append(changes, c)
		}
	}
	return todo, changes, nil
}

// compare reports whether an edit changes anything, and what.
func (e edit) compare(h *regf.Hive) (Change, bool, error) {
	c := Change{Kind: ChangeAdd, Where: `SYSTEM\` + e.key, Name: e.name, Secret: e.secret}
	k, err := h.Key(e.key)
	there := err == nil
	if err != nil && !errors.Is(err, regf.ErrNotFound) {
		return c, false, err
	}
	switch e.what {
	case makeKey:
		c.Type, c.After = "key", "new key, SYSTEM and Administrators only"
		return c, !there, nil
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
	if there {
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

// apply makes an edit in the hive's overlay.
func (e edit) apply(h *regf.Hive) error {
	if e.what == dropKey {
		return h.DeleteKey(e.key)
	}
	var descriptor []byte
	if e.what == makeKey {
		descriptor = completion.KeySecurity()
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
