package main

import (
	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/registry"

	"github.com/offlinejoin/offlinejoin/internal/completion"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// sourceKey holds the sources of the Application log.
const sourceKey = `SYSTEM\CurrentControlSet\Services\EventLog\Application\` + completion.EventSource

// Event registers our source and writes one event. ReportEvent (documented) needs the EventLog service.
func (windowsSystem) Event(id uint32, text string) error {
	if err := registerSource(); err != nil {
		return winerr.OfCall("registering the event source", err)
	}
	source, err := windows.UTF16PtrFromString(completion.EventSource)
	if err != nil {
		return winerr.OfCall(completion.EventSource, err)
	}
	log, err := windows.RegisterEventSource(nil, source)
	if err != nil {
		return winerr.OfCall("RegisterEventSource", err)
	}
	defer func() { _ = windows.DeregisterEventSource(log) }() // a handle; nothing is buffered in it

	words, err := windows.UTF16PtrFromString(text)
	if err != nil {
		return winerr.OfCall("the event's text", err)
	}
	return winerr.OfCall("ReportEvent", windows.ReportEvent(log, eventType(id), 0, id, 0, 1, 0, &words, nil))
}

// registerSource names the message file: EventCreate.exe is in every Windows but Nano Server (observed), and shows the
// text of events 1 to 1000 as it is. Where it is missing the viewer shows the text with a remark of its own.
func registerSource() error {
	key, _, err := registry.CreateKey(registry.LOCAL_MACHINE, sourceKey, registry.SET_VALUE)
	if err != nil {
		return err
	}
	defer func() { _ = key.Close() }() // a handle; nothing is buffered in it
	err = key.SetExpandStringValue("EventMessageFile", `%SystemRoot%\System32\EventCreate.exe`)
	if err != nil {
		return err
	}
	const types = windows.EVENTLOG_ERROR_TYPE | windows.EVENTLOG_WARNING_TYPE | windows.EVENTLOG_INFORMATION_TYPE
	return key.SetDWordValue("TypesSupported", types)
}

func eventType(id uint32) uint16 {
	switch id {
	case completion.EventCompleted:
		return windows.EVENTLOG_INFORMATION_TYPE
	case completion.EventRetry:
		return windows.EVENTLOG_WARNING_TYPE
	}
	return windows.EVENTLOG_ERROR_TYPE
}
