package odj

import "testing"

func BenchmarkParse(b *testing.B) {
	blob := ordinary(b)
	for name, data := range map[string][]byte{
		"bytes": blob.Bytes(), "djoin": blob.DjoinFile(), "base64": []byte(blob.AccountData()),
		"all parts": encoded(b, fullTree(b)),
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Parse(data); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkParseHostile(b *testing.B) {
	for name, data := range hostile(b) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Parse(data); err == nil {
					b.Fatal("accepted")
				}
			}
		})
	}
}

func BenchmarkParseCrowded(b *testing.B) {
	for name, data := range crowded(b) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Parse(data); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkCompose(b *testing.B) {
	j := webJoin()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Compose(j); err != nil {
			b.Fatal(err)
		}
	}
}
