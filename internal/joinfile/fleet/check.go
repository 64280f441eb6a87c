package fleet

import (
	"cmp"
	"context"
	"strings"

	"github.com/offlinejoin/offlinejoin/internal/joinfile"
	"github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/options"
	"github.com/offlinejoin/offlinejoin/internal/plaintext"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// Check refuses joins that cannot be meant together, before any image is touched: two of one image, one that changes what
// another one makes its disk from, and, for actions that use blobs, two of one blob or of one account. It returns an error for
// each (87). A blob that cannot be read is not refused here: its join fails when it is carried out. What was read stays in the
// joins, so that it is parsed once; [Run.Do] wipes it unless it is to keep it, and so does [Wipe].
func Check(ctx context.Context, action Action, joins []joinfile.Join) []error {
	c := checker{
		images: map[any][]*joinfile.Join{}, goldens: map[any]*joinfile.Join{}, changed: map[any]*joinfile.Join{},
		names: map[string]*joinfile.Join{}, blobs: map[string]*joinfile.Join{}, accounts: map[string]*joinfile.Join{},
	}
	for i := range joins {
		if ctx.Err() != nil {
			return append(c.errs, ctx.Err())
		}
		c.image(&joins[i])
		if action != Status {
			c.golden(&joins[i])
		}
		if action == Plan || action == Apply {
			c.account(&joins[i])
		}
	}
	return c.errs
}

// checker remembers the first join of each image, blob and account.
type checker struct {
	images          map[any][]*joinfile.Join  // of one disk image file several, each in another partition
	goldens         map[any]*joinfile.Join    // by what they make their disks from
	changed         map[any]*joinfile.Join    // by the disk that they change in place
	names           map[string]*joinfile.Join // of images
	blobs, accounts map[string]*joinfile.Join // accounts by domain\\name, and by SID
	errs            []error
}

func (c *checker) image(j *joinfile.Join) {
	if name := j.Request.Image.Name; name != "" {
		if first := c.names[name]; first != nil {
			c.refuse("%s and %s have the same image_name, %s: a name is of one image; give each its own", first.Place(), j.Place(), name)
			return
		}
		c.names[name] = j
	}
	whole := j.Request.Image
	whole.Partition = 0
	key := whole.Key()
	for _, first := range c.images[key] {
		if !otherWindows(j, first) {
			c.refuse("%s and %s are both about the image %s: one image takes one join; remove one of them, or correct %s",
				first.Place(), j.Place(), j.Request.Image, placeOption(j))
			return
		}
	}
	c.images[key] = append(c.images[key], j)
}

// otherWindows reports whether two joins about one file change each another partition of it.
func otherWindows(a, b *joinfile.Join) bool {
	x, y := a.Request.Image, b.Request.Image
	return x.NewPath() == "" && y.NewPath() == "" && x.Partition != y.Partition && x.Partition != 0 && y.Partition != 0
}

// placeOption returns the option that says where the image of a join is.
func placeOption(j *joinfile.Join) options.Name {
	switch at := j.Request.Image; {
	case at.OverlayPath != "":
		return options.OverlayPath
	case at.CopyPath != "":
		return options.CopyPath
	case at.ImagePath != "":
		return options.ImagePath
	}
	return options.WindowsPath
}

// golden refuses a join that changes the disk which another one makes its own from, whatever their order: an overlay on it
// would break, or hold two joins.
func (c *checker) golden(j *joinfile.Join) {
	at := j.Request.Image
	if at.ImagePath == "" {
		return
	}
	mine, others := c.goldens, c.changed
	if at.NewPath() == "" {
		mine, others = c.changed, c.goldens
	}
	key := offlinejoin.ImageAt(at.ImagePath).Key()
	if other := others[key]; other != nil {
		makes, changes := other, j
		if at.NewPath() != "" {
			makes, changes = j, other
		}
		c.refuse("%s makes its disk from %s, which %s changes: a golden image is only read; give one of them another image_path",
			makes.Place(), plaintext.Line(at.ImagePath, 0), changes.Place())
		return
	}
	if mine[key] == nil {
		mine[key] = j
	}
}

func (c *checker) account(j *joinfile.Join) {
	if j.Account != nil {
		c.newAccount(j)
		return
	}
	if err := readBlob(j); err != nil {
		return
	}
	facts := j.Request.Blob.Facts()
	if j.Request.SingleUse.Reuse == offlinejoin.ReuseAllow {
		return // with its reason, which the ledger keeps
	}
	name := strings.ToLower(facts.Domain + `\` + facts.MachineName)
	sid := facts.AccountSID
	if sid == "" {
		sid = name // the blob does not tell
	}
	switch first, second := c.blobs[facts.Fingerprint], cmp.Or(c.accounts[name], c.accounts[sid]); {
	case first != nil:
		c.refuse("%s and %s use the same blob (%s in %s, fingerprint %s): one blob joins one machine; make a blob for each",
			first.Place(), j.Place(), facts.MachineName, facts.Domain, offlinejoin.ShortFingerprint(facts.Fingerprint))
	case second != nil:
		c.refuse("%s and %s use the same account, %s in %s: two machines with one account lock each other out; make an "+
			"account for each", second.Place(), j.Place(), facts.MachineName, facts.Domain)
	default:
		c.blobs[facts.Fingerprint], c.accounts[name], c.accounts[sid] = j, j, j
	}
}

// newAccount refuses a machine name that another join has in the same domain.
func (c *checker) newAccount(j *joinfile.Join) {
	domain := cmp.Or(j.Directory.Domain, j.Directory.Getenv(options.ADDomain.Variable()))
	name := strings.ToLower(domain + `\` + j.Account.MachineName)
	if first := c.accounts[name]; first != nil {
		c.refuse("%s and %s are both about the account %s in %s: two machines with one account lock each other out; give each its own "+
			"machine_name", first.Place(), j.Place(), strings.ToUpper(j.Account.MachineName), domain)
		return
	}
	c.accounts[name] = j
}

// readBlob reads and parses a join's blob, once, whether that goes well or not.
func readBlob(j *joinfile.Join) error {
	if j.Request.Blob == nil && j.BlobError == nil {
		j.Request.Blob, j.BlobWarning, j.BlobError = options.OpenBlobFile(j.BlobFile, j.IdentityFile)
	}
	return j.BlobError
}

// Wipe forgets the blobs that were read.
func Wipe(joins []joinfile.Join) {
	for i := range joins {
		wipe(&joins[i])
	}
}

func wipe(j *joinfile.Join) {
	j.Request.Blob.Wipe()
	j.Request.Blob, j.BlobError = nil, nil
}

func (c *checker) refuse(format string, args ...any) {
	c.errs = append(c.errs, winerr.Errorf(winerr.InvalidParameter, format, args...))
}
