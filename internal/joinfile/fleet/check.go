package fleet

import (
	"cmp"
	"context"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/offlinejoin/offlinejoin/internal/joinfile"
	"github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/options"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// Check refuses joins that cannot be meant together, before any image is touched: two of one image, and, for actions
// that use blobs, two of one blob or of one account. It returns an error for each (87). A blob that cannot be read is
// not refused here: its join fails when it is carried out. What was read stays in the joins, so that it is parsed once;
// [Run.Do] wipes it unless it is to keep it, and so does [Wipe].
func Check(ctx context.Context, action Action, joins []joinfile.Join) []error {
	c := checker{
		images: map[any]*joinfile.Join{}, names: map[string]*joinfile.Join{}, blobs: map[string]*joinfile.Join{}, accounts: map[string]*joinfile.Join{},
	}
	for i := range joins {
		if ctx.Err() != nil {
			return append(c.errs, ctx.Err())
		}
		c.image(&joins[i])
		if action == Plan || action == Apply {
			c.account(&joins[i])
		}
	}
	return c.errs
}

// checker remembers the first join of each image, blob and account.
type checker struct {
	images          map[any]*joinfile.Join
	names           map[string]*joinfile.Join // of images
	blobs, accounts map[string]*joinfile.Join // accounts by domain\\name, and by SID
	errs            []error
}

func (c *checker) image(j *joinfile.Join) {
	if name := j.Request.Image.Name; name != "" {
		if first := c.names[name]; first != nil {
			c.refuse("%s and %s have the same image_name, %s: a name is of one image; give each its own", named(first), named(j), name)
			return
		}
		c.names[name] = j
	}
	key := j.Request.Image.Key()
	first, taken := c.images[key]
	if !taken {
		c.images[key] = j
		return
	}
	c.refuse("%s and %s are both about the image %s: one image takes one join; remove one of them, or correct "+
		"windows_path",
		named(first), named(j), j.Request.Image)
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
			named(first), named(j), facts.MachineName, facts.Domain, offlinejoin.ShortFingerprint(facts.Fingerprint))
	case second != nil:
		c.refuse("%s and %s use the same account, %s in %s: two machines with one account lock each other out; make an "+
			"account for each", named(second), named(j), facts.MachineName, facts.Domain)
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
			"machine_name", named(first), named(j), strings.ToUpper(j.Account.MachineName), domain)
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

func named(j *joinfile.Join) string {
	return j.Address + " (" + filepath.Base(j.File) + " line " + strconv.Itoa(j.Line) + ")"
}
