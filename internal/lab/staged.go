package lab

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/offlinejoin/offlinejoin/internal/completion"
	"github.com/offlinejoin/offlinejoin/internal/completion/boot"
	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	"github.com/offlinejoin/offlinejoin/internal/imagefs/localdir"
	"github.com/offlinejoin/offlinejoin/internal/odj"
	"github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/regf"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/version"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// record is the values of our key, as the core has staged them.
type record map[string]completion.RawValue

func (r record) wipe() {
	for _, v := range r {
		clear(v.Data)
	}
}

// staged is what the core puts into an image: a record and the completion program.
type staged struct {
	record  record
	program []byte
	blob    []byte
}

func (s staged) wipe() {
	s.record.wipe()
	clear(s.blob)
}

// maxRead bounds a file of the sample that is read, in bytes.
const maxRead = 64 << 20

// stageSample has the core stage a join with a blob into a sample image of an architecture, and returns what it has put there.
func stageSample(ctx context.Context, dir, arch string) (s staged, err error) {
	blob, err := sample.Blob()
	if err != nil {
		return s, err
	}
	defer blob.Wipe()
	dir = filepath.Join(dir, "image")
	defer func() { _ = os.RemoveAll(dir) }() // the folder of the run goes at its end, but not when Windows restarts
	tree, err := sample.WriteTree(dir, sample.Image{Architecture: processor(arch)})
	if err != nil {
		return s, err
	}
	if err := stage(ctx, tree, blob); err != nil {
		if code, _ := winerr.CodeOf(err); code == winerr.NotSupported {
			err = Lacking("this program was built without the completion program: make lab builds it with it")
		}
		return s, err
	}
	session, err := localdir.Open(tree)
	if err != nil {
		return s, err
	}
	defer session.Close()
	in := func(name string) string { return session.Windows() + "/System32/" + name }
	if s.program, err = imagefs.ReadFile(session, in(completion.ProgramFile), maxRead); err != nil {
		return s, err
	}
	hive, err := imagefs.ReadFile(session, in("config/SYSTEM"), maxRead)
	if err != nil {
		return s, err
	}
	defer clear(hive)
	s.blob = bytes.Clone(blob.Bytes())
	s.record, err = readRecord(hive)
	return s, err
}

// processor is what PROCESSOR_ARCHITECTURE says of an architecture.
func processor(arch string) string {
	return map[string]string{"amd64": "AMD64", "arm64": "ARM64", "x86": "x86"}[arch]
}

func stage(ctx context.Context, tree string, parsed *odj.Blob) error {
	blob, err := offlinejoin.ReadBlob(bytes.Clone(parsed.Bytes()), "the sample blob")
	if err != nil {
		return err
	}
	defer blob.Wipe()
	_, err = offlinejoin.Stage(ctx, offlinejoin.Request{
		Image: offlinejoin.Image{Location: imagefs.Location{WindowsPath: tree}},
		Blob:  blob, Method: offlinejoin.MethodRegistry, StagedBy: "offlinejoin-lab/" + version.Version,
	})
	return err
}

func readRecord(hive []byte) (record, error) {
	h, err := regf.Open(regf.Files{Primary: regf.NewMemFile(hive)})
	if err != nil {
		return nil, err
	}
	key, err := h.Key(completion.Key)
	if err != nil {
		return nil, err
	}
	all := record{}
	for v, err := range key.Values() {
		if err != nil {
			return nil, err
		}
		data, err := v.Data()
		if err != nil {
			return nil, err
		}
		all[v.Name()] = completion.RawValue{Type: uint32(v.Type()), Data: bytes.Clone(data)}
	}
	return all, nil
}

// hookNow reads the hook of a running Windows.
func hookNow(r boot.Registry) (h completion.Hook, err error) {
	for name, to := range map[string]**completion.RawValue{
		completion.ValueSetupType: &h.SetupType, completion.ValueCmdLine: &h.CmdLine,
	} {
		v, err := r.Raw(completion.SetupKey, name)
		if errors.Is(err, boot.ErrAbsent) {
			continue
		}
		if err != nil {
			return h, err
		}
		*to = &v
	}
	return h, nil
}

// setHook makes the hook of a running Windows what it is told to be.
func setHook(r boot.Registry, h completion.Hook) error {
	for name, v := range map[string]*completion.RawValue{completion.ValueSetupType: h.SetupType, completion.ValueCmdLine: h.CmdLine} {
		var err error
		if v == nil {
			err = r.Delete(completion.SetupKey, name)
		} else {
			err = r.SetRaw(completion.SetupKey, name, *v)
		}
		if err != nil {
			return err
		}
	}
	return r.Flush(completion.SetupKey)
}

// armed is the hook as staging arms it.
func armed() completion.Hook {
	return completion.Hook{
		SetupType: completion.SetNumber(completion.SetupTypeThenLogon), CmdLine: completion.SetText(completion.ProgramFile),
	}
}

// clone returns a record of its own, for a Windows with the given hook, and with changes.
func (r record) clone(was completion.Hook, changes ...func(record)) record {
	own := record{}
	for name, v := range r {
		own[name] = completion.RawValue{Type: v.Type, Data: bytes.Clone(v.Data)}
	}
	delete(own, completion.ValuePreviousSetupType)
	delete(own, completion.ValuePreviousCmdLine)
	if was.SetupType != nil {
		own[completion.ValuePreviousSetupType] = *was.SetupType
	}
	if was.CmdLine != nil {
		own[completion.ValuePreviousCmdLine] = *was.CmdLine
	}
	own[completion.ValueVersion] = *completion.SetNumber(was.RecordVersion())
	for _, change := range changes {
		change(own)
	}
	return own
}

// arrange makes a running Windows one that has the join staged: key, values, program, and the hook last.
func arrange(m Spendable, s staged, r record) error {
	if err := clearAway(m); err != nil {
		return err
	}
	if err := m.PutProgram(s.program); err != nil {
		return err
	}
	if r != nil {
		if err := m.MakeKey(completion.Key, completion.KeySecurity()); err != nil {
			return err
		}
		for name, v := range r {
			if err := m.Registry().SetRaw(completion.Key, name, v); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
		if err := m.Registry().Flush(completion.Key); err != nil {
			return err
		}
	}
	return setHook(m.Registry(), armed())
}

// clearAway removes what an earlier step has left.
func clearAway(m Spendable) error {
	return errors.Join(m.RemoveProgram(), m.RemoveKey(completion.Key))
}
