package diskimage

import "github.com/offlinejoin/offlinejoin/internal/imagefs"

// Exposure implements imagefs.Exposed: whoever reads the disk image file reads all that is in it. A new disk is for its
// owner alone.
func (s *Session) Exposure(string) (e imagefs.Exposure, known bool, err error) {
	if s.golden() {
		return imagefs.Exposure{}, false, nil
	}
	return imagefs.PathExposure(s.image.FilePath())
}

// Retains implements imagefs.Retaining.
func (s *Session) Retains(string) string { return imagefs.PathRetains(s.image.FilePath()) }
