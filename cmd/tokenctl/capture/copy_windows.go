package capture

import (
	"context"
	"os/exec"
	"syscall"
	"time"

	"golang.org/x/sys/windows"
)

// FindPlace returns Desktop.
func FindPlace() (Place, error) { return Desktop, nil }

// detach lets a program continue when its console closes.
func detach(c *exec.Cmd) {
	c.SysProcAttr = &syscall.SysProcAttr{CreationFlags: windows.CREATE_NEW_PROCESS_GROUP | windows.CREATE_NO_WINDOW}
}

// A holder holds the clipboard.
type holder struct{ ctx context.Context }

func newHolder(ctx context.Context) (holder, error) { return holder{ctx}, nil }

func (h holder) hold(text []byte, clearAfter time.Duration, held func()) error {
	return holdByPowershell(h.ctx, text, clearAfter, held)
}
