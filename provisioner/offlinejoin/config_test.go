package offlinejoin

import (
	"testing"

	"github.com/hashicorp/hcl/v2/hcldec"
)

// Packer eats these words itself (docs/internals/plugins.md §1).
func TestNoReservedWord(t *testing.T) {
	t.Parallel()
	for _, spec := range []hcldec.ObjectSpec{
		new(Provisioner).ConfigSpec(), new(PostProcessor).ConfigSpec(), new(BlobSource).ConfigSpec(),
		new(ImageSource).ConfigSpec(),
	} {
		for _, word := range []string{
			"name", "pause_before", "max_retries", "timeout", "only", "except", "override", "continue_on_error",
			"keep_input_artifact",
		} {
			if _, ok := spec[word]; ok {
				t.Errorf("the option %s would never arrive", word)
			}
		}
	}
}
