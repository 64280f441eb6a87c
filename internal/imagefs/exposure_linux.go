package imagefs

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// modesTell: mode bits say who may do what.
const modesTell = true

// mountIsPrivate reports whether path is on a FUSE mount that the kernel lets nobody into but who mounted it: one without
// the option allow_other (fuse(8)). Modes mean nothing there. What cannot be found out counts as not private.
func mountIsPrivate(path string) bool {
	var vol unix.Statfs_t
	var st unix.Stat_t
	if unix.Statfs(path, &vol) != nil || int64(vol.Type) != unix.FUSE_SUPER_MAGIC || unix.Stat(path, &st) != nil {
		return false
	}
	f, err := os.Open("/proc/self/mountinfo")
	if err != nil {
		return false
	}
	defer f.Close() // only read
	dev := uint64(st.Dev)
	return isPrivateFuse(io.LimitReader(f, maxMounts), fmt.Sprintf("%d:%d", unix.Major(dev), unix.Minor(dev)))
}

// isPrivateFuse looks for the mount of a device in a text as proc(5) describes it.
func isPrivateFuse(mountinfo io.Reader, device string) bool {
	lines := bufio.NewScanner(mountinfo)
	for lines.Scan() {
		before, after, _ := strings.Cut(lines.Text(), " - ")
		fields, more := strings.Fields(before), strings.Fields(after)
		if len(fields) < 3 || fields[2] != device || len(more) < 3 || !strings.HasPrefix(more[0], "fuse") {
			continue
		}
		return !strings.Contains(","+more[2]+",", ",allow_other,")
	}
	return false
}
