package pcscdtest

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"
)

//go:embed pcscd.sh
var script string

// A process is pcscd, running.
type process struct {
	log  journal
	cmd  *exec.Cmd
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
// names its readers.
func run(socket *os.File, config string) (*process, error) {
	ctx, kill := context.WithCancel(context.Background())
	p := &process{kill: kill, done: make(chan struct{}), unannounced: make(map[string]int)}
	cmd := exec.CommandContext(ctx, "sh", "-c", script, "sh", config)
	p.cmd = cmd
	cmd.ExtraFiles = []*os.File{socket}
	cmd.Stdout, cmd.Stderr = &p.log, &p.log
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 5 * time.Second

	started := make(chan error)
	go func() {
		// The kernel ends pcscd with the thread that started it: keep that.
		runtime.LockOSThread()
		defer close(p.done)
		err := cmd.Start()
		started <- err
		if err == nil {
			cmd.Wait()
		}
	}()
	return p, <-started
}

// end ends the process, and may be called again.
func (p *process) end() {
	p.kill()
	p.cmd.Process.Signal(syscall.SIGCONT) // it may be frozen
	<-p.done
}

// startup is how long pcscd may take to get ready. A few hundredths of a second are
// usual, but a machine may be busy.
const startup = 2 * time.Minute

// errPortTaken is returned by ready when somebody was faster to take a port.
var errPortTaken = errors.New("the reader's port is taken")

// ready waits until both slots are there.
func (p *process) ready() error {
	err := p.wait(startup, func() bool { return p.log.count("daemon ready") > 0 })
	if p.log.count("Address already in use") > 0 {
		return errPortTaken
	}
	return err
}

// wait waits until a condition is fulfilled, or pcscd ends.
func (p *process) wait(limit time.Duration, condition func() bool) error {
	deadline := time.After(limit)
	for !condition() {
		select {
		case <-time.After(2 * time.Millisecond):
		case <-p.done:
			return fmt.Errorf("pcscd ended; its log:\n%s", &p.log)
		case <-deadline:
			return fmt.Errorf("waited %v in vain; the log of pcscd:\n%s", limit, &p.log)
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
