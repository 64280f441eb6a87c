package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/offlinejoin/offlinejoin/internal/completion"
	"github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/regf"
)

// What the measurements read and write: a real key of every SYSTEM hive.
const (
	readKey     = `ControlSet001\Control\ComputerName\ComputerName`
	readValue   = "ComputerName"
	existingKey = `ControlSet001\Control\Lsa`
	newKey      = `Setup\BenchOne\BenchTwo`
	valueName   = "Bench"
	valueSize   = 4096
)

// selfReport is what a child of ours tells of itself.
type selfReport struct {
	Inside time.Duration // from main to end
	Syncs  int
	Bytes  int64 // as the engine counts what it writes
}

// self is what a child of this program does: it is measured like the other tools.
func self(args []string) error {
	start := time.Now()
	var r selfReport
	var err error
	switch args[0] {
	case "get":
		err = selfGet(args[1])
	case "set":
		r, err = selfSet(args[1], existingKey)
	case "create":
		r, err = selfSet(args[1], newKey)
	case "record":
		r, err = selfRecord(args[1])
	case "hives":
		err = writeHives(args[1], args[2], args[3] == "true")
	case "stage":
		r, err = selfStage(args[1], args[2])
	default:
		err = fmt.Errorf("unknown measurement %q", args[0])
	}
	if err != nil {
		return err
	}
	r.Inside = time.Since(start)
	return json.NewEncoder(os.Stdout).Encode(r)
}

func selfGet(path string) error {
	h, err := openDisk(path, false)
	if err != nil {
		return err
	}
	k, err := h.Key(readKey)
	if err != nil {
		return err
	}
	v, err := k.Value(readValue)
	if err != nil {
		return err
	}
	_, err = v.Data()
	return err
}

func selfSet(path, key string) (selfReport, error) {
	h, err := openDisk(path, true)
	if err != nil {
		return selfReport{}, err
	}
	k, _, err := h.CreateKey(key, nil)
	if err != nil {
		return selfReport{}, err
	}
	if err := k.SetValue(valueName, regf.Binary, bytes.Repeat([]byte{0xAB}, valueSize)); err != nil {
		return selfReport{}, err
	}
	r, err := h.Commit(regf.CommitOptions{})
	return selfReport{Syncs: r.Syncs, Bytes: r.BytesWritten}, err
}

// selfRecord is the registry transaction of one join, without the rest of a stage.
func selfRecord(path string) (selfReport, error) {
	h, err := openDisk(path, true)
	if err != nil {
		return selfReport{}, err
	}
	k, _, err := h.CreateKey(completion.Key, completion.KeySecurity())
	if err != nil {
		return selfReport{}, err
	}
	for i := range 10 {
		if err := k.SetValue(fmt.Sprint("Value", i), regf.SZ, regf.TextData("corp.example.com")); err != nil {
			return selfReport{}, err
		}
	}
	if err := k.SetValue(completion.ValueProvisioningBlob, regf.Binary, bytes.Repeat([]byte{0xAB}, 2224)); err != nil {
		return selfReport{}, err
	}
	s, err := h.Key(completion.SetupKey)
	if err != nil {
		return selfReport{}, err
	}
	if err := s.SetValue(completion.ValueSetupType, regf.DWORD, regf.DWORDData(2)); err != nil {
		return selfReport{}, err
	}
	if err := s.SetValue(completion.ValueCmdLine, regf.SZ, regf.TextData(completion.ProgramFile)); err != nil {
		return selfReport{}, err
	}
	r, err := h.Commit(regf.CommitOptions{Forget: true})
	return selfReport{Syncs: r.Syncs, Bytes: r.BytesWritten}, err
}

func selfStage(windowsPath, blobFile string) (selfReport, error) {
	blob, err := os.ReadFile(blobFile)
	if err != nil {
		return selfReport{}, err
	}
	r, err := offlinejoin.Stage(context.Background(), offlinejoin.Request{
		WindowsPath: windowsPath, Blob: blob, StagedBy: "bench/1",
	})
	if err != nil {
		return selfReport{}, err
	}
	return selfReport{Bytes: r.BytesWritten, Syncs: r.Syncs}, nil
}
