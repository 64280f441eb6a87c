package winimage

import (
	"encoding/binary"
	"errors"
	"fmt"
	"unicode/utf16"

	"github.com/offlinejoin/offlinejoin/internal/plaintext"
	"github.com/offlinejoin/offlinejoin/internal/regf"
)

// maxText bounds what is read of one value, in bytes. What this package looks for is far shorter.
const maxText = 64 << 10

// reader reads the facts of one hive. What is absent or of a wrong type is empty; the first damage is kept in err.
type reader struct {
	hive *regf.Hive
	err  error
}

// fail keeps an error that is not an absence.
func (r *reader) fail(err error) {
	if r.err == nil && err != nil && !errors.Is(err, regf.ErrNotFound) {
		r.err = err
	}
}

// has reports whether a key exists.
func (r *reader) has(key string) bool {
	_, err := r.hive.Key(key)
	r.fail(err)
	return err == nil
}

// filled reports whether a key exists and has a value or a subkey.
func (r *reader) filled(key string) bool {
	k, err := r.hive.Key(key)
	if err != nil {
		r.fail(err)
		return false
	}
	for _, err := range k.Values() {
		r.fail(err)
		return true
	}
	for _, err := range k.Subkeys() {
		r.fail(err)
		return true
	}
	return false
}

func (r *reader) value(key, name string) (v regf.Value, ok bool) {
	k, err := r.hive.Key(key)
	if err == nil {
		v, err = k.Value(name)
	}
	r.fail(err)
	return v, err == nil
}

// text returns a text value; of a REG_MULTI_SZ the first text (Windows XP stores CmdLine so).
func (r *reader) text(key, name string) string {
	v, ok := r.value(key, name)
	if !ok || v.Size() > maxText {
		return ""
	}
	switch v.Type() {
	case regf.SZ, regf.ExpandSZ, regf.MultiSZ:
		data, err := v.Data()
		r.fail(err)
		return decodeText(data)
	}
	return ""
}

// number returns a REG_DWORD value, and 0 when there is none.
func (r *reader) number(key, name string) uint32 {
	v, ok := r.value(key, name)
	if !ok || v.Type() != regf.DWORD || v.Size() != 4 {
		return 0
	}
	n, err := v.Uint32()
	r.fail(err)
	return n
}

// data returns the bytes of a value of any type.
func (r *reader) data(key, name string) []byte {
	v, ok := r.value(key, name)
	if !ok {
		return nil
	}
	if v.Size() > maxText {
		r.fail(fmt.Errorf(`%s\%s is larger than it can be`, key, name))
		return nil
	}
	data, err := v.Data()
	r.fail(err)
	return data
}

// decodeText decodes UTF-16LE up to the first NUL.
func decodeText(data []byte) string {
	units := make([]uint16, 0, len(data)/2)
	for ; len(data) >= 2; data = data[2:] {
		u := binary.LittleEndian.Uint16(data)
		if u == 0 {
			break
		}
		units = append(units, u)
	}
	return plaintext.Line(string(utf16.Decode(units)), plaintext.Name)
}
