//go:build !linux

package e2e

import (
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/testenv"
)

func refuseDisks(t *testing.T, _ programs) {
	testenv.Absent(t, "small file systems are made with Linux's tmpfs")
}
