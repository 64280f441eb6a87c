package offlinejoin

import (
	"path"
	"runtime"
	"slices"
	"strings"

	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/options"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// check returns all mistakes that can be seen without the image. Templates are rendered as far as they can be.
func (c Config) check(notYet later) []error {
	var errs []error
	add := func(err error) {
		if err != nil {
			errs = append(errs, err)
		}
	}
	if !notYet.any(placeOptions()...) {
		err := c.checkPlace(notYet[options.RemoteTree])
		if err == nil && !c.Remote && !notYet[options.RemoteTree] {
			err = c.checkBeside(c.words(c.WindowsPath))
		}
		add(err)
	}
	if c.Remote && (c.LockTimeout != "" || notYet[options.LockTimeout]) {
		add(mistake("lock_timeout says nothing with remote = true: a remote tree has no lock to wait for; leave it out"))
	}
	if c.Remote && c.Method == string(core.MethodNative) {
		add(mistake(`method = "native" works on a path of this machine: leave remote out, or write method = "auto"`))
	}
	return append(errs, c.JoinOptions.check(notYet)...)
}

// checkPlace refuses a windows_path that cannot be right. perhapsGuests says that it is not known yet whether it is a path of the
// guest.
func (c Config) checkPlace(perhapsGuests bool) error {
	switch {
	case c.Remote && c.ImagePath != "":
		return mistake("image_path is a file of this machine, and remote = true says that the guest has the image: leave one out")
	case c.WindowsPath == "" && c.ImagePath == "":
		return mistake("windows_path is missing: give the image's Windows directory, such as /mnt/web01/Windows, or a disk " +
			"image file as image_path")
	case c.Remote && !path.IsAbs(c.WindowsPath) && !isDrivePath(c.WindowsPath):
		return mistake("windows_path is relative, which means nothing on the guest: give where the image's Windows " +
			"directory is mounted there, such as /mnt/web01/Windows")
	case !c.Remote && !perhapsGuests:
		if err := ofThisMachine(c.WindowsPath, ", or set remote = true when a guest has it mounted there; the Windows that a "+
			"guest is running cannot be staged into, so use the post-processor offlinejoin on the finished image"); err != nil {
			return err
		}
	}
	_, err := c.image(c.WindowsPath)
	return err
}

// postProcessorWayOut is what else there is to do than to give a path of this machine.
const postProcessorWayOut = ", or leave windows_path out, so that the image is found in the artifact"

// ofThisMachine refuses a windows_path of Windows, with a drive or of a share, on any other machine. The way out goes behind
// that of giving another path.
func ofThisMachine(windowsPath, wayOut string) error {
	if runtime.GOOS == "windows" || !isDrivePath(windowsPath) && !strings.HasPrefix(windowsPath, `\\`) {
		return nil
	}
	return mistake(core.ImageAt(windowsPath).String() + " is a path of Windows, and this machine is none: give where the image " +
		"is mounted here" + wayOut)
}

// check returns all mistakes that can be seen without the artifact, in which an image that is not named is looked for.
func (c PostProcessorConfig) check(notYet later) []error {
	errs := c.JoinOptions.check(notYet)
	if notYet.any(placeOptions()...) {
		return errs
	}
	if err := ofThisMachine(c.WindowsPath, postProcessorWayOut); err != nil {
		return append([]error{err}, errs...)
	}
	named := c.DiskOptions
	if c.WindowsPath == "" && named.ImagePath == "" {
		named.ImagePath = "the artifact's disk"
	}
	if _, err := named.image(c.WindowsPath); err != nil {
		return append([]error{err}, errs...)
	}
	if err := c.checkBeside(c.words(c.WindowsPath)); err != nil {
		return append([]error{err}, errs...)
	}
	return errs
}

// placeOptions are the options that say where the image is.
func placeOptions() []options.Name {
	return []options.Name{
		options.WindowsPath, options.ImagePath, options.Partition, options.OverlayPath, options.CopyPath, options.Backing,
		options.JournalDir, options.ImageName,
	}
}

// image returns the image, which is in a disk image file or else at windowsPath.
func (d DiskOptions) image(windowsPath string) (core.Image, error) {
	return d.words(windowsPath).Image()
}

func (d DiskOptions) words(windowsPath string) options.PlaceWords {
	return options.PlaceWords{
		WindowsPath: windowsPath, ImagePath: d.ImagePath, Partition: d.Partition, OverlayPath: d.OverlayPath,
		CopyPath: d.CopyPath, Backing: d.Backing, JournalDir: d.JournalDir, ImageName: d.ImageName,
	}
}

// isDrivePath recognises C:\Windows and C:/Windows.
func isDrivePath(s string) bool {
	return len(s) > 2 && s[1] == ':' && (s[2] == '\\' || s[2] == '/')
}

// check returns all mistakes in the options of a join, and in the blob when that is there already.
func (o JoinOptions) check(notYet later) []error {
	errs := o.mistakes(notYet)
	if notYet.any(options.BlobFile, options.IdentityFile, options.Blob) || len(errs) > 0 || o.Account.written(notYet) {
		return errs
	}
	if err := o.checkBlob(); err != nil {
		errs = append(errs, err)
	}
	return errs
}

// mistakes returns all mistakes that can be seen without the blob.
func (o JoinOptions) mistakes(notYet later) []error {
	checks := []error{
		o.oneBlob(notYet),
		second(options.Method(o.Method)),
		second(options.OnExisting(o.OnExisting)),
		second(options.ParseLockTimeout(o.LockTimeout)),
		second(options.SecretExposureOf(o.SecretExposure)),
		o.checkProgram(notYet),
		options.CheckPaths(o.used()...),
		second(options.LedgerOf(o.LedgerFile, o.Ledger)),
	}
	if !notYet.any(options.Reuse, options.ReuseReason) {
		checks = append(checks, second(options.ReuseOf(o.Reuse, o.ReuseReason)))
	}
	checks = append(checks, o.checkAccount(notYet)...)
	return slices.DeleteFunc(checks, func(err error) bool { return err == nil })
}

// oneBlob wants exactly one of the two ways to give the blob. What is not known yet is there.
func (o JoinOptions) oneBlob(notYet later) error {
	file, text := o.BlobFile != "" || notYet[options.BlobFile], o.Blob != "" || notYet[options.Blob]
	switch account := o.Account.written(notYet); {
	case account && (file || text):
		return mistake("account and a blob are both there: an account makes its own blob; leave one of them out")
	case account:
		return nil
	case !file && !text:
		return mistake("the blob is missing: give blob_file, or blob with a sensitive variable, or an account block to make the account")
	case file && text:
		return mistake("blob_file and blob are both there: keep one of them, better blob_file")
	case text && (o.IdentityFile != "" || notYet[options.IdentityFile]):
		return mistake("identity_file opens a blob_file: leave it out beside blob")
	}
	return nil
}

// checkProgram refuses a completion program where none is used.
func (o JoinOptions) checkProgram(notYet later) error {
	given := o.CompletionProgram != "" || notYet[options.CompletionProgram]
	if given && (o.Method == string(core.MethodAnswerFile) || o.Method == string(core.MethodNative)) {
		return mistake("completion_program is for the method registry, and the method is " + o.Method +
			": leave one of them out")
	}
	return nil
}

// used are the paths of this machine, but for the image.
func (o JoinOptions) used() []options.Used {
	return append(o.ActiveDirectory.words().Used(), []options.Used{
		{Option: options.ReportFile, Path: o.ReportFile},
		{Option: options.LedgerFile, Path: o.LedgerFile},
		{Option: options.BlobFile, Path: o.BlobFile},
		{Option: options.IdentityFile, Path: o.IdentityFile},
		{Option: options.Backup, Path: o.Backup},
		{Option: options.CompletionProgram, Path: o.CompletionProgram},
	}...)
}

// checkBeside refuses paths that the image is in the way of. What is wrong with them by themselves is told elsewhere.
func (o JoinOptions) checkBeside(place options.PlaceWords) error {
	if options.CheckPaths(o.used()...) != nil {
		return nil
	}
	return options.CheckPaths(append(o.used(), place.Used()...)...)
}

// checkBlob parses the blob and compares it with what is expected. A blob file that is not there yet is no mistake, nor
// is an identity that is not there to open it: an earlier step of the build may make them, and where templates are only
// validated secrets are often away.
func (o JoinOptions) checkBlob() error {
	req, _, err := o.request()
	if err != nil {
		if options.IsMissing(err) {
			return nil
		}
		return err
	}
	defer req.Blob.Wipe()
	return req.Blob.Check(req.Expect)
}

func mistake(sentence string) error {
	return winerr.Errorf(winerr.InvalidParameter, "%s", strings.TrimSpace(sentence))
}

func second[T any](_ T, err error) error { return err }
