package qmp_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/offlinejoin/offlinejoin/internal/firstboot/qmp"
	"github.com/offlinejoin/offlinejoin/internal/testenv"
)

// socket returns a path that is short enough for one.
func socket(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "qmp-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return filepath.Join(dir, "s")
}

const greeting = `{"QMP": {"version": {"qemu": {"major": 7}}, "capabilities": []}}`

// serve listens as qemu does: it says first, and then answers each command with the lines that answer returns.
func serve(t *testing.T, first string, answer func(command string, id int) []string) string {
	t.Helper()
	path := socket(t)
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer func() { _ = conn.Close() }()
		fmt.Fprint(conn, first+"\r\n")
		lines := bufio.NewScanner(conn)
		for lines.Scan() {
			var c struct {
				Execute string
				ID      int
			}
			if json.Unmarshal(lines.Bytes(), &c) != nil {
				return
			}
			out := []string{fmt.Sprintf(`{"return": {}, "id": %d}`, c.ID)}
			if c.Execute != "qmp_capabilities" {
				out = answer(c.Execute, c.ID)
			}
			if out == nil {
				return
			}
			fmt.Fprint(conn, strings.Join(out, "\r\n")+"\r\n")
		}
	}()
	return path
}

func TestCommandsAndEvents(t *testing.T) {
	t.Parallel()
	path := serve(t, greeting, func(command string, id int) []string {
		switch command {
		case "query-status":
			return []string{
				`{"event": "RESET", "data": {"guest": true}}`, `{"return": {"old": true}, "id": 999}`,
				fmt.Sprintf(`{"return": {"status": "running"}, "id": %d}`, id),
			}
		case "nonsense":
			return []string{fmt.Sprintf(`{"error": {"class": "CommandNotFound", "desc": "no such\u001b[31m command"}, "id": %d}`, id)}
		}
		return nil
	})
	c, err := qmp.Dial(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if got, err := c.Execute(t.Context(), "query-status", nil); err != nil || string(got) != `{"status": "running"}` {
		t.Errorf("%s, %v", got, err)
	}
	if e := <-c.Events(); e.Name != "RESET" || string(e.Data) != `{"guest": true}` {
		t.Errorf("%+v", e)
	}
	if _, err := c.Execute(t.Context(), "nonsense", map[string]int{"n": 1}); err == nil || !strings.Contains(err.Error(), "refuses nonsense: no such") ||
		strings.Contains(err.Error(), "\x1b") {
		t.Errorf("%q", err)
	}
	if _, err := c.Execute(t.Context(), "ends", nil); !errors.Is(err, qmp.ErrEnded) {
		t.Errorf("%v", err)
	}
	if _, more := <-c.Events(); more {
		t.Error("events go on after the end")
	}
}

// What comes before a command's own answer never takes its place, however much of it there is and however late we look; and what
// was told before the end counts, although the end is seen at the same time.
func TestNoAnswerIsLost(t *testing.T) {
	t.Parallel()
	path := serve(t, greeting, func(command string, id int) []string {
		var out []string
		for old := range 50 {
			out = append(out, fmt.Sprintf(`{"return": {"old": true}, "id": %d}`, 1000+old))
		}
		out = append(out, fmt.Sprintf(`{"return": {"of": %d}, "id": %[1]d}`, id), fmt.Sprintf(`{"return": {"again": true}, "id": %d}`, id))
		if command == "last" {
			out = append(out, "the end")
		}
		return out
	})
	c, err := qmp.Dial(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for n := 2; n < 200; n++ {
		command := "query-status"
		if n == 199 {
			command = "last"
		}
		if got, err := c.Execute(ctx, command, nil); err != nil || string(got) != fmt.Sprintf(`{"of": %d}`, n) {
			t.Fatalf("command %d: %s, %v", n, got, err)
		}
	}
}

// Whoever else listens at the path makes neither a panic nor an endless wait, nor endless memory.
func TestOthersThanQemu(t *testing.T) {
	t.Parallel()
	for name, says := range map[string]string{
		"no JSON": "SSH-2.0", "no greeting": `{"return": {}}`, "long": strings.Repeat("x", 3<<20), "nothing": "",
	} {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		if _, err := qmp.Dial(ctx, serve(t, says, nil)); err == nil {
			t.Errorf("%s: taken for qemu", name)
		}
		cancel()
	}
	broken := serve(t, greeting, func(_ string, id int) []string {
		return []string{`{"event": 5}`, fmt.Sprintf(`{"return": {}, "id": %d}`, id)}
	})
	c, err := qmp.Dial(t.Context(), broken)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Execute(t.Context(), "query-status", nil); !errors.Is(err, qmp.ErrEnded) {
		t.Errorf("%v", err)
	}
}

func TestAnAnswerIsWaitedForAsLongAsTheContextLasts(t *testing.T) {
	t.Parallel()
	path := serve(t, greeting, func(string, int) []string { return []string{`{"event": "OTHER"}`} })
	c, err := qmp.Dial(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := c.Execute(ctx, "query-status", nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
}

// A real qemu, with no machine in it.
func TestRealQemu(t *testing.T) {
	t.Parallel()
	path := socket(t)
	qemu := exec.CommandContext(t.Context(), testenv.Tool(t, "qemu-system-x86_64"), "-M", "none", "-S", "-nodefaults", "-display", "none",
		"-qmp", "unix:"+path+",server=on,wait=off")
	if err := qemu.Start(); err != nil {
		t.Fatal(err)
	}
	var c *qmp.Client
	for start := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		var err error
		if c, err = qmp.Dial(t.Context(), path); err == nil {
			break
		}
		if time.Since(start) > time.Minute {
			t.Fatal(err)
		}
	}
	defer c.Close()
	if got, err := c.Execute(t.Context(), "query-status", nil); err != nil || !strings.Contains(string(got), "prelaunch") {
		t.Errorf("%s, %v", got, err)
	}
	if _, err := c.Execute(t.Context(), "no-such-command", nil); err == nil || !strings.Contains(err.Error(), "no-such-command") {
		t.Errorf("%v", err)
	}
	if _, err := c.Execute(t.Context(), "quit", nil); err != nil && !errors.Is(err, qmp.ErrEnded) {
		t.Error(err)
	}
	ended := false
	for e := range c.Events() {
		ended = ended || e.Name == "SHUTDOWN"
	}
	if !ended {
		t.Error("no SHUTDOWN was told")
	}
	if err := qemu.Wait(); err != nil {
		t.Error(err)
	}
}
