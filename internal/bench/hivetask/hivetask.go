// Package hivetask is what the benchmark measures of the hive engine: single reads and edits, each in a process of its own
// (program hiveedit) that links nothing else, as the other tools link nothing else.
package hivetask

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/offlinejoin/offlinejoin/internal/completion"
	"github.com/offlinejoin/offlinejoin/internal/regf"
)

// What is read and written: real keys of every SYSTEM hive, and one that no hive has.
const (
	ReadKey     = `ControlSet001\Control\ComputerName\ComputerName`
	ReadValue   = "ComputerName"
	ExistingKey = `ControlSet001\Control\Lsa`
	NewKey      = `Setup\BenchOne\BenchTwo`
	ValueName   = "Bench"
	ValueSize   = 4096
)

// Run does one task on a hive: "get", "set", "create" or "record"; "nothing" is what starting a process costs. The
// report is empty for "get".
func Run(name, path string) (regf.CommitReport, error) {
	switch name {
	case "nothing":
		return regf.CommitReport{}, nil
	case "get":
		return regf.CommitReport{}, get(path)
	case "set":
		return set(path, ExistingKey)
	case "create":
		return set(path, NewKey)
	case "record":
		return record(path)
	}
	return regf.CommitReport{}, errors.New("unknown task " + name)
}

func get(path string) error {
	h, err := open(path, false)
	if err != nil {
		return err
	}
	k, err := h.Key(ReadKey)
	if err != nil {
		return err
	}
	v, err := k.Value(ReadValue)
	if err != nil {
		return err
	}
	_, err = v.Data()
	return err
}

func set(path, key string) (regf.CommitReport, error) {
	h, err := open(path, true)
	if err != nil {
		return regf.CommitReport{}, err
	}
	k, _, err := h.CreateKey(key, nil)
	if err != nil {
		return regf.CommitReport{}, err
	}
	if err := k.SetValue(ValueName, regf.Binary, bytes.Repeat([]byte{0xAB}, ValueSize)); err != nil {
		return regf.CommitReport{}, err
	}
	return h.Commit(regf.CommitOptions{})
}

// record is the registry transaction of one join, without the rest of a stage.
func record(path string) (regf.CommitReport, error) {
	h, err := open(path, true)
	if err != nil {
		return regf.CommitReport{}, err
	}
	k, _, err := h.CreateKey(completion.Key, completion.KeySecurity())
	if err != nil {
		return regf.CommitReport{}, err
	}
	for i := range 10 {
		if err := k.SetValue("Value"+strconv.Itoa(i), regf.SZ, regf.TextData("corp.example.com")); err != nil {
			return regf.CommitReport{}, err
		}
	}
	if err := k.SetValue(completion.ValueProvisioningBlob, regf.Binary, bytes.Repeat([]byte{0xAB}, 2224)); err != nil {
		return regf.CommitReport{}, err
	}
	s, err := h.Key(completion.SetupKey)
	if err != nil {
		return regf.CommitReport{}, err
	}
	if err := s.SetValue(completion.ValueSetupType, regf.DWORD, regf.DWORDData(2)); err != nil {
		return regf.CommitReport{}, err
	}
	if err := s.SetValue(completion.ValueCmdLine, regf.SZ, regf.TextData(completion.ProgramFile)); err != nil {
		return regf.CommitReport{}, err
	}
	return h.Commit(regf.CommitOptions{Forget: true})
}

// Peak returns the greatest resident size of this process in bytes, and 0 where the system does not tell. What the kernel
// tells to a parent has the size of the parent in it, from before the program was loaded.
func Peak() int64 {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(text), "VmHWM:")
	number, _, _ := strings.Cut(strings.TrimSpace(rest), " ")
	kib, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		return 0
	}
	return kib << 10
}

// diskFile is a hive's file on disk.
type diskFile struct{ *os.File }

// Size implements regf.File.
func (f diskFile) Size() (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// open opens a hive with its first log for a change, or for reading.
func open(path string, write bool) (*regf.Hive, error) {
	flag := os.O_RDONLY
	if write {
		flag = os.O_RDWR
	}
	primary, err := os.OpenFile(path, flag, 0)
	if err != nil {
		return nil, err
	}
	files := regf.Files{Primary: diskFile{primary}}
	log, err := os.OpenFile(path+".LOG1", flag, 0)
	switch {
	case err == nil:
		files.Log1 = diskFile{log}
	case !errors.Is(err, os.ErrNotExist):
		return nil, fmt.Errorf("opening the log: %w", err)
	}
	return regf.Open(files)
}
