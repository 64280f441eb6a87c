package partition_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/offlinejoin/offlinejoin/internal/disk/container"
	"github.com/offlinejoin/offlinejoin/internal/disk/partition"
)

func read(b []byte) (*partition.Table, error) {
	return partition.Read(bytes.NewReader(b), int64(len(b)))
}

func windowsDisk(sector int64) []byte {
	return gptDisk(4000, sector,
		entry{efi, 100, 199, 0, "EFI system partition"}, entry{reserved, 200, 299, 0, ""},
		entry{basicData, 300, 2999, 1 << 63, "Basic data partition ü"}, entry{recovery, 3000, 3499, 1<<63 | 1, ""})
}

func TestGPT(t *testing.T) {
	t.Parallel()
	for _, sector := range []int64{512, 4096} {
		got, err := read(windowsDisk(sector))
		if err != nil {
			t.Fatal(err)
		}
		id := func(n string) string {
			return n + n + n + n + "-" + n + n + "-" + n + n + "-" + n + n + "-" + strings.Repeat(n, 6)
		}
		want := &partition.Table{
			Scheme: partition.GPT, Sector: sector, ID: "33323130-3534-3736-3839-616263646566",
			Partitions: []partition.Partition{
				{
					Number: 1, Off: 100 * sector, Size: 100 * sector, Type: partition.EFISystem, ID: id("01"),
					TypeID: "C12A7328-F81F-11D2-BA4B-00A0C93EC93B", Name: "EFI system partition",
				},
				{
					Number: 2, Off: 200 * sector, Size: 100 * sector, Type: partition.Reserved, ID: id("02"),
					TypeID: "E3C9E316-0B5C-4DB8-817D-F92DF00215AE",
				},
				{
					Number: 3, Off: 300 * sector, Size: 2700 * sector, Type: partition.BasicData, ID: id("03"),
					TypeID: "EBD0A0A2-B9E5-4433-87C0-68B6B72699C7", Name: "Basic data partition ü",
					Attributes: partition.Attributes{NoDriveLetter: true},
				},
				{
					Number: 4, Off: 3000 * sector, Size: 500 * sector, Type: partition.Recovery, ID: id("04"),
					TypeID:     "DE94BBA4-06D1-4D40-A16A-BFD50179D6AC",
					Attributes: partition.Attributes{NoDriveLetter: true, Required: true},
				},
			},
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("sectors of %d (-want +got):\n%s", sector, d)
		}
	}
}

func TestForeignPartitions(t *testing.T) {
	t.Parallel()
	got, err := read(gptDisk(1000, 512, entry{spaces, 100, 199, 0, ""}, entry{ldmMeta, 200, 299, 0, ""}, entry{ldmData, 300, 399, 0, ""}))
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []partition.Type{partition.StorageSpaces, partition.LDMMetadata, partition.LDMData} {
		if p := got.Partitions[i]; p.Type != want || !p.Type.Foreign() {
			t.Errorf("partition %d is %q", p.Number, p.Type)
		}
	}
	if partition.BasicData.Foreign() {
		t.Error("basic data is foreign")
	}
}

