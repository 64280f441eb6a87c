package firstboot

import (
	"bytes"
	"debug/elf"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/offlinejoin/offlinejoin/internal/canary"
	"github.com/offlinejoin/offlinejoin/internal/odj/blobfolder"
	"github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/sample/sampletest"
	"github.com/offlinejoin/offlinejoin/internal/testenv"
)

// What domain.sh tells the command that it runs, and what the machine there is told.
const (
	ofBlobFile     = "FIRST_BOOT_BLOB"
	ofUser         = "FIRST_BOOT_USER"
	ofPasswordFile = "FIRST_BOOT_PASSWORD_FILE"
	ofDomain       = "FIRST_BOOT_DOMAIN"
	inMachine      = "FIRST_BOOT_TEST_MACHINE"
)

// domainScript returns a command that runs the tests of a pattern beside a domain of Samba's that domain.sh makes for them.
func domainScript(t *testing.T, pattern string) *exec.Cmd {
	t.Helper()
	for _, tool := range []string{"samba", "samba-tool", "samba_spnupdate", "ip", "unshare", "setsid"} {
		testenv.Tool(t, tool)
	}
	if os.Getuid() != 0 {
		testenv.Absent(t, "a domain in namespaces of its own needs root")
	}
	command := filepath.Join(t.TempDir(), "offlinejoin")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", command, ".")
	build.Dir = testenv.Root()
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	self, err := os.Executable()
	must(t, err)
	cmd := exec.CommandContext(t.Context(), "sh", filepath.Join(testenv.Root(), "internal/firstboot/domain.sh"), self, "-test.run", pattern,
		"-test.v")
	cmd.Env = append(os.Environ(), "OFFLINEJOIN="+command)
	return cmd
}

// The scenario of a live domain with a blob, a user and a password that domain.sh has made with Samba and our own command. The
// machine is simulated: that it would reach the domain is what the next test is about.
func TestALiveDomainsLogon(t *testing.T) {
	t.Parallel()
	sampletest.Golden(t, sample.Image{}) // absent without the completion program
	out, err := domainScript(t, "^TestInsideLogon$").CombinedOutput()
	if err != nil || !bytes.Contains(out, []byte("--- PASS: TestInsideLogon")) {
		t.Errorf("%v\n%s", err, out)
	}
	if !bytes.Contains(out, []byte("the domain has counted 0 logons")) {
		t.Errorf("nobody has logged on in the domain\n%s", out)
	}
	_, rest, found := strings.Cut(string(out), "domain-folder:")
	folder, _, _ := strings.Cut(rest, "\n")
	if _, err := os.Stat(folder); !found || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the domain's folder %s is left: %v", folder, err)
	}
}

