package ledger_test

import (
	"bytes"
	"regexp"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	"github.com/offlinejoin/offlinejoin/internal/ledger"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// mounted is a claim of WEB01's blob for an image that is mounted on a host; file is inode and birth time.
func mounted(name, host, volume, file string) ledger.Claim {
	c := claim(1, "one", "a")
	id := imagefs.Identity{Name: name, Host: host, Volume: volume, Path: "/Windows", File: file}
	c.Image = ledger.NewImage("/mnt/image/Windows", id)
	return c
}

// The disks of two machines are attached and mounted one after the other, clones of one template that agree in all that
// is known. Only what the image holds tells them apart.
func TestTwoImagesOneAfterTheOtherAtOnePlace(t *testing.T) {
	t.Parallel()
	const before = `^this account is already staged into /mnt/image/Windows \(\d{4}-\d\d-\d\d \d\d:\d\d, fingerprint ` +
		`[0-9a-f]{4}…[0-9a-f]{4}\), and the image that is there now does not hold that join: if another image is mounted ` +
		`there, make a new blob for it`
	const after = `, or set reuse = "allow" with a reason \(2732 NERR_AccountReuseBlockedByPolicy\)$`
	for kind, l := range kinds(t) {
		want := before + releasePattern(kind) + after
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			c := mounted("", "build1#0a", "dev:/dev/sdb2", "5:17.5")
			c.Image.MachineSID, c.Image.ComputerName = machineSID, "TEMPLATE"
			stage(t, l, c)
			if got := refused(t, l, c); !regexp.MustCompile(want).MatchString(got) {
				t.Errorf("error\n %s\nwant\n %s", got, want)
			}
			use := stage(t, l, held(c))
			if len(use.Earlier()) != 1 || len(use.Warnings()) != 0 {
				t.Errorf("the image that holds it: earlier %v, warnings %q", use.Earlier(), use.Warnings())
			}
			refused(t, l, c)
			known, err := l.Released(t.Context(), force(t, l)[0].ID, "the first disk is gone", "test")
			if !known || err != nil {
				t.Fatalf("Released: %v, %v", known, err)
			}
			stage(t, l, c)
		})
	}
}

// releasePattern is how a refusal tells of the command that releases the use of an image that is gone: whole, by what the command
// line is given the ledger of a kind, and not at all for the ledger of one run.
func releasePattern(kind string) string {
	flag := map[string]string{"file": "--ledger-file [^ ]+", "postgres": `--ledger "?postgres://[^ ]+`}[kind]
	if flag == "" {
		return ""
	}
	return `; if the first image is gone, release its use \(offlinejoin ledger release [0-9a-f]{16} ` + flag +
		` --reason "the first image is gone"\)`
}

// A place that no text of a message has room for is compared all the same.
func TestALongPlaceIsComparedWhole(t *testing.T) {
	t.Parallel()
	l := ledger.NewRun()
	c := mounted("", "build1#0a", "file:/"+strings.Repeat("long", 500), "")
	stage(t, l, c)
	if got := refused(t, l, c); !strings.Contains(got, "does not hold that join") {
		t.Errorf("error %s", got)
	}
}

