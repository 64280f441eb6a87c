//go:build !linux

package newfile

import (
	"errors"
	"os"
)

func createNameless(string) (*os.File, error) { return nil, errors.ErrUnsupported }

// linkAndClose gives the file its name.
func (f *File) linkAndClose() error { return f.publishNamed() }
