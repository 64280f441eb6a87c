package options

// WrongWords is an error about what the user wrote: options that do not go together, values that no option takes, options that
// are missing. It is wrong whatever the images, files and domains hold. It changes nothing of the error's text and code.
type WrongWords struct{ Err error }

// Error returns the text of the error.
func (w WrongWords) Error() string { return w.Err.Error() }

// Unwrap returns the error.
func (w WrongWords) Unwrap() error { return w.Err }

// wrongWords marks an error; nil stays nil.
func wrongWords(err error) error {
	if err == nil {
		return nil
	}
	return WrongWords{err}
}
