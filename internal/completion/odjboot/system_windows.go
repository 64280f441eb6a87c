package main

import (
	"errors"
	"syscall"

	"github.com/offlinejoin/offlinejoin/internal/completion/boot"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// windowsSystem is the running Windows.
type windowsSystem struct{}

var (
	_ boot.System = windowsSystem{}
	_ boot.Caller = windowsSystem{}
)

// coded gives an error of a Windows call its code, and nil for no error.
func coded(what string, err error) error {
	if err == nil {
		return nil
	}
	if code, is := errors.AsType[syscall.Errno](err); is {
		return winerr.New(winerr.Code(code), what+": "+describe(winerr.Code(code)))
	}
	return winerr.New(winerr.GenFailure, what+": "+err.Error())
}

func describe(code winerr.Code) string {
	if text := code.Text(); text != "" {
		return text
	}
	return "Windows refused"
}
