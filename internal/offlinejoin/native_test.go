//go:build !windows

package offlinejoin

import (
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

func TestNativeIsRefusedElsewhere(t *testing.T) {
	t.Parallel()
	req := newImage(t, sample.Image{})
	req.Method = MethodNative
	before := tree(t, req.Image.WindowsPath)
	_, err := Plan(t.Context(), req)
	wantCode(t, err, winerr.NotSupported, "run offlinejoin on Windows")
	_, err = Stage(t.Context(), req)
	wantCode(t, err, winerr.NotSupported, "use registry or answer_file")
	if tree(t, req.Image.WindowsPath) != before {
		t.Error("something was written")
	}

	req.Method, req.Online = MethodRegistry, true
	_, err = Stage(t.Context(), req)
	wantCode(t, err, winerr.InvalidParameter, "online is for the method native")
}

// TestNativeErrorsSayWhatToDo goes through the documented results of NetRequestOfflineDomainJoin.
func TestNativeErrorsSayWhatToDo(t *testing.T) {
	t.Parallel()
	const fallback = "Microsoft's list"
	for _, code := range []winerr.Code{5, 50, 87, 740, 2138, 2710, 2711, 2712, 2715, 2717, 2719, 2723, 2724} {
		err := nativeError(code, `D:\Windows`)
		wantCode(t, err, code, `D:\Windows`)
		if strings.Contains(err.Error(), fallback) {
			t.Errorf("%v has no way out of its own", code)
		}
	}
	wantCode(t, nativeError(1234, "the running Windows"), 1234, fallback)
}
