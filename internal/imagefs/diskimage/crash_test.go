package diskimage_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/undojournal"
)

// victimOf names, in the environment of a copy of this test program, the image that it works on until it is killed.
const (
	victimOf   = "DISKIMAGE_TEST_VICTIM"
	victimBlob = "DISKIMAGE_TEST_BLOB" // empty: it unstages
	victimDisk = "DISKIMAGE_TEST_DISK" // a new overlay; empty: in place
	victimDir  = "DISKIMAGE_TEST_DIR"  // for the journal of a device; empty: it lies beside the image
)

// TestMain makes a copy of the test program the process that gets killed.
func TestMain(m *testing.M) {
	image := os.Getenv(victimOf)
	if image == "" {
		os.Exit(m.Run())
	}
	if err := victim(image, os.Getenv(victimDir), os.Getenv(victimBlob)); err != nil {
		fmt.Fprint(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

func victim(image, journalDir, blobFile string) error {
	at := at(image)
	at.JournalDir = journalDir
	at.OverlayPath = os.Getenv(victimDisk)
	if blobFile == "" {
		_, err := core.Unstage(context.Background(), core.UnstageRequest{Image: at})
		return err
	}
	data, err := os.ReadFile(blobFile)
	if err != nil {
		return err
	}
	blob, err := core.ReadBlob(data, "")
	if err != nil {
		return err
	}
	_, err = core.Stage(context.Background(), core.Request{Image: at, Blob: blob, OnExisting: core.OnExistingReplace})
	return err
}

// TestKilled kills processes that stage, replace and unstage, most of them while their journal is there. The image then reads
// as the old one or the new one, no journal holds a piece of either blob, and the next command finishes the work.
func TestKilled(t *testing.T) {
	t.Parallel()
	for method, im := range methods() {
		raw := inMBR(t, volume(t, im))
		for _, format := range []string{"", "qcow2"} {
			if !long() && (format == "") != (method == core.MethodRegistry) { // each format with one method
				continue
			}
			t.Run(string(method)+"/"+qemuFormat(format), func(t *testing.T) {
				t.Parallel()
				image := convert(t, raw, format, nil)
				before := volumeOf(t, rawOf(t, image, qemuFormat(format)))
				killRounds(t, image)
				judge(t, image, qemuFormat(format), before)
			})
		}
	}
}

func killRounds(t *testing.T, image string) {
	t.Helper()
	killRoundsAt(t, image, "", image+undojournal.Suffix)
}

// killRoundsAt is killRounds for a device, whose journals lie in a folder.
func killRoundsAt(t *testing.T, image, journalDir, journal string) {
	t.Helper()
	r := rand.New(rand.NewPCG(7, uint64(len(image))))
	dir := t.TempDir()
	var blobs []string
	var secrets [][]byte
	for i, machine := range []string{"WEB01", "WEB02"} {
		_, secret := blobFor(t, machine, uint32(1107+i))
		file := filepath.Join(dir, machine)
		must(t, os.WriteFile(file, secret, 0o600))
		blobs, secrets = append(blobs, file), append(secrets, secret)
	}
	journals, left, states := 0, 0, map[core.State]int{}
	link := filepath.Join(dir, "link") // in another folder, so that the two names see one journal only beside the file
	must(t, os.Symlink(image, link))
	rounds := 18
	if long() {
		rounds = 60
	}
	for round := range rounds {
		via, blob := image, ""
		if round%2 == 1 {
			via = link
		}
		if round%3 < 2 {
			blob = blobs[round%3]
		}
		journals += kill(t, journal, journalDir, via, blob, time.Duration(r.Int64N(int64(25*time.Millisecond))), secrets)
		if _, err := os.Lstat(journal); err == nil {
			left++
		}
		if _, err := os.Lstat(link + undojournal.Suffix); !errors.Is(err, fs.ErrNotExist) {
			t.Fatalf("round %d: a journal lies beside a link: %v", round, err)
		}
		place := at(image)
		place.JournalDir = journalDir
		st, err := core.ReadStatus(t.Context(), core.StatusRequest{Image: place})
		must(t, err)
		states[st.State]++
		if st.State != core.StateStaged && st.State != core.StateAbsent {
			t.Fatalf("round %d: the image is %s (%s)", round, st.State, st.Detail)
		}
		must(t, victim(image, journalDir, blob)) // the next command finishes the work
	}
	t.Logf("%d journals were seen, %d left by the kill; states after it: %v", journals, left, states)
	must(t, victim(image, journalDir, ""))
	expectState(t, image, core.StateAbsent, "")
	absentFrom(t, image, secrets[0], nil)
	absentFrom(t, image, secrets[1], nil)
}

// kill starts a process that works on an image by some path, and kills it a while after its journal has appeared, if it has not ended by then. It returns 1 when
// it saw a journal.
func kill(t *testing.T, journalFile, journalDir, via, blob string, after time.Duration, secrets [][]byte) int {
	t.Helper()
	self, err := os.Executable()
	must(t, err)
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), victimOf+"="+via, victimBlob+"="+blob, victimDir+"="+journalDir)
	must(t, cmd.Start())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = cmd.Wait() // it may have been killed
	}()
	seen := 0
	for ended := false; !ended; {
		select {
		case <-done:
			ended = true
		default:
			journal, err := os.ReadFile(journalFile)
			if err != nil || len(journal) == 0 {
				time.Sleep(200 * time.Microsecond)
				continue
			}
			seen = 1
			time.Sleep(after)
			must(t, ignoreDone(cmd.Process.Kill()))
			<-done
			ended = true
			noSecretIn(t, journal, secrets)
		}
	}
	if journal, err := os.ReadFile(journalFile); err == nil {
		noSecretIn(t, journal, secrets)
	}
	return seen
}

