package lab

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/offlinejoin/offlinejoin/internal/completion"
	"github.com/offlinejoin/offlinejoin/internal/regf"
)

// files are a hive and its two logs; nil for what is not there.
type files [3][]byte

func (f files) open() (*regf.Hive, error) {
	var all [3]regf.File
	for i, b := range f {
		if b != nil {
			all[i] = regf.NewMemFile(b)
		}
	}
	return regf.Open(regf.Files{Primary: all[0], Log1: all[1], Log2: all[2]})
}

// write writes the files as a hive of that name, for Windows to load, and returns the path of the hive.
func (f files) write(dir, name string) (string, error) {
	for i, suffix := range suffixes() {
		if f[i] == nil {
			continue
		}
		if err := os.WriteFile(filepath.Join(dir, name+suffix), f[i], 0o600); err != nil {
			return "", err
		}
	}
	return filepath.Join(dir, name), nil
}

func suffixes() []string { return []string{"", ".LOG1", ".LOG2"} }

// readFiles reads what Windows has left.
func readFiles(path string) (f files, err error) {
	for i, suffix := range suffixes() {
		f[i], err = os.ReadFile(path + suffix)
		if err != nil && (i == 0 || !os.IsNotExist(err)) {
			return f, err
		}
	}
	return f, nil
}

// made makes a hive of format 1.minor with one access list for all keys, as RegLoadAppKey wants it (documented), and with all
// that our engine can write.
func made(minor uint32, security []byte) (files, error) { return madeWith(minor, security, manyKeys) }

const (
	manyKeys = 1200 // more than one part of a subkey list
	fewKeys  = 60   // for hives of which there are many
)

func madeWith(minor uint32, security []byte, keys int) (files, error) {
	hive := regf.NewMemFile(nil)
	if err := regf.Create(hive, regf.CreateOptions{Minor: minor, Security: security}); err != nil {
		return files{}, err
	}
	return files{hive.Bytes(), nil, nil}.changed(func(h *regf.Hive) error { return fill(h, keys) })
}

// fill writes keys and values of every kind.
func fill(h *regf.Hive, keys int) error {
	for n, size := range []int{0, 1, 4, 5, 200, 4096, 16344, 16345, 70_000} {
		if err := set(h, `Sizes`, fmt.Sprint(size), regf.Type(n), pattern(size)); err != nil {
			return err
		}
	}
	for _, name := range []string{"", "Größe", "€ and 文", strings.Repeat("n", 255)} {
		if err := set(h, `Names\`+name, name, 1, regf.TextData(name)); err != nil {
			return err
		}
	}
	for n := range keys {
		if err := set(h, fmt.Sprintf(`Many\key%04d`, n), "n", 4, regf.DWORDData(uint32(n))); err != nil {
			return err
		}
	}
	return set(h, strings.Repeat(`\Deep`, 30)[1:], "deep", 3, pattern(64))
}

func set(h *regf.Hive, path, name string, typ regf.Type, data []byte) error {
	k, _, err := h.CreateKey(strings.TrimSuffix(path, `\`), nil)
	if err != nil {
		return err
	}
	return k.SetValue(name, typ, data)
}

// pattern returns bytes that differ from place to place.
func pattern(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i*7 + i>>8)
	}
	return b
}

// edit changes a filled hive in every way, and commits nothing.
func edit(h *regf.Hive) error {
	for n := 0; n < fewKeys; n += 3 {
		if err := h.DeleteKey(fmt.Sprintf(`Many\key%04d`, n)); err != nil {
			return err
		}
	}
	sizes, err := h.Key("Sizes")
	if err != nil {
		return err
	}
	for _, name := range []string{"0", "200", "16345"} {
		if err := sizes.DeleteValue(name); err != nil {
			return err
		}
	}
	for n, size := range []int{3, 17_000, 40_000} {
		if err := sizes.SetValue([]string{"1", "4", "70000"}[n], regf.Type(3), pattern(size)); err != nil {
			return err
		}
	}
	return set(h, `New\Key`, "grown", 3, pattern(100_000))
}

// edited is a hive of Windows' usual format that was closed, opened again and changed.
func edited(security []byte) (files, error) {
	f, err := made(5, security)
	if err != nil {
		return f, err
	}
	return f.changed(edit)
}

// changed returns the files after a change that was committed.
func (f files) changed(change func(*regf.Hive) error) (files, error) {
	hive, log := regf.NewMemFile(f[0]), regf.NewMemFile(f[1])
	h, err := regf.Open(regf.Files{Primary: hive, Log1: log})
	if err == nil {
		err = change(h)
	}
	if err == nil {
		_, err = h.Commit(regf.CommitOptions{})
	}
	return files{hive.Bytes(), log.Bytes(), nil}, err
}

// crashed returns the states in which a loss of power can leave the files of an edit: after each write, and in the middle of it.
func crashed(security []byte) ([]files, error) {
	before, err := madeWith(5, security, fewKeys)
	if err != nil {
		return nil, err
	}
	h, err := before.open()
	if err == nil {
		err = edit(h)
	}
	if err != nil {
		return nil, err
	}
	plan, err := h.Plan()
	if err != nil {
		return nil, err
	}
	states := []files{before}
	now := before
	for _, op := range plan.Ops {
		if op.Barrier {
			continue
		}
		const sector = 512
		states = append(states, now.with(op, len(op.Data)/2/sector*sector))
		now = now.with(op, len(op.Data))
		states = append(states, now)
	}
	return states, nil
}

// with returns the files after the first n bytes of a write.
func (f files) with(op regf.Op, n int) files {
	old := f[op.File]
	grown := make([]byte, max(len(old), int(op.Offset)+n))
	copy(grown, old)
	copy(grown[op.Offset:], op.Data[:n])
	f[op.File] = grown
	return f
}

// Access lists of the hives. [MS-DTYP] 2.4: revision 1, owner and group Administrators.
func everybody() []byte {
	world := []byte{1, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0}
	return withDACL([]byte{0, containerInherit}, world)
}

const containerInherit = 2 // CONTAINER_INHERIT_ACE

// withDACL returns Administrators' descriptor with one entry, of full access to keys: type and flags, and for whom.
func withDACL(ace []byte, sid []byte) []byte {
	admins := []byte{1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 32, 2, 0, 0}
	size := byte(8 + len(sid))
	entry := append([]byte{ace[0], ace[1], size, 0, 0x3F, 0, 0x0F, 0}, sid...)
	acl := append([]byte{2, 0, 8 + size, 0, 1, 0, 0, 0}, entry...)
	d := []byte{1, 0, 4, 0x80, descriptorHeader, 0, 0, 0, descriptorHeader + 16, 0, 0, 0, 0, 0, 0, 0, descriptorHeader + 32, 0, 0, 0}
	d = append(append(d, admins...), admins...)
	return append(d, acl...)
}

// guardedHive is a hive whose keys have several descriptors: ours of staging, and others.
func guardedHive() (files, error) {
	f, err := made(5, completion.KeySecurity())
	if err != nil {
		return f, err
	}
	return f.changed(func(h *regf.Hive) error {
		system := []byte{1, 1, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0}
		for n, d := range [][]byte{everybody(), withDACL([]byte{0, 0}, system), completion.KeySecurity()} {
			if _, _, err := h.CreateKey(fmt.Sprintf(`Rights%d`, n), d); err != nil {
				return err
			}
			if _, _, err := h.CreateKey(fmt.Sprintf(`Rights%d\Below`, n), nil); err != nil {
				return err
			}
		}
		return nil
	})
}
