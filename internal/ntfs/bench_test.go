package ntfs

import "testing"

// BenchmarkJoin plans what a join changes: a program, a page of a hive, an answer file.
func BenchmarkJoin(b *testing.B) {
	m := populated(b, 4096, 1024)
	program := noise(1_900_000, 1)
	for b.Loop() {
		tx := m.begin(b, Options{})
		if err := tx.Create("Windows/System32/odjboot.exe", program, CreateOptions{Like: "$Extend"}); err != nil {
			b.Fatal(err)
		}
		f, err := tx.Open("Windows/System32/config/SYSTEM")
		if err != nil {
			b.Fatal(err)
		}
		for page := range int64(16) {
			if _, err := f.WriteAt(program[:4096], page*4096); err != nil {
				b.Fatal(err)
			}
		}
		if _, err := tx.Plan(); err != nil {
			b.Fatal(err)
		}
	}
}
