package offlinejoin

import (
	"fmt"
	"strings"
	"sync"

	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/plaintext"
)

// claims keeps two resources of one run away from one image, and one account out of two images. Terraform does not tell a
// provider the address of a resource; it puts that of the resource which is refused beside the diagnostic, and the
// diagnostic tells what is known of the other one.
//
// Terraform may plan one resource twice: a replacement is planned as a change and then as a new one. So each resource has
// a token of its own, in the private data that Terraform hands from one call to the next (ownership.go).
type claims struct {
	mu    sync.Mutex
	taken []claim
}

// claim is what one resource wants for itself.
type claim struct {
	token    string     // of the resource
	image    core.Image // nowhere: not known yet
	key      any        // of the image; of a disk image file as a whole
	part     int        // the partition of the file that is changed; 0: the only one with a Windows, or all of a file that is made
	reads    any        // of the golden image that is only read; nil: none
	account  string     // `corp.example.com\WEB01`; "": not known
	blobName string
	made     bool // the resource makes the account, and no blob
	// allowsSharing means that the resource does not mind another use of its account: its join is in its image already and
	// stays as it is, or the user has said that the account is used again.
	allowsSharing bool
}

// newClaim looks where the path leads, so that two spellings of it, or two ways to it, are one image.
func newClaim(token string, image core.Image, account, blobName string) claim {
	c := claim{token: token, image: image, account: account, blobName: plaintext.Line(blobName, 0)}
	switch {
	case image.NewPath() != "":
		c.key, c.reads = fileAt(image.NewPath()), fileAt(image.ImagePath)
	case image.ImagePath != "":
		c.key, c.part = fileAt(image.ImagePath), image.Partition
	default:
		c.key = image.Key()
	}
	return c
}

// fileAt is the key of a disk image file.
func fileAt(path string) any {
	var file core.Image
	file.ImagePath = path
	return file.Key()
}

// take records a claim, in the place of the resource's earlier one. It returns in one sentence which other resource has
// the image or the account already, and "" when none has.
func (c *claims) take(want claim) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	clash := ""
	kept := c.taken[:0]
	for _, has := range c.taken {
		if has.token == want.token {
			continue
		}
		kept = append(kept, has)
		if clash == "" {
			clash = want.clash(has)
		}
	}
	c.taken = append(kept, want)
	return clash
}

func (c claim) clash(has claim) string {
	switch {
	case c.image.Name != "" && c.image.Name == has.image.Name:
		return fmt.Sprintf("another resource of this run has the image_name %s already (of %q, %s): a name is of one image, so give "+
			"each its own", plaintext.Line(c.image.Name, plaintext.Name), has.image.String(), has.what())
	case c.key != nil && c.key == has.key && (c.part == has.part || c.part == 0 || has.part == 0):
		return fmt.Sprintf("another resource of this run has the image %s already (as %q, %s): one image takes one join, so "+
			"give each resource an image of its own, or remove one of the two", c.image, has.image.String(), has.what())
	case c.key != nil && c.key == has.reads, has.key != nil && has.key == c.reads:
		return fmt.Sprintf("one resource of this run changes a disk image that another makes a new disk from (%s and %s): a golden "+
			"image is only read, so give one of the two another image", c.image, has.image.String())
	case c.account != "" && strings.EqualFold(c.account, has.account) && (c.made || has.made):
		return fmt.Sprintf("another resource of this run has the account %s already, for %s: one account is for one machine, so give "+
			"each a machine_name of its own", c.account, has.place())
	case c.account != "" && strings.EqualFold(c.account, has.account) && !(c.allowsSharing && has.allowsSharing):
		return fmt.Sprintf("another resource of this run stages the account %s already, into %s (%s): one account is for "+
			"one machine, so make a blob for each, or set reuse = \"allow\" with a reuse_reason in all that are new", c.account,
			has.place(), has.what())
	}
	return ""
}

func (c claim) place() string {
	if c.key == nil {
		return "an image that is not known yet"
	}
	return c.image.String()
}

// what tells a claim's resource from others, in words of its configuration.
func (c claim) what() string {
	if c.made {
		return "with the account " + c.account
	}
	if c.blobName == "" {
		return "its blob is not known yet"
	}
	if c.account == "" {
		return "blob " + c.blobName
	}
	return "blob " + c.blobName + " for " + c.account
}
