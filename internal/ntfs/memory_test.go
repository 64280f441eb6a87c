package ntfs

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// saved writes a volume in memory to a file, for the programs of others.
func saved(t testing.TB, m memory) disk {
	t.Helper()
	d := disk{path: filepath.Join(t.TempDir(), "v.img")}
	f, err := os.Create(d.path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	zero := make([]byte, 4096)
	for off := 0; off < len(m); off += len(zero) { // what is zero stays a hole
		if b := m[off:min(off+len(zero), len(m))]; !bytes.Equal(b, zero[:len(b)]) {
			if _, err := f.WriteAt(b, int64(off)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := f.Truncate(int64(len(m))); err != nil {
		t.Fatal(err)
	}
	return d
}

func TestFormattedVolumeIsSound(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ cluster, record int64 }{{4096, 1024}, {512, 1024}, {4096, 4096}, {65536, 1024}} {
		judge(t, saved(t, format(t, 4<<20, c.cluster, c.record).memory), nil)
		judge(t, saved(t, populated(t, c.cluster, c.record)), nil)
	}
}

func TestVolumeDescribesItself(t *testing.T) {
	t.Parallel()
	m := populated(t, 4096, 1024)
	v, err := Open(m, int64(len(m)))
	if err != nil {
		t.Fatal(err)
	}
	if v.Label() != "test" || v.Serial() != 0x1122334455667788 || v.Version() != "3.1" || v.ClusterSize() != 4096 ||
		v.Flags() != 0 || v.HasSnapshots() || v.Size() != 4<<20-512 || v.Writable() != nil {
		t.Errorf("%q %x %s %d %v", v.Label(), v.Serial(), v.Version(), v.ClusterSize(), v.Writable())
	}
	if b, err := v.SecurityDescriptor("windows/SYSTEM32"); err != nil || !bytes.Equal(b, formatDescriptor()) {
		t.Errorf("%x, %v", b, err)
	}
	info, err := v.Stat("WINDOWS/system32/Config/system")
	if err != nil || info.Name != "SYSTEM" || info.Size != 70_000 || info.Links != 1 || info.Directory ||
		info.Attributes != FileArchive || !info.Modified.Equal(testTime()) {
		t.Errorf("%+v, %v", info, err)
	}
	if _, err := v.Open("Windows/none"); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	if _, err := v.Open("Windows/System32/config/SAM/x"); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	if _, err := v.Open("Windows"); !errors.Is(err, fs.ErrInvalid) {
		t.Error(err)
	}
	entries, err := v.ReadDir("")
	var names []string
	for _, e := range entries {
		names = append(names, e.Name)
	}
	if !slices.Equal(names, []string{"hiberfil.sys", "Windows"}) || err != nil {
		t.Errorf("%q, %v", names, err)
	}
	f, err := v.Open("hiberfil.sys")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt([]byte("x"), 0); !errors.Is(err, ErrReadOnly) {
		t.Error(err)
	}
}

func TestNamesThatAreThereOrAreNone(t *testing.T) {
	t.Parallel()
	tx := populated(t, 4096, 1024).begin(t, Options{})
	like := CreateOptions{Like: "$Extend"}
	if err := tx.Create("windows/SYSTEM32/Config/system", nil, like); !errors.Is(err, fs.ErrExist) {
		t.Error(err)
	}
	if err := tx.Mkdir("WINDOWS", like); !errors.Is(err, fs.ErrExist) {
		t.Error(err)
	}
	if err := tx.Create("none/x", nil, like); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	if err := tx.RemoveDir("Windows"); !errors.Is(err, fs.ErrExist) {
		t.Error(err)
	}
	for _, name := range []string{"a:b", "con", "LPT1.txt", "x ", "x.", "a\x01", "a*", "\uFFFD", "com¹", "a\\b"} {
		if err := tx.Create(name, nil, like); kindOf(err) != InvalidName {
			t.Errorf("%q: %v", name, err)
		}
	}
	if err := tx.Create("x", nil, CreateOptions{}); err == nil {
		t.Error("a file without a model was made")
	}
	for _, path := range []string{"$MFT", "$LogFile", "$Bitmap"} {
		f, err := tx.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteAt([]byte("x"), 0); kindOf(err) != System {
			t.Error(path, err)
		}
		if err := tx.Remove(path, RemoveOptions{}); kindOf(err) != System {
			t.Error(path, err)
		}
	}
	if p, err := tx.Plan(); err != nil || len(p.Groups)+len(p.Fills) != 0 {
		t.Errorf("refusals left %d groups and %d fills, %v", len(p.Groups), len(p.Fills), err)
	}
}

// TestSecretsAreInFillsAndWipesOnly makes, replaces and removes secret files, and looks for their bytes in what a journal
// would keep.
func TestSecretsAreInFillsAndWipesOnly(t *testing.T) {
	t.Parallel()
	m := populated(t, 4096, 1024)
	first, second := noise(300, 7), noise(300, 8)
	commit := func(do func(tx *Tx) error) *Plan {
		tx := m.begin(t, Options{})
		if err := do(tx); err != nil {
			t.Fatal(err)
		}
		p, err := tx.Plan()
		if err != nil {
			t.Fatal(err)
		}
		m.apply(p)
		return p
	}
	keeps := func(p *Plan, secret []byte) {
		t.Helper()
		for _, g := range p.Groups {
			for _, c := range g.Patches {
				if bytes.Contains(c.Old, secret[:32]) && c.Secrecy&OldSecret == 0 ||
					bytes.Contains(c.New, secret[:32]) && c.Secrecy&NewSecret == 0 {
					t.Errorf("a patch at %d (stage %d) holds secret bytes and is not marked", c.Off, g.Stage)
				}
			}
		}
	}
	p := commit(func(tx *Tx) error {
		return tx.Create("Windows/secret.xml", first, CreateOptions{Like: "$Extend", Secret: true})
	})
	keeps(p, first)
	if !slices.ContainsFunc(p.Fills, func(f Fill) bool { return f.Secret && bytes.Contains(f.Data, first) }) {
		t.Error("the secret is in no fill that is marked")
	}
	keeps(commit(func(tx *Tx) error { return tx.Replace("Windows/secret.xml", second, OldSecret|NewSecret) }), second)
	if bytes.Contains(m, first[:32]) {
		t.Error("the first content is still on the volume after it was replaced")
	}
	commit(func(tx *Tx) error { return tx.Create("Windows/inside.xml", first, CreateOptions{Like: "$Extend"}) })
	p = commit(func(tx *Tx) error { return tx.Replace("Windows/inside.xml", second, OldSecret|NewSecret) })
	keeps(p, first)
	keeps(p, second)
	p = commit(func(tx *Tx) error {
		return errors.Join(
			tx.Remove("Windows/secret.xml", RemoveOptions{Secret: true}),
			tx.Remove("Windows/inside.xml", RemoveOptions{Secret: true}),
		)
	})
	keeps(p, second)
	last := p.Groups[len(p.Groups)-1]
	if last.Stage != StageWipe || !last.Patches[0].Wipe || last.Patches[0].Old != nil {
		t.Errorf("the last group is %v", last.Stage)
	}
	if bytes.Contains(m, second[:32]) || bytes.Contains(m, first[:32]) {
		t.Error("what was removed is still on the volume")
	}
	judge(t, saved(t, m), nil)
}

// TestSecretsThatAreWrittenTwice changes a new secret file behind a barrier: what the patch finds there is secret, too, and need
// not be put back.
func TestSecretsThatAreWrittenTwice(t *testing.T) {
	t.Parallel()
	p := populated(t, 4096, 1024).commit(t, func(tx *Tx) error {
		if err := tx.Create("secret", noise(1000, 1), CreateOptions{Like: "$Extend", Secret: true}); err != nil {
			return err
		}
		tx.Barrier()
		f, err := tx.Open("secret")
		if err != nil {
			return err
		}
		_, err = f.WriteAt(noise(512, 2), 0)
		return err
	})
	last := p.Groups[len(p.Groups)-1].Patches[0]
	if last.Secrecy != OldSecret || !last.Fresh || !bytes.Equal(last.Old, noise(1000, 1)[:512]) {
		t.Errorf("secrecy %d, fresh %v", last.Secrecy, last.Fresh)
	}
	for _, c := range p.Groups[0].Patches {
		if c.Fresh || c.Secrecy != 0 {
			t.Errorf("a patch of a bitmap: secrecy %d, fresh %v", c.Secrecy, c.Fresh)
		}
	}
}

// TestRoom has a container hold only some ranges: new clusters are taken there.
func TestRoom(t *testing.T) {
	t.Parallel()
	inside := func(off, n int64) bool { return off >= 2<<20 && off+n <= 3<<20 }
	m := populated(t, 4096, 1024)
	tx := m.begin(t, Options{Room: inside, RoomOnly: true})
	if err := tx.Create("program.exe", noise(500_000, 1), CreateOptions{Like: "$Extend"}); err != nil {
		t.Fatal(err)
	}
	p, err := tx.Plan()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range p.Fills {
		if !inside(f.Off, int64(len(f.Data))) {
			t.Errorf("a fill of %d bytes at %d", len(f.Data), f.Off)
		}
	}
	if err := tx.Create("more.exe", noise(700_000, 1), CreateOptions{Like: "$Extend"}); kindOf(err) != NoSpace {
		t.Error(err)
	}
	tx = m.begin(t, Options{Room: inside})
	if err := tx.Create("more.exe", noise(1_100_000, 1), CreateOptions{Like: "$Extend"}); err != nil {
		t.Error(err)
	}
}

func TestBarriersOrderContent(t *testing.T) {
	t.Parallel()
	m := populated(t, 4096, 1024)
	tx := m.begin(t, Options{})
	f, err := tx.Open("Windows/System32/config/SYSTEM")
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range []string{"one", "two", "three"} {
		if _, err := f.WriteAt([]byte(b), 4096); err != nil {
			t.Fatal(err)
		}
		tx.Barrier()
	}
	p, err := tx.Plan()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, g := range p.Groups {
		if g.Stage != StageData || len(g.Patches) != 1 || len(g.Patches[0].New) != sectorSize {
			t.Errorf("stage %d with %d patches", g.Stage, len(g.Patches))
		}
		got = append(got, string(g.Patches[0].New[:5]))
		m.apply(&Plan{Groups: []Group{g}})
	}
	if len(got) != 3 || got[0][:3] != "one" || got[1][:3] != "two" || got[2] != "three" {
		t.Errorf("%q", got)
	}
}

// TestSlackIsNotSeen grows a file that shrank in the same transaction, and one into clusters that are not zero.
func TestSlackIsNotSeen(t *testing.T) {
	t.Parallel()
	m := populated(t, 4096, 1024)
	tx := m.begin(t, Options{})
	f, err := tx.Open("Windows/System32/config/SYSTEM")
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(f.Truncate(10_000), f.Truncate(30_000)); err != nil {
		t.Fatal(err)
	}
	want := append(slices.Clone(noise(70_000, 1)[:10_000]), make([]byte, 20_000)...)
	wantContent(t, tx, "Windows/System32/config/SYSTEM", want)
	p, err := tx.Plan()
	if err != nil {
		t.Fatal(err)
	}
	m.apply(p)
	v, err := Open(m, int64(len(m)))
	if err != nil {
		t.Fatal(err)
	}
	wantContent(t, v, "Windows/System32/config/SYSTEM", want)
	judge(t, saved(t, m), nil)
}
