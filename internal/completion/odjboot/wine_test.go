package main

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/offlinejoin/offlinejoin/internal/completion"
	"github.com/offlinejoin/offlinejoin/internal/completion/program/crossbuild"
	"github.com/offlinejoin/offlinejoin/internal/testenv/wine"
)

const (
	sourceRegistry = wine.System + `\CurrentControlSet\Services\EventLog\Application\` + completion.EventSource
	sessionManager = wine.System + `\CurrentControlSet\Control\Session Manager`
	pendingRenames = "PendingFileRenameOperations"
)

// TestFirstBoot runs the program as it will be embedded, in a Windows by Wine 8, against a stub of Windows' function.
// Outcomes for which limits have to run out use a program that differs in its limits only; the outcomes for which the
// file cannot be locked down use one that does as if, because Wine run by root can change any file.
//
// Really done by Wine: every registry call, the second process with its end by force and its crash, MoveFileEx with the
// deletion at the next start, the privilege, the digest, the call with its arguments. Not proved by Wine:
// InitiateSystemShutdownEx and ReportEvent are stubs there that succeed, the file's access rights become Unix
// permissions that cannot say "SYSTEM and Administrators", and RegFlushKey is about a text file. That Windows starts the
// program from CmdLine at all is not proved by anything here.
func TestFirstBoot(t *testing.T) {
	prefix := wine.New(t)
	shipped, err := crossbuild.Program(t.Context(), ".", "amd64")
	if err != nil {
		t.Fatal(err)
	}
	short, err := crossbuild.Program(t.Context(), ".", "amd64", crossbuild.ForTests)
	if err != nil {
		t.Fatal(err)
	}
	t.Run("control", func(t *testing.T) {
		blob := newBlob(t)
		arrange(t, prefix, shipped, stagedValues(blob))
		if found := prefix.FilesWith(t, blob); !slices.Contains(found, "system.reg") {
			t.Errorf("the search for the blob finds %v, and must find the registry", found)
		}
		if n := prefix.InRegistry(t, blob); n != 1 {
			t.Errorf("the blob is %d times in the registry's files, want once", n)
		}
	})
	var blobs [][]byte
	for _, s := range scenarios() {
		t.Run(s.name, func(t *testing.T) {
			exe := shipped
			if s.short {
				exe = short
			}
			blob := newBlob(t)
			blobs = append(blobs, blob)
			play(t, prefix, exe, s, blob)
		})
	}
	t.Run("files", func(t *testing.T) { searchFiles(t, prefix, blobs) })
	t.Run("files while another try is wanted", func(t *testing.T) { filesMeanwhile(t, prefix, shipped) })
	t.Run("second run", func(t *testing.T) { secondRun(t, prefix, shipped) })
	t.Run("the next start", func(t *testing.T) { nextStart(t, prefix, shipped) })
	t.Run("event", func(t *testing.T) { event(t, prefix, shipped) })
}

// play runs the program once for each boot of a scenario.
func play(t *testing.T, prefix *wine.Prefix, exe []byte, s scenario, blob []byte) {
	staged := stagedValues
	if s.staged != nil {
		staged = s.staged
	}
	before := staged(blob)
	file := arrange(t, prefix, exe, before)
	for n, want := range s.boots {
		start := time.Now().Truncate(time.Second)
		result := prefix.Run(t, file, append(s.env, want.stub)...)
		if done := want.state == completion.StateCompleted; (result.ExitCode == 0) != done || result.Output != "" {
			t.Errorf("boot %d: exit code %d, output %q", n+1, result.ExitCode, result.Output)
		}
		checkCalls(t, prefix.Calls(t), blob, want)
		after := prefix.Tree(t, wine.System)
		checkHook(t, after, want)
		checkRecord(t, after, before, want, uint32(n+1), start)
		checkFile(t, after, file, want, len(s.env) == 0)
		checkBlob(t, after, blob, want)
		checkLog(t, prefix, 2*(n+1), want)
	}
}

// arrange makes the prefix a staged Windows and returns the program's path in it.
func arrange(t *testing.T, prefix *wine.Prefix, exe []byte, values []wine.RegValue) string {
	t.Helper()
	forget := wine.Gone(sessionManager, pendingRenames)
	prefix.Replace(t, []string{setupKey, sourceRegistry}, append(slices.Clone(values), forget))
	if err := os.RemoveAll(logFile(prefix)); err != nil {
		t.Fatal(err)
	}
	file := prefix.Install(t, completion.ProgramFile, bytes.NewReader(exe))
	if err := os.Chmod(file, 0o777); err != nil {
		t.Fatal(err)
	}
	return file
}

func logFile(prefix *wine.Prefix) string {
	return filepath.Join(prefix.Path("windows"), filepath.FromSlash(strings.ReplaceAll(completion.LogFile, `\`, "/")))
}

// checkFile sees whether the program has taken its file from everybody: of the descriptor, Wine 8 can show that others
// may not write any more, and no more than that. And it sees whether the file is to be removed at the next start.
func checkFile(t *testing.T, after wine.Tree, file string, want bootCase, lockable bool) {
	t.Helper()
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	if locked := info.Mode().Perm()&0o002 == 0; locked != lockable {
		t.Errorf("everybody may write the program's file: %v", info.Mode())
	}
	pending := after.Key(sessionManager)[pendingRenames]
	removed := strings.Contains(strings.ToLower(wine.Wide(pending.Data)), `\system32\`+completion.ProgramFile)
	if removed == want.retry() {
		t.Errorf("the program is to be removed: %v", removed)
	}
}

func checkCalls(t *testing.T, calls []wine.Call, blob []byte, want bootCase) {
	t.Helper()
	if len(calls) < want.calls || (len(calls) > want.calls && !want.more) {
		t.Fatalf("Windows' function was called %d times, want %d", len(calls), want.calls)
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

// checkHook demands that SYSTEM\Setup is as before staging, with no SetupShutdownRequired, or armed for another try.
func checkHook(t *testing.T, after wine.Tree, b bootCase) {
	t.Helper()
	want := map[string]wine.RegValue{
		completion.ValueSetupType: wine.DWord(setupKey, completion.ValueSetupType, completion.SetupTypeNone),
		completion.ValueCmdLine:   wine.SZ(setupKey, completion.ValueCmdLine, ""),
	}
	if b.retry() {
		want[completion.ValueSetupType] = wine.DWord(setupKey, completion.ValueSetupType, completion.SetupTypeThenLogon)
		want[completion.ValueCmdLine] = wine.SZ(setupKey, completion.ValueCmdLine, completion.ProgramFile)
	}
	if b.none { // nobody knows what was there
		delete(want, completion.ValueCmdLine)
	}
	if diff := cmp.Diff(want, after.Key(setupKey)); diff != "" {
		t.Errorf("SYSTEM\\Setup afterwards (-want +got):\n%s", diff)
	}
}

// checkRecord compares our key with the contract, value for value.
func checkRecord(
	t *testing.T, after wine.Tree, before []wine.RegValue, b bootCase, attempt uint32, start time.Time,
) {
	t.Helper()
	got := after.Key(ownKey)
	if b.none {
		if got != nil {
			t.Errorf("a record was made: %v", got)
		}
		return
	}
	text := got[completion.ValueResultText].Text()
	if !strings.Contains(text, b.text) {
		t.Errorf("ResultText %q, want %q", text, b.text)
	}
	checkNotes(t, text)
	if !b.retry() {
		at, err := time.Parse(time.RFC3339, got[completion.ValueCompletedAt].Text())
		if err != nil || at.Before(start) || at.After(time.Now()) {
			t.Errorf("CompletedAt %v, %v", at, err)
		}
	}
	want := map[string]wine.RegValue{}
	for _, v := range before {
		if v.Key == ownKey {
			want[v.Name] = v
		}
	}
	want[completion.ValueState] = wine.SZ(ownKey, completion.ValueState, b.state)
	want[completion.ValueResult] = wine.DWord(ownKey, completion.ValueResult, b.result)
	want[completion.ValueAttempts] = wine.DWord(ownKey, completion.ValueAttempts, attempt)
	want[completion.ValueResultText] = got[completion.ValueResultText]
	if !b.retry() {
		want[completion.ValueCompletedAt] = got[completion.ValueCompletedAt]
		delete(want, completion.ValueProvisioningBlob)
		delete(want, completion.ValueBlobSHA256)
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(want)), slices.Sorted(maps.Keys(got))); diff != "" {
		t.Errorf("values of our key (-want +got):\n%s", diff)
	}
	for name, v := range want {
		if !cmp.Equal(v, got[name]) {
			t.Errorf("%s is %x (type %d)", name, got[name].Data, got[name].Type)
		}
	}
}

// checkNotes demands that nothing is told of steps that failed, but for the one that had to.
func checkNotes(t *testing.T, text string) {
	t.Helper()
	for _, note := range strings.Split(text, "; ")[1:] {
		expected := slices.ContainsFunc([]string{
			"this was attempt ", "not tried again, because ", "whether it still takes effect ",
			"locking down the program's file: SetNamedSecurityInfo: access is denied",
		}, func(begin string) bool { return strings.HasPrefix(note, begin) })
		if !expected {
			t.Errorf("ResultText tells of a step that failed: %q", note)
		}
	}
}

// checkBlob demands that the blob is nowhere, or, when another try is wanted, in one value and nowhere else.
func checkBlob(t *testing.T, after wine.Tree, blob []byte, b bootCase) {
	t.Helper()
	copies := 0
	if b.retry() {
		copies = 1
	}
	if n := after.Holding(blob); n != copies {
		t.Errorf("the blob is in %d values of the registry, want %d", n, copies)
	}
	if n := after.Holding(blob[len(blob)/2:]); n != copies {
		t.Errorf("a half of the blob is in %d values of the registry, want %d", n, copies)
	}
}

// checkLog demands a line for the program and one for the outcome, at each boot.
func checkLog(t *testing.T, prefix *wine.Prefix, lines int, b bootCase) {
	t.Helper()
	log, err := os.ReadFile(logFile(prefix))
	if err != nil || bytes.Count(log, []byte("\r\n")) != lines || !bytes.Contains(log, []byte(crossbuild.Marker())) {
		t.Errorf("the log is %q, %v; want %d lines", log, err, lines)
	}
	if !strings.Contains(string(log), b.text) {
		t.Errorf("the log is %q, want %q", log, b.text)
	}
}

// searchFiles demands that no blob of all that has been done before is in any file of the Windows, the registry's
// included. Wine writes those when it stops.
func searchFiles(t *testing.T, prefix *wine.Prefix, blobs [][]byte) {
	if found := prefix.FilesWith(t, blobs...); found != nil {
		t.Errorf("a blob is in %v", found)
	}
}

// filesMeanwhile demands that the blob is once in the registry's files and in no other.
func filesMeanwhile(t *testing.T, prefix *wine.Prefix, exe []byte) {
	blob := newBlob(t)
	file := arrange(t, prefix, exe, stagedValues(blob))
	prefix.Run(t, file, wine.Returns(170))
	if diff := cmp.Diff([]string{"system.reg"}, prefix.FilesWith(t, blob)); diff != "" {
		t.Errorf("files that hold the blob (-want +got):\n%s", diff)
	}
	if n := prefix.InRegistry(t, blob); n != 1 {
		t.Errorf("the blob is %d times in the registry's files, want once", n)
	}
}

// secondRun starts the program again after it has finished, with the hook armed by hand.
func secondRun(t *testing.T, prefix *wine.Prefix, exe []byte) {
	file := arrange(t, prefix, exe, stagedValues(newBlob(t)))
	prefix.Run(t, file, wine.Returns(0))
	before := prefix.Query(t, ownKey)
	prefix.Import(t, stagedValues(nil)[:2])
	if result := prefix.Run(t, file, wine.Returns(2724)); result.ExitCode != 0 || result.Output != "" {
		t.Errorf("exit code %d, output %q", result.ExitCode, result.Output)
	}
	checkCalls(t, prefix.Calls(t), nil, bootCase{})
	checkHook(t, prefix.Tree(t, setupKey), completed(0))
	if diff := cmp.Diff(before, prefix.Query(t, ownKey)); diff != "" {
		t.Errorf("the second run changed the record (-before +after):\n%s", diff)
	}
}

// nextStart shows that Windows removes the program.
func nextStart(t *testing.T, prefix *wine.Prefix, exe []byte) {
	file := arrange(t, prefix, exe, stagedValues(newBlob(t)))
	prefix.Run(t, file, wine.Returns(0))
	prefix.Boot(t)
	if _, err := os.Stat(file); !os.IsNotExist(err) {
		t.Errorf("the program is still there after the next start: %v", err)
	}
}

// event shows that the source is registered, and what is written to the event log: Wine 8 tells it as debug output.
func event(t *testing.T, prefix *wine.Prefix, exe []byte) {
	file := arrange(t, prefix, exe, stagedValues(newBlob(t)))
	result := prefix.Run(t, file, wine.Returns(2724), "WINEDEBUG=-all,+eventlog,fixme+advapi")
	const text = "Windows refused the join: the machine name is not valid"
	if !strings.Contains(result.Output, text) || !strings.Contains(result.Output, completion.EventSource) {
		t.Errorf("the event log got %q", result.Output)
	}
	source := prefix.Query(t, sourceRegistry)
	const expand = 2 // REG_EXPAND_SZ
	message := source["EventMessageFile"]
	if message.Type != expand || wine.Wide(message.Data) != `%SystemRoot%\System32\EventCreate.exe` {
		t.Errorf("EventMessageFile is %q (type %d)", wine.Wide(message.Data), message.Type)
	}
	if n, _ := source["TypesSupported"].Number(); n != 7 {
		t.Errorf("TypesSupported is %d", n)
	}
}
