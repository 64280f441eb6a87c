package firstboot

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/offlinejoin/offlinejoin/internal/answerfile"
	"github.com/offlinejoin/offlinejoin/internal/completion"
	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	"github.com/offlinejoin/offlinejoin/internal/imagefs/open"
	"github.com/offlinejoin/offlinejoin/internal/odj"
	"github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/regf"
	"github.com/offlinejoin/offlinejoin/internal/version"
	"github.com/offlinejoin/offlinejoin/internal/winimage"
)

// lockWait is how long a disk may be in the hands of others, such as of a machine that was just turned off.
const lockWait = 30 * time.Second

func imageOf(disk string) offlinejoin.Image {
	return offlinejoin.Image{Location: imagefs.Location{ImagePath: disk}, LockTimeout: lockWait}
}

// stage makes an overlay over a golden disk, with a join.
func stage(ctx context.Context, golden, overlay string, secret *odj.Blob) error {
	blob, err := offlinejoin.ReadBlob(bytes.Clone(secret.Bytes()), "the blob")
	if err != nil {
		return err
	}
	defer blob.Wipe()
	at := imageOf(golden)
	if at.ImagePath, err = filepath.Abs(golden); err != nil {
		return err
	}
	at.OverlayPath = overlay
	_, err = offlinejoin.Stage(ctx, offlinejoin.Request{Image: at, Blob: blob, StagedBy: "first-boot/" + version.Version})
	return err
}

// guest is the Windows of an overlay, open to be changed.
type guest struct {
	imagefs.Session
	system     *regf.Hive
	controlSet string
	policies   string  // the user's folder of policies
	domain     *domain // nil: none was given
}

// change changes the Windows of an overlay, as one change.
func change(ctx context.Context, overlay, policies string, do func(*guest) error) error {
	session, err := open.Image(ctx, imageOf(overlay).Location, imagefs.Write)
	if err != nil {
		return err
	}
	defer session.Close()
	im, err := winimage.Open(ctx, session, winimage.Write)
	if err != nil {
		return err
	}
	err = do(&guest{Session: session, system: im.System(), controlSet: im.ControlSet(), policies: policies})
	if err == nil {
		_, err = im.System().Commit(regf.CommitOptions{Forget: true})
	}
	if err = errors.Join(err, im.Close()); err != nil {
		return err
	}
	if err := session.Prepare(ctx); err != nil {
		return err
	}
	_, err = session.Commit(ctx)
	return err
}

// set sets a value of the SYSTEM hive, and makes its key.
func (g *guest) set(key, name string, typ regf.Type, data []byte) error {
	k, _, err := g.system.CreateKey(key, nil)
	if err != nil {
		return err
	}
	return k.SetValue(name, typ, data)
}

// file returns the name in the volume of a file below the Windows directory.
func (g *guest) file(name string) string { return g.Windows() + "/" + name }

// write makes a file below the Windows directory have a content, and makes the file and its folders.
func (g *guest) write(name string, content []byte) error {
	parts := strings.Split(name, "/")
	for n := 1; n < len(parts); n++ {
		if err := g.Mkdir(g.file(strings.Join(parts[:n], "/"))); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	f, err := g.OpenWrite(g.file(name))
	if errors.Is(err, fs.ErrNotExist) {
		f, err = g.Create(g.file(name))
	}
	if err != nil {
		return err
	}
	defer f.Close()
	if err := f.Truncate(0); err != nil {
		return err
	}
	if _, err := f.WriteAt(content, 0); err != nil {
		return err
	}
	return f.Sync()
}

// settle makes Windows shut down when it is told to, and not hibernate a part of itself (observed in public scripts).
func settle(g *guest) error {
	return g.set(g.controlSet+`\Control\Session Manager\Power`, "HiberbootEnabled", regf.DWORD, regf.DWORDData(0))
}

// tamper changes a byte of the blob.
func tamper(g *guest) error {
	key, err := g.system.Key(completion.Key)
	if err != nil {
		return err
	}
	value, err := key.Value(completion.ValueProvisioningBlob)
	if err != nil {
		return err
	}
	data, err := value.Data()
	if err != nil {
		return err
	}
	defer clear(data)
	data[len(data)/2] ^= 1
	return key.SetValue(completion.ValueProvisioningBlob, regf.Binary, data)
}

const programFile = "System32/" + completion.ProgramFile

// replaceProgram puts something in the program's place that is no program.
func replaceProgram(g *guest) error {
	return g.write(programFile, []byte("This is not the program that was staged.\r\n"))
}

// policyFolder is where policies of App Control are active (documented).
const policyFolder = "System32/CodeIntegrity/CiPolicies/Active"

// maxPolicy bounds a file of a policy in bytes.
const maxPolicy = 1 << 20

// putPolicies copies the user's policies of a kind.
func putPolicies(kind string) func(*guest) error {
	return func(g *guest) error {
		names, err := policyFiles(g.policies, kind)
		if err != nil {
			return err
		}
		for _, name := range names {
			content, err := readFile(name, maxPolicy)
			if err != nil {
				return err
			}
			if err := g.write(policyFolder+"/"+filepath.Base(name), content); err != nil {
				return err
			}
		}
		return nil
	}
}

func policyFiles(folder, kind string) ([]string, error) {
	if folder == "" {
		return nil, nil
	}
	return filepath.Glob(filepath.Join(folder, kind, "*.cip"))
}

// readFile reads a file that may not be larger than limit.
func readFile(name string, limit int64) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(content)) > limit {
		err = fmt.Errorf("%s is larger than %d bytes", name, limit)
	}
	return content, err
}

