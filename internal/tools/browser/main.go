// Browser uses a page in Chromium as somebody would, and prints what it saw. It is for tests, which keep the browser's
// protocol and its modules out of the product's go.mod that way.
//
//	browser CHROMIUM PAGE <steps.json
//
// PAGE is an absolute path of a file. Standard input holds an array of steps, each an object with one of the fields of
// [step]. Standard output is an array of the same length in JSON: what a step evaluated, null for the others. The browser
// has a profile of its own, runs with its background requests switched off, and ends after two minutes.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// step is one thing that is done to the page; one field is set.
type step struct {
	Viewport   []int64  `json:"viewport"`   // width and height in pixels
	Evaluate   string   `json:"evaluate"`   // JavaScript, whose value is the step's result
	Type       []string `json:"type"`       // a CSS selector, and the text to type there
	Click      string   `json:"click"`      // a CSS selector
	Visible    string   `json:"visible"`    // a CSS selector to wait for
	Media      []string `json:"media"`      // a media feature and its value, such as prefers-color-scheme and dark
	Screenshot string   `json:"screenshot"` // a file for a PNG of the whole page
}

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: browser CHROMIUM PAGE <steps.json")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "browser:", err)
		os.Exit(1)
	}
}

func run(chromium, page string) (err error) {
	var steps []step
	if err := json.NewDecoder(os.Stdin).Decode(&steps); err != nil {
		return fmt.Errorf("reading the steps: %w", err)
	}
	profile, err := os.MkdirTemp("", "offlinejoin-browser-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, remove(profile)) }()
	results, err := use(chromium, profile, page, steps)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(results)
}

// use opens the page and carries the steps out. The browser has ended when it returns.
func use(chromium, profile, page string, steps []step) ([]any, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	ctx, cancel = chromedp.NewExecAllocator(ctx,
		chromedp.ExecPath(chromium), chromedp.UserDataDir(profile),
		chromedp.NoFirstRun, chromedp.Headless, chromedp.DisableGPU, chromedp.NoSandbox,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true),
		chromedp.WSURLReadTimeout(time.Minute))
	defer cancel()
	ctx, cancel = chromedp.NewContext(ctx)
	defer cancel()

	// The first size is that of the page when it is loaded.
	var actions []chromedp.Action
	if len(steps) > 0 && len(steps[0].Viewport) == 2 {
		actions = append(actions, chromedp.EmulateViewport(steps[0].Viewport[0], steps[0].Viewport[1]))
	}
	actions = append(actions, chromedp.Navigate((&url.URL{Scheme: "file", Path: page}).String()))
	if err := chromedp.Run(ctx, actions...); err != nil {
		return nil, fmt.Errorf("opening %s: %w", page, err)
	}
	results := make([]any, len(steps))
	for i, s := range steps {
		action, err := s.action(&results[i])
		if err == nil {
			err = chromedp.Run(ctx, action)
		}
		if err != nil {
			return nil, fmt.Errorf("step %d: %w", i+1, err)
		}
	}
	return results, nil
}

func (s step) action(result *any) (chromedp.Action, error) {
	switch {
	case len(s.Viewport) == 2:
		return chromedp.EmulateViewport(s.Viewport[0], s.Viewport[1]), nil
	case s.Evaluate != "":
		return chromedp.Evaluate(s.Evaluate, result), nil
	case len(s.Type) == 2:
		return chromedp.SendKeys(s.Type[0], s.Type[1], chromedp.ByQuery), nil
	case s.Click != "":
		return chromedp.Click(s.Click, chromedp.ByQuery), nil
	case s.Visible != "":
		return chromedp.WaitVisible(s.Visible, chromedp.ByQuery), nil
	case len(s.Media) == 2:
		feature := &emulation.MediaFeature{Name: s.Media[0], Value: s.Media[1]}
		return emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{feature}), nil
	case s.Screenshot != "":
		return chromedp.ActionFunc(func(ctx context.Context) error {
			var picture []byte
			if err := chromedp.FullScreenshot(&picture, 100).Do(ctx); err != nil {
				return err
			}
			return os.WriteFile(s.Screenshot, picture, 0o600)
		}), nil
	}
	return nil, errors.New("no field of it is known")
}

// remove removes the browser's folder. Its processes may write for a moment after the browser has ended.
func remove(profile string) (err error) {
	for range 100 {
		if err = os.RemoveAll(profile); err == nil {
			return nil
		}
		time.Sleep(100 * time.Millisecond)
	}
	return fmt.Errorf("the browser's folder is left: %w", err)
}