// A run was killed in its stage. The same image may be tried again, whether it holds the join by now or not.
func TestAKilledStagePassesForItsImageAlone(t *testing.T) {
	t.Parallel()
	first := mounted("", "build1#0a", "dev:/dev/sdb2", "5:17.5")
	first.Image.MachineSID, first.Image.ComputerName = machineSID, "WIN-7Q2K"
	for name, c := range map[string]struct {
		change func(*ledger.Claim)
		passes bool
	}{
		"the same":                {func(*ledger.Claim) {}, true},
		"it holds the join":       {func(c *ledger.Claim) { c.AlreadyStaged = true }, true},
		"no machine SID known":    {func(c *ledger.Claim) { c.Image.MachineSID = "" }, true},
		"no computer name known":  {func(c *ledger.Claim) { c.Image.ComputerName = "" }, true},
		"the name in lower case":  {func(c *ledger.Claim) { c.Image.ComputerName = "win-7q2k" }, true},
		"no birth time known":     {func(c *ledger.Claim) { c.Image.File = "" }, true},
		"another machine SID":     {func(c *ledger.Claim) { c.Image.MachineSID += "1" }, false},
		"another computer name":   {func(c *ledger.Claim) { c.Image.ComputerName = "WIN-8R3L" }, false},
		"another birth time":      {func(c *ledger.Claim) { c.Image.File = "5:18.5" }, false},
		"another inode":           {func(c *ledger.Claim) { c.Image.File = "6:17.5" }, false},
		"another place":           {func(c *ledger.Claim) { c.Image.Place = "dev:/dev/sdc2|/Windows" }, false},
		"another host":            {func(c *ledger.Claim) { c.Image.Host = "build2#0b" }, false},
		"another, with a reason":  {func(c *ledger.Claim) { c.Image.File, c.Reuse, c.ReuseReason = "6:1.5", true, "gone" }, true},
		"another, for a new blob": {func(c *ledger.Claim) { c.Image.File, c.Fingerprint = "6:1.5", fingerprint("two") }, true},
	} {
		for kind, l := range kinds(t) {
			t.Run(name+", "+kind, func(t *testing.T) {
				t.Parallel()
				begin(t, l, first) // and never ends
				second := first
				c.change(&second)
				if c.passes {
					stage(t, l, second)
					return
				}
				got := refused(t, l, second)
				if !strings.HasPrefix(got, "a stage of this account into /mnt/image/Windows") {
					t.Errorf("error %s", got)
				}
				here := second.Image.Place == first.Image.Place && second.Image.Host == first.Image.Host
				if other := strings.Contains(got, "and the image that is there now is another"); other != here {
					t.Errorf("the image is at the same place: %v, and the error is %s", here, got)
				}
				if release := releasePattern(kind); here && !regexp.MustCompile("wait for it"+release+", or set reuse").MatchString(got) {
					t.Errorf("error %s, want %s", got, release)
				}
			})
		}
	}
}

// A place means something on its host alone, and the message names the other host.
func TestTheSamePlaceOfAnotherHostIsAnotherImage(t *testing.T) {
	t.Parallel()
	here := mounted("", "build1#0a", "dev:/dev/sdb2", "5:17.5")
	for host, said := range map[string]string{
		"build2#0a": "into /mnt/image/Windows on build1 (", // a virtual machine's copy has the machine id
		"build1#0b": "into /mnt/image/Windows (",           // machines of the same name
		"build1":    "",                                    // the same one: its machine id is not known
	} {
		l, _ := newFile(t)
		stage(t, l, here)
		there := here
		there.Image.Host = host
		if said == "" {
			stage(t, l, held(there))
			continue
		}
		if got := refused(t, l, held(there)); !strings.Contains(got, said) {
			t.Errorf("%s: error %s, want %q", host, got, said)
		}
		if known, err := l.Unstaged(t.Context(), there.Image, there.Fingerprint, ""); known || err != nil {
			t.Errorf("%s: Unstaged of its image: %v, %v", host, known, err)
		}
		there.Reuse, there.ReuseReason = true, "it was moved"
		if got := begin(t, l, there).Warnings(); len(got) != 1 || !strings.Contains(got[0], said) {
			t.Errorf("%s: warnings %q, want %q", host, got, said)
		}
	}
}

