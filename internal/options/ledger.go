package options

import (
	"os"

	"github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// The environment variables of the ledger and of the image's name. The second is for commands on one image alone: of several
// it would make one.
const (
	LedgerVariable    = "OFFLINEJOIN_LEDGER"
	ImageNameVariable = "OFFLINEJOIN_IMAGE_NAME"
)

// LedgerOf turns the words of the options ledger_file and ledger into where the ledger is; without both it is where
// [LedgerVariable] says. The error says that both are there, or what is wrong with the URL (87), and never shows that.
func LedgerOf(file, url string) (offlinejoin.SingleUse, error) {
	use := offlinejoin.SingleUse{LedgerFile: file, Ledger: url}
	switch {
	case file != "" && url != "":
		return offlinejoin.SingleUse{}, wrongWords(winerr.Errorf(winerr.InvalidParameter, "%s and %s are both there, and one ledger is kept: "+
			"leave one out", LedgerURL, LedgerFile))
	case file == "" && url == "":
		use.Ledger = os.Getenv(LedgerVariable)
	}
	if use.Ledger == "" {
		return use, nil
	}
	if err := offlinejoin.CheckLedger(use.Ledger); err != nil {
		if url == "" {
			err = winerr.Errorf(winerr.InvalidParameter, "from the environment variable %s: %w", LedgerVariable, winerr.Uncoded(err))
		}
		return offlinejoin.SingleUse{}, wrongWords(err)
	}
	return use, nil
}

// NamedByEnvironment returns the words with the image's name from [ImageNameVariable], where they have none.
func (w PlaceWords) NamedByEnvironment() PlaceWords {
	if w.ImageName == "" {
		w.ImageName = os.Getenv(ImageNameVariable)
	}
	return w
}
