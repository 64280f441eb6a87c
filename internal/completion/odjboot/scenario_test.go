package main

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/completion"
	"github.com/offlinejoin/offlinejoin/internal/testenv/wine"
)

const (
	setupKey = wine.System + `\` + completion.SetupKey
	ownKey   = wine.System + `\` + completion.Key
)

// scenario is one machine and its boots, as long as the hook is armed.
type scenario struct {
	name   string
	staged func(blob []byte) []wine.RegValue // nil: as staging leaves it
	short  bool                              // the program with short limits
	env    []string                          // at every boot
	boots  []bootCase
}

// bootCase is one start of the program and what must come of it.
type bootCase struct {
	stub  string // how Windows' function behaves
	calls int    // how often it is called
	more  bool   // or more often, as the limits and the machine's speed come out

	state  string
	result uint32
	text   string // part of ResultText
	none   bool   // there is no record, before and after
}

// retry reports whether the hook has to be armed again.
func (b bootCase) retry() bool { return b.state == completion.StateStaged }

func returns(code uint32) string { return wine.Returns(code) }

func completed(code uint32) bootCase {
	return bootCase{stub: returns(code), calls: 1, state: completion.StateCompleted, result: code, text: "Windows took the join"}
}

func refused(code uint32, text string) bootCase {
	return bootCase{stub: returns(code), calls: 1, state: completion.StateFailed, result: code, text: text}
}

func passing(code uint32, text string) bootCase {
	return bootCase{stub: returns(code), calls: 1, state: completion.StateStaged, result: code, text: text}
}

func notCalled(code uint32, text string) bootCase {
	return bootCase{stub: returns(0), state: completion.StateFailed, result: code, text: text}
}

// scenarios are all outcomes that the program can come to, each once at least.
func scenarios() []scenario {
	hang := bootCase{
		stub: wine.Hangs(), calls: 1, state: completion.StateStaged, result: 1460,
		text: "it did not return within 4s",
	}
	lastHang := hang
	lastHang.state, lastHang.text = completion.StateFailed, "not tried again, because this was attempt 3 of 3"
	late := completed(0)
	late.stub, late.calls = wine.Returns(2138, 0), 2
	never := passing(2138, "the Workstation service has not been started (2138 NERR_WkstaNotStarted)")
	never.more = true
	crash := refused(574, "the process that called it ended with status 0x")
	crash.stub = wine.Crashes()

	return []scenario{
		{name: "success", boots: []bootCase{completed(0)}},
		{name: "2713", boots: []bootCase{completed(2713)}},
		{name: "bad machine name", boots: []bootCase{refused(2724,
			"the machine name is not valid for a join (2724 NERR_InvalidMachineNameForJoin)")}},
		{name: "bad parameter", boots: []bootCase{refused(87, "(87 ERROR_INVALID_PARAMETER)")}},
		{name: "domain controller", boots: []bootCase{refused(50, "(50 ERROR_NOT_SUPPORTED)")}},
		{name: "blob version", boots: []bootCase{refused(2719, "(2719 NERR_ProvisioningBlobUnsupported)")}},
		{name: "bad data", boots: []bootCase{refused(2710, "(2710 NERR_BadOfflineJoinInfo)")}},
		{name: "access denied", boots: []bootCase{refused(5, "(5 ERROR_ACCESS_DENIED)")}},
		{name: "code nobody knows", boots: []bootCase{refused(4711, "(4711)")}},
		{name: "code above all", boots: []bootCase{{
			stub: returns(0xC0000022), calls: 1, state: completion.StateFailed, result: 31, text: "(31 ERROR_GEN_FAILURE)",
		}}},
		{name: "Workstation service late", boots: []bootCase{late}},
		{name: "Workstation service never", short: true, boots: []bootCase{never, completed(0)}},
		{name: "passing, then success", boots: []bootCase{
			passing(170, "this was attempt 1 of 3, and the next boot tries again"),
			passing(21, "this was attempt 2 of 3, and the next boot tries again"),
			completed(2713),
		}},
		{name: "passing, then refused", boots: []bootCase{passing(1722, "RPC_S_SERVER_UNAVAILABLE"), refused(87, "(87 ")}},
		{name: "three passing", boots: []bootCase{
			passing(1115, "attempt 1 of 3"), passing(1115, "attempt 2 of 3"),
			refused(1115, "not tried again, because this was attempt 3 of 3"),
		}},
		{name: "hangs", short: true, boots: []bootCase{hang, hang, lastHang}},
		{name: "crashes", boots: []bootCase{crash}},
		{
			name: "file not lockable", short: true, env: []string{"ODJBOOT_NOT_LOCKABLE=1"},
			boots: []bootCase{refused(170, "not tried again, because the program's own file could not be locked down")},
		},
		{
			name: "file not lockable, success", short: true, env: []string{"ODJBOOT_NOT_LOCKABLE=1"},
			boots: []bootCase{completed(0)},
		},
		{name: "blob changed", staged: changed, boots: []bootCase{notCalled(2710, "it is not the blob that was staged")}},
		{name: "blob cut off", staged: cutOff, boots: []bootCase{notCalled(2710, "it is not the blob that was staged")}},
		{
			name: "no digest", staged: lacks(completion.ValueBlobSHA256),
			boots: []bootCase{notCalled(2710, "its digest BlobSHA256 is not in the registry")},
		},
		{
			name: "no blob", staged: lacks(completion.ValueProvisioningBlob),
			boots: []bootCase{notCalled(2709, "the blob is not in the registry")},
		},
		{name: "no method", staged: lacks(completion.ValueMethod), boots: []bootCase{notCalled(2710, "Method")}},
		{name: "nothing staged", staged: nothing, boots: []bootCase{{stub: returns(0), none: true}}},
	}
}

// stagedValues is the contract as staging leaves it, and the armed hook.
func stagedValues(blob []byte) []wine.RegValue {
	sum := sha256.Sum256(blob)
	return []wine.RegValue{
		wine.DWord(setupKey, completion.ValueSetupType, completion.SetupTypeThenLogon),
		wine.SZ(setupKey, completion.ValueCmdLine, completion.ProgramFile),
		wine.DWord(ownKey, completion.ValueVersion, 1),
		wine.SZ(ownKey, completion.ValueMethod, completion.MethodRegistry),
		wine.SZ(ownKey, completion.ValueState, completion.StateStaged),
		wine.SZ(ownKey, completion.ValueMachineName, "WEB01"),
		wine.DWord(ownKey, completion.ValuePreviousSetupType, completion.SetupTypeNone),
		wine.SZ(ownKey, completion.ValuePreviousCmdLine, ""),
		wine.Binary(ownKey, completion.ValueProvisioningBlob, blob),
		wine.SZ(ownKey, completion.ValueBlobSHA256, hex.EncodeToString(sum[:])),
	}
}

func lacks(name string) func([]byte) []wine.RegValue {
	return func(blob []byte) []wine.RegValue {
		return slices.DeleteFunc(stagedValues(blob), func(v wine.RegValue) bool { return v.Name == name })
	}
}

// nothing is the hook alone.
func nothing([]byte) []wine.RegValue { return stagedValues(nil)[:2] }

// changed has one bit of the blob changed after its digest was made.
func changed(blob []byte) []wine.RegValue {
	other := slices.Clone(blob)
	other[len(other)/2] ^= 1
	return withBlob(blob, other)
}

func cutOff(blob []byte) []wine.RegValue { return withBlob(blob, blob[:len(blob)-1]) }

// withBlob is what staging of blob leaves, with other bytes as the blob.
func withBlob(blob, other []byte) []wine.RegValue {
	values := stagedValues(blob)
	for i, v := range values {
		if v.Name == completion.ValueProvisioningBlob {
			values[i].Data = other
		}
	}
	return values
}

func newBlob(t *testing.T) []byte {
	t.Helper()
	blob := make([]byte, 2032)
	if _, err := rand.Read(blob); err != nil {
		t.Fatal(err)
	}
	return blob
}
