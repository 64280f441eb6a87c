package main

import (
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestCommittedPicture fails when somebody changed the source or the drawing and did not run `go generate`.
func TestCommittedPicture(t *testing.T) {
	t.Parallel()
	docs := filepath.Join("..", "..", "..", "docs")
	fresh := filepath.Join(t.TempDir(), "fresh.svg")
	if err := draw(filepath.Join(docs, "first-boot.txt"), fresh); err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(fresh)
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join(docs, "first-boot.svg"))
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(want) {
		t.Error("docs/first-boot.svg is not what its source says: run `make generate`")
	}
}

func TestPictureIsXMLWithAllTexts(t *testing.T) {
	t.Parallel()
	d, err := parse("lane a Alice & co\nlane b Bob\n\n# nothing\nband when <it> rains\na: opens the umbrella\na -> b: shares it\nb -> a: thanks")
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	decoder := xml.NewDecoder(strings.NewReader(string(d.svg())))
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if data, ok := token.(xml.CharData); ok {
			texts = append(texts, strings.TrimSpace(string(data)))
		}
	}
	all := strings.Join(texts, "|")
	for _, want := range []string{"Alice & co", "Bob", "when <it> rains", "opens the umbrella", "shares it", "thanks"} {
		if !strings.Contains(all, want) {
			t.Errorf("%q is not in the picture: %s", want, all)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for source, want := range map[string]string{
		"":                        "nothing to draw",
		"lane a A":                "nothing to draw",
		"lane a":                  "line 1: a lane needs",
		"lane a A\nlane a B":      "line 2: a lane needs",
		"band":                    "line 1: neither",
		"lane a A\nwhat is this":  "line 2: neither",
		"lane a A\nb: does":       "line 2: no lane",
		"lane a A\na -> b: gives": "line 2: no lane",
	} {
		if _, err := parse(source); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", source, err, want)
		}
	}
}
