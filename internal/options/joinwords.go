package options

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// PlaceWords are the options that say where an image is, as the user wrote them; what is empty was not written.
type PlaceWords struct {
	WindowsPath string
	ImagePath   string
	Partition   string
	OverlayPath string
	CopyPath    string
	Backing     string
	JournalDir  string
	ImageName   string
}

// Named reports whether the words name an image.
func (w PlaceWords) Named() bool { return w.WindowsPath != "" || w.ImagePath != "" }

// Image returns the image that the words name. The error says which of them are wrong, or do not go together (87).
func (w PlaceWords) Image() (at offlinejoin.Image, err error) {
	at = offlinejoin.ImageAt(w.WindowsPath)
	at.ImagePath, at.OverlayPath, at.CopyPath, at.Backing = w.ImagePath, w.OverlayPath, w.CopyPath, w.Backing
	at.JournalDir, at.Name = w.JournalDir, w.ImageName
	if w.Partition != "" {
		if at.Partition, err = strconv.Atoi(w.Partition); err != nil || at.Partition < 1 {
			return offlinejoin.Image{}, wrongWords(winerr.Errorf(winerr.InvalidParameter,
				"partition = %q is no number of a partition: they count from 1", w.Partition))
		}
	}
	return at, wrongWords(at.Check())
}

// JoinWords are the options of one join as the user wrote them, in whatever front end; what is empty was not written.
type JoinWords struct {
	PlaceWords
	MachineName       string
	Domain            string
	Method            string
	OnExisting        string
	CompletionProgram string
	Backup            string
	LedgerFile        string
	Ledger            string
	Reuse             string
	ReuseReason       string
	LockTimeout       string
	SecretExposure    string
}

// Request returns the request for the join, whole but for the blob and what is the front end's own. The error names the
// first word that is wrong (87).
func (w JoinWords) Request() (req offlinejoin.Request, err error) {
	req, err = w.request()
	return req, wrongWords(err)
}

func (w JoinWords) request() (req offlinejoin.Request, err error) {
	if err := w.checkPaths(); err != nil {
		return offlinejoin.Request{}, err
	}
	req = offlinejoin.Request{
		Expect:            offlinejoin.Expect{MachineName: w.MachineName, Domain: w.Domain},
		CompletionProgram: w.CompletionProgram,
		Backup:            w.Backup,
	}
	if req.SingleUse, err = LedgerOf(w.LedgerFile, w.Ledger); err != nil {
		return offlinejoin.Request{}, err
	}
	req.SingleUse.ReuseReason = w.ReuseReason
	if req.Image, err = w.Image(); err != nil {
		return offlinejoin.Request{}, err
	}
	if req.Method, err = Method(w.Method); err != nil {
		return offlinejoin.Request{}, err
	}
	if req.OnExisting, err = OnExisting(w.OnExisting); err != nil {
		return offlinejoin.Request{}, err
	}
	if req.SecretExposure, err = SecretExposureOf(w.SecretExposure); err != nil {
		return offlinejoin.Request{}, err
	}
	if req.SingleUse.Reuse, err = ReuseOf(w.Reuse, w.ReuseReason); err != nil {
		return offlinejoin.Request{}, err
	}
	if req.Image.LockTimeout, err = ParseLockTimeout(w.LockTimeout); err != nil {
		return offlinejoin.Request{}, err
	}
	return req, nil
}

// checkPaths refuses contents where paths are wanted.
func (w JoinWords) checkPaths() error {
	for _, one := range w.Used() {
		if err := NotContent(one.Option, one.Path); err != nil {
			return err
		}
	}
	return nil
}

// Method turns the word of option method into the core's type; the empty word is the default. The error lists what is
// allowed (87).
func Method(word string) (offlinejoin.Method, error) {
	chosen, err := choose(MethodName, word)
	return offlinejoin.Method(chosen), err
}

// OnExisting turns the word of option on_existing into the core's type; the empty word is the default. The error lists
// what is allowed (87).
func OnExisting(word string) (offlinejoin.OnExisting, error) {
	chosen, err := choose(OnExistingName, word)
	return offlinejoin.OnExisting(chosen), err
}

// SecretExposureOf turns the word of option secret_exposure into the core's type; the empty word is the default. The error
// lists what is allowed (87).
func SecretExposureOf(word string) (offlinejoin.SecretExposure, error) {
	chosen, err := choose(SecretExposure, word)
	return offlinejoin.SecretExposure(chosen), err
}

// ReuseOf turns the words of the options reuse and reuse_reason into the core's type; the empty word is the default. The
// error says what is allowed, or which of the two is missing (87).
func ReuseOf(word, reason string) (offlinejoin.Reuse, error) {
	chosen, err := choose(Reuse, word)
	reuse := offlinejoin.Reuse(chosen)
	switch {
	case err != nil:
		return "", err
	case reuse == offlinejoin.ReuseAllow && strings.TrimSpace(reason) == "":
		return "", winerr.Errorf(winerr.InvalidParameter,
			`reuse = "allow" needs a reason: set reuse_reason, such as "web01 is rebuilt"`)
	case reuse != offlinejoin.ReuseAllow && reason != "":
		return "", winerr.Errorf(winerr.InvalidParameter,
			`reuse_reason is there, but reuse is "refuse": set reuse = "allow", or leave the reason out`)
	}
	return reuse, nil
}

// ParseLockTimeout turns the text of option lock_timeout into a time; the empty text is the default. The error says how
// to write one (87).
func ParseLockTimeout(word string) (time.Duration, error) {
	if word == "" {
		word = LockTimeout.Default()
	}
	wait, err := time.ParseDuration(word)
	if err != nil || wait < 0 {
		return 0, winerr.Errorf(winerr.InvalidParameter,
			"lock_timeout = %q is no length of time: write a number with its unit, such as \"30s\" or \"2m\"", word)
	}
	return wait, nil
}

// CheckWord refuses a value that an option does not take (87).
func CheckWord(option Name, word string) error {
	if option.Allowed() == nil {
		return nil
	}
	_, err := choose(option, word)
	return err
}

func choose(option Name, word string) (string, error) {
	if word == "" {
		return option.Default(), nil
	}
	if allowed := option.Allowed(); !slices.Contains(allowed, word) {
		return "", winerr.Errorf(winerr.InvalidParameter, "%s = %q is not known: use %s", option, word, oneOf(allowed))
	}
	return word, nil
}

// oneOf returns `"a", "b" or "c"`.
func oneOf(values []string) string {
	quoted := make([]string, len(values))
	for i, v := range values {
		quoted[i] = `"` + v + `"`
	}
	last := len(quoted) - 1
	return strings.Join(quoted[:last], ", ") + " or " + quoted[last]
}
