package pcscd

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"
)

//go:embed pcscd.sh
var script string

// A process is pcscd, running.
type process struct {
	log  journal
	pid  int
	kill context.CancelFunc
	done chan struct{} // closed when it has ended

	// unannounced counts, by reader, the cards that were in it before pcscd first
	// looked: it does not say that those were inserted.
	unannounced map[string]int
}

// inserted counts the cards that came to a reader.
func (p *process) inserted(reader string) int {
	return p.log.inserted(reader) + p.unannounced[reader]
}

// run starts pcscd with the socket on which it is to listen and the directory that
// names its readers. It has a session of its own: the keys that a terminal has for
// interrupting and stopping programs do not reach it.
func run(socket *os.File, config string) (*process, error) {
	ctx, kill := context.WithCancel(context.Background())
	p := &process{kill: kill, done: make(chan struct{}), unannounced: make(map[string]int)}
	cmd := exec.CommandContext(ctx, "setsid", "sh", "-c", script, "sh", config, strconv.Itoa(os.Getpid()))
	cmd.ExtraFiles = []*os.File{socket}
	cmd.Stdout, cmd.Stderr = &p.log, &p.log
	cmd.WaitDelay = 5 * time.Second

	started := make(chan error)
	go func() {
		// The kernel ends pcscd with the thread that started it: keep that.
		runtime.LockOSThread()
		defer close(p.done)
		err := cmd.Start()
		if err == nil {
			p.pid = cmd.Process.Pid
		}
		started <- err
		if err == nil {
			cmd.Wait()
		}
	}()
	return p, <-started
}

// end kills the process, which keeps nothing, and may be called again.
func (p *process) end() {
	p.kill()
	<-p.done
}

// errPortTaken is returned by ready when somebody was faster to take a port.
var errPortTaken = errors.New("the reader's port is taken")

// ready waits until the slots are there. The driver has them listen to the network;
// where that can be ended at once, it is.
func (p *process) ready(ctx context.Context) error {
	err := p.wait(ctx, func() bool { return p.log.count("daemon ready") > 0 })
	if p.log.count("Address already in use") > 0 {
		return errPortTaken
	}
	if err == nil {
		keepLocal(p.pid)
	}
	return err
}

// patience is how long pcscd may take to start, or to notice a key: it looks after
// its slots every 0.4 seconds, but a machine may be busy.
const patience = 2 * time.Minute

// wait waits until a condition is fulfilled, or pcscd or the context ends.
func (p *process) wait(ctx context.Context, condition func() bool) error {
	deadline := time.After(patience)
	for !condition() {
		select {
		case <-time.After(2 * time.Millisecond):
		case <-p.done:
			return fmt.Errorf("pcscd ended: %s", strings.TrimSpace(p.log.String()))
		case <-deadline:
			return fmt.Errorf("waited %v in vain; the log of pcscd:\n%s", patience, &p.log)
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

// A journal collects what pcscd says of itself. That is the only way to learn that
// it is ready, or has found a card, without being its client.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(b []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(b)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

func (j *journal) count(words string) int { return strings.Count(j.String(), words) }

// inserted and removed count the cards that pcscd saw come to a reader and go.
func (j *journal) inserted(reader string) int { return j.count("Card inserted into " + reader) }
func (j *journal) removed(reader string) int  { return j.count("Card Removed From " + reader) }

// found counts the cards that pcscd got an answer to reset from.
func (j *journal) found() int { return j.count("Card ATR: ") }

// A janitor is a process that removes a folder, and files that it is given, a line
// each, when it is dismissed, or when this process ends, however that ends.
type janitor struct {
	cmd  *exec.Cmd
	word io.WriteCloser // what it is given, and waits for the end of
}

func hire(dir string) (*janitor, error) {
	cmd := exec.Command("setsid", "sh", "-c", `while IFS= read -r file; do set -- "$@" "$file"; done; rm -rf -- "$@"`, "sh", dir)
	word, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting a process to clean up: %w", err)
	}
	return &janitor{cmd, word}, nil
}

// dismiss waits until all that is gone.
func (j *janitor) dismiss() {
	j.word.Close()
	j.cmd.Wait()
}
