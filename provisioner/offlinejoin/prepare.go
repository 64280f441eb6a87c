package offlinejoin

import (
	"strings"

	packersdk "github.com/hashicorp/packer-plugin-sdk/packer"
	"github.com/hashicorp/packer-plugin-sdk/template/config"
	"github.com/hashicorp/packer-plugin-sdk/template/interpolate"
	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/options"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// Prepare reads the configuration and returns every mistake in it at once. It looks at the blob when that is there
// already, and never at the image, which may be mounted only when the build gets here.
func (p *Provisioner) Prepare(raws ...any) error {
	p.config = Config{}
	err := config.Decode(&p.config, &config.DecodeOpts{
		PluginType:         "offlinejoin",
		Interpolate:        true,
		InterpolateContext: &p.config.ctx,
		InterpolateFilter:  &interpolate.RenderFilter{Exclude: rendered()},
	}, raws...)
	if err != nil {
		return withoutBlob(err)
	}
	if errs := p.config.check(); len(errs) > 0 {
		return &packersdk.MultiError{Errors: errs}
	}
	return nil
}

// withoutBlob replaces a decoding error that quotes the option blob: such errors repeat its value.
func withoutBlob(err error) error {
	if strings.Contains(err.Error(), "'blob'") {
		return mistake("blob cannot be read: give the blob as one string of base64, or better use blob_file")
	}
	return err
}

// check returns all mistakes that can be seen without the image.
func (c Config) check() []error {
	known, later := c.known()
	var errs []error
	if known.WindowsPath == "" && !later[options.WindowsPath] {
		errs = append(errs, mistake("windows_path is missing: give the image's Windows directory, such as "+
			"/mnt/web01/Windows"))
	}
	if err := oneBlob(c.BlobFile, c.Blob); err != nil {
		return append(errs, err)
	}
	for _, err := range []error{second(options.Method(known.Method)), second(options.OnExisting(known.OnExisting))} {
		if err != nil {
			errs = append(errs, err)
		}
	}
	if later[options.BlobFile] || later[options.IdentityFile] || later[options.Blob] || len(errs) > 0 {
		return errs
	}
	if err := known.checkBlob(); err != nil {
		errs = append(errs, err)
	}
	return errs
}

// oneBlob wants exactly one of the two ways to give the blob.
func oneBlob(file, blob string) error {
	switch {
	case file == "" && blob == "":
		return mistake("the blob is missing: give blob_file, or blob with a sensitive variable")
	case file != "" && blob != "":
		return mistake("blob_file and blob are both there: keep one of them, better blob_file")
	}
	return nil
}

// checkBlob parses the blob and compares it with what is expected. A blob file that is not there yet is no mistake, nor
// is an identity that is not there to open it: an earlier step of the build may make them, and where templates are only
// validated secrets are often away.
func (c Config) checkBlob() error {
	req, _, err := c.request()
	if err != nil {
		if options.Away(err) {
			return nil
		}
		return err
	}
	defer clear(req.Blob)
	_, err = core.CheckBlob(req)
	return err
}

func mistake(sentence string) error { return winerr.Errorf(winerr.InvalidParameter, "%s", sentence) }

func second[T any](_ T, err error) error { return err }
