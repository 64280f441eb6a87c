package activedirectory

import (
	"context"
	"errors"
)

// Locate finds a writable domain controller.
func Locate(ctx context.Context, q Query) (DC, []Note, error) {
	return DC{}, nil, errors.New("not yet")
}
