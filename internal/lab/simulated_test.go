package lab

import (
	"bytes"
	"context"
	"os"
	"path/filepath"

	"github.com/offlinejoin/offlinejoin/internal/claims"
	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	"github.com/offlinejoin/offlinejoin/internal/imagefs/diskimage"
	"github.com/offlinejoin/offlinejoin/internal/odj"
	"github.com/offlinejoin/offlinejoin/internal/regf"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// simulated is a stand-in of a Windows: our own engine reads the hives, and the function has a table of codes. It proves nothing
// about Windows, and shows that the steps see what is wrong. Its faults are planted.
type simulated struct {
	before func(path string)   // changes files before they are loaded
	after  func(path string)   // and after they were unloaded
	read   func(*Value)        // changes what is read
	rights func([]byte) []byte // changes descriptors
	code   func(blob []byte, windowsDir string) uint32
	disk   func(path string) // changes a disk before it is attached
	dirty  bool
	chkdsk int
	lacks  error
}

func (s *simulated) System() claims.System {
	return claims.System{Kind: claims.Simulated, Name: "Simulated machine", Arch: "amd64"}
}

func (s *simulated) LoadApp(path string) (Key, error) { return s.load(path) }

func (s *simulated) LoadMachine(path string) (Key, error) {
	if s.lacks != nil {
		return nil, s.lacks
	}
	return s.load(path)
}

func (s *simulated) load(path string) (Key, error) {
	if s.before != nil {
		s.before(path)
	}
	f, err := readFiles(path)
	if err != nil {
		return nil, err
	}
	var all [3]*regf.MemFile
	for i := range f {
		all[i] = regf.NewMemFile(f[i])
	}
	h, err := regf.Open(regf.Files{Primary: all[0], Log1: all[1], Log2: all[2]})
	if err != nil {
		return nil, err
	}
	root, err := h.Root()
	return &simulatedKey{s, h, root, func() error {
		for i, suffix := range suffixes() {
			if err := os.WriteFile(path+suffix, all[i].Bytes(), 0o600); err != nil {
				return err
			}
		}
		if s.after != nil {
			s.after(path)
		}
		return nil
	}}, err
}

func (s *simulated) RequestOfflineJoin(blob []byte, windowsDir string) (uint32, error) {
	if s.lacks != nil {
		return 0, s.lacks
	}
	return s.code(blob, windowsDir), nil
}

func (s *simulated) MayAttach() error { return s.lacks }

// AttachVolume has our own engine read the disk. What it says of its soundness is planted.
func (s *simulated) AttachVolume(ctx context.Context, path string) (Volume, error) {
	if s.disk != nil {
		s.disk(path)
	}
	session, err := diskimage.Open(ctx, imagefs.Location{ImagePath: path}, imagefs.Read)
	if err != nil {
		return nil, err
	}
	return simulatedVolume{session, s}, nil
}

type simulatedVolume struct {
	*diskimage.Session
	machine *simulated
}

func (v simulatedVolume) Dirty() bool                        { return v.machine.dirty }
func (v simulatedVolume) Check(context.Context) (int, error) { return v.machine.chkdsk, nil }

func (v simulatedVolume) Security(name string) ([]byte, bool, error) {
	d, ok, err := v.Session.Security(name)
	if v.machine.rights != nil && err == nil {
		d = v.machine.rights(d)
	}
	return d, ok, err
}

type simulatedKey struct {
	machine *simulated
	hive    *regf.Hive
	key     regf.Key
	close   func() error
}

func (k *simulatedKey) Subkeys() (names []string, err error) {
	for sub, err := range k.key.Subkeys() {
		if err != nil {
			return nil, err
		}
		names = append(names, sub.Name())
	}
	return names, nil
}

func (k *simulatedKey) Sub(name string) (Key, error) {
	sub, err := k.key.Subkey(name)
	return &simulatedKey{k.machine, k.hive, sub, nil}, err
}

func (k *simulatedKey) Values() (all []Value, err error) {
	for v, err := range k.key.Values() {
		if err != nil {
			return nil, err
		}
		data, err := v.Data()
		if err != nil {
			return nil, err
		}
		value := Value{v.Name(), uint32(v.Type()), data}
		if k.machine.read != nil {
			k.machine.read(&value)
		}
		all = append(all, value)
	}
	return all, nil
}

func (k *simulatedKey) Security() ([]byte, error) {
	d, err := k.key.Security()
	if k.machine.rights != nil && err == nil {
		d = k.machine.rights(d)
	}
	return d, err
}

func (k *simulatedKey) Create(name string) (Key, error) {
	sub, _, err := k.key.CreateSubkey(name, nil)
	return &simulatedKey{k.machine, k.hive, sub, nil}, err
}

func (k *simulatedKey) Set(name string, data []byte) error {
	return k.key.SetValue(name, regf.Binary, data)
}

func (k *simulatedKey) Flush() error {
	_, err := k.hive.Commit(regf.CommitOptions{})
	return err
}

func (k *simulatedKey) Close() error {
	if k.close == nil {
		return nil
	}
	return k.close()
}

// codes answers as the documentation says.
func codes(blob []byte, windowsDir string) uint32 {
	system, err := os.ReadFile(filepath.Join(windowsDir, "System32", "config", "SYSTEM"))
	if err != nil {
		return uint32(winerr.CantLoadOfflineHive)
	}
	parsed, err := odj.Parse(blob)
	if err != nil {
		return uint32(winerr.BadOfflineJoinInfo)
	}
	parsed.Wipe()
	if bytes.Contains(system, regf.TextData("LanmanNT")) {
		return uint32(winerr.NotSupported)
	}
	return 0
}
