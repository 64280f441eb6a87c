package offlinejoin

import (
	"bytes"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/completion"
	"github.com/offlinejoin/offlinejoin/internal/regf"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/sample/sampletest"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// setIn sets values of a key in an image's SYSTEM hive.
func setIn(t *testing.T, windows, key string, typ regf.Type, data []byte, names ...string) {
	t.Helper()
	sampletest.Edit(t, windows, "SYSTEM", func(h *regf.Hive) error {
		k, err := h.Key(key)
		for _, name := range names {
			if err == nil {
				err = k.SetValue(name, typ, data)
			}
		}
		return err
	})
}

// TestAHookThatCannotComeBackIsRefused: what is too long to be recorded is not overwritten.
func TestAHookThatCannotComeBackIsRefused(t *testing.T) {
	t.Parallel()
	for _, size := range []int{completion.MaxHookValue, completion.MaxHookValue + 2} {
		for _, name := range []string{completion.ValueCmdLine, completion.ValueSetupType} {
			t.Run(fmt.Sprintf("%s of %d bytes", name, size), func(t *testing.T) {
				t.Parallel()
				req := newImage(t, sample.Image{})
				data := []byte(strings.Repeat("a\x00", size/2))
				setIn(t, req.Image.WindowsPath, completion.SetupKey, regf.MultiSZ, data, name)
				_, err := Stage(t.Context(), req)
				if size > completion.MaxHookValue {
					if code, _ := winerr.CodeOf(err); code != winerr.NotSupported || !strings.Contains(err.Error(), "could not be put back") {
						t.Fatalf("error %v", err)
					}
				} else if err != nil {
					t.Fatal(err)
				} else if _, err := Unstage(t.Context(), UnstageRequest{Image: req.Image}); err != nil {
					t.Fatal(err)
				}
				sampletest.Edit(t, req.Image.WindowsPath, "SYSTEM", func(h *regf.Hive) error {
					k, err := h.Key(completion.SetupKey)
					if err != nil {
						return err
					}
					v, err := k.Value(name)
					if err != nil {
						return err
					}
					if now, err := v.Data(); err != nil || v.Type() != regf.MultiSZ || !bytes.Equal(now, data) {
						t.Errorf("it is now %s of %d bytes, %v", v.Type(), len(now), err)
					}
					return nil
				})
			})
		}
	}
}

// TestLongTextsOfARecordAreNotRead: texts of many MiB in a record cost no memory, and go with it.
func TestLongTextsOfARecordAreNotRead(t *testing.T) { // not parallel: it counts what the process allocates
	const size = 8 << 20
	req := staged(t)
	setIn(t, req.Image.WindowsPath, completion.Key, regf.SZ, bytes.Repeat([]byte("a\x00"), size/2),
		completion.ValueMachineName, completion.ValueStagedBy)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	st := statusOf(t, req)
	runtime.ReadMemStats(&after)
	if took := after.TotalAlloc - before.TotalAlloc; took > size || st.State != StateStaged || st.MachineName != noText {
		t.Errorf("a status of %s for %q took %d MiB", st.State, st.MachineName, took>>20)
	}
	if _, err := Unstage(t.Context(), UnstageRequest{Image: req.Image}); err != nil {
		t.Error(err)
	}
	if st := statusOf(t, req); st.State != StateAbsent {
		t.Errorf("taken back, it is %s", st.State)
	}
}
