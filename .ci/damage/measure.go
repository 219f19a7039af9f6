package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/tokenctl/tokenctl/backup/sheet"
	"github.com/tokenctl/tokenctl/oath/qr"
)

// A cost is what a program read, and what that took at the least.
type cost struct {
	read       int
	time, wall time.Duration // of the processor, and on the wall
	memory     int64         // bytes, or kilobytes, as the system counts
}

// measure has a program read pictures.
func (c *cost) measure(texts []string, program string, args []string) error {
	command := exec.Command(program, args...)
	command.Stderr = os.Stderr
	begun := time.Now()
	out, err := command.Output()
	wall := time.Since(begun)
	const nothing = 4 // zbarimg(1): no barcode was found in one of them
	if err != nil && command.ProcessState.ExitCode() != nothing {
		return fmt.Errorf("%s: %w", program, err)
	}
	got := map[string]bool{}
	for line := range strings.Lines(string(out)) {
		got[strings.TrimSuffix(line, "\n")] = true
	}
	now := cost{time: command.ProcessState.UserTime() + command.ProcessState.SystemTime(), wall: wall}
	if usage, ok := command.ProcessState.SysUsage().(*syscall.Rusage); ok {
		now.memory = usage.Maxrss
	}
	for _, text := range texts {
		if got[text] {
			now.read++
		}
	}
	if c.time > 0 {
		now.time, now.wall, now.memory = min(now.time, c.time), min(now.wall, c.wall), min(now.memory, c.memory)
	}
	*c = now
	return nil
}

// readPictures prints the texts in pictures of a sheet, one per line. As "tokenctl restore"
// does, it glances at all, several at a time, and looks closely while something is missing.
func readPictures(names []string) error {
	var (
		sheets sheet.Reader
		mu     sync.Mutex
		failed error
		blank  = make(map[string]bool)
	)
	complete := func() bool {
		mu.Lock()
		defer mu.Unlock()
		contents, _ := sheets.Contents("")
		return !contents.IsEmpty() && len(contents.Missing) == 0
	}
	for _, look := range []qr.Look{qr.Quick, qr.Close} {
		var group sync.WaitGroup
		next := make(chan string)
		for range runtime.GOMAXPROCS(0) {
			group.Go(func() {
				for name := range next {
					file, err := os.ReadFile(name)
					var texts []string
					if err == nil {
						texts, err = look.Read(bytes.NewReader(file))
					}
					mu.Lock()
					if err != nil && err != qr.ErrNoQR {
						failed = errors.Join(failed, fmt.Errorf("%s: %w", name, err))
					}
					blank[name] = len(texts) == 0
					for _, text := range texts {
						fmt.Println(text)
						if err := sheets.AddText(text); err != nil {
							failed = errors.Join(failed, err)
						}
					}
					mu.Unlock()
				}
			})
		}
		for _, name := range names {
			if look == qr.Quick || !complete() {
				next <- name
			}
		}
		close(next)
		group.Wait()
		// What has nothing to read, as instructions, comes last.
		read := slices.DeleteFunc(slices.Clone(names), func(name string) bool { return blank[name] })
		names = append(read, slices.DeleteFunc(names, func(name string) bool { return !blank[name] })...)
	}
	return failed
}
