//go:build linux

package vault_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/oathtest"
	"github.com/tokenctl/tokenctl/oath/vault"
)

// The test binary runs itself as the processes that work on a vault: their job
// and the folder are in the environment.
const (
	jobVariable    = "VAULT_TEST_JOB"
	folderVariable = "VAULT_TEST_FOLDER"
)

func TestMain(m *testing.M) {
	job := os.Getenv(jobVariable)
	if job == "" {
		os.Exit(m.Run())
	}
	runtime.LockOSThread() // so that strace counts all system calls together
	if err := work(job, os.Getenv(folderVariable)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// worker returns the command of a process that does a job.
func worker(t testing.TB, job, folder string, wrapper ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	args := append(slices.Clone(wrapper), self)
	command := exec.Command(args[0], args[1:]...)
	command.Env = append(os.Environ(), jobVariable+"="+job, folderVariable+"="+folder, "GOMAXPROCS=1", "GOGC=off")
	return command
}

// The keys are the same in all processes, so that a test knows what a killed one
// was about to use.
var (
	firstIdentity = inherited("VAULT_TEST_FIRST")
	nextIdentity  = inherited("VAULT_TEST_NEXT")
)

func inherited(variable string) string {
	if key := os.Getenv(variable); key != "" {
		return key
	}
	key, err := vault.GenerateIdentity()
	if err != nil {
		panic(err)
	}
	os.Setenv(variable, key)
	return key
}

// work does a job in a vault.
func work(job, folder string) error {
	job, argument, _ := strings.Cut(job, " ")
	if job == "create" {
		_, err := vault.Create(folder, firstIdentity, vault.Ways{Passphrase: passphrase}, quick)
		return err
	}
	v, err := vault.Open(folder, quick)
	if err != nil {
		return err
	}
	s, err := oath.NewSecret([]byte(key))
	if err != nil {
		return err
	}
	if job == "put" { // without the key
		return v.Put(account(oath.ID(argument)), s)
	}
	if job == "put-all" {
		return putMany(v, s, argument)
	}
	if err := v.UnlockWithIdentity(firstIdentity); err != nil {
		return err
	}
	switch job {
	case "fill":
		return fill(v, s)
	case "fill-all":
		return fillAll(v, s)
	case "read":
		return readOnly(v, s)
	case "replace":
		return v.Replace(counted("Bank:alice", 77), s)
	case "code":
		code, err := v.Code(counted("Bank:alice", 0), now)
		fmt.Print(code.Value)
		return err
	case "rename":
		return v.Rename("Bank:alice", "Other:bob")
	case "codes":
		return v.UpdateBackupCodes("Bank:alice", func(old []byte, _ error) ([]byte, error) { return append(old, "2222\n"...), nil })
	case "delete":
		return v.Delete("Bank:alice")
	case "passphrase":
		return v.SetPassphrase("next")
	case "rekey":
		return v.Rekey(nextIdentity, vault.Ways{Passphrase: "next"})
	}
	return errors.New("no such job: " + job)
}

// TestProcesses has fifty processes store an account each at once.
func TestProcesses(t *testing.T) {
	t.Parallel()
	v := create(t)
	const processes = 50
	var commands []*exec.Cmd
	var want []oath.ID
	for i := range processes {
		// Some share a folder, and some differ in case alone.
		id := oath.ID(fmt.Sprintf("Issuer%d:%s", i%5, []string{"Name", "name"}[i%2]+strconv.Itoa(i/10)))
		want = append(want, id)
		command := worker(t, "put "+string(id), v.Dir())
		command.Stderr = os.Stderr
		if err := command.Start(); err != nil {
			t.Fatal(err)
		}
		commands = append(commands, command)
	}
	for i, command := range commands {
		if err := command.Wait(); err != nil {
			t.Errorf("process %d: %v", i, err)
		}
	}
	slices.Sort(want)
	expectIDs(t, v, want...)
	for _, id := range want {
		expectCode(t, v, account(id))
	}
}

// TestProcessesCounting has processes draw on one counter: no code comes twice.
func TestProcessesCounting(t *testing.T) {
	t.Parallel()
	v := createForWork(t, t.TempDir())
	const processes = 10
	codes := make(chan string)
	for range processes {
		command := worker(t, "code", v.Dir())
		go func() {
			out, err := command.Output()
			if err != nil {
				t.Error(err)
			}
			codes <- string(out)
		}()
	}
	var got, want []string
	for i := range processes {
		got = append(got, <-codes)
		code, err := oath.Compute(counted("Bank:alice", uint64(i)), secret(t, key), now)
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, code.Value)
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("the codes are %q, want %q", got, want)
	}
}

// createForWork makes the vault that the jobs are done in.
func createForWork(t testing.TB, dir string) *vault.Vault {
	t.Helper()
	v, err := vault.Create(filepath.Join(dir, "vault"), firstIdentity, vault.Ways{Passphrase: passphrase}, quick)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { v.Close() })
	put(t, v, "GitHub:alice")
	if err := v.Put(counted("Bank:alice", 0), secret(t, key)); err != nil {
		t.Fatal(err)
	}
	if err := v.SetBackupCodes("Bank:alice", []byte("1111\n")); err != nil {
		t.Fatal(err)
	}
	return v
}

