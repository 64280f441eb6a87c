package ntfs

import (
	"errors"
	"slices"
	"testing"
)

// commit plans changes of a volume in memory and carries them out.
func (m memory) commit(t testing.TB, do func(tx *Tx) error) *Plan {
	t.Helper()
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

// TestFileThatIsAppendedTo writes a new file in many small steps, as one who does not know its length does.
func TestFileThatIsAppendedTo(t *testing.T) {
	t.Parallel()
	m := populated(t, 4096, 1024)
	want := noise(200_000, 4)
	p := m.commit(t, func(tx *Tx) error {
		if err := tx.Create("new.log", nil, CreateOptions{Like: "$Extend"}); err != nil {
			return err
		}
		f, err := tx.Open("new.log")
		for off := 0; off < len(want) && err == nil; off += 3000 {
			_, err = f.WriteAt(want[off:min(off+3000, len(want))], int64(off))
		}
		return err
	})
	if len(p.Groups) > 6 {
		t.Errorf("%d groups for one file", len(p.Groups))
	}
	v, err := Open(m, int64(len(m)))
	if err != nil {
		t.Fatal(err)
	}
	wantContent(t, v, "new.log", want)
	judge(t, saved(t, m), nil)
}

// TestGrowthThatIsNotWritten makes a file longer than zeros are written for, then writes into what is not initialized.
func TestGrowthThatIsNotWritten(t *testing.T) {
	t.Parallel()
	for _, cluster := range []int64{4096, 65536} {
		m := format(t, 64<<20, cluster, 1024).memory
		for i := range m[32<<20 : 60<<20] { // what is free need not be zero
			m[32<<20+i] = 0xee
		}
		const size = 24 << 20
		m.commit(t, func(tx *Tx) error {
			if err := tx.Create("big", pattern(100, 1), CreateOptions{Like: "$Extend"}); err != nil {
				return err
			}
			f, err := tx.Open("big")
			if err != nil {
				return err
			}
			return f.Truncate(size)
		})
		want := append(pattern(100, 1), make([]byte, size-100)...)
		v, err := Open(m, int64(len(m)))
		if err != nil {
			t.Fatal(err)
		}
		wantContent(t, v, "big", want)
		p := m.commit(t, func(tx *Tx) error {
			f, err := tx.Open("big")
			if err != nil {
				return err
			}
			_, err = f.WriteAt(pattern(5000, 2), 20<<20)
			copy(want[20<<20:], pattern(5000, 2))
			return err
		})
		if last := p.Groups[len(p.Groups)-1].Stage; last != StageSettle {
			t.Errorf("the last stage is %d", last)
		}
		wantContent(t, v, "big", want)
		judge(t, saved(t, m), nil)
	}
}

func TestSizesThatNoVolumeHas(t *testing.T) {
	t.Parallel()
	tx := populated(t, 4096, 1024).begin(t, Options{})
	f, err := tx.Open("hiberfil.sys")
	if err != nil {
		t.Fatal(err)
	}
	for _, size := range []int64{1 << 40, 1<<63 - 1} {
		if err := f.Truncate(size); kindOf(err) != NoSpace {
			t.Error(size, err)
		}
	}
	if err := f.Truncate(4 << 20); kindOf(err) != NoSpace {
		t.Error(err)
	}
	if _, err := f.WriteAt([]byte("x"), 1<<62); err == nil {
		t.Error("a write far behind the volume")
	}
}

// TestManyPieces has free space in single clusters only: a file takes as many as its record can name, and no more.
func TestManyPieces(t *testing.T) {
	t.Parallel()
	m := populated(t, 512, 1024)
	v, err := Open(m, int64(len(m)))
	if err != nil {
		t.Fatal(err)
	}
	bitmap, err := v.bitmap()
	if err != nil {
		t.Fatal(err)
	}
	at := bitmap.runs[0].lcn * v.cluster
	for i := range v.clusters / 8 {
		m[at+i] |= 0x55
	}
	like := CreateOptions{Like: "$Extend"}
	want := noise(60*512, 1)
	m.commit(t, func(tx *Tx) error { return tx.Create("pieces", want, like) })
	wantContent(t, v, "pieces", want)
	i, err := v.lookup("pieces")
	if err != nil {
		t.Fatal(err)
	}
	if s, err := i.stream(typeData, ""); err != nil || len(s.runs) < 50 {
		t.Errorf("%d pieces, %v", len(s.runs), err)
	}
	tx := m.begin(t, Options{})
	if err := tx.Create("more", noise(2000*512, 1), like); kindOf(err) != NoSpace {
		t.Error(err)
	}
	m.commit(t, func(tx *Tx) error {
		return errors.Join(tx.Replace("pieces", slices.Repeat(want, 2), 0), tx.Remove("hiberfil.sys", RemoveOptions{}))
	})
	if v, err = Open(m, int64(len(m))); err != nil {
		t.Fatal(err)
	}
	wantContent(t, v, "pieces", slices.Repeat(want, 2))
}
