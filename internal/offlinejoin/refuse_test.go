package offlinejoin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/completion"
	"github.com/offlinejoin/offlinejoin/internal/regf"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

func TestRefusals(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		image  sample.Image
		change func(t *testing.T, req *Request)
		code   winerr.Code
		says   string
	}{
		{"no blob", sample.Image{}, func(_ *testing.T, r *Request) { r.Blob = nil }, winerr.InvalidParameter, ""},
		{
			"another machine",
			sample.Image{},
			func(_ *testing.T, r *Request) { r.Expect.MachineName = "WEB02" },
			winerr.InvalidParameter, "the blob is for WEB01, but WEB02 was expected: use the blob made for WEB02, or change",
		},
		{
			"another domain",
			sample.Image{},
			func(_ *testing.T, r *Request) { r.Expect.Domain = "other.example.com" },
			winerr.InvalidParameter, "corp.example.com (CORP), but other.example.com was expected",
		},
		{
			"bad machine name",
			sample.Image{},
			func(t *testing.T, r *Request) { r.Blob = readBlob(t, badNameBlob(t)) },
			winerr.InvalidMachineNameForJoin, "",
		},
		{"unknown method", sample.Image{}, func(_ *testing.T, r *Request) { r.Method = "magic" }, winerr.InvalidParameter, "magic"},
		{"answer file", sample.Image{}, func(_ *testing.T, r *Request) { r.Method = MethodAnswerFile }, winerr.NotSupported, ""},
		{"no such path", sample.Image{}, func(_ *testing.T, r *Request) { r.Image.WindowsPath += "-no" }, winerr.FileNotFound, ""},
		{
			"volume root",
			sample.Image{},
			func(_ *testing.T, r *Request) { r.Image.WindowsPath = filepath.Dir(r.Image.WindowsPath) },
			winerr.InvalidParameter, "Windows",
		},
		{"domain controller", sample.Image{ProductType: "LanmanNT"}, nil, winerr.NotSupported, "domain controller"},
		{"home edition", sample.Image{ProductType: "WinNT", EditionID: "Core"}, nil, winerr.NotSupported, "cannot join a domain"},
		{"Windows 7", sample.Image{Build: "7601"}, nil, winerr.TargetVersionUnsupported, "7601"},
		{
			"hive missing",
			sample.Image{},
			func(t *testing.T, r *Request) { remove(t, r.Image.WindowsPath, "SOFTWARE") },
			winerr.CantLoadOfflineHive, "SOFTWARE",
		},
		{
			"hive truncated",
			sample.Image{},
			func(t *testing.T, r *Request) { truncate(t, r.Image.WindowsPath, "SYSTEM", 6000) },
			winerr.CantLoadOfflineHive, "SYSTEM",
		},
		{"newer contract", sample.Image{}, func(t *testing.T, r *Request) {
			changeHive(t, r.Image.WindowsPath, "SYSTEM", func(h *regf.Hive) error {
				return errors.Join(setNumber(completion.Key, completion.ValueVersion, completion.Version+1).apply(h),
					setText(completion.Key, completion.ValueState, "staged").apply(h))
			})
		}, winerr.NotSupported, "newer version"},
		{"unknown on_existing", sample.Image{}, func(t *testing.T, r *Request) {
			other := *r
			other.Blob = readBlob(t, testBlob(t, "WEB02").Bytes())
			if _, err := Stage(t.Context(), other); err != nil {
				t.Fatal(err)
			}
			r.OnExisting = "maybe"
		}, winerr.InvalidParameter, "maybe"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			req := newImage(t, c.image)
			windows := req.Image.WindowsPath
			if c.change != nil {
				c.change(t, &req)
			}
			before := tree(t, windows)
			_, err := Plan(t.Context(), req)
			wantCode(t, err, c.code, c.says)
			_, err = Stage(t.Context(), req)
			wantCode(t, err, c.code, c.says)
			if tree(t, windows) != before {
				t.Error("something was written")
			}
		})
	}
}

// badNameBlob is a blob whose machine name Windows refuses: digits only. It is patched, since Compose refuses it, too.
func badNameBlob(t *testing.T) []byte {
	t.Helper()
	raw := append([]byte(nil), testBlob(t, "A2345").Bytes()...)
	name, digits := regf.TextData("A2345"), regf.TextData("12345")
	n := 0
	for i := 0; i+len(name) <= len(raw); i++ {
		if string(raw[i:i+len(name)]) == string(name) {
			copy(raw[i:], digits)
			n++
		}
	}
	if n == 0 {
		t.Fatal("the name is not in the blob")
	}
	return raw
}

func hivePath(windows, name string) string { return filepath.Join(windows, "System32", "config", name) }

func remove(t *testing.T, windows, name string) {
	t.Helper()
	if err := os.Remove(hivePath(windows, name)); err != nil {
		t.Fatal(err)
	}
}

func truncate(t *testing.T, windows, name string, size int64) {
	t.Helper()
	if err := os.Truncate(hivePath(windows, name), size); err != nil {
		t.Fatal(err)
	}
}

func TestCancelledContextWritesNothing(t *testing.T) {
	t.Parallel()
	req := newImage(t, sample.Image{})
	before := tree(t, req.Image.WindowsPath)
	ctx, cancel := context.WithCancel(t.Context())
	req.Progress = func(e Event) {
		if e.Kind == EventDetail {
			cancel()
		}
	}
	if _, err := Stage(ctx, req); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	if tree(t, req.Image.WindowsPath) != before {
		t.Error("something was written")
	}
}

func TestUnstageOfNothing(t *testing.T) {
	t.Parallel()
	req := newImage(t, sample.Image{})
	before := tree(t, req.Image.WindowsPath)
	r, err := Unstage(t.Context(), UnstageRequest{Image: ImageAt(req.Image.WindowsPath)})
	if err != nil || r.Outcome != OutcomeAbsent || tree(t, req.Image.WindowsPath) != before {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestReadBlobRefuses(t *testing.T) {
	t.Parallel()
	good := testBlob(t, "WEB01").DjoinFile()
	for _, data := range map[string][]byte{
		"nothing": nil, "no blob at all": []byte("hello"), "truncated": good[:len(good)/2],
	} {
		_, err := ReadBlob(bytes.Clone(data), "x.djoin")
		wantCode(t, err, winerr.InvalidParameter, "x.djoin")
	}
	spoilt := bytes.Clone(good[:len(good)/2])
	if _, err := ReadBlob(spoilt, ""); err == nil || len(bytes.Trim(spoilt, "\x00")) > 0 {
		t.Errorf("what was refused is not wiped: %v", err)
	}
}

// However a blob is shown, its secret is not, and after Wipe it is nowhere.
func TestBlobHidesAndForgets(t *testing.T) {
	t.Parallel()
	data := testBlob(t, "WEB01").DjoinFile()
	b := readBlob(t, data)
	request := Request{Blob: b}
	marshalled, err := json.Marshal(request.Blob)
	if err != nil {
		t.Fatal(err)
	}
	format := "%v %+v %#v %s %q %x %v %s" // some of these make no sense, and are what people try
	shown := fmt.Sprintf(format, b, b, b, b, b, b, request, marshalled)
	for _, form := range b.SecretForms() {
		if strings.Contains(shown, form) {
			t.Errorf("the blob shows %.20q", form)
		}
	}
	if b.Wipe(); len(bytes.Trim(data, "\x00")) > 0 {
		t.Error("the data is left after Wipe")
	}
	b.Wipe()
	(*Blob)(nil).Wipe()
}
