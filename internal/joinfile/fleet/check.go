package fleet

import (
	"cmp"
	"context"
	"os"
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
// no matter of Check: its join fails when it is carried out.
func Check(ctx context.Context, action Action, joins []joinfile.Join) []error {
	c := checker{
		images: map[any]*joinfile.Join{}, blobs: map[string]*joinfile.Join{}, accounts: map[string]*joinfile.Join{},
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
	blobs, accounts map[string]*joinfile.Join // accounts by domain\\name, and by SID
	errs            []error
}

func (c *checker) image(j *joinfile.Join) {
	first, taken := c.images[imageOf(j.Request.WindowsPath)]
	if !taken {
		c.images[imageOf(j.Request.WindowsPath)] = j
		return
	}
	c.refuse("%s and %s are both about the image %s: one image takes one join; remove one of them, or correct "+
		"windows_path",
		named(first), named(j), j.Request.WindowsPath)
}

// imageOf returns what two paths to one image share: the identity of the folder, or else the path without links.
func imageOf(windowsPath string) any {
	path := windowsPath
	if resolved, err := filepath.EvalSymlinks(path); err == nil {
		path = resolved
	}
	if absolute, err := filepath.Abs(path); err == nil {
		path = absolute
	}
	if info, err := os.Stat(path); err == nil {
		if id, ok := identity(info); ok {
			return id
		}
	}
	return path
}

func (c *checker) account(j *joinfile.Join) {
	facts, err := inspect(j)
	if err != nil {
		return
	}
	if j.Request.Reuse == offlinejoin.ReuseAllow {
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

func inspect(j *joinfile.Join) (offlinejoin.BlobFacts, error) {
	blob, _, err := options.ReadBlobFile(j.BlobFile, j.IdentityFile)
	if err != nil {
		return offlinejoin.BlobFacts{}, err
	}
	defer clear(blob)
	return offlinejoin.InspectBlob(blob, j.BlobFile)
}

func (c *checker) refuse(format string, args ...any) {
	c.errs = append(c.errs, winerr.Errorf(winerr.InvalidParameter, format, args...))
}

func named(j *joinfile.Join) string {
	return j.Address + " (" + filepath.Base(j.File) + " line " + strconv.Itoa(j.Line) + ")"
}
