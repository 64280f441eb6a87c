package e2e

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"

	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/regf"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// refuseImages tries images that cannot take a join. Those with a real hive have the other hives from a Windows that
// could.
func refuseImages(t *testing.T, p programs) {
	const badHive = winerr.CantLoadOfflineHive
	blob := newBlob(t).Bytes()
	for name, c := range map[string]struct {
		make func(t *testing.T, dir string) (windows string)
		code winerr.Code
		says string
	}{
		"volume root": {volumeRoot, winerr.InvalidParameter, "did you mean"},
		"no such folder": {
			func(_ *testing.T, dir string) string { return filepath.Join(dir, "nowhere") },
			winerr.FileNotFound, "nowhere",
		},
		"folder System32": {
			func(t *testing.T, dir string) string { return filepath.Join(sampleImage(t, dir), "System32") },
			winerr.InvalidParameter, "directory above it",
		},
		"domain controller":            {controller, winerr.NotSupported, "is a domain controller"},
		"dirty without logs":           {with("SYSTEM", "win81-x64-workgroup/SYSTEM"), badHive, "SYSTEM"},
		"SECURITY dirty without logs":  {with("SECURITY", "win10-workgroup-nolog/SECURITY"), badHive, "SECURITY"},
		"zeroed bins":                  {with("SYSTEM", "edge/corrupted_system_hive"), badHive, "SYSTEM"},
		"a real hive, one bin zeroed":  {damagedReal(zeroBin), badHive, "SYSTEM"},
		"a real hive, cut off":         {damagedReal(cutOff), badHive, "SYSTEM"},
		"our hive, bin of Setup zero":  {damagedSample(zeroSetup), badHive, "SYSTEM"},
		"our hive, cut off":            {damagedSample(cutOff), badHive, "SYSTEM"},
		"our hive, Setup below itself": {damagedSample(cycle), badHive, "SYSTEM"},
		"header only":                  {damagedSample(headerOnly), badHive, "SYSTEM"},
		"empty hive":                   {damagedSample(nothing), badHive, "SYSTEM"},
		"cyclic hive":                  {with("SYSTEM", "edge/NTUSER_Bad.DAT"), badHive, "SYSTEM"},
		"bad subkey list":              {with("SYSTEM", "edge/corrupt_sub_key_list.hiv"), badHive, "SYSTEM"},
		"invented hive":                {with("SYSTEM", "edge/fake_SYSTEM"), badHive, "SYSTEM"},
		"a log as hive":                {with("SYSTEM", "win10-1709-x64-dirty/SYSTEM.LOG1"), badHive, "SYSTEM"},
		"SYSTEM is a symbolic link":    {linked("SYSTEM"), badHive, "is a symbolic link"},
		"a log is a symbolic link":     {linked("SYSTEM.LOG1"), badHive, "is a symbolic link"},
		"config is a symbolic link":    {linked("."), winerr.InvalidParameter, "is a symbolic link"},
		"a symbolic link is the program": {func(t *testing.T, dir string) string {
			windows := sampleImage(t, dir)
			must(t, os.WriteFile(filepath.Join(dir, "victim"), []byte("of somebody else"), 0o600))
			must(t, os.Symlink("../../victim", filepath.Join(windows, "System32", "odjboot.exe")))
			return windows
		}, winerr.InvalidParameter, "is a symbolic link"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			must(t, os.WriteFile(filepath.Join(dir, "neighbour"), []byte("not of this image"), 0o600))
			attempt{c.make(t, dir), dir, blob, core.Expect{}, c.code, c.says, false}.refuse(t, p)
		})
	}
}

func volumeRoot(t *testing.T, dir string) string {
	sampleImage(t, dir)
	return dir
}

func controller(t *testing.T, dir string) string {
	hives := map[string]string{}
	for _, name := range []string{"SYSTEM", "SOFTWARE", "SECURITY", "SAM"} {
		hives[name] = "nt4-server-pdc/" + name
	}
	return imageOf(t, dir, hives)
}

