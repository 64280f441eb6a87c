package activedirectory

import (
	"context"
	"errors"
)

// Dial connects to a controller and logs on.
func Dial(ctx context.Context, dc DC, c Credential, settings Settings) (*Session, error) {
	return nil, errors.New("not yet")
}
