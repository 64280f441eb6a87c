package imagefs

import "strings"

// plainSpelling returns an absolute path of Windows in its plain form, so that all spellings of one path are one: \\?\C:\x,
// \\.\C:\x, \??\C:\x and C:/x are C:\x, and \\?\UNC\server\share is \\server\share (documented: "Naming Files, Paths, and
// Namespaces"). What has no plain form, such as \\?\Volume{GUID}\x and \\.\PhysicalDrive1, keeps its prefix, as \\?\.
func plainSpelling(path string) string {
	path = strings.ReplaceAll(path, "/", `\`)
	rest, found := "", false
	for _, prefix := range [...]string{`\\?\`, `\\.\`, `\??\`} {
		if rest, found = strings.CutPrefix(path, prefix); found {
			break
		}
	}
	const unc = `UNC\`
	switch {
	case !found:
		rest = path
	case len(rest) > len(unc) && strings.EqualFold(rest[:len(unc)], unc):
		rest = `\\` + rest[len(unc):]
	case !hasDrive(rest):
		rest = `\\?\` + rest
	}
	if hasDrive(rest) {
		rest = strings.ToUpper(rest[:1]) + rest[1:]
	}
	if len(rest) > len(`C:\`) {
		rest = strings.TrimRight(rest, `\`)
	}
	return rest
}

// hasDrive reports whether a path begins with a drive: "C:\" or the drive alone.
func hasDrive(path string) bool {
	if len(path) < 2 || path[1] != ':' || len(path) > 2 && path[2] != '\\' {
		return false
	}
	letter := path[0] | 0x20
	return 'a' <= letter && letter <= 'z'
}
