package guest_test

import (
	"context"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	packersdk "github.com/hashicorp/packer-plugin-sdk/packer"

	"github.com/offlinejoin/offlinejoin/provisioner/offlinejoin/guest"
)

// hanging is a guest that gives some answers, and then none for ever.
type hanging struct {
	packersdk.MockCommunicator
	answers []string
}

func (h *hanging) Start(ctx context.Context, cmd *packersdk.RemoteCmd) error {
	if len(h.answers) == 0 {
		<-ctx.Done()
		return ctx.Err()
	}
	_, err := io.WriteString(cmd.Stdout, h.answers[0])
	h.answers = h.answers[1:]
	cmd.SetExited(0)
	return err
}

// TestEveryProbeIsBounded: whichever command that finds out what the guest is has no answer, opening it ends in a minute. The
// clock is the test's own.
func TestEveryProbeIsBounded(t *testing.T) {
	t.Parallel()
	for name, answers := range map[string][]string{
		"the question for its kind":    nil,
		"the probe of a POSIX guest":   {"offlinejoin [] [%OS%]\n"},
		"the probe of a Windows guest": {"\"offlinejoin [$PSHOME] [Windows_NT]\"\r\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				_, err := guest.Open(t.Context(), &hanging{answers: answers}, "/mnt/Windows")
				if err == nil || !strings.Contains(err.Error(), "gave no answer within 1m0s") {
					t.Errorf("error %v", err)
				}
				if took := time.Since(began); took != time.Minute {
					t.Errorf("it took %s", took)
				}
			})
		})
	}
}