func TestMBRWithLogicalDrives(t *testing.T) {
	t.Parallel()
	got, err := read(mbrDisk())
	if err != nil {
		t.Fatal(err)
	}
	want := &partition.Table{
		Scheme: partition.MBR, Sector: 512, ID: "12345678",
		Partitions: []partition.Partition{
			{
				Number: 1, Off: 63 * 512, Size: 937 * 512, Type: partition.BasicData, TypeID: "07",
				Attributes: partition.Attributes{Active: true},
			},
			{Number: 2, Off: 1000 * 512, Size: 100 * 512, Type: partition.Recovery, TypeID: "27"},
			{Number: 5, Off: 2063 * 512, Size: 438 * 512, Type: partition.BasicData, TypeID: "07"},
			{Number: 6, Off: 3063 * 512, Size: 438 * 512, Type: partition.LDMData, TypeID: "42"},
		},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestBareVolumes(t *testing.T) {
	t.Parallel()
	ntfs := make([]byte, 1<<20)
	copy(ntfs, "\xeb\x52\x90NTFS    \x00\x02\x08")
	for i := 446; i < 510; i++ {
		ntfs[i] = 7 // boot code
	}
	ntfs[510], ntfs[511] = 0x55, 0xaa
	likeATable := bytes.Clone(ntfs)
	clear(likeATable[446:510])
	bootRecord(likeATable, entry{"\x07", 63, 999, 0x80, ""})
	unmarked := bytes.Clone(likeATable)
	unmarked[0], unmarked[510] = 0x33, 0
	for name, b := range map[string][]byte{
		"volume": ntfs, "volume whose code looks like a table": likeATable, "no signature": unmarked, "zeros": make([]byte, 1<<20),
	} {
		got, err := read(b)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		want := &partition.Table{
			Scheme: partition.Bare, Sector: 512, Partitions: []partition.Partition{{Number: 1, Size: 1 << 20, Type: partition.Whole}},
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
}

func TestDamagedGPT(t *testing.T) {
	t.Parallel()
	const s = 512
	last := int64(3999 * s)
	le := binary.LittleEndian
	for name, c := range map[string]struct {
		damage func(b []byte) []byte
		want   container.Kind // "" when it is read
		note   string
	}{
		"primary header":  {damage: func(b []byte) []byte { b[s+60]++; return b }, note: "the first partition table is damaged, its backup was read"},
		"primary gone":    {damage: func(b []byte) []byte { clear(b[s : 10*s]); return b }, note: "the first partition table is damaged, its backup was read"},
		"primary entries": {damage: func(b []byte) []byte { b[2*s+600]++; return b }, note: "the first partition table is damaged, its backup was read"},
		"backup header":   {damage: func(b []byte) []byte { b[last+60]++; return b }, note: "the backup of the partition table is damaged"},
		"backup entries":  {damage: func(b []byte) []byte { b[last-s]++; return b }, note: "the backup of the partition table is damaged"},
		"backup of another": {damage: func(b []byte) []byte {
			b[last+60]++
			reseal(b[last:])
			return b
		}, note: "the backup of the partition table differs"},
		"made larger": {damage: func(b []byte) []byte { return append(b, make([]byte, 1<<20)...) }},
		"cut behind the partitions": {
			damage: func(b []byte) []byte { return b[:3600*s] }, note: "the backup of the partition table lies beyond the disk's end",
		},
		"cut":     {damage: func(b []byte) []byte { return b[:3000*s] }, want: container.Truncated},
		"both":    {damage: func(b []byte) []byte { b[s+60]++; b[last+60]++; return b }, want: container.Corrupt},
		"neither": {damage: func(b []byte) []byte { clear(b[s : 2*s]); clear(b[last:]); return b }, want: container.Corrupt},
		"not made for its place": {damage: func(b []byte) []byte {
			copy(b[s:2*s], b[last:last+s])
			clear(b[last:])
			return b
		}, want: container.Corrupt},
		"overlap": {damage: func(b []byte) []byte {
			return gptDisk(4000, s, entry{basicData, 100, 200, 0, ""}, entry{basicData, 200, 300, 0, ""})
		}, want: container.Corrupt},
		"ends before it begins": {damage: func(b []byte) []byte {
			return gptDisk(4000, s, entry{basicData, 300, 200, 0, ""})
		}, want: container.Corrupt},
		"in the table": {damage: func(b []byte) []byte {
			return gptDisk(4000, s, entry{basicData, 3, 200, 0, ""})
		}, want: container.Corrupt},
		"entries of 100 bytes": {damage: func(b []byte) []byte {
			le.PutUint32(b[s+84:], 100)
			reseal(b[s:])
			clear(b[last:])
			return b
		}, want: container.Corrupt},
		"2^31 entries": {damage: func(b []byte) []byte {
			le.PutUint32(b[s+80:], 1<<31)
			reseal(b[s:])
			clear(b[last:])
			return b
		}, want: container.Corrupt},
		"entries at 2^63": {damage: func(b []byte) []byte {
			le.PutUint64(b[s+72:], 1<<63)
			reseal(b[s:])
			clear(b[last:])
			return b
		}, want: container.Corrupt},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := read(c.damage(windowsDisk(s)))
			if c.want != "" {
				wantRefused(t, err, c.want)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if len(got.Partitions) != 4 || strings.Join(got.Notes, ";") != c.note {
				t.Errorf("%d partitions, notes %q, want %q", len(got.Partitions), got.Notes, c.note)
			}
		})
	}
}

func TestStaleGPTDoesNotCount(t *testing.T) {
	t.Parallel()
	b := windowsDisk(512)
	clear(b[446:510])
	bootRecord(b, entry{"\x07", 63, 999, 0x80, ""}) // somebody made an MBR over it
	got, err := read(b)
	if err != nil || got.Scheme != partition.MBR || len(got.Partitions) != 1 {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestDamagedMBR(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		damage func(b []byte) []byte
		want   container.Kind
		words  string
	}{
		"cut in a partition": {func(b []byte) []byte { return b[:500*512] }, container.Truncated, "(256000 bytes of 1 MiB): copy it again"},
		"cut in the chain":   {func(b []byte) []byte { return b[:2500*512] }, container.Truncated, "(1 MiB of 1 MiB)"},
		"overlap":            {func(b []byte) []byte { bootRecord(b[16:], entry{"\x07", 900, 1900, 0, ""}); return fixMark(b) }, container.Corrupt, "overlap"},
		"loop": {func(b []byte) []byte {
			bootRecord(b[3000*512:], entry{"\x42", 63, 500, 0, ""}, entry{"\x05", 1000, 1500, 0, ""})
			return b
		}, container.Corrupt, "comes back to itself"},
		"chain leaves": {func(b []byte) []byte {
			bootRecord(b[2000*512:], entry{"\x07", 63, 500, 0, ""}, entry{"\x05", 2000, 2500, 0, ""})
			return b
		}, container.Corrupt, "leaves"},
		"drive too large": {func(b []byte) []byte { bootRecord(b[3000*512:], entry{"\x07", 63, 1500, 0, ""}); return b }, container.Corrupt, "beyond the extended partition"},
		"unsigned record": {func(b []byte) []byte { b[3000*512+510] = 0; return b }, container.Corrupt, "no signature"},
		"tiny":            {func([]byte) []byte { return make([]byte, 100) }, container.Truncated, "100 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := read(c.damage(mbrDisk()))
			wantRefused(t, err, c.want)
			if err != nil && !strings.Contains(err.Error(), c.words) {
				t.Errorf("%v, want the words %q", err, c.words)
			}
		})
	}
}

// fixMark restores the signature that a record written at an odd place has moved.
func fixMark(b []byte) []byte {
	b[510], b[511], b[526], b[527] = 0x55, 0xaa, 0, 0
	return b
}

func TestManyLogicalDrives(t *testing.T) {
	t.Parallel()
	const n = 200
	b := make([]byte, (n+3)*100*512)
	bootRecord(b, entry{"\x0f", 100, int64(len(b))/512 - 1, 0, ""})
	for i := range int64(n) {
		bootRecord(b[(100+100*i)*512:], entry{"\x07", 10, 20, 0, ""}, entry{"\x05", 100 * (i + 1), 100*(i+1) + 99, 0, ""})
	}
	_, err := read(b)
	wantRefused(t, err, container.Corrupt)
}

func wantRefused(t *testing.T, err error, k container.Kind) {
	t.Helper()
	var r *container.Refused
	if !errors.As(err, &r) || r.Kind != k {
		t.Errorf("%v, want that it %q", err, k)
	}
}
