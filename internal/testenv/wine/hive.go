package wine

import (
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/completion"
	"github.com/offlinejoin/offlinejoin/internal/regf"
)

// contractKeys are the keys that staging writes and the completion program reads.
func contractKeys() []string { return []string{completion.SetupKey, completion.Key} }

// TakeOver makes the keys of a first boot in this Windows' registry those of a SYSTEM hive. A key that the hive does not have
// is not there then.
func (p *Prefix) TakeOver(t testing.TB, hive *regf.Hive) {
	t.Helper()
	var values []RegValue
	for _, path := range contractKeys() {
		key, err := hive.Key(path)
		if err != nil {
			t.Fatal(err)
		}
		for v, err := range key.Values() {
			if err != nil {
				t.Fatal(err)
			}
			data, err := v.Data()
			if err != nil {
				t.Fatal(err)
			}
			values = append(values, RegValue{Key: System + `\` + path, Name: v.Name(), Type: uint32(v.Type()), Data: data})
		}
	}
	p.Replace(t, []string{System + `\` + completion.SetupKey}, values)
}

// GiveBack makes the keys of a first boot in a SYSTEM hive those of this Windows' registry. It commits nothing.
func (p *Prefix) GiveBack(t testing.TB, hive *regf.Hive) {
	t.Helper()
	tree := p.Tree(t, System+`\`+completion.SetupKey)
	for _, path := range contractKeys() {
		if err := giveBack(hive, path, tree.Key(System+`\`+path)); err != nil {
			t.Fatal(err)
		}
	}
}

func giveBack(hive *regf.Hive, path string, after map[string]RegValue) error {
	key, err := hive.Key(path)
	if err != nil {
		return err
	}
	var gone []string
	for v, err := range key.Values() {
		if err != nil {
			return err
		}
		if _, there := after[v.Name()]; !there {
			gone = append(gone, v.Name())
		}
	}
	for _, name := range gone {
		if err := key.DeleteValue(name); err != nil {
			return err
		}
	}
	for name, v := range after {
		if err := key.SetValue(name, regf.Type(v.Type), v.Data); err != nil {
			return err
		}
	}
	return nil
}
