package answerfile

import (
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	"github.com/offlinejoin/offlinejoin/internal/plaintext"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// The places of answer files that lie in an image, relative to the Windows directory or to the root of its drive.
const (
	placePanther  = "Panther/unattend.xml"
	folderPanther = "Panther"
)

// Place is where the answer file is that Windows Setup will take for its pass specialize.
type Place struct {
	// Order is its number in Setup's documented search order, 1 to 7.
	Order int
	// Path is what messages call the file.
	Path string
	// Content is the file as it was found; nil when there is none yet. It may hold secrets.
	Content []byte
	// Notes tell people what could not be seen, and what is not certain.
	Notes []string
	// Moved tells that a join of ours is in this file, and not in the one that its record names.
	Moved bool

	at location
}

// Name returns the file's name in the volume.
func (p *Place) Name() string { return p.at.file }

// Exists tells whether there is a file.
func (p *Place) Exists() bool { return p.Content != nil }

// Wipe forgets the content.
func (p *Place) Wipe() { clear(p.Content) }

// location is a file of an image.
type location struct {
	tree    imagefs.Session
	onDrive bool   // it is beside the Windows directory, not in it
	name    string // relative to the Windows directory, or to the root of the drive
	file    string // the name in the volume
}

// inWindows returns the location of a file in the Windows directory.
func inWindows(image imagefs.Session, name string) location {
	return location{tree: image, name: name, file: path.Join(image.Windows(), name)}
}

// onDrive returns the location of a file at the root of the drive or below it.
func onDrive(image imagefs.Session, name string) location {
	return location{tree: image, onDrive: true, name: name, file: name}
}

// path returns what messages call the file.
func (l location) path() string { return l.tree.Path(l.file) }

// beside returns another name in the file's folder.
func (l location) beside(name string) string { return path.Join(path.Dir(l.file), name) }

// candidate is one place of the search order, with the names that a file may have there.
type candidate struct {
	order int
	at    []location
}

// Find looks for the answer file in the order that Windows Setup does (documented: "Windows Setup Automation
// Overview"). pointer is the text of the value UnattendFile in HKLM\SYSTEM\Setup, or "".
//
// Setup takes for each pass the first file that has settings for it; one without is passed over (documented). So the
// file is the first that has a pass specialize; if there is none, the first of all, where adding the pass makes it so,
// and also if the first such pass is used up and there is a file before it; if there are no files, a new one at
// Panther\unattend.xml: that is where Microsoft's deployment guides put the answer file of an image that is not
// running.
func Find(image imagefs.Session, pointer string) (*Place, error) {
	f := &finder{}
	candidates, err := f.candidates(image, pointer)
	if err != nil {
		return nil, err
	}
	for _, c := range candidates {
		if err := f.look(c); err != nil {
			if f.found != nil {
				f.found.Wipe()
			}
			return nil, err
		}
		if f.decided {
			break
		}
	}
	if f.found == nil {
		at := inWindows(image, placePanther)
		const cached = 3
		f.found = &Place{Order: cached, Path: at.path(), at: at}
	}
	f.found.Notes = slices.Concat([]string{aboutMedia(f.found.Order)}, f.notes, f.found.Notes, strays(image, candidates, f.found),
		scripts(image))
	return f.found, nil
}

// strays tells of files that look like answer files, but have a name or lie in a folder that Setup does not look at. What
// cannot be listed is passed over.
func strays(image imagefs.Session, candidates []candidate, found *Place) (notes []string) {
	known := []string{found.at.file}
	for _, c := range candidates {
		for _, at := range c.at {
			known = append(known, at.file)
		}
	}
	folders := []location{
		inWindows(image, folderPanther), inWindows(image, "Panther/Unattend"), inWindows(image, "System32/Sysprep"),
	}
	if image.DriveKnown() {
		folders = append(folders, onDrive(image, "."))
	}
	const most = 5
	for _, folder := range folders {
		entries, err := image.ReadDir(folder.file)
		if err != nil {
			continue
		}
		for _, e := range entries {
			file := path.Join(folder.file, e.Name())
			if !looksLikeAnswerFile(e.Name()) || slices.ContainsFunc(known, func(k string) bool { return imagefs.SameName(k, file) }) {
				continue
			}
			if len(notes) == most {
				return append(notes, "there are more such files")
			}
			notes = append(notes, "Setup does not look at "+image.Path(file)+": only at "+`Panther\Unattend\Unattend.xml, `+
				`Panther\unattend.xml, System32\Sysprep\Unattend.xml, and Unattend.xml or Autounattend.xml at the root of the drive`)
		}
	}
	return notes
}

func looksLikeAnswerFile(name string) bool {
	name = strings.ToLower(name)
	return strings.HasSuffix(name, ".xml") && strings.Contains(name, "unattend")
}

// lastBeforeMedia is the last place that comes before removable media in Setup's order (documented: 4 is removable media
// that can be written to, 5 such that cannot, such as a CD).
const lastBeforeMedia = 3

// aboutMedia returns what an answer file at a place means for those on removable media, which cannot be seen in an image.
// Setup takes each pass from the first file that has it (documented).
func aboutMedia(order int) string {
	if order > lastBeforeMedia {
		return "answer files on removable media come before this one (documented): remove any CD or stick with an unattend.xml or " +
			"autounattend.xml for the pass specialize before the first boot, or the join is not made"
	}
	return "this answer file comes before those on removable media (documented): the pass specialize of a sysprep CD or config " +
		"drive, as KubeVirt, Nutanix, Harvester and others attach it, is not used at the first boot; put such settings " +
		"into this file, or leave the image alone and put the join into the answer file on that CD (offlinejoin blob answer-file)"
}

// finder looks at one candidate after the other.
type finder struct {
	found   *Place
	decided bool // found has a pass specialize, so that Setup stops there
	notes   []string
}

// searched are the files of an image that Setup looks for, in its order (documented), but for the one that the registry names.
var searched = []struct {
	order   int
	onDrive bool // at the root of the drive, and not in the Windows directory
	names   []string
}{
	{2, false, []string{"Panther/Unattend/Unattend.xml", "Panther/Unattend/Autounattend.xml"}},
	{3, false, []string{placePanther}},
	{6, false, []string{"System32/Sysprep/Unattend.xml"}},
	{7, true, []string{"Unattend.xml", "Autounattend.xml"}},
}

// places returns where files are in an image.
func places(image imagefs.Session, root bool, names []string) []location {
	at := make([]location, len(names))
	for i, name := range names {
		if root {
			at[i] = onDrive(image, name)
		} else {
			at[i] = inWindows(image, name)
		}
	}
	return at
}

// Searched returns the names, in an image, of all answer files that Setup may take from it, but for one that the registry names.
func Searched(image imagefs.Session) []string {
	var all []string
	for _, s := range searched {
		for _, at := range places(image, s.onDrive, s.names) {
			all = append(all, at.file)
		}
	}
	return all
}

// candidates lists the places in Setup's order.
func (f *finder) candidates(image imagefs.Session, pointer string) ([]candidate, error) {
	var out []candidate
	if pointer != "" {
		at, err := resolve(image, pointer)
		if err != nil {
			return nil, err
		}
		out = append(out, candidate{1, []location{at}})
	}
	for _, s := range searched {
		if !s.onDrive || image.DriveKnown() {
			out = append(out, candidate{s.order, places(image, s.onDrive, s.names)})
		}
	}
	if !image.DriveKnown() {
		f.notes = append(f.notes,
			"the root of the system drive was not looked at: an Unattend.xml there would be used if no "+
				"other answer file has the pass specialize")
	}
	return out, nil
}

// look reads the files of one candidate.
func (f *finder) look(c candidate) error {
	var here []*Place
	for _, at := range c.at {
		content, err := read(at)
		if errors.Is(err, fs.ErrNotExist) {
			if c.order == 1 {
				f.notes = append(f.notes, "the value UnattendFile names "+at.path()+", which does not exist")
			}
			continue
		}
		if err != nil {
			return err
		}
		here = append(here, &Place{Order: c.order, Path: at.path(), Content: content, at: at})
	}
	if len(here) > 1 {
		for _, p := range here {
			p.Wipe()
		}
		return winerr.Errorf(winerr.InvalidParameter,
			"there are %s and %s, and which one Setup takes is not documented: keep "+
				"one of them", here[0].Path, here[1].Path)
	}
	if len(here) == 1 {
		f.take(here[0])
	}
	return nil
}

// take decides between what was found before and what comes later in the order.
func (f *finder) take(p *Place) {
	has := specializeOf(p.Content)
	if f.found != nil && has == passWaits {
		f.notes = append(f.notes, f.found.Path+
			" comes first, but has no pass specialize, so Setup passes it over (documented)")
		f.found.Wipe()
	} else if f.found != nil {
		p.Wipe() // adding the pass to the earlier one makes Setup stop there
		return
	}
	const fromFolder = 2
	if p.Order == fromFolder {
		p.Notes = append(p.Notes, "Setup does not look at "+p.Path+" when it is started from Windows PE (documented)")
	}
	f.found, f.decided = p, has != passMissing
}

// passState is what Setup makes of the pass specialize of a file.
type passState int

const (
	passMissing passState = iota // it passes the file over
	passWaits                    // it takes the file
	passUsed                     // it has been through it
)

// specializeOf tells what Setup makes of a file. One that cannot be read counts as taken: whoever uses it says why not.
func specializeOf(content []byte) passState {
	if isEmpty(content) {
		return passMissing
	}
	d, err := parse(content)
	if err != nil {
		return passWaits
	}
	defer d.wipe()
	for _, settings := range d.passes(passSpecialize) {
		if processed(settings) {
			return passUsed
		}
		if len(children(settings, tagComponent)) > 0 {
			return passWaits
		}
	}
	return passMissing
}

// systemDrive is the letter that the drive of Windows has when it runs (inferred: an image that is booted from its own
// disk gets C:, whatever letters there were when it was built).
const systemDrive = "C:"

// resolve turns the value UnattendFile into a place in the image, such as `C:\Windows\Panther\my.xml`,
// `%WINDIR%\my.xml` or `%SYSTEMDRIVE%\my.xml`.
func resolve(image imagefs.Session, pointer string) (location, error) {
	place := strings.Trim(strings.ReplaceAll(strings.Trim(pointer, blanks+"\x00"), "/", `\`), `"`)
	for variable, value := range map[string]string{
		"%WINDIR%": systemDrive + `\Windows`, "%SYSTEMROOT%": systemDrive + `\Windows`, "%SYSTEMDRIVE%": systemDrive,
	} {
		if len(place) >= len(variable) && strings.EqualFold(place[:len(variable)], variable) {
			place = value + place[len(variable):]
		}
	}
	afterDrive, ok := cutFold(place, systemDrive+`\`)
	name := strings.ReplaceAll(afterDrive, `\`, "/")
	if !ok || !fs.ValidPath(name) || name == "." || strings.ContainsAny(name, `:%*?"<>|`) || actsOnTerminal(name) {
		return location{}, unseen(pointer, "that place cannot be seen in the image")
	}
	if inside, ok := cutFold(name, "Windows/"); ok {
		return inWindows(image, inside), nil
	}
	if !image.DriveKnown() {
		return location{}, unseen(pointer, "that is above the Windows directory, and the root of the drive was not given")
	}
	return onDrive(image, name), nil
}

// actsOnTerminal reports whether a name has characters that no message may show. It becomes a place's path.
func actsOnTerminal(name string) bool {
	return strings.ContainsRune(plaintext.Line(name, 0), plaintext.Replacement)
}

func unseen(pointer, why string) error {
	return winerr.Errorf(winerr.NotSupported,
		`HKLM\SYSTEM\Setup\UnattendFile tells Setup to use %s, but %s: point it to a file `+
			`in the Windows directory, such as C:\Windows\Panther\unattend.xml, or delete the value`, plaintext.Line(pointer, plaintext.Name), why)
}

func cutFold(s, prefix string) (rest string, ok bool) {
	if len(s) < len(prefix) || !strings.EqualFold(s[:len(prefix)], prefix) {
		return s, false
	}
	return s[len(prefix):], true
}
