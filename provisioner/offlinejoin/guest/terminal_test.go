package guest_test

import (
	"context"
	"strings"
	"testing"

	packersdk "github.com/hashicorp/packer-plugin-sdk/packer"

	"github.com/offlinejoin/offlinejoin/provisioner/offlinejoin/guest"
)

// ends is a POSIX guest whose commands all end with one code. It answers the question for its kind as a shell does.
type ends struct {
	packersdk.MockCommunicator
	code int
}

func (e *ends) Start(_ context.Context, cmd *packersdk.RemoteCmd) error {
	if strings.HasPrefix(cmd.Command, "echo ") {
		_, err := cmd.Stdout.Write([]byte("offlinejoin [] [%OS%]\n"))
		cmd.SetExited(0)
		return err
	}
	cmd.SetExited(e.code)
	return nil
}

// TestTerminalsAreToldByTheirExitCodes: a terminal takes a byte of the probe for Ctrl-C, Ctrl-\ or Ctrl-Z, and which of them ends
// the shell first is chance. Each is told as what it is; another end is not.
func TestTerminalsAreToldByTheirExitCodes(t *testing.T) {
	t.Parallel()
	for code, terminal := range map[int]bool{130: true, 131: true, 148: true, 48: true, 1: false, 127: false, 129: false, 137: false, 143: false} {
		_, err := guest.Open(t.Context(), &ends{code: code}, "/mnt/Windows")
		if err == nil {
			t.Fatalf("code %d: no error", code)
		}
		says := strings.Contains(err.Error(), "leave ssh_pty out of the source")
		if says != terminal || !strings.Contains(err.Error(), "(50 ERROR_NOT_SUPPORTED)") && terminal {
			t.Errorf("code %d: %v", code, err)
		}
	}
}
