package localdir

import "github.com/offlinejoin/offlinejoin/internal/imagefs"

// Exposure implements imagefs.Exposed.
func (s *Session) Exposure(name string) (e imagefs.Exposure, known bool, err error) {
	t, name, err := s.tree(name, imagefs.OpOpen)
	if err != nil {
		return imagefs.Exposure{}, false, err
	}
	return t.Exposure(name)
}

// Exposure implements imagefs.Exposed.
func (d *Tree) Exposure(name string) (e imagefs.Exposure, known bool, err error) {
	p, err := d.find(name)
	if err != nil {
		return imagefs.Exposure{}, false, err
	}
	defer p.close()
	e, known, err = imagefs.PathExposure(p.path)
	return e, known, failed(imagefs.OpOpen, p.path, err)
}

// Retains implements imagefs.Retaining.
func (s *Session) Retains(name string) string { return imagefs.PathRetains(s.Path(name)) }
