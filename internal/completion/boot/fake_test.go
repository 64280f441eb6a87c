package boot

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/offlinejoin/offlinejoin/internal/completion"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// machine is a Windows in memory. It writes every call down, and fails where it is told to.
type machine struct {
	mu     sync.Mutex
	values map[string]any // by key\name: uint32, string or []byte
	calls  []string       // "SetText Setup\CmdLine", "Join", "Flush Setup"

	onRequest func(blob []byte) winerr.Code // nil: success
	onRestart func() error                  // nil: success
	onEvent   func() error                  // nil: success
	hurries   bool                          // the second process does not wait for the Workstation service
	crashes   bool                          // Windows' function takes its process with it
	fail      func(n int, call string) error

	joined [][]byte // the blobs as Windows' function received them
	held   [][]byte // the same memory, not copied
	lines  []string // of the log
	events []string // "1 text"
}

var testBlob = bytes.Repeat([]byte("not a real password "), 100)

func digest(blob []byte) string {
	sum := sha256.Sum256(blob)
	return hex.EncodeToString(sum[:])
}

// staged is a machine as staging leaves it.
func staged() *machine {
	m := &machine{values: map[string]any{}}
	for name, v := range map[string]any{
		completion.ValueVersion:           uint32(1),
		completion.ValueMethod:            completion.MethodRegistry,
		completion.ValueState:             completion.StateStaged,
		completion.ValueProvisioningBlob:  bytes.Clone(testBlob),
		completion.ValueBlobSHA256:        digest(testBlob),
		completion.ValuePreviousSetupType: completion.SetupTypeNone,
		completion.ValuePreviousCmdLine:   "",
		completion.ValueAttempts:          uint32(0),
	} {
		m.values[completion.Key+`\`+name] = v
	}
	m.values[completion.SetupKey+`\`+completion.ValueSetupType] = completion.SetupTypeThenLogon
	m.values[completion.SetupKey+`\`+completion.ValueCmdLine] = completion.ProgramFile
	return m
}

func (m *machine) own(name string) any   { return m.values[completion.Key+`\`+name] }
func (m *machine) setup(name string) any { return m.values[completion.SetupKey+`\`+name] }

func (m *machine) set(name string, v any) *machine {
	m.values[completion.Key+`\`+name] = v
	return m
}

func (m *machine) setSetup(name string, v any) *machine {
	m.values[completion.SetupKey+`\`+name] = v
	return m
}

func (m *machine) without(names ...string) *machine {
	for _, name := range names {
		delete(m.values, completion.Key+`\`+name)
	}
	return m
}

// armed reports whether the next boot would start the program.
func (m *machine) armed() bool {
	setupType, _ := m.setup(completion.ValueSetupType).(uint32)
	cmdLine, _ := m.setup(completion.ValueCmdLine).(string)
	return setupType != 0 && strings.Contains(strings.ToLower(cmdLine), completion.ProgramFile)
}

// holdsBlob reports whether any value still has the blob's bytes.
func (m *machine) holdsBlob() bool {
	for _, v := range m.values {
		if b, ok := v.([]byte); ok && bytes.Contains(b, testBlob[:20]) {
			return true
		}
	}
	return false
}

func (m *machine) called(call string) int {
	n := 0
	for _, c := range m.calls {
		if c == call {
			n++
		}
	}
	return n
}

// first returns the position of a call, and -1 when it was not made.
func (m *machine) first(call string) int { return slices.Index(m.calls, call) }

func (m *machine) enter(format string, args ...any) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	call := fmt.Sprintf(format, args...)
	m.calls = append(m.calls, call)
	if m.fail != nil {
		return m.fail(len(m.calls)-1, call)
	}
	return nil
}

func get[T any](m *machine, what, key, name string) (T, error) {
	var zero T
	if err := m.enter(`%s %s\%s`, what, key, name); err != nil {
		return zero, err
	}
	v, ok := m.values[key+`\`+name]
	if !ok {
		return zero, ErrAbsent
	}
	if t, ok := v.(T); ok {
		return t, nil
	}
	return zero, winerr.Errorf(winerr.BadOfflineJoinInfo, "%s has another type", name)
}

func put[T any](m *machine, what, key, name string, v T) error {
	if err := m.enter(`%s %s\%s`, what, key, name); err != nil {
		return err
	}
	m.values[key+`\`+name] = v
	return nil
}

func (m *machine) Number(key, name string) (uint32, error) {
	return get[uint32](m, "Number", key, name)
}

func (m *machine) Text(key, name string) (string, error) { return get[string](m, "Text", key, name) }

func (m *machine) Size(key, name string) (int, error) {
	v, err := get[any](m, "Size", key, name)
	switch v := v.(type) {
	case []byte:
		return len(v), err
	case string:
		return 2*len(v) + 2, err
	}
	return 4, err
}

func (m *machine) Bytes(key, name string, to []byte) error {
	v, err := get[[]byte](m, "Bytes", key, name)
	copy(to, v)
	return err
}

func (m *machine) SetNumber(key, name string, v uint32) error {
	return put(m, "SetNumber", key, name, v)
}

func (m *machine) SetText(key, name, v string) error { return put(m, "SetText", key, name, v) }

func (m *machine) SetBytes(key, name string, v []byte) error { return put(m, "SetBytes", key, name, v) }

// Raw encodes what values holds; a completion.RawValue there is a value of another type.
func (m *machine) Raw(key, name string) (completion.RawValue, error) {
	v, err := get[any](m, "Raw", key, name)
	if err != nil {
		return completion.RawValue{}, err
	}
	switch v := v.(type) {
	case uint32:
		return *completion.SetNumber(v), nil
	case string:
		return *completion.SetText(v), nil
	case completion.RawValue:
		return v, nil
	default:
		return completion.RawValue{Type: 3, Data: v.([]byte)}, nil
	}
}

// SetRaw keeps numbers and texts in the form that the other setters keep them in.
func (m *machine) SetRaw(key, name string, v completion.RawValue) error {
	if n, ok := v.Number(); ok {
		return put[any](m, "SetRaw", key, name, n)
	}
	if text := v.Text(); v.Type == 1 && string(completion.SetText(text).Data) == string(v.Data) {
		return put[any](m, "SetRaw", key, name, text)
	}
	return put[any](m, "SetRaw", key, name, v)
}

func (m *machine) Delete(key, name string) error {
	if err := m.enter(`Delete %s\%s`, key, name); err != nil {
		return err
	}
	delete(m.values, key+`\`+name)
	return nil
}

func (m *machine) Flush(key string) error { return m.enter("Flush %s", key) }
func (m *machine) ProtectProgram() error  { return m.enter("ProtectProgram") }
func (m *machine) RemoveProgram() error   { return m.enter("RemoveProgram") }

func (m *machine) Restart() error {
	if err := m.enter("Restart"); err != nil || m.onRestart == nil {
		return err
	}
	return m.onRestart()
}

// Join is the second process: it has the same Windows, and its end is waited for up to the limit.
func (m *machine) Join(limit time.Duration) (winerr.Code, error) {
	if err := m.enter("Join"); err != nil {
		return 0, err
	}
	done := make(chan winerr.Code, 1)
	limits := DefaultLimits()
	if m.hurries {
		limits.Workstation = 0
	}
	go func() { done <- Call(m, limits) }()
	select {
	case code := <-done:
		if m.crashes {
			return 0, winerr.New(winerr.UnhandledException, "status 0xc0000005")
		}
		return code, nil
	case <-time.After(limit):
		return 0, winerr.New(winerr.Timeout, "it did not return")
	}
}

func (m *machine) Request(blob []byte) winerr.Code {
	m.joined = append(m.joined, bytes.Clone(blob))
	m.held = append(m.held, blob)
	if err := m.enter("Request"); err != nil {
		code, _ := winerr.CodeOf(err)
		return code
	}
	if m.onRequest == nil {
		return winerr.Success
	}
	return m.onRequest(blob)
}

// SHA256 also remembers the memory that it saw, because all of it has to be wiped in the end.
func (m *machine) SHA256(data []byte) (sum [32]byte, err error) {
	m.held = append(m.held, data)
	if err := m.enter("SHA256"); err != nil {
		return sum, err
	}
	return sha256.Sum256(data), nil
}

// remembersBlob reports whether memory that held the blob was not wiped.
func (m *machine) remembersBlob() bool {
	return slices.ContainsFunc(m.held, func(b []byte) bool {
		return bytes.ContainsFunc(b, func(c rune) bool { return c != 0 })
	})
}

func (m *machine) Event(id uint32, text string) error {
	if err := m.enter("Event"); err != nil {
		return err
	}
	m.events = append(m.events, fmt.Sprint(id, " ", text))
	if m.onEvent == nil {
		return nil
	}
	return m.onEvent()
}

func (m *machine) Log(line string) {
	if m.enter("Log") == nil {
		m.lines = append(m.lines, line)
	}
}
