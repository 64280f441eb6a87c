package winerr

import (
	"errors"
	"syscall"
)

// OfCall gives an error of a Windows call its code, and says which call it was; nil for no error.
func OfCall(what string, err error) error {
	if err == nil {
		return nil
	}
	if errno, is := errors.AsType[syscall.Errno](err); is {
		code := Code(errno)
		text := code.Text()
		if text == "" {
			text = "Windows refused"
		}
		return New(code, what+": "+text)
	}
	return New(GenFailure, what+": "+err.Error())
}
