package main

import (
	"os"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/completion/program"
	"github.com/offlinejoin/offlinejoin/internal/testenv"
)

// TestMain lets the test's program be the children that bench starts.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && (os.Args[1] == "offlinejoin" || os.Args[1] == "make") {
		main()
	}
	os.Exit(m.Run())
}

// TestFleetIsStagedInLittleMemory stages fleets in which every image has a real hive; with OFFLINEJOIN_LONG=1, the whole
// 1,000 images with 64 real hives among them.
func TestFleetIsStagedInLittleMemory(t *testing.T) {
	t.Parallel()
	if _, err := program.Lookup("amd64"); err != nil {
		testenv.Absent(t, err.Error())
	}
	images := 24
	if os.Getenv("OFFLINEJOIN_LONG") == "1" {
		images = 1000
	}
	if err := bench(images, testenv.Shared(t, "")); err != nil {
		t.Fatal(err)
	}
}