// What the user calls an image goes before all that the system reports of it.
func TestNamesOfImages(t *testing.T) {
	t.Parallel()
	l, _ := newFile(t)
	stage(t, l, mounted("web01", "build1#0a", "dev:/dev/sdb2", "5:17.5"))
	elsewhere := mounted("web01", "build2#0b", "dm:web01", "5:17.5")
	if _, known, err := ledger.Check(t.Context(), held(elsewhere), l); err != nil || !known {
		t.Errorf("the name on another host: known %v, %v", known, err)
	}
	const here = "already staged into web01 ("
	if got := refused(t, l, elsewhere); !strings.Contains(got, here) || !strings.Contains(got, "does not hold that join") {
		t.Errorf("an image of the name that does not hold the join: error %s", got)
	}
	other := mounted("web02", "build1#0a", "dev:/dev/sdb2", "5:17.5")
	for _, c := range []ledger.Claim{other, held(other)} { // a clone of the staged image holds its join
		if got := refused(t, l, c); !strings.Contains(got, here) || strings.Contains(got, "does not hold that join") {
			t.Errorf("another name at the same path: error %s", got)
		}
	}
	if known, err := l.Unstaged(t.Context(), other.Image, other.Fingerprint, ""); known || err != nil {
		t.Errorf("Unstaged by another name: %v, %v", known, err)
	}
	if known, err := l.Unstaged(t.Context(), elsewhere.Image, elsewhere.Fingerprint, ""); !known || err != nil {
		t.Errorf("Unstaged on another host: %v, %v", known, err)
	}
	stage(t, l, other)
}

// An image gets its name after it was staged: that is news to the ledger, so that another host can find it.
func TestANameThatIsGivenLaterIsRecorded(t *testing.T) {
	t.Parallel()
	l, _ := newFile(t)
	stage(t, l, mounted("", "build1#0a", "dev:/dev/sdb2", "5:17.5"))
	named := held(mounted("web01", "build1#0a", "dev:/dev/sdb2", "5:17.5"))
	elsewhere := held(mounted("web01", "build2#0b", "dev:/dev/sdc2", ""))
	refused(t, l, elsewhere)
	if _, known, err := ledger.Check(t.Context(), named, l); err != nil || known {
		t.Errorf("before: known %v, %v", known, err)
	}
	stage(t, l, named)
	for _, c := range []ledger.Claim{named, elsewhere, held(mounted("", "build1#0a", "dev:/dev/sdb2", ""))} {
		if _, known, err := ledger.Check(t.Context(), c, l); err != nil || !known {
			t.Errorf("%+v: known %v, %v", c.Image, known, err)
		}
	}
}

func TestAShareIsOneImageForAllHosts(t *testing.T) {
	t.Parallel()
	l, _ := newFile(t)
	c := mounted("", "", "net:server:/share", "") // imagefs leaves the host out
	stage(t, l, c)                                // on one host
	if _, known, err := ledger.Check(t.Context(), held(c), l); err != nil || !known {
		t.Errorf("on another: known %v, %v", known, err)
	}
	if got := refused(t, l, c); strings.Contains(got, " on ") || !strings.Contains(got, "does not hold that join") {
		t.Errorf("error %s", got)
	}
}

// A directory is found again at another path of its volume only by inode and birth time together.
func TestAMovedImageNeedsItsBirthTime(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		why, before, now string
		passes           bool
	}{
		{"the same directory", "5:17.5", "5:17.5", true},
		{"the inode is used again", "5:17.5", "5:18.5", false},
		{"no birth time now", "5:17.5", "", false},
		{"no birth time then", "", "5:17.5", false},
		{"never a birth time", "", "", false},
	} {
		l, _ := newFile(t)
		stage(t, l, mounted("", "build1#0a", "dev:/dev/sdb2", c.before))
		moved := held(mounted("", "build1#0a", "dev:/dev/sdb2", c.now))
		moved.Image.Place = "dev:/dev/sdb2|/old/Windows"
		if !c.passes {
			refused(t, l, moved)
			continue
		}
		stage(t, l, moved)
		if got := force(t, l); len(got) != 1 || got[0].Image.Place != moved.Image.Place {
			t.Errorf("%s: in force %+v", c.why, got)
		}
	}
}

