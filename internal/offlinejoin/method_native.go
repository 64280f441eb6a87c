package offlinejoin

import (
	"context"

	"github.com/offlinejoin/offlinejoin/internal/completion"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// nativeMethod has Windows itself take the blob: for an image at a path that Windows can open, or for the Windows that is
// running. Where it leaves its data, and when it completes the join, is Windows' own business (documented); no record of
// ours is written. The image is looked at first, for the checks that Windows' function does not make, or makes silently.
type nativeMethod struct {
	online      bool
	windowsPath string
	blob        []byte // the plan's
	image       *openImage
}

// checkNative refuses what the method cannot do.
func checkNative(req Request) error {
	at := req.Image.Location
	switch {
	case !nativeHere:
		return winerr.Errorf(winerr.NotSupported, "the method native calls Windows' own function, which is only in Windows: "+
			"use registry or answer_file, or run offlinejoin on Windows")
	case at.Machine != "" || at.ImagePath != "" || req.Image.Open != nil:
		return winerr.Errorf(winerr.NotSupported, "the method native needs an image that Windows itself can open: "+
			"use registry or answer_file for this one")
	case at.WindowsPath == "" && !req.Online:
		return winerr.Errorf(winerr.InvalidParameter, "no Windows directory was given: name the image's, such as D:\\Windows")
	case at.WindowsPath != "" && req.Online:
		return winerr.Errorf(winerr.InvalidParameter, "online is for the running Windows, and windows_path for another: "+
			"give one of them")
	}
	return nil
}

func (m *nativeMethod) plan(p *plan) error {
	m.blob, m.image, m.windowsPath = p.blob.parsed.Bytes(), p.image, p.req.Image.WindowsPath
	return nil
}

func (m *nativeMethod) staged(*record) bool  { return false }
func (m *nativeMethod) edits(*record) []edit { return nil }
func (m *nativeMethod) changes() []Change    { return nil }
func (m *nativeMethod) warnings() []string   { return nil }

// where returns what messages call what is joined.
func (m *nativeMethod) where() string {
	if m.online {
		return "the running Windows"
	}
	return m.windowsPath
}

// apply hands the blob to Windows, after we have let go of the image.
func (m *nativeMethod) apply(ctx context.Context, t *transaction) error {
	if m.image != nil {
		if err := m.image.Close(); err != nil {
			return err
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	t.step("Handing the blob to Windows (NetRequestOfflineDomainJoin) for %s", m.where())
	code := requestOfflineDomainJoin(m.blob, m.options(), m.windowsPath)
	if code != winerr.Success && code != winerr.JoinPerformedMustRestart {
		return nativeError(code, m.where())
	}
	return nil
}

// verify has nothing to compare: what Windows keeps is its own.
func (m *nativeMethod) verify(*openImage) error { return nil }

func (m *nativeMethod) announce(r reporter, b BlobFacts) {
	if m.online {
		r.step("Windows has joined %s to %s: restart it to finish.", b.MachineName, b.Domain)
		return
	}
	r.step("Windows completes the join of %s to %s at the image's next boot.", b.MachineName, b.Domain)
}

func (m *nativeMethod) close() {} // the blob is the plan's

func (m *nativeMethod) options() uint32 {
	if m.online {
		return completion.ProvisionOnlineCall
	}
	return 0
}

// nativeError gives each documented code its way out.
func nativeError(code winerr.Code, where string) error {
	now := map[winerr.Code]string{
		winerr.AccessDenied:                "run as a member of Administrators, elevated",
		winerr.NotSupported:                "domain controllers cannot be joined offline; use another image",
		winerr.InvalidParameter:            "check that the path is a Windows directory, and make the blob again",
		winerr.ElevationRequired:           "run elevated (as administrator)",
		winerr.WkstaNotStarted:             "start the Workstation service of this machine",
		winerr.BadOfflineJoinInfo:          "make the blob again",
		winerr.CantCreateJoinInfo:          "check that the image can be written",
		winerr.BadDomainJoinInfo:           "make the blob again",
		winerr.ValuesNotSet:                "check that the image can be written",
		winerr.CantLoadOfflineHive:         "check that nothing else has the image's registry open, and that it is not damaged",
		winerr.ProvisioningBlobUnsupported: "make the blob with a version of djoin that fits this Windows",
		winerr.TargetVersionUnsupported:    "use an image of Windows 7, Windows Server 2008 R2 or later",
		winerr.InvalidMachineNameForJoin:   "make the blob for a valid computer name",
	}[code]
	if now == "" {
		now = "see this code in Microsoft's list of system error codes"
	}
	return winerr.Errorf(code, "Windows refused the join of %s: %s", where, now)
}