func ignoreDone(err error) error {
	if err == os.ErrProcessDone { //nolint:errorlint // it is returned as it is
		return nil
	}
	return err
}

// noSecretIn searches a journal for what only one of the blobs has, as bytes and in base64.
func noSecretIn(t *testing.T, journal []byte, secrets [][]byte) {
	t.Helper()
	for i, secret := range secrets {
		other := secrets[1-i]
		for off := 0; off+24 <= len(secret); off += 6 {
			piece := secret[off : off+24]
			if bytes.Contains(other, piece) || bytes.Count(piece, []byte{0}) > 12 {
				continue
			}
			text := []byte(base64.StdEncoding.EncodeToString(piece))
			if bytes.Contains(journal, piece) || bytes.Contains(journal, text) {
				t.Fatalf("the journal holds bytes %d… of blob %d", off, i)
			}
		}
	}
}

// TestKilledMakingAnOverlay kills processes at any time while they make one: it is there and whole, or not there, and nothing
// is beside it.
func TestKilledMakingAnOverlay(t *testing.T) {
	t.Parallel()
	golden := convert(t, inMBR(t, volume(t, sample.Image{})), "qcow2", nil)
	_, secret := blobFor(t, "WEB01", 1107)
	blob := filepath.Join(t.TempDir(), "WEB01")
	must(t, os.WriteFile(blob, secret, 0o600))
	self, err := os.Executable()
	must(t, err)
	r := rand.New(rand.NewPCG(7, 7))
	made, rounds := 0, 30
	if long() {
		rounds = 240
	}
	for range rounds {
		dir := t.TempDir()
		path := filepath.Join(dir, "web01.qcow2")
		cmd := exec.Command(self)
		cmd.Env = append(os.Environ(), victimOf+"="+golden, victimBlob+"="+blob, victimDisk+"="+path)
		must(t, cmd.Start())
		time.Sleep(time.Duration(r.Int64N(int64(120 * time.Millisecond))))
		must(t, ignoreDone(cmd.Process.Kill()))
		_ = cmd.Wait() // it was killed
		beside, err := os.ReadDir(dir)
		must(t, err)
		for _, e := range beside {
			if e.Name() != filepath.Base(path) {
				if runtime.GOOS == "linux" { // which has files without a name
					t.Errorf("%s is left", e.Name())
				}
				continue
			}
			expectState(t, path, core.StateStaged, "WEB01")
			made++
		}
	}
	t.Logf("%d of %d were made", made, rounds)
}
