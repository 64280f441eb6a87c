package sampletest

import (
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/completion"
	"github.com/offlinejoin/offlinejoin/internal/regf"
)

// Complete does to an image's registry what the completion program does at a first boot that goes well.
func Complete(t testing.TB, windowsPath string) {
	t.Helper()
	end(t, windowsPath, completion.StateCompleted, 0, "the machine has joined its domain")
}

// Fail does to an image's registry what the completion program does when Windows refuses the blob with a code for good.
func Fail(t testing.TB, windowsPath string, code uint32) {
	t.Helper()
	end(t, windowsPath, completion.StateFailed, code, "Windows refused the join")
}

func end(t testing.TB, windowsPath, state string, result uint32, text string) {
	t.Helper()
	Edit(t, windowsPath, "SYSTEM", func(h *regf.Hive) error {
		key, err := h.Key(completion.Key)
		if err != nil {
			return err
		}
		setup, err := h.Key(completion.SetupKey)
		if err != nil {
			return err
		}
		return errors.Join(
			key.DeleteValue(completion.ValueProvisioningBlob),
			key.SetValue(completion.ValueState, regf.SZ, regf.TextData(state)),
			key.SetValue(completion.ValueAttempts, regf.DWORD, regf.DWORDData(1)),
			key.SetValue(completion.ValueResult, regf.DWORD, regf.DWORDData(result)),
			key.SetValue(completion.ValueResultText, regf.SZ, regf.TextData(text)),
			key.SetValue(completion.ValueCompletedAt, regf.SZ, regf.TextData("2026-11-24T12:00:00Z")),
			setup.SetValue(completion.ValueCmdLine, regf.SZ, regf.TextData("")),
			setup.SetValue(completion.ValueSetupType, regf.DWORD, regf.DWORDData(completion.SetupTypeNone)),
		)
	})
}

// Foreign leaves in an image the trace of another tool's join that is pending.
func Foreign(t testing.TB, windowsPath string) {
	t.Helper()
	Edit(t, windowsPath, "SYSTEM", func(h *regf.Hive) error {
		return set(h, `Setup\DJOIN`, "Pending", regf.SZ, regf.TextData("x"))
	})
}

// Member makes an image a member of the domain S-1-5-21-1-2-3, as a join that nobody of ours made does.
func Member(t testing.TB, windowsPath string) {
	t.Helper()
	Edit(t, windowsPath, "SECURITY", func(h *regf.Hive) error {
		return set(h, `Policy\PolPrDmS`, "", regf.None, []byte{
			1, 4, 0, 0, 0, 0, 0, 5, 21, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0,
		})
	})
}

func set(h *regf.Hive, key, name string, typ regf.Type, data []byte) error {
	k, _, err := h.CreateKey(key, nil)
	if err != nil {
		return err
	}
	return k.SetValue(name, typ, data)
}

// Disarm takes the hook of a staged join away, as a tool that repairs images might.
func Disarm(t testing.TB, windowsPath string) {
	t.Helper()
	Edit(t, windowsPath, "SYSTEM", func(h *regf.Hive) error {
		return set(h, completion.SetupKey, completion.ValueCmdLine, regf.SZ, regf.TextData(""))
	})
}

// CloseHive brings what waits in the logs of the SYSTEM hive into it, along with a key of its own, so that it is closed cleanly.
func CloseHive(t testing.TB, windowsPath string) {
	t.Helper()
	Edit(t, windowsPath, "SYSTEM", func(h *regf.Hive) error {
		_, _, err := h.CreateKey(completion.SetupKey+`\Closed`, nil)
		return err
	})
}

// Edit changes a hive of an image through its logs, as Windows would.
func Edit(t testing.TB, windowsPath, name string, change func(*regf.Hive) error) {
	t.Helper()
	hive, files := openHive(t, windowsPath, name)
	err := change(hive)
	if err == nil {
		_, err = hive.Commit(regf.CommitOptions{})
	}
	if err != nil {
		t.Fatalf("editing %s of %s: %v", name, windowsPath, err)
	}
	for i, file := range filesOf(windowsPath, name) {
		if err := os.WriteFile(file, files[i].Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// filesOf returns the paths of a hive of an image and of its logs.
func filesOf(windowsPath, name string) [3]string {
	file := filepath.Join(windowsPath, "System32", "config", name)
	return [3]string{file, file + ".LOG1", file + ".LOG2"}
}

// openHive opens a copy in memory of a hive of an image with its logs.
func openHive(t testing.TB, windowsPath, name string) (*regf.Hive, [3]*regf.MemFile) {
	t.Helper()
	var files [3]*regf.MemFile
	for i, file := range filesOf(windowsPath, name) {
		content, err := os.ReadFile(file)
		if err != nil && (i == 0 || !errors.Is(err, os.ErrNotExist)) {
			t.Fatal(err)
		}
		files[i] = regf.NewMemFile(content)
	}
	hive, err := regf.Open(regf.Files{Primary: files[0], Log1: files[1], Log2: files[2]})
	if err != nil {
		t.Fatalf("opening %s of %s: %v", name, windowsPath, err)
	}
	return hive, files
}

// Dirty changes the SYSTEM hive of an image as far as a Windows came that lost its power then: a value is in the log, and the
// hive itself is marked and does not have it.
func Dirty(t testing.TB, windowsPath string) {
	t.Helper()
	hive, files := openHive(t, windowsPath, "SYSTEM")
	if err := set(hive, "Setup", "InTheLog", regf.SZ, regf.TextData("yes")); err != nil {
		t.Fatal(err)
	}
	plan, err := hive.Plan()
	if err != nil {
		t.Fatal(err)
	}
	for _, op := range plan.Ops[:plan.Durable] {
		if op.Barrier {
			continue
		}
		if _, err := files[op.File].WriteAt(op.Data, op.Offset); err != nil {
			t.Fatal(err)
		}
	}
	for i, name := range filesOf(windowsPath, "SYSTEM") {
		if err := os.WriteFile(name, files[i].Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// Unrecoverable raises the first sequence number of the SYSTEM hive, with a checksum that fits, and removes the logs: nothing
// completes what the hive lacks then.
func Unrecoverable(t testing.TB, windowsPath string) {
	t.Helper()
	file := filepath.Join(windowsPath, "System32", "config", "SYSTEM")
	hive, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	const checksum = 508
	le := binary.LittleEndian
	le.PutUint32(hive[4:], le.Uint32(hive[4:])+1)
	var sum uint32
	for i := 0; i < checksum; i += 4 {
		sum ^= le.Uint32(hive[i:])
	}
	le.PutUint32(hive[checksum:], sum)
	if err := os.WriteFile(file, hive, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, log := range []string{".LOG1", ".LOG2"} {
		if err := os.Remove(file + log); err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
	}
}

// LargeValue returns a change that makes a value of zeros.
func LargeValue(n int) func(*regf.Hive) error {
	return func(h *regf.Hive) error { return set(h, "Setup", "Zeros", regf.Binary, make([]byte, n)) }
}