// changing are the system calls that change a disk.
const changing = "write,pwrite64,ftruncate,fsync,fdatasync,mkdirat,renameat,renameat2,linkat,unlinkat"

// TestKilled kills a process at every system call that changes the disk in turn,
// and looks at what it leaves.
func TestKilled(t *testing.T) {
	t.Parallel()
	strace, err := exec.LookPath("strace")
	oathtest.NeedsTool(t, err)
	for _, job := range []string{"create", "put GitHub:carol", "put New:dave", "replace", "code", "rename", "codes", "delete", "passphrase", "rekey"} {
		t.Run(strings.Fields(job)[0]+strings.TrimPrefix(job, strings.Fields(job)[0]), func(t *testing.T) {
			t.Parallel()
			testKilled(t, strace, job)
		})
	}
}

func testKilled(t *testing.T, strace, job string) {
	before := beforeWork(t, job)
	after := before.finished(t, job)
	sawOld, sawNew := false, false
	for call := 1; ; call++ {
		dir := before.copy(t)
		command := worker(t, job, dir, strace, "-f", "-qq", "-o", os.DevNull, "-e", "trace="+changing,
			"-e", fmt.Sprintf("inject=%s:signal=KILL:when=%d", changing, call))
		out, err := command.CombinedOutput()
		if err == nil {
			if !sawOld || !sawNew {
				t.Errorf("killed at %d calls: the old state was seen: %v, the new one: %v", call-1, sawOld, sawNew)
			}
			return
		}
		if status, ok := command.ProcessState.Sys().(syscall.WaitStatus); !ok || !status.Signaled() && status.ExitStatus() != 128+9 {
			t.Fatalf("killed at call %d: %v\n%s", call, err, out)
		}
		switch got := inspect(t, dir); got {
		case before.state:
			sawOld = true
		case after:
			sawNew = true
		default:
			t.Errorf("killed at call %d, it leaves\n%s\nthe old state is\n%s\nand the new one\n%s", call, got, before.state, after)
		}
		carryOn(t, job, dir)
		os.RemoveAll(dir)
	}
}

// A starting point is a folder before a job, and what is in it.
type startingPoint struct{ dir, state string }

func beforeWork(t *testing.T, job string) startingPoint {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "vault")
	if job != "create" {
		dir = createForWork(t, t.TempDir()).Dir()
	}
	return startingPoint{dir, inspect(t, dir)}
}

func (s startingPoint) copy(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "vault")
	if _, err := os.Stat(s.dir); errors.Is(err, fs.ErrNotExist) {
		return dir
	}
	if out, err := exec.Command("cp", "-a", s.dir, dir).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return dir
}

// finished returns the state after the job was done in a copy.
func (s startingPoint) finished(t *testing.T, job string) string {
	t.Helper()
	dir := s.copy(t)
	if out, err := worker(t, job, dir).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", job, err, out)
	}
	return inspect(t, dir)
}

// inspect describes what a user finds in a vault: the ways in that open it, and every
// account with its code, its counter and its backup codes.
func inspect(t *testing.T, dir string) string {
	t.Helper()
	v, err := vault.Open(dir, quick)
	if errors.Is(err, vault.ErrNoVault) {
		return "no vault"
	}
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	var b strings.Builder
	for _, phrase := range []string{passphrase, "next"} {
		if err := v.UnlockWithPassphrase(phrase); err == nil {
			fmt.Fprintf(&b, "opens with %q\n", phrase)
			break
		} else if !errors.Is(err, oath.ErrWrongPassword) {
			t.Fatal(err)
		}
	}
	entries, err := v.Codes(now)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		codes, err := v.BackupCodes(e.Account.ID())
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "%s: code %q, counter %d, backup codes %q\n", e.Account.ID(), e.Code.Value, e.Account.Counter, codes)
	}
	return b.String()
}

// carryOn does what the user does next after a crash: the same again, or in a
// vault that works, something else; and checks that no rubbish is left.
func carryOn(t *testing.T, job, dir string) {
	t.Helper()
	v, err := vault.Open(dir, quick)
	if errors.Is(err, vault.ErrNoVault) {
		if err := work(job, dir); err != nil {
			t.Fatalf("again: %v", err)
		}
		v, err = vault.Open(dir, quick)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	if err := errors.Join(v.UnlockWithPassphrase(passphrase), v.UnlockWithPassphrase("next")); v.Locked() {
		t.Fatal(err)
	}
	if job == "rekey" {
		if err := v.Rekey(nextIdentity, vault.Ways{Passphrase: "next"}); err != nil {
			t.Fatalf("again: %v", err)
		}
	}
	// One account in every folder sweeps them all.
	for _, id := range []oath.ID{"GitHub:zoe", "Bank:zoe", "New:zoe", "Other:zoe", "zoe"} {
		put(t, v, id)
		expectCode(t, v, account(id))
	}
	if err := v.SetPassphrase("last"); err != nil {
		t.Fatal(err)
	}
	for _, name := range files(t, dir) {
		if strings.Contains(name, ".tmp-") || strings.HasSuffix(name, ".journal") {
			t.Errorf("%s is left", name)
		}
	}
}
