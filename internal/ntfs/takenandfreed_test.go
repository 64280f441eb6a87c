package ntfs

import (
	"bytes"
	"errors"
	"testing"
)

// TestWhatOneChangeTakesAndFrees writes files and gives them up again in one plan: what is only filled there is not written at all, what
// a later part of the plan has changed is zeroed as other bytes are, and what others have left in the clusters stays as it was.
func TestWhatOneChangeTakesAndFrees(t *testing.T) {
	t.Parallel()
	first, second := noise(40_000, 71), noise(9_000, 72)
	changes := map[string]func(tx *Tx) error{
		"made and removed": func(tx *Tx) error {
			return errors.Join(tx.Create("one", first, CreateOptions{Like: "$Extend"}), tx.Remove("one", RemoveOptions{}))
		},
		"replaced twice": func(tx *Tx) error {
			return errors.Join(tx.Create("one", second, CreateOptions{Like: "$Extend"}), tx.Replace("one", first, 0), tx.Replace("one", second, 0))
		},
		"made shorter": func(tx *Tx) error {
			if err := tx.Create("one", first, CreateOptions{Like: "$Extend"}); err != nil {
				return err
			}
			f, err := tx.Open("one")
			if err != nil {
				return err
			}
			return f.Truncate(700)
		},
		"changed behind a barrier, and removed": func(tx *Tx) error {
			if err := tx.Create("one", first, CreateOptions{Like: "$Extend"}); err != nil {
				return err
			}
			tx.Barrier()
			f, err := tx.Open("one")
			if err != nil {
				return err
			}
			_, err = f.WriteAt(second, 5_000)
			tx.Barrier()
			return errors.Join(err, tx.Remove("one", RemoveOptions{}))
		},
		"a secret made and removed": func(tx *Tx) error {
			return errors.Join(tx.Create("one", first, CreateOptions{Like: "$Extend", Secret: true}), tx.Remove("one", RemoveOptions{Secret: true}))
		},
	}
	for name, change := range changes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := populated(t, 4096, 1024)
			p := m.commit(t, change)
			fillsAreNotWiped(t, p)
			for _, secret := range [][]byte{first[8192:8256], first[30_000:30_064]} {
				if bytes.Contains(m, secret) && name != "replaced twice" {
					t.Error("what is no file's is on the volume")
				}
			}
			for _, f := range p.Fills {
				if name == "made and removed" && bytes.Contains(f.Data, first[:64]) {
					t.Error("what nobody uses is filled")
				}
			}
			judge(t, saved(t, m), nil)
		})
	}
}
