package main

import (
	"bytes"
	"crypto/rand"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/offlinejoin/offlinejoin/internal/completion"
	"github.com/offlinejoin/offlinejoin/internal/completion/program/crossbuild"
	"github.com/offlinejoin/offlinejoin/internal/completion/winetest"
)

const (
	setupKey = winetest.System + `\` + completion.SetupKey
	ownKey   = winetest.System + `\` + completion.Key
)

// stagedValues is the contract as staging leaves it, and the armed hook.
func stagedValues(blob []byte) []winetest.RegValue {
	return []winetest.RegValue{
		winetest.DWord(setupKey, completion.ValueSetupType, completion.SetupTypeThenLogon),
		winetest.SZ(setupKey, completion.ValueCmdLine, completion.ProgramFile),
		winetest.DWord(ownKey, completion.ValueVersion, completion.Version),
		winetest.SZ(ownKey, completion.ValueMethod, completion.MethodRegistry),
		winetest.SZ(ownKey, completion.ValueState, completion.StateStaged),
		winetest.SZ(ownKey, completion.ValueMachineName, "WEB01"),
		winetest.DWord(ownKey, completion.ValueAttempts, 0),
		winetest.DWord(ownKey, completion.ValuePreviousSetupType, completion.SetupTypeNone),
		winetest.SZ(ownKey, completion.ValuePreviousCmdLine, ""),
		winetest.Binary(ownKey, completion.ValueProvisioningBlob, blob),
	}
}

func without(values []winetest.RegValue, name string) []winetest.RegValue {
	var kept []winetest.RegValue
	for _, v := range values {
		if v.Name != name {
			kept = append(kept, v)
		}
	}
	return kept
}

func newBlob(t *testing.T) []byte {
	t.Helper()
	blob := make([]byte, 2032)
	if _, err := rand.Read(blob); err != nil {
		t.Fatal(err)
	}
	return blob
}

// scenario is one first boot and what must come of it.
type scenario struct {
	name   string
	absent string   // a value that staging left out
	stub   string   // how Windows' function behaves
	codes  []uint32 // of each call that the stub receives
	state  string
	result uint32
	text   string // part of ResultText
}

// TestFirstBoot runs the program as it will be embedded, in a Windows by Wine 8, against a stub of Windows' function.
//
// Really done by Wine: every registry call, MoveFileEx with the deletion at the next start, the privilege, the call
// with its arguments. Not proved by Wine: InitiateSystemShutdownEx is a stub there that succeeds, the file's access
// rights become Unix permissions that cannot say "SYSTEM and Administrators", and RegFlushKey is about a text file.
// That Windows starts the program from CmdLine at all is not proved by anything here.
func TestFirstBoot(t *testing.T) {
	prefix := winetest.New(t)
	exe, err := crossbuild.Program(t.Context(), ".", "amd64")
	if err != nil {
		t.Fatal(err)
	}
	scenarios := []scenario{
		{"success", "", winetest.Returns(0), []uint32{0}, completion.StateCompleted, 0, "Windows took the join"},
		{"2713", "", winetest.Returns(2713), []uint32{2713}, completion.StateCompleted, 2713, "Windows took the join"},
		{
			"bad machine name", "", winetest.Returns(2724),
			[]uint32{2724},
			completion.StateFailed, 2724,
			"the machine name is not valid for a join (2724 NERR_InvalidMachineNameForJoin)",
		},
		{"code nobody knows", "", winetest.Returns(1355), []uint32{1355}, completion.StateFailed, 1355, "(1355)"},
		{
			"Workstation service late", "", winetest.Returns(2138, 0),
			[]uint32{2138, 0},
			completion.StateCompleted, 0, "Windows took the join",
		},
		{
			"no blob", completion.ValueProvisioningBlob, winetest.Returns(0), nil, completion.StateFailed, 2709,
			"the blob is not in the registry",
		},
		{"no method", completion.ValueMethod, winetest.Returns(0), nil, completion.StateFailed, 2710, "Method"},
	}
	t.Run("control", func(t *testing.T) {
		blob := newBlob(t)
		arrange(t, prefix, exe, stagedValues(blob))
		if found := prefix.Holds(t, blob); !slices.Contains(found, "system.reg") {
			t.Errorf("the search for the blob finds %v, and must find the registry", found)
		}
		prefix.Boot(t)
	})
	for _, s := range scenarios {
		t.Run(s.name, func(t *testing.T) {
			blob := newBlob(t)
			file := arrange(t, prefix, exe, without(stagedValues(blob), s.absent))
			start := time.Now().Truncate(time.Second)
			result := prefix.Run(t, file, s.stub)
			if done := s.state == completion.StateCompleted; (result.ExitCode == 0) != done || result.Output != "" {
				t.Errorf("exit code %d, output %q", result.ExitCode, result.Output)
			}
			checkFile(t, file)
			checkCalls(t, prefix.Calls(t), blob, len(s.codes))
			checkHook(t, prefix)
			checkRecord(t, prefix, s, start)
			checkLeftovers(t, prefix, file, blob)
		})
	}
	t.Run("crash inside the call", func(t *testing.T) { crashInside(t, prefix, exe) })
}

// arrange makes the prefix a staged Windows and returns the program's path in it.
func arrange(t *testing.T, prefix *winetest.Prefix, exe []byte, values []winetest.RegValue) string {
	t.Helper()
	prefix.DeleteKeys(t, setupKey)
	prefix.Import(t, values)
	if err := os.RemoveAll(prefix.Path("windows", "debug")); err != nil {
		t.Fatal(err)
	}
	file := prefix.Install(t, completion.ProgramFile, bytes.NewReader(exe))
	if err := os.Chmod(file, 0o777); err != nil {
		t.Fatal(err)
	}
	return file
}

// checkFile sees whether the program has taken its file from everybody: of the descriptor, Wine 8 can show that others
// may not write any more, and no more than that. It comes before Wine can start again, which deletes the file.
func checkFile(t *testing.T, file string) {
	t.Helper()
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm()&0o002 != 0 {
		t.Errorf("everybody may still write the program's file: %v", info.Mode())
	}
}

func checkCalls(t *testing.T, calls []winetest.Call, blob []byte, want int) {
	t.Helper()
	if len(calls) != want {
		t.Fatalf("Windows' function was called %d times, want %d", len(calls), want)
	}
	for _, call := range calls {
		if !bytes.Equal(call.Blob, blob) {
			t.Error("Windows' function did not get the bytes that were staged")
		}
		if call.Options != completion.ProvisionOnlineCall || !strings.EqualFold(call.WindowsPath, `C:\windows`) {
			t.Errorf("options %#x, path %q", call.Options, call.WindowsPath)
		}
		if call.SetupType != completion.SetupTypeNone {
			t.Errorf("SetupType was still %d during the call", call.SetupType)
		}
	}
}

func checkHook(t *testing.T, prefix *winetest.Prefix) {
	t.Helper()
	setup := prefix.Query(t, setupKey)
	want := map[string]winetest.RegValue{
		completion.ValueSetupType: winetest.DWord(setupKey, completion.ValueSetupType, completion.SetupTypeNone),
		completion.ValueCmdLine:   winetest.SZ(setupKey, completion.ValueCmdLine, ""),
	}
	if diff := cmp.Diff(want, setup); diff != "" {
		t.Errorf("SYSTEM\\Setup afterwards (-want +got):\n%s", diff)
	}
}

func checkRecord(t *testing.T, prefix *winetest.Prefix, s scenario, start time.Time) {
	t.Helper()
	own := prefix.Query(t, ownKey)
	if _, there := own[completion.ValueProvisioningBlob]; there {
		t.Error("the blob's value is still there")
	}
	if got := own[completion.ValueState].Text(); got != s.state {
		t.Errorf("State %q, want %q", got, s.state)
	}
	if got, ok := own[completion.ValueResult].Number(); !ok || got != s.result {
		t.Errorf("Result %d, want %d", got, s.result)
	}
	if got, _ := own[completion.ValueAttempts].Number(); got != 1 {
		t.Errorf("Attempts %d, want 1", got)
	}
	text := own[completion.ValueResultText].Text()
	if !strings.Contains(text, s.text) || strings.Contains(text, ";") {
		t.Errorf("ResultText %q, want %q and no note of a failed step", text, s.text)
	}
	at, err := time.Parse(time.RFC3339, own[completion.ValueCompletedAt].Text())
	if err != nil || at.Before(start) || at.After(time.Now()) {
		t.Errorf("CompletedAt %v, %v", at, err)
	}
	if got := own[completion.ValueMachineName].Text(); got != "WEB01" {
		t.Errorf("MachineName became %q", got)
	}
}

func checkLeftovers(t *testing.T, prefix *winetest.Prefix, file string, blob []byte) {
	t.Helper()
	log, err := os.ReadFile(filepath.Join(prefix.Path("windows", "debug"), "offlinejoin.log"))
	if err != nil || bytes.Count(log, []byte("\n")) != 1 {
		t.Errorf("the log is %q, %v", log, err)
	}
	if found := prefix.Holds(t, blob); found != nil {
		t.Errorf("the blob is still in %v", found)
	}
	prefix.Boot(t)
	if _, err := os.Stat(file); !os.IsNotExist(err) {
		t.Errorf("the program is still there after the next start: %v", err)
	}
}

// crashInside shows what is left when Windows' function takes the process with it: a disarmed hook, and a join that
// counts as staged with one attempt.
func crashInside(t *testing.T, prefix *winetest.Prefix, exe []byte) {
	file := arrange(t, prefix, exe, stagedValues(newBlob(t)))
	if result := prefix.Run(t, file, winetest.Crashes()); result.ExitCode == 0 {
		t.Error("a crash must not end with exit code 0")
	}
	checkHook(t, prefix)
	own := prefix.Query(t, ownKey)
	if got, _ := own[completion.ValueAttempts].Number(); own[completion.ValueState].Text() != "staged" || got != 1 {
		t.Errorf("afterwards: %v attempts, state %q", got, own[completion.ValueState].Text())
	}
}
