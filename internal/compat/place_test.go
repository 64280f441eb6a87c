package compat_test

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// placeV1 names the place of an image as the commit did in its ledgers (internal/ledger/place_linux.go there): the volume
// by its device, by the file behind a loop device or by its share, and the path in it; else "path:" and the path.
func placeV1(t *testing.T, windowsPath string) string {
	t.Helper()
	path, err := filepath.EvalSymlinks(windowsPath)
	if err != nil {
		t.Fatal(err)
	}
	mountinfo, _ := os.ReadFile("/proc/self/mountinfo") // elsewhere than on Linux there is none
	best := mountV1{}
	for line := range strings.Lines(string(mountinfo)) {
		before, after, _ := strings.Cut(line, " - ")
		left, right := strings.Fields(before), strings.Fields(after)
		if len(left) < 5 || len(right) < 2 {
			continue
		}
		m := mountV1{unescapeV1(left[3]), unescapeV1(left[4]), unescapeV1(right[1])}
		inside := m.point == "/" || path == m.point || strings.HasPrefix(path, m.point+"/")
		if inside && len(m.point) >= len(best.point) {
			best = m
		}
	}
	if volume := volumeV1(best.source); volume != "" {
		return volume + "|" + filepath.Join(best.root, strings.TrimPrefix(path, strings.TrimSuffix(best.point, "/")))
	}
	return "path:|" + filepath.ToSlash(path)
}

type mountV1 struct{ root, point, source string }

func volumeV1(source string) string {
	switch {
	case source == "/dev/fuse":
		return ""
	case strings.Contains(source, ":/"), strings.HasPrefix(source, "//"):
		return "net:" + source
	case !strings.HasPrefix(source, "/dev/"):
		return ""
	}
	name, class := source, ""
	if real, err := filepath.EvalSymlinks(source); err == nil {
		name = real
	}
	class = "/sys/class/block/" + filepath.Base(name)
	if real, err := filepath.EvalSymlinks(class); err == nil {
		class = real
	}
	for _, attribute := range []struct{ kind, path string }{
		{"file:", "loop/backing_file"}, {"file:", "../loop/backing_file"}, {"dm:", "dm/uuid"}, {"dm:", "dm/name"},
	} {
		content, err := os.ReadFile(filepath.Join(class, attribute.path))
		if text := strings.TrimSpace(string(content)); err == nil && text != "" {
			return attribute.kind + text
		}
	}
	return "dev:" + source
}

// unescapeV1 undoes the octal numbers of proc(5).
func unescapeV1(text string) string {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] == '\\' && i+3 < len(text) {
			if c, err := strconv.ParseUint(text[i+1:i+4], 8, 8); err == nil {
				b.WriteByte(byte(c))
				i += 3
				continue
			}
		}
		b.WriteByte(text[i])
	}
	return b.String()
}