// version1 are lines of version 1 as the program wrote them (but for the host's name): no host in the image, and an
// inode number alone.
const version1 = `{"v":1,"event":"intent","id":"fae641ad7097ad61","at":"2026-11-28T04:05:54Z","fingerprint":` +
	`"4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f","account":{"sid":` +
	`"S-1-5-21-1004336348-1177238915-682003330-1101","domain_guid":"3f2a6c1e-94d7-4b58-8a0d-51c7e2b9f604","domain":` +
	`"corp.example.com","machine_name":"WEB01"},"image":{"path":"/mnt/web01/Windows","place":"dev:/dev/sdb2|/Windows",` +
	`"file":"42","machine_sid":"S-1-5-21-3623811015-3361044348-30300820"},"by":"offlinejoin/0.1.0","host":"build1",` +
	`"pid":32658}` + "\n" +
	`{"v":1,"event":"staged","id":"fae641ad7097ad61","at":"2026-11-28T04:05:54Z","fingerprint":` +
	`"4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f","account":{"sid":` +
	`"S-1-5-21-1004336348-1177238915-682003330-1101","domain_guid":"3f2a6c1e-94d7-4b58-8a0d-51c7e2b9f604","domain":` +
	`"corp.example.com","machine_name":"WEB01"},"image":{"path":"/mnt/web01/Windows","place":"dev:/dev/sdb2|/Windows",` +
	`"file":"42","machine_sid":"S-1-5-21-3623811015-3361044348-30300820"},"by":"offlinejoin/0.1.0","host":"build1",` +
	`"pid":32658}` + "\n"

// oldClaim is a claim for the image of version1, or one like it, as it is seen today.
func oldClaim(host, volume, path string) ledger.Claim {
	id := imagefs.Identity{Host: host, Volume: volume, Path: path, File: "42:17.5"}
	return ledger.Claim{
		Account: web(1), Fingerprint: strings.Repeat("4f", 32), Image: ledger.NewImage("/mnt/web01/Windows", id),
	}
}

func TestLinesOfVersion1(t *testing.T) {
	t.Parallel()
	intent, _, _ := strings.Cut(version1, "\n")
	share := strings.ReplaceAll(version1, "dev:/dev/sdb2|/Windows", "net:server:/share|/web01/Windows")
	for _, c := range []struct {
		why, lines   string
		claim        ledger.Claim
		sentence     string // of the refusal; empty: it passes
		knownAlready bool
	}{
		{"the image that holds it", version1, held(oldClaim("build1#0a", "dev:/dev/sdb2", "/Windows")), "", true},
		{
			"another image there", version1, oldClaim("build1#0a", "dev:/dev/sdb2", "/Windows"),
			"this account is already staged into /mnt/web01/Windows (2026-11-28 04:05, fingerprint 4f4f…4f4f), and the image " +
				"that is there now does not hold that join", false,
		},
		{
			"another host", version1, held(oldClaim("build2#0a", "dev:/dev/sdb2", "/Windows")),
			"this account is already staged into /mnt/web01/Windows on build1 (2026", false,
		},
		{
			"moved: the inode alone is not enough", version1, held(oldClaim("build1#0a", "dev:/dev/sdb2", "/old/Windows")),
			"this account is already staged into /mnt/web01/Windows (2026", false,
		},
		{"killed", intent + "\n", oldClaim("build1#0a", "dev:/dev/sdb2", "/Windows"), "", false},
		{
			"killed on another host", intent + "\n", oldClaim("build2#0a", "dev:/dev/sdb2", "/Windows"),
			"a stage of this account into /mnt/web01/Windows on build1 began", false,
		},
		{"a share", share, held(oldClaim("", "net:server:/share", "/web01/Windows")), "", true},
		{
			"another image on the share", share, oldClaim("", "net:server:/share", "/web01/Windows"),
			"this account is already staged into /mnt/web01/Windows (2026", false,
		},
	} {
		l, path := newFile(t)
		add(t, path, c.lines)
		_, known, err := ledger.Check(t.Context(), c.claim, l)
		code, _ := winerr.CodeOf(err)
		switch {
		case c.sentence == "" && (err != nil || known != c.knownAlready):
			t.Errorf("%s: known %v, %v", c.why, known, err)
		case c.sentence != "" && (code != winerr.AccountReuseBlocked || !strings.HasPrefix(err.Error(), c.sentence)):
			t.Errorf("%s: error %v, want %q", c.why, err, c.sentence)
		}
	}
}

