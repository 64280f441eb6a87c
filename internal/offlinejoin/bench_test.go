package offlinejoin

import (
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/sample"
)

func BenchmarkStage(b *testing.B) {
	req := newImage(b, sample.Image{})
	for b.Loop() {
		if _, err := Stage(b.Context(), req); err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		if _, err := Unstage(b.Context(), UnstageRequest{Image: ImageAt(req.Image.WindowsPath)}); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
}