// Where there can be no domain, the script says what is missing, and has started and left nothing.
func TestWhereThereIsNoDomain(t *testing.T) {
	t.Parallel()
	script, err := os.ReadFile(filepath.Join(testenv.Root(), "internal/firstboot/domain.sh"))
	must(t, err)
	nobody := &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	for name, tt := range map[string]struct {
		args []string
		as   *syscall.SysProcAttr
		want string
	}{
		"no command":    {nil, nil, "usage: domain.sh"},
		"not root":      {[]string{"true"}, nobody, "needs root"},
		"not our tools": {[]string{"true"}, nil, "make build"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if name != "no command" && os.Getuid() != 0 {
				t.Skip("for root")
			}
			cmd := exec.CommandContext(t.Context(), "sh", append([]string{"-s", "--"}, tt.args...)...)
			cmd.Stdin, cmd.Dir, cmd.SysProcAttr = bytes.NewReader(script), "/", tt.as
			cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "OFFLINEJOIN="}
			out, err := cmd.CombinedOutput()
			if cmd.ProcessState.ExitCode() != 2 || !strings.Contains(string(out), tt.want) {
				if name == "not our tools" && strings.Contains(string(out), "is not there: install") {
					testenv.Absent(t, string(out))
				}
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}

// insideDomain returns the domain that domain.sh has made. Elsewhere the test is skipped: it runs in a process of its own.
func insideDomain(t *testing.T) Domain {
	t.Helper()
	if os.Getenv(ofDomain) == "" {
		t.Skip("runs beside a domain of domain.sh only, in a process of its own")
	}
	return Domain{Blob: os.Getenv(ofBlobFile), User: os.Getenv(ofUser), PasswordFile: os.Getenv(ofPasswordFile)}
}

func TestInsideLogon(t *testing.T) {
	d := insideDomain(t)
	fmt.Println("domain-folder:" + filepath.Dir(d.Blob))
	found, err := readDomain(d)
	if err != nil || found.account != "anna" || found.name != "firstboot.test" {
		t.Fatalf("%v", err)
	}
	names, err := net.LookupHost("dc1." + found.name)
	if err != nil || !slices.Equal(names, []string{"10.53.0.1"}) {
		t.Errorf("%v, %v", names, err)
	}
	interfaces, err := net.Interfaces()
	if err != nil || len(interfaces) != 1 || interfaces[0].Flags&net.FlagLoopback == 0 {
		t.Errorf("not only a loopback: %v, %v", interfaces, err)
	}
	s := Setup{Disk: sampletest.Golden(t, sample.Image{}), Dir: filepath.Join(t.TempDir(), "run"), Only: []string{"domain-logon"}, Domain: d}
	m := newSimulated(t, inProcess{})
	m.user, m.password = found.account, string(found.password)
	e, err := Run(t.Context(), m, s)
	must(t, err)
	for _, step := range e.Steps {
		if step.Result != "passed" {
			t.Errorf("%+v", step)
		}
	}
	if len(e.Steps) != 3 {
		t.Errorf("%d steps", len(e.Steps))
	}
	administrator, err := os.ReadFile(filepath.Join(filepath.Dir(d.Blob), "administrator"))
	must(t, err)
	search := canary.For(map[string][]byte{"the administrator's password": bytes.TrimSpace(administrator)}).And(forPassword(m.password))
	processes, err := filepath.Glob("/proc/[0-9]*/cmdline") // of the namespace
	if err != nil || len(processes) < 5 {
		t.Errorf("%v, %v", processes, err)
	}
	for _, command := range processes {
		for _, name := range []string{command, filepath.Join(filepath.Dir(command), "environ")} {
			text, _ := os.ReadFile(name) // a process may have ended
			if found := search.In(text); found != nil {
				t.Errorf("%s shows %v", name, found)
			}
		}
	}
	if found := m.secretsIn(s.Dir); found != nil {
		t.Errorf("a secret is in %v", found)
	}
}

// A machine of qemu's in such namespaces, with the arguments of the scenario, reaches the domain by its network, and without one
// nothing: Linux with its driver for the same card finds the controller by DNS, logs the user on by Kerberos and reads the directory.
func TestAMachineReachesTheDomain(t *testing.T) {
	if !long() {
		t.Skip("takes a minute: OFFLINEJOIN_LONG=1 runs it")
	}
	sampletest.Golden(t, sample.Image{}) // absent without the completion program
	testenv.Tool(t, "qemu-system-x86_64")
	linuxFor(t)
	out, err := domainScript(t, "^TestInsideMachine$").CombinedOutput()
	t.Logf("%s", out)
	if err != nil || !bytes.Contains(out, []byte("--- PASS: TestInsideMachine")) {
		t.Errorf("%v", err)
	}
	if !regexp.MustCompile(`the domain has counted [1-9][0-9]* logons`).Match(out) {
		t.Error("the domain has not seen the user log on")
	}
}

// linux is a kernel of this host, its driver for the card, and busybox.
type linux struct{ kernel, driver, busybox string }

func linuxFor(t *testing.T) linux {
	t.Helper()
	kernels, err := filepath.Glob("/boot/vmlinuz-*")
	must(t, err)
	for _, kernel := range slices.Backward(kernels) {
		version := strings.TrimPrefix(kernel, "/boot/vmlinuz-")
		driver := "/lib/modules/" + version + "/kernel/drivers/net/ethernet/intel/e1000e/e1000e.ko"
		if _, err := os.Stat(driver); err != nil {
			continue
		}
		busybox := testenv.Tool(t, "busybox")
		program, err := elf.Open(busybox)
		must(t, err)
		needed, err := program.ImportedLibraries()
		must(t, program.Close())
		if err != nil || len(needed) > 0 {
			testenv.Absent(t, "busybox needs libraries (Debian: busybox-static)")
		}
		return linux{kernel, driver, busybox}
	}
	testenv.Absent(t, "no Linux kernel with e1000e.ko is in /boot (Debian: linux-image-amd64, busybox-static)")
	return linux{}
}

const initScript = `#!/bin/busybox sh
/bin/busybox mount -t devtmpfs none /dev
/bin/busybox mount -t proc none /proc
/bin/busybox insmod /e1000e.ko
/bin/busybox ip link set lo up
if ! /bin/busybox ip link set eth0 up; then
	echo no network card
elif /bin/busybox udhcpc -i eth0 -n -q -t 20 -s /dhcp; then
	/machine -test.run '^TestInTheMachine$' -test.v
fi
/bin/busybox poweroff -f
`

const dhcpScript = `#!/bin/busybox sh
[ "$1" = bound ] || exit 0
/bin/busybox ip addr add "$ip/$mask" dev eth0
/bin/busybox ip route add default via "$router"
echo "resolver $dns"
echo "nameserver $dns" >/etc/resolv.conf
`

func TestInsideMachine(t *testing.T) {
	d := insideDomain(t)
	l := linuxFor(t)
	found, err := readDomain(d)
	must(t, err)
	blob, err := blobfolder.Read(d.Blob)
	must(t, err)
	defer blob.Wipe()
	dir := t.TempDir()
	disk := filepath.Join(dir, "disk.qcow2")
	must(t, stage(t.Context(), sampletest.Golden(t, sample.Image{}), disk, blob))
	self, err := os.Executable()
	must(t, err)
	initrd := filepath.Join(dir, "initrd")
	machine := fmt.Appendf(nil, "#!/bin/busybox sh\n%s=1 %s=%s %s=/password exec /tests \"$@\"\n", inMachine, ofDomain, found.name,
		ofPasswordFile)
	must(t, os.WriteFile(initrd, newc(t, []entry{
		{name: "init", content: []byte(initScript)},
		{name: "dhcp", content: []byte(dhcpScript)},
		{name: "machine", content: machine},
		{name: "password", content: append(found.password, '\n'), private: true},
		{name: "bin/busybox", file: l.busybox},
		{name: "e1000e.ko", file: l.driver},
		{name: "tests", file: self},
	}), 0o600))
	boot := func(name string, network bool) string {
		q := Qemu{
			Accel: "tcg", Memory: 512, CPUs: 1, Rest: 3 * time.Minute, Limit: 4 * time.Minute,
			more: []string{"-kernel", l.kernel, "-initrd", initrd, "-append", "console=ttyS0 quiet panic=-1"},
		}
		began := time.Now()
		end, err := q.Boot(t.Context(), disk, Boot{Network: network, Records: filepath.Join(dir, name)})
		said, _ := os.ReadFile(filepath.Join(dir, name+".serial"))
		told, _ := os.ReadFile(filepath.Join(dir, name+".qemu"))
		t.Logf("%s: %v, %v\n%s%s", name, time.Since(began), end.How, told, said)
		if err != nil || end.How != ByItself {
			t.Errorf("%v, %v", end.How, err)
		}
		return string(said)
	}
	if said := boot("online", true); !strings.Contains(said, "--- PASS: TestInTheMachine") || !strings.Contains(said, "resolver 10.0.2.3") {
		t.Error("the domain was not reached")
	}
	if said := boot("offline", false); !strings.Contains(said, "no network card") {
		t.Error("a boot without a network has one")
	}
}

// TestInTheMachine runs inside of the machine.
func TestInTheMachine(t *testing.T) {
	if os.Getenv(inMachine) == "" {
		t.Skip("runs inside of a machine only")
	}
	name := os.Getenv(ofDomain)
	for _, service := range []string{"ldap", "kerberos"} {
		_, all, err := net.LookupSRV(service, "tcp", "dc._msdcs."+name)
		if err != nil || len(all) != 1 || all[0].Target != "dc1."+name+"." {
			t.Fatalf("%s: %v", service, err)
		}
	}
	for _, port := range []string{"88", "135", "389", "445"} {
		conn, err := net.DialTimeout("tcp", "dc1."+name+":"+port, time.Minute)
		if err != nil {
			t.Errorf("port %s: %v", port, err)
			continue
		}
		must(t, conn.Close())
	}
	password, err := readPassword(os.Getenv(ofPasswordFile))
	must(t, err)
	d := offlinejoin.NewDirectory(offlinejoin.DirectoryRequest{
		Domain: name, Credential: offlinejoin.Credential{User: "anna", Password: offlinejoin.NewSecret(password)},
	})
	defer d.Close()
	facts, err := offlinejoin.ReadAccount(t.Context(), d, offlinejoin.AccountQuery{MachineName: "LOGON1"})
	if err != nil || facts.Status != offlinejoin.AccountFresh {
		t.Fatalf("%+v, %v", facts, err)
	}
}

// entry is a file of an initial file system.
type entry struct {
	name, file string // file is where its content is; empty: it is content
	content    []byte
	private    bool
}

// newc returns an archive as Linux takes it for its first file system (Documentation/driver-api/early-userspace/buffer-format.rst).
func newc(t *testing.T, files []entry) []byte {
	t.Helper()
	var b bytes.Buffer
	inode := 0
	add := func(name string, mode int, content []byte) {
		inode++
		fmt.Fprintf(&b, "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%s\x00", inode, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0,
			len(name)+1, 0, name)
		for b.Len()%4 > 0 {
			b.WriteByte(0)
		}
		b.Write(content)
		for b.Len()%4 > 0 {
			b.WriteByte(0)
		}
	}
	const folder, program, secret = 0o040755, 0o100755, 0o100600
	for _, name := range []string{"bin", "dev", "proc", "etc", "tmp"} {
		add(name, folder, nil)
	}
	for _, f := range files {
		content, mode := f.content, program
		if f.file != "" {
			var err error
			content, err = os.ReadFile(f.file)
			must(t, err)
		}
		if f.private {
			mode = secret
		}
		add(f.name, mode, content)
	}
	add("TRAILER!!!", 0, nil)
	return b.Bytes()
}
