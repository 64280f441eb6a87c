package offlinejoin

import (
	"errors"
	"fmt"
	"io/fs"
	"path"

	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	"github.com/offlinejoin/offlinejoin/internal/plaintext"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// SecretExposure says what to do when others on this machine can read what will hold the secret, or change what will be
// run. The empty value means ExposureWarn.
type SecretExposure string

// The choices.
const (
	ExposureWarn   SecretExposure = "warn"
	ExposureRefuse SecretExposure = "refuse"
)

// exposureCure says how to mount an image for oneself. The options are those of ntfs-3g(8), and of ntfs3 and vfat.
const exposureCure = "mount the image with -o umask=077 (ntfs-3g) or -o fmask=0177,dmask=0077 (ntfs3), or below a folder of " +
	"mode 0700"

// diskCure says how to keep a disk image file for oneself.
const diskCure = "chmod 600 it, or keep it in a folder of mode 0700"

// checkExposed looks at files that others should not get at, as they are now: secret ones may not be read, and no file may
// be changed. What is not there is not looked at. It warns once in a request, or refuses (5).
func (p *plan) checkExposed(secret bool, names ...string) error {
	if p.image == nil || p.exposed {
		return nil
	}
	for _, name := range names {
		e, known, err := imagefs.ExposureOf(p.image.session, name)
		if errors.Is(err, fs.ErrNotExist) || err == nil && !known {
			continue
		}
		if err != nil {
			return err
		}
		can, why := "", "which holds the machine's password until the first boot"
		switch read := e.Read && secret; {
		case read && e.Write:
			can = "read and change"
		case read:
			can = "read"
		case e.Write:
			can, why = "change", "and by that what this image runs as SYSTEM at its first boot"
		default:
			continue
		}
		cure := exposureCure
		if p.image.deferred() != nil {
			cure = diskCure
		}
		sentence := fmt.Sprintf("others on this machine can %s %s (mode %04o), %s: %s", can, plaintext.Line(e.Path, 0),
			e.Mode.Perm(), why, cure)
		if p.req.SecretExposure == ExposureRefuse {
			return winerr.Errorf(winerr.AccessDenied, "%s, or set secret_exposure = \"warn\"", sentence)
		}
		p.exposed = true
		p.warn(sentence)
		return nil
	}
	return nil
}

// checkHiveExposed is checkExposed for what every method of ours writes to first.
func (p *plan) checkHiveExposed() error {
	switch p.req.SecretExposure {
	case "", ExposureWarn, ExposureRefuse:
	default:
		return winerr.Errorf(winerr.InvalidParameter, "secret_exposure is %q: use warn or refuse", p.req.SecretExposure)
	}
	if p.image == nil || p.receipt.Method == MethodNative {
		return nil
	}
	var names []string
	for _, name := range hiveFileNames() {
		names = append(names, p.image.in(path.Join(hiveFolder, name)))
	}
	if err := p.checkExposed(p.receipt.Method == MethodRegistry, names...); err != nil {
		return err
	}
	return p.checkExposed(false, p.image.in(systemFolder), p.image.in(programPath))
}
