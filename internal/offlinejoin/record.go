package offlinejoin

import (
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
	blob                                        []byte // SECRET
	digest                                      string // of the blob, for the program
	answerFile                                  string // method answer_file: where the join is, as package answerfile writes it
	previous                                    hook   // what the record says to put back
	hook                                        hook   // what is armed now
}

// hook is SetupType and CmdLine of SYSTEM\Setup; a nil field stands for an absent value.
type hook struct {
	setupType *uint32
	cmdLine   *string
}

// ours reports whether the hook names the completion program.
func (h hook) ours() bool { return h.cmdLine != nil && *h.cmdLine == completion.ProgramFile }

// armed reports whether the next boot runs the completion program.
func (h hook) armed() bool {
	return h.ours() && h.setupType != nil && *h.setupType == completion.SetupTypeThenLogon
}

// wipe forgets the blob.
func (r *record) wipe() { clear(r.blob) }

// readRecord reads the contract from a SYSTEM hive. A value of a wrong type counts as absent.
func readRecord(h *regf.Hive) (record, error) {
	var r record
	s := &valueReader{}
	if s.open(h, completion.SetupKey) {
		r.hook = s.hook(completion.ValueSetupType, completion.ValueCmdLine)
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

// exactText returns a text as it is, for what is parsed or put back.
func (s *valueReader) exactText(name string) string {
	v, ok := s.value(name, regf.SZ)
	if !ok {
		return ""
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

func (s *valueReader) hook(setupType, cmdLine string) hook {
	var h hook
	if v, ok := s.value(setupType, regf.DWORD); ok && v.Size() == 4 {
		n := s.number(setupType)
		h.setupType = &n
	}
	if _, ok := s.value(cmdLine, regf.SZ); ok {
		text := s.exactText(cmdLine)
		h.cmdLine = &text
	}
	return h
}

// tooNew refuses to touch a record of a later version of the contract.
func (r *record) tooNew(image string) error {
	if !r.there || r.version <= completion.Version {
		return nil
	}
	return winerr.Errorf(winerr.NotSupported, "%s holds a join staged by a newer version of offlinejoin "+
		"(contract version %d, this build knows %d): use that version", image, r.version, completion.Version)
}
