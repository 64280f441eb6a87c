package offlinejoin

import (
	"context"

	"github.com/offlinejoin/offlinejoin/internal/completion"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
	"github.com/offlinejoin/offlinejoin/internal/winimage"
)

// nativeJoin has Windows itself take the blob: for the image at req.WindowsPath (a path of this machine, or a UNC path), or
// with req.Online for the Windows that is running. Where it leaves its data, and when it completes the join, is Windows'
// own affair (documented); no record of ours is written. dry makes the checks only.
func nativeJoin(ctx context.Context, req Request, dry bool) (*Receipt, error) {
	p := &preparation{tell: tell{req.Progress}, receipt: newReceipt(req.Now)}
	defer p.close()
	if err := nativeRequest(req); err != nil {
		return nil, err
	}
	var err error
	if p.blob, err = checkedBlob(req); err != nil {
		return nil, err
	}
	p.receipt.Method, p.receipt.Blob, p.receipt.Outcome = MethodNative, blobFacts(p.blob), OutcomePlanned
	where := "the running Windows"
	if !req.Online {
		where = req.WindowsPath
		if err := p.lookFirst(ctx, req); err != nil {
			return nil, err
		}
	}
	p.blobStep(p.receipt.Blob)
	p.warn(p.blob.Findings()...)
	if dry {
		return p.receipt, nil
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	p.step("Handing the blob to Windows (NetRequestOfflineDomainJoin) for %s", where)
	code := requestOfflineDomainJoin(p.blob.Bytes(), nativeOptions(req), req.WindowsPath)
	if code != winerr.Success && code != winerr.JoinPerformedMustRestart {
		return nil, nativeError(code, where)
	}
	p.receipt.Outcome = OutcomeStaged
	if req.Online {
		p.step("Windows has joined %s to %s: restart it to finish.", p.receipt.Blob.MachineName, p.receipt.Blob.Domain)
	} else {
		p.step("Windows completes the join of %s to %s at the image's next boot.", p.receipt.Blob.MachineName, p.receipt.Blob.Domain)
	}
	return p.receipt, nil
}

// nativeRequest refuses what the method cannot do.
func nativeRequest(req Request) error {
	switch {
	case !nativeHere:
		return winerr.Errorf(winerr.NotSupported, "the method native calls Windows' own function, which is only in Windows: "+
			"use registry or answer_file, or run offlinejoin on Windows")
	case req.Target != nil:
		return winerr.Errorf(winerr.NotSupported, "the method native needs an image that Windows itself can open: "+
			"use registry or answer_file for this one")
	case req.WindowsPath == "" && !req.Online:
		return winerr.Errorf(winerr.InvalidParameter, "no Windows directory was given: name the image's, such as D:\\Windows")
	case req.WindowsPath != "" && req.Online:
		return winerr.Errorf(winerr.InvalidParameter, "online is for the running Windows, and windows_path for another: "+
			"give one of them")
	}
	return nil
}

// lookFirst makes the checks that Windows' function does not make, or makes without a word. The image is closed again
// before Windows opens it.
func (p *preparation) lookFirst(ctx context.Context, req Request) error {
	p.step("Opening the image at %s", req.place())
	im, err := req.place().open(ctx, winimage.Read)
	if err != nil {
		return err
	}
	defer im.Close() // nothing was written
	p.identity(im.Facts())
	if err := im.CheckJoinable(); err != nil {
		return err
	}
	r, err := readRecord(im.System())
	if err != nil {
		return err
	}
	defer r.wipe()
	if p.receipt.Status, err = im.status(&r); err != nil {
		return err
	}
	d, err := decide(p.receipt.Status, req.OnExisting, "", false, false)
	if err == nil && d.outcome == OutcomeKept {
		err = winerr.Errorf(winerr.InvalidParameter, "the method native cannot keep what is there: use on_existing fail or replace")
	}
	if d.warning != "" {
		p.warn(d.warning)
	}
	return err
}

func nativeOptions(req Request) uint32 {
	if req.Online {
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
