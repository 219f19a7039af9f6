//go:build linux

package main

import (
	"bufio"
	"bytes"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/creack/pty"

	"github.com/tokenctl/tokenctl/oath/oathtest"
	"github.com/tokenctl/tokenctl/oath/virtualkey/vktest"
)

// asVirtualkey is the environment variable that makes this test binary virtualkey.
const asVirtualkey = "VIRTUALKEY_TEST_MAIN"

func TestMain(m *testing.M) {
	if os.Getenv(asVirtualkey) != "" {
		main()
	}
	os.Exit(m.Run())
}

// newVirtualkey returns the environment in which virtualkey is a program, and anybody
// may run it, in a folder that is HOME.
func newVirtualkey(t *testing.T) (home string, environment []string) {
	t.Helper()
	vktest.Launch(t) // or skip
	home, err := os.MkdirTemp("", "vk")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(home) })
	for from, to := range map[string]string{os.Args[0]: "virtualkey", "../../bin/libifdvpcd.so": "libifdvpcd.so"} {
		b, err := os.ReadFile(from)
		if errors.Is(err, fs.ErrNotExist) && to != "virtualkey" {
			continue // it is installed
		}
		syscall.ForkLock.RLock() // a program that a child still has open for writing cannot be run
		err = errors.Join(err, os.WriteFile(filepath.Join(home, to), b, 0o755))
		syscall.ForkLock.RUnlock()
		if err != nil {
			t.Fatal(err)
		}
	}
	environment = append(os.Environ(), asVirtualkey+"=1", "HOME="+home, "TMPDIR=/tmp", "PATH="+home+":"+os.Getenv("PATH"))
	return home, environment
}

// TestRun has other people's programs find the key, for root and for somebody who is
// not, and others besides, all at the same time.
func TestRun(t *testing.T) {
	oathtest.RequireTool(t, "ykman", "yubico-piv-tool")
	for _, test := range []struct {
		name, args, want string
		status           int
	}{
		{"ykman", "--serial 7 -- ykman list", "YubiKey 5 NFC (5.7.1) [OTP+FIDO+CCID] Serial: 7\n", 0},
		{"firmware", "--firmware 5.4.3 yubico-piv-tool -a status", "Version:\t5.4.3\nSerial Number:\t12345678\n", 0},
		{"status", "sh -c exit${IFS}42", "", 42},
		{"signal", "sh -c kill${IFS}-TERM${IFS}$$", "", 128 + int(syscall.SIGTERM)},
		{"missing", "no-such-command", "virtualkey: exec: \"no-such-command\": executable file not found in $PATH\n", statusNoCommand},
		{"folder", "/", "virtualkey: exec: \"/\": is a directory\n", statusCannotRun},
		{"no command", "--serial 8", "the command is missing; see virtualkey run -h\n", statusFailed},
		{"bad name", "--reader-name \" true", "virtualkey: invalid name of a reader \"\\\"\"\n", statusFailed},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			for _, user := range []uint32{0, 65534} {
				if user != 0 && os.Getuid() != 0 {
					continue // the test itself is run by somebody
				}
				home, environment := newVirtualkey(t)
				cmd := exec.Command(filepath.Join(home, "virtualkey"), append([]string{"run"}, strings.Split(test.args, " ")...)...)
				cmd.Env, cmd.Dir = environment, home
				if user != 0 {
					cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: user, Gid: user}}
					if err := errors.Join(os.Chmod(home, 0o755), os.Chown(home, int(user), int(user))); err != nil {
						t.Fatal(err)
					}
				}
				out, err := cmd.CombinedOutput()
				if cmd.ProcessState == nil || cmd.ProcessState.ExitCode() != test.status || !strings.HasPrefix(string(out), test.want) || test.want == "" && len(out) > 0 {
					t.Errorf("user %d: %v, want status %d\n%s\nwant: %s", user, err, test.status, out, test.want)
				}
			}
		})
	}
}

