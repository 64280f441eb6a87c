package offlinejoin

import (
	"encoding/binary"
	"errors"

	"github.com/offlinejoin/offlinejoin/internal/completion"
	"github.com/offlinejoin/offlinejoin/internal/plaintext"
	"github.com/offlinejoin/offlinejoin/internal/regf"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// record is what an image holds under the registry contract (package completion), and the state of the hook.
type record struct {
	there   bool // our key exists
	version uint32

	method, state, fingerprint, machine, domain string
	stagedAt, stagedBy, completedAt, resultText string
	attempts, result                            uint32
	blob                                        []byte         // SECRET
	digest                                      string         // of the blob, for the program
	answerFile                                  string         // method answer_file: where the join is, as package answerfile writes it
	owner                                       string         // a random name of whoever staged it last
	program                                     string         // SHA-256 of the program that was staged, hex; "" in older records
	golden                                      string         // what the disk below an overlay was like
	shutdownTime                                []byte         // of Windows at staging; nil: there was none
	account                                     *AccountRecord // that the blob is of; nil: the record does not say

	previous completion.Hook // what the record says to put back
	hook     completion.Hook // what is armed now
	longHook int             // the size of a value of it that is too long to be put back; 0: none
}

// wipe forgets the blob.
func (r *record) wipe() { clear(r.blob) }

// readRecord reads the contract from a SYSTEM hive. A value of a wrong type counts as absent.
func readRecord(h *regf.Hive) (record, error) {
	var r record
	s := &valueReader{}
	if s.open(h, completion.SetupKey) {
		r.hook = s.hook(completion.ValueSetupType, completion.ValueCmdLine)
		r.longHook = max(s.longer(completion.ValueSetupType), s.longer(completion.ValueCmdLine))
	}
	if s.open(h, completion.Key) {
		r.there = true
		r.version = s.number(completion.ValueVersion)
		r.method, r.state = s.text(completion.ValueMethod), s.text(completion.ValueState)
		r.fingerprint = s.text(completion.ValueFingerprint)
		r.machine, r.domain = s.text(completion.ValueMachineName), s.text(completion.ValueDomain)
		r.stagedAt, r.stagedBy = s.text(completion.ValueStagedAt), s.text(completion.ValueStagedBy)
		r.completedAt, r.resultText = s.text(completion.ValueCompletedAt), s.text(completion.ValueResultText)
		r.attempts, r.result = s.number(completion.ValueAttempts), s.number(completion.ValueResult)
		r.blob, r.digest = s.binary(completion.ValueProvisioningBlob), s.text(completion.ValueBlobSHA256)
		r.answerFile = s.exactText(completion.ValueAnswerFile)
		r.golden = s.text(completion.ValueGoldenImage)
		r.owner, r.program = s.text(completion.ValueOwner), s.text(completion.ValueProgramSHA256)
		r.account = s.account()
		if v := s.raw(completion.ValueShutdownTime, completion.MaxShutdownTimeBytes); v != nil {
			r.shutdownTime = v.Data
		}
		r.previous = s.hook(completion.ValuePreviousSetupType, completion.ValuePreviousCmdLine)
	}
	if s.err != nil {
		return record{}, winerr.Errorf(winerr.CantLoadOfflineHive, "the SYSTEM hive cannot be read: %w", s.err)
	}
	return r, nil
}

// valueReader reads values of one key after the other, keeping the first failure.
type valueReader struct {
	key regf.Key
	err error
}

func (s *valueReader) open(h *regf.Hive, path string) bool {
	if s.err != nil {
		return false
	}
	key, err := h.Key(path)
	s.key = key
	return s.found(err)
}

// found keeps an error that is not mere absence.
func (s *valueReader) found(err error) bool {
	if err != nil && !errors.Is(err, regf.ErrNotFound) && s.err == nil {
		s.err = err
	}
	return err == nil
}

// value returns a value of the given type, or ok = false.
func (s *valueReader) value(name string, typ regf.Type) (regf.Value, bool) {
	if s.err != nil {
		return regf.Value{}, false
	}
	v, err := s.key.Value(name)
	return v, s.found(err) && v.Type() == typ
}

// text returns a text as it can be shown: an image may be made by an enemy.
func (s *valueReader) text(name string) string {
	return plaintext.Line(s.exactText(name), plaintext.Sentence)
}

// longestText bounds a text of a record in bytes: what staging writes has maxUndo characters at most. A longer one is read as
// something that no text of ours is, so that it costs no memory, and is not taken for absent.
const (
	longestText = 4 * maxUndo
	noText      = "(longer than any text of a record)"
)

// exactText returns a text as it is, for what is parsed or put back.
func (s *valueReader) exactText(name string) string {
	v, ok := s.value(name, regf.SZ)
	if !ok {
		return ""
	}
	if v.Size() > longestText {
		return noText
	}
	text, err := v.Text()
	s.found(err)
	return text
}

func (s *valueReader) number(name string) uint32 {
	v, ok := s.value(name, regf.DWORD)
	if !ok || v.Size() != 4 {
		return 0
	}
	n, err := v.Uint32()
	s.found(err)
	return n
}

func (s *valueReader) binary(name string) []byte {
	v, ok := s.value(name, regf.Binary)
	if !ok || v.Size() > completion.MaxBlobSize {
		return nil
	}
	data, err := v.Data()
	s.found(err)
	return data
}

// raw returns a value of any type, and nil when it is absent or longer than limit.
func (s *valueReader) raw(name string, limit int) *completion.RawValue {
	if s.err != nil {
		return nil
	}
	v, err := s.key.Value(name)
	if !s.found(err) || v.Size() > limit {
		return nil
	}
	data, err := v.Data()
	if !s.found(err) {
		return nil
	}
	return &completion.RawValue{Type: uint32(v.Type()), Data: data}
}

// longer returns the size of a value of the hook that raw does not read, 0 of any other.
func (s *valueReader) longer(name string) int {
	v, err := s.key.Value(name)
	if s.err != nil || !s.found(err) || v.Size() <= completion.MaxHookValue {
		return 0
	}
	return v.Size()
}

func (s *valueReader) hook(setupType, cmdLine string) completion.Hook {
	return completion.Hook{
		SetupType: s.raw(setupType, completion.MaxHookValue), CmdLine: s.raw(cmdLine, completion.MaxHookValue),
	}
}

// account returns the account that a blob is of, nil when the record does not say.
func (s *valueReader) account() *AccountRecord {
	guid := s.text(completion.ValueAccountGUID)
	set, ok := s.value(completion.ValueAccountPwdLastSet, regf.Binary)
	if guid == "" || !ok || set.Size() != 8 {
		return nil
	}
	data, err := set.Data()
	if !s.found(err) {
		return nil
	}
	return &AccountRecord{ObjectGUID: guid, PasswordLastSet: FileTime(binary.LittleEndian.Uint64(data))}
}

// accountEdits record the account that the blob is of.
func accountEdits(a *AccountRecord) []edit {
	const key = completion.Key
	if a == nil {
		return []edit{
			{what: dropValue, key: key, name: completion.ValueAccountGUID},
			{what: dropValue, key: key, name: completion.ValueAccountPwdLastSet},
		}
	}
	return []edit{
		setText(key, completion.ValueAccountGUID, a.ObjectGUID),
		{what: setValue, key: key, name: completion.ValueAccountPwdLastSet, typ: regf.Binary, data: a.PasswordLastSet.Bytes()},
	}
}

// shutdownTime returns the bytes of Windows' own time of its last shutdown, and nil when there is none.
func (im *openImage) shutdownTime() ([]byte, error) {
	s := &valueReader{}
	if s.open(im.System(), im.ControlSet()+`\`+completion.ControlWindowsKey) {
		if v := s.raw(completion.ControlShutdownTime, completion.MaxShutdownTimeBytes); v != nil {
			return v.Data, nil
		}
	}
	if s.err != nil {
		return nil, hiveError(im, s.err)
	}
	return nil, nil // no shutdown yet
}

// tooNew refuses to touch a record of a later version of the contract.
func (r *record) tooNew(image string) error {
	if !r.there || r.version <= completion.Version {
		return nil
	}
	return winerr.Errorf(winerr.NotSupported, "%s holds a join staged by a newer version of offlinejoin "+
		"(contract version %d, this build knows %d): use that version", image, r.version, completion.Version)
}
