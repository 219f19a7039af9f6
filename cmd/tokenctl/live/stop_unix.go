//go:build unix

package live

import (
	"os"
	"os/signal"
	"time"

	"golang.org/x/sys/unix"
)

// listen has it arrive that the terminal has a new size, or that the program continues.
func listen(signals chan os.Signal) { signal.Notify(signals, unix.SIGWINCH, unix.SIGCONT) }

// goesOn reports whether a signal says that the program was stopped, and continues.
func goesOn(s os.Signal) bool { return s == unix.SIGCONT }

// stopTime is how long it takes to be stopped, at most. Where there is no shell to have the
// program continue, it is not.
const stopTime = 200 * time.Millisecond

// stop stops the program, and those that it runs with, until somebody lets them continue.
func stop(signals chan os.Signal) {
	over := time.After(stopTime)
	for unix.Kill(0, unix.SIGTSTP); ; {
		select {
		case s := <-signals:
			if goesOn(s) {
				return
			}
		case <-over:
			return
		}
	}
}