// Whatever ends virtualkey or its command, nothing is left: no process, no socket, no
// file.
func TestRunLeavesNothing(t *testing.T) {
	to := func(signal syscall.Signal) func(*exec.Cmd, *os.File) error {
		return func(cmd *exec.Cmd, _ *os.File) error { return cmd.Process.Signal(signal) }
	}
	for _, test := range []struct {
		name string
		end  func(cmd *exec.Cmd, terminal *os.File) error
		want syscall.WaitStatus
	}{
		{"Ctrl-C", func(_ *exec.Cmd, terminal *os.File) error { _, err := terminal.WriteString("\x03"); return err }, (128 + 2) << 8},
		{"SIGTERM", to(syscall.SIGTERM), (128 + 15) << 8},
		{"SIGHUP", to(syscall.SIGHUP), (128 + 1) << 8},
		{"SIGKILL", to(syscall.SIGKILL), 9},
		{"the command ends", func(_ *exec.Cmd, terminal *os.File) error { _, err := terminal.WriteString("\n"); return err }, 3 << 8},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			home, environment := newVirtualkey(t)
			cmd := exec.Command(filepath.Join(home, "virtualkey"), "run", "--control", "control", "--",
				"sh", "-c", "test -S control && test -t 1 && echo $PCSCLITE_CSOCK_NAME && read line && exit 3")
			cmd.Env, cmd.Dir = environment, home
			terminal, err := pty.Start(cmd)
			if err != nil {
				t.Fatal(err)
			}
			defer terminal.Close()
			socket, err := bufio.NewReader(terminal).ReadString('\n')
			socket = strings.TrimSpace(socket)
			if err != nil || !filepath.IsAbs(socket) {
				t.Fatalf("the command says %q, %v", socket, err)
			}
			if err := test.end(cmd, terminal); err != nil {
				t.Fatal(err)
			}
			cmd.Wait()
			if got := cmd.ProcessState.Sys().(syscall.WaitStatus); got != test.want {
				t.Errorf("wait status %#x, want %#x", got, test.want)
			}
			dir := filepath.Dir(socket)
			for _, path := range []string{dir, filepath.Join(home, "control")} {
				if err := oathtest.Await(path+" is gone", func() bool {
					_, err := os.Lstat(path)
					return errors.Is(err, fs.ErrNotExist)
				}); err != nil {
					t.Error(err)
				}
			}
			if err := oathtest.Await("no process that knows "+dir, func() bool { return processes(dir) == 0 }); err != nil {
				t.Error(err)
			}
		})
	}
}

// Who may make no namespaces, and is not root, gets an error that says so.
func TestRunForbidden(t *testing.T) {
	t.Parallel()
	oathtest.RequireTool(t, "unshare", "setpriv")
	home, environment := newVirtualkey(t)
	cmd := exec.Command("unshare", "--user", "--map-user=1000", "--keep-caps", "sh", "-c",
		"echo 0 >/proc/sys/user/max_user_namespaces && exec setpriv --inh-caps=-all --ambient-caps=-all virtualkey run true")
	cmd.Env, cmd.Dir = environment, home
	out, err := cmd.CombinedOutput()
	if status := cmd.ProcessState.ExitCode(); status != statusFailed && !strings.HasPrefix(string(out), "virtualkey:") {
		t.Skipf("this place cannot be made one: %v: %s", err, out)
	}
	if !strings.Contains(string(out), "user namespaces are not allowed here") {
		t.Errorf("%v: %s", err, out)
	}
}

// Without a terminal, who interrupts virtualkey interrupts the command.
func TestRunInterrupted(t *testing.T) {
	t.Parallel()
	home, environment := newVirtualkey(t)
	cmd := exec.Command(filepath.Join(home, "virtualkey"), "run", "sh", "-c", "trap 'echo interrupted; exit 5' INT; echo started; read line")
	cmd.Env, cmd.SysProcAttr = environment, &syscall.SysProcAttr{Setsid: true}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer stdin.Close()
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		if lines.Text() == "started" {
			cmd.Process.Signal(os.Interrupt)
		}
	}
	cmd.Wait()
	if status := cmd.ProcessState.ExitCode(); status != 5 {
		t.Errorf("status %d, want 5", status)
	}
}

// processes counts those that have a word in their command or environment.
func processes(word string) int {
	n := 0
	folders, _ := filepath.Glob("/proc/[0-9]*")
	for _, f := range folders {
		command, _ := os.ReadFile(f + "/cmdline")
		environment, _ := os.ReadFile(f + "/environ")
		if bytes.Contains(append(command, environment...), []byte(word)) {
			n++
		}
	}
	return n
}
