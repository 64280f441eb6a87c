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

// goldenState is what the record of an overlay and the disk that it stands on mean together.
type goldenState struct {
	warning string // in a sentence; "" when nothing has changed, or nothing is recorded
	broken  bool   // the disk below is another one than the overlay was made of
}

// Golden returns what has happened to the golden image of an overlay since that was made, in a sentence which is among
// Warnings, too, and "" for nothing. Where broken is true, what was read through the overlay has no meaning; else only the time
// of the golden image is another one.
func (s *Status) Golden() (warning string, broken bool) { return s.golden.warning, s.golden.broken }

// checkGolden compares the disk that an overlay stands on with what its record has of it.
func (im *openImage) checkGolden(r *record) (goldenState, error) {
	f, ok := im.session.(imagefs.Founded)
	was, recorded := imagefs.ParseGoldenMark(r.golden)
	if !ok || !recorded || im.makesDisk() {
		return goldenState{}, nil
	}
	now, path, known, err := f.GoldenMark()
	if err != nil || !known {
		return goldenState{}, err
	}
	switch changed, touched := was.Changed(now); {
	case changed:
		return goldenState{"the golden image changed under this overlay: it is broken, as are all that were made of " + path +
			" before: put the golden image back from a copy, or make the overlay anew", true}, nil
	case touched:
		return goldenState{warning: "the golden image " + path + " was written to, or copied, after this overlay was made of it (its time is " +
			now.ModTime.UTC().Format(time.RFC3339) + ", and was " + was.ModTime.UTC().Format(time.RFC3339) + "): if its content " +
			"changed, this overlay is broken, and what was recorded of it does not show everything"}, nil
	}
	return goldenState{}, nil
}
