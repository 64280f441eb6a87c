package regf

import (
	"errors"
	"fmt"
	"strings"
)

// maxLinks bounds how many symbolic links one look-up follows (docs/internals/regf.md §1.8).
const maxLinks = 8

// ErrLink: a symbolic link leads out of the hive, or in a circle.
var ErrLink = errors.New("the symbolic link cannot be followed inside this hive")

// Resolve finds a key like [Hive.Key] and follows symbolic link keys on the way, the last one included. mount is where
// Windows mounts the hive, such as `\Registry\Machine\System`: a link must lead below it. In a SYSTEM hive, which has no
// CurrentControlSet while Windows does not run, that name means the control set that the next boot uses.
func (h *Hive) Resolve(path, mount string) (Key, error) {
	todo := splitPath(path)
	k, err := h.Root()
	if err != nil {
		return Key{}, err
	}
	for links := 0; len(todo) > 0; {
		next, err := k.Subkey(todo[0])
		if errors.Is(err, ErrNotFound) && k.depth == 0 && strings.EqualFold(todo[0], "CurrentControlSet") {
			next, err = h.nextControlSet()
		}
		if err != nil {
			return Key{}, err
		}
		todo = todo[1:]
		target, isLink, err := next.LinkTarget()
		if err != nil {
			return Key{}, err
		}
		if !isLink {
			k = next
			continue
		}
		inside, ok := below(target, mount)
		if links++; !ok || links > maxLinks {
			return Key{}, fmt.Errorf("%w: %s leads to %s", ErrLink, next.Path(), target)
		}
		todo = append(splitPath(inside), todo...)
		if k, err = h.Root(); err != nil {
			return Key{}, err
		}
	}
	return k, nil
}

// LinkTarget returns where a symbolic link key leads, an absolute path such as `\Registry\Machine\System\…`.
func (k Key) LinkTarget() (target string, isLink bool, err error) {
	n, err := k.h.node(k.cell)
	if err != nil || n.flags&flagSymbolicLink == 0 {
		return "", false, err
	}
	v, err := k.Value("SymbolicLinkValue")
	if err != nil || v.Type() != Link {
		return "", false, cmpErr(err, corrupt(k.cell, "the symbolic link's value is no REG_LINK"))
	}
	data, err := v.Data()
	if err != nil {
		return "", false, err
	}
	return Text(data), true, nil // not NUL-terminated
}

// below returns the part of an absolute path that is below mount.
func below(path, mount string) (string, bool) {
	path, mount = strings.Trim(path, `\`), strings.Trim(mount, `\`)
	if mount == "" || len(path) < len(mount) || !strings.EqualFold(path[:len(mount)], mount) {
		return "", false
	}
	rest := path[len(mount):]
	return strings.Trim(rest, `\`), rest == "" || rest[0] == '\\'
}

// nextControlSet returns the control set that Select\Default names, or Select\Current when there is no default.
func (h *Hive) nextControlSet() (Key, error) {
	sel, err := h.Key("Select")
	if err != nil {
		return Key{}, err
	}
	for _, name := range []string{"Default", "Current"} {
		v, err := sel.Value(name)
		if err != nil {
			continue
		}
		if n, err := v.Uint32(); err == nil && n > 0 && n < 1000 {
			return h.Key(fmt.Sprintf("ControlSet%03d", n))
		}
	}
	return Key{}, ErrNotFound
}
