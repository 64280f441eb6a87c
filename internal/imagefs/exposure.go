package imagefs

import "io/fs"

// Exposure is what others on the machine that has an image mounted may do with a file of it. Its owner and the
// administrators of the machine are no others.
type Exposure struct {
	Path  string      // what messages call the file, or the folder above it that lets others in
	Mode  fs.FileMode // of that
	Read  bool        // others can read the file
	Write bool        // others can change or replace it
}

// Exposed is a volume that can report who else may get at its files.
type Exposed interface {
	// Exposure looks at a file or directory as it is now. known is false where the system does not say.
	Exposure(name string) (e Exposure, known bool, err error)
}

// ExposureOf returns the exposure of a file of any volume; known is false when the volume cannot say.
func ExposureOf(v Volume, name string) (e Exposure, known bool, err error) {
	if x, can := v.(Exposed); can {
		return x.Exposure(name)
	}
	return Exposure{}, false, nil
}
