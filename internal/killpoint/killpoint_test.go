package killpoint_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/killpoint"
)

// An ordinary build is not killed, and writes nothing, whatever the environment says.
func TestOrdinaryBuildHasNoPoints(t *testing.T) {
	log := filepath.Join(t.TempDir(), "log")
	t.Setenv("OFFLINEJOIN_TEST_KILL_LOG", log)
	if !killpoint.On {
		t.Setenv("OFFLINEJOIN_TEST_KILL_AT", "1")
	}
	killpoint.Reached("here")
	if _, err := os.Stat(log); (err == nil) != killpoint.On {
		t.Errorf("on %v, log %v", killpoint.On, err)
	}
}
