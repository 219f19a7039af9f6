package capture

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// FindPlace returns where a person would look for what is copied: over SSH, where their
// terminal is; else on the desktop.
func FindPlace() (Place, error) {
	if os.Getenv("SSH_CONNECTION") != "" {
		return Terminal, nil
	}
	return Desktop, nil
}

// detach lets a program continue when its terminal closes.
func detach(c *exec.Cmd) {
	c.Dir = "/"
	c.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
}

// copyScript copies what it reads, and clears the pasteboard if nothing else was copied
// since. The second type keeps it from the histories that know it (nspasteboard.org).
const copyScript = `ObjC.import("AppKit");
const read = $.NSFileHandle.fileHandleWithStandardInput.readDataToEndOfFile;
const board = $.NSPasteboard.generalPasteboard;
board.clearContents;
board.setStringForType($.NSString.alloc.initWithDataEncoding(read, $.NSUTF8StringEncoding), "public.utf8-plain-text");
board.setStringForType("", "org.nspasteboard.ConcealedType");
const count = board.changeCount;
$.NSFileHandle.fileHandleWithStandardOutput.writeData($("` + copied + `\n").dataUsingEncoding($.NSUTF8StringEncoding));
delay(%.3f);
if (board.changeCount == count) board.clearContents;`

// A holder holds the clipboard.
type holder struct{ ctx context.Context }

func newHolder(ctx context.Context) (holder, error) { return holder{ctx}, nil }

func (h holder) hold(text []byte, clearAfter time.Duration, held func()) error {
	return holdByScript(h.ctx, text, held, "osascript", "-l", "JavaScript", "-e", fmt.Sprintf(copyScript, clearAfter.Seconds()))
}
