package offlinejoin

import (
	"time"

	"github.com/offlinejoin/offlinejoin/internal/completion"
	"github.com/offlinejoin/offlinejoin/internal/imagefs"
)

// goldenEdits records what the disk that a new overlay stands on is like. A disk that stands by itself has no such record, and
// in an overlay that was there before it stays as it is.
func (im *openImage) goldenEdits() ([]edit, error) {
	drop := []edit{{what: dropValue, key: completion.Key, name: completion.ValueGoldenImage}}
	f, ok := im.session.(imagefs.Founded)
	if !ok {
		return drop, nil
	}
	mark, _, known, err := f.GoldenMark()
	switch {
	case err != nil:
		return nil, err
	case !known:
		return drop, nil
	case !im.makesDisk():
		return nil, nil
	}
	return []edit{setText(completion.Key, completion.ValueGoldenImage, mark.String())}, nil
}

// goldenWarning compares the disk that an overlay stands on with what its record has of it, and returns "" when that says
// nothing.
func (im *openImage) goldenWarning(r *record) (string, error) {
	f, ok := im.session.(imagefs.Founded)
	was, recorded := imagefs.ParseGoldenMark(r.golden)
	if !ok || !recorded || im.makesDisk() {
		return "", nil
	}
	now, path, known, err := f.GoldenMark()
	if err != nil || !known {
		return "", err
	}
	switch changed, touched := was.Changed(now); {
	case changed:
		return "the golden image changed under this overlay: it is broken, as are all that were made of " + path +
			" before: put the golden image back from a copy, or make the overlay anew", nil
	case touched:
		return "the golden image " + path + " was written to, or copied, after this overlay was made of it (its time is " +
			now.ModTime.UTC().Format(time.RFC3339) + ", and was " + was.ModTime.UTC().Format(time.RFC3339) + "): if its content " +
			"changed, this overlay is broken, and what was recorded of it does not show everything", nil
	}
	return "", nil
}