// A use of version 1 goes on in lines of version 2, which keep its host.
func TestAUseOfVersion1GoesOn(t *testing.T) {
	t.Parallel()
	l, path := newFile(t)
	add(t, path, version1)
	c := oldClaim("build1#0a", "dev:/dev/sdb2", "/Windows")
	told, err := l.Completed(t.Context(), c.Image, c.Fingerprint, "test/1.0")
	if !told || err != nil {
		t.Fatalf("Completed: %v, %v", told, err)
	}
	got := force(t, l)
	if len(got) != 1 || got[0].Event != ledger.EventCompleted || got[0].Image.Host != "build1" || got[0].Image.File != "" {
		t.Errorf("in force: %+v", got)
	}
	after, was := bytes.CutPrefix(content(t, path), []byte(version1))
	if !was || !bytes.Contains(after, []byte(`"image":{"path":"/mnt/web01/Windows","host":"build1","place":`)) {
		t.Errorf("behind the lines of version 1 is\n%s", after)
	}
	known, err := l.Unstaged(t.Context(), c.Image, c.Fingerprint, "test/1.0")
	if !known || err != nil || len(force(t, l)) != 0 {
		t.Errorf("Unstaged: %v, %v, in force %v", known, err, force(t, l))
	}
}

// A program of version 1 takes images for one by place alone. It refuses a whole ledger by the first line that says a
// higher "v" than 1, so every line of ours must begin so.
func TestEveryLineRefusesOldPrograms(t *testing.T) {
	t.Parallel()
	l, path := newFile(t)
	one, two := claim(1, "one", "a"), claim(2, "two", "b")
	stage(t, l, one)
	if err := begin(t, l, claim(3, "three", "c")).Cancel(t.Context()); err != nil {
		t.Fatal(err)
	}
	stage(t, l, two)
	for _, err := range []error{
		second(l.Completed(t.Context(), one.Image, one.Fingerprint, "")),
		second(l.Released(t.Context(), force(t, l)[0].ID, "gone", "")),
		second(l.Unstaged(t.Context(), two.Image, two.Fingerprint, "")),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	events := map[string]bool{}
	for line := range bytes.Lines(content(t, path)) {
		rest, is := bytes.CutPrefix(line, []byte(`{"v":2,"event":"`))
		if !is {
			t.Errorf("an old program would not refuse %s", line)
		}
		event, _, _ := strings.Cut(string(rest), `"`)
		events[event] = true
	}
	if len(events) != 6 {
		t.Errorf("events %v, want all six", events)
	}
}

func second(_ bool, err error) error { return err }

// TestADiskThatIsMadeByTheUse is found by what names its file for good, which is known only when it is there.
func TestADiskThatIsMadeByTheUse(t *testing.T) {
	t.Parallel()
	for kind, l := range kinds(t) {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			c := claim(1, "one", "a")
			c.Image = ledger.Image{Path: "disks/a.qcow2", Place: "file:/disks/a.qcow2|Windows"}
			use := begin(t, l, c)
			made := c.Image
			made.File = "42:7.5"
			use.Made(made)
			if err := use.Commit(t.Context()); err != nil {
				t.Fatal(err)
			}
			moved := ledger.Image{Path: "other/a.qcow2", Place: "file:/other/a.qcow2|Windows", File: "43:7.5"}
			if known, err := l.Unstaged(t.Context(), moved, c.Fingerprint, ""); known || err != nil {
				t.Errorf("another file: %v, %v", known, err)
			}
			moved.File = made.File
			if known, err := l.Unstaged(t.Context(), moved, c.Fingerprint, ""); !known || err != nil {
				t.Errorf("the file under another path: %v, %v", known, err)
			}
		})
	}
}