// with makes a sample image in which one hive is a real one, without logs.
func with(hive, from string) func(t *testing.T, dir string) string {
	return func(t *testing.T, dir string) string {
		windows := sampleImage(t, dir)
		for _, suffix := range suffixes() {
			must(t, os.Remove(filepath.Join(configOf(windows), hive+suffix)))
		}
		return imageOf(t, dir, map[string]string{hive: from})
	}
}

// damagedSample makes a sample image whose SYSTEM hive, which is clean, has been damaged.
func damagedSample(damage func(*testing.T, []byte) []byte) func(t *testing.T, dir string) string {
	return func(t *testing.T, dir string) string {
		windows := sampleImage(t, dir)
		system := filepath.Join(configOf(windows), "SYSTEM")
		data := must1(os.ReadFile(system))(t)
		must(t, os.WriteFile(system, damage(t, data), 0o600))
		return windows
	}
}

// damagedReal makes an image with the real SYSTEM hive, made clean and then damaged.
func damagedReal(damage func(*testing.T, []byte) []byte) func(t *testing.T, dir string) string {
	return func(t *testing.T, dir string) string {
		windows := realImage(t, dir)
		openSystem(t, windows).save(t)
		system := filepath.Join(configOf(windows), "SYSTEM")
		data := must1(os.ReadFile(system))(t)
		must(t, os.WriteFile(system, damage(t, data), 0o600))
		return windows
	}
}

const binsAt = 4096 // where the bins begin (regf specification, base block)

func cutOff(_ *testing.T, hive []byte) []byte { return hive[:len(hive)/2] }

func nothing(*testing.T, []byte) []byte { return nil }

func headerOnly(_ *testing.T, hive []byte) []byte { return hive[:binsAt] }

// zeroBin zeroes one bin in the middle of a hive: one that no path to our keys leads through.
func zeroBin(t *testing.T, hive []byte) []byte {
	t.Helper()
	at, last := binsAt, binsAt
	for at < len(hive)/2 {
		last, at = at, at+int(binary.LittleEndian.Uint32(hive[at+8:]))
	}
	clear(hive[last:at])
	return hive
}

// setupCell returns where the cell of the key Setup is in a sample hive.
func setupCell(t *testing.T, hive []byte) int {
	t.Helper()
	const nameAt = 76
	for at := binsAt + 32; at+4+nameAt+5 <= len(hive); at += 8 {
		if bytes.HasPrefix(hive[at+4:], []byte("nk")) && bytes.HasPrefix(hive[at+4+nameAt:], []byte("Setup")) {
			return at
		}
	}
	t.Fatal("there is no key Setup in the hive")
	return 0
}

// zeroSetup zeroes the page that the key Setup is in.
func zeroSetup(t *testing.T, hive []byte) []byte {
	t.Helper()
	page := setupCell(t, hive) &^ (binsAt - 1)
	clear(hive[page : page+binsAt])
	return hive
}

// cycle makes the key Setup the only key below itself.
func cycle(t *testing.T, hive []byte) []byte {
	t.Helper()
	cell := setupCell(t, hive)
	list := binsAt + int(binary.LittleEndian.Uint32(hive[cell+4+28:]))
	binary.LittleEndian.PutUint32(hive[list+4+4:], uint32(cell-binsAt))
	return hive
}

// linked makes a sample image in which a file of config, or config itself, is a symbolic link to the real thing.
func linked(name string) func(t *testing.T, dir string) string {
	return func(t *testing.T, dir string) string {
		windows := sampleImage(t, dir)
		from, to := filepath.Join(configOf(windows), name), filepath.Join(dir, "elsewhere")
		must(t, os.Rename(from, to))
		must(t, os.Symlink(to, from))
		return windows
	}
}

// control: the hives that are damaged above are good ones before that.
func TestHivesToDamageAreGood(t *testing.T) {
	t.Parallel()
	for name, windows := range map[string]string{
		"sample": sampleImage(t, t.TempDir()), "real": realImage(t, t.TempDir()),
	} {
		for _, problem := range regf.Check(openSystem(t, windows).Hive) {
			t.Errorf("%s: %s", name, problem)
		}
		if _, err := core.Plan(t.Context(), core.Request{Image: core.ImageAt(windows), Blob: read(t, newBlob(t).Bytes())}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
