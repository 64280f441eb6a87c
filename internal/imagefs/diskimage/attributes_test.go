package diskimage_test

import (
	"errors"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	"github.com/offlinejoin/offlinejoin/internal/imagefs/diskimage"
	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/testenv"
)

const answers = "Windows/Panther/unattend.xml"

// answered puts an answer file of a user's into an image, with attributes that a join does not give it.
func answered(t *testing.T, image string, a imagefs.Attributes) {
	t.Helper()
	change(t, image, func(s imagefs.Session) error {
		if _, err := s.Stat("Windows/Panther"); err != nil {
			if err := s.Mkdir("Windows/Panther"); err != nil {
				return err
			}
		}
		f, err := s.Create(answers)
		if err != nil {
			return err
		}
		_, err = f.WriteAt([]byte(`<unattend xmlns="urn:schemas-microsoft-com:unattend"><settings pass="oobeSystem"/></unattend>`), 0)
		return errors.Join(err, f.Sync(), f.Close())
	})
	change(t, image, func(s imagefs.Session) error {
		with, is := s.(imagefs.Attributed)
		if !is {
			t.Fatal("a disk image has no attributes")
		}
		return with.SetAttributes(answers, a)
	})
}

// change opens an image and commits what do does.
func change(t *testing.T, image string, do func(imagefs.Session) error) {
	t.Helper()
	s, err := diskimage.Open(t.Context(), imagefs.Location{ImagePath: image}, imagefs.Write)
	must(t, err)
	err = do(s)
	if err == nil {
		_, err = s.Commit(t.Context())
	}
	must(t, errors.Join(err, s.Close()))
}

// attributesOf returns those of the answer file.
func attributesOf(t *testing.T, image string) imagefs.Attributes {
	t.Helper()
	s, err := diskimage.Open(t.Context(), imagefs.Location{ImagePath: image}, imagefs.Read)
	must(t, err)
	defer s.Close()
	a, err := s.Attributes(answers)
	must(t, err)
	if a.DOS == nil {
		t.Fatal("there are no attributes")
	}
	return a
}

// asOthersSee returns what ntfsinfo says of the answer file's times and attributes, but for the time of the record.
func asOthersSee(t *testing.T, volume string) string {
	t.Helper()
	out, err := exec.Command(testenv.Tool(t, "ntfsinfo"), "-f", "-F", answers, volume).CombinedOutput()
	must(t, err)
	var said []string
	for line := range strings.Lines(string(out)) {
		line = strings.TrimSpace(line)
		for _, word := range []string{"File Creation Time", "File Altered Time", "Last Accessed Time", "File attributes:"} {
			if strings.HasPrefix(line, word) {
				said = append(said, line)
			}
		}
	}
	const standard = 4 // lines of $STANDARD_INFORMATION; those of $FILE_NAME tell when the record got its name
	if len(said) < standard {
		t.Fatalf("ntfsinfo says %s", out)
	}
	return strings.Join(said[:standard], "\n")
}

// TestAttributesOfAnAnswerFileComeBack: times and attributes of a file in a disk image that a join was merged into are what they
// were once it is taken back, also after another join has taken the place of the first.
func TestAttributesOfAnAnswerFileComeBack(t *testing.T) {
	t.Parallel()
	image := volume(t, methods()[core.MethodAnswerFile])
	const hiddenSystem = uint32(0x6)
	dos := hiddenSystem
	was := imagefs.Attributes{
		DOS: &dos, ModTime: time.Date(2021, 3, 4, 5, 6, 7, 800, time.UTC), Created: time.Date(2020, 1, 2, 3, 4, 5, 0, time.UTC),
		Accessed: time.Date(2022, 5, 6, 7, 8, 9, 0, time.UTC),
	}
	answered(t, image, was)
	seen := asOthersSee(t, image)
	if !strings.Contains(seen, "2021 UTC") {
		t.Errorf("ntfsinfo says\n%s", seen)
	}
	first, _ := blobFor(t, "WEB01", 1107)
	second, _ := blobFor(t, "WEB02", 1108)
	_, err := core.Stage(t.Context(), core.Request{Image: at(image), Blob: first})
	must(t, err)
	if staged := attributesOf(t, image); *staged.DOS == hiddenSystem || staged.ModTime.Equal(was.ModTime) {
		t.Errorf("with the join the file has %#x and %s: this test proves nothing", *staged.DOS, staged.ModTime)
	}
	_, err = core.Stage(t.Context(), core.Request{Image: at(image), Blob: second, OnExisting: core.OnExistingReplace})
	must(t, err)
	_, err = core.Unstage(t.Context(), core.UnstageRequest{Image: at(image)})
	must(t, err)
	back := attributesOf(t, image)
	if *back.DOS != hiddenSystem || !back.ModTime.Equal(was.ModTime) || !back.Created.Equal(was.Created) || !back.Accessed.Equal(was.Accessed) {
		t.Errorf("%#x %+v, want %+v", *back.DOS, back, was)
	}
	if now := asOthersSee(t, image); now != seen {
		t.Errorf("ntfsinfo says\n%s\nand said\n%s", now, seen)
	}
}

// TestAttributesOfAnotherKind: a record of a mounted tree has a mode, which NTFS has not; only the time is put back then.
func TestAttributesOfAnotherKind(t *testing.T) {
	t.Parallel()
	image := volume(t, methods()[core.MethodAnswerFile])
	dos := uint32(0x22)
	answered(t, image, imagefs.Attributes{DOS: &dos})
	before := attributesOf(t, image)
	when := time.Date(2021, 3, 4, 5, 6, 7, 0, time.UTC)
	change(t, image, func(s imagefs.Session) error {
		with, _ := s.(imagefs.Attributed)
		return with.SetAttributes(answers, imagefs.Attributes{Mode: 0o444, ModTime: when})
	})
	after := attributesOf(t, image)
	if *after.DOS != dos || !after.ModTime.Equal(when) || !after.Created.Equal(before.Created) {
		t.Errorf("%#x %+v", *after.DOS, after)
	}
	change(t, image, func(s imagefs.Session) error { // an enemy's record
		with, _ := s.(imagefs.Attributed)
		all := ^uint32(0)
		return with.SetAttributes(answers, imagefs.Attributes{DOS: &all, ModTime: time.Unix(1<<60, 0), Created: time.Unix(-1<<60, 0)})
	})
	if after := attributesOf(t, image); *after.DOS != 0x2027 || !after.ModTime.Equal(when) {
		t.Errorf("of an enemy's record: %#x %+v", *after.DOS, after)
	}
}
