package imagefs

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// maxMounts bounds what is read of /proc/self/mountinfo.
const maxMounts = 8 << 20

// locate returns the volume that path is on, by a name that outlives the mount, and the path inside. An empty volume
// means that the system does not report it.
func locate(path string) (volume, inside, file string) {
	file = fileIdentity(path)
	f, err := os.Open("/proc/self/mountinfo")
	if err != nil {
		return "", "", file
	}
	defer f.Close() // only read
	m, found := mountOf(io.LimitReader(f, maxMounts), path)
	if !found {
		return "", "", file
	}
	return m.volume(), m.inside(path), file
}

// fileIdentity returns inode number and birth time of a directory, and "" where the file system has no birth times.
func fileIdentity(path string) string {
	var st unix.Statx_t
	const want = unix.STATX_INO | unix.STATX_BTIME
	if err := unix.Statx(unix.AT_FDCWD, path, 0, want, &st); err != nil || st.Mask&want != want || st.Btime.Sec == 0 {
		return ""
	}
	return fmt.Sprintf("%d:%d.%09d", st.Ino, st.Btime.Sec, st.Btime.Nsec)
}

// machineID returns the machine id (machine-id(5)), "" when there is none.
func machineID() string {
	for _, name := range []string{"/etc/machine-id", "/var/lib/dbus/machine-id"} {
		if id, err := os.ReadFile(name); err == nil && len(strings.TrimSpace(string(id))) >= 32 {
			return strings.TrimSpace(string(id))
		}
	}
	return ""
}

// mount is one line of mountinfo (proc(5)).
type mount struct{ root, point, kind, source string }

// mountOf finds the mount that path is in: the last of those with the longest mount point.
func mountOf(mountinfo io.Reader, path string) (best mount, found bool) {
	lines := bufio.NewScanner(mountinfo)
	for lines.Scan() {
		before, after, _ := strings.Cut(lines.Text(), " - ")
		left, right := strings.Fields(before), strings.Fields(after)
		if len(left) < 5 || len(right) < 2 {
			continue
		}
		m := mount{unescape(left[3]), unescape(left[4]), right[0], unescape(right[1])}
		if m.holds(path) && len(m.point) >= len(best.point) {
			best, found = m, true
		}
	}
	return best, found
}

func (m mount) holds(path string) bool {
	return m.point == "/" || path == m.point || strings.HasPrefix(path, m.point+"/")
}

func (m mount) inside(path string) string {
	return filepath.Join(m.root, strings.TrimPrefix(path, strings.TrimSuffix(m.point, "/")))
}

// volume names what is mounted: the file behind a loop device, the name of a mapped device, a block device, a share.
// FUSE and memory file systems, overlays and the like have no name that would mean anything.
func (m mount) volume() string {
	switch {
	case m.source == "/dev/fuse":
		return ""
	case strings.HasPrefix(m.source, "/dev/"):
		return device(m.source)
	case strings.Contains(m.source, ":/"), strings.HasPrefix(m.source, "//"):
		return "net:" + m.source
	}
	return ""
}

func device(source string) string {
	name := source
	if real, err := filepath.EvalSymlinks(source); err == nil {
		name = real
	}
	class := "/sys/class/block/" + filepath.Base(name)
	if real, err := filepath.EvalSymlinks(class); err == nil {
		class = real // below the device that a partition is on
	}
	for _, attribute := range []struct{ kind, path string }{
		{"file:", "loop/backing_file"},
		{"file:", "../loop/backing_file"},
		{"dm:", "dm/uuid"},
		{"dm:", "dm/name"},
	} {
		content, err := os.ReadFile(filepath.Join(class, attribute.path))
		if text := strings.TrimSpace(string(content)); err == nil && text != "" {
			return attribute.kind + text
		}
	}
	return "dev:" + source
}

// unescape undoes \040 and the like, as proc(5) has blanks and backslashes.
func unescape(text string) string {
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
