package main

import (
	"crypto/sha256"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/offlinejoin/offlinejoin/internal/completion"
	"github.com/offlinejoin/offlinejoin/internal/completion/boot"
	"github.com/offlinejoin/offlinejoin/internal/regf"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// firstBoot runs the decisions of the commit's completion program on the image's own hive. Windows' function returns
// the code; "power" is a loss of power while it runs.
func firstBoot(windows, code string) {
	w := &machine{hive: openHive(windows, "SYSTEM"), windows: windows, code: code}
	limits := boot.DefaultLimits()
	limits.Workstation = 0
	out := boot.Run(w, limits)
	if code == "0" { // it has restarted, by which the program's file went
		check(os.Remove(w.program()))
	}
	w.Log("the run ended with state " + out.State)
}

// machine is a Windows whose registry is the image's hive.
type machine struct {
	hive          *hive
	windows, code string
}

func (m *machine) program() string {
	return filepath.Join(m.windows, "System32", completion.ProgramFile)
}

func (m *machine) value(key, name string) (regf.Value, error) {
	k, err := m.hive.Key(key)
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

func (m *machine) Number(key, name string) (uint32, error) {
	v, err := m.value(key, name)
	if err != nil {
		return 0, err
	}
	return v.Uint32()
}

func (m *machine) Text(key, name string) (string, error) {
	v, err := m.value(key, name)
	if err != nil {
		return "", err
	}
	return v.Text()
}

func (m *machine) Size(key, name string) (int, error) {
	v, err := m.value(key, name)
	if err != nil {
		return 0, err
	}
	return int(v.Size()), nil
}

func (m *machine) Bytes(key, name string, to []byte) error {
	v, err := m.value(key, name)
	if err != nil {
		return err
	}
	content, err := v.Data()
	copy(to, content)
	return err
}

func (m *machine) set(key, name string, typ regf.Type, content []byte) error {
	k, err := m.hive.Key(key)
	if err != nil {
		return err
	}
	return k.SetValue(name, typ, content)
}

func (m *machine) SetNumber(key, name string, v uint32) error {
	return m.set(key, name, regf.DWORD, regf.DWORDData(v))
}

func (m *machine) SetText(key, name, v string) error {
	return m.set(key, name, regf.SZ, regf.TextData(v))
}

func (m *machine) SetBytes(key, name string, v []byte) error { return m.set(key, name, regf.Binary, v) }

func (m *machine) Delete(key, name string) error {
	k, err := m.hive.Key(key)
	if err != nil {
		return err
	}
	if err := k.DeleteValue(name); !errors.Is(err, regf.ErrNotFound) {
		return err
	}
	return nil
}

func (m *machine) Flush(string) error {
	m.hive.commit()
	return nil
}

func (m *machine) SHA256(content []byte) ([32]byte, error) { return sha256.Sum256(content), nil }
func (m *machine) ProtectProgram() error                   { return nil }
func (m *machine) RemoveProgram() error                    { return nil }
func (m *machine) Restart() error                          { return nil }
func (m *machine) Event(uint32, string) error              { return nil }

func (m *machine) Join(time.Duration) (winerr.Code, error) {
	if m.code == "power" {
		os.Exit(0) // nothing that was not flushed is on the disk
	}
	return boot.Call(m, boot.Limits{}), nil
}

func (m *machine) Request([]byte) winerr.Code {
	return winerr.Code(must(strconv.ParseUint(m.code, 10, 32)))
}

func (m *machine) Log(line string) {
	file := must(os.OpenFile(filepath.Join(m.windows, "debug", "offlinejoin.log"),
		os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600))
	_ = must(file.WriteString(line + "\r\n"))
	check(file.Close())
}