// sight is what is seen in a disk. It holds no secret.
type sight struct {
	status *offlinejoin.Status
	facts  winimage.Facts
	hook   completion.Hook

	hive       string // digest of the SYSTEM hive and its logs: any Windows that has started changes it
	remainders int    // of the blob, in those files
	hasBlob    bool   // the record has a blob, or the digest of one
	program    bool   // the program's file is there
	answers    bool   // an answer file holds the blob

	profiles   []string // identifiers of accounts with a profile, where [sight.readProfiles] was asked for them
	noProfiles bool     // they cannot be read
}

// look returns what is in a disk. secret is the blob that is looked for; nil for none.
func look(ctx context.Context, disk string, secret *odj.Blob) (*sight, error) {
	found, err := offlinejoin.Inspect(ctx, offlinejoin.StatusRequest{Image: imageOf(disk), Logs: true})
	if err != nil {
		return nil, err
	}
	if found.Status == nil {
		return nil, errors.New("the status of the image cannot be read")
	}
	s := &sight{status: found.Status, facts: found.Facts}
	session, err := open.Image(ctx, imageOf(disk).Location, imagefs.Read)
	if err != nil {
		return nil, err
	}
	defer session.Close()
	im, err := winimage.Open(ctx, session, winimage.Read)
	if err != nil {
		return nil, err
	}
	defer im.Close()
	if err := s.readRegistry(im.System()); err != nil {
		return nil, err
	}
	return s, s.readFiles(session, secret)
}

func (s *sight) readRegistry(h *regf.Hive) error {
	raw := func(key regf.Key, name string) (*completion.RawValue, error) {
		v, err := key.Value(name)
		if errors.Is(err, regf.ErrNotFound) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		data, err := v.Data()
		return &completion.RawValue{Type: uint32(v.Type()), Data: data}, err
	}
	setup, err := h.Key(completion.SetupKey)
	if err != nil {
		return err
	}
	if s.hook.SetupType, err = raw(setup, completion.ValueSetupType); err != nil {
		return err
	}
	if s.hook.CmdLine, err = raw(setup, completion.ValueCmdLine); err != nil {
		return err
	}
	ours, err := h.Key(completion.Key)
	if errors.Is(err, regf.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, name := range []string{completion.ValueProvisioningBlob, completion.ValueBlobSHA256} {
		v, err := raw(ours, name)
		if err != nil {
			return err
		}
		if v != nil {
			s.hasBlob = true
			clear(v.Data)
		}
	}
	return nil
}

// readFiles reads the files of the SYSTEM hive as they lie there, the answer files, and the program.
func (s *sight) readFiles(session imagefs.Session, secret *odj.Blob) error {
	in := func(name string) string { return session.Windows() + "/" + name }
	sum := sha256.New()
	for _, suffix := range []string{"", ".LOG1", ".LOG2"} {
		content, err := imagefs.ReadFile(session, in("System32/config/SYSTEM"+suffix), maxFile)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		sum.Write(content)
		if secret != nil {
			s.remainders += odj.Remains(content, secret.Bytes())
		}
		clear(content)
	}
	s.hive = hex.EncodeToString(sum.Sum(nil))
	_, err := session.Stat(in(programFile))
	if s.program = err == nil; err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, name := range answerfile.Searched(session) {
		content, err := imagefs.ReadFile(session, name, maxFile)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		s.answers = s.answers || secret != nil && holdsText(content, secret.AccountData())
		clear(content)
	}
	return nil
}

// maxFile bounds what is read of a file of the guest's, in bytes: a SYSTEM hive has some 20 MiB.
const maxFile = 512 << 20

// enough is how many letters of a base64 tell that the blob is there.
const enough = 64

// holdsText reports whether a piece of base64 is in the text of an answer file, in UTF-8 or UTF-16, whatever it is broken by.
func holdsText(content []byte, text string) bool {
	middle := text[len(text)/2:]
	squeezed := bytes.Map(func(r rune) rune {
		if r == 0 || r == ' ' || r == '\r' || r == '\n' || r == '\t' {
			return -1
		}
		return r
	}, content)
	return bytes.Contains(squeezed, []byte(middle[:min(len(middle), enough)]))
}
