package main

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/offlinejoin/offlinejoin/internal/testenv"
)

// containerImage is an image as a Containerfile makes it: where it begins, the mode of each file and folder, from which file of the
// archive each comes, and how it is run.
type containerImage struct {
	From   string
	Modes  map[string]fs.FileMode
	Source map[string]string
	Config ociConfig
}

// contained reads a Containerfile, as far as ours uses the language.
func contained(text string) (containerImage, error) {
	im := containerImage{Modes: map[string]fs.FileMode{}, Source: map[string]string{}}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		word, rest, _ := strings.Cut(line, " ")
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
		case word == "FROM":
			im.From = rest
		case word == "WORKDIR": // makes it
			im.Config.WorkingDir, im.Modes[rest[1:]] = rest, fs.ModeDir|0o755
		case word == "USER":
			im.Config.User = rest
		case word == "ENV":
			im.Config.Env = append(im.Config.Env, rest)
		case word == "ENTRYPOINT":
			if err := json.Unmarshal([]byte(rest), &im.Config.Entrypoint); err != nil {
				return im, err
			}
		case word == "COPY":
			words := strings.Fields(rest)
			mode, is := strings.CutPrefix(words[0], "--chmod=")
			number, err := strconv.ParseUint(mode, 8, 32)
			if !is || err != nil || len(words) < 3 {
				return im, fmt.Errorf("%q", line)
			}
			to := words[len(words)-1]
			for _, from := range words[1 : len(words)-1] {
				name := to
				if strings.HasSuffix(to, "/") {
					name = path.Join(to, path.Base(from))
				}
				im.Modes[name[1:]], im.Source[name[1:]] = fs.FileMode(number), from
			}
		default:
			return im, fmt.Errorf("%q", line)
		}
	}
	return im, nil
}

// TestContainerfileMakesTheReleasesImage: from the files of an archive, the Containerfile makes an image with the files, the
// user and the entry point of the release's.
func TestContainerfileMakesTheReleasesImage(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile(filepath.Join(testenv.Root(), "examples", "fleets", "container", "Containerfile"))
	must(t, err)
	text := string(content)
	want := containerImage{From: "scratch", Modes: map[string]fs.FileMode{}, Source: map[string]string{}, Config: imageConfig(nil)}
	for _, f := range imageFiles(nil, file{"LICENSE", 0o644, nil}, thirdParty{}.file()) {
		want.Modes[f.name] = f.mode
		if !f.mode.IsDir() { // in an archive it has the same name
			want.Source[f.name] = f.name
		}
	}
	got, err := contained(text)
	must(t, err)
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("the release's image, and the Containerfile's:\n%s", d)
	}
	if names := slices.Sorted(maps.Keys(got.Modes)); len(names) != 4 {
		t.Errorf("it has %q", names)
	}
	for right, wrong := range map[string]string{
		"FROM scratch": "FROM debian", "0755": "0777", " LICENSE": "", "USER 65532:65532": "USER 0:0", `"/offlinejoin"`: `"offlinejoin"`,
		"WORKDIR /work": "WORKDIR /", "PATH=/": "PATH=/bin", "COPY --chmod=0755 offlinejoin /": "COPY --chmod=0755 offlinejoin /bin/",
	} {
		if !strings.Contains(text, right) {
			t.Errorf("there is no %q", right)
		}
		if im, err := contained(strings.Replace(text, right, wrong, 1)); err == nil && cmp.Equal(want, im) {
			t.Errorf("with %q it makes the same", wrong)
		}
	}
}
