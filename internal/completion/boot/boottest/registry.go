// Package boottest lets tests run the completion program's own logic, package boot, over a SYSTEM hive in the place of a running
// Windows' registry.
package boottest

import (
	"crypto/sha256"
	"errors"

	"github.com/offlinejoin/offlinejoin/internal/completion"
	"github.com/offlinejoin/offlinejoin/internal/completion/boot"
	"github.com/offlinejoin/offlinejoin/internal/regf"
)

// Registry is a SYSTEM hive as HKLM\SYSTEM. It commits nothing.
type Registry struct{ Hive *regf.Hive }

var _ boot.Source = Registry{}

func (r Registry) value(key, name string) (regf.Value, error) {
	k, err := r.Hive.Key(key)
	if err == nil {
		var v regf.Value
		if v, err = k.Value(name); err == nil {
			return v, nil
		}
	}
	if errors.Is(err, regf.ErrNotFound) {
		err = boot.ErrAbsent
	}
	return regf.Value{}, err
}

func (r Registry) put(key, name string, typ regf.Type, data []byte) error {
	k, err := r.Hive.Key(key)
	if errors.Is(err, regf.ErrNotFound) {
		return boot.ErrAbsent
	}
	if err != nil {
		return err
	}
	return k.SetValue(name, typ, data)
}

// Number implements [boot.Registry].
func (r Registry) Number(key, name string) (uint32, error) {
	v, err := r.value(key, name)
	if err != nil {
		return 0, err
	}
	return v.Uint32()
}

// Text implements [boot.Registry].
func (r Registry) Text(key, name string) (string, error) {
	v, err := r.value(key, name)
	if err != nil {
		return "", err
	}
	return v.Text()
}

// Size implements [boot.Registry].
func (r Registry) Size(key, name string) (int, error) {
	v, err := r.value(key, name)
	if err != nil {
		return 0, err
	}
	return v.Size(), nil
}

// Bytes implements [boot.Registry].
func (r Registry) Bytes(key, name string, to []byte) error {
	v, err := r.value(key, name)
	if err != nil {
		return err
	}
	data, err := v.Data()
	copy(to, data)
	return err
}

// SetNumber implements [boot.Registry].
func (r Registry) SetNumber(key, name string, v uint32) error {
	return r.put(key, name, regf.DWORD, regf.DWORDData(v))
}

// SetText implements [boot.Registry].
func (r Registry) SetText(key, name, v string) error {
	return r.put(key, name, regf.SZ, regf.TextData(v))
}

// SetBytes implements [boot.Registry].
func (r Registry) SetBytes(key, name string, v []byte) error {
	return r.put(key, name, regf.Binary, v)
}

// Raw implements [boot.Registry].
func (r Registry) Raw(key, name string) (completion.RawValue, error) {
	v, err := r.value(key, name)
	if err != nil {
		return completion.RawValue{}, err
	}
	data, err := v.Data()
	return completion.RawValue{Type: uint32(v.Type()), Data: data}, err
}

// SetRaw implements [boot.Registry].
func (r Registry) SetRaw(key, name string, v completion.RawValue) error {
	return r.put(key, name, regf.Type(v.Type), v.Data)
}

// Delete implements [boot.Registry].
func (r Registry) Delete(key, name string) error {
	k, err := r.Hive.Key(key)
	if err == nil {
		err = k.DeleteValue(name)
	}
	if errors.Is(err, regf.ErrNotFound) {
		return nil
	}
	return err
}

// Flush implements [boot.Registry].
func (r Registry) Flush(string) error { return nil }

// SHA256 implements [boot.Source].
func (r Registry) SHA256(data []byte) ([32]byte, error) { return sha256.Sum256(data), nil }
