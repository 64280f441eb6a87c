package offlinejoin

import (
	"os"
	"runtime"

	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	"github.com/offlinejoin/offlinejoin/internal/plaintext"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// refuseRunning refuses the Windows that this program is running in (170): its registry is in use, and what is written below
// it would be lost or do harm. The joining of the running Windows is Request.Online.
func (at Image) refuseRunning() error {
	if runtime.GOOS != "windows" || at.Machine != "" {
		return nil
	}
	return at.refuseRoot(os.Getenv("SystemRoot"))
}

// refuseRoot refuses an image whose Windows directory is the one at root, by whatever path.
func (at Image) refuseRoot(root string) error {
	image, err := os.Stat(at.WindowsPath)
	if err != nil || root == "" {
		return nil // what is not there is refused when it is opened
	}
	running, err := os.Stat(root)
	if err != nil || !os.SameFile(image, running) {
		return nil
	}
	refusal := winerr.Errorf(winerr.Busy, "%s is the Windows that is running: an image must not run while a join is staged into "+
		"it; name the Windows directory of a mounted image, or join the running Windows itself with method = \"native\" and "+
		"online", plaintext.Line(at.WindowsPath, 0))
	refusal.Err = imagefs.ErrLasting
	return refusal
}
