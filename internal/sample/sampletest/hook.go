package sampletest

import (
	"bytes"
	"errors"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/completion"
	"github.com/offlinejoin/offlinejoin/internal/regf"
)

// Hook is what Windows' boot hook may be before a join is staged.
type Hook struct {
	completion.Hook
	// Version is that of the record which puts it back.
	Version uint32
	// Foreign says that the next boot would run somebody else's command.
	Foreign bool
}

// Hooks returns boot hooks in every form that comes back byte for byte.
func Hooks() map[string]Hook {
	wide := completion.SetText(`%SystemRoot%\tool.exe`).Data
	raw := func(typ uint32, data []byte) *completion.RawValue {
		return &completion.RawValue{Type: typ, Data: bytes.Clone(data)}
	}
	number, text := completion.SetNumber, completion.SetText
	return map[string]Hook{
		"as stock Windows has it":     {completion.Hook{SetupType: number(0), CmdLine: text("")}, 1, false},
		"absent":                      {completion.Hook{}, 1, false},
		"another command":             {completion.Hook{SetupType: number(2), CmdLine: text("cmd.exe /c x")}, 1, true},
		"REG_EXPAND_SZ":               {completion.Hook{SetupType: number(2), CmdLine: raw(2, wide)}, 2, true},
		"REG_MULTI_SZ":                {completion.Hook{SetupType: number(0), CmdLine: raw(7, append(bytes.Clone(wide), 0, 0))}, 2, false},
		"no terminator":               {completion.Hook{SetupType: number(0), CmdLine: raw(1, wide[:len(wide)-2])}, 2, false},
		"odd length":                  {completion.Hook{SetupType: number(0), CmdLine: raw(1, wide[:len(wide)-1])}, 2, false},
		"empty data":                  {completion.Hook{SetupType: number(0), CmdLine: raw(1, nil)}, 2, false},
		"bytes":                       {completion.Hook{SetupType: number(0), CmdLine: raw(3, []byte{1, 2, 3})}, 2, false},
		"SetupType of 8 bytes":        {completion.Hook{SetupType: raw(11, make([]byte, 8)), CmdLine: text("")}, 2, false},
		"text behind the first NUL":   {completion.Hook{SetupType: number(0), CmdLine: raw(1, append(bytes.Clone(wide), wide...))}, 2, false},
		"SetupType without a command": {completion.Hook{SetupType: number(1)}, 1, false},
	}
}

// Set makes an image's boot hook this one.
func (h Hook) Set(t testing.TB, windowsPath string) {
	t.Helper()
	Edit(t, windowsPath, "SYSTEM", func(hive *regf.Hive) error {
		setup, err := hive.Key(completion.SetupKey)
		if err != nil {
			return err
		}
		for name, value := range h.values() {
			if value != nil {
				err = setup.SetValue(name, regf.Type(value.Type), value.Data)
			} else if err = setup.DeleteValue(name); errors.Is(err, regf.ErrNotFound) {
				err = nil
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// CameBack fails the test where an image's boot hook is not this one, type and bytes.
func (h Hook) CameBack(t testing.TB, windowsPath string) {
	t.Helper()
	hive, _ := openHive(t, windowsPath, "SYSTEM")
	setup, err := hive.Key(completion.SetupKey)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range h.values() {
		value, err := setup.Value(name)
		if errors.Is(err, regf.ErrNotFound) {
			if want != nil {
				t.Errorf("%s is gone, and was of type %d with % x", name, want.Type, want.Data)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		data, err := value.Data()
		if err != nil || want == nil || uint32(value.Type()) != want.Type || !bytes.Equal(data, want.Data) {
			t.Errorf("%s is of type %s with % x, %v, and was %+v", name, value.Type(), data, err, want)
		}
	}
}

func (h Hook) values() map[string]*completion.RawValue {
	return map[string]*completion.RawValue{completion.ValueSetupType: h.SetupType, completion.ValueCmdLine: h.CmdLine}
}
